package golden

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"math"
	"math/big"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// The steps of Runge-Kutta methods are read back from emitted text: it is executed with symbols for time, step, state and
// every evaluation of the field, and exact numbers for its literals, so that what comes out is the tableau that the text
// has, whatever the compiler believes. Its coefficients have to be those of the row, each rounded to its element type once, and to
// satisfy the order conditions.

// symbolic is a sum of products of symbols, each with a coefficient: "h*k2" with 1/5.
type symbolic map[string]*big.Rat

func symbol(name string) symbolic { return symbolic{name: big.NewRat(1, 1)} }

func (p symbolic) plus(q symbolic, sign int64) symbolic {
	out := symbolic{}
	for _, terms := range []struct {
		of   symbolic
		sign int64
	}{{p, 1}, {q, sign}} {
		for s, c := range terms.of {
			sum := new(big.Rat).Mul(c, big.NewRat(terms.sign, 1))
			if out[s] != nil {
				sum.Add(sum, out[s])
			}
			if out[s] = sum; sum.Sign() == 0 {
				delete(out, s)
			}
		}
	}
	return out
}

func (p symbolic) times(q symbolic) symbolic {
	out := symbolic{}
	for s, c := range p {
		for r, d := range q {
			var parts []string
			for _, x := range []string{s, r} {
				if x != "" {
					parts = append(parts, strings.Split(x, "*")...)
				}
			}
			slices.Sort(parts)
			out = out.plus(symbolic{strings.Join(parts, "*"): new(big.Rat).Mul(c, d)}, 1)
		}
	}
	return out
}

// read is a step as its text has it: where the field is evaluated, and the results in their order.
type read struct {
	t, y    []symbolic
	results []symbolic
	carried bool // the first evaluation is an argument
}

func (r *read) field(t, y symbolic) symbolic {
	r.t, r.y = append(r.t, t), append(r.y, y)
	return symbol(fmt.Sprintf("k%d", len(r.t)-1))
}

// start gives the symbols of the arguments: t, h, x, perhaps the first evaluation, the context.
func (r *read) start(n int) []symbolic {
	args := []symbolic{symbol("t"), symbol("h"), symbol("x")}
	if r.carried = n == 5; r.carried {
		args = append(args, r.field(symbol("t"), symbol("x")))
	}
	return append(args, symbol("a"))
}

// expression evaluates an expression of Go, or of C++ where the two are spelled alike.
func expression(e ast.Expr, env map[string]symbolic) (symbolic, error) {
	switch e := e.(type) {
	case *ast.ParenExpr:
		return expression(e.X, env)
	case *ast.Ident:
		if v := env[e.Name]; v != nil {
			return v, nil
		}
		return nil, fmt.Errorf("%s is not known", e.Name)
	case *ast.BasicLit:
		x, ok := new(big.Rat).SetString(e.Value)
		if !ok {
			return nil, fmt.Errorf("%s is no number", e.Value)
		}
		return symbolic{"": x}.plus(nil, 1), nil
	case *ast.UnaryExpr:
		x, err := expression(e.X, env)
		return symbolic{}.plus(x, -1), err
	case *ast.BinaryExpr:
		x, err := expression(e.X, env)
		if err != nil {
			return nil, err
		}
		y, err := expression(e.Y, env)
		switch {
		case err != nil:
			return nil, err
		case e.Op == token.ADD:
			return x.plus(y, 1), nil
		case e.Op == token.SUB:
			return x.plus(y, -1), nil
		case e.Op == token.MUL:
			return x.times(y), nil
		}
	case *ast.CallExpr: // a conversion
		if len(e.Args) == 1 {
			return expression(e.Args[0], env)
		}
	}
	return nil, fmt.Errorf("%T is not an expression of a step", e)
}

// readGo reads the steps of a Go file, by the name of the function.
func readGo(text string) (map[string]*read, error) {
	f, err := parser.ParseFile(token.NewFileSet(), "", text, 0)
	if err != nil {
		return nil, err
	}
	out := map[string]*read{}
	for _, d := range f.Decls {
		fn, ok := d.(*ast.FuncDecl)
		if !ok || fn.Recv != nil || !stepName.MatchString(fn.Name.Name) {
			continue
		}
		r, env := &read{}, map[string]symbolic{}
		args := r.start(len(fn.Type.Params.List))
		for i, p := range fn.Type.Params.List {
			env[p.Names[0].Name] = args[i]
		}
		for _, st := range fn.Body.List {
			switch st := st.(type) {
			case *ast.AssignStmt:
				call, ok := st.Rhs[0].(*ast.CallExpr)
				var v symbolic
				if ok && len(call.Args) == 3 {
					var in []symbolic
					for _, a := range call.Args {
						x, err := expression(a, env)
						if err != nil {
							return nil, err
						}
						in = append(in, x)
					}
					v = r.field(in[0], in[1])
				} else if v, err = expression(st.Rhs[0], env); err != nil {
					return nil, fmt.Errorf("%s: %w", fn.Name.Name, err)
				}
				env[st.Lhs[0].(*ast.Ident).Name] = v
			case *ast.ReturnStmt:
				for _, e := range st.Results {
					v, err := expression(e, env)
					if err != nil {
						return nil, fmt.Errorf("%s: %w", fn.Name.Name, err)
					}
					r.results = append(r.results, v)
				}
			default:
				return nil, fmt.Errorf("%s: statement %T", fn.Name.Name, st)
			}
		}
		out[fn.Name.Name] = r
	}
	return out, nil
}

