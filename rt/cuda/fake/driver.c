// A stand-in for libcuda.so.1 that runs emulated kernels, for tests on machines without a GPU. A module image names a
// library in the line "// ndec-cpu: PATH"; kernel K of it is ndec_launch_K, symbol S is ndec_symbol_S. PTX without that line is
// interpreted (ptx/). Memory is filled with NaN, copies outside of an allocation fail, and calls without a context do as well. Entry
// points that are not here are made by build.sh: they fail with 801.
//
// What is started waits in a queue and is done when somebody waits for it, so that whoever does not wait long enough sees NaN, and whoever
// changes pinned memory too early changes what is copied. Memory that was freed is not used again for a while: a kernel that is given a
// place in it fails, and so does freeing it twice. Freed memory of the pool can be had again by whoever asks for no more than all of it.
//
// NDEC_FAKE_DEVICES, NDEC_FAKE_MEMORY (bytes) and NDEC_FAKE_DRIVER (CUDA version) change what it pretends to be, NDEC_FAKE_LIBRARY is the
// library of images that name none. NDEC_FAKE_SHARED is the shared memory that a block can be given at most. NDEC_FAKE_POOLS=0 knows no memory in
// the order of a stream, NDEC_FAKE_PINNED=0 has no pinned memory, NDEC_FAKE_GRAPHS=0 knows no graphs, 2 fails to start them, NDEC_FAKE_MADE is
// how many it makes at most. NDEC_FAKE_IDLE=1 does not run kernels. NDEC_FAKE_LAUNCH is the error that the next kernel ends with: as with a driver, whoever waits for it is told, and the context is
// of no use after it. Of PTX, NDEC_FAKE_ORDER=1 runs the last warp and the last block first, NDEC_FAKE_APPROX is by how many units in the last place approximations differ, NDEC_FAKE_SUMS=1 rounds sums of
// tensor cores after each product, and NDEC_FAKE_COUNT=1 says how many instructions kernels took.
#define _GNU_SOURCE
#include "ptx/api.h"
#include <time.h>
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef unsigned long long ptr;
typedef void *handle;

static __thread handle current, below[16]; // the contexts of a thread
static __thread int depth;
static int ended; // what a kernel has ended the context with
static struct block {
	ptr at;
	size_t bytes;
	int pooled, freed; // freed: by what is in the queue
	struct block *next;
} *blocks, *gone, *pins; // gone: freed, and kept from being used again
static size_t used, pool_free, gone_bytes;
enum { MOST_GONE = 64 << 20 };

// a kernel, and a launch of one that a graph keeps
enum { MOST_ARGS = 512, ALL_SHARED = 48 << 10 }; // ALL_SHARED: what blocks of all kernels may be given
struct kernel {
	int (*launch)(unsigned, unsigned, unsigned, void **); // of a library
	void *module; // of PTX
	const void *ptx;
	int arity, own, threads; // own: shared memory that it has by itself
	int shared, part; // what its blocks may be given of shared memory, and of a multiprocessor's memory
};
struct module { // one of them
	void *library, *ptx;
};
struct node {
	enum { LAUNCH, TO_DEVICE, TO_HOST, WITHIN, FREE, MARK } kind;
	struct kernel *k;
	unsigned grid, block, shared;
	ptr args[MOST_ARGS];
	ptr to, from; // of copies, and of what is freed
	size_t bytes;
	struct node *next;
};
static struct node *captured, *queue, **queue_end = &queue;
static handle capturing; // the stream that records
static int graphs, made; // that are there, and were

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

static struct block *in(struct block *list, ptr p, size_t n) {
	for (struct block *b = list; b; b = b->next)
		if (p >= b->at && p + n <= b->at + b->bytes) return b;
	return 0;
}
static int inside(ptr p, size_t n) {
	struct block *b = in(blocks, p, n);
	return b && !b->freed;
}
static struct block *add(struct block **list, size_t n) {
	void *q = malloc(n);
	if (!q) return 0;
	memset(q, 0xff, n);
	struct block *b = calloc(1, sizeof *b);
	b->at = (ptr)q, b->bytes = n, b->next = *list;
	return *list = b;
}
static struct block *take(struct block **list, ptr p) { // out of a list
	for (struct block **b = list; *b; b = &(*b)->next)
		if ((*b)->at == p) {
			struct block *found = *b;
			*b = found->next;
			return found;
		}
	return 0;
}
static void empty(struct block **list) {
	while (*list) {
		struct block *b = take(list, (*list)->at);
		free((void *)b->at);
		free(b);
	}
}
static void release(struct block *b) {
	if (b->pooled) pool_free += b->bytes;
	else used -= b->bytes;
	if ((gone_bytes += b->bytes) > MOST_GONE) empty(&gone), gone_bytes = b->bytes;
	b->next = gone, gone = b;
}

