package method

import (
	"fmt"
	"slices"

	"ndec.dev/ndec/ir"
)

// No step crosses a knot of an input, so that all evaluations of the field in a step see the piece of the input that
// the middle of the step lies in: a stage on a knot belongs to the side of its step. What the field takes of that piece is
// looked up once in a step, by Solve.Piece, and handed to Solve.Within, the field that the stages evaluate.

// within gives s Piece and Within, where its field looks its time up among knots.
func within(m *ir.Module, s *ir.Solve) {
	f := s.Field
	p := pieceOf(f, len(s.Extras))
	if p == nil {
		return
	}
	n := len(f.Args) - len(s.Extras)
	names := p.names()

	b := ir.NewFunc(f.Name+".piece", f.Span, m.Real)
	b.Func.Doc, b.Func.ResultNames = "what the right-hand side takes of its inputs and of other extras in a step, by the middle of the step", names
	args := append([]*ir.Value{b.Arg("middle", ir.Scalar(ir.F64))}, copied(b, f.Args[n:])...)
	look := f.Part(append(f.Args[:1:1], f.Args[n:]...), p.slow, p.handed)
	s.Piece = b.Return(b.Inline(look, args)...)
	s.Piece.DropDead()

	b = ir.NewFunc(f.Name+".within", f.Span, m.Real)
	b.Func.Doc, b.Func.Region, b.Func.ResultNames = f.Doc, f.Region, slices.Clone(f.ResultNames)
	args = copied(b, f.Args[:n])
	for i, v := range p.handed {
		b.Span = v.Span
		args = append(args, b.Arg(names[i], v.Type))
	}
	body := f.Part(append(f.Args[:n:n], p.handed...), p.rest, f.Results)
	s.Within = b.Return(b.Inline(body, args)...)

	m.AddFunc(s.Piece)
	m.AddFunc(s.Within)
}

// copied adds arguments to b's function that are like as.
func copied(b *ir.Builder, as []*ir.Value) []*ir.Value {
	out := make([]*ir.Value, len(as))
	for i, a := range as {
		b.Span = a.Span
		out[i] = b.Arg(a.Name, a.Type)
	}
	return out
}

// piece is what a field takes of its extras in a step.
type piece struct {
	slow   []*ir.Value // values that follow from knots, extras and parameters alone
	handed []*ir.Value // those of them that look-ups go into and others read, then extras that the others read
	rest   []*ir.Value // the others
}

// pieceOf finds the piece of f, whose last arguments are extras; nil where f looks nothing up.
func pieceOf(f *ir.Func, extras int) *piece {
	p := &piece{}
	n := len(f.Args) - extras
	fast, looked := map[*ir.Value]bool{}, map[*ir.Value]bool{}
	bound := differentiated(f)
	for _, v := range f.Values {
		switch {
		case v.Op == ir.OpArg:
			fast[v] = v.Attr.Index < n
		case locates(f, v):
			fast[v], looked[v] = fast[v.Args[0]], true
		default:
			fast[v] = bound[v]
			for _, a := range v.Args {
				fast[v], looked[v] = fast[v] || fast[a], looked[v] || looked[a]
			}
		}
		if !fast[v] && v.Op != ir.OpArg {
			p.slow = append(p.slow, v)
		}
	}
	seen, handed := map[*ir.Value]bool{}, map[*ir.Value]bool{}
	var need func(v *ir.Value)
	need = func(v *ir.Value) {
		if seen[v] {
			return
		}
		seen[v] = true
		if handed[v] = !fast[v] && (v.Op == ir.OpArg || looked[v] && worth(v)); !handed[v] {
			for _, a := range v.Args {
				need(a)
			}
		}
	}
	for _, r := range f.Results {
		need(r)
	}
	for _, v := range f.Values {
		switch {
		case handed[v] && v.Op != ir.OpArg:
			p.handed = append(p.handed, v)
		case seen[v] && v.Op != ir.OpArg:
			p.rest = append(p.rest, v)
		}
	}
	if len(p.handed) == 0 {
		return nil
	}
	for _, a := range f.Args[n:] {
		if handed[a] {
			p.handed = append(p.handed, a)
		}
	}
	return p
}

// worth reports whether v is a row that was looked up, or computed from one: what only moves elements is not handed over, but what it moves.
func worth(v *ir.Value) bool {
	if v.Op == ir.OpReshape && v.Args[0].Op == ir.OpTake {
		return true
	}
	return v.Op.Info().Class != ir.ClassShape && v.Type.Elem != ir.Tuple && v.Type.Elem != ir.Bool
}

// differentiated are the values of f that depend on what it differentiates by, or on a derivative: elsewhere they would not be the same to
// the derivative.
func differentiated(f *ir.Func) map[*ir.Value]bool {
	leaf, set := map[*ir.Value]bool{}, map[*ir.Value]bool{}
	for _, v := range f.Values {
		if v.Op.Info().Class == ir.ClassDeriv {
			leaf[v.Args[1]] = true
		}
	}
	for _, v := range f.Values {
		set[v] = v.Op.Info().Class == ir.ClassDeriv || slices.ContainsFunc(v.Args, func(a *ir.Value) bool { return set[a] || leaf[a] })
	}
	return set
}

// names are those of what is handed over: their own, or of what they were taken from.
func (p *piece) names() []string {
	used := map[string]int{}
	var out []string
	for _, v := range p.handed {
		x := v
		for x.Name == "" && len(x.Args) > 0 && (x.Op == ir.OpTake || x.Op.Info().Class == ir.ClassShape) {
			x = x.Args[0]
		}
		name := x.Name
		if name == "" {
			name = x.Op.String()
		}
		if used[name]++; used[name] > 1 {
			name = fmt.Sprintf("%s%d", name, used[name])
		}
		out = append(out, name)
	}
	return out
}

// AtMiddle is a field with the middle of a step as last argument, where it looks its time up among knots; f itself where it looks nothing up.
func AtMiddle(f *ir.Func) *ir.Func {
	if !slices.ContainsFunc(f.Values, func(v *ir.Value) bool { return locates(f, v) }) {
		return f
	}
	b := ir.NewFunc(f.Name+".at_middle", f.Span, ir.F64)
	b.Func.Doc, b.Func.Region, b.Func.ResultNames = f.Doc, f.Region, f.ResultNames
	args := copied(b, f.Args)
	middle := b.Arg("middle", ir.Scalar(ir.F64))
	return b.Return(b.InlineBy(f, args, func(b *ir.Builder, v *ir.Value, in []*ir.Value) *ir.Value {
		if !locates(f, v) {
			return nil
		}
		return b.Emit(v.Op, v.Attr, in[0], middle)
	})...)
}

// locates reports whether v looks the time of a field up among knots.
func locates(f *ir.Func, v *ir.Value) bool { return v.Op == ir.OpLocate && v.Args[1] == f.Args[0] }

// Middle is that of a step of length h from t.
func Middle(b *ir.Builder, t, h *ir.Value) *ir.Value {
	return b.Add(t, b.Mul(h, b.Const(0.5, ir.F64))).Named("middle")
}

// Evaluate is the field of s in a step of length h from t, at the time and states in front of in. Stages look the same piece up, which is merged.
func Evaluate(b *ir.Builder, s *ir.Solve, in []*ir.Value, t, h *ir.Value) []*ir.Value {
	if s.Within == nil {
		return b.CallAll(s.Field, in...)
	}
	own := len(in) - len(s.Extras)
	piece := b.Inline(s.Piece, append([]*ir.Value{Middle(b, t, h)}, in[own:]...))
	return b.CallAll(s.Within, append(in[:own:own], piece...)...)
}
