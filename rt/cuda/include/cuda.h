/* First on the include path: takes the toolkit's cuda.h and gives the five calls whose meaning changed in CUDA 13 the
 * entry points that package cu was written for, and one that older drivers lack theirs; the driver keeps them. */
#include_next <cuda.h>
#ifndef NDEC_CUDA_SHIM
#define NDEC_CUDA_SHIM
#if CUDA_VERSION >= 13000
#undef cuCtxCreate
#undef cuMemAdvise
#undef cuMemPrefetchAsync
#undef cuGraphGetEdges
#undef cuGraphAddDependencies
#undef cuEventElapsedTime
#define cuCtxCreate cuCtxCreate_v2
CUresult CUDAAPI cuCtxCreate_v2(CUcontext *, unsigned int, CUdevice);
CUresult CUDAAPI cuMemAdvise(CUdeviceptr, size_t, CUmem_advise, CUdevice);
CUresult CUDAAPI cuMemPrefetchAsync(CUdeviceptr, size_t, CUdevice, CUstream);
CUresult CUDAAPI cuGraphGetEdges(CUgraph, CUgraphNode *, CUgraphNode *, size_t *);
CUresult CUDAAPI cuGraphAddDependencies(CUgraph, const CUgraphNode *, const CUgraphNode *, size_t);
CUresult CUDAAPI cuEventElapsedTime(float *, CUevent, CUevent);
#endif
#endif
