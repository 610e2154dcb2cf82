package golden

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"maps"
	"math/big"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// The steps of methods are read back from emitted text: it is executed with symbols for time, step, state and
// every evaluation of the field, and exact numbers for its literals, so that what comes out is the method that the text
// has, whatever the compiler believes. Its coefficients have to be those of the row, each rounded to its element type once, and to
// satisfy the order conditions.

// symbolic is a sum of products of symbols, each with a coefficient: "h*k2" with 1/5.
type symbolic map[string]*big.Rat

func symbol(name string) symbolic { return symbolic{name: big.NewRat(1, 1)} }

// plus is p + q, or p - q. Numbers are never changed, so that sums share them.
func (p symbolic) plus(q symbolic, sign int) symbolic {
	out := make(symbolic, len(p)+len(q))
	maps.Copy(out, p)
	for s, c := range q {
		if sign < 0 {
			c = new(big.Rat).Neg(c)
		}
		if out[s] != nil {
			c = new(big.Rat).Add(out[s], c)
		}
		if out[s] = c; c.Sign() == 0 {
			delete(out, s)
		}
	}
	return out
}

func (p symbolic) times(q symbolic) symbolic {
	out := make(symbolic, len(p)*len(q))
	for s, c := range p {
		for r, d := range q {
			name := s + r
			if s != "" && r != "" {
				parts := append(strings.Split(s, "*"), strings.Split(r, "*")...)
				slices.Sort(parts)
				name = strings.Join(parts, "*")
			}
			x := new(big.Rat).Mul(c, d)
			if out[name] != nil {
				x.Add(x, out[name])
			}
			if out[name] = x; x.Sign() == 0 {
				delete(out, name)
			}
		}
	}
	return out
}

// over is p/q, where q is a term or a symbol.
func (p symbolic) over(q symbolic) (symbolic, error) {
	for s, c := range q {
		if len(q) > 1 || strings.Contains(s, "*") {
			break
		}
		if s != "" {
			s = "1/" + s
		}
		return p.times(symbolic{s: new(big.Rat).Inv(c)}), nil
	}
	return nil, fmt.Errorf("division by %v", q)
}

func (p symbolic) equal(q symbolic) bool {
	for s, c := range p {
		if q[s] == nil || q[s].Cmp(c) != 0 {
			return false
		}
	}
	return len(p) == len(q)
}

// form is what arguments of a function mean, by its name after that of the solve.
type form struct {
	args    []string // "t", "h" and "theta" are float64
	results int
	first   bool // the argument k0 is the first evaluation of the field
}

// double reports whether an argument is float64 in every package.
func double(arg string) bool { return arg == "t" || arg == "h" || arg == "theta" || arg == "short" }

// read is a function as its text has it: where the field is evaluated, and the results in their order.
type read struct {
	t       []symbolic
	y       [][]symbolic // by state
	results []symbolic
	carried bool         // the first evaluation is an argument
	single  map[int]bool // by offset of a literal in Go text, whether it is float32
}

// begin readies the reading of a function.
func (f form) begin() *read {
	r := &read{carried: f.first, single: map[int]bool{}}
	if f.first {
		r.field(symbol("t"), []symbolic{symbol("x")})
	}
	return r
}

// field is an evaluation of the field; the derivatives of several states have the place of the state behind them.
func (r *read) field(t symbolic, y []symbolic) []symbolic {
	r.t, r.y = append(r.t, t), append(r.y, y)
	out := make([]symbolic, len(y))
	for i := range out {
		if name := fmt.Sprintf("k%d", len(r.t)-1); len(y) == 1 {
			out[i] = symbol(name)
		} else {
			out[i] = symbol(fmt.Sprintf("%s_%d", name, i))
		}
	}
	return out
}

// numberKind is the type of a number of a text.
type numberKind uint8

const (
	literal numberKind = iota // of either type
	float64s
	float32s
)

// term is what an expression gives. A literal is rounded where its type is known.
type term struct {
	symbolic
	numberKind
	at int // place of a literal in the text
}

