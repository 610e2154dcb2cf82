package method

import (
	"fmt"

	"ndec.dev/ndec/ir"
)

// Noise is the stochastic part of a solve, dy = f dt + g dW.
type Noise struct {
	// Fn: (t, y…, c…) -> g…, one per entry of States, which are indices of states. g of the state's
	// shape gives every element a Wiener process of its own (diagonal noise), a scalar one to all of
	// them, and one axis more a process for each index of that axis (general noise).
	Fn     *ir.Func
	States []int
	Ito    bool // else Stratonovich
	Paths  int  // where above 0, states and noises have a leading axis of sample paths
	Site   int  // of the draws
	// Key and Start are the places among the extras of the key of random draws and of t0.
	Key, Start int
}

// kind of noise of a state, by the shapes of a single path.
type kind uint8

const (
	diagonal kind = iota
	shared        // one process for all elements
	general       // an axis of processes
)

// path is the shape of a single path.
func (w *Noise) path(t ir.Type) []int {
	if w.Paths > 0 {
		return t.Shape[1:]
	}
	return t.Shape
}

// kind is that of noise g of a state, with the shape of its increments for a single path.
func (w *Noise) kind(state, g ir.Type) (kind, []int) {
	s, n := w.path(state), w.path(g)
	switch {
	case len(n) > len(s):
		return general, n[len(n)-1:]
	case len(n) < len(s):
		return shared, nil
	}
	return diagonal, s
}

// buildStochastic gives s the functions of a stochastic method. Steps have one length h, and step
// k = (t-t0)/h draws the numbers k n, k n + 1, …, n of them: a path is a function of key and site,
// and a step one of its start, as in every other method. Where events cut steps, k is how many steps there were before, as memory
// that goes on over events: what follows one has increments of its own, since a Wiener process is new after a time
// that it has decided itself.
func buildStochastic(m *ir.Module, s *ir.Solve, row *Row, cfg Config) error {
	w := cfg.Noise
	if w == nil {
		return fmt.Errorf("solve %s: %s is for systems with noise", s.Name, row.Name)
	}
	if s.Steps <= 0 && !(s.StepSize > 0) {
		return fmt.Errorf("solve %s: %s needs a number of steps or a step size", s.Name, row.Name)
	}
	n := &noisy{maker: &maker{s: s, cfg: cfg, real: m.Real}, method: row.Name, plain: len(s.States)}
	if len(s.Events) > 0 {
		s.States = append(s.States, ir.SolveState{Name: "steps_done", Type: ir.Scalar(ir.F64), Memory: true})
	}
	s.Method, s.Order, s.StepEvals = row.Name, 1, 1
	s.Step = m.AddFunc(n.step("step", "one step", false))
	s.Dense = m.AddFunc(n.dense())
	s.Replay = m.AddFunc(n.step("replay", "one step as a function of its start alone, for derivatives", false))
	s.ReplayAt = m.AddFunc(n.step("replay_at", "the states inside one step as a function of its start alone, for derivatives", true))
	return nil
}

// noisy builds the functions of one stochastic solve.
type noisy struct {
	*maker
	method string
	plain  int // states of the system
}

// step builds Step, Replay or ReplayAt.
func (n *noisy) step(suffix, doc string, at bool) *ir.Func {
	b := n.newFunc(suffix, doc)
	t, h := scalar(b, "t"), scalar(b, "h")
	var theta *ir.Value
	if at {
		theta = scalar(b, "theta")
	}
	y, c := n.states(b, ""), n.extras(b)
	next := n.next(b, t, h, y[:n.plain], y[n.plain:], c)
	if at {
		next = n.between(b, theta, y, next)
		b.Func.ResultNames = n.resultNames("_at")
	} else {
		b.Func.ResultNames = n.resultNames("_next")
	}
	return b.Return(next...)
}

// dense joins the ends of a step by a line.
func (n *noisy) dense() *ir.Func {
	b := n.newFunc("dense", "the states inside a step, on the line between its ends")
	theta := scalar(b, "theta")
	scalar(b, "h")
	y, next := n.states(b, ""), n.states(b, "_next")
	b.Func.ResultNames = n.resultNames("_at")
	return b.Return(n.between(b, theta, y, next)...)
}

func (n *noisy) between(b *ir.Builder, theta *ir.Value, y, next []*ir.Value) []*ir.Value {
	var out []*ir.Value
	for i, st := range n.s.States {
		if st.Memory { // a step that is cut has been made
			out = append(out, next[i])
			continue
		}
		out = append(out, b.Add(y[i], b.Mul(b.Cast(theta, st.Type.Elem), b.Sub(next[i], y[i]))).Named(st.Name+"_at"))
	}
	return out
}

