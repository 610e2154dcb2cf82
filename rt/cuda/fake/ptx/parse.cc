// Text of PTX to statements. Names are resolved while it is read: registers of a block shadow those around it.
#include "ptx.h"
#include <cstdarg>

namespace ptx {

void fail(Code code, const char *format, ...) {
	char text[1024];
	va_list args;
	va_start(args, format);
	vsnprintf(text, sizeof text, format, args);
	va_end(args);
	throw Failure{code, text};
}

static const struct {
	const char *name;
	Type type;
	int bytes;
} types[] = {{"pred", Type::pred, 0}, {"b8", Type::b8, 1}, {"u8", Type::u8, 1}, {"s8", Type::s8, 1}, {"b16", Type::b16, 2}, {"u16", Type::u16, 2}, {"s16", Type::s16, 2}, {"f16", Type::f16, 2},
	{"b32", Type::b32, 4}, {"u32", Type::u32, 4}, {"s32", Type::s32, 4}, {"f32", Type::f32, 4}, {"b64", Type::b64, 8}, {"u64", Type::u64, 8}, {"s64", Type::s64, 8}, {"f64", Type::f64, 8}};

int bytes(Type t) { return t == Type::none ? 0 : types[(int)t - 1].bytes; }
Type typeOf(const std::string &name) {
	for (auto &t : types)
		if (name == t.name) return t.type;
	return Type::none;
}

namespace {

bool word(char c) { return isalnum((unsigned char)c) || c == '_' || c == '$' || c == '%'; }

struct Parser {
	const char *p;
	int line = 1;
	Text out;
	std::vector<std::unordered_map<std::string, Symbol *>> scopes{1};
	FunctionText *f = nullptr;
	uint32_t bank = 0, params = 0; // bytes of .const, and of .param in the function, so far

	[[noreturn]] void wrong(const std::string &why) { fail(INVALID_PTX, "line %d: syntax error: %s", line, why.c_str()); }

	void skip() {
		for (;;) {
			if (*p == '\n') line++, p++;
			else if (isspace((unsigned char)*p)) p++;
			else if (p[0] == '/' && p[1] == '/')
				while (*p && *p != '\n') p++;
			else if (p[0] == '/' && p[1] == '*') {
				for (p += 2; *p && !(p[0] == '*' && p[1] == '/'); p++) line += *p == '\n';
				if (*p) p += 2;
			} else return;
		}
	}
	bool take(char c) {
		skip();
		if (*p != c) return false;
		p++;
		return true;
	}
	void need(char c) {
		if (!take(c)) wrong(std::string("expected '") + c + "', found '" + std::string(p, strnlen(p, 12)) + "'");
	}
	// a word, with dots and colons inside where it is an opcode
	std::string name(bool dots = false) {
		skip();
		const char *begin = p;
		while (word(*p) || dots && (*p == '.' || p[0] == ':' && p[1] == ':' || p[0] == ':' && p > begin && p[-1] == ':')) p++;
		if (p == begin) wrong("expected a name, found '" + std::string(p, strnlen(p, 12)) + "'");
		return {begin, p};
	}
	std::string directive() { // ".reg", "" where there is none
		skip();
		if (*p != '.') return "";
		p++;
		return name();
	}
	bool number(uint64_t &bits, Operand::Kind &kind) {
		skip();
		if (p[0] == '0' && (p[1] == 'f' || p[1] == 'F' || p[1] == 'd' || p[1] == 'D')) {
			kind = tolower(p[1]) == 'f' ? Operand::REAL32 : Operand::REAL64;
			char *end;
			std::string digits(p + 2, strnlen(p + 2, kind == Operand::REAL32 ? 8 : 16));
			bits = strtoull(digits.c_str(), &end, 16);
			if (*end) wrong("a number in hexadecimal digits has others");
			p += 2 + digits.size();
			return true;
		}
		bool minus = p[0] == '-' && isdigit((unsigned char)p[1]);
		if (!minus && !isdigit((unsigned char)*p)) return false;
		char *end;
		bits = strtoull(p + minus, &end, 0);
		if (minus) bits = -bits;
		p = end;
		if (*p == 'U') p++;
		kind = Operand::INTEGER;
		return true;
	}
	uint64_t integer() {
		uint64_t x;
		Operand::Kind kind;
		if (!number(x, kind) || kind != Operand::INTEGER) wrong("expected an integer");
		return x;
	}

	Symbol *find(const std::string &n) {
		for (size_t i = scopes.size(); i-- > 0;)
			if (auto s = scopes[i].find(n); s != scopes[i].end()) return s->second;
		return nullptr;
	}
	Symbol *declare(const std::string &n, Symbol s) {
		out.symbols.push_back(std::make_unique<Symbol>(s));
		scopes.back()[n] = out.symbols.back().get();
		return out.symbols.back().get();
	}