// as is x as a term of a type, which a literal takes from the other operand.
func (r *read) as(x term, k numberKind) symbolic {
	if x.numberKind == literal && k != literal {
		for s, c := range x.symbolic {
			f, _ := c.Float64()
			if k == float32s {
				single, _ := c.Float32()
				f = float64(single)
			}
			x.symbolic = symbolic{s: new(big.Rat).SetFloat64(f)}
		}
		r.single[x.at] = k == float32s
	}
	return x.symbolic
}

// scope is what names mean in a function of Go or of C++, where the two are spelled alike.
type scope struct {
	*read
	names  map[string]term
	loops  map[string]int // variables of loops
	real   numberKind     // of the package
	called func(name string, args []term) ([]term, error)
}

func (s *scope) expression(e ast.Expr) (term, error) {
	switch e := e.(type) {
	case *ast.ParenExpr:
		return s.expression(e.X)
	case *ast.Ident:
		if v, ok := s.names[e.Name]; ok {
			return v, nil
		}
		return term{}, fmt.Errorf("%s is not known", e.Name)
	case *ast.IndexExpr:
		return s.names[s.element(e)], nil
	case *ast.BasicLit:
		x, ok := new(big.Rat).SetString(e.Value)
		if !ok {
			return term{}, fmt.Errorf("%s is no number", e.Value)
		}
		return term{symbolic{"": x}.plus(nil, 1), literal, int(e.Pos()) - 1}, nil
	case *ast.UnaryExpr:
		x, err := s.expression(e.X)
		return term{symbolic{}.plus(x.symbolic, -1), x.numberKind, x.at}, err
	case *ast.BinaryExpr:
		a, err := s.expression(e.X)
		if err != nil {
			return term{}, err
		}
		b, err := s.expression(e.Y)
		if err != nil {
			return term{}, err
		}
		k := max(a.numberKind, b.numberKind)
		if a.numberKind != b.numberKind && min(a.numberKind, b.numberKind) != literal {
			return term{}, fmt.Errorf("operands of two types")
		}
		x, y := s.as(a, k), s.as(b, k)
		switch e.Op {
		case token.ADD:
			return term{x.plus(y, 1), k, a.at}, nil
		case token.SUB:
			return term{x.plus(y, -1), k, a.at}, nil
		case token.MUL:
			return term{x.times(y), k, a.at}, nil
		case token.QUO:
			v, err := x.over(y)
			return term{v, k, a.at}, err
		}
	case *ast.CallExpr:
		name, ok := e.Fun.(*ast.Ident)
		if !ok || len(e.Args) != 1 {
			break
		}
		x, err := s.expression(e.Args[0])
		if k := s.typed(name.Name); k != literal {
			return term{s.as(x, k), k, x.at}, err
		}
	}
	return term{}, fmt.Errorf("%T is not an expression of a step", e)
}

// typed is the type that a name is.
func (s *scope) typed(name string) numberKind {
	switch name {
	case "Real", "real":
		return s.real
	case "float64", "double":
		return float64s
	case "single":
		return float32s
	}
	return literal
}

// element names an element of an array.
func (s *scope) element(e *ast.IndexExpr) string {
	array, _ := e.X.(*ast.Ident)
	switch i := e.Index.(type) {
	case *ast.Ident:
		return fmt.Sprintf("%s[%d]", array.Name, s.loops[i.Name])
	case *ast.BasicLit:
		return fmt.Sprintf("%s[%s]", array.Name, i.Value)
	}
	return ""
}

// set gives a name on the left of an assignment its meaning.
func (s *scope) set(e ast.Expr, v term) {
	switch e := e.(type) {
	case *ast.Ident:
		s.names[e.Name] = v
	case *ast.IndexExpr:
		s.names[s.element(e)] = v
	}
}

// call evaluates the field, or another function of the method.
func (s *scope) call(e *ast.CallExpr) ([]term, error) {
	name, ok := e.Fun.(*ast.Ident)
	if !ok {
		return nil, fmt.Errorf("a call of no function")
	}
	var args []term
	for _, a := range e.Args {
		x, err := s.expression(a)
		if err != nil {
			return nil, err
		}
		args = append(args, x)
	}
	return s.called(name.Name, args)
}

