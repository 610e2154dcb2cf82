package sema

import (
	"math"
	"sort"
	"strconv"
	"strings"

	"ndec.dev/ndec/dsl/layer"
	"ndec.dev/ndec/dsl/syntax"
	"ndec.dev/ndec/ir"
	"ndec.dev/ndec/ir/diag"
	"ndec.dev/ndec/ir/method"
)

// Options are what the command line may change.
type Options struct {
	// Precision is "f32" (also when empty) or "f64".
	Precision string
	// Set overrides constants ("N") and settings of recipes ("Fit.epochs", or "epochs" for all).
	Set map[string]string
	// Dir is the folder of the package, absolute, by which two ways to an imported folder are known as one;
	// "" where there are no folders.
	Dir string
	// With replaces declared solvers: "Fwd" by a literal (or the name of a method or solver).
	With map[string]syntax.Expr
	// Variants are further models, for measuring; with them the program has no recipes.
	Variants []Variant
}

// maxSize bounds every size, so that products of a few of them fit an int64.
const maxSize = 1 << 31

// maxElems bounds the elements of one tensor.
const maxElems = 1 << 28

// checker holds what is known about a package. Declarations are checked on demand, each once.
type checker struct {
	opts    Options
	real    ir.Elem
	diags   diag.List
	said    map[said]bool
	files   []*syntax.File
	prog    *Program
	decls   map[string]*decl
	order   []*decl
	pkgs    []*pkg // the one that is compiled comes first
	setUsed map[string]bool
	movesBy map[layer.Moving]Expr // the numbers that layers depend on
	draws   map[string]int        // draws by declaration, which number their sites
	depth   int
	units   bool // a unit is written somewhere
}

// said is one complaint; the same one is made once.
type said struct {
	code diag.Code
	at   diag.Pos
	text string
}

// declState says how far a declaration is.
type declState uint8

const (
	untouched declState = iota
	inProgress
	done
)

// decl is a declared name of the package.
type decl struct {
	name  string
	what  string // "net", "system", …
	node  syntax.Decl
	spec  *syntax.ConstSpec
	state declState
	home  *pkg

	value     Expr             // const
	instances map[string]*Func // fn, net: by sizes
	system    *System
	solver    *Solver
	method    *method.Row
	hyper     *Hyper
	model     *Model
	data      *Data
	recipe    *Recipe
	test      *Test
	bad       bool // checked, with errors that make it unusable
}

// Check resolves names, sizes and types of a package. The program is complete when the list has
// no errors; it is never nil.
func Check(files []*syntax.File, opts Options) (*Program, diag.List) {
	c := &checker{opts: opts, real: ir.F32, said: map[said]bool{}, files: files, decls: map[string]*decl{},
		prog: &Program{}, setUsed: map[string]bool{}, draws: map[string]int{}, movesBy: map[layer.Moving]Expr{}}
	if opts.Precision == "f64" {
		c.real = ir.F64
	}
	c.prog.Real = c.real
	c.collect()
	for _, d := range c.order {
		c.touch(d)
	}
	c.order = append(c.order, c.imported()...)
	c.finish()
	c.variants()
	c.checkUnits()
	c.diags = c.diags.OnePerLine()
	c.diags.Sort()
	return c.prog, c.diags
}

// stray says that the parser let a statement pass that its block has not.
func (c *checker) stray(at diag.Span) {
	c.errorf("NDE0899", at, "compiler bug: the parser let a statement pass that does not belong here")
}

func (c *checker) errorf(code diag.Code, at diag.Span, format string, args ...any) {
	var l diag.List
	l.Errorf(code, at, format, args...)
	c.report(l[0])
}

func (c *checker) report(d diag.Diagnostic) {
	key := said{d.Code, d.Span.Start, d.Text}
	if !c.said[key] {
		c.said[key] = true
		c.diags = append(c.diags, d)
	}
}

// generatedNames are those of the generated package that a declaration would collide with.
var generatedNames = []string{"Params", "NewParams", "LoadParams", "Real"}

