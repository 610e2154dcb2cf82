package lower

import (
	"fmt"
	"math"
	"slices"

	"ndec.dev/ndec/dsl/sema"
	"ndec.dev/ndec/ir"
	"ndec.dev/ndec/ir/diag"
)

// lowerer holds what the functions of one module share.
type lowerer struct {
	m       *ir.Module
	diags   diag.List
	funcs   map[*sema.Func]*ir.Func
	models  map[*sema.Model]*ir.Model
	systems map[driven]*system
	// apart are the definitions that are values of their own; see derivativeVariables.
	apart map[*sema.Var]bool
	// wide makes functions over f64, for references of hypersolvers.
	wide *ir.Widening
	// solvers are those with a name; placed are those written in place, shared with the lowerers of training.
	solvers []*sema.Solver
	placed  *[]placed
	// use is what is lowered now. What differs in training has models and systems of its own, made where a
	// recipe needs them; base is then the lowerer of all else.
	use  sema.Use
	base *lowerer
	// training are the lowerers of what recipes train, by what rounds the operands of products (OpInvalid: nothing). In mixed precision
	// alone tells its names from others: it shares no function.
	training map[ir.Op]*lowerer
	alone    string
}

// forTraining is the lowerer of what a recipe trains.
func (l *lowerer) forTraining(r *sema.Recipe) *lowerer {
	rounding := ir.Rounding(r.Settings)
	if t := l.training[rounding]; t != nil {
		return t
	}
	t := *l
	t.use, t.base = sema.Training, l
	t.models, t.systems = map[*sema.Model]*ir.Model{}, map[driven]*system{}
	if r.Mixed() {
		t.alone, t.funcs = map[ir.Op]string{ir.OpBfloat: ".mixed", ir.OpHalf: ".half"}[rounding], map[*sema.Func]*ir.Func{}
	}
	if l.training == nil {
		l.training = map[ir.Op]*lowerer{}
	}
	l.training[rounding] = &t
	return &t
}

// name is what something that is lowered for one use is called.
func (l *lowerer) name(of string) string {
	switch {
	case l.alone != "":
		return of + l.alone
	case l.use == sema.Training:
		return of + ".train"
	}
	return of
}

// differs reports whether this lowerer has a thing of its own that is another one by use.
func (l *lowerer) differs(x interface{ DiffersByUse() bool }) bool {
	return l.base != nil && (l.alone != "" || x.DiffersByUse())
}

// function is a fn or net; nil where it could not be lowered.
func (l *lowerer) function(f *sema.Func) *ir.Func {
	if l.funcs[f] == nil && l.alone != "" && l.base.funcs[f] != nil {
		l.fn(f)
	}
	return l.funcs[f]
}

// Lower gives the module of a program without errors. When something cannot be lowered the module
// is nil and the list says what: a limitation (NDE08xx), or a compiler bug (NDE0899).
func Lower(p *sema.Program) (*ir.Module, diag.List) {
	l := &lowerer{
		m:       &ir.Module{Package: p.Package, Doc: p.Doc, Files: p.Files, Real: p.Real, Target: p.Targets},
		funcs:   map[*sema.Func]*ir.Func{},
		models:  map[*sema.Model]*ir.Model{},
		systems: map[driven]*system{},
		apart:   derivativeVariables(p),
		solvers: p.Solvers,
		placed:  &[]placed{},
		use:     sema.Evaluation,
	}
	l.wide = &ir.Widening{Module: l.m, From: l.m.Real, To: ir.F64, Suffix: ".f64"}
	for _, q := range p.Params {
		l.guard(q.Span, func() { fits(q.Type.Elem, q.Span, slices.Concat(q.Init.Data, []float64{q.Init.A, q.Init.B})...) })
		l.m.AddParam(q)
	}
	for _, f := range p.Funcs {
		l.guard(f.Span, func() { l.fn(f) })
	}
	for _, m := range p.AllModels() {
		l.guard(m.Span, func() { l.model(m) })
	}
	for _, m := range p.Jacobians {
		l.guard(m.Span, func() { l.jacobian(m) })
	}
	for _, d := range p.Data {
		l.m.Data = append(l.m.Data, &ir.DataSet{Name: d.Name, Doc: d.Doc, Span: d.Span, Columns: l.ports(d.Columns), Settings: d.Settings})
	}
	for _, r := range p.Recipes {
		l.guard(r.Span, func() { l.recipe(r) })
	}
	if l.diags.HasErrors() {
		return nil, l.diags
	}
	return l.m, l.diags
}

// refusal is the panic value by which a construct that cannot be lowered ends its declaration. A
// refusal without a code follows from another one that was reported.
type refusal diag.Diagnostic

// Limitations that only lowering sees.
const (
	methodLater  diag.Code = "NDE0802"
	notSeparable diag.Code = "NDE0532"

	notSecondOrder diag.Code = "NDE0554"
	mixedFit       diag.Code = "NDE0617"
	timesBothWays  diag.Code = "NDE0564"
	eventsLater    diag.Code = "NDE0805"
	unsharedMean   diag.Code = "NDE0736"
	tooLarge       diag.Code = "NDE0339"
	compilerBug    diag.Code = "NDE0899"
)

func refuse(code diag.Code, at diag.Span, format string, args ...any) {
	panic(refusal{Code: code, Span: at, Text: fmt.Sprintf(format, args...)})
}

// fits refuses numbers that would be infinite in single precision.
func fits(e ir.Elem, at diag.Span, xs ...float64) {
	for _, x := range xs {
		if e == ir.F32 && math.IsInf(float64(float32(x)), 0) && !math.IsInf(x, 0) {
			refuse(tooLarge, at, "%g is too large for f32, whose numbers go up to 3.4e38; take a smaller one, or --precision f64", x)
		}
	}
}

// guard lowers one declaration and turns what stops it into a diagnostic.
func (l *lowerer) guard(at diag.Span, lower func()) {
	defer func() {
		switch e := recover().(type) {
		case nil:
		case refusal:
			if e.Code != "" {
				l.diags = append(l.diags, diag.Diagnostic(e))
			}
		case *ir.BuildError:
			l.diags.Errorf(compilerBug, at, "compiler bug: %v", e)
		default:
			panic(e)
		}
	}()
	lower()
}

// fn lowers an instance of a fn or net.
func (l *lowerer) fn(f *sema.Func) {
	s := l.scope(l.name(f.Name), f.Doc, f.Span)
	s.args(f.Args)
	l.funcs[f] = l.add(s.b.Return(s.expr(f.Result)))
}

// ports are inputs, outputs or columns as callers see them.
func (l *lowerer) ports(vars []*sema.Var) []ir.Port {
	var out []ir.Port
	for _, v := range vars {
		p := l.port(v.Name, v.Type)
		p.Fields, p.First = v.Fields, v.First
		if v.Present != nil {
			p.Present = v.Present.Name
		}
		out = append(out, p)
	}
	return out
}

func (l *lowerer) port(name string, t sema.Type) ir.Port {
	p := ir.Port{Name: name, Type: t.IR(l.m.Real), Classes: t.Classes}
	if t.Elem == sema.Bool {
		p.Classes = 2
	}
	if t.Unit != nil {
		p.Unit = t.Unit.Text
	}
	return p
}

// add appends a function under a name of its own: an instance of f at size 3 is f_3, as something
// that a program declares may be, too.
func (l *lowerer) add(f *ir.Func) *ir.Func {
	for l.m.FuncByName(f.Name) != nil {
		f.Name += "_"
	}
	return l.m.AddFunc(f)
}
