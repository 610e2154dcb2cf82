package diff

import (
	"math"

	"ndec.dev/ndec/ir"
	"ndec.dev/ndec/ir/diag"
)

// unattackable is the code of an adversary that has nothing to ascend.
const unattackable diag.Code = "NDE0719"

// ball is the neighbourhood of a sample in which an adversary looks for a larger loss.
type ball struct {
	euclidean    bool // by the 2-norm of all elements, else by the largest element
	radius, rate float64
}

// attack gives a recipe with an adversary (pgd) its Attack: projected gradient ascent of the loss over
// a column, from the sample itself (Madry et al. 2018, with δ₀ = 0):
//
//	δ ← Π(δ + rate u(∂loss/∂x at x + δ)),   u(g) = sign g or g/‖g‖₂,   Π the projection to the ball
//
// An ascent whose gradient or solves are not finite leaves δ as it is and is remembered.
func (p *pass) attack(rc *ir.Recipe) {
	s, ok := ir.FindSetting(rc.Settings, "adversary")
	if !ok || s.Choice == nil || s.Choice.Row != "pgd" || rc.Objective == nil {
		return
	}
	number := func(key string) float64 {
		o, _ := s.Choice.Option(key)
		return o.Num
	}
	on, _ := s.Choice.Option("on")
	for i, c := range rc.Columns {
		if c.Name == on.Text {
			rc.Attacked = i
		}
	}
	norm, _ := s.Choice.Option("norm")
	n := int(number("steps"))
	within := ball{euclidean: norm.Text == "l2", radius: number("radius"), rate: number("rate")}
	if within.rate == 0 {
		within.rate = 2.5 * within.radius / float64(n)
	}
	f := rc.Fitted()
	step := p.ascent(f, rc.Attacked, within, s.Choice.Span)
	if step == nil {
		p.diags.Errorf(unattackable, on.Span, "the objective of %s does not depend on column %s, so that no ascent raises it; name a column that it depends on", rc.Name, on.Text)
		return
	}
	b := ir.NewFunc(p.fresh(f.Name+".attack"), s.Choice.Span, p.m.Real)
	b.Func.Doc, b.Func.Region = "where the loss is largest around a sample", f.Region
	args := copyArgs(b, f.Args)
	t := f.Args[rc.Attacked].Type
	scan := b.Emit(ir.OpScan, ir.Attr{Scan: &ir.Scan{Fn: step, N: n, Carry: 3, Guard: true}},
		append([]*ir.Value{b.Const(0, ir.I32), b.Const(0, ir.I32), b.Zeros(t)}, args...)...).Named("ascent")
	rs := b.Results(scan)
	b.Return(rs[2], rs[0])
	b.Func.ResultNames = []string{f.Args[rc.Attacked].Name + "_delta", "failed"}
	rc.Attack = p.m.AddFunc(b.Func)
}

// ascent is one step of an attack: (failed, number, δ, columns…) -> (failed, number, δ); nil where the
// loss does not depend on the column.
func (p *pass) ascent(f *ir.Func, on int, within ball, at diag.Span) *ir.Func {
	p.expand(f)
	b := p.derived(f, ".ascent")
	b.Func.Region = nil
	b.Span = at
	name, t := f.Args[on].Name, f.Args[on].Type
	failed, number := b.Arg("failed", ir.Scalar(ir.I32)), b.Arg("number", ir.Scalar(ir.I32))
	delta := b.Arg(name+"_delta", t)
	args := copyArgs(b, f.Args)
	x := b.Add(args[on], delta).Named(name + "_near")
	args[on] = x
	loss := b.Inline(f, args)[0]
	paired := p.pairCalls(b, map[*ir.Value]bool{x: true}, nil, []*ir.Value{loss}, x)
	loss, x = paired[0], paired[1]
	order := b.Func.Values
	r := p.body(b).reverse(map[*ir.Value]bool{x: true}, nil)
	r.seed(loss, b.Fill(1, loss.Type))
	r.sweep(order)
	g := r.bar[x]
	if g == nil || g.IsConst(0) {
		return nil
	}
	b.Span = at
	b.Real = t.Elem
	fine := b.Binary(ir.OpLe, b.Sum(b.Unary(ir.OpAbs, g)), b.Num(largest(t.Elem)))
	needed := ancestors(loss)
	for _, v := range order {
		if v.Op == ir.OpSolve && needed[v] {
			status := b.Result(v, len(v.Attr.Solve.States)+ir.StatStatus)
			i32 := func(x float64) *ir.Value { return b.Const(x, ir.I32) }
			bad := b.Binary(ir.OpAnd, b.Binary(ir.OpLe, i32(ir.StatusMaxSteps), status), b.Binary(ir.OpLe, status, i32(ir.StatusNonFinite)))
			fine = b.Binary(ir.OpAnd, fine, b.Unary(ir.OpNot, bad))
		}
	}
	number = b.Add(number, b.Const(1, ir.I32)).Named("number")
	first := b.Binary(ir.OpEq, failed, b.Const(0, ir.I32))
	next := b.Select(fine, within.move(b, delta, g), delta).Named(name + "_delta")
	failed = b.Select(b.Binary(ir.OpAnd, first, b.Unary(ir.OpNot, fine)), number, failed).Named("failed")
	b.Return(failed, number, next)
	b.Func.ResultNames = []string{"failed", "number", name + "_delta"}
	b.Func.DropDead()
	return p.m.AddFunc(b.Func)
}

// move goes from delta up along the gradient g and back into the ball.
func (w ball) move(b *ir.Builder, delta, g *ir.Value) *ir.Value {
	if !w.euclidean {
		up := b.Add(delta, b.Mul(b.Num(w.rate), b.Unary(ir.OpSign, g)))
		return b.Binary(ir.OpMin, b.Binary(ir.OpMax, up, b.Num(-w.radius)), b.Num(w.radius))
	}
	// g is divided by its largest element first, so that squares neither vanish nor overflow.
	length := func(v *ir.Value) *ir.Value { return b.Unary(ir.OpSqrt, b.Sum(b.Unary(ir.OpSquare, v))) }
	top := b.Unary(ir.OpAbs, g)
	if !top.Type.IsScalar() {
		top = b.Emit(ir.OpReduceMax, ir.Attr{}, top)
	}
	some := b.Binary(ir.OpLt, b.Num(0), top)
	g = b.Div(g, b.Select(some, top, b.Num(1)))
	unit := b.Div(g, b.Binary(ir.OpMax, length(g), b.Num(1))) // of a gradient that is not zero, at least 1
	up := b.Add(delta, b.Mul(b.Num(w.rate), unit))
	return b.Mul(up, b.Div(b.Num(w.radius), b.Binary(ir.OpMax, length(up), b.Num(w.radius))))
}

// ancestors are the values that v depends on, and v.
func ancestors(v *ir.Value) map[*ir.Value]bool {
	set := map[*ir.Value]bool{}
	var visit func(v *ir.Value)
	visit = func(v *ir.Value) {
		if !set[v] {
			set[v] = true
			for _, a := range v.Args {
				visit(a)
			}
		}
	}
	visit(v)
	return set
}

func largest(e ir.Elem) float64 {
	if e == ir.F64 {
		return math.MaxFloat64
	}
	return math.MaxFloat32
}