var (
	stepName  = regexp.MustCompile(`^m[a-z]0(Dense)?Step$`)
	cudaStep  = regexp.MustCompile(`(?s)NDEC_D void (m[a-z]_0_(?:dense_)?step)\(([^)]*)\) \{\n(.*?)\n\}`)
	cudaLine  = regexp.MustCompile(`^(?:(?:double|real) )?(\w+) = (.*);$`)
	suffix    = regexp.MustCompile(`(\d)f\b`) // of float literals
	cudaField = regexp.MustCompile(`^s_field\w*\((.*), (\w+)\);$`)
)

// readCUDA reads the steps of a CUDA file.
func readCUDA(text string) (map[string]*read, error) {
	out := map[string]*read{}
	for _, fn := range cudaStep.FindAllStringSubmatch(text, -1) {
		r, env := &read{}, map[string]symbolic{}
		var in, results []string
		for _, p := range strings.Split(fn[2], ", ") {
			name := p[strings.LastIndexByte(p, ' ')+1:]
			if strings.HasPrefix(name, "&") {
				results = append(results, name[1:])
			} else {
				in = append(in, name)
			}
		}
		for i, v := range r.start(len(in)) {
			env[in[i]] = v
		}
		value := func(text string) (symbolic, error) {
			e, err := parser.ParseExpr(suffix.ReplaceAllString(text, "$1"))
			if err != nil {
				return nil, fmt.Errorf("%s: %s: %w", fn[1], text, err)
			}
			return expression(e, env)
		}
		for _, line := range strings.Split(fn[3], "\n") {
			line = strings.TrimSpace(line)
			if m := cudaField.FindStringSubmatch(line); m != nil {
				args := strings.Split(m[1], ", ")
				t, err := value(args[0])
				if err != nil {
					return nil, err
				}
				y, err := value(args[1])
				if err != nil {
					return nil, err
				}
				env[m[2]] = r.field(t, y)
			} else if m := cudaLine.FindStringSubmatch(line); m != nil {
				v, err := value(m[2])
				if err != nil {
					return nil, err
				}
				env[m[1]] = v
			} else if !strings.HasPrefix(line, "//") {
				return nil, fmt.Errorf("%s: %s", fn[1], line)
			}
		}
		for _, name := range results {
			r.results = append(r.results, env[name])
		}
		parts := strings.Split(fn[1], "_") // ma_0_dense_step
		for i := 2; i < len(parts); i++ {
			parts[i] = strings.ToUpper(parts[i][:1]) + parts[i][1:]
		}
		out[strings.Join(parts, "")] = r
	}
	return out, nil
}

var (
	asmData = regexp.MustCompile(`(?m)^DATA (f64_[0-9a-f]+<>)\+0\(SB\)/8, \$0x([0-9a-f]+)`)
	asmStep = regexp.MustCompile(`(?ms)^TEXT (m[a-z]0(?:Dense)?Step)_\w+<>\(SB\).*?\n(.*?)^\tRET$`)
)

