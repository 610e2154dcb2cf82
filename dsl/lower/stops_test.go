package lower

import (
	"math"
	"testing"
)

const jumps = `package p

system Switch {
	state x real
	der(x) = select(t < 0.3, 1, select(t < 0.7, -2, 5))
}

method Mine {
	order: 3
	c: [0, 1/2, 1]
	a: [[], [1/2], [-1, 2]]
	b: [1/6, 2/3, 1/6]
	e: [0, 1, 0]
}

model Chosen(x real) (y real, n i32) {
	end := solve(Switch{x: x}, over: 0..1, with: dopri5{rtol: 1e-3, jump_at: [0.7, 0.3]})
	return end.x, end.rejected
}

model Back(x real) (y real, n i32) {
	end := solve(Switch{x: x}, over: 1..0, with: rk4{steps: 1, jump_at: [0.3, 0.7]})
	return end.x, end.rejected
}

model Own(x real) (y real, n i32) {
	end := solve(Switch{x: x}, over: 0..1, with: Mine{rtol: 1e-3, step_at: [0.3, 0.7, 2.0]})
	return end.x, end.rejected
}

model Memory(x real) (y real, n i32) {
	end := solve(Switch{x: x}, over: 0..1, with: alf{rtol: 1e-3, jump_at: [0, 0.3, 0.7]})
	return end.x, end.rejected
}

model Undone(x real) (y real, n i32) {
	end := solve(Switch{x: x}, over: 1..0, with: reversible_heun{steps: 1, jump_at: [0.3, 0.7]})
	return end.x, end.rejected
}

model Along(x real) (y [3]real) {
	return solve(Switch{x: x}, from: 0, at: [0.3, 0.5, 1], with: Mine{step: 0.5, jump_at: [0.3, 0.7]}).x
}
`

// A field that jumps where steps end is integrated exactly, forwards and backwards, by methods of the table
// and of the program.
func TestJumps(t *testing.T) {
	m := compile(t, jumps)
	mc := newMachine(t, m, nil)
	for name, change := range map[string]float64{"Chosen": 1, "Back": -1, "Own": 1, "Memory": 1, "Undone": -1} {
		got := mc.call(m.FuncByName(name), [][]float64{{2}})
		if want := 2 + change*1; math.Abs(got[0][0]-want) > 1e-12 || got[1][0] != 0 {
			t.Errorf("%s: %v with %v rejected steps, want %v", name, got[0][0], got[1][0], want)
		}
	}
	got := mc.call(m.FuncByName("Along"), [][]float64{{2}})[0]
	for i, want := range []float64{2.3, 1.9, 3} {
		if math.Abs(got[i]-want) > 1e-12 {
			t.Errorf("output %d: %v, want %v", i, got[i], want)
		}
	}
}
