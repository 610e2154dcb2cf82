// A stand-in for libcuda.so.1 that runs emulated kernels, for tests on machines without a GPU. A module image names a
// library in the line "// ndec-cpu: PATH"; kernel K of it is ndec_launch_K, symbol S is ndec_symbol_S. Memory is filled
// with NaN, copies outside of an allocation fail, and calls without a context do as well. Entry points that are not
// here are made by build.sh: they fail with 801.
//
// NDEC_FAKE_DEVICES, NDEC_FAKE_MEMORY (bytes) and NDEC_FAKE_DRIVER (CUDA version) change what it pretends to be, NDEC_FAKE_LIBRARY is the
// library of images that name none. NDEC_FAKE_SHARED is the shared memory that a block can be given at most. NDEC_FAKE_GRAPHS=0 knows no graphs, 2 fails to start them. NDEC_FAKE_LAUNCH is the error that the next kernel ends with: as with a driver, whoever waits for it is
// told, and the context is of no use after it.
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef unsigned long long ptr;
typedef void *handle;

static __thread handle current;
static int ended; // what a kernel has ended the context with
static struct block {
	ptr at;
	size_t bytes;
	struct block *next;
} *blocks;
static size_t used;

// a kernel, and a launch of one that a graph keeps
enum { MOST_ARGS = 64, ALL_SHARED = 48 << 10 }; // ALL_SHARED: what blocks of all kernels may be given
struct kernel {
	int (*launch)(unsigned, unsigned, unsigned, void **);
	int arity;
	int shared, part; // what its blocks may be given of shared memory, and of a multiprocessor's memory
};
static struct node {
	struct kernel *k;
	unsigned grid, block, shared;
	ptr args[MOST_ARGS];
	struct node *next;
} *captured;
static handle capturing; // the stream that records

static long long setting(const char *name, long long otherwise) {
	const char *s = getenv(name);
	return s ? atoll(s) : otherwise;
}

#define CONTEXT \
	if (!current) return 201; \
	if (ended) return ended

static int devices(void) { return (int)setting("NDEC_FAKE_DEVICES", 1); }
static int most_shared(void) { return (int)setting("NDEC_FAKE_SHARED", 227 << 10); }
static size_t memory(void) { return (size_t)setting("NDEC_FAKE_MEMORY", 1ll << 32); }

static int inside(ptr p, size_t n) {
	for (struct block *b = blocks; b; b = b->next)
		if (p >= b->at && p + n <= b->at + b->bytes) return 1;
	return 0;
}

