package command

import (
	"slices"
	"testing"

	"ndec.dev/ndec/cmd/ndec/driver"
)

// Models that the compiler makes to simulate data are not measured: they are not in the table, with solvers replaced or not.
func TestContenders(t *testing.T) {
	const program = `package p

system Decay {
	state x real
	der(x) = -x
}

solver Fine = rk4{steps: 8}

model End(x real) real {
	return solve(Decay{x: x}, over: 0..1, with: Fine).x
}

data Runs {
	x [3]real
	source: simulate{of: Decay{x: uniform(1, 2)}, at: linspace(0, 1, 3), with: Fine, n: 8, seed: 1}
}

train Fit {
	data: Runs
	minimize sqnorm(x)
	epochs: 1
	optimizer: adam{lr: 0.1}
}
`
	res, ds := driver.Compile(map[string]string{"p.nde": program}, driver.Options{Until: "plan"})
	if ds.HasErrors() {
		t.Fatal(ds)
	}
	if len(res.Module.Models) != 2 {
		t.Fatalf("%d models; the program is meant to have one that simulates", len(res.Module.Models))
	}
	for _, c := range []struct{ with, want []string }{{nil, []string{"End"}}, {[]string{"Fine=euler{steps: 2}"}, []string{"End", "End{Fine: euler{steps: 2}}"}}} {
		b := &benching{f: &benchFlags{evalFlags: evalFlags{with: c.with}}, res: res}
		rows, _, err := b.contenders()
		var titles []string
		for _, r := range rows {
			titles = append(titles, r.title())
		}
		if err != nil || !slices.Equal(titles, c.want) {
			t.Errorf("%v: %v, want %v", titles, err, c.want)
		}
	}
}
