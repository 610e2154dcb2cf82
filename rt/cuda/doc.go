// Package cuda makes rt.Open("cuda:0") open a CUDA device. Import it for its side effect and build with -tags cuda,
// cgo, and a cuda.h on the include path (docs/gpu.md); without the tag it is empty, and Open says so.
package cuda