// collectDecl enters a declaration of p.
func (c *checker) collectDecl(p *pkg, n syntax.Decl) {
	enter := func(name *syntax.Ident, what string, spec *syntax.ConstSpec) {
		if name == nil {
			return
		}
		d := &decl{name: p.qualify(name.Name, what), what: what, home: p, node: n, spec: spec, instances: map[string]*Func{}}
		p.order = append(p.order, d)
		if old := p.decls[name.Name]; old != nil {
			c.errorf("NDE0202", name.At(), "%s is declared twice; the first one is at %s", name.Name, old.at().Start)
			return
		}
		for _, g := range generatedNames {
			if p.main && name.Name == g {
				c.errorf("NDE0208", name.At(), "%s is a name of the generated package; choose another", g)
			}
		}
		p.decls[name.Name] = d
	}
	switch n := n.(type) {
	case *syntax.ConstDecl:
		for _, s := range n.Specs {
			enter(s.Name, "const", s)
		}
	case *syntax.FuncDecl:
		what := "fn"
		if n.Kind == syntax.Net {
			what = "net"
		}
		enter(n.Name, what, nil)
	case *syntax.ModelDecl:
		enter(n.Name, "model", nil)
	case *syntax.SystemDecl:
		enter(n.Name, "system", nil)
	case *syntax.SolverDecl:
		enter(n.Name, "solver", nil)
	case *syntax.HyperDecl:
		enter(n.Name, "hypersolver", nil)
	case *syntax.DataDecl:
		enter(n.Name, "data", nil)
	case *syntax.TrainDecl:
		enter(n.Name, "train", nil)
	case *syntax.TargetDecl:
		if p.main {
			p.order = append(p.order, &decl{what: "target", home: p, node: n})
		}
	case *syntax.ImportDecl:
		p.imports = append(p.imports, n)
		if old := p.decls[n.Name.Name]; old == nil || old.what != "import" {
			enter(n.Name, "import", nil)
		}
	case *syntax.DimDecl:
		enter(n.Name, "dim", nil)
	case *syntax.MethodDecl:
		enter(n.Name, "method", nil)
	case *syntax.TestDecl:
		enter(n.Name, "test", nil)
	}
}

// at is where a declaration is complained about.
func (d *decl) at() diag.Span {
	if d.spec != nil {
		return d.spec.At()
	}
	return d.node.At()
}

// touch checks a declaration unless that was done; ok is false inside a cycle.
func (c *checker) touch(d *decl) (ok bool) {
	switch d.state {
	case inProgress:
		c.errorf("NDE0205", d.at(), "%s %s refers to itself", d.what, d.name)
		d.bad = true
		return false
	case done:
		return !d.bad
	}
	d.state = inProgress
	defer c.within(d)()
	before := len(c.diags)
	switch n := d.node.(type) {
	case *syntax.ConstDecl:
		c.checkConst(d)
	case *syntax.DimDecl:
		c.checkDim(d, n)
	case *syntax.FuncDecl:
		d.state = untouched // instances have states of their own
		if len(n.Dims) == 0 {
			c.instantiate(d, nil, "", n.At())
		}
	case *syntax.SystemDecl:
		c.checkSystem(d, n)
	case *syntax.SolverDecl:
		c.checkSolverDecl(d, n)
	case *syntax.ModelDecl:
		c.checkModel(d, n)
	case *syntax.DataDecl:
		c.checkData(d, n)
	case *syntax.TrainDecl:
		c.checkTrain(d, n)
	case *syntax.TargetDecl:
		c.checkTarget(n)
	case *syntax.HyperDecl:
		c.checkHyper(d, n)
	case *syntax.MethodDecl:
		c.checkMethod(d, n)
	case *syntax.TestDecl:
		c.checkTest(d, n)
	}
	d.state = done
	d.bad = d.bad || c.diags[before:].HasErrors()
	return !d.bad
}

