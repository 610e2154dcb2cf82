// The warps of a block, their barriers, and the blocks of a grid.
#include "api.h"
#include "warp.h"
#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdio>
#include <mutex>
#include <thread>

namespace ptx {

Block::Block(const Launch &l, unsigned number) : launch(l) {
	at[0] = number % l.grid[0], at[1] = number / l.grid[0] % l.grid[1], at[2] = number / l.grid[0] / l.grid[1];
	uint32_t bytes = l.k.staticShared;
	if (l.dynamic) bytes = std::max(bytes, l.m.dynamicAt - SHARED_BEGIN + l.dynamic);
	shared.assign(bytes, 0xff), writes.assign(bytes, Write());
	if (l.m.async) unfenced.assign((bytes + 3) / 4, 0);
	int threads = l.block[0] * l.block[1] * l.block[2];
	for (int i = 0; i * LANES < threads; i++) warps.push_back(std::make_unique<Warp>(*this, l, i));
	// as many registers as there may be for each thread: what setmaxnreg shares out
	int most = std::min(248, (64 << 10) / (((int)warps.size() + 3) / 4 * 4 * LANES) / 8 * 8);
	for (auto &w : warps) w->registers = most;
	registers = most * (int)warps.size();
}

void Block::arrive(Warp &w, const Op &op, int id, int threads, bool waits, bool any, bool all, int sum) {
	if (id < 0 || id > 15) w.wrong(LAUNCH_FAILED, 0, "there is no barrier %d", id);
	if (op.count && (threads <= 0 || threads % LANES || threads / LANES > (int)warps.size())) w.wrong(LAUNCH_FAILED, 0, "barrier %d of %d threads in a block of %zu", id, threads, warps.size() * LANES);
	if (!op.count && !waits) w.wrong(LAUNCH_FAILED, 0, "bar.arrive needs a count of threads");
	Barrier &b = barriers[id];
	bool counted = op.count;
	if (b.arrived && (b.counted != counted || counted && b.expected != threads / LANES)) w.wrong(LAUNCH_FAILED, 0, "barrier %d has %d threads, and others wait there for %d", id, counted ? threads : (int)warps.size() * LANES, b.counted ? b.expected * LANES : (int)warps.size() * LANES);
	b.counted = counted, b.expected = counted ? threads / LANES : 0;
	b.arrived++, b.any |= any, b.all &= all, b.sum += sum;
	w.meet(w.alive);
	if (waits) w.state = Warp::WAITS, w.barrier = id, w.waits = &op;
	complete(id);
}

void Block::complete(int id) {
	Barrier &b = barriers[id];
	int expected = b.expected;
	if (!b.counted) // all warps that have not ended
		for (auto &w : warps) expected += w->state != Warp::DONE;
	if (!b.arrived || b.arrived < expected) return;
	for (auto &w : warps) {
		if (w->state != Warp::WAITS || w->barrier != id) continue;
		w->state = Warp::READY, w->barrier = -1;
		const Op &op = *w->waits;
		if (op.reduces == Op::ANY || op.reduces == Op::EVERY) {
			Mask &d = w->mask(op.d);
			d = (op.reduces == Op::ANY ? b.any : b.all) ? d | w->alive : d & ~w->alive;
		} else if (op.reduces == Op::COUNT) EACH_LANE(w->alive, i) w->row<uint32_t>(op.d)[i] = b.sum;
	}
	b = Barrier();
}

bool Block::regroup() {
	bool some = false;
	for (size_t first = 0; first < warps.size(); first += 4) {
		const Op *op = warps[first]->waits;
		bool all = true;
		for (size_t i = first; i < first + 4; i++) all &= i < warps.size() && warps[i]->state == Warp::WAITS && warps[i]->barrier == Warp::GROUPED && warps[i]->waits == op;
		if (!all) continue;
		int used = 0; // inc waits until others have given registers back
		for (auto &w : warps) used += w->state == Warp::DONE ? 0 : w->registers;
		if (op->flag && used + 4 * ((int)op->offset - warps[first]->registers) > registers) continue;
		for (size_t i = first; i < first + 4; i++) {
			Warp &w = *warps[i];
			w.state = Warp::READY, w.barrier = -1, w.at = op;
			op->run(w, *op, w.alive);
		}
		some = true;
	}
	return some;
}

void Block::deadlock() {
	std::string text;
	Warp *some = nullptr;
	for (auto &w : warps) {
		if (w->state != Warp::WAITS) continue;
		some = w.get();
		char one[200];
		snprintf(one, sizeof one, "\n\twarp %d waits at line %d: %.120s", w->number, w->waits->line, launch.m.where(w->waits->line));
		if (text.size() < 440) text += one;
	}
	some->at = some->waits;
	some->wrong(LAUNCH_FAILED, 0, "warps of a block wait for each other:%s", text.c_str());
}

void Block::run() {
	enum { SLICE = 20000 };
	for (;;) {
		bool progress = false, left = false;
		for (size_t i = 0; i < warps.size(); i++) {
			Warp &w = *warps[launch.backwards ? warps.size() - 1 - i : i];
			if (w.state != Warp::READY) {
				left |= w.state == Warp::WAITS;
				continue;
			}
			w.run(SLICE);
			progress = true;
			if (w.state == Warp::DONE)
				for (int b = 0; b < 16; b++)
					if (barriers[b].arrived && !barriers[b].counted) complete(b);
			left |= w.state != Warp::DONE;
		}
		if (!left) return;
		if (regroup()) progress = true;
		if (!progress) deadlock();
	}
}

// ---- what the driver sees

// Modules that are loaded: what they have in constant memory is memory of the device, which kernels of others may read.
static std::mutex loading;
static std::vector<const Module *> loaded;

static char last[2048]; // what went wrong of late, with
static int lastCode;

static int report(const Failure &f) {
	snprintf(last, sizeof last, "%s", f.text.c_str());
	fprintf(stderr, "%s\n", last);
	return lastCode = f.code;
}
} // namespace ptx