// adds to the queue
static struct node *later(int kind, ptr to, ptr from, size_t n) {
	struct node *x = calloc(1, sizeof *x);
	x->kind = kind, x->to = to, x->from = from, x->bytes = n;
	*queue_end = x, queue_end = &x->next;
	return x;
}
static int start(struct node *n) { // a launch: kernels that are given what was freed fail
	for (int i = 0; i < n->k->arity; i++) {
		struct block *b = in(blocks, n->args[i], 1);
		if (b ? b->freed : in(gone, n->args[i], 1) != 0) {
			fprintf(stderr, "argument %d of a kernel is in memory that was freed\n", i);
			free(n);
			return 1;
		}
	}
	n->next = 0;
	*queue_end = n, queue_end = &n->next;
	return 0;
}
static double seconds(void) {
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec + 1e-9 * t.tv_nsec;
}
static int launch(struct node *n) {
	void *args[MOST_ARGS];
	for (int i = 0; i < n->k->arity; i++) args[i] = &n->args[i];
	if (n->k->launch) return n->k->launch(n->grid, n->block, n->shared, args);
	size_t count = 0;
	for (struct block *b = blocks; b; b = b->next) count++; // what is freed by what comes later in the queue is still there
	struct ptx_range *ranges = malloc((count + 1) * sizeof *ranges), *r = ranges;
	for (struct block *b = blocks; b; b = b->next) *r++ = (struct ptx_range){b->at, b->at + b->bytes};
	unsigned grid[3] = {n->grid, 1, 1}, block[3] = {n->block, 1, 1};
	int code = ptx_launch(n->k->module, n->k->ptx, grid, block, n->shared, args, ranges, count);
	free(ranges);
	return code;
}
// does what is in the queue
static int wait(void) {
	while (queue) {
		struct node *n = queue;
		queue = n->next;
		if (!ended) switch (n->kind) {
			case LAUNCH:
				if (!setting("NDEC_FAKE_IDLE", 0)) ended = launch(n);
				break;
			case FREE: release(take(&blocks, n->to)); break;
			case MARK: *(double *)n->to = seconds(); break;
			default: memcpy((void *)n->to, (void *)n->from, n->bytes);
			}
		free(n);
	}
	queue_end = &queue;
	return ended;
}

int cuInit(unsigned flags) { return devices() > 0 ? 0 : 100; }
int cuGetErrorString(int result, const char **s) {
	*s = *ptx_failure(result) ? ptx_failure(result) : result == 702 ? "the launch timed out and was terminated" : 0;
	return *s ? 0 : 1;
}
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
	*v = a == 75 ? 9 : a == 76 ? 0 : a == 10 ? 32 : a == 16 ? 132 : a == 8 ? ALL_SHARED : a == 115 ? setting("NDEC_FAKE_POOLS", 1) : a == 97 ? most_shared() : a == 81 ? most_shared() + 1024 : 0;
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
int cuCtxPushCurrent_v2(handle c) {
	if (!c || depth == 16) return 201;
	below[depth++] = current, current = c;
	return 0;
}
int cuCtxPopCurrent_v2(handle *c) {
	if (!depth) return 201;
	*c = current, current = below[--depth];
	return 0;
}
int cuCtxCreate_v2(handle *c, unsigned flags, int d) {
	ended = 0;
	return cuCtxPushCurrent_v2(*c = calloc(1, 64));
}
int cuCtxDestroy_v2(handle c) {
	wait();
	int left = pins != 0; // a driver frees it, and says nothing
	if (left) fprintf(stderr, "pinned memory was not freed\n");
	if (graphs) left = fprintf(stderr, "graphs were not freed\n") > 0;
	empty(&blocks), empty(&gone), empty(&pins);
	used = pool_free = gone_bytes = graphs = made = 0;
	if (current == c) cuCtxPopCurrent_v2(&c);
	if (depth) left = fprintf(stderr, "the thread still has %d contexts\n", depth) > 0;
	free(c);
	return left;
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
	return wait();
}
int cuStreamSynchronize(handle stream) {
	CONTEXT;
	return wait();
}
// Events: the times at which the queue comes to them.
int cuEventCreate(double **e, unsigned flags) {
	CONTEXT;
	return (*e = calloc(1, sizeof **e)) ? 0 : 2;
}
int cuEventRecord(double *e, handle stream) {
	CONTEXT;
	later(MARK, (ptr)e, 0, 0);
	return 0;
}
int cuEventSynchronize(double *e) {
	CONTEXT;
	return wait();
}
int cuEventElapsedTime(float *ms, double *from, double *to) {
	CONTEXT;
	if (!*from || !*to) return 600;
	*ms = (float)(1e3 * (*to - *from));
	return 0;
}
int cuEventDestroy_v2(double *e) {
	free(e);
	return 0;
}
int cuMemAlloc_v2(ptr *p, size_t n) {
	CONTEXT;
	if (n == 0) return 1;
	struct block *b = used + n > memory() ? 0 : add(&blocks, n);
	if (!b) return 2;
	used += n, *p = b->at;
	return 0;
}
int cuMemFree_v2(ptr p) {
	CONTEXT;
	int r = wait();
	struct block *b = take(&blocks, p);
	if (b) release(b);
	return b ? r : 1;
}

