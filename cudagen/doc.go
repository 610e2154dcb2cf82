// Package cudagen prints a plan as CUDA C++: one thread is one sample. Models become a kernel that solves every
// row of a batch, recipes a kernel for loss and metrics and one for the gradient of a batch. It takes no decision
// of its own about what is computed where; that is in the plan.
//
// Input: *plan.Plan. Output: the text NAME.cu, its prelude ndec.cuh, the Go file that offers them to rt, and Kernels,
// the same as data. The text is C++ that nvcc, NVRTC and, with the emulation header, any C++ compiler take.
package cudagen
