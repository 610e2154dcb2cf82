package diff

import (
	"fmt"
	"strings"

	"ndec.dev/ndec/ir"
	"ndec.dev/ndec/ir/diag"
)

// Wrt selects what a function is differentiated by: arguments (by index, ascending, real ones)
// and parameters.
type Wrt struct {
	Args   []int
	Params []*ir.Param
}

// Everything selects all real arguments of f and all parameters that it reads.
func Everything(f *ir.Func) Wrt {
	w := Wrt{Params: newPass(nil).reads(f)}
	for i, a := range f.Args {
		if a.Type.Elem.IsFloat() {
			w.Args = append(w.Args, i)
		}
	}
	return w
}

func (w Wrt) key(kind string, f *ir.Func, at int) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s %s %d %v", kind, f.Name, at, w.Args)
	for _, q := range w.Params {
		b.WriteString(" " + q.Name)
	}
	return b.String()
}

// VJP adds to m the function of cotangents of f:
//
//	f.vjp(args…, one cotangent per real result) -> cotangents of wrt.Args…, of wrt.Params… (Accum)
//
// Each has the type of what it belongs to; what f does not depend on gets zeros. The body begins
// with f's own, as far as the cotangents need it; derivative nodes in f are replaced first.
func VJP(m *ir.Module, f *ir.Func, wrt Wrt) (*ir.Func, diag.List) {
	p := newPass(m)
	g := p.vjp(f, wrt, len(f.Args), true)
	arrange(m)
	return g, p.diags
}

// JVP adds to m the function of tangents of f:
//
//	f.jvp(args…, one tangent per wrt.Args…, per wrt.Params…) -> one tangent per real result
func JVP(m *ir.Module, f *ir.Func, wrt Wrt) (*ir.Func, diag.List) {
	p := newPass(m)
	g := p.jvp(f, wrt, len(f.Args))
	arrange(m)
	return g, p.diags
}

// vjp is VJP with the cotangents standing after the first at arguments. Without accum no result is
// marked as a running sum: a map stacks the results of its function.
func (p *pass) vjp(f *ir.Func, wrt Wrt, at int, accum bool) *ir.Func {
	key := wrt.key(fmt.Sprintf("vjp %t", accum), f, at)
	if g := p.made[key]; g != nil {
		return g
	}
	s := p.sweepOf(f, wrt, at, accum)
	s.fn.Name = p.fresh(f.Name + ".vjp")
	s.fn.DropDead()
	return p.add(key, s.fn)
}

// swept is the function of cotangents of a function before dead values are dropped.
type swept struct {
	fn    *ir.Func
	args  []*ir.Value // f's
	bars  []*ir.Value // cotangents of f's real results
	order []*ir.Value // f's body
	outs  []*ir.Value // f's results
}

// sweepOf copies f's body and sweeps back over it. Cotangents stand after the first at arguments; with
// accum those of parameters are running sums.
func (p *pass) sweepOf(f *ir.Func, wrt Wrt, at int, accum bool) *swept {
	p.expand(f)
	b := p.derived(f, ".vjp")
	s := &swept{fn: b.Func, args: copyArgs(b, f.Args[:at])}
	for i, r := range f.Results {
		if r.Type.Elem.IsFloat() {
			s.bars = append(s.bars, b.Arg(resultName(f, i)+"_bar", r.Type))
		}
	}
	s.args = append(s.args, copyArgs(b, f.Args[at:])...)
	leaves := chosen(s.args, wrt.Args)
	s.outs = p.pairCalls(b, leaves, wrt.Params, b.Inline(f, s.args))
	s.order = b.Func.Values

	r := p.body(b).reverse(leaves, wrt.Params)
	r.accum = accum
	bars := s.bars
	for _, o := range s.outs {
		if o.Type.Elem.IsFloat() {
			r.seed(o, bars[0])
			bars = bars[1:]
		}
	}
	r.sweep(s.order)
	r.finish(s.args, wrt, nil, nil)
	s.merge()
	return s
}

