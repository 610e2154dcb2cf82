package codegen_test

import (
	"testing"

	"ndec.dev/ndec/ir"
	"ndec.dev/ndec/ir/diag"
	"ndec.dev/ndec/ir/method"
)

// happening gives a solve of several states events of the kinds: guards and resets read states, time, extras and a
// parameter.
func happening(kinds ...ir.Event) func(p *problem, m *ir.Module, s *ir.Solve, params map[string][]float64) {
	return func(p *problem, m *ir.Module, s *ir.Solve, params map[string][]float64) {
		s.EventTol, s.EventMax = 1e-13, 40
		kick := m.AddParam(&ir.Param{Name: "net.kick", Net: "net", Type: ir.Scalar(p.real)})
		params["net.kick"] = []float64{0.375}
		args := func(b *ir.Builder) (t *ir.Value, x, c []*ir.Value) {
			t = b.Arg("t", ir.Scalar(ir.F64))
			for _, st := range s.States {
				x = append(x, b.Arg(st.Name, st.Type))
			}
			for _, e := range s.Extras {
				c = append(c, b.Arg("c"+string(rune('0'+len(c))), e))
			}
			return t, x, c
		}
		first := func(b *ir.Builder, v *ir.Value) *ir.Value { return b.At(b.Reshape(v, v.Type.Len()), 0) }
		guards := ir.NewFunc("S.guard", diag.Span{}, p.real)
		t, x, c := args(guards)
		var gs []*ir.Value
		for i, e := range kinds {
			b := ir.NewFunc("S.reset"+string(rune('0'+i)), diag.Span{}, p.real)
			at, y, _ := args(b)
			out := append([]*ir.Value(nil), y...)
			k := i % len(p.of.shapes)
			// x_k = kick cos x_k - x_k/2 + t/8
			push := b.Add(b.Cast(b.Mul(b.Const(0.125, ir.F64), at), p.real), b.Num(0.25))
			turned := b.Sub(b.Mul(b.Param(kick), b.Unary(ir.OpCos, y[k])), b.Mul(b.Num(0.5), y[k]))
			out[k] = b.Add(turned, push)
			if !e.Stop || i%2 == 0 {
				e.Reset = m.AddFunc(b.Return(out...))
			}
			s.Events = append(s.Events, e)
			if e.Kind == ir.Every {
				continue
			}
			g := guards.Sub(first(guards, x[k]), guards.Mul(guards.Param(kick), guards.Num(0.25*float64(1+i))))
			if len(c) > 0 {
				g = guards.Add(g, guards.Mul(guards.Num(0.125), first(guards, c[0])))
			}
			wave := guards.Mul(guards.Const(0.25, ir.F64), guards.Unary(ir.OpSin, guards.Mul(guards.Const(5, ir.F64), t)))
			gs = append(gs, guards.Add(guards.Cast(g, ir.F64), wave))
		}
		if len(gs) > 0 {
			s.Guard = m.AddFunc(guards.Return(gs...))
		}
	}
}

