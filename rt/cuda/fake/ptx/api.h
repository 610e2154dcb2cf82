// What driver.c asks of the interpreter. All give an error of the driver, 0 where there is none.
#ifndef NDEC_PTX_API
#define NDEC_PTX_API
#include <stddef.h>
#ifdef __cplusplus
extern "C" {
#endif
struct ptx_kernel {
	const void *kernel;
	int arity, shared, threads; // shared memory that it has by itself; threads of a block at most, 0: 1024
};
struct ptx_range {
	unsigned long long from, to;
};
// A module of PTX; the log says what is wrong with it.
int ptx_load(const char *image, void **module, char *log, size_t bytes);
void ptx_unload(void *module);
int ptx_kernel(void *module, const char *name, struct ptx_kernel *);
int ptx_symbol(void *module, const char *name, unsigned long long *at, size_t *bytes);
int ptx_owns(void *module, unsigned long long at); // whether a symbol is its
// Runs a kernel that may touch such ranges of memory. What goes wrong is written to standard error, too.
int ptx_launch(void *module, const void *kernel, const unsigned *grid, const unsigned *block, unsigned shared, void **args, const struct ptx_range *, size_t);
const char *ptx_failure(int code); // what went wrong of late with such an error; "" if nothing did
#ifdef __cplusplus
}
#endif
#endif
