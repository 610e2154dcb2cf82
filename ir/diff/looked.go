package diff

import (
	"slices"

	"ndec.dev/ndec/ir"
	"ndec.dev/ndec/ir/method"
)

// The equation of the cotangents evaluates the derivative of a field several times in a step, for which inputs are looked up once.

// addEach adds gs to sums, of which there are none at first.
func addEach(b *ir.Builder, sums, gs []*ir.Value) []*ir.Value {
	if sums == nil {
		return gs
	}
	for k, g := range gs {
		sums[k] = b.Add(sums[k], g)
	}
	return sums
}

// fieldVJP is the derivative of a field inside a step: (t, y…, what taken gives, bars…) -> cotangents, those of what a step
// has looked up in the place of those of extras where there is a piece.
type fieldVJP struct {
	*ir.Func
	middle      bool     // the middle of the step follows the extras
	piece, back *ir.Func // ir.Solve.Piece, and its derivative by extras; nil where each evaluation looks inputs up
	pieces      int      // cotangents of what the step has looked up
}

// within is that derivative of the field of s. A step looks its inputs up once where that takes rows and nothing else, as it does
// of held inputs: what is computed from rows would have other sums.
func (p *pass) within(s *ir.Solve, wrt Wrt) fieldVJP {
	f, n := s.Field, len(s.States)
	if s.Within != nil && onlyTakes(s.Piece) {
		v := fieldVJP{piece: s.Piece}
		inside, of := Wrt{Params: wrt.Params}, Wrt{}
		for _, i := range wrt.Args {
			if i <= n {
				inside.Args = append(inside.Args, i)
			} else {
				of.Args = append(of.Args, i-n)
			}
		}
		if len(of.Args) > 0 {
			for k, r := range s.Piece.Results {
				if r.Type.Elem.IsFloat() {
					inside.Args = append(inside.Args, 1+n+k)
					v.pieces++
				}
			}
			v.back = p.vjp(s.Piece, of, len(s.Piece.Args), true)
		}
		v.Func = p.vjp(s.Within, inside, len(s.Within.Args), true)
		return v
	}
	g := method.AtMiddle(f)
	if g != f {
		g.Name = p.fresh(g.Name)
		p.m.AddFunc(g)
	}
	return fieldVJP{Func: p.vjp(g, wrt, len(g.Args), true), middle: g != f}
}

// onlyTakes reports whether f takes rows of its arguments, computing nothing.
func onlyTakes(f *ir.Func) bool {
	return !slices.ContainsFunc(f.Values, func(v *ir.Value) bool {
		class := v.Op.Info().Class
		return class != ir.ClassLeaf && class != ir.ClassShape && v.Op != ir.OpTake && v.Op != ir.OpLocate
	})
}

// taken is what evaluations in a step take in the place of extras.
func (v fieldVJP) taken(b *ir.Builder, middle *ir.Value, extras []*ir.Value) []*ir.Value {
	switch {
	case v.piece != nil:
		return b.Inline(v.piece, append([]*ir.Value{middle}, extras...))
	case v.middle:
		return append(slices.Clip(extras), middle)
	}
	return extras
}

// pulled gives cotangents of extras, which come first among those of v.
func (v fieldVJP) pulled(b *ir.Builder, middle *ir.Value, extras, bars []*ir.Value) []*ir.Value {
	if v.back == nil {
		return bars
	}
	own := append([]*ir.Value{middle}, extras...)
	return append(b.CallAll(v.back, append(own, bars[:v.pieces]...)...), bars[v.pieces:]...)
}
