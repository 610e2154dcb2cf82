// Package lanes compiles planned functions over one sample to vector kernels over a block of samples, one
// sample in each lane.
//
// Input: functions of a *plan.Plan. Output: a Set with the layout of a frame and the kernels, from which
// assembly is printed for each ISA. A value of n elements is a block of n rows in the frame, or lives in
// registers between its definition and its uses. All functions have places of their own in one frame, like
// the static variables of Fortran, since none of them calls itself; a call copies its arguments there.
//
// A block has as many samples as 128 bytes have real numbers, on every ISA, so that Go code and sums over
// samples are the same for all of them. A kernel goes over the block one vector at a time.
//
// What has no vector code yet is refused with a *Unsupported, and stays with the scalar functions.
package lanes