// The pool of the device.
int cuDeviceGetDefaultMemPool(handle *pool, int d) {
	*pool = &pool_free;
	return 0;
}
int cuMemPoolSetAttribute(handle pool, int a, void *v) { return pool == &pool_free && a == 4 ? 0 : 1; }
int cuMemPoolTrimTo(handle pool, size_t n) {
	CONTEXT;
	used -= pool_free, pool_free = 0;
	return 0;
}
int cuMemAllocAsync(ptr *p, size_t n, handle stream) {
	CONTEXT;
	if (n == 0 || stream) return 1;
	int again = pool_free >= n;
	struct block *b = !again && used + n > memory() ? 0 : add(&blocks, n);
	if (!b) return 2;
	if (again) pool_free -= n;
	else used += n;
	b->pooled = 1, *p = b->at;
	return 0;
}
int cuMemFreeAsync(ptr p, handle stream) {
	CONTEXT;
	struct block *b = in(blocks, p, 1);
	if (!b || b->at != p || b->freed || stream) return 1;
	b->freed = 1;
	later(FREE, p, 0, 0);
	return 0;
}

// Pinned memory of the host.
int cuMemHostAlloc(void **p, size_t n, unsigned flags) {
	CONTEXT;
	struct block *b = setting("NDEC_FAKE_PINNED", 1) ? add(&pins, n) : 0;
	if (!b) return 2;
	*p = (void *)b->at;
	return 0;
}
int cuMemFreeHost(void *p) {
	if (!current) return 201;
	wait();
	struct block *b = take(&pins, (ptr)p);
	if (!b) return 1;
	free(p), free(b);
	return ended;
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
	int r = wait();
	if (!r) memcpy((void *)d, s, n);
	return r;
}
int cuMemcpyDtoH_v2(void *d, ptr s, size_t n) {
	CONTEXT;
	if (!known(s, n)) return 1;
	int r = wait();
	if (!r) memcpy(d, (void *)s, n);
	return r;
}
int cuMemcpyHtoDAsync_v2(ptr d, const void *s, size_t n, handle stream) {
	CONTEXT;
	if (!known(d, n) || !in(pins, (ptr)s, n) || stream) return 1; // of pageable memory a driver makes a copy that waits
	later(TO_DEVICE, d, (ptr)s, n);
	return 0;
}
int cuMemcpyDtoHAsync_v2(void *d, ptr s, size_t n, handle stream) {
	CONTEXT;
	if (!known(s, n) || !in(pins, (ptr)d, n) || stream) return 1;
	memset(d, 0xff, n); // it comes later
	later(TO_HOST, (ptr)d, s, n);
	return 0;
}
int cuMemcpyDtoDAsync_v2(ptr d, ptr s, size_t n, handle stream) {
	CONTEXT;
	if (!known(d, n) || !known(s, n) || stream) return 1;
	later(WITHIN, d, s, n);
	return 0;
}
int cuModuleLoadDataEx(handle *m, const void *image, unsigned n, int *options, void **values) {
	CONTEXT;
	char none[1], *log = none;
	size_t room = 1;
	for (unsigned i = 0; i + 1 < n; i++) // the log of errors, and its size
		if (options[i] == 5 && options[i + 1] == 6) log = values[i], room = (size_t)values[i + 1];
	if (room) *log = 0;
	struct module found = {0, 0};
	const char *t = strstr(image, "// ndec-cpu: ");
	char path[1024] = "";
	if (t) sscanf(t + 13, "%1023[^\n]", path);
	else if (getenv("NDEC_FAKE_LIBRARY")) snprintf(path, sizeof path, "%s", getenv("NDEC_FAKE_LIBRARY"));
	else {
		int code = ptx_load(image, &found.ptx, log, room);
		if (code) return code;
	}
	if (!found.ptx && !(found.library = dlopen(path, RTLD_NOW))) {
		fprintf(stderr, "%s\n", dlerror());
		return 301;
	}
	*m = memcpy(malloc(sizeof found), &found, sizeof found);
	return 0;
}
int cuModuleUnload(handle m) {
	CONTEXT;
	if (queue) return 1; // nobody has waited for its kernels
	struct module *x = m;
	if (x->ptx) {
		for (int i = 0; i < symbols; i++) // of modules of PTX they end
			if (ptx_owns(x->ptx, symbol_at[i])) symbols--, symbol_at[i] = symbol_at[symbols], symbol_bytes[i] = symbol_bytes[symbols], i--;
		ptx_unload(x->ptx);
	}
	free(x);
	return 0;
}
int cuModuleGetFunction(handle *f, handle m, const char *name) {
	CONTEXT;
	struct module *x = m;
	struct kernel k = {.threads = 1024, .shared = ALL_SHARED, .part = -1};
	if (x->ptx) {
		struct ptx_kernel found;
		if (ptx_kernel(x->ptx, name, &found)) return 500;
		k.module = x->ptx, k.ptx = found.kernel, k.arity = found.arity, k.own = found.shared;
		if (found.threads) k.threads = found.threads;
	} else {
		char b[512];
		snprintf(b, sizeof b, "ndec_launch_%s", name);
		k.launch = (int (*)(unsigned, unsigned, unsigned, void **))dlsym(x->library, b);
		snprintf(b, sizeof b, "ndec_arity_%s", name);
		int (*arity)(void) = (int (*)(void))dlsym(x->library, b);
		if (!k.launch || !arity) return 500;
		k.arity = arity();
	}
	if (k.arity > MOST_ARGS) return 500;
	*f = memcpy(malloc(sizeof k), &k, sizeof k);
	return 0;
}
int cuModuleGetGlobal_v2(ptr *p, size_t *n, handle m, const char *name) {
	CONTEXT;
	struct module *x = m;
	if (x->ptx) {
		if (ptx_symbol(x->ptx, name, p, n)) return 500;
	} else {
		char b[512];
		snprintf(b, sizeof b, "ndec_symbol_%s", name);
		void *(*f)(size_t *) = (void *(*)(size_t *))dlsym(x->library, b);
		if (!f) return 500;
		*p = (ptr)f(n);
	}
	for (int i = 0; i < symbols; i++)
		if (symbol_at[i] == *p) return 0;
	if (symbols < 64) symbol_at[symbols] = *p, symbol_bytes[symbols++] = *n;
	return 0;
}
int cuFuncGetAttribute(int *v, int a, handle f) {
	CONTEXT;
	struct kernel *k = f;
	if (a != 1 && a != 8 && a != 9) return 1;
	*v = a == 8 ? k->shared : a == 9 ? k->part : k->own; // 1: what it has by itself, which nobody knows of an emulated one
	return 0;
}
int cuFuncSetAttribute(handle f, int a, int v) {
	CONTEXT;
	struct kernel *k = f;
	if (a == 8 && v >= 0 && v + k->own <= most_shared()) k->shared = v;
	else if (a == 9 && v >= -1 && v <= 100) k->part = v;
	else return 1;
	return 0;
}
int cuLaunchKernel(handle f, unsigned gx, unsigned gy, unsigned gz, unsigned bx, unsigned by, unsigned bz, unsigned shared, handle stream, void **args, void **extra) {
	CONTEXT;
	if (bx * by * bz > 1024 || bx > (unsigned)((struct kernel *)f)->threads || by != 1 || bz != 1 || gy != 1 || gz != 1 || gx == 0 || bx == 0 || gx > 2147483647u) return 1;
	struct kernel *k = f;
	if (shared + k->own > (unsigned)(k->shared > ALL_SHARED ? most_shared() : ALL_SHARED) || shared > (unsigned)k->shared || k->part >= 0 && shared > (most_shared() + 1024ll) * k->part / 100) return 1;
	if ((ended = (int)setting("NDEC_FAKE_LAUNCH", 0))) return 0;
	if (stream && stream != capturing) return 1;
	struct node *n = calloc(1, sizeof *n), **last = &captured;
	n->k = k, n->grid = gx, n->block = bx, n->shared = shared;
	for (int i = 0; i < k->arity; i++) n->args[i] = *(ptr *)args[i]; // of eight bytes, all of them
	if (!stream) return start(n);
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
	if (made == setting("NDEC_FAKE_MADE", -1)) return 2;
	made++, graphs++;
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
	graphs--;
	forget(*(struct node **)exec);
	free(exec);
	return 0;
}
int cuGraphLaunch(handle exec, handle stream) {
	CONTEXT;
	if (setting("NDEC_FAKE_GRAPHS", 1) == 2) return 1;
	for (struct node *n = *(struct node **)exec; n; n = n->next) {
		int r = start(memcpy(malloc(sizeof *n), n, sizeof *n));
		if (r) return r;
	}
	return 0;
}
