// An interpreter of PTX: what the stand-in for the driver runs where it is given PTX in place of the name of a library. It is written
// from the PTX ISA, apart from the emulation of CUDA in cudagen/prelude, so that the two are two opinions.
//
// parse.cc reads text to statements, link.cc makes a module of them: places of registers and variables, and for each statement a compact
// operation, which the tables of opcodes name (integer.cc, floating.cc, convert.cc, memory.cc, warp.cc, tensor.cc, group.cc). run.cc has the lanes of a
// warp, block.cc the warps of a block and the blocks of a grid; api.h is what driver.c sees.
#pragma once
#include <array>
#include <cstdint>
#include <cstring>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <unordered_map>
#include <vector>

namespace ptx {

using Mask = uint32_t; // a bit for each lane
enum : int { LANES = 32 };
constexpr Mask ALL = ~Mask(0);

// The errors of a driver.
enum Code { OK = 0, INVALID_PTX = 218, NOT_FOUND = 500, ILLEGAL_ADDRESS = 700, ILLEGAL_INSTRUCTION = 715, MISALIGNED = 716, LAUNCH_FAILED = 719 };
struct Failure {
	Code code;
	std::string text;
};
[[noreturn]] void fail(Code, const char *format, ...) __attribute__((format(printf, 2, 3)));

// Types of PTX. A register of n bits takes a row of 32 numbers of n bits; a predicate a row of one Mask.
enum class Type : uint8_t { none, pred, b8, u8, s8, b16, u16, s16, f16, b32, u32, s32, f32, b64, u64, s64, f64 };
int bytes(Type); // 0 of predicates
Type typeOf(const std::string &name); // "f32"; none if it is no type

enum class Space : uint8_t { generic, global, shared, local, constant, param, entry }; // entry: parameters of a kernel

// ---- text

struct Symbol {
	enum Kind { REGISTER, VARIABLE, FUNCTION } kind;
	Type type = Type::none; // of a register
	Space space = Space::generic; // of a variable
	uint32_t at = 0; // where it lies: of a register in the frame of its function, UNPLACED before it is used
	uint32_t size = 0, align = 1;
	int function = -1; // which
	bool dynamic = false; // shared memory that the launch gives
};
constexpr uint32_t UNPLACED = ~0u;

struct Operand {
	enum Kind { NAME, INTEGER, REAL32, REAL64, ADDRESS, VECTOR, PAIR } kind = NAME;
	std::string name; // of a register, symbol, label or special register
	Symbol *symbol = nullptr;
	uint64_t bits = 0; // of a number
	int64_t offset = 0; // behind a symbol
	bool negated = false; // !p
	std::vector<Operand> parts;
};

struct Statement {
	int line;
	std::string opcode;
	bool guarded = false, unless = false;
	Operand guard;
	std::vector<Operand> operands;
};

struct FunctionText {
	std::string name;
	bool entry = false, defined = false;
	int line = 0;
	std::vector<Symbol *> results, params;
	std::vector<Statement> body;
	std::unordered_map<std::string, size_t> labels; // the statement that follows
	std::unordered_map<std::string, std::vector<std::string>> targets; // of .branchtargets
	uint32_t paramBytes = 0, localBytes = 0;
	std::vector<Symbol *> shared; // declared inside
	int threads = 0; // .maxntid
};

struct Variable {
	std::string name;
	Symbol *symbol;
	std::vector<uint8_t> data;
};

struct Text {
	int major = 0, minor = 0;
	std::string target;
	std::vector<FunctionText> functions;
	std::vector<Variable> variables; // of the module
	std::vector<std::string> lines;
	std::vector<std::unique_ptr<Symbol>> symbols;
};
Text parse(const char *source); // throws Failure

// ---- operations

// Ref is where a row lies: an offset behind the frame of the function, the constants of the module or the special registers.
struct Ref {
	uint32_t at = 0;
	enum From : uint8_t { FRAME, CONSTANTS, SPECIAL } from = FRAME;
	uint8_t width = 0; // bytes of a number
};

struct Warp;
struct Op;
using Run = void (*)(Warp &, const Op &, Mask);

// Kind is how a warp treats an operation: PLAIN ones concern each lane by itself; of collectives, SYNC waits for the lanes of a mask, ALIGNED for all
// lanes of the warp, GROUP for the four warps of a warpgroup, and BARRIER for warps of the block.
enum class Kind : uint8_t { PLAIN, BRANCH, TABLE, CALL, RETURN, EXIT, SYNC, ALIGNED, GROUP, BARRIER };

struct Op {
	Run run = nullptr;
	Kind kind = Kind::PLAIN;
	Space space = Space::generic;
	uint8_t count = 1; // numbers of a vector
	bool guarded = false, unless = false, flag = false;
	enum Reduction : uint8_t { NONE, ANY, EVERY, COUNT } reduces = NONE; // of a barrier
	Ref guard, d, a, b, c;
	int64_t offset = 0; // of an address; an immediate
	uint32_t more = 0, mores = 0; // further rows: Module::more
	uint32_t target = 0; // where a branch goes; the function of a call
	int line = 0;
};

struct Function {
	std::string name;
	bool entry = false;
	uint32_t begin = 0, end = 0; // in Module::code
	uint32_t frame = 0, params = 0, locals = 0; // bytes: of registers (all lanes), and of each lane
	std::vector<int> calls;
	std::vector<Symbol *> formals, results;
	std::set<Symbol *> shared; // memory of the block that it names
	int threads = 0;
};

// Kernel is an entry with the places of what its functions need.
struct Kernel {
	int function;
	uint32_t entryBytes = 0; // of parameters
	std::vector<uint32_t> entryAt, entrySize;
	uint32_t staticShared = 0; // where that of the module and of the kernel ends, without what is reserved
	uint32_t ownShared = 0; // what of it the kernel and its functions name: ptxas gives them no more
	std::vector<uint32_t> frameAt, paramAt, localAt; // by function
	uint32_t frames = 0, params = 0, locals = 0;
};

// Where shared memory begins, as on devices of capability 9.0: a place that nobody was given is no place in it.
constexpr uint32_t SHARED_BEGIN = 1024;
constexpr uint64_t SHARED_WINDOW = 1ull << 56, LOCAL_WINDOW = 2ull << 56; // of generic addresses; all others are those of the host

struct Module {
	Text text;
	std::vector<Op> code;
	std::vector<Ref> more;
	std::vector<uint8_t> constants; // rows of immediates
	std::vector<Function> functions;
	std::map<std::string, Kernel> kernels;
	std::vector<uint8_t> bank; // .const
	uint32_t dynamicAt = SHARED_BEGIN; // where shared memory lies that launches give
	std::map<std::string, std::pair<uint64_t, size_t>> globals; // names that the host may ask for
	bool async = false; // some kernel has tensor cores read shared memory
	const char *where(int line) const; // the text of a line
	const Function &functionOf(uint32_t pc) const;
};
std::unique_ptr<Module> link(Text &&);

// Row says how an opcode is decoded: how its lanes are run and the types of its operands, the destination first.
struct Decoder; // link.cc
struct Row {
	Run run;
	Kind kind;
	std::vector<Type> types;
	void (*special)(Decoder &, const Statement &, Op &, const Row &) = nullptr; // operands of another form
	int since = 0; // the PTX version, in tenths, that knows it
	Space space = Space::generic;
	uint8_t count = 1;
};
using Table = std::unordered_map<std::string, Row>;
void addIntegers(Table &);
void addFloats(Table &);
void addConversions(Table &);
void addMemory(Table &);
void addWarp(Table &);
void addTensor(Table &);
void addGroup(Table &);

// Decoder is what special forms of operands need.
struct Decoder {
	Module &m;
	Function &f;
	FunctionText &text;
	bool entry;
	Ref ref(const Operand &, Type, bool destination = false, bool wider = false);
	Ref registerOf(Symbol *);
	Ref constant(uint64_t bits, int width);
	void address(const Operand &, Op &); // [register + offset] to a and offset
	void guard(const Statement &, Op &);
	void expect(const Statement &, size_t n);
	[[noreturn]] void wrong(const Statement &, const char *why);
};
} // namespace ptx