// TestEvents compares solves with events with the interpreter: states, output times, statistics and gradients.
func TestEvents(t *testing.T) {
	var es []*emitted
	n := 0
	add := func(p problem, name string, kinds ...ir.Event) {
		p.events = happening(kinds...)
		es = append(es, p.emit(t, name))
		n++
	}
	rising, falling, crossing := ir.Event{Kind: ir.Rising}, ir.Event{Kind: ir.Falling}, ir.Event{Kind: ir.Crossing}
	often, stop := ir.Event{Kind: ir.Every, Every: 0.4}, ir.Event{Kind: ir.Crossing, Stop: true}
	late := ir.Event{Kind: ir.Every, Every: 1.1, Stop: true}
	several, pair := systems[2], systems[1]
	dopri5, rk4 := method.Lookup("dopri5"), method.Lookup("rk4")
	fine := func(s *ir.Solve) { s.RTol, s.ATol = 1e-4, 1e-5 }
	add(problem{of: several, method: dopri5, real: ir.F64, set: fine, looks: 9}, "event_crossing", crossing, rising, often)
	add(problem{of: several, method: dopri5, real: ir.F64, set: fine, times: 7, back: true}, "event_back", falling, crossing, often)
	add(problem{of: several, method: dopri5, real: ir.F64, set: fine, times: 7}, "event_stop_along", often, stop)
	add(problem{of: several, method: dopri5, real: ir.F64, set: fine}, "event_stop", crossing, stop, late)
	add(problem{of: several, method: rk4, real: ir.F64, times: 7}, "event_fixed", crossing, rising, often)
	add(problem{of: pair, method: rk4, real: ir.F64, back: true, looks: 6, set: func(s *ir.Solve) { s.Steps, s.StepSize = 0, 0.4 }}, "event_length", crossing, late)
	add(problem{of: pair, method: method.Lookup("cashkarp"), real: ir.F64, stops: []float64{0.31, 0.9}, times: 5}, "event_stops", crossing, often)
	add(problem{of: pair, method: rk4, real: ir.F64, stops: []float64{0.31, 0.9}, looks: 6}, "event_pieces", rising, often)
	add(problem{of: several, method: method.Lookup("leapfrog"), real: ir.F64, apart: true, times: 7}, "event_split", crossing, often)
	add(problem{of: systems[0], method: rk4, real: ir.F32, looks: 6}, "event_f32", often)
	// Other sensitivities than backprop.
	kept := func(row string, options ...ir.Setting) func(s *ir.Solve) {
		return func(s *ir.Solve) {
			fine(s)
			s.Sensitivity = ir.Choice{Row: row, Options: options}
		}
	}
	add(problem{of: several, method: dopri5, real: ir.F64, set: kept("checkpoint", ir.Setting{Key: "every", Num: 3}), times: 7}, "event_kept", crossing, rising, often)
	add(problem{of: pair, method: rk4, real: ir.F64, set: kept("checkpoint", ir.Setting{Key: "memory", Num: 3400}), back: true}, "event_memory", often, crossing, late)
	add(problem{of: several, method: dopri5, real: ir.F64, set: kept("interpolated"), times: 7}, "event_along", falling, crossing, often)
	add(problem{of: pair, method: dopri5, real: ir.F64, set: kept("forward"), times: 5}, "event_forward", crossing, rising, often)
	add(problem{of: several, method: dopri5, real: ir.F64, set: kept("adjoint"), times: 7}, "event_adjoint", falling, crossing, often)
	add(problem{of: pair, method: rk4, real: ir.F64, set: kept("adjoint", ir.Setting{Key: "seminorm"}), stops: []float64{0.31, 0.9}, back: true}, "event_inside", often, crossing, late)
	add(problem{of: pair, method: dopri5, real: ir.F64, set: kept("quadrature"), stops: []float64{0.31, 0.9}, times: 5}, "event_gauss", crossing, stop)
	add(problem{of: several, method: method.Lookup("leapfrog"), real: ir.F64, apart: true, set: kept("reversible"), times: 7}, "event_undone", crossing, often)
	add(problem{of: several, method: method.Lookup("leapfrog"), real: ir.F64, apart: true, set: kept("reversible")}, "event_undone_end", rising, often)
	// Memory of the method begins anew after an event.
	alf, heun := method.Lookup("alf"), method.Lookup("reversible_heun")
	coarse := func(row string, options ...ir.Setting) func(s *ir.Solve) {
		set := kept(row, options...)
		return func(s *ir.Solve) { set(s); s.RTol, s.ATol = 1e-2, 1e-3 }
	}
	fixed := []ir.Setting{{Key: "steps", Num: 5}}
	add(problem{of: several, method: alf, real: ir.F64, set: coarse("backprop"), times: 7}, "event_alf", crossing, rising, often)
	add(problem{of: pair, method: heun, real: ir.F64, set: coarse("backprop"), back: true, stops: []float64{0.9, 0.31}}, "event_heun", crossing, often, late)
	add(problem{of: pair, method: alf.With(fixed), real: ir.F64, stops: []float64{0.31, 0.9}, looks: 6}, "event_alf_fixed", rising, often)
	add(problem{of: several, method: heun.With(fixed), real: ir.F64, times: 7, set: coarse("checkpoint", ir.Setting{Key: "every", Num: 3})}, "event_heun_kept", crossing, often)
	add(problem{of: pair, method: alf, real: ir.F64, set: coarse("forward"), times: 5}, "event_alf_forward", crossing, often)
	add(problem{of: pair, method: alf, real: ir.F64, set: coarse("reversible"), times: 5}, "event_alf_undone", crossing, often)
	add(problem{of: pair, method: heun.With(fixed), real: ir.F64, set: coarse("reversible"), stops: []float64{0.31, 0.9}}, "event_heun_undone", rising, often)
	// A guard that is always near 0 never ends.
	add(problem{of: systems[0], method: dopri5, real: ir.F64, fails: true, set: func(s *ir.Solve) { s.EventMax = 1 }}, "event_endless", crossing, ir.Event{Kind: ir.Every, Every: 0.03})
	happened := 0
	for _, e := range es {
		for _, s := range e.want.Status[0] {
			if s == ir.StatusEventStop {
				happened++
			}
		}
	}
	if happened < 6 {
		t.Errorf("%d samples ended by an event", happened)
	}
	compare(t, es)
}