int cuInit(unsigned flags) { return devices() > 0 ? 0 : 100; }
int cuDriverGetVersion(int *v) {
	*v = (int)setting("NDEC_FAKE_DRIVER", 13000);
	return 0;
}
int cuDeviceGetCount(int *n) {
	*n = devices();
	return 0;
}
int cuDeviceGet(int *d, int n) {
	if (n >= devices()) return 101;
	*d = n;
	return 0;
}
int cuDeviceGetName(char *s, int n, int d) {
	snprintf(s, n, "emulation on the CPU");
	return 0;
}
int cuDeviceGetAttribute(int *v, int a, int d) {
	*v = a == 75 ? 9 : a == 76 ? 0 : a == 10 ? 32 : a == 16 ? 132 : a == 8 ? ALL_SHARED : a == 97 ? most_shared() : a == 81 ? most_shared() + 1024 : 0;
	return 0;
}
int cuDeviceTotalMem_v2(size_t *n, int d) {
	*n = memory();
	return 0;
}
int cuMemGetInfo_v2(size_t *available, size_t *total) {
	CONTEXT;
	*available = memory() - used;
	*total = memory();
	return 0;
}
int cuCtxCreate_v2(handle *c, unsigned flags, int d) {
	ended = 0;
	*c = calloc(1, 64);
	current = *c;
	return 0;
}
int cuCtxDestroy_v2(handle c) {
	if (current == c) current = 0;
	free(c);
	return 0;
}
int cuCtxSetCurrent(handle c) {
	current = c;
	return 0;
}
int cuCtxGetCurrent(handle *c) {
	*c = current;
	return 0;
}
int cuCtxSynchronize(void) {
	CONTEXT;
	return 0;
}
int cuMemAlloc_v2(ptr *p, size_t n) {
	CONTEXT;
	if (n == 0) return 1;
	if (used + n > memory()) return 2;
	void *q = malloc(n);
	if (!q) return 2;
	memset(q, 0xff, n);
	struct block *b = malloc(sizeof *b);
	b->at = *p = (ptr)q, b->bytes = n, b->next = blocks;
	blocks = b;
	used += n;
	return 0;
}
int cuMemFree_v2(ptr p) {
	CONTEXT;
	for (struct block **b = &blocks; *b; b = &(*b)->next)
		if ((*b)->at == p) {
			struct block *gone = *b;
			*b = gone->next;
			used -= gone->bytes;
			free((void *)p);
			free(gone);
			return 0;
		}
	return 1;
}
static ptr symbol_at[64];
static size_t symbol_bytes[64];
static int symbols;
static int known(ptr p, size_t n) {
	for (int i = 0; i < symbols; i++)
		if (p >= symbol_at[i] && p + n <= symbol_at[i] + symbol_bytes[i]) return 1;
	return inside(p, n);
}
int cuMemcpyHtoD_v2(ptr d, const void *s, size_t n) {
	CONTEXT;
	if (!known(d, n)) return 1;
	memcpy((void *)d, s, n);
	return 0;
}
int cuMemcpyDtoH_v2(void *d, ptr s, size_t n) {
	CONTEXT;
	if (!known(s, n)) return 1;
	memcpy(d, (void *)s, n);
	return 0;
}
int cuMemcpyDtoD_v2(ptr d, ptr s, size_t n) {
	CONTEXT;
	if (!known(d, n) || !known(s, n)) return 1;
	memcpy((void *)d, (void *)s, n);
	return 0;
}
int cuModuleLoadData(handle *m, const void *image) {
	CONTEXT;
	const char *t = strstr(image, "// ndec-cpu: ");
	char path[1024] = "";
	if (t) sscanf(t + 13, "%1023[^\n]", path);
	else if (getenv("NDEC_FAKE_LIBRARY")) snprintf(path, sizeof path, "%s", getenv("NDEC_FAKE_LIBRARY"));
	else return 200;
	*m = dlopen(path, RTLD_NOW | RTLD_LOCAL);
	if (!*m) {
		fprintf(stderr, "%s\n", dlerror());
		return 301;
	}
	return 0;
}
int cuModuleUnload(handle m) {
	CONTEXT;
	return 0;
}
int cuModuleGetFunction(handle *f, handle m, const char *name) {
	CONTEXT;
	char b[512];
	snprintf(b, sizeof b, "ndec_launch_%s", name);
	struct kernel k = {(int (*)(unsigned, unsigned, unsigned, void **))dlsym(m, b), 0, ALL_SHARED, -1};
	snprintf(b, sizeof b, "ndec_arity_%s", name);
	int (*arity)(void) = (int (*)(void))dlsym(m, b);
	if (!k.launch || !arity || (k.arity = arity()) > MOST_ARGS) return 500;
	*f = memcpy(malloc(sizeof k), &k, sizeof k);
	return 0;
}
int cuModuleGetGlobal_v2(ptr *p, size_t *n, handle m, const char *name) {
	CONTEXT;
	char b[512];
	snprintf(b, sizeof b, "ndec_symbol_%s", name);
	void *(*f)(size_t *) = (void *(*)(size_t *))dlsym(m, b);
	if (!f) return 500;
	*p = (ptr)f(n);
	for (int i = 0; i < symbols; i++)
		if (symbol_at[i] == *p) return 0;
	if (symbols < 64) symbol_at[symbols] = *p, symbol_bytes[symbols++] = *n;
	return 0;
}
int cuFuncGetAttribute(int *v, int a, handle f) {
	CONTEXT;
	struct kernel *k = f;
	if (a != 1 && a != 8 && a != 9) return 1;
	*v = a == 8 ? k->shared : a == 9 ? k->part : 0; // 1: what it has by itself, which nobody knows of an emulated one
	return 0;
}
int cuFuncSetAttribute(handle f, int a, int v) {
	CONTEXT;
	struct kernel *k = f;
	if (a == 8 && v >= 0 && v <= most_shared()) k->shared = v;
	else if (a == 9 && v >= -1 && v <= 100) k->part = v;
	else return 1;
	return 0;
}
int cuLaunchKernel(handle f, unsigned gx, unsigned gy, unsigned gz, unsigned bx, unsigned by, unsigned bz, unsigned shared, handle stream, void **args, void **extra) {
	CONTEXT;
	if (bx * by * bz > 1024 || gx == 0 || bx == 0 || gx > 2147483647u) return 1;
	struct kernel *k = f;
	if (shared > (unsigned)k->shared || k->part >= 0 && shared > (most_shared() + 1024ll) * k->part / 100) return 1;
	if ((ended = (int)setting("NDEC_FAKE_LAUNCH", 0))) return 0;
	if (stream && stream != capturing) return 1;
	if (!stream) return k->launch(gx, bx, shared, args);
	struct node *n = calloc(1, sizeof *n), **last = &captured;
	n->k = k, n->grid = gx, n->block = bx, n->shared = shared;
	for (int i = 0; i < k->arity; i++) n->args[i] = *(ptr *)args[i];
	while (*last) last = &(*last)->next;
	*last = n;
	return 0;
}

