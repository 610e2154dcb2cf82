package lower

import (
	"math"
	"testing"

	"ndec.dev/ndec/ir"
	"ndec.dev/ndec/ir/opt"
)

const driving = `package p

system Held {
	state x real
	input u real {
		interp: hold
	}
	der(x) = u
	output now = u
}

system Line {
	state x real
	input u real
	input w [2]real {
		interp: hold
	}
	der(x) = u*w[1]
}

system Curve {
	state x real
	input u [2]real {
		interp: cubic
	}
	der(x) = u[0] + t*u[1]
}

solver Fine = dopri5{rtol: 1e-10, atol: 1e-10}

// Along takes one step from knot to knot.
model Along(ts [4]time, us [4]real) (xs, now [4]real) {
	path := solve(Held{x: 0, u: signal(ts, us)}, from: ts[0], at: ts, with: rk4{steps: 1})
	return path.x, path.now
}

model Ahead(ts [4]time, us [4]real) (x real, n, rejected i32) {
	end := solve(Held{x: 0, u: signal(ts, us)}, over: -1..5, with: Fine)
	return end.x, end.accepted, end.rejected
}

model Back(ts [4]time, us [4]real) (x real, rejected i32) {
	end := solve(Held{x: 0, u: signal(ts, us)}, over: ts[3]..ts[0], with: Fine)
	return end.x, end.rejected
}

model Constant(u real) (x real) {
	return solve(Held{x: 0, u: u}, over: 0..2, with: Fine).x
}

model Two(ts [4]time, us [4]real, ss [3]time, ws [3, 2]real) (x real, rejected i32) {
	s := signal(ts, us)
	end := solve(Line{x: 0, u: s, w: signal(ss, ws)}, over: 0..3, with: Mine)
	return end.x, end.rejected
}

// One step of a method of order 4 between knots is exact for a parabola times t.
model Parabola(ts [5]time, us [5, 2]real) (x real) {
	return solve(Curve{x: 0, u: signal(ts, us)}, over: ts[0]..ts[4], with: rk4{steps: 1}).x
}

solver Mine = dopri5{rtol: 1e-10, atol: 1e-10, step_at: [0.25]}

model Point(ts [4]time, us [4]real, at time) (dx real) {
	return rhs(Held{x: 0, u: signal(ts, us)}, t: at).x
}
`

// Solves that are driven by signals have their exact values: steps end at knots, and a stage on a knot sees
// the piece that its step lies in.
func TestInputs(t *testing.T) {
	m := compile(t, driving)
	mc := newMachine(t, m, nil)
	ts, us := []float64{0, 0.5, 2, 3}, []float64{1, -2, 4, 100}
	call := func(name string, args ...[]float64) [][]float64 { return mc.call(m.FuncByName(name), args) }
	eq := func(name string, got, want float64) {
		t.Helper()
		if !(math.Abs(got-want) <= 1e-12*(1+math.Abs(want))) {
			t.Errorf("%s: %v, want %v", name, got, want)
		}
	}
	along := call("Along", ts, us)
	for i, want := range []float64{0, 0.5, -2.5, 1.5} {
		eq("Along", along[0][i], want)
		eq("output", along[1][i], us[i])
	}
	ahead := call("Ahead", ts, us) // outside the knots the first and the last value
	eq("Ahead", ahead[0][0], 1*1.5-2*1.5+4*1+100*2)
	back := call("Back", ts, us)
	eq("Back", back[0][0], -1.5)
	eq("rejected", ahead[2][0]+back[1][0], 0)
	eq("Constant", call("Constant", []float64{3})[0][0], 6)
	// u = t², by lines: exact integrals piece by piece, w[1] is 2 until 1 and 3 behind it.
	sq := []float64{0, 0.25, 4, 9}
	two := call("Two", ts, sq, []float64{0, 1, 9}, []float64{0, 2, 0, 3, 0, 7})
	eq("Two", two[0][0], 2*(0.25*0.5/2+0.5*(0.25+1.5)/2)+3*((1.5+4)/2+(4+9)/2.0))
	eq("rejected", two[1][0], 0)
	// Components t² and 3t-1 at uneven knots.
	knots := []float64{0, 0.5, 0.75, 2, 3}
	var cubic []float64
	for _, t := range knots {
		cubic = append(cubic, t*t, 3*t-1)
	}
	eq("Parabola", call("Parabola", knots, cubic)[0][0], 9+27-4.5)
	for _, c := range [][2]float64{{-1, 1}, {0, 1}, {0.49, 1}, {0.5, -2}, {1.99, -2}, {2, 4}, {7, 100}} {
		eq("Point", call("Point", ts, us, []float64{c[0]})[0][0], c[1])
	}
}