	Operand operand() {
		Operand o;
		skip();
		if (take('{')) {
			o.kind = Operand::VECTOR;
			do o.parts.push_back(operand());
			while (take(','));
			need('}');
			return o;
		}
		if (take('[')) {
			o = operand();
			if (o.kind != Operand::NAME && o.kind != Operand::INTEGER) wrong("an address of another form");
			if (o.kind == Operand::INTEGER) o.offset = (int64_t)o.bits;
			o.kind = Operand::ADDRESS;
			need(']');
			return o;
		}
		if (take('!')) o.negated = true;
		if (number(o.bits, o.kind)) return o;
		o.name = name(true);
		o.symbol = find(o.name);
		if (!o.symbol && o.name[0] == '%' && o.name.find('.') == std::string::npos && o.name != "%laneid" && o.name != "%warpid") wrong("register " + o.name + " is not declared");
		skip();
		if (*p == '+' || *p == '-' && isdigit((unsigned char)p[1])) {
			if (*p == '+') p++;
			o.offset = (int64_t)integer();
		}
		if (take('|')) {
			Operand first = o;
			o = Operand();
			o.kind = Operand::PAIR;
			o.parts = {first, operand()};
		}
		return o;
	}

	// .reg .b32 %r<27>; .reg .pred x, any;
	void registers() {
		Type t = typeOf(directive());
		if (t == Type::none) wrong("registers of another type");
		do {
			std::string n = name();
			Symbol s{Symbol::REGISTER};
			s.type = t, s.at = UNPLACED;
			if (take('<')) {
				uint64_t count = integer();
				need('>');
				for (uint64_t i = 0; i < count; i++) declare(n + std::to_string(i), s);
			} else declare(n, s);
		} while (take(','));
		need(';');
	}

	// what follows the space of a variable: .align 8 .b8 name[160] = {…}; without the end
	Symbol *variable(Space space, std::string &n, std::vector<uint8_t> *data) {
		Symbol s{Symbol::VARIABLE};
		s.space = space;
		Type t = Type::none;
		while (t == Type::none) {
			std::string d = directive();
			if (d == "align") s.align = integer();
			else if (d == "ptr" || d == "global" || d == "const" || d == "shared") continue;
			else if ((t = typeOf(d)) == Type::none) wrong("a variable of type ." + d);
		}
		s.type = t;
		uint32_t one = std::max(bytes(t), 1);
		s.align = std::max(s.align, one), s.size = one;
		n = name();
		while (take('[')) {
			if (take(']')) {
				s.size = 0, s.dynamic = true;
				continue;
			}
			s.size *= integer();
			need(']');
		}
		if (data) {
			data->assign(s.size, 0);
			if (take('=')) {
				size_t i = 0;
				auto put = [&] {
					uint64_t bits;
					Operand::Kind kind;
					if (!number(bits, kind)) wrong("a value that is no number");
					if (i + one > data->size()) wrong("too many values");
					memcpy(data->data() + i, &bits, one), i += one;
				};
				if (take('{')) {
					do put();
					while (take(','));
					need('}');
				} else put();
			}
		}
		return declare(n, s);
	}
	static uint32_t place(uint32_t &used, Symbol *s) {
		used = (used + s->align - 1) / s->align * s->align;
		s->at = used;
		return used += s->size;
	}

	std::vector<Symbol *> formals(FunctionText &g) {
		std::vector<Symbol *> all;
		if (!take('(')) return all;
		if (take(')')) return all;
		do {
			if (directive() != "param") wrong("expected .param");
			std::string n;
			Symbol *s = variable(g.entry ? Space::entry : Space::param, n, nullptr);
			place(g.paramBytes, s);
			all.push_back(s);
		} while (take(','));
		need(')');
		return all;
	}

	void function(bool entry) {
		scopes.emplace_back();
		FunctionText g;
		g.entry = entry;
		if (!entry) g.results = formals(g);
		g.name = name();
		g.line = line;
		g.params = formals(g);
		for (std::string d; !(d = directive()).empty();) {
			if (d == "maxntid" || d == "reqntid") {
				g.threads = 1;
				do g.threads *= integer();
				while (take(','));
			} else if (d == "minnctapersm" || d == "maxnctapersm" || d == "maxnreg") integer();
			else if (d == "noreturn") continue;
			else wrong("." + d + " of a function");
		}
		bool body = *p == '{';
		int index = -1;
		for (size_t i = 0; i < out.functions.size(); i++)
			if (out.functions[i].name == g.name) index = i;
		if (index < 0) {
			index = out.functions.size();
			out.functions.push_back(g);
			Symbol s{Symbol::FUNCTION};
			s.function = index;
			out.symbols.push_back(std::make_unique<Symbol>(s));
			scopes[0][g.name] = out.symbols.back().get();
		} else {
			if (out.functions[index].defined && body) wrong("function " + g.name + " is there twice");
			if (body) out.functions[index] = g;
		}
		if (!body) {
			need(';');
			scopes.pop_back();
			return;
		}
		f = &out.functions[index];
		f->defined = true;
		need('{');
		params = f->paramBytes;
		block();
		f = nullptr;
		scopes.pop_back();
	}

