package sema

import (
	"fmt"
	"slices"
	"sort"
	"strconv"

	"ndec.dev/ndec/dsl/layer"
	"ndec.dev/ndec/dsl/syntax"
	"ndec.dev/ndec/ir"
	"ndec.dev/ndec/ir/diag"
)

// where is the kind of declaration that an expression stands in.
type where uint8

const (
	inConst where = iota
	inFn
	inNet
	inSystem
	inModel
	inRecipe
	inData
	inHyper
	inTest
)

// solves reports whether a solve may stand here.
func (w where) solves() bool { return w == inModel || w == inRecipe || w == inTest }

// env is the scope of one declaration: everything in it is local, package names come after.
type env struct {
	where  where
	owner  string // prefix of parameter names: the name of the net, system or model
	vars   map[string]*Var
	layers map[string]*namedLayer
	sizes  map[string]int // size parameters
	taken  map[string]diag.Span
	defs   []*Var
	params []*ir.Param
	states map[string]*Var // of a system
	slopes map[string]*Var // of a hypersolver: der(x) by state
	sys    *System

	// Parameter names of unnamed layers: prefix of the statement being checked, "" where
	// weighted pipelines need a name; claimed holds the pipeline that has a prefix.
	prefix  string
	claimed map[string]*syntax.PipeExpr
}

// namedLayer is `layer name = …`: a constructor or a net of its own weights.
type namedLayer struct {
	stmt   *syntax.LayerStmt
	row    *layer.Row
	opts   layer.Options
	ok     bool
	net    *decl
	inst   *layer.Instance
	params []*ir.Param
}

func newEnv(w where, owner string) *env {
	return &env{where: w, owner: owner, vars: map[string]*Var{}, layers: map[string]*namedLayer{},
		sizes: map[string]int{}, taken: map[string]diag.Span{}, claimed: map[string]*syntax.PipeExpr{}}
}

// take reserves a local name; false after a complaint.
func (c *checker) take(e *env, name *syntax.Ident) bool {
	if old, dup := e.taken[name.Name]; dup {
		c.errorf("NDE0202", name.At(), "%s is declared twice; the first one is at %d:%d", name.Name, old.Start.Line, old.Start.Col)
		return false
	}
	e.taken[name.Name] = name.At()
	return true
}

// bind enters a variable.
func (c *checker) bind(e *env, name *syntax.Ident, v *Var) *Var {
	v.Name, v.Span = name.Name, name.At()
	if c.take(e, name) {
		e.vars[name.Name] = v
	}
	return v
}

// names in scope, for suggestions.
func (c *checker) valueNames(e *env) []string {
	names := []string{"pi", "inf", "true", "false"}
	for n := range e.vars {
		names = append(names, n)
	}
	for n := range e.sizes {
		names = append(names, n)
	}
	for n, d := range c.decls {
		if d.what == "const" || d.what == "dim" {
			names = append(names, n)
		}
	}
	sort.Strings(names)
	return names
}

// ident is the value of a name.
func (c *checker) ident(x *syntax.Ident, e *env) Expr {
	at := x.At()
	if v := e.vars[x.Name]; v != nil {
		if !v.Type.IsValid() {
			return invalid(at)
		}
		if v.Type.Kind == DistKind || v.Type.Kind == SignalKind {
			return v.Def
		}
		return &Ref{Node: Node{T: v.Type, At: at}, Var: v}
	}
	if n, ok := e.sizes[x.Name]; ok {
		return number(float64(n), UntypedInt, at)
	}
	if _, ok := e.taken[x.Name]; ok {
		if e.layers[x.Name] != nil {
			c.errorf("NDE0204", at, "%s is a layer, not a value; call it: %s(x)", x.Name, x.Name)
		}
		return invalid(at) // its declaration failed
	}
	if d := c.decls[x.Name]; d != nil {
		if d.what != "const" && d.what != "dim" {
			switch d.what {
			case "missing": // said where it was linked
			case "import":
				c.errorf("NDE0204", at, "%s is an imported package, not a value; name what you mean of it: %s.name", x.Name, x.Name)
			default:
				c.errorf("NDE0204", at, "%s is a %s, not a value", x.Name, d.what)
			}
			return invalid(at)
		}
		if !c.touch(d) || d.value == nil {
			return invalid(at)
		}
		l := *d.value.(*Lit)
		l.At = at
		l.named = l.named || l.T.Unit == nil
		return &l
	}
	if k, ok := constants[x.Name]; ok {
		return number(k, Untyped, at)
	}
	switch {
	case e.where == inSystem && e.sys != nil && isQuantity(e.sys, x.Name):
		c.errorf("NDE0409", at, "integrals and outputs cannot be read by the equations; make %s a state or a definition", x.Name)
	case builtins[x.Name] != nil || layer.Lookup(x.Name) != nil || specialForms()[x.Name] != nil:
		c.errorf("NDE0204", at, "%s is a function, not a value", x.Name)
	case x.Name == "t" && e.where.solves():
		c.errorf("NDE0201", at, "undefined: t; time is known in systems only; of a result of solve, end.t is the time at which it ended")
	case x.Name == "t" && (e.where == inNet || e.where == inFn):
		c.errorf("NDE0201", at, "undefined: t; time is known in systems only: give %s an argument t real and pass t where the system calls it", e.owner)
	default:
		c.errorf("NDE0201", at, "undefined: %s%s", x.Name, didYouMean(x.Name, c.valueNames(e)))
	}
	return invalid(at)
}

