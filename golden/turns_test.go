package golden

import (
	"fmt"
	"regexp"
	"strings"
	"testing"

	"ndec.dev/ndec/cmd/ndec/driver"
)

// TestTurns: Go's collector waits for a kernel, so that steps that take longer than half a millisecond by the plan go in turns,
// the evaluations of their field by themselves, forward and back, in portions where one takes longer; smaller ones do not.
func TestTurns(t *testing.T) {
	t.Parallel()
	text := `package wide
net f(x [2]real) [2]real { return x |> Linear(WIDTH) |> tanh |> Linear(WIDTH) |> tanh |> Linear(2) }
system Flow { state x [2]real
	der(x) = f(x)
}
model End(x [2]real) [2]real { return solve(Flow{x}, over: 0..1, with: rk4{steps: 3}).x }
data Rows { x [2]real
	source: csv{path: "rows.csv"}
}
train Fit {
	data: Rows
	minimize sqnorm(End(x))
	epochs: 1
	optimizer: sgd{lr: 0.1}
}`
	calls := func(width string) map[string]int {
		res, ds := driver.Compile(map[string]string{"m.nde": strings.ReplaceAll(text, "WIDTH", width)}, driver.Options{})
		if ds.HasErrors() {
			t.Fatal(ds)
		}
		n := map[string]int{}
		for _, f := range res.Out {
			if strings.HasSuffix(f.Name, "_lanes_amd64.go") {
				for _, m := range regexp.MustCompile(`kernel\.(\w+)\(l\.fr`).FindAllStringSubmatch(string(f.Text), -1) {
					n[m[1]]++
				}
			}
			if strings.HasSuffix(f.Name, "_avx2_amd64.s") && !strings.Contains(f.Name, "alone") && !strings.Contains(f.Name, "_few_") {
				if whole := strings.Contains(string(f.Text), "TEXT end0Step_avx2<>"); whole == (width == "1000") {
					t.Errorf("width %s: the assembly has the whole step: %v", width, whole)
				}
			}
		}
		return n
	}
	// The step of the model, that of its recorded twin, the stages made again and those of the way back.
	n := calls("1000")
	for i, turns := range []int{3, 7} {
		name, evals := []string{"flowField", "flowFieldVjp"}[i], []int{4 + 4 + 3, 4}[i]
		for turn := range turns {
			if got := n[fmt.Sprintf("%sTurn%d", name, turn)]; got != evals {
				t.Errorf("turn %d of %s runs %d times, want %d", turn, name, got, evals)
			}
		}
	}
	if n["flowField"]+n["flowFieldVjp"]+n["end0Lanestep"]+n["end0RecLanerev"] > 0 {
		t.Errorf("steps of a wide net are called as %v", n)
	}
	if n := calls("256"); n["flowField"] != 0 || n["end0Lanestep"] == 0 {
		t.Errorf("steps of a narrow net are called as %v", n)
	}
}
