package cudagen_test

import (
	"strings"
	"testing"
)

// stages is a field that is too large to stand where each of seven stages evaluates it, with an error, a last stage that is the next first one, and output
// times inside; where there are four, it is not.
const stages = `package stages

net f(x [2]real, t real) [2]real {
	return concat(x, t) |> Linear(72) |> tanh |> Linear(72) |> tanh |> Linear(2)
}

system Flow {
	state x [2]real
	context load real
	der(x) = f(x, t) * load
}

model Path(x [2]real, load real) (y [2, 2]real) {
	return solve(Flow{x, load: load}, from: 0, at: [0.3, 0.7], with: dopri5{rtol: 1e-2, atol: 1e-2}).x
}

model End(x [2]real, load real) (y [2]real) {
	return solve(Flow{x, load: load}, over: 0..load, with: rk4{steps: 1}).x
}
`

// TestCallSites compares steps whose stages are a loop with the interpreter, and by groups with those by the warp bit by bit.
func TestCallSites(t *testing.T) {
	s := programSubject(t, "stages", map[string]string{"stages.nde": stages}, "f32")
	s.rows, s.groups, s.heavy = 5, true, true
	compare(t, []*subject{s})
	text := string(s.out.Files[0].Text)
	for _, want := range []string{
		"for (int site = 0; site < 6; site++) {",                    // the first stage is the last one of the step before
		"flow_field_tile(tile, w, t_given, x_given, load, dx_got);", // what all stages take goes as it is
		"flow_field_1_tile(tile, w, t4, x_y4, load, x_k4);",         // four of them fit
		"if constexpr (Tile::together == 1) results = flow_field_tile_body(",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("there is no %s in\n%s", want, text)
		}
	}
	if n := strings.Count(text, "flow_field_tile(tile, "); n != 3 { // in the step, and twice before the first one
		t.Errorf("the field is used in %d places", n)
	}
}