func isQuantity(s *System, name string) bool {
	for _, list := range [][]*Named{s.Integrals, s.Outputs} {
		for _, q := range list {
			if q.Name == name {
				return true
			}
		}
	}
	return false
}

// define checks `names := value` and enters the names. Of several values _ stands for one that nobody wants.
func (c *checker) define(s *syntax.DefineStmt, e *env) {
	if !slices.ContainsFunc(s.Names, func(n *syntax.Ident) bool { return n.Name != "_" }) {
		c.errorf("NDE0308", s.Names[0].At(), "_ names nothing, so that this defines nothing; give a name, or leave it out")
		return
	}
	saved := e.prefix
	if e.where == inNet || e.where == inModel || e.where == inSystem {
		e.prefix = e.owner + "." + s.Names[0].Name
	}
	x := settle(c.expr(s.Value, e))
	e.prefix = saved
	if len(s.Names) == 1 {
		t := x.Type()
		if t.Kind == TupleKind {
			c.errorf("NDE0308", s.Value.At(), "%d names for %d values", 1, len(t.Parts))
			t = Type{}
		}
		v := c.bind(e, s.Names[0], &Var{Kind: DefVar, Type: t, Def: x, Doc: s.Doc})
		if t.IsValid() && t.Kind != DistKind && t.Kind != SignalKind {
			e.defs = append(e.defs, v)
		}
		return
	}
	parts := x.Type().Parts
	if x.Type().IsValid() && len(parts) != len(s.Names) {
		c.errorf("NDE0308", s.Value.At(), "%d names for %d values", len(s.Names), max(1, len(parts)))
		parts = nil
	}
	if len(parts) == 0 {
		for _, n := range s.Names {
			if n.Name != "_" {
				c.bind(e, n, &Var{Kind: DefVar})
			}
		}
		return
	}
	for i, n := range s.Names {
		if n.Name == "_" {
			continue // not wanted
		}
		part := &Part{Node: Node{T: parts[i], At: n.At()}, X: x, Index: i}
		v := c.bind(e, n, &Var{Kind: DefVar, Type: parts[i], Def: part, Doc: s.Doc})
		e.defs = append(e.defs, v)
	}
}

// claim gives the prefix for the parameters of a pipeline, or asks for a name.
func (c *checker) claim(p *syntax.PipeExpr, e *env, layerName string, at diag.Span) (string, bool) {
	switch {
	case e.where != inNet && e.where != inModel && e.where != inSystem:
		c.errorf("NDE0210", at, "%s has parameters, which only nets, models and systems own; put it in a net", layerName)
	case p == nil || e.prefix == "":
		c.errorf("NDE0209", at, "%s has parameters that need a name here: declare it with layer name = %s(...)", layerName, layerName)
	case e.claimed[e.prefix] != nil && e.claimed[e.prefix] != p:
		c.errorf("NDE0209", at, "a second pipeline with parameters needs a name: declare layer name = %s(...), or define the pipeline with :=", layerName)
	default:
		e.claimed[e.prefix] = p
		return e.prefix, true
	}
	return "", false
}

// addParam makes a parameter of the scope's owner.
func (e *env) addParam(name string, t ir.Type, init ir.Init, at diag.Span) *ir.Param {
	p := &ir.Param{Name: name, Type: t, Net: e.owner, Init: init, Span: at}
	e.params = append(e.params, p)
	return p
}

// applyLayer puts a layer instance onto x with parameters named prefix.weight, ….
func (c *checker) applyLayer(inst *layer.Instance, params []*ir.Param, x Expr, at diag.Span) Expr {
	t := Tensor(x.Type().Elem, inst.Out.Shape...)
	return &Layer{Node: Node{T: t, At: at}, Inst: inst, Params: params, X: x, MovesBy: c.movesBy[inst.Options.Moving]}
}

// makeLayer settles a row for x; nil after a complaint.
func (c *checker) makeLayer(row *layer.Row, opts layer.Options, x Expr, at diag.Span) *layer.Instance {
	if x.Type().Kind != TensorKind || x.Type().Elem != Real {
		c.errorf("NDE0320", at, "%s wants reals, got %s", row.Name, x.Type())
		return nil
	}
	inst, err := row.Apply(x.Type().IR(c.real), opts)
	if err != nil {
		if m, ok := err.(*layer.Mismatch); ok {
			remedy := ""
			if m.Remedy != "" {
				remedy = "; " + m.Remedy
			}
			d := diag.Diagnostic{Code: "NDE0320", Span: at, Text: fmt.Sprintf("%s wants %s, got %s%s", row.Name, m.Want, x.Type(), remedy)}
			if len(x.Type().Shape) == 2 {
				d.Remedy = "if the first axis is the batch, leave it out: a program describes one sample"
			}
			c.report(d)
		} else {
			c.errorf("NDE0320", at, "%s: %v", row.Name, err)
		}
		return nil
	}
	total := 0
	for _, p := range inst.Params {
		total += p.Type.Len()
	}
	if total > maxElems || total < 0 {
		c.errorf("NDE0310", at, "%s has more than %d parameters", row.Name, maxElems)
		return nil
	}
	return inst
}

func (c *checker) layerParams(inst *layer.Instance, prefix string, e *env, at diag.Span) []*ir.Param {
	var params []*ir.Param
	for _, s := range inst.Params {
		params = append(params, e.addParam(prefix+"."+s.Name, s.Type, s.Init, at))
	}
	return params
}

// stageName is the name of stage i of a pipeline.
func stageName(prefix string, i int) string { return prefix + "." + strconv.Itoa(i) }
