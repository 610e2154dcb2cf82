// A module of its text: places, and operations.
#include "ptx.h"
#include <algorithm>
#include <functional>

namespace ptx {

static const Table &table() {
	static const Table all = [] {
		Table t;
		addIntegers(t), addFloats(t), addConversions(t), addMemory(t), addWarp(t), addTensor(t), addGroup(t);
		return t;
	}();
	return all;
}

const char *Module::where(int line) const { return line > 0 && line <= (int)text.lines.size() ? text.lines[line - 1].c_str() : ""; }
const Function &Module::functionOf(uint32_t pc) const {
	for (auto &f : functions)
		if (pc >= f.begin && pc < f.end) return f;
	return functions.front();
}

void Decoder::wrong(const Statement &s, const char *why) {
	fail(INVALID_PTX, "line %d: %s, in function %s: %s", s.line, why, f.name.c_str(), m.where(s.line));
}
void Decoder::expect(const Statement &s, size_t n) {
	if (s.operands.size() != n) wrong(s, "another number of operands");
}

Ref Decoder::registerOf(Symbol *s) {
	int width = s->type == Type::pred ? 4 : bytes(s->type) * LANES;
	if (s->at == UNPLACED) {
		int align = std::min(width, 64);
		f.frame = (f.frame + align - 1) / align * align;
		s->at = f.frame, f.frame += width;
	}
	return {s->at, Ref::FRAME, (uint8_t)bytes(s->type)};
}

Ref Decoder::constant(uint64_t bits, int width) {
	uint8_t row[LANES * 8] = {};
	if (width == 0) {
		Mask all = bits ? ALL : 0;
		memcpy(row, &all, 4);
	} else
		for (int i = 0; i < LANES; i++) memcpy(row + i * width, &bits, width);
	static_assert(LANES * 8 == 256, "rows of constants are as long as those of 64 bits");
	for (size_t at = m.constants.size(), tried = 0; at >= sizeof row && tried < 64; tried++) { // those of late
		at -= sizeof row;
		if (!memcmp(&m.constants[at], row, sizeof row)) return {(uint32_t)at, Ref::CONSTANTS, (uint8_t)width};
	}
	m.constants.insert(m.constants.end(), row, row + sizeof row);
	return {(uint32_t)(m.constants.size() - sizeof row), Ref::CONSTANTS, (uint8_t)width};
}

// The special registers, in the order of their rows.
const char *const specialNames[] = {"%tid.x", "%tid.y", "%tid.z", "%ntid.x", "%ntid.y", "%ntid.z", "%ctaid.x", "%ctaid.y", "%ctaid.z", "%nctaid.x", "%nctaid.y", "%nctaid.z", "%laneid", "%warpid", nullptr};

// ref is where an operand of a type lies. Registers have the width of the type, or, where the instruction says so, more.
Ref Decoder::ref(const Operand &o, Type t, bool destination, bool wider) {
	int width = bytes(t);
	switch (o.kind) {
	case Operand::NAME:
		if (o.symbol && o.symbol->kind == Symbol::REGISTER && !o.offset) {
			Ref r = registerOf(o.symbol);
			if ((o.symbol->type == Type::pred) != (t == Type::pred) || (wider ? r.width < width : r.width != width)) fail(INVALID_PTX, "%s has another type than the instruction", o.name.c_str());
			return r;
		}
		if (destination) break;
		if (o.symbol && o.symbol->kind == Symbol::VARIABLE && width >= 4) {
			uint64_t at = o.symbol->at + o.offset;
			if (o.symbol->space == Space::constant) at += (uint64_t)m.bank.data();
			if (o.symbol->space == Space::shared) f.shared.insert(o.symbol);
			if (o.symbol->space == Space::local || o.symbol->space == Space::param) break; // places of each call: see memory.cc
			return constant(at, width);
		}
		for (int i = 0; specialNames[i]; i++)
			if (o.name == specialNames[i]) {
				if (width != 4) fail(INVALID_PTX, "%s is read with another type", o.name.c_str());
				return {(uint32_t)i * LANES * 4, Ref::SPECIAL, 4};
			}
		if (o.name == "WARP_SZ") return constant(LANES, width);
		break;
	case Operand::INTEGER:
		if (!destination) return constant(o.bits, width);
		break;
	case Operand::REAL32:
		if (!destination && width == 4) return constant(o.bits, 4);
		break;
	case Operand::REAL64:
		if (destination) break;
		if (width == 8) return constant(o.bits, 8);
		break;
	default: break;
	}
	fail(INVALID_PTX, "operand %s is of no form that is known here", o.name.c_str());
}

void Decoder::address(const Operand &o, Op &op) {
	if (o.kind != Operand::ADDRESS) fail(INVALID_PTX, "an operand is no address");
	op.offset = o.offset;
	if (!o.symbol && o.name.empty()) { // [16]
		op.a = constant(0, 8);
		return;
	}
	if (!o.symbol) fail(INVALID_PTX, "%s is not declared", o.name.c_str());
	if (o.symbol->kind == Symbol::REGISTER) {
		op.a = registerOf(o.symbol);
		if (op.a.width != 4 && op.a.width != 8) fail(INVALID_PTX, "%s is no address", o.name.c_str());
		if (op.a.width == 4 && op.space != Space::shared && op.space != Space::local && op.space != Space::constant) fail(INVALID_PTX, "an address of 32 bits, %s, outside of shared and local memory", o.name.c_str());
		return;
	}
	Symbol *s = o.symbol;
	if (s->kind != Symbol::VARIABLE || s->space != op.space && !(op.space == Space::param && s->space == Space::entry)) fail(INVALID_PTX, "%s lies in another space", o.name.c_str());
	op.space = s->space;
	if (s->space == Space::shared) f.shared.insert(s);
	if (s->space == Space::constant) op.offset += (int64_t)m.bank.data();
	op.offset += s->at;
	op.a = constant(0, 8);
}

void Decoder::guard(const Statement &s, Op &op) {
	op.guarded = s.guarded, op.unless = s.unless;
	if (s.guarded) op.guard = ref(s.guard, Type::pred);
}

namespace {
struct Linker {
	Module &m;

