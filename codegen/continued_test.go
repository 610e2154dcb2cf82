package codegen_test

import "testing"

// bounce has solves of all kinds that are taken step by step: events, stops, memory of methods, controllers, inputs.
const bounce = `package bounce

system Ball {
	state q real
	state v real
	state m [2, 2]real
	context g real
	der(q) = v
	der(v) = -g - 0.1*g*v
	der(m) = -0.5*m + [[0, q], [1, 0]]
	when falling(q) { v = -0.8*v }
	when every(0.7) { m = m + [[1, 0], [0, 1]] }
	when rising(t - 1.9) { stop }
}

system Swing {
	state q, v real
	input u real
	integral w = u*v
	der(q) = v
	der(v) = -sin(q) + u
}

net f(x [3]real) [3]real { return x |> Linear(5) |> tanh |> Linear(3) }

system Flow {
	state x [3]real
	der(x) = f(x) + t
}

solver Fast = dopri5{rtol: 1e-5, atol: 1e-6}
solver Grid = rk4{steps: 11}
solver Smooth = tsit5{rtol: 1e-4, atol: 1e-6, control: h211b}
solver Many = adams_moulton{order: 5, steps: 20}
solver Cut = rk4{step: 0.23, step_at: [0.3, 1.1]}
solver Orbit = rkn43{rtol: 1e-4, atol: 1e-5}
solver Undone = alf{rtol: 1e-3, atol: 1e-4}
solver Anew = reversible_heun{rtol: 1e-3, atol: 1e-4, jump_at: [0, 0.3]}
solver Thrice = adams_bashforth{order: 3, steps: 12}

model Ball1(q, g real) (q1, v1 real, m1 [2, 2]real, n i32) {
	end := solve(Ball{q: q, v: 0, m: [[1, 2], [3, 4]], g: g}, over: 0..2, with: Fast)
	return end.q, end.v, end.m, end.nfe
}

model Ball2(q, g real) (q1, v1 real, m1 [2, 2]real, n i32) {
	end := solve(Ball{q: q, v: 0, m: [[1, 2], [3, 4]], g: g}, over: 0..2, with: Grid)
	return end.q, end.v, end.m, end.nfe
}

model Ball3(q, g real) (q1, v1 real, m1 [2, 2]real, n i32) {
	end := solve(Ball{q: q, v: 0, m: [[1, 2], [3, 4]], g: g}, over: 0..2, with: Smooth)
	return end.q, end.v, end.m, end.nfe
}

model Ball4(q, g real) (q1, v1 real, m1 [2, 2]real, n i32) {
	end := solve(Ball{q: q, v: 0, m: [[1, 2], [3, 4]], g: g}, over: 2..0, with: Many)
	return end.q, end.v, end.m, end.nfe
}

model Ball5(q, g real) (q1, v1 real, m1 [2, 2]real, n i32) {
	end := solve(Ball{q: q, v: 0, m: [[1, 2], [3, 4]], g: g}, over: 0..2, with: Cut)
	return end.q, end.v, end.m, end.nfe
}

model Ball6(q, g real) (q1, v1 real, m1 [2, 2]real, n i32) {
	end := solve(Ball{q: q, v: 0, m: [[1, 2], [3, 4]], g: g}, over: 0..2, with: Anew)
	return end.q, end.v, end.m, end.nfe
}

model Swing1(q real) (q1, v1, w1 real, n i32) {
	end := solve(Swing{q: q, v: 0, u: signal([0.0, 0.5, 1, 2], [0.0, 1, -1, 0.5])}, over: 0..2, with: Orbit)
	return end.q, end.v, end.w, end.nfe
}

model Flow1(x [3]real) (x1 [3]real, n i32) {
	end := solve(Flow{x}, over: 0..1, with: Undone)
	return end.x, end.nfe
}

model Along(x [3]real, ts [4]time) (xs [4, 3]real, n i32) {
	path := solve(Flow{x}, from: 0, at: ts, with: tsit5{rtol: 1e-4})
	return path.x, path.nfe
}

model Stepped(x [3]real, ts [4]time) (xs [4, 3]real, n i32) {
	path := solve(Flow{x}, from: 0, at: ts, with: rk4{steps: 7})
	return path.x, path.nfe
}

model Flow2(x [3]real) (x1 [3]real, n i32) {
	end := solve(Flow{x}, over: 1..0, with: Thrice)
	return end.x, end.nfe
}
`

