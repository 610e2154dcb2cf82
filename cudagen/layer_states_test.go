package cudagen_test

import (
	"fmt"
	"regexp"
	"strings"
	"testing"
)

// TestLayerStates has a system of many states, and a method of many stages: a kernel that combined all of them would take more arguments than
// devices do.
func TestLayerStates(t *testing.T) {
	const states = 24
	var names, ders, starts []string
	for i := range states {
		names, starts = append(names, fmt.Sprintf("s%d", i)), append(starts, fmt.Sprintf("s%d: x", i))
		der := fmt.Sprintf("s%d - s%d", i-1, i)
		if i == 0 {
			der = "f(s0)"
		}
		ders = append(ders, fmt.Sprintf("\tder(s%d) = %s\n", i, der))
	}
	text := fmt.Sprintf(`package states

net f(x [20]real) [20]real { return x |> Linear(18) |> tanh |> Linear(20) }

system Chain {
	state %s [20]real
%s}

model End(x [20]real) (y [20]real) {
	return solve(Chain{%s}, over: 0..1, with: vern9{steps: 2}).s%d
}
`, strings.Join(names, ", "), strings.Join(ders, ""), strings.Join(starts, ", "), states-1)
	s := programSubject(t, "states", map[string]string{"states.nde": text}, "f64")
	s.layers = true
	compare(t, []*subject{s})
	kernels := regexp.MustCompile(`NDEC_KERNEL [^\n]* (\w+)\(([^()]*)\) \{`).FindAllStringSubmatch(string(s.out.Files[0].Text), -1)
	if len(kernels) < 20 {
		t.Errorf("%d kernels: it does not go layer by layer", len(kernels))
	}
	for _, k := range kernels {
		if n := strings.Count(k[2], ",") + 1; n > 300 {
			t.Errorf("kernel %s takes %d arguments", k[1], n)
		}
	}
}