	void block() {
		scopes.emplace_back();
		uint32_t before = params;
		while (!take('}')) {
			skip();
			if (!*p) wrong("the text ends within a function");
			if (take('{')) block();
			else if (*p == '.') declaration();
			else statement();
		}
		params = before; // calls after each other have the same places
		scopes.pop_back();
	}

	void declaration() {
		std::string d = directive(), n;
		if (d == "reg") return registers();
		if (d == "pragma" || d == "loc" || d == "file") {
			while (*p && *p != ';' && !(d != "pragma" && *p == '\n')) p++;
			if (d == "pragma") need(';');
			return;
		}
		Symbol *s;
		if (d == "param") {
			place(params, s = variable(Space::param, n, nullptr));
			f->paramBytes = std::max(f->paramBytes, params);
		}		 else if (d == "local") place(f->localBytes, s = variable(Space::local, n, nullptr));
		else if (d == "shared") f->shared.push_back(s = variable(Space::shared, n, nullptr));
		else wrong("." + d + " within a function");
		need(';');
	}

	void statement() {
		Statement s;
		s.line = line;
		if (take('@')) {
			s.guarded = true, s.unless = take('!');
			s.guard = operand();
		}
		skip();
		s.line = line;
		s.opcode = name(true);
		if (!s.guarded && take(':')) {
			skip();
			if (!strncmp(p, ".branchtargets", 14)) { // label: .branchtargets …;
				directive();
				auto &t = f->targets[s.opcode];
				do t.push_back(name());
				while (take(','));
				need(';');
				return;
			}
			f->labels[s.opcode] = f->body.size();
			return;
		}
		if (s.opcode.compare(0, 4, "call") == 0) calls(s);
		else if (!take(';')) {
			do s.operands.push_back(operand());
			while (take(','));
			need(';');
		}
		f->body.push_back(std::move(s));
	}

	// call (results), function, (arguments); each list a vector, the name between them
	void calls(Statement &s) {
		auto list = [&] {
			Operand o;
			o.kind = Operand::VECTOR;
			need('(');
			if (take(')')) return o;
			do o.parts.push_back(operand());
			while (take(','));
			need(')');
			return o;
		};
		Operand none;
		none.kind = Operand::VECTOR;
		skip();
		Operand results = none, args = none;
		if (*p == '(') {
			results = list();
			need(',');
		}
		Operand callee = operand();
		if (take(',')) args = list();
		need(';');
		s.operands = {results, callee, args};
	}

	void module() {
		bool externs = false;
		for (;;) {
			skip();
			if (!*p) break;
			std::string d = directive(), n;
			if (d == "") wrong("'" + std::string(p, strcspn(p, "\n")) + "' is no directive");
			if (d == "version") {
				out.major = integer();
				need('.');
				out.minor = integer();
			} else if (d == "target") {
				out.target = name();
				while (take(',')) name();
			} else if (d == "address_size") {
				if (integer() != 64) wrong("addresses of another size");
			} else if (d == "visible" || d == "weak") continue;
			else if (d == "extern") externs = true;
			else if (d == "entry" || d == "func") function(d == "entry");
			else if (d == "const" || d == "global" || d == "shared") {
				Variable v;
				v.symbol = variable(d == "const" ? Space::constant : d == "global" ? Space::global : Space::shared, v.name, &v.data);
				if (v.symbol->space == Space::constant) place(bank, v.symbol);
				if (v.symbol->dynamic && !(externs && d == "shared")) wrong("a variable without a size");
				out.variables.push_back(std::move(v));
				need(';');
				externs = false;
			} else if (d == "file" || d == "loc") while (*p && *p != '\n') p++;
			else wrong("." + d);
		}
		if (!out.major) wrong("there is no .version");
		if (out.target.empty()) wrong("there is no .target");
		if (bank > 64 << 10) fail(INVALID_PTX, "constants take %u bytes; there are 65536", bank);
	}
};
} // namespace

Text parse(const char *source) {
	Parser p{source};
	p.module();
	for (const char *b = source; *b;) {
		size_t n = strcspn(b, "\n");
		p.out.lines.emplace_back(b, n);
		b += n + (b[n] == '\n');
	}
	return std::move(p.out);
}
} // namespace ptx