// Graphs: lists of launches with copies of their arguments.
int cuStreamCreate(handle *s, unsigned flags) {
	CONTEXT;
	*s = malloc(1);
	return 0;
}
int cuStreamDestroy_v2(handle s) {
	CONTEXT;
	if (s == capturing) capturing = 0;
	free(s);
	return 0;
}
int cuStreamBeginCapture_v2(handle s, int mode) {
	CONTEXT;
	if (setting("NDEC_FAKE_GRAPHS", 1) == 0) return 801;
	if (capturing || !s) return 901;
	capturing = s, captured = 0;
	return 0;
}
int cuStreamEndCapture(handle s, handle *graph) {
	CONTEXT;
	if (s != capturing) return 901;
	*graph = captured;
	capturing = 0, captured = 0;
	return 0;
}
int cuGraphInstantiateWithFlags(handle *exec, handle graph, unsigned long long flags) {
	CONTEXT;
	struct node *first = 0, **last = &first;
	for (struct node *n = graph; n; n = n->next, last = &(*last)->next) {
		*last = memcpy(malloc(sizeof *n), n, sizeof *n);
		(*last)->next = 0;
	}
	struct node **e = malloc(sizeof *e);
	*e = first;
	*exec = e;
	return 0;
}
static void forget(struct node *n) {
	while (n) {
		struct node *next = n->next;
		free(n);
		n = next;
	}
}
int cuGraphDestroy(handle graph) {
	CONTEXT;
	forget(graph);
	return 0;
}
int cuGraphExecDestroy(handle exec) {
	CONTEXT;
	forget(*(struct node **)exec);
	free(exec);
	return 0;
}
int cuGraphLaunch(handle exec, handle stream) {
	CONTEXT;
	if (setting("NDEC_FAKE_GRAPHS", 1) == 2) return 1;
	for (struct node *n = *(struct node **)exec; n; n = n->next) {
		void *args[MOST_ARGS];
		for (int i = 0; i < n->k->arity; i++) args[i] = &n->args[i];
		int r = n->k->launch(n->grid, n->block, n->shared, args);
		if (r) return r;
	}
	return 0;
}
