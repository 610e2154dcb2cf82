package method

import (
	"slices"

	"ndec.dev/ndec/ir"
)

// Memory is a method that carries memory from step to step, in states of the solve after those of the
// system. A step of it is a function of states and memory.
type Memory struct {
	Order    int
	Evals    int      // evaluations of the field in a step
	Undoes   bool     // a step is undone by the same step backwards, up to rounding
	Suffixes []string // of the names of memory, one piece per state each
	// Begin gives the pieces at a start from the field k there; nil where Start does.
	Begin func(y, k []*ir.Value) [][]*ir.Value
	// Start makes the first step of methods whose memory is of several steps.
	Start *starter
	// Step is one step; errors are those of the solution of an order less.
	Step func(r *remembered) (next, errors []*ir.Value, memory [][]*ir.Value)
	// Inside are the states at theta within a step of length h, from states and memory at both ends.
	Inside insideOf
}

// insideOf makes the states inside a step.
type insideOf func(b *ir.Builder, theta, h *ir.Value, y, y1 []*ir.Value, before, after [][]*ir.Value) []*ir.Value

// remembered is a step on its way: states y, one list per piece of memory.
type remembered struct {
	b      *ir.Builder
	t, h   *ir.Value
	y      []*ir.Value
	memory [][]*ir.Value
	field  func(t *ir.Value, y []*ir.Value) []*ir.Value
	c      []*ir.Value // extras
	solve  *ir.Solve   // as without memory
}

// plus is y + w h k per state.
func (r *remembered) plus(y []*ir.Value, w float64, k []*ir.Value) []*ir.Value {
	out := make([]*ir.Value, len(y))
	for i := range y {
		e := y[i].Type.Elem
		out[i] = r.b.Add(y[i], r.b.Mul(r.b.Cast(r.b.Mul(r.h, r.b.Const(w, ir.F64)), e), k[i]))
	}
	return out
}

// scaled is w h (x - y) per state.
func (r *remembered) scaled(w float64, x, y []*ir.Value) []*ir.Value {
	out := make([]*ir.Value, len(y))
	for i := range y {
		out[i] = r.b.Mul(r.b.Cast(r.b.Mul(r.h, r.b.Const(w, ir.F64)), y[i].Type.Elem), r.b.Sub(x[i], y[i]))
	}
	return out
}

// alf is the asynchronous leapfrog (Mutze 2013), damped by eta as in Zhuang et al. 2021, with the velocity v
// as memory, v = f at the start:
//
//	u = f(t + h/2, y + h/2 v)    v1 = v + 2 eta (u - v)    y1 = (y + h/2 v) + h/2 v1
//
// The error is against Euler's step y + h v: h/2 (v1 - v).
func alf(option func(key string) ir.Setting, _ func(*ir.Choice) *Tableau) *Memory {
	eta, order := option("eta").Num, 2
	if eta != 1 {
		order = 1
	}
	return &Memory{
		Order: order, Evals: 1, Undoes: eta == 1, Suffixes: []string{"v"},
		Begin: func(y, k []*ir.Value) [][]*ir.Value { return [][]*ir.Value{k} },
		Step: func(r *remembered) (next, errors []*ir.Value, memory [][]*ir.Value) {
			b, v := r.b, r.memory[0]
			half := r.plus(r.y, 0.5, v)
			u := r.field(b.Add(r.t, b.Mul(r.h, b.Const(0.5, ir.F64))), half)
			v1 := make([]*ir.Value, len(v))
			for i := range v {
				v1[i] = b.Add(v[i], b.Mul(b.Const(2*eta, v[i].Type.Elem), b.Sub(u[i], v[i])))
			}
			return r.plus(half, 0.5, v1), r.scaled(0.5, v1, v), [][]*ir.Value{v1}
		},
		Inside: quadratic(0),
	}
}

