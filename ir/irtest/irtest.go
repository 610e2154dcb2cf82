// Package irtest makes random small modules that use every operator, with inputs at which they
// are well conditioned. Tests of passes and back ends share them.
package irtest

import (
	"fmt"
	"math"
	"math/rand/v2"

	"ndec.dev/ndec/ir"
	"ndec.dev/ndec/ir/diag"
	"ndec.dev/ndec/ir/interp"
)

// Case is a random module without derivatives and solves. It has one model, Net, and one recipe, Fit, whose loss is made of the
// model's results and whose metric is one of them.
type Case struct {
	Module *ir.Module
	Args   []interp.Tensor      // of the model; the recipe has the same columns
	Params map[string][]float64 // exact in float32
}

// Labels is the number of classes of the label that every module takes.
const Labels = 5

// Random makes the module of a seed. Every value is at most maxAbs, no operand is close to a point
// where its operator jumps or has a kink, and every number given is exact in float32: compiled code
// in either precision then agrees with the interpreter up to rounding.
func Random(seed uint64, real ir.Elem) *Case {
	rnd := rand.New(rand.NewPCG(seed, 1))
	g := &gen{rnd: rnd, real: real, c: &Case{Module: &ir.Module{Package: "random", Real: real}, Params: map[string][]float64{}}}
	g.body(ir.NewFunc("Net.forward", diag.Span{}, real))
	g.model()
	return g.c
}

const maxAbs = 6

// gen is a function being made. Every value is evaluated when it is added, so that the next
// operator can be chosen to fit.
type gen struct {
	rnd    *rand.Rand
	real   ir.Elem
	c      *Case
	b      *ir.Builder
	reals  []*ir.Value // operands to choose from
	bools  []*ir.Value
	data   map[*ir.Value][]float64
	label  *ir.Value
	params int
	used   map[*ir.Value]bool
}

// sizes cross the borders of what a back end unrolls, keeps in registers and tiles.
var sizes = []int{1, 2, 3, 4, 5, 8, 9}

var wide = []int{1, 2, 3, 4, 5, 8, 9, 12, 16}

func one[T any](g *gen, xs []T) T { return xs[g.rnd.IntN(len(xs))] }

// number is a number that float32 holds exactly.
func (g *gen) number() float64 { return float64(g.rnd.IntN(384)-192)/128 + 1.0/256 }

func (g *gen) numbers(n int) []float64 {
	xs := make([]float64, n)
	for i := range xs {
		xs[i] = g.number()
	}
	return xs
}

func (g *gen) shape() []int {
	for {
		s := make([]int, g.rnd.IntN(4))
		n := 1
		for i := range s {
			s[i] = one(g, sizes)
			n *= s[i]
		}
		if n <= 120 {
			return s
		}
	}
}

func (g *gen) body(b *ir.Builder) {
	g.b, g.data, g.used = b, map[*ir.Value][]float64{}, map[*ir.Value]bool{}
	for i := range 2 + g.rnd.IntN(2) {
		t := ir.Tensor(g.real, g.shape()...)
		if i == 0 {
			t = ir.Tensor(g.real, one(g, sizes))
		}
		a := b.Arg(fmt.Sprintf("x%d", i), t)
		g.data[a] = g.numbers(t.Len())
		g.reals = append(g.reals, a)
		g.c.Args = append(g.c.Args, interp.Of(g.data[a], t.Shape...))
	}
	g.label = b.Arg("y", ir.Scalar(ir.I32))
	g.data[g.label] = []float64{float64(g.rnd.IntN(Labels))}
	g.c.Args = append(g.c.Args, interp.Scalar(g.data[g.label][0]))

	for tries := 0; len(b.Func.Values) < 30 && tries < 60; tries++ {
		op := one(g, operators)
		if v := makers[op](g, op); v != nil && g.keep(v) {
			for _, a := range v.Args {
				g.used[a] = true
			}
		}
	}
	var outs []*ir.Value
	for i := len(g.reals) - 1; i >= 0 && len(outs) < 6; i-- {
		if v := g.reals[i]; !g.used[v] && v.Op != ir.OpArg {
			outs = append(outs, v)
		}
	}
	if len(outs) == 0 {
		outs = append(outs, g.reals[len(g.reals)-1])
	}
	if g.rnd.IntN(4) == 0 {
		outs = append(outs, outs[0], g.reals[0]) // one value twice, and an argument
	}
	f := b.Return(outs...)
	for i := range outs {
		f.ResultNames = append(f.ResultNames, fmt.Sprintf("z%d", i))
	}
	f.DropDead()
	g.c.Module.AddFunc(f)
}