using namespace ptx;

extern "C" {

int ptx_load(const char *image, void **module, char *log, size_t bytes) {
	try {
		Module *m = link(parse(image)).release();
		std::lock_guard<std::mutex> lock(loading);
		loaded.push_back(m);
		*module = m;
		return OK;
	} catch (Failure &f) {
		snprintf(log, bytes, "%s", f.text.c_str());
		return f.code;
	}
}
void ptx_unload(void *module) {
	std::lock_guard<std::mutex> lock(loading);
	loaded.erase(std::find(loaded.begin(), loaded.end(), (Module *)module));
	delete (Module *)module;
}

int ptx_kernel(void *module, const char *name, struct ptx_kernel *out) {
	Module &m = *(Module *)module;
	auto k = m.kernels.find(name);
	if (k == m.kernels.end()) return NOT_FOUND;
	*out = {&k->second, (int)k->second.entryAt.size(), (int)k->second.ownShared, m.functions[k->second.function].threads};
	return OK;
}

int ptx_symbol(void *module, const char *name, unsigned long long *at, size_t *bytes) {
	Module &m = *(Module *)module;
	auto g = m.globals.find(name);
	if (g == m.globals.end()) return NOT_FOUND;
	*at = g->second.first, *bytes = g->second.second;
	return OK;
}

const char *ptx_failure(int code) { return code && code == lastCode ? last : ""; }

int ptx_owns(void *module, unsigned long long at) {
	const Module &m = *(Module *)module;
	return at >= (uint64_t)m.bank.data() && at < (uint64_t)m.bank.data() + m.bank.size();
}

int ptx_launch(void *module, const void *kernel, const unsigned *grid, const unsigned *block, unsigned shared, void **args, const struct ptx_range *ranges, size_t count) {
	const Module &m = *(Module *)module;
	const Kernel &k = *(const Kernel *)kernel;
	Launch l{m, k, {grid[0], grid[1], grid[2]}, {block[0], block[1], block[2]}, shared, {}, {}, false};
	const char *order = getenv("NDEC_FAKE_ORDER");
	l.backwards = order && atoi(order) == 1;
	l.args.resize(k.entryBytes);
	for (size_t i = 0; i < k.entryAt.size(); i++) memcpy(&l.args[k.entryAt[i]], args[i], k.entrySize[i]);
	for (size_t i = 0; i < count; i++) l.ranges.push_back({ranges[i].from, ranges[i].to, false});
	{
		std::lock_guard<std::mutex> lock(loading);
		for (auto x : loaded) l.ranges.push_back({(uint64_t)x->bank.data(), (uint64_t)x->bank.data() + x->bank.size(), true});
	}
	std::sort(l.ranges.begin(), l.ranges.end(), [](const Range &a, const Range &b) { return a.from < b.from; });
	unsigned blocks = grid[0] * grid[1] * grid[2];
	std::atomic<unsigned> next{0};
	std::atomic<uint64_t> steps{0};
	auto begin = std::chrono::steady_clock::now();
	std::mutex mu;
	int code = OK;
	auto work = [&] {
		for (unsigned i; (i = next++) < blocks;) {
			try {
				Block b(l, l.backwards ? blocks - 1 - i : i);
				b.run();
				for (auto &w : b.warps) steps += w->steps;
			} catch (Failure &f) {
				std::lock_guard<std::mutex> lock(mu);
				if (!code) code = report(f);
				next = blocks;
			}
		}
	};
	std::vector<std::thread> more;
	for (unsigned i = 1; i < std::min(blocks, std::min(4u, std::thread::hardware_concurrency())); i++) more.emplace_back(work);
	work();
	for (auto &t : more) t.join();
	if (getenv("NDEC_FAKE_COUNT")) fprintf(stderr, "%s: %llu instructions of warps in %.3f s\n", m.functions[k.function].name.c_str(), (unsigned long long)steps, std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count());
	return code;
}
}