// reversibleHeun is the reversible Heun method (Kidger, Foster, Li, Lyons 2021, algorithm 1) for ordinary
// equations. Memory is a second solution z, z = y at the start, and the field k at it:
//
//	z1 = 2 y - z + h k    k1 = f(t + h, z1)    y1 = y + h/2 (k + k1)
//
// The error is against Euler's step y + h k: h/2 (k1 - k).
func reversibleHeun(func(key string) ir.Setting, func(*ir.Choice) *Tableau) *Memory {
	return &Memory{
		Order: 2, Evals: 1, Undoes: true, Suffixes: []string{"z", "zk"},
		Begin: func(y, k []*ir.Value) [][]*ir.Value { return [][]*ir.Value{y, k} },
		Step: func(r *remembered) (next, errors []*ir.Value, memory [][]*ir.Value) {
			b, z, k := r.b, r.memory[0], r.memory[1]
			z1, sum := make([]*ir.Value, len(z)), make([]*ir.Value, len(z))
			for i := range z {
				z1[i] = b.Sub(b.Mul(b.Const(2, z[i].Type.Elem), r.y[i]), z[i])
			}
			z1 = r.plus(z1, 1, k)
			k1 := r.field(b.Add(r.t, r.h), z1)
			for i := range z {
				sum[i] = b.Add(k[i], k1[i])
			}
			return r.plus(r.y, 0.5, sum), r.scaled(0.5, k1, k), [][]*ir.Value{z1, k1}
		},
		Inside: quadratic(1),
	}
}

// quadratic makes dense output y + h θ (d1 + θ d2) that starts with slope d1 = m and has the mean slope of m and m1, m being a piece
// of the memory.
func quadratic(piece int) insideOf {
	return func(b *ir.Builder, theta, h *ir.Value, y, _ []*ir.Value, before, after [][]*ir.Value) []*ir.Value {
		scale := b.Mul(h, theta)
		out := make([]*ir.Value, len(y))
		for i, m := range before[piece] {
			e := m.Type.Elem
			d2 := b.Mul(b.Const(0.5, e), b.Sub(after[piece][i], m))
			out[i] = b.Add(y[i], b.Mul(b.Cast(scale, e), b.Add(m, b.Mul(b.Cast(theta, e), d2))))
		}
		return out
	}
}

// Operands inserts the starts of memory into the operands of a solve, which lack them: each piece begins at
// the start of the solve, of one with stops at the inner side of it, since there may be a stop.
func Operands(b *ir.Builder, s *ir.Solve, operands []*ir.Value) []*ir.Value {
	lead, n := s.Lead(), len(s.Plain())
	if n == len(s.States) {
		return operands
	}
	var memory []*ir.Value
	for _, st := range s.States[n:] {
		memory = append(memory, b.Zeros(st.Type))
	}
	if s.Begin != nil {
		begin := operands[0]
		if s.Stops > 0 {
			begin = beside(b, operands[0], operands[1])
		}
		in := slices.Concat([]*ir.Value{begin}, operands[lead:lead+n], memory, operands[lead+n:])
		memory = b.CallAll(s.Begin, in...)[n:]
	}
	return slices.Concat(operands[:lead+n], memory, operands[lead+n:])
}

// beside is t0 plus the gap that steps of a solve from t0 to end, or along these times, keep from its stops.
func beside(b *ir.Builder, t0, end *ir.Value) *ir.Value {
	if end.Type.Rank() > 0 {
		end = b.At(end, end.Type.Len()-1)
	}
	size := b.Binary(ir.OpMax, b.Unary(ir.OpAbs, t0), b.Unary(ir.OpAbs, end))
	gap := b.Mul(b.Unary(ir.OpSign, b.Sub(end, t0)), b.Mul(b.Const(4*0x1p-52, ir.F64), size))
	return b.Add(t0, b.Unary(ir.OpDetach, gap))
}

// buildMemory is Build for a method with memory.
func (n *maker) buildMemory(m *ir.Module, by *Memory) {
	w := &rememberer{maker: n, by: by, plain: len(n.s.States)}
	for _, suffix := range by.Suffixes {
		for _, st := range n.s.States[:w.plain] {
			n.s.States = append(n.s.States, ir.SolveState{Name: st.Name + "_" + suffix, Type: st.Type, Memory: true})
		}
	}
	s := n.s
	if by.Start != nil {
		w.starts(m)
	} else {
		s.Begin, s.BeginEvals = m.AddFunc(w.begin()), 1
	}
	s.Step = m.AddFunc(w.step("step", "one step", false, s.Adaptive))
	s.DenseStep = m.AddFunc(w.step("dense_step", "one step, whose ends are all that dense output needs", false, s.Adaptive))
	s.Dense = m.AddFunc(w.dense())
	s.Replay = m.AddFunc(w.step("replay", "one step as a function of its start alone, for derivatives", false, false))
	s.ReplayAt = m.AddFunc(w.step("replay_at", "the states inside one step as a function of its start alone, for derivatives", true, false))
}

