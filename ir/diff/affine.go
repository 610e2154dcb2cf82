package diff

import (
	"fmt"
	"slices"

	"ndec.dev/ndec/ir"
)

// degree bounds how a value depends on the trained parameters: not at all, affinely, or in a way
// that no rule here shows to be affine.
type degree int

const (
	fixed degree = iota
	affine
	curved
)

// affinity finds the degrees of values in a set of parameters. It is structural: the second
// derivative of an affine value is zero whatever the numbers are.
type affinity struct {
	p       *pass
	trained map[*ir.Param]bool
	curved  *ir.Value // the first value that is not affine though its operands are
}

// of gives the degree of every value of f for those of its arguments.
func (a *affinity) of(f *ir.Func, args []degree) map[*ir.Value]degree {
	deg := make(map[*ir.Value]degree, len(f.Values))
	for i, v := range f.Args {
		deg[v] = args[i]
	}
	for _, v := range f.Values {
		if v.Op == ir.OpArg {
			continue
		}
		in := make([]degree, len(v.Args))
		most, sum := fixed, fixed
		for i, x := range v.Args {
			in[i] = deg[x]
			most, sum = max(most, in[i]), min(sum+in[i], curved)
		}
		deg[v] = a.value(v, in, most, sum)
		if deg[v] == curved && most < curved && a.curved == nil {
			a.curved = v
		}
	}
	return deg
}

func (a *affinity) value(v *ir.Value, in []degree, most, sum degree) degree {
	switch v.Op {
	case ir.OpParam:
		if a.trained[v.Attr.Param] {
			return affine
		}
		return fixed
	case ir.OpNeg, ir.OpReshape, ir.OpTranspose, ir.OpSlice, ir.OpPad, ir.OpConcat, ir.OpReverse, ir.OpExpand, ir.OpSum,
		ir.OpMean, ir.OpCumsum, ir.OpAdd, ir.OpSub, ir.OpResult, ir.OpDetach:
		return most
	case ir.OpCast:
		if v.Type.Elem.IsFloat() {
			return most
		}
	case ir.OpTake, ir.OpScatter:
		if in[1] == fixed {
			return in[0]
		}
	case ir.OpMul, ir.OpMatVec, ir.OpVecMat, ir.OpMatMul, ir.OpOuter, ir.OpDot, ir.OpCross:
		return sum
	case ir.OpDiv:
		if in[1] == fixed {
			return in[0]
		}
	case ir.OpSelect:
		if in[0] == fixed {
			return most
		}
	case ir.OpCall:
		return a.called(v.Attr.Func, in)
	case ir.OpMap:
		return a.called(v.Attr.Map.Fn, in)
	case ir.OpScan:
		return a.scanned(v.Attr.Scan, in)
	}
	if most == fixed && len(selected(a.p.readBy(v), a.trained)) == 0 {
		return fixed
	}
	return curved
}

func (a *affinity) called(f *ir.Func, in []degree) degree {
	deg := a.of(f, in)
	out := fixed
	for _, r := range f.Results {
		out = max(out, deg[r])
	}
	return out
}

// scanned repeats a run until the degrees of what it hands on stay.
func (a *affinity) scanned(s *ir.Scan, in []degree) degree {
	for {
		deg, grown, out := a.of(s.Fn, in), false, fixed
		for i, r := range s.Fn.Results {
			out = max(out, deg[r])
			if i < s.Carry && deg[r] > in[i] {
				in[i], grown = deg[r], true
			}
		}
		if !grown {
			return out
		}
	}
}

// maxLinear bounds the parameters that least squares fits, since the design has a row for each of them
// in every row of the data.
const maxLinear = 256