// find resolves a declared name of one sort.
func (c *checker) find(name *syntax.Ident, code diag.Code, whats ...string) *decl {
	d := c.decls[name.Name]
	for _, w := range whats {
		if d != nil && d.what == w {
			return d
		}
	}
	if d != nil && d.what == "missing" {
		return nil // said where it was linked
	}
	if d != nil {
		c.errorf("NDE0204", name.At(), "%s is a %s, not a %s", name.Name, d.what, strings.Join(whats, " or a "))
		return nil
	}
	var names []string
	for n, d := range c.decls {
		for _, w := range whats {
			if d.what == w {
				names = append(names, n)
			}
		}
	}
	sort.Strings(names)
	c.errorf(code, name.At(), "unknown %s %q%s", whats[0], name.Name, didYouMean(name.Name, names))
	return nil
}

// didYouMean is the candidate that name was meant to be. In the text of a diagnostic it is also the
// fix of what stands at its place.
func didYouMean(name string, candidates []string) diag.Meant {
	return diag.Meant(diag.Suggest(name, candidates))
}

func (c *checker) checkConst(d *decl) {
	s := d.spec
	if text, ok := c.opts.Set[d.name]; ok {
		c.setUsed[d.name] = true
		d.value = c.setNumber(d.name, text, s.At())
	} else {
		d.value = c.expr(s.Value, &env{where: inConst})
	}
	if isInvalid(d.value) {
		d.bad = true
		return
	}
	l, ok := d.value.(*Lit)
	if !ok {
		c.errorf("NDE0309", s.Value.At(), "const %s must be a constant expression", d.name)
		d.value = invalid(s.At())
		return
	}
	if s.Type != nil {
		want := c.typeOf(s.Type, &env{where: inConst})
		if want.Unit != nil {
			if q := quantityOfLit(l); q.kind == united {
				c.clash(s.Value.At(), q.unit, *want.Unit, "const %s has unit %s, but %s is declared", d.name, q.unit, *want.Unit)
			}
		}
		x, ok := coerce(l, want)
		if y, isLit := x.(*Lit); isLit && ok {
			m := *y
			m.T.Unit, m.named = want.Unit, false
			x = &m
		}
		if !ok && want.IsValid() {
			c.errorf("NDE0304", s.Value.At(), "const %s is declared %s, but its value has type %s", d.name, want, l.T)
		}
		d.value = x
	}
	if l := literal(d.value); l != nil {
		c.prog.Consts = append(c.prog.Consts, &Const{Name: d.name, Value: l.Num, Span: s.At(), Doc: s.Doc})
	}
}

// setNumber is a value of the command line.
func (c *checker) setNumber(name, text string, at diag.Span) Expr {
	x, err := strconv.ParseFloat(strings.TrimSpace(text), 64)
	if err != nil || math.IsNaN(x) {
		c.errorf("NDE0720", at, "%s is set to %q, which is not a number", name, text)
		return invalid(at)
	}
	if !strings.ContainsAny(text, ".eEn") {
		return number(x, UntypedInt, at)
	}
	return number(x, Untyped, at)
}

// finish puts everything into the order of the source and checks what concerns the whole.
func (c *checker) finish() {
	for _, d := range c.order {
		switch {
		case d.system != nil:
			c.prog.Systems = append(c.prog.Systems, d.system)
			c.prog.Params = append(c.prog.Params, d.system.Params...)
		case d.solver != nil:
			c.prog.Solvers = append(c.prog.Solvers, d.solver)
		case d.hyper != nil:
			c.prog.Hypers = append(c.prog.Hypers, d.hyper)
		case d.model != nil:
			if d.model.Base == nil {
				c.prog.Params = append(c.prog.Params, d.model.Params...)
			}
		case d.data != nil:
			c.prog.Data = append(c.prog.Data, d.data)
			c.prog.Params = append(c.prog.Params, d.data.Params...)
		case d.test != nil:
			c.prog.Tests = append(c.prog.Tests, d.test)
		case d.recipe != nil:
			c.prog.Recipes = append(c.prog.Recipes, d.recipe)
		case len(d.instances) > 0:
			var own []*Func
			for _, f := range d.instances {
				own = append(own, f)
			}
			sort.Slice(own, func(i, j int) bool { return own[i].Name < own[j].Name })
			for _, f := range own {
				c.prog.Params = append(c.prog.Params, f.Params...)
			}
		}
	}
	for i, p := range c.prog.Params {
		p.Index = i
	}
	c.checkCommandLine()
}