	uint32_t label(FunctionText &t, const Function &f, const std::string &name, const Statement &s) {
		auto l = t.labels.find(name);
		if (l == t.labels.end()) fail(INVALID_PTX, "line %d: there is no label %s in function %s", s.line, name.c_str(), f.name.c_str());
		return f.begin + l->second;
	}

	void decode(FunctionText &t, Function &f, const Statement &s) {
		Decoder d{m, f, t, t.entry};
		Op op;
		op.line = s.line;
		try {
			d.guard(s, op);
			control(t, f, s, d, op) || operation(s, d, op);
		} catch (Failure &e) {
			if (e.text.compare(0, 5, "line ") == 0) throw;
			d.wrong(s, e.text.c_str());
		}
		m.code.push_back(op);
	}

	bool control(FunctionText &t, Function &f, const Statement &s, Decoder &d, Op &op) {
		if (s.opcode == "bra" || s.opcode == "bra.uni") {
			d.expect(s, 1);
			op.kind = Kind::BRANCH;
			op.target = label(t, f, s.operands[0].name, s);
		} else if (s.opcode == "brx.idx" || s.opcode == "brx.idx.uni") {
			d.expect(s, 2);
			op.kind = Kind::TABLE;
			op.a = d.ref(s.operands[0], Type::u32);
			auto list = t.targets.find(s.operands[1].name);
			if (list == t.targets.end()) d.wrong(s, "a table that is not there");
			op.more = m.more.size(), op.mores = list->second.size();
			for (auto &name : list->second) m.more.push_back({label(t, f, name, s)});
		} else if (s.opcode == "ret" || s.opcode == "ret.uni") op.kind = t.entry ? Kind::EXIT : Kind::RETURN;
		else if (s.opcode == "exit") op.kind = Kind::EXIT;
		else if (s.opcode == "call" || s.opcode == "call.uni") call(f, s, d, op);
		else return false;
		return true;
	}