// keep evaluates v and makes it an operand of later values, unless it is out of range.
func (g *gen) keep(v *ir.Value) bool {
	if _, ok := g.eval(v); !ok {
		return false
	}
	switch {
	case v.Type.Elem == ir.Bool:
		g.bools = append(g.bools, v)
		g.reals = append(g.reals, g.b.Cast(v, g.real))
	case v.Type.Elem == g.real:
		g.reals = append(g.reals, v)
	default:
		return false
	}
	return true
}

// eval gives the elements of v, and whether they are in range.
func (g *gen) eval(v *ir.Value) ([]float64, bool) {
	xs, ok := g.data[v]
	if !ok {
		f := g.b.Func
		f.Results = []*ir.Value{v}
		mc, err := interp.New(g.c.Module, g.c.Params)
		if err != nil {
			panic(err)
		}
		out, err := mc.Call(f, g.c.Args...)
		if err != nil {
			panic(err)
		}
		f.Results = nil
		xs = out[0].Data
		g.data[v] = xs
	}
	for _, x := range xs {
		if !(math.Abs(x) <= maxAbs) {
			return xs, false
		}
	}
	return xs, true
}

// model wraps the function as a model and as a recipe.
func (g *gen) model() {
	m := g.c.Module
	f := m.Funcs[len(m.Funcs)-1]
	model := &ir.Model{Name: "Net", Func: f}
	for _, a := range f.Args {
		p := ir.Port{Name: a.Name, Type: a.Type}
		if a.Type.Elem == ir.I32 {
			p.Classes = Labels
		}
		model.Inputs = append(model.Inputs, p)
	}
	for i, r := range f.Results {
		model.Outputs = append(model.Outputs, ir.Port{Name: f.ResultNames[i], Type: r.Type})
	}
	m.Models = append(m.Models, model)

	b := ir.NewFunc("Fit.objective", diag.Span{}, g.real)
	var args []*ir.Value
	for _, a := range f.Args {
		args = append(args, b.Arg(a.Name, a.Type))
	}
	loss := b.Num(0.5)
	var metric *ir.Value
	for i, r := range b.CallAll(f, args...) {
		part := b.Emit(ir.OpMean, ir.Attr{}, r)
		if i%2 == 0 {
			part = b.Emit(ir.OpMean, ir.Attr{}, b.Unary(ir.OpTanh, b.Mul(r, b.Num(0.75))))
		}
		loss = b.Add(loss, part)
		metric = part
	}
	if len(m.Params) > 0 { // what the outputs owe to parameters may be constant between jumps, and then has no gradient
		w := b.Param(m.Params[0])
		loss = b.Add(loss, b.Mul(b.Num(0.25), b.Emit(ir.OpMean, ir.Attr{}, b.Mul(w, w))))
	}
	m.Recipes = append(m.Recipes, &ir.Recipe{Name: "Fit", Columns: model.Inputs, Metrics: []string{"part"},
		Objective: m.AddFunc(b.Return(loss, metric)),
		Settings: []ir.Setting{{Key: "data", Text: "Rows"}, {Key: "epochs", Num: 1},
			{Key: "optimizer", Choice: &ir.Choice{Row: "sgd", Options: []ir.Setting{{Key: "lr", Num: 0.1}}}}}})
	m.Data = append(m.Data, &ir.DataSet{Name: "Rows", Columns: model.Inputs})
}