// TestInputRates: a step looks a knot up once, whatever its stages.
func TestInputRates(t *testing.T) {
	m := compile(t, driving)
	opt.Prepare(m)
	if err := opt.Run(m, opt.Options{Check: true}); err != nil {
		t.Fatal(err)
	}
	found := 0
	for _, s := range m.Solves {
		for _, f := range []*ir.Func{s.Step, s.DenseStep} {
			if f == nil || s.Stops == 0 || s.System == "Line" {
				continue
			}
			n := map[ir.Op]int{}
			for _, v := range f.Values {
				n[v.Op]++
			}
			found++
			// A held signal is one row; a cubic one time, value and slope at both ends.
			if want := map[string]int{"Held": 1, "Curve": 6}[s.System]; n[ir.OpLocate] != 1 || n[ir.OpTake] != want {
				t.Errorf("%s has %d lookups and takes %d rows, want 1 and %d", f.Name, n[ir.OpLocate], n[ir.OpTake], want)
			}
		}
	}
	if found == 0 {
		t.Error("no steps")
	}
}

// TestInputField: the stages of a step evaluate one function, which takes of inputs what the step has looked up. What follows from that alone is made in
// the step, and what follows from contexts once for a solve.
func TestInputField(t *testing.T) {
	for solver, evals := range map[string]int{"rk4{steps: 3}": 4, "dopri5{}": 6, "tsit5{step_group: batch}": 6, "alf{steps: 3}": 1, "adams_moulton{steps: 5, order: 3}": 2} {
		m := compile(t, `package p

net f(x [2]real) [2]real {
	return x |> Linear(3) |> tanh |> Linear(2)
}

net push(u [2]real) [2]real {
	return u |> Linear(2) |> tanh
}

system Pushed {
	state x [2]real
	input u [2]real {
		interp: hold
	}
	context c real
	der(x) = f(x)*exp(c) + push(u)
}

model Go(x [2]real, ts [4]time, us [4, 2]real, c real) [2]real {
	return solve(Pushed{x: x, u: signal(ts, us), c: c}, over: 0..1, with: `+solver+`).x
}
`)
		opt.Prepare(m)
		if err := opt.Run(m, opt.Options{Check: true}); err != nil {
			t.Fatal(err)
		}
		s := m.Solves[0]
		if s.Within == nil {
			t.Errorf("%s: no field inside a step", solver)
			continue
		}
		count := func(f *ir.Func, is func(v *ir.Value) bool) (n int) {
			for _, v := range f.Values {
				if is(v) {
					n++
				}
			}
			return n
		}
		again := 0 // loops of a first step keep what follows from contexts in the field
		if s.Start != nil {
			again = 1
		}
		of := func(op ir.Op) func(*ir.Value) bool { return func(v *ir.Value) bool { return v.Op == op } }
		if n := count(s.Step, func(v *ir.Value) bool { return v.Op == ir.OpCall && v.Attr.Func == s.Within }); n != evals || n != s.StepEvals {
			t.Errorf("%s: a step calls the field %d times, want %d, and says %d", solver, n, evals, s.StepEvals)
		}
		if located, products, wide := count(s.Step, of(ir.OpLocate)), count(s.Step, of(ir.OpMatVec)), count(s.Step, of(ir.OpExp)); located != 1 || products != 1 || wide != 0 {
			t.Errorf("%s: a step looks knots up %d times and has %d products and %d exponentials, want 1, 1 and 0", solver, located, products, wide)
		}
		if located, products, wide := count(s.Within, of(ir.OpLocate)), count(s.Within, of(ir.OpMatVec)), count(s.Within, of(ir.OpExp)); located != 0 || products != 2 || wide != again {
			t.Errorf("%s: the field looks knots up %d times and has %d products and %d exponentials, want 0, 2 and %d", solver, located, products, wide, again)
		}
		if wide := count(s.Field, of(ir.OpExp)); wide != again {
			t.Errorf("%s: the field outside of steps has %d exponentials, want %d", solver, wide, again)
		}
		for _, a := range s.Within.Args {
			if a.Type.Len() > 2 {
				t.Errorf("%s: the field takes %s, %s", solver, a.Name, a.Type)
			}
		}
	}
}