// linear gives a recipe whose optimiser is lstsq its Design. The objective has to be a sum of squares of
// values that are affine in the trained parameters; each complaint names what is not.
func (p *pass) linear(rc *ir.Recipe) {
	s, ok := ir.FindSetting(rc.Settings, "optimizer")
	if !ok || s.Choice == nil || s.Choice.Row != "lstsq" || rc.Objective == nil {
		return
	}
	f := rc.Fitted()
	p.expand(f)
	a := &affinity{p: p, trained: map[*ir.Param]bool{}}
	n := 0
	for _, q := range rc.Trained {
		a.trained[q] = true
		n += q.Type.Len()
		if q.Where != (ir.Transform{}) {
			p.diags.Errorf("NDE0615", q.Span, "lstsq cannot keep the constraint of parameter %s; leave it out or use adam", q.Name)
			return
		}
	}
	if n > maxLinear {
		p.diags.Errorf("NDE0613", rc.Span, "lstsq fits at most %d numbers, and %s has %d; use adam", maxLinear, rc.Name, n)
		return
	}
	terms, odd := squares(f.Results[0], 1)
	if odd != nil {
		p.diags.Errorf("NDE0614", odd.Span, "lstsq minimises sums of squares, and the objective has a term that is none; use residual_error or sqnorm")
		return
	}
	deg := a.of(f, make([]degree, len(f.Args)))
	for _, t := range terms {
		if deg[t.value] == curved {
			at, what := t.value.Span, "this value"
			if a.curved != nil {
				at, what = a.curved.Span, a.curved.Op.String()
			}
			p.diags.Errorf("NDE0612", at, "lstsq needs residuals that are affine in the trained parameters, and %s of them is not; use adam", what)
			return
		}
	}
	rc.Design = p.m.AddFunc(p.design(rc, f, terms, deg, n))
}

// square is weight times the sum of squares of a value.
type square struct {
	value  *ir.Value
	weight float64
}

// squares takes a sum of squares apart; odd is a term that is none.
func squares(v *ir.Value, weight float64) (terms []square, odd *ir.Value) {
	switch v.Op {
	case ir.OpAdd:
		x, odd := squares(v.Args[0], weight)
		if odd != nil {
			return nil, odd
		}
		y, odd := squares(v.Args[1], weight)
		return append(x, y...), odd
	case ir.OpMul:
		for i := range 2 {
			if c := v.Args[i]; c.Op == ir.OpConst && c.Attr.Data == nil && c.Attr.Num >= 0 {
				return squares(v.Args[1-i], weight*c.Attr.Num)
			}
		}
	case ir.OpCast, ir.OpReshape:
		return squares(v.Args[0], weight)
	case ir.OpSqNorm:
		return []square{{v.Args[0], weight}}, nil
	case ir.OpSquare:
		if v.Type.IsScalar() {
			return []square{{v.Args[0], weight}}, nil
		}
	case ir.OpSum:
		if x := v.Args[0]; x.Op == ir.OpSquare && v.Type.IsScalar() {
			return []square{{x.Args[0], weight}}, nil
		}
	}
	return nil, v
}

// design is columns -> (D [n+1, rows], statistics…): row 0 of D are the residuals with the trained
// parameters at zero, and row i those with number i of them at one.
func (p *pass) design(rc *ir.Recipe, f *ir.Func, terms []square, deg map[*ir.Value]degree, n int) *ir.Func {
	l := &lifter{p: p, params: rc.Trained, trained: map[*ir.Param]bool{}, made: map[*ir.Func]*ir.Func{}}
	for _, q := range rc.Trained {
		l.trained[q] = true
	}
	b := p.derived(f, ".design")
	args := copyArgs(b, f.Args)
	whole := *f
	whole.Results = append([]*ir.Value(nil), f.Values...)
	copies := b.Inline(&whole, args)
	same := map[*ir.Value]*ir.Value{}
	for i, v := range f.Values {
		same[v] = copies[i]
	}

	// The part that depends on the parameters, as a function of them and of all that it reads.
	inner := ir.NewFunc(p.fresh(f.Name+".residuals"), f.Span, p.m.Real)
	inner.Func.Region = f.Region
	moved := map[*ir.Value]*ir.Value{}
	var basis []*ir.Value
	lifted := map[*ir.Param]*ir.Value{}
	at := 0
	for _, q := range rc.Trained {
		lifted[q] = inner.Arg(q.Name, q.Type)
		w := q.Type.Len()
		units := make([]float64, (n+1)*w)
		for k := range w {
			units[(1+at+k)*w+k] = 1
		}
		at += w
		basis = append(basis, b.Data(units, ir.Tensor(q.Type.Elem, append([]int{n + 1}, q.Type.Shape...)...)))
	}
	need := map[*ir.Value]bool{}
	var visit func(v *ir.Value)
	visit = func(v *ir.Value) {
		if need[v] {
			return
		}
		need[v] = true
		if deg[v] == fixed {
			return
		}
		for _, x := range v.Args {
			visit(x)
		}
	}
	for _, t := range terms {
		visit(t.value)
	}
	var shared []*ir.Value
	for _, v := range f.Values {
		if need[v] && deg[v] == fixed && v.Op != ir.OpConst {
			moved[v] = inner.Arg(fmt.Sprintf("v%d", len(shared)), v.Type)
			shared = append(shared, same[v])
		}
	}
	for _, v := range f.Values {
		if need[v] && moved[v] == nil {
			moved[v] = l.value(inner, v, moved, lifted)
		}
	}
	var parts []*ir.Value
	for _, t := range terms {
		v := moved[t.value]
		v = inner.Reshape(v, v.Type.Len())
		if t.weight != 1 {
			v = inner.Mul(inner.Expand(inner.Unary(ir.OpSqrt, inner.Const(t.weight, v.Type.Elem)), v.Type.Shape...), v)
		}
		parts = append(parts, v)
	}
	all := parts[0]
	if len(parts) > 1 {
		all = inner.Concat(0, parts...)
	}
	fn := p.m.AddFunc(inner.Return(all))

	m := b.Emit(ir.OpMap, ir.Attr{Map: &ir.Map{Fn: fn, N: n + 1, Mapped: len(basis), Region: ir.SampleRegion.Inside(ir.RegionMap, fn.Name)}},
		append(basis, shared...)...)
	results := b.Results(m)
	first := len(f.Results) - ir.NumStats*len(rc.Solves)
	for _, r := range f.Results[first:] {
		results = append(results, same[r])
	}
	b.Func.ResultNames = append([]string{"design"}, f.ResultNames[min(first, len(f.ResultNames)):]...)
	b.Return(results...)
	b.Func.DropDead()
	return b.Func
}