// merge lets the way back read what the body has computed and it computes again, as the cosine that is the slope of a sine: halves then save it.
func (s *swept) merge() {
	type operation struct {
		op   ir.Op
		x, y *ir.Value
	}
	made, body := map[operation]*ir.Value{}, map[*ir.Value]bool{}
	for _, v := range s.order {
		body[v] = true
	}
	merged := map[*ir.Value]*ir.Value{}
	kept := s.fn.Values[:0:0]
	for _, v := range s.fn.Values {
		for i, a := range v.Args {
			if m := merged[a]; m != nil {
				v.Args[i] = m
			}
		}
		if n := v.Op.Info().Arity; v.Op.Info().Class == ir.ClassElem && v.Op != ir.OpCast && (n == 1 || n == 2) {
			key := operation{v.Op, v.Args[0], v.Args[n-1]}
			switch u := made[key]; {
			case u == nil && body[v]:
				made[key] = v
			case u != nil && !body[v]:
				merged[v] = u
				continue
			}
		}
		kept = append(kept, v)
	}
	s.fn.Values = kept
	for i, r := range s.fn.Results {
		if m := merged[r]; m != nil {
			s.fn.Results[i] = m
		}
	}
}

// finish ends a function: first the given results, then the cotangents of the selection.
func (r *reverse) finish(args []*ir.Value, wrt Wrt, first []*ir.Value, names []string) {
	f := r.b.Func
	outs := append([]*ir.Value(nil), first...)
	f.ResultNames = make([]string, len(first))
	copy(f.ResultNames, names)
	for _, i := range wrt.Args {
		outs = append(outs, orZero(r.b, r.bar[args[i]], args[i].Type))
		f.ResultNames = append(f.ResultNames, args[i].Name+"_bar")
	}
	f.Accum = make([]bool, len(outs))
	for _, q := range wrt.Params {
		outs = append(outs, orZero(r.b, r.sums[q], q.Type))
		f.ResultNames = append(f.ResultNames, q.Name+"_bar")
		f.Accum = append(f.Accum, r.accum)
	}
	r.b.Return(outs...)
}

// jvp is JVP with the tangents of the first at arguments standing right after these.
func (p *pass) jvp(f *ir.Func, wrt Wrt, at int) *ir.Func {
	key := wrt.key("jvp", f, at)
	if g := p.made[key]; g != nil {
		return g
	}
	p.expand(f)
	b := p.derived(f, ".jvp")
	args := copyArgs(b, f.Args[:at])
	leaves := map[*ir.Value]*ir.Value{}
	dots := make([]*ir.Value, len(f.Args))
	tangents := func(lo, hi int) {
		for _, i := range wrt.Args {
			if lo <= i && i < hi {
				dots[i] = b.Arg(f.Args[i].Name+"_dot", f.Args[i].Type)
			}
		}
	}
	tangents(0, at)
	args = append(args, copyArgs(b, f.Args[at:])...)
	tangents(at, len(f.Args))
	params := map[*ir.Param]*ir.Value{}
	for _, q := range wrt.Params {
		params[q] = b.Arg(q.Name+"_dot", q.Type)
	}
	for _, i := range wrt.Args {
		leaves[args[i]] = dots[i]
	}
	outs := b.Inline(f, args)

	s := p.body(b).forward(leaves, params)
	s.sweep(b.Func.Values)
	var dv []*ir.Value
	for i, o := range outs {
		if o.Type.Elem.IsFloat() {
			dv = append(dv, orZero(b, s.dot[o], o.Type))
			b.Func.ResultNames = append(b.Func.ResultNames, resultName(f, i)+"_dot")
		}
	}
	b.Return(dv...)
	b.Func.DropDead()
	return p.add(key, b.Func)
}

// derived starts a function that belongs to f.
func (p *pass) derived(f *ir.Func, suffix string) *ir.Builder {
	b := ir.NewFunc(p.fresh(f.Name+suffix), f.Span, p.m.Real)
	b.Func.Region = f.Region
	return b
}

func (p *pass) add(key string, f *ir.Func) *ir.Func {
	p.made[key] = f
	return p.m.AddFunc(f)
}

func copyArgs(b *ir.Builder, args []*ir.Value) []*ir.Value {
	out := make([]*ir.Value, len(args))
	span := b.Span
	for i, a := range args {
		b.Span = a.Span
		out[i] = b.Arg(a.Name, a.Type)
	}
	b.Span = span
	return out
}

func chosen(args []*ir.Value, at []int) map[*ir.Value]bool {
	set := map[*ir.Value]bool{}
	for _, i := range at {
		set[args[i]] = true
	}
	return set
}

// resultName is the name of result i for people.
func resultName(f *ir.Func, i int) string {
	if i < len(f.ResultNames) && f.ResultNames[i] != "" {
		return f.ResultNames[i]
	}
	if n := f.Results[i].Name; n != "" {
		return n
	}
	if len(f.Results) == 1 {
		return "out"
	}
	return fmt.Sprintf("out%d", i)
}