	void call(Function &f, const Statement &s, Decoder &d, Op &op) {
		const Operand &callee = s.operands[1];
		if (!callee.symbol || callee.symbol->kind != Symbol::FUNCTION) d.wrong(s, "a call of what is no function");
		op.kind = Kind::CALL;
		op.target = callee.symbol->function;
		FunctionText &g = m.text.functions[op.target];
		if (!g.defined) d.wrong(s, "a function without a body is called");
		if (s.operands[0].parts.size() != g.results.size() || s.operands[2].parts.size() != g.params.size()) d.wrong(s, "another number of arguments or results than the function has");
		f.calls.push_back(op.target);
		// rows of: place of the argument, place of the parameter, bytes; then the same of results
		op.more = m.more.size();
		auto list = [&](const Operand &given, std::vector<Symbol *> &formal) {
			for (size_t i = 0; i < formal.size(); i++) {
				Symbol *a = given.parts[i].symbol;
				if (!a || a->kind != Symbol::VARIABLE || a->space != Space::param || a->size != formal[i]->size) d.wrong(s, "an argument or result of another size");
				m.more.push_back({a->at}), m.more.push_back({formal[i]->at}), m.more.push_back({a->size});
			}
		};
		list(s.operands[2], g.params);
		op.count = g.params.size();
		list(s.operands[0], g.results);
		op.mores = g.results.size();
	}

	bool operation(const Statement &s, Decoder &d, Op &op) {
		auto r = table().find(s.opcode);
		if (r == table().end()) d.wrong(s, "an instruction that is not known here");
		const Row &row = r->second;
		if (row.since > 10 * m.text.major + m.text.minor) fail(INVALID_PTX, "%s needs PTX %d.%d, the text says .version %d.%d", s.opcode.c_str(), row.since / 10, row.since % 10, m.text.major, m.text.minor);
		op.run = row.run, op.kind = row.kind, op.space = row.space, op.count = row.count;
		if (row.special) {
			row.special(d, s, op, row);
			return true;
		}
		d.expect(s, row.types.size());
		Ref *refs[] = {&op.d, &op.a, &op.b, &op.c};
		for (size_t i = 0; i < row.types.size() && i < 4; i++) {
			if (s.operands[i].negated) fail(INVALID_PTX, "a predicate is negated");
			*refs[i] = d.ref(s.operands[i], row.types[i], i == 0);
		}
		op.more = m.more.size();
		op.flag = true; // they are read
		for (size_t i = 4; i < row.types.size(); i++) m.more.push_back(d.ref(s.operands[i], row.types[i])), op.mores++;
		return true;
	}

	// functions in an order in which callees come first: what lies lowest is what lanes of a warp do first
	std::vector<int> order() {
		size_t n = m.text.functions.size();
		std::vector<std::vector<int>> calls(n);
		for (size_t i = 0; i < n; i++)
			for (auto &s : m.text.functions[i].body)
				if (s.opcode.compare(0, 4, "call") == 0 && s.operands[1].symbol) calls[i].push_back(s.operands[1].symbol->function);
		std::vector<int> done, state(n);
		std::function<void(int)> visit = [&](int i) {
			if (state[i] == 2) return;
			if (state[i] == 1) fail(INVALID_PTX, "function %s calls itself", m.text.functions[i].name.c_str());
			state[i] = 1;
			for (int c : calls[i]) visit(c);
			state[i] = 2;
			done.push_back(i);
		};
		for (size_t i = 0; i < n; i++) visit(i);
		return done;
	}

	void variables() {
		uint32_t bytes = 0;
		for (auto &v : m.text.variables)
			if (v.symbol->space == Space::constant) bytes = std::max(bytes, v.symbol->at + v.symbol->size);
		m.bank.assign(bytes + 16, 0);
		size_t shift = -(uintptr_t)m.bank.data() % 16; // it does begin at a multiple of 16: malloc
		if (shift) fail(INVALID_PTX, "constants are not aligned");
		for (auto &v : m.text.variables) {
			if (v.symbol->space == Space::constant) {
				memcpy(m.bank.data() + v.symbol->at, v.data.data(), v.data.size());
				m.globals[v.name] = {(uint64_t)m.bank.data() + v.symbol->at, v.symbol->size};
			} else if (v.symbol->space == Space::global) fail(INVALID_PTX, "variable %s is in global memory: that is not known here", v.name.c_str());
		}
	}