func constant(b *ir.Builder, v *ir.Value) *ir.Value {
	if v.Attr.Data != nil {
		return b.Data(v.Attr.Data, v.Type)
	}
	return b.Fill(v.Attr.Num, v.Type)
}

// lifter copies values with the trained parameters as arguments instead, in callees too.
type lifter struct {
	p       *pass
	params  []*ir.Param
	trained map[*ir.Param]bool
	made    map[*ir.Func]*ir.Func
}

// value copies one value; params are the values of the trained parameters here.
func (l *lifter) value(b *ir.Builder, v *ir.Value, moved map[*ir.Value]*ir.Value, params map[*ir.Param]*ir.Value) *ir.Value {
	b.Span = v.Span
	if v.Op == ir.OpParam && l.trained[v.Attr.Param] {
		return params[v.Attr.Param]
	}
	if v.Op == ir.OpParam {
		return b.Param(v.Attr.Param)
	}
	if v.Op == ir.OpConst {
		return constant(b, v)
	}
	args := make([]*ir.Value, len(v.Args))
	for i, x := range v.Args {
		args[i] = moved[x]
	}
	attr := v.Attr
	if len(selected(l.p.readBy(v), l.trained)) > 0 {
		for _, q := range l.params {
			args = append(args, params[q])
		}
		switch v.Op {
		case ir.OpCall:
			attr.Func = l.function(v.Attr.Func)
		case ir.OpMap:
			m := *v.Attr.Map
			m.Fn = l.function(m.Fn)
			m.Region = ir.SampleRegion.Inside(ir.RegionMap, m.Fn.Name)
			attr.Map = &m
		case ir.OpScan:
			s := *v.Attr.Scan
			s.Fn = l.function(s.Fn)
			s.Region = ir.SampleRegion.Inside(ir.RegionScan, s.Fn.Name)
			attr.Scan = &s
		}
	}
	c := b.Emit(v.Op, attr, args...)
	c.Name = v.Name
	return c
}

// function is f with the trained parameters as further arguments.
func (l *lifter) function(f *ir.Func) *ir.Func {
	if l.made[f] != nil {
		return l.made[f]
	}
	b := ir.NewFunc(l.p.fresh(f.Name+".lifted"), f.Span, l.p.m.Real)
	b.Func.Doc, b.Func.Region = f.Doc, f.Region
	moved, params := map[*ir.Value]*ir.Value{}, map[*ir.Param]*ir.Value{}
	for _, a := range f.Args {
		moved[a] = b.Arg(a.Name, a.Type)
	}
	for _, q := range l.params {
		params[q] = b.Arg(q.Name, q.Type)
	}
	for _, v := range f.Values {
		if v.Op != ir.OpArg {
			moved[v] = l.value(b, v, moved, params)
		}
	}
	var results []*ir.Value
	for _, r := range f.Results {
		results = append(results, moved[r])
	}
	b.Func.ResultNames = slices.Clone(f.ResultNames)
	l.made[f] = l.p.m.AddFunc(b.Return(results...))
	return l.made[f]
}
