// The lanes of a warp. Each has a place of its own; those at the lowest go on together, so that they come together again where their ways meet, and callees,
// which lie before their callers, end first. Lanes at a collective wait for those that it names, while the others go on.
#include "warp.h"
#include <cstdarg>

namespace ptx {

enum : uint64_t { MOST_STEPS = 1ull << 36 }; // of a warp: whoever needs more does not end

Warp::Warp(Block &b, const Launch &l, int number) : block(b), launch(l), m(l.m), number(number) {
	frames.assign(l.k.frames + 64, 0xff), params.assign((size_t)l.k.params * LANES, 0xff), locals.assign((size_t)l.k.locals * LANES, 0xff);
	unsigned threads = l.block[0] * l.block[1] * l.block[2];
	for (int lane = 0; lane < LANES; lane++) {
		unsigned t = number * LANES + lane;
		if (t < threads) alive |= Mask(1) << lane;
		pc[lane] = m.functions[l.k.function].begin;
		unsigned values[] = {t % l.block[0], t / l.block[0] % l.block[1], t / l.block[0] / l.block[1], l.block[0], l.block[1], l.block[2], b.at[0], b.at[1], b.at[2], l.grid[0], l.grid[1], l.grid[2], (unsigned)lane, (unsigned)number};
		for (int i = 0; i < 14; i++) special[i][lane] = values[i];
	}
	for (int i = 0; i < LANES; i++) time[i] = 1;
	memset(seen, 0, sizeof seen);
	base[Ref::CONSTANTS] = const_cast<uint8_t *>(m.constants.data());
	base[Ref::SPECIAL] = (uint8_t *)special;
}

void Warp::meet(Mask m) {
	uint32_t all[LANES] = {};
	EACH_LANE(m, i) {
		seen[i][i] = time[i];
		for (int j = 0; j < LANES; j++) all[j] = std::max(all[j], seen[i][j]);
	}
	EACH_LANE(m, i) memcpy(seen[i], all, sizeof all), time[i]++;
}

void Warp::enter(uint32_t at) {
	if (running >= 0) {
		const Function &f = m.functions[running];
		if (at >= f.begin && at < f.end) return;
	}
	running = &m.functionOf(at) - m.functions.data();
	uintptr_t aligned = ((uintptr_t)frames.data() + 63) / 64 * 64;
	base[Ref::FRAME] = (uint8_t *)aligned + launch.k.frameAt[running];
	paramBase = params.data() + launch.k.paramAt[running];
	localAt = launch.k.localAt[running];
}

void Warp::wrong(Code code, int lane, const char *format, ...) {
	char text[600];
	va_list args;
	va_start(args, format);
	vsnprintf(text, sizeof text, format, args);
	va_end(args);
	int line = at ? at->line : 0;
	fail(code, "%s\n\tkernel %s, block %u, warp %d, lane %d, line %d in %s: %s", text, m.functions[launch.k.function].name.c_str(), block.at[0], number, lane, line,
		running >= 0 ? m.functions[running].name.c_str() : "?", m.where(line));
}

// Where a function of the launch's kernel keeps where each lane returns to: behind its registers.
static uint32_t *returns(Warp &w, const Kernel &k, const Function &f) {
	return (uint32_t *)(w.base[Ref::FRAME] + (f.frame + 63) / 64 * 64);
}

// together runs a collective for the lanes whose partners are all there, and gives those that may go on.
Mask Warp::together(const Op &op, Mask active) {
	Mask let = this->let(op, active), done = active & ~let;
	if (op.kind != Kind::SYNC) {
		if (let && let != active) wrong(LAUNCH_FAILED, __builtin_ctz(let), "an instruction for all lanes of a warp, which its predicate lets some of them do");
		if (!let) return done;
		return active == alive ? active : done; // run by whoever asks
	}
	const uint32_t *members = row<uint32_t>(m.more[op.more]);
	for (Mask todo = let; todo;) {
		int first = __builtin_ctz(todo);
		Mask of = members[first], need = of & alive, alike = 0;
		EACH_LANE(todo, i) alike |= (Mask)(members[i] == of) << i;
		if (alike & ~of) wrong(LAUNCH_FAILED, __builtin_ctz(alike & ~of), "a lane is none of those that it waits for (mask %#x)", of);
		if (need == alike) {
			op.run(*this, op, need);
			done |= need;
		}
		todo &= ~alike;
	}
	return done;
}

// settle lets parked lanes go on whose partners have come, or ended, meanwhile.
bool Warp::settle() {
	Mask free = 0;
	EACH_LANE(parked, lane) {
		if (free >> lane & 1) continue;
		Mask here = 0;
		EACH_LANE(parked, i) here |= (Mask)(pc[i] == pc[lane]) << i;
		const Op &op = m.code[pc[lane]];
		enter(pc[lane]);
		Mask need = op.kind == Kind::SYNC ? row<uint32_t>(m.more[op.more])[lane] & alive : alive;
		if ((need & ~here) == 0) free |= need;
	}
	parked &= ~free;
	return free != 0;
}

void Warp::stuck() {
	std::string text;
	EACH_LANE(parked, lane) {
		at = &m.code[pc[lane]];
		enter(pc[lane]);
		char one[200];
		snprintf(one, sizeof one, "\n\tlane %d waits at line %d: %.120s", lane, at->line, m.where(at->line));
		if (text.size() < 380) text += one;
	}
	wrong(LAUNCH_FAILED, __builtin_ctz(parked), "lanes of a warp wait for each other at different places:%s", text.c_str());
}

void Warp::run(uint64_t most) {
	uint64_t limit = steps + most;
	state = READY;
	while (alive) {
		Mask ready = alive & ~parked;
		if (!ready) {
			if (!settle()) stuck();
			continue;
		}
		uint32_t here = ~0u, meet = ~0u;
		EACH_LANE(ready, lane) here = std::min(here, pc[lane]);
		Mask active = 0;
		EACH_LANE(ready, lane) {
			if (pc[lane] == here) active |= Mask(1) << lane;
			else meet = std::min(meet, pc[lane]);
		}
		enter(here);
		auto leave = [&](Mask lanes, uint32_t to) { EACH_LANE(lanes, lane) pc[lane] = to; };
		bool on = true;
		auto park = [&](Mask done) { // those that are not done wait at the collective
			leave(done, here + 1), leave(active & ~done, here);
			parked |= active & ~done;
			settle();
			on = false;
		};
		while (on) {
			if (here >= meet || steps >= limit) {
				leave(active, here);
				if (steps >= limit) {
					if (steps > MOST_STEPS) wrong((Code)702, __builtin_ctz(active), "a warp has done %llu instructions, and does not end", (unsigned long long)steps);
					return;
				}
				break;
			}
			const Op &op = m.code[here];
			at = &op;
			steps++;
			if (!pending.empty() && op.kind != Kind::GROUP) busy(op);
			switch (op.kind) {
			case Kind::PLAIN:
				if (Mask let = this->let(op, active)) op.run(*this, op, let);
				here++;
				break;
			case Kind::BRANCH: {
				Mask taken = let(op, active);
				if (taken == active) here = op.target;
				else if (!taken) here++;
				else {
					leave(taken, op.target), leave(active & ~taken, here + 1);
					on = false;
				}
				break;
			}
			case Kind::TABLE: {
				Mask taken = let(op, active);
				leave(active & ~taken, here + 1);
				EACH_LANE(taken, lane) {
					uint32_t i = row<uint32_t>(op.a)[lane];
					if (i >= op.mores) wrong(ILLEGAL_INSTRUCTION, lane, "a branch to place %u of a table of %u", i, op.mores);
					pc[lane] = m.more[op.more + i].at;
				}
				on = false;
				break;
			}
			case Kind::CALL: {
				Mask taken = let(op, active);
				leave(active & ~taken, here + 1);
				if (taken) {
					const Function &g = m.functions[op.target];
					uint8_t *from = paramBase;
					enter(g.begin);
					const Ref *r = &m.more[op.more];
					EACH_LANE(taken, lane) {
						size_t shift = (size_t)lane * launch.k.params;
						for (int i = 0; i < op.count; i++) memcpy(paramBase + shift + r[3 * i + 1].at, from + shift + r[3 * i].at, r[3 * i + 2].at);
						returns(*this, launch.k, g)[lane] = here + 1;
						pc[lane] = g.begin;
					}
				}
				on = false;
				break;
			}
			case Kind::RETURN: {
				Mask taken = let(op, active);
				leave(active & ~taken, here + 1);
				const uint32_t *back = returns(*this, launch.k, m.functions[running]);
				uint8_t *from = paramBase;
				EACH_LANE(taken, lane) {
					pc[lane] = back[lane];
					const Op &call = m.code[back[lane] - 1];
					enter(back[lane]);
					size_t shift = (size_t)lane * launch.k.params;
					for (uint32_t i = 0; i < call.mores; i++) {
						const Ref *r = &m.more[call.more + 3 * (call.count + i)];
						memcpy(paramBase + shift + r[0].at, from + shift + r[1].at, r[2].at);
					}
				}
				on = false;
				break;
			}
			case Kind::EXIT: {
				Mask taken = let(op, active);
				leave(active & ~taken, here + 1);
				alive &= ~taken;
				if (taken && !pending.empty() && !alive) wrong(LAUNCH_FAILED, __builtin_ctz(taken), "a warp ends before its tensor cores do (wgmma.wait_group)");
				on = false;
				break;
			}
			case Kind::SYNC: {
				Mask done = together(op, active);
				if (done != active) park(done);
				else here++;
				break;
			}
			default: {
				Mask done = together(op, active);
				if (done != active) {
					park(done);
					break;
				}
				if (let(op, active)) {
					if (op.kind == Kind::GROUP) {
						state = WAITS, barrier = GROUPED, waits = &op;
						leave(active, here + 1);
						return;
					}
					op.run(*this, op, active);
					if (state == WAITS) {
						leave(active, here + 1);
						return;
					}
				}
				here++;
			}
			}
		}
	}
	state = DONE;
}
} // namespace ptx