// readAssembly reads the steps of float64 kernels. All lanes and all vectors of a row of 128 bytes are computed alike, so a row is a
// symbol, and loops are gone through once. Arguments, results and then local values of a function lie in the frame in this
// order, and those of the field that it calls likewise.
func readAssembly(text string) (map[string]*read, error) {
	data := map[string]symbolic{}
	for _, m := range asmData.FindAllStringSubmatch(text, -1) {
		bits, err := strconv.ParseUint(m[2], 16, 64)
		if err != nil {
			return nil, err
		}
		if x := new(big.Rat).SetFloat64(math.Float64frombits(bits)); x != nil {
			data[m[1]] = symbolic{"": x}
		}
	}
	out := map[string]*read{}
	for _, fn := range asmStep.FindAllStringSubmatch(text, -1) {
		r := &read{}
		rows, registers := map[int]symbolic{}, map[string]symbolic{}
		row := func(arg string) (int, bool) {
			at, by, ok := strings.Cut(arg, "(")
			n, err := strconv.Atoi(at)
			return n &^ 127, ok && err == nil && by != "AX)" // where single vectors lie for want of registers
		}
		// The first row that is read from is the first argument, unless it is of the field's frame.
		lines := strings.Split(fn[2], "\n")
		first, last := math.MaxInt, 0
		var args []string
		fields := map[int]bool{} // rows of the field's frame
		base := math.MaxInt      // of that frame
		var stored []int
		for _, line := range lines {
			op, rest, _ := strings.Cut(strings.TrimSpace(line), "\t")
			args = strings.Split(rest, ", ")
			switch {
			case strings.HasPrefix(op, "loop"):
				stored = nil
			case op == "CALL":
				base = slices.Min(stored)
				for i := range 4 {
					fields[base+128*i] = true
				}
			case strings.HasPrefix(op, "VMOVUP"):
				if n, ok := row(args[len(args)-1]); ok {
					stored = append(stored, n)
				}
			}
		}
		for _, line := range lines {
			op, rest, _ := strings.Cut(strings.TrimSpace(line), "\t")
			args = strings.Split(rest, ", ")
			if strings.HasPrefix(op, "VMOVUP") {
				for _, a := range args {
					if n, ok := row(a); ok && !fields[n] {
						first, last = min(first, n), max(last, n)
					}
				}
			}
		}
		// A method that carries its first evaluation reads it without having called the field.
		n := 4
		if carries(lines, row, first+3*128, first+4*128) {
			n = 5
		}
		for i, v := range r.start(n) {
			rows[first+128*i] = v
		}
		read := func(arg string) (symbolic, error) {
			if n, ok := row(arg); ok {
				if rows[n] == nil {
					return nil, fmt.Errorf("%s: row %d is read before it is written", fn[1], n)
				}
				return rows[n], nil
			}
			if name, ok := strings.CutSuffix(arg, "(SB)"); ok {
				if data[name] == nil {
					return nil, fmt.Errorf("%s: no constant %s", fn[1], name)
				}
				return data[name], nil
			}
			if registers[arg] == nil {
				return nil, fmt.Errorf("%s: %s is read before it is written", fn[1], arg)
			}
			return registers[arg], nil
		}
		for _, line := range lines {
			op, rest, _ := strings.Cut(strings.TrimSpace(line), "\t")
			args = strings.Split(rest, ", ")
			var in []symbolic
			switch op {
			case "CALL":
				t, y := rows[base], rows[base+128]
				if t == nil || y == nil {
					return nil, fmt.Errorf("%s: a call without arguments", fn[1])
				}
				rows[base+3*128] = r.field(t, y)
				continue
			case "VMOVUPD", "VMOVUPS", "VMULPD", "VADDPD", "VSUBPD", "VFMADD132PD", "VFMADD213PD", "VFMADD231PD":
				reads := args[:len(args)-1]
				if strings.HasPrefix(op, "VFMADD") {
					reads = args
				}
				for _, a := range reads {
					v, err := read(a)
					if err != nil {
						return nil, err
					}
					in = append(in, v)
				}
			case "VXORPD", "VPXORQ": // with a sign
				v, err := read(args[1])
				if err != nil || args[0] != "f64_8000000000000000<>(SB)" {
					return nil, fmt.Errorf("%s: %s of %s: %v", fn[1], op, args[0], err)
				}
				in = append(in, symbolic{}.plus(v, -1))
			case "MOVQ", "ADDQ", "DECQ", "JNE", "":
				continue
			default:
				if strings.HasPrefix(op, "//") || strings.HasSuffix(op, ":") {
					continue
				}
				return nil, fmt.Errorf("%s: instruction %s", fn[1], op)
			}
			var v symbolic
			switch op {
			case "VMULPD":
				v = in[0].times(in[1])
			case "VADDPD":
				v = in[0].plus(in[1], 1)
			case "VSUBPD":
				v = in[1].plus(in[0], -1) // Go writes what is taken away first
			case "VFMADD132PD": // Go writes the operands from the last to the first
				v = in[2].times(in[0]).plus(in[1], 1)
			case "VFMADD213PD":
				v = in[1].times(in[2]).plus(in[0], 1)
			case "VFMADD231PD":
				v = in[0].times(in[1]).plus(in[2], 1)
			default:
				v = in[0]
			}
			if n, ok := row(args[len(args)-1]); ok {
				rows[n] = v
			} else {
				registers[args[len(args)-1]] = v
			}
		}
		for at := first + 128*n; at <= last && rows[at] != nil; at += 128 {
			r.results = append(r.results, rows[at])
		}
		out[fn[1]] = r
	}
	return out, nil
}

// carries reports whether a row is read before the first call, and the next one is an argument too.
func carries(lines []string, row func(string) (int, bool), at, next int) bool {
	seen := map[int]bool{}
	wrote := map[int]bool{}
	for _, line := range lines {
		op, rest, _ := strings.Cut(strings.TrimSpace(line), "\t")
		args := strings.Split(rest, ", ")
		for i, a := range args {
			if n, ok := row(a); ok && strings.HasPrefix(op, "V") {
				if i < len(args)-1 && !wrote[n] {
					seen[n] = true
				} else {
					wrote[n] = true
				}
			}
		}
	}
	return seen[at] && seen[next]
}
