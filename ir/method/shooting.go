package method

import (
	"fmt"

	"ndec.dev/ndec/ir"
)

// shooting is multiple shooting with the parareal update (Lions, Maday, Turinici 2001): each of the segments is a step. With F and G the
// fine and the coarse solution over a segment, iterate k at its end is
//
//	B⁰ = G(B⁰)    Bᵏ = (G(Bᵏ) + F(Bᵏ⁻¹)) - G(Bᵏ⁻¹)
//
// of the iterates at its start, and the last one is the solution. An iterate of a segment needs only those of the segment before, so the
// iterates travel as memory, and all of them take a segment together: the numbers are those of the sweeps over all segments one after the
// other. The field at the start of a segment is memory too; it is the first stage of G there, and the slope of the dense output.
func shooting(option func(key string) ir.Setting, tableau func(*ir.Choice) *Tableau) *Memory {
	coarse, g := segmentMethod(option("coarse"), tableau, euler, 1)
	fine, f := segmentMethod(option("fine"), tableau, rk4, 4)
	n := int(option("iterations").Num)
	m := &Memory{
		Order: min(fine.Order, coarse.Order*(n+1)),
		Evals: n*f*fine.Needed(fine.B) + (n+1)*g*coarse.Needed(coarse.B),
		Begin: func(y, k []*ir.Value) [][]*ir.Value {
			var memory [][]*ir.Value
			for range n {
				memory = append(memory, y)
			}
			return append(memory, k)
		},
		Step: func(r *remembered) (next, errors []*ir.Value, memory [][]*ir.Value) {
			b, iterates := r.b, append(append([][]*ir.Value(nil), r.memory[:n]...), r.y)
			var before []*ir.Value // G of the iterate before
			for k, y := range iterates {
				var first []*ir.Value
				if k == n {
					first = r.memory[n]
				}
				end := r.over(coarse, g, y, first)
				next = end
				if k > 0 {
					next = make([]*ir.Value, len(y))
					for i, x := range r.over(fine, f, iterates[k-1], nil) {
						next[i] = b.Sub(b.Add(end[i], x), before[i])
					}
				}
				before, memory = end, append(memory, next)
			}
			memory[n] = r.field(b.Add(r.t, r.h), next)
			return next, nil, memory
		},
		Inside: func(b *ir.Builder, theta, h *ir.Value, y, y1 []*ir.Value, before, after [][]*ir.Value) []*ir.Value {
			rest := b.Sub(b.Const(1, ir.F64), theta)
			rise := b.Mul(b.Mul(theta, theta), b.Sub(b.Const(3, ir.F64), b.Mul(b.Const(2, ir.F64), theta)))
			bend := b.Mul(b.Mul(h, theta), rest)
			out := make([]*ir.Value, len(y))
			for i := range y {
				e := y[i].Type.Elem
				slopes := b.Sub(b.Mul(b.Cast(rest, e), before[n][i]), b.Mul(b.Cast(theta, e), after[n][i]))
				out[i] = b.Add(b.Add(y[i], b.Mul(b.Cast(rise, e), b.Sub(y1[i], y[i]))), b.Mul(b.Cast(bend, e), slopes))
			}
			return out
		},
	}
	for k := range n {
		m.Suffixes = append(m.Suffixes, fmt.Sprintf("b%d", k))
	}
	m.Suffixes = append(m.Suffixes, "k")
	return m
}

// over is the solution from y over the step by n steps of an explicit Runge-Kutta method, whose first stage is k unless that is nil.
func (r *remembered) over(tab *Tableau, n int, y, k []*ir.Value) []*ir.Value {
	h := r.b.Mul(r.h, r.b.Const(1/float64(n), ir.F64))
	t := r.t
	for i := range n {
		st := &stepper{maker: &maker{s: r.solve, tab: tab, real: r.b.Real}, b: r.b, t: t, h: h, y: y, c: r.c}
		if k != nil && i == 0 {
			st.setStage(0, k)
		}
		y = st.end()
		t = r.b.Add(r.t, r.b.Mul(r.h, r.b.Const(float64(i+1)/float64(n), ir.F64)))
	}
	return y
}

// segmentMethod is the tableau that an option names, and its steps in a segment; a default where it is not given.
func segmentMethod(s ir.Setting, tableau func(*ir.Choice) *Tableau, otherwise func() *Tableau, steps int) (*Tableau, int) {
	if s.Choice == nil || s.Choice.Row == "" {
		return otherwise(), steps
	}
	n, _ := s.Choice.Option("steps")
	return tableau(s.Choice), int(n.Num)
}

// TakesSegments reports why a choice cannot solve over a segment: "" if it can.
func TakesSegments(c *ir.Choice) string {
	row := named(c.Row, c.Options)
	steps, _ := c.Option("steps")
	switch {
	case row == nil || row.Tableau == nil:
		return "an explicit Runge-Kutta method"
	case !(steps.Num >= 1):
		return "a number of steps for each segment"
	}
	return ""
}

func shootingOptions() []Option {
	return []Option{
		{Key: "segments", Kind: Int, Min: 1, Max: 1e9, Optional: true, OneOf: "steps", Doc: "number of segments of the span, of equal length"},
		{Key: "method", Kind: Name, Name: "zero", Choices: []string{"zero", "backward", "forward"}, LaterChoices: []string{"backward", "forward"}, Doc: "how iterates are corrected: zero is the parareal update, without derivatives of the flow"},
		{Key: "coarse", Kind: Choice, Group: Solver, Optional: true, Doc: "solver that carries corrections from segment to segment, with its steps in each; euler{steps: 1} if not given"},
		{Key: "fine", Kind: Choice, Group: Solver, Optional: true, Doc: "solver whose solution over a segment the iterates approach; rk4{steps: 4} if not given"},
		{Key: "iterations", Kind: Int, Default: 4, Min: 0, Max: 64, Doc: "corrections after the coarse solution; as many as segments give the fine solution"},
		sensitivity(),
	}
}

// compact is a setting of a method as a solve keeps it: of a choice, what its steps depend on.
func compact(s ir.Setting) ir.Setting {
	out := ir.Setting{Key: s.Key, Num: s.Num}
	if s.Choice != nil {
		out.Choice = &ir.Choice{Row: s.Choice.Row}
		for _, o := range s.Choice.Options {
			if o.Key == "steps" || o.Key == "a" || o.Key == tableauKey {
				out.Choice.Options = append(out.Choice.Options, ir.Setting{Key: o.Key, Num: o.Num, List: o.List})
			}
		}
	}
	return out
}