	// shared memory of a kernel: what its module and its functions declare, then what the launch gives
	void shared() {
		uint32_t at = SHARED_BEGIN;
		auto place = [&](Symbol *s) {
			at = (at + s->align - 1) / s->align * s->align;
			s->at = at;
			at += s->size;
		};
		for (auto &v : m.text.variables)
			if (v.symbol->space == Space::shared && !v.symbol->dynamic) place(v.symbol);
		uint32_t most = at;
		for (auto &f : m.text.functions) { // of kernels, at the same places; functions have places of their own
			uint32_t before = at;
			for (Symbol *s : f.shared) place(s);
			most = std::max(most, at);
			staticShared.push_back(at - SHARED_BEGIN);
			if (f.entry) at = before;
			else if (at != before) fail(INVALID_PTX, "function %s has shared memory of its own: that is not known here", f.name.c_str());
		}
		for (auto &v : m.text.variables)
			if (v.symbol->dynamic) { // at one place for all kernels
				m.dynamicAt = v.symbol->at = (most + v.symbol->align - 1) / v.symbol->align * v.symbol->align;
			}
	}
	std::vector<uint32_t> staticShared;

	void kernels() {
		for (size_t i = 0; i < m.functions.size(); i++) {
			FunctionText &t = m.text.functions[i];
			if (!t.entry || !t.defined) continue;
			Kernel k{(int)i};
			for (Symbol *s : t.params) k.entryAt.push_back(s->at), k.entrySize.push_back(s->size), k.entryBytes = std::max(k.entryBytes, s->at + s->size);
			uint32_t most = 10 * m.text.major + m.text.minor < 81 ? 4096 : 32764;
			if (k.entryBytes > most) fail(INVALID_PTX, "line %d: kernel %s has %u bytes of parameters, of %u that there are in PTX %d.%d", t.line, t.name.c_str(), k.entryBytes, most, m.text.major, m.text.minor);
			k.staticShared = staticShared[i];
			k.frameAt.assign(m.functions.size(), UNPLACED), k.paramAt = k.localAt = k.frameAt;
			std::set<Symbol *> shared;
			std::function<void(int)> visit = [&](int j) {
				if (k.frameAt[j] != UNPLACED) return;
				const Function &f = m.functions[j];
				shared.insert(f.shared.begin(), f.shared.end());
				k.frameAt[j] = k.frames, k.frames += (f.frame + 63) / 64 * 64 + LANES * 4; // and where it returns to
				k.paramAt[j] = k.params, k.params += (f.params + 15) / 16 * 16;
				k.localAt[j] = k.locals, k.locals += (f.locals + 15) / 16 * 16;
				for (int c : f.calls) visit(c);
			};
			visit(i);
			for (Symbol *s : shared) k.ownShared += s->dynamic ? 0 : (s->size + 15) / 16 * 16;
			m.kernels[t.name] = std::move(k);
		}
	}

	void all() {
		variables();
		shared();
		m.functions.resize(m.text.functions.size());
		for (int i : order()) {
			FunctionText &t = m.text.functions[i];
			Function &f = m.functions[i];
			f.name = t.name, f.entry = t.entry, f.begin = m.code.size(), f.formals = t.params, f.results = t.results, f.threads = t.threads;
			for (auto &s : t.body) decode(t, f, s);
			if (t.defined) { // labels at the end lead here
				Op op;
				op.kind = t.entry ? Kind::EXIT : Kind::RETURN, op.line = t.body.empty() ? t.line : t.body.back().line;
				m.code.push_back(op);
			}
			f.end = m.code.size(), f.params = t.paramBytes, f.locals = t.localBytes;
			t.body.clear(), t.body.shrink_to_fit();
		}
		kernels();
	}
};
} // namespace

std::unique_ptr<Module> link(Text &&text) {
	auto m = std::make_unique<Module>();
	m->text = std::move(text);
	Linker{*m}.all();
	return m;
}
} // namespace ptx
