// Package vmath describes the transcendental functions: one program for each, of additions,
// multiplications, divisions, operations on bits and choices, without branches and without tables. Go text
// for one number is printed from it (package rt), and so are the vector kernels of other back ends, so that
// one polynomial with one order of operations stands behind a function everywhere.
//
// A program is generic in its precision: the rows of Table build it for 32 and for 64 bits.
package vmath