// param adds a parameter with random elements, scaled.
func (g *gen) param(scale float64, shape ...int) *ir.Value {
	t := ir.Tensor(g.real, shape...)
	p := g.c.Module.AddParam(&ir.Param{Name: fmt.Sprintf("net.w%d", g.params), Net: "net", Type: t})
	g.params++
	xs := g.numbers(t.Len())
	for i := range xs {
		xs[i] = float64(float32(xs[i] * scale))
	}
	g.c.Params[p.Name] = xs
	return g.b.Param(p)
}

// Operands.

// any is a real value. Later ones are likelier, so that the graph is deep.
func (g *gen) any() *ir.Value {
	n := len(g.reals)
	if n > 4 && g.rnd.IntN(2) == 0 {
		return g.reals[n-1-g.rnd.IntN(4)]
	}
	return one(g, g.reals)
}

// ranked is a value with at least so many axes.
func (g *gen) ranked(rank int) *ir.Value {
	for range 8 {
		if v := g.any(); v.Type.Rank() >= rank {
			return v
		}
	}
	shape := make([]int, rank)
	for i := range shape {
		shape[i] = one(g, sizes[:4])
	}
	return g.shaped(shape...)
}

// shaped is a value of a shape: one there is, or a new one that depends on the arguments.
func (g *gen) shaped(shape ...int) *ir.Value {
	var fit []*ir.Value
	n := ir.Tensor(g.real, shape...).Len()
	for _, v := range g.reals {
		if ir.SameShape(v.Type.Shape, shape) {
			fit = append(fit, v)
		} else if v.Type.Len() == n && g.rnd.IntN(4) == 0 {
			return g.b.Reshape(v, shape...)
		}
	}
	if len(fit) > 0 && g.rnd.IntN(4) > 0 {
		return one(g, fit)
	}
	switch g.rnd.IntN(3) {
	case 0:
		return g.b.Data(g.numbers(n), ir.Tensor(g.real, shape...))
	case 1:
		return g.param(1, shape...)
	}
	return g.b.Mul(g.param(0.5, shape...), g.scalar())
}

func (g *gen) scalar() *ir.Value {
	v := g.any()
	if v.Type.IsScalar() {
		return v
	}
	return g.b.Emit(ir.OpMean, ir.Attr{}, v)
}

// vector is a value with one axis, of any length or one of wide.
func (g *gen) vector() *ir.Value {
	v := g.any()
	if v.Type.Rank() == 1 {
		return v
	}
	return g.shaped(one(g, wide))
}

// pair is two values that fit together element by element.
func (g *gen) pair() (x, y *ir.Value) {
	x = g.any()
	switch g.rnd.IntN(5) {
	case 0:
		return x, g.scalar()
	case 1:
		return g.scalar(), x
	case 2:
		return x, g.b.Num(g.number())
	}
	return x, g.shaped(x.Type.Shape...)
}

// matrix is a parameter or value of m by n whose rows do not make values grow.
func (g *gen) matrix(m, n int) *ir.Value {
	if g.rnd.IntN(3) > 0 {
		return g.param(1/math.Sqrt(float64(max(m, n))), m, n)
	}
	return g.b.Mul(g.shaped(m, n), g.b.Num(0.375))
}

// clear reports whether every element of v keeps a distance from each of the points; with a
// period, from their multiples as well.
func (g *gen) clear(v *ir.Value, period float64, points ...float64) bool {
	xs, ok := g.eval(v)
	for _, x := range xs {
		for _, p := range points {
			d := x - p
			if period > 0 {
				d -= period * math.Round(d/period)
			}
			ok = ok && math.Abs(d) > margin
		}
	}
	return ok
}

// margin is the distance from kinks and jumps.
const margin = 1e-3

// distinct reports whether x and y differ clearly at every index.
func (g *gen) distinct(x, y *ir.Value) bool { return g.clear(g.b.Sub(x, y), 0, 0) }

// tame maps v to where an operator is smooth.
func (g *gen) tame(v *ir.Value, to domain) *ir.Value {
	switch to {
	case positive:
		return g.b.Add(g.b.Unary(ir.OpSquare, v), g.b.Num(0.375))
	case bounded:
		return g.b.Mul(g.b.Unary(ir.OpTanh, v), g.b.Num(0.875))
	}
	return v
}
