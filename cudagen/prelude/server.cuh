// A device as a process: memory and launches of emulated kernels by commands on standard input.
// Commands are a letter and numbers of eight bytes: A bytes, F address, W address bytes data, R address bytes,
// S name, L name grid block shared count arguments, O order. Names are a length and letters. Every answer begins with a status: 0
// is fine.
#include <unistd.h>

struct ndec_server_kernel {
	const char *name;
	void (*launch)(unsigned grid, unsigned block, unsigned shared, void **args);
};
struct ndec_server_symbol {
	const char *name;
	void *at;
	size_t bytes;
};

#define NDEC_SERVE(ns, k) {#ns "::" #k, [](unsigned grid, unsigned block, unsigned shared, void **args) { ndec_emu::launch_packed(&ns::k, grid, block, shared, args); }}
#define NDEC_SYMBOL(ns, s) {#ns "::" #s, &ns::s, sizeof ns::s}

static bool ndec_get(void *to, size_t n) {
	for (char *p = (char *)to; n > 0;) {
		ssize_t k = read(0, p, n);
		if (k <= 0) return false;
		p += k, n -= k;
	}
	return true;
}
static void ndec_put(const void *from, size_t n) {
	for (const char *p = (const char *)from; n > 0;) {
		ssize_t k = write(1, p, n);
		if (k <= 0) exit(3);
		p += k, n -= k;
	}
}
static uint64_t ndec_number() {
	uint64_t x;
	if (!ndec_get(&x, 8)) exit(3);
	return x;
}
static std::vector<char> ndec_name() {
	std::vector<char> s(ndec_number() + 1);
	ndec_get(s.data(), s.size() - 1);
	return s;
}
static void ndec_answer(uint64_t x) { ndec_put(&x, 8); }

static int ndec_serve(const ndec_server_kernel *kernels, const ndec_server_symbol *symbols) {
	for (char c; ndec_get(&c, 1);) switch (c) {
		case 'A': {
			uint64_t n = ndec_number();
			void *p = malloc(n ? n : 1);
			if (p) memset(p, 0xff, n); // NaN: what is read before it is written shows
			ndec_answer(p ? 0 : 2), ndec_answer((uint64_t)p);
			break;
		}
		case 'F': free((void *)ndec_number()), ndec_answer(0); break;
		case 'W': {
			void *p = (void *)ndec_number();
			ndec_get(p, ndec_number());
			ndec_answer(0);
			break;
		}
		case 'R': {
			void *p = (void *)ndec_number();
			uint64_t n = ndec_number();
			ndec_answer(0), ndec_put(p, n);
			break;
		}
		case 'C': {
			void *to = (void *)ndec_number();
			const void *from = (const void *)ndec_number();
			memcpy(to, from, ndec_number());
			ndec_answer(0);
			break;
		}
		case 'S': {
			auto name = ndec_name();
			const ndec_server_symbol *s = symbols;
			while (s->name && strcmp(s->name, name.data())) s++;
			ndec_answer(s->name ? 0 : 500), ndec_answer((uint64_t)s->at), ndec_answer(s->bytes);
			break;
		}
		case 'L': {
			auto name = ndec_name();
			uint64_t grid = ndec_number(), block = ndec_number(), shared = ndec_number(), n = ndec_number();
			std::vector<uint64_t> args(n);
			std::vector<void *> at(n);
			for (uint64_t i = 0; i < n; i++) args[i] = ndec_number(), at[i] = &args[i];
			const ndec_server_kernel *k = kernels;
			while (k->name && strcmp(k->name, name.data())) k++;
			if (!k->name) {
				ndec_answer(500);
				break;
			}
			k->launch(grid, block, shared, at.data());
			ndec_answer(ndec_emu::broken ? 719 : 0);
			ndec_emu::broken = false;
			break;
		}
		case 'O': ndec_emu::order = ndec_number(), ndec_answer(0); break;
		default: return 3;
		}
	return 0;
}
