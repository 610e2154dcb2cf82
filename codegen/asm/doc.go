// Package asm builds vector kernels and prints them as Go assembly for amd64.
//
// A Builder takes operations on virtual vector registers, pointers and loops, and lowers each at once to
// instructions of one ISA. An allocator gives the instructions real registers, keeping what does not fit
// in rows of the frame, and a File prints the kernels with the constants that they share. Package sim runs
// the printed text, so that kernels are tested on machines that lack their instructions.
//
// A vector holds one number of each of ISA.Lanes samples. Masks are vectors of all ones or zeros, on
// both ISAs, so that a condition is a value like any other.
package asm