// next is the state after a step (Kloeden, Platen 1992):
//
//	euler_maruyama   y + h f + g ΔW                                         (10.2.4), Ito
//	euler_heun       y + h f + (g + g(t+h, y + g ΔW)) ΔW / 2                Stratonovich
//	milstein         y + h f + g ΔW + (g(t, y + h f + g √h) - g)(ΔW² - h)/(2√h)   (11.1.3), Ito;
//	                 y + h f + g ΔW + (g(t, y + g √h) - g(t, y - g √h)) ΔW²/(4√h), Stratonovich, where a
//	                 one-sided difference would leave a mean error of order h^(3/2) in each step
//
// done is the number of steps before, where that is memory.
func (n *noisy) next(b *ir.Builder, t, h *ir.Value, y, done, c []*ir.Value) []*ir.Value {
	w := n.cfg.Noise
	f := b.CallAll(n.s.Field, append(append([]*ir.Value{t}, y...), c...)...)
	noise := func(t *ir.Value, y []*ir.Value) []*ir.Value {
		return b.CallAll(w.Fn, append(append([]*ir.Value{t}, y...), c...)...)
	}
	g := noise(t, y)
	root := b.Unary(ir.OpSqrt, b.Unary(ir.OpAbs, h))
	var step *ir.Value
	if len(done) > 0 {
		step = done[0]
	} else {
		step = b.Unary(ir.OpFloor, b.Add(b.Div(b.Sub(t, c[w.Start]), h), b.Const(0.5, ir.F64)))
	}
	dW := n.increments(b, step, root, c)
	drifted := make([]*ir.Value, len(y))
	for i, st := range n.s.States[:n.plain] {
		drifted[i] = b.Add(y[i], b.Mul(b.Cast(h, st.Type.Elem), f[i]))
	}
	out := append([]*ir.Value(nil), drifted...)
	switch n.method {
	case "euler_heun":
		ahead := append([]*ir.Value(nil), y...)
		for k, i := range w.States {
			ahead[i] = b.Add(y[i], n.times(b, i, g[k], dW[k]))
		}
		g2 := noise(b.Add(t, h), ahead)
		for k, i := range w.States {
			e := n.s.States[i].Type.Elem
			mean := b.Mul(b.Const(0.5, e), b.Add(g[k], g2[k]))
			out[i] = b.Add(out[i], n.times(b, i, mean, dW[k]))
		}
	case "milstein":
		// shifted is the noise at y moved by a multiple of g √h.
		shifted := func(y []*ir.Value, sign float64) []*ir.Value {
			ahead := append([]*ir.Value(nil), y...)
			for k, i := range w.States {
				e := n.s.States[i].Type.Elem
				ahead[i] = b.Add(y[i], b.Mul(b.Cast(b.Mul(b.Const(sign, ir.F64), root), e), g[k]))
			}
			return noise(t, ahead)
		}
		var up []*ir.Value
		down, share := g, 0.5
		if w.Ito {
			up = shifted(drifted, 1)
		} else {
			up, down, share = shifted(y, 1), shifted(y, -1), 0.25
		}
		for k, i := range w.States {
			e := n.s.States[i].Type.Elem
			square := b.Unary(ir.OpSquare, dW[k])
			if w.Ito {
				square = b.Sub(square, b.Cast(b.Unary(ir.OpAbs, h), e))
			}
			slope := b.Mul(b.Cast(b.Div(b.Const(share, ir.F64), root), e), b.Sub(up[k], down[k]))
			out[i] = b.Add(b.Add(out[i], b.Mul(g[k], dW[k])), b.Mul(slope, square))
		}
	default:
		for k, i := range w.States {
			out[i] = b.Add(out[i], n.times(b, i, g[k], dW[k]))
		}
	}
	for _, k := range done {
		out = append(out, b.Add(k, b.Const(1, ir.F64)))
	}
	for i, st := range n.s.States {
		out[i].Named(st.Name + "_next")
	}
	return out
}

// times is g ΔW for state i.
func (n *noisy) times(b *ir.Builder, i int, g, dW *ir.Value) *ir.Value {
	w, t := n.cfg.Noise, n.s.States[i].Type
	k, _ := w.kind(t, g.Type)
	switch {
	case k == diagonal:
		return b.Mul(g, dW)
	case k == shared:
		// The same for all elements: the axes of the state in front, those of paths behind, and back.
		p := b.Mul(g, dW)
		own := w.path(t)
		x := b.Expand(p, append(append([]int{}, own...), p.Type.Shape...)...)
		if w.Paths == 0 {
			return x
		}
		perm := []int{len(own)}
		for j := range own {
			perm = append(perm, j)
		}
		return b.Transpose(x, perm...)
	}
	m := dW.Type.Shape[dW.Type.Rank()-1]
	paths := max(w.Paths, 1)
	rows := g.Type.Len() / m / paths
	spread := b.Expand(b.Reshape(dW, paths, m), rows, paths, m)
	sum := b.Sum(b.Mul(b.Reshape(g, paths, rows, m), b.Transpose(spread, 1, 0, 2)), 2)
	return b.Emit(ir.OpReshape, ir.Attr{Ints: append([]int{}, t.Shape...)}, sum)
}

// increments are those of the Wiener processes over step number step: √|h| times standard normal numbers.
func (n *noisy) increments(b *ir.Builder, step, root *ir.Value, c []*ir.Value) []*ir.Value {
	w := n.cfg.Noise
	total := 0
	var shapes [][]int
	for k, i := range w.States {
		_, shape := w.kind(n.s.States[i].Type, w.Fn.Results[k].Type)
		if w.Paths > 0 {
			shape = append([]int{w.Paths}, shape...)
		}
		shapes = append(shapes, append([]int{}, shape...))
		total += ir.Tensor(ir.F64, shape...).Len()
	}
	stride := total + total%2 // numbers come in pairs
	z := b.Gauss(c[w.Key], w.Site, b.Mul(step, b.Const(float64(stride), ir.F64)), total)
	all := b.Mul(root, z)
	var out []*ir.Value
	lo := 0
	for k, i := range w.States {
		len := ir.Tensor(ir.F64, shapes[k]...).Len()
		part := b.Emit(ir.OpReshape, ir.Attr{Ints: shapes[k]}, b.Slice(all, lo, lo+len))
		lo += len
		out = append(out, b.Cast(part, n.s.States[i].Type.Elem).Named(n.s.States[i].Name+"_dW"))
	}
	return out
}