// checkCommandLine complains about overrides that name nothing.
func (c *checker) checkCommandLine() {
	var at diag.Span
	if len(c.files) > 0 && c.files[0].Package != nil {
		at = c.files[0].Package.At()
	}
	for _, name := range sortedKeys(c.opts.Set) {
		if !c.setUsed[name] {
			var known []string
			for n, d := range c.decls {
				if d.what == "const" {
					known = append(known, n)
				}
			}
			sort.Strings(known)
			c.errorf("NDE0720", at, "--set %s: no constant or setting has this name%s", name, didYouMean(name, known).String())
		}
	}
	for _, name := range sortedKeys(c.opts.With) {
		if d := c.decls[name]; d == nil || d.what != "solver" {
			var known []string
			for n, d := range c.decls {
				if d.what == "solver" {
					known = append(known, n)
				}
			}
			sort.Strings(known)
			c.errorf("NDE0721", at, "--with %s: no solver has this name%s", name, didYouMean(name, known).String())
		}
	}
}

func sortedKeys[V any](m map[string]V) []string {
	keys := make([]string, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	sort.Strings(keys)
	return keys
}

// typeOf is the type that a program writes.
func (c *checker) typeOf(t *syntax.Type, e *env) Type {
	if t == nil || t.Elem == nil {
		return Type{}
	}
	typ := Type{Kind: TensorKind}
	if t.Unit != nil {
		c.units = true
		if typ.Unit = c.unitOf(t.Unit); typ.Unit == nil {
			return Type{}
		}
	}
	found := false
	for el, n := range elemNames {
		if n == t.Elem.Name && !Elem(el).IsUntyped() {
			typ.Elem, found = Elem(el), true
		}
	}
	if !found {
		c.errorf("NDE0201", t.Elem.At(), "unknown type %q%s", t.Elem.Name, didYouMean(t.Elem.Name, syntax.ElemNames()))
		return Type{}
	}
	if typ.Elem == F32 || typ.Elem == F64 || typ.Elem == BF16 {
		c.limit("element type", t.Elem.At())
		return Type{}
	}
	if t.Classes != nil {
		n, ok := c.sizeOf(t.Classes, e)
		if !ok {
			return Type{}
		}
		typ.Classes = n
	}
	total := 1
	dims := make([]string, len(t.Dims))
	for i, d := range t.Dims {
		v, n, ok := c.size(d, e)
		if !ok {
			return Type{}
		}
		dims[i] = dimOf(v)
		if total *= n; total > maxElems {
			c.errorf("NDE0310", d.At(), "a tensor of more than %d elements", maxElems)
			return Type{}
		}
		typ.Shape = append(typ.Shape, n)
	}
	return typ.named(func(axis int) string { return dims[axis] })
}

// sizeOf is a positive constant whole number.
func (c *checker) sizeOf(x syntax.Expr, e *env) (int, bool) {
	_, n, ok := c.size(x, e)
	return n, ok
}

// size is sizeOf with the number as an expression, which knows its dim.
func (c *checker) size(x syntax.Expr, e *env) (Expr, int, bool) {
	v := c.expr(x, e)
	if isInvalid(v) {
		return v, 0, false
	}
	l := literal(v)
	if l == nil {
		c.errorf("NDE0309", x.At(), "a size must be a constant expression")
		return v, 0, false
	}
	n, ok := c.wholeSize(l.Num, x.At())
	return v, n, ok
}

func (c *checker) wholeSize(x float64, at diag.Span) (int, bool) {
	if x != math.Trunc(x) || x < 1 || x >= maxSize {
		c.errorf("NDE0310", at, "a size must be a positive whole number, got %v", x)
		return 0, false
	}
	return int(x), true
}

// known layer and function names, for suggestions.
func callableNames() []string {
	names := append(layer.Names(), sortedKeys(builtins)...)
	return append(names, sortedKeys(specialForms())...)
}
