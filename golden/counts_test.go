package golden

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"ndec.dev/ndec/cmd/ndec/driver"
	"ndec.dev/ndec/ir/plan"
)

// shown are the examples whose optimised form is short enough to be read.
var shown = []string{"08_sde.nde", "11_ball.nde", "14_porth.nde"}

// TestExampleCounts compares what the examples cost, as they stand, with testdata/examples/NAME.txt: parameters, the work of each function, and
// how often what changes. A pass or a rule that makes more or less of them shows here; of small ones with its text.
func TestExampleCounts(t *testing.T) {
	for name := range examples {
		text := slices.Contains(shown, name)
		opts := driver.Options{Until: "plan"}
		if text {
			opts.Dump = []string{"opt"}
		}
		res, ds := driver.Compile(sourceOf(t, name, false), opts)
		if ds.HasErrors() {
			t.Errorf("%s: %v", name, ds)
			continue
		}
		got := counts(res)
		if text {
			got += "\n" + res.Dumps["opt"]
		}
		file := filepath.Join("testdata", "examples", strings.TrimSuffix(name, ".nde")+".txt")
		if *update {
			if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
				t.Fatal(err)
			}
			continue
		}
		want, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if d := cmp.Diff(string(want), got); d != "" {
			t.Errorf("%s (-want +got):\n%s", file, d)
		}
	}
}

// counts is what a program costs.
func counts(res *driver.Result) string {
	var b strings.Builder
	total := 0
	for _, p := range res.Module.Params {
		total += p.Type.Len()
	}
	fmt.Fprintf(&b, "%d parameters in %d tensors\n\n", total, len(res.Module.Params))
	row := func(what string, c plan.Cost) {
		fmt.Fprintf(&b, "%-48s %10d %10d %8d\n", what, c.MulAdds, c.Elem, c.Trans)
	}
	fmt.Fprintf(&b, "%-48s %10s %10s %8s\n", "an evaluation of", "mul-adds", "others", "functions")
	for _, f := range res.Plan.Funcs {
		row(f.IR.Name, f.Cost)
	}
	fmt.Fprintf(&b, "\n%-48s %10s %10s %8s\n", "changes once in, the same for, operators", "mul-adds", "others", "functions")
	for _, c := range res.Plan.RateCosts() {
		whom := "all"
		if c.Rate.PerSample {
			whom = "one"
		}
		row(fmt.Sprintf("%s, %s, %d", c.Region, whom, c.Operators), c.Cost)
	}
	return b.String()
}