const bounceTest = `package bounce

import (
	"errors"
	"fmt"
	"math"
	"testing"

	"ndec.dev/ndec/rt"
)

type ongoing interface {
	Step() bool
	Ended() bool
	Time() float64
	Stats() rt.SolveStats
	Err() error
	Save() []byte
	Restore([]byte) error
}

// run takes all steps, and before each goes on in another solve, which begins from other numbers.
func run(t *testing.T, name string, start func(k float64) ongoing, state func(ongoing) string, want string, nfe int32) {
	t.Helper()
	for _, restart := range []bool{false, true} {
		s := start(1)
		for n := 0; !s.Ended(); n++ {
			if restart {
				saved := s.Save()
				s = start(0.5)
				if n%2 == 1 {
					s.Step()
				}
				if err := s.Restore(saved); err != nil {
					t.Fatalf("%s: %v", name, err)
				}
			}
			if before := s.Time(); !s.Step() || s.Time() == before {
				t.Fatalf("%s: no step from %g: %v", name, before, s.Err())
			}
		}
		if got := state(s); got != want || s.Stats().NFE != int(nfe) || s.Err() != nil || s.Step() {
			t.Errorf("%s, saved between steps %t: %s with %d evaluations instead of %s with %d (%v)", name, restart, got, s.Stats().NFE, want, nfe, s.Err())
		}
	}
	// Damaged bytes are refused and change nothing.
	s := start(1)
	s.Step()
	saved, at := s.Save(), state(s)
	for i := range saved {
		bad := append([]byte(nil), saved...)
		bad[i] ^= 0x41
		if err := s.Restore(bad); !errors.Is(err, rt.ErrData) {
			t.Fatalf("%s: byte %d changed: %v", name, i, err)
		}
	}
	for _, bad := range [][]byte{nil, saved[:len(saved)-1], append(append([]byte(nil), saved...), 0)} {
		if err := s.Restore(bad); !errors.Is(err, rt.ErrData) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if state(s) != at {
		t.Errorf("%s: a refused save changed the state", name)
	}
	s = start(1)
	if n := testing.AllocsPerRun(3, func() { s.Step() }); n > 0 {
		t.Errorf("%s: %g allocations", name, n)
	}
}

func TestOngoing(t *testing.T) {
	p := NewParams(7)
	const q, g = 0.4, 3
	ball := func(k float64) BallState { return BallState{Q: Real(k * q), V: 0, M: [2][2]Real{{1, 2}, {3, 4}}} }
	text := func(s BallState) string { return fmt.Sprint(s.Q, s.V, s.M) }
	b1, err := NewBall1(p).Forward(Ball1Input{Q: q, G: g})
	if err != nil {
		t.Fatal(err)
	}
	run(t, "dopri5", func(k float64) ongoing { return StartBallFastSolve(p, 0, 2, ball(k), Real(k*g)) },
		func(s ongoing) string { return text(s.(*BallFastSolve).State()) }, fmt.Sprint(b1.Q1, b1.V1, b1.M1), b1.N)
	b2, _ := NewBall2(p).Forward(Ball2Input{Q: q, G: g})
	run(t, "rk4", func(k float64) ongoing { return StartBallGridSolve(p, 0, 2, ball(k), Real(k*g)) },
		func(s ongoing) string { return text(s.(*BallGridSolve).State()) }, fmt.Sprint(b2.Q1, b2.V1, b2.M1), b2.N)
	b3, _ := NewBall3(p).Forward(Ball3Input{Q: q, G: g})
	run(t, "tsit5", func(k float64) ongoing { return StartBallSmoothSolve(p, 0, 2, ball(k), Real(k*g)) },
		func(s ongoing) string { return text(s.(*BallSmoothSolve).State()) }, fmt.Sprint(b3.Q1, b3.V1, b3.M1), b3.N)
	b4, _ := NewBall4(p).Forward(Ball4Input{Q: q, G: g})
	run(t, "adams_moulton", func(k float64) ongoing { return StartBallManySolve(p, 2, 0, ball(k), Real(k*g)) },
		func(s ongoing) string { return text(s.(*BallManySolve).State()) }, fmt.Sprint(b4.Q1, b4.V1, b4.M1), b4.N)
	b5, _ := NewBall5(p).Forward(Ball5Input{Q: q, G: g})
	run(t, "rk4 with stops", func(k float64) ongoing { return StartBallCutSolve(p, 0, 2, ball(k), Real(k*g), [2]float64{0.3, 1.1}) },
		func(s ongoing) string { return text(s.(*BallCutSolve).State()) }, fmt.Sprint(b5.Q1, b5.V1, b5.M1), b5.N)

	b6, _ := NewBall6(p).Forward(Ball6Input{Q: q, G: g})
	run(t, "reversible_heun with stops", func(k float64) ongoing { return StartBallAnewSolve(p, 0, 2, ball(k), Real(k*g), [2]float64{0, 0.3}) },
		func(s ongoing) string { return text(s.(*BallAnewSolve).State()) }, fmt.Sprint(b6.Q1, b6.V1, b6.M1), b6.N)

	s1, err := NewSwing1(p).Forward(q)
	if err != nil {
		t.Fatal(err)
	}
	ts, us := [4]float64{0, 0.5, 1, 2}, [4]Real{0, 1, -1, 0.5}
	run(t, "rkn43", func(k float64) ongoing { return StartSwingOrbitSolve(p, 0, 2, SwingState{Q: Real(k * q)}, ts, us, ts) },
		func(s ongoing) string { return fmt.Sprint(s.(*SwingOrbitSolve).State()) }, fmt.Sprint(SwingState{s1.Q1, s1.V1, s1.W1}), s1.N)

	x := func(k float64) [3]Real { return [3]Real{Real(k), 0.5, -1} }
	f1, err := NewFlow1(p).Forward(x(1))
	if err != nil {
		t.Fatal(err)
	}
	run(t, "alf", func(k float64) ongoing { return StartFlowUndoneSolve(p, 0, 1, x(k)) },
		func(s ongoing) string { return fmt.Sprint(s.(*FlowUndoneSolve).State()) }, fmt.Sprint(f1.X1), f1.N)
	f2, _ := NewFlow2(p).Forward(x(1))
	run(t, "adams_bashforth", func(k float64) ongoing { return StartFlowThriceSolve(p, 1, 0, x(k)) },
		func(s ongoing) string { return fmt.Sprint(s.(*FlowThriceSolve).State()) }, fmt.Sprint(f2.X1), f2.N)
}

// Output times that go both ways are an error of their sample alone, in lanes too; equal ones and those that go back are none.
func TestBadTimes(t *testing.T) {
	p := NewParams(7)
	good := [][4]float64{{0, 0.5, 0.5, 1}, {0, 0, 0, 0}, {-0.25, -0.5, -0.75, -1}, {0.1, 0.2, 0.3, 0.4}}
	bad := [][4]float64{{0.5, 0.25, 0.5, 1}, {-0.5, 0.25, 0.5, 1}, {0, 1, 0, 0}, {0, 0.5, math.NaN(), 1}}
	const rows = 40
	in := AlongBatchInput{}
	for i := range rows {
		ts := good[i%4]
		if i%8 == 5 {
			ts = bad[i/8%4]
		}
		in.X, in.Ts = append(in.X, 1, Real(i)/rows, -1), append(in.Ts, ts[:]...)
	}
	for _, fixed := range []bool{false, true} {
		one := func(i int) (out AlongOutput, err error) {
			x, ts := [3]Real(in.X[3*i:]), [4]float64(in.Ts[4*i:])
			if !fixed {
				return NewAlong(p).Forward(AlongInput{X: x, Ts: ts})
			}
			o, err := NewStepped(p).Forward(SteppedInput{X: x, Ts: ts})
			return AlongOutput(o), err
		}
		var stats rt.BatchStats
		out := AlongBatchOutput{Xs: make([]Real, rows*12), N: make([]int32, rows)}
		err := error(nil)
		if fixed {
			err = NewStepped(p).Batch(t.Context(), SteppedBatchOutput(out), SteppedBatchInput(in), &stats)
		} else {
			err = NewAlong(p).Batch(t.Context(), out, in, &stats)
		}
		var e *rt.SolveError
		if !errors.Is(err, rt.ErrBadTimes) || !errors.As(err, &e) || e.Sample != 5 || e.Status != rt.BadTimes || e.Status.String() != "bad_times" {
			t.Errorf("fixed %t: %v", fixed, err)
		}
		site := stats.Sites[0]
		for i := range rows {
			o, err := one(i)
			wrong := i%8 == 5
			if wrong != errors.Is(err, rt.ErrBadTimes) || wrong && (site.Status[i] != rt.BadTimes || site.NFE[i] != 0 || o.N != 0 || o.Xs[3][0] != 1) {
				t.Errorf("fixed %t, sample %d: %v, %v, %d evaluations", fixed, i, err, site.Status[i], site.NFE[i])
			}
			if wrong {
				continue
			}
			ts := in.Ts[4*i:]
			still := ts[3] == 0
			if err != nil || site.Status[i] != rt.OK || int32(site.NFE[i]) != o.N || site.Time[i] != ts[3] || (site.NFE[i] == 0) != still || (site.H[i] == 0) != still || site.H[i]*ts[3] < 0 {
				t.Errorf("fixed %t, sample %d: %v, %v at %g after a step of %g", fixed, i, err, site.Status[i], site.Time[i], site.H[i])
			}
			for k := range 12 {
				if d := float64(out.Xs[12*i+k] - o.Xs[k/3][k%3]); math.Abs(d) > 1e-5 {
					t.Errorf("fixed %t, sample %d: number %d differs by %g", fixed, i, k, d)
				}
			}
			if i%4 == 0 && o.Xs[1] != o.Xs[2] {
				t.Errorf("sample %d: %v and %v at one time", i, o.Xs[1], o.Xs[2])
			}
		}
	}
}

func TestOngoingFails(t *testing.T) {
	p := NewParams(7)
	nan := Real(math.NaN())
	for _, s := range []ongoing{StartBallFastSolve(p, 0, 2, BallState{V: nan}, 1), StartBallGridSolve(p, 0, 2, BallState{V: nan}, 1),
		StartBallFastSolve(p, 0, math.NaN(), BallState{Q: 1}, 1)} {
		for n := 0; s.Step(); n++ {
			if n > 5 {
				t.Fatal("goes on")
			}
		}
		var e *rt.SolveError
		if err := s.Err(); !s.Ended() || !errors.As(err, &e) || !errors.Is(err, rt.ErrNonFinite) || e.Solve != "Ball" {
			t.Errorf("%v", err)
		}
	}
	if s := StartBallFastSolve(p, 1, 1, BallState{Q: 1}, 1); !s.Ended() || s.Step() || s.Err() != nil || s.State().Q != 1 || s.Stats().NFE != 0 {
		t.Error("a solve of length zero takes steps")
	}
	for _, stops := range [][2]float64{{1.1, 0.3}, {0.3, math.NaN()}} {
		if s := StartBallCutSolve(p, 0, 2, BallState{Q: 1}, 1, stops); !s.Ended() || s.Step() || !errors.Is(s.Err(), rt.ErrBadTimes) {
			t.Errorf("stops at %v: %v", stops, s.Err())
		}
		if s := StartBallCutSolve(p, 2, 0, BallState{Q: 1}, 1, stops); stops[1] == stops[1] && (!s.Step() || s.Err() != nil) {
			t.Errorf("stops on the way back at %v: %v", stops, s.Err())
		}
	}
}
`

// TestOngoingSolves: solves taken step by step have the bits of the whole solve, saved and restored between any two steps too.
func TestOngoingSolves(t *testing.T) {
	testModule(t, map[string]map[string]string{"bounce": withTest(t, "bounce", bounce, bounceTest)})
}
