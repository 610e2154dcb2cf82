package command

import (
	"strings"
	"testing"

	"ndec.dev/ndec/cmd/ndec/driver"
)

// TestTested: eval judges by test data where a recipe has some, of its own or as a share of its data.
func TestTested(t *testing.T) {
	const program = `package p

net f(x [2]real) [2]real {
	return x |> Linear(2)
}

data D {
	x [2]real
	y label[2]
	source: moons{n: 64}
SPLIT}

data E {
	x [2]real
	y label[2]
	source: moons{n: 64}
}

train T {
	data: D
TEST	batch: full
	epochs: 1
	optimizer: adam
	minimize cross_entropy(f(x), y)
}
`
	for _, c := range []struct {
		split, test string
		want        bool
	}{
		{"", "", false},
		{"", "\ttest: E\n", true},
		{"\tsplit: random{train: 0.8, test: 0.2}\n", "", true},
		{"\tsplit: random{train: 0.8, val: 0.2}\n", "", false},
	} {
		src := strings.NewReplacer("SPLIT", c.split, "TEST", c.test).Replace(program)
		res, ds := driver.Compile(map[string]string{"a.nde": src}, driver.Options{Until: "diff"})
		if ds.HasErrors() {
			t.Fatal(ds)
		}
		if got := tested(res.Module, res.Module.Recipes[0]); got != c.want {
			t.Errorf("split %q, test %q: %v", c.split, c.test, got)
		}
	}
}