// rememberer writes the functions of a method with memory.
type rememberer struct {
	*maker
	by    *Memory
	plain int // states of the system
}

// pieces cuts values of all states into those of the system and the pieces of memory.
func (w *rememberer) pieces(all []*ir.Value) (y []*ir.Value, memory [][]*ir.Value) {
	y = all[:w.plain]
	for all = all[w.plain:]; len(all) > 0; all = all[w.plain:] {
		memory = append(memory, all[:w.plain])
	}
	return y, memory
}

func (w *rememberer) begin() *ir.Func {
	b := w.newFunc("begin", "the memory of the method where a solve begins")
	t, all, c := scalar(b, "t"), w.states(b, ""), w.extras(b)
	y := all[:w.plain]
	k := b.CallAll(w.s.Field, append(append([]*ir.Value{t}, y...), c...)...)
	results := append([]*ir.Value(nil), y...)
	for _, piece := range w.by.Begin(y, k) {
		results = append(results, piece...)
	}
	b.Func.ResultNames = w.resultNames("_begin")
	return b.Return(results...)
}

// step builds Step or Replay, or ReplayAt with at.
func (w *rememberer) step(suffix, doc string, at, withErrors bool) *ir.Func {
	b := w.newFunc(suffix, doc)
	r := &remembered{b: b, t: scalar(b, "t"), h: scalar(b, "h")}
	var theta *ir.Value
	if at {
		theta = scalar(b, "theta")
	}
	start := w.states(b, "")
	r.y, r.memory = w.pieces(start)
	plain := *w.s
	plain.States = w.s.States[:w.plain]
	r.solve = &plain
	c := w.extras(b)
	r.c = c
	r.field = func(t *ir.Value, y []*ir.Value) []*ir.Value {
		return Evaluate(b, w.s, append(append([]*ir.Value{t}, y...), c...), r.t, r.h)
	}
	next, errors, memory := w.by.Step(r)
	results := append([]*ir.Value(nil), next...)
	for _, piece := range memory {
		results = append(results, piece...)
	}
	for i, st := range w.s.States {
		results[i].Named(st.Name + "_next")
	}
	b.Func.ResultNames = w.resultNames("_next")
	switch {
	case at:
		b.Func.ResultNames = w.resultNames("_at")
		return b.Return(w.inside(b, w.by.Inside, theta, r.h, start, results)...)
	case withErrors:
		results = append(results, errors...)
		b.Func.ResultNames = append(b.Func.ResultNames, w.resultNames("_err")[:w.plain]...)
	}
	f := b.Return(results...)
	f.DropDead()
	return f
}

func (w *rememberer) dense() *ir.Func {
	b := w.newFunc("dense", "the states inside a step, at t + theta*h")
	theta, h := scalar(b, "theta"), scalar(b, "h")
	start, end := w.states(b, ""), w.states(b, "_next")
	b.Func.ResultNames = w.resultNames("_at")
	return b.Return(w.inside(b, w.by.Inside, theta, h, start, end)...)
}

// inside gives the states inside a step; memory lies on the line between its ends.
func (w *rememberer) inside(b *ir.Builder, by insideOf, theta, h *ir.Value, start, end []*ir.Value) []*ir.Value {
	y, before := w.pieces(start)
	y1, after := w.pieces(end)
	out := by(b, theta, h, y, y1, before, after)
	for i, st := range w.s.States {
		if i >= w.plain {
			out = append(out, b.Add(start[i], b.Mul(b.Cast(theta, st.Type.Elem), b.Sub(end[i], start[i]))))
		}
		out[i].Named(st.Name + "_at")
	}
	return out
}