// evaluated is a call of the field with its arguments.
func (s *scope) evaluated(args []term) []term {
	y := make([]symbolic, 0, len(args))
	for _, a := range args[1 : len(args)-1] {
		y = append(y, s.as(a, s.real))
	}
	var out []term
	for _, k := range s.field(s.as(args[0], float64s), y) {
		out = append(out, term{k, s.real, 0})
	}
	return out
}

// statement executes a statement of Go; results are those of a return.
func (s *scope) statement(st ast.Stmt) (results []term, err error) {
	switch st := st.(type) {
	case *ast.AssignStmt:
		if call, ok := st.Rhs[0].(*ast.CallExpr); ok && s.typed(fmt.Sprint(call.Fun)) == literal {
			vs, err := s.call(call)
			if err != nil {
				return nil, err
			}
			if len(vs) != len(st.Lhs) {
				return nil, fmt.Errorf("%d results for %d names", len(vs), len(st.Lhs))
			}
			for i, l := range st.Lhs {
				s.set(l, vs[i])
			}
			return nil, nil
		}
		v, err := s.expression(st.Rhs[0])
		s.set(st.Lhs[0], v)
		return nil, err
	case *ast.DeclStmt:
		for _, sp := range st.Decl.(*ast.GenDecl).Specs {
			if v := sp.(*ast.ValueSpec); len(v.Values) == 1 {
				x, err := s.expression(v.Values[0])
				if err != nil {
					return nil, err
				}
				k := s.typed(fmt.Sprint(v.Type))
				s.names[v.Names[0].Name] = term{s.as(x, k), k, x.at}
			}
		}
	case *ast.ForStmt: // n := 0; n < a number; n++
		name := st.Init.(*ast.AssignStmt).Lhs[0].(*ast.Ident).Name
		n, err := strconv.Atoi(st.Cond.(*ast.BinaryExpr).Y.(*ast.BasicLit).Value)
		if err != nil {
			return nil, err
		}
		for s.loops[name] = 0; s.loops[name] < n; s.loops[name]++ {
			for _, inner := range st.Body.List {
				if _, err := s.statement(inner); err != nil {
					return nil, err
				}
			}
		}
	case *ast.ReturnStmt:
		for _, e := range st.Results {
			v, err := s.expression(e)
			if err != nil {
				return nil, err
			}
			results = append(results, v)
		}
	default:
		return nil, fmt.Errorf("statement %T", st)
	}
	return results, nil
}

var (
	stepName = regexp.MustCompile(`^m[a-z]0(\w+)$`)
	goField  = regexp.MustCompile(`^sField\d*$`)
)

// readGo reads the functions of a Go file that have a form, by their names.
func readGo(text string, forms map[string]form, single bool) (map[string]*read, error) {
	f, err := parser.ParseFile(token.NewFileSet(), "", text, 0)
	if err != nil {
		return nil, err
	}
	functions := map[string]*ast.FuncDecl{}
	for _, d := range f.Decls {
		if fn, ok := d.(*ast.FuncDecl); ok && fn.Recv == nil {
			functions[fn.Name.Name] = fn
		}
	}
	// run executes a function with arguments.
	var run func(r *read, fn *ast.FuncDecl, args []term) ([]term, error)
	run = func(r *read, fn *ast.FuncDecl, args []term) ([]term, error) {
		s := &scope{read: r, names: map[string]term{}, loops: map[string]int{}, real: realOf(single)}
		s.called = func(name string, args []term) ([]term, error) {
			switch other := functions[name]; {
			case goField.MatchString(name):
				return s.evaluated(args), nil
			case other != nil:
				return run(r, other, args)
			}
			return nil, fmt.Errorf("%s is called", name)
		}
		if len(args) != len(fn.Type.Params.List) {
			return nil, fmt.Errorf("%d parameters, not %d", len(fn.Type.Params.List), len(args))
		}
		for i, p := range fn.Type.Params.List {
			k := s.typed(fmt.Sprint(p.Type))
			s.names[p.Names[0].Name] = term{s.as(args[i], k), k, 0}
		}
		for _, st := range fn.Body.List {
			if out, err := s.statement(st); out != nil || err != nil {
				return out, err
			}
		}
		return nil, fmt.Errorf("no result")
	}
	out := map[string]*read{}
	for name, fn := range functions {
		m := stepName.FindStringSubmatch(name)
		if m == nil || forms[m[1]].args == nil {
			continue
		}
		r := forms[m[1]].begin()
		var args []term
		for _, a := range forms[m[1]].args {
			args = append(args, term{symbolic: symbol(a)})
		}
		results, err := run(r, fn, args)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		for _, v := range results {
			r.results = append(r.results, v.symbolic)
		}
		out[name] = r
	}
	return out, nil
}

// realOf is the type of states.
func realOf(single bool) numberKind {
	if single {
		return float32s
	}
	return float64s
}

var (
	cudaStep  = regexp.MustCompile(`(?s)NDEC_D void (m[a-z]_0_(\w+))\(([^)]*)\) \{\n(.*?)\n\}`)
	cudaLine  = regexp.MustCompile(`^(?:(double|real) )?(\w+) = (.*);$`)
	suffix    = regexp.MustCompile(`(\d[\d.]*(?:e[-+]?\d+)?)f\b`) // float literals
	cudaField = regexp.MustCompile(`^s_field\w*\((.*)\);$`)
)

// readCUDA reads the functions of a CUDA file that have a form, by their names in Go.
func readCUDA(text string, forms map[string]form, single bool) (map[string]*read, error) {
	out := map[string]*read{}
	for _, fn := range cudaStep.FindAllStringSubmatch(text, -1) {
		parts := strings.Split(fn[1], "_") // ma_0_dense_step
		for i := 2; i < len(parts); i++ {
			parts[i] = strings.ToUpper(parts[i][:1]) + parts[i][1:]
		}
		f := forms[strings.Join(parts[2:], "")]
		if f.args == nil {
			continue
		}
		s := &scope{read: f.begin(), names: map[string]term{}, real: realOf(single)}
		var in, results []string
		for _, p := range strings.Split(fn[3], ", ") {
			typed, name, _ := strings.Cut(p, " ")
			if strings.HasPrefix(name, "&") {
				results = append(results, name[1:])
				continue
			}
			if len(in) == len(f.args) {
				return nil, fmt.Errorf("%s has more than %d parameters", fn[1], len(in))
			}
			s.names[name] = term{symbol(f.args[len(in)]), s.typed(typed), 0}
			in = append(in, name)
		}
		value := func(text string) (term, error) {
			e, err := parser.ParseExpr(suffix.ReplaceAllString(text, "single($1)"))
			if err != nil {
				return term{}, fmt.Errorf("%s: %s: %w", fn[1], text, err)
			}
			v, err := s.expression(e)
			if err != nil {
				err = fmt.Errorf("%s: %s: %w", fn[1], text, err)
			}
			return v, err
		}
		for _, line := range strings.Split(fn[4], "\n") {
			line = strings.TrimSpace(line)
			if m := cudaField.FindStringSubmatch(line); m != nil {
				args := strings.Split(m[1], ", ")
				n := (len(args) - 2) / 2 // time, states, context, derivatives
				var vs []term
				for _, a := range args[:n+2] {
					v, err := value(a)
					if err != nil {
						return nil, err
					}
					vs = append(vs, v)
				}
				for i, k := range s.evaluated(vs) {
					s.names[args[n+2+i]] = k
				}
			} else if m := cudaLine.FindStringSubmatch(line); m != nil {
				v, err := value(m[3])
				if err != nil {
					return nil, err
				}
				if k := s.typed(m[1]); k != literal {
					v = term{s.as(v, k), k, 0}
				}
				s.names[m[2]] = v
			} else if !strings.HasPrefix(line, "//") {
				return nil, fmt.Errorf("%s: %s", fn[1], line)
			}
		}
		for _, name := range results {
			s.results = append(s.results, s.names[name].symbolic)
		}
		out[strings.Join(parts, "")] = s.read
	}
	return out, nil
}
