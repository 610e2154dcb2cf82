package lanes_test

import (
	"testing"

	"ndec.dev/ndec/cmd/ndec/driver"
	"ndec.dev/ndec/codegen/lanes"
	"ndec.dev/ndec/ir"
)

const timed = `package p

net varying(t real, x [2]real) [2]real { return x |> Linear(8, basis: fourier{deg: 2}, at: t) |> tanh |> Linear(2) }
net weights(t real) [6]real { return [t] |> Linear(5) |> sigmoid |> Linear(6) }
net deep(t real, x [2]real) [2]real { return depthcat(x, t) |> Linear(8) |> tanh |> Linear(2) }

system Galerkin {
	state x [2]real
	der(x) = varying(t, x)
}

system Hyper {
	state x [2]real
	der(x) = tanh(reshape(weights(t)[:4], 2, 2) @ x) + weights(t)[4:]
}

system Deep {
	state x [2]real
	der(x) = deep(t, x)
}

model G(x [2]real) [2]real { return solve(Galerkin{x}, over: 0..1, with: rk4{steps: 3}).x }
model H(x [2]real) [2]real { return solve(Hyper{x}, over: 0..1, with: rk4{steps: 3}).x }
model D(x [2]real) [2]real { return solve(Deep{x}, over: 0..1, with: rk4{steps: 3}).x }
model Free(x [2]real) [2]real { return solve(Galerkin{x}, over: 0..1, with: dopri5{rtol: 1e-4}).x }

data Rows {
	x [2]real
	source: csv{path: "rows.csv"}
}

train Fit {
	data: Rows
	minimize sqnorm(G(x)) + sqnorm(H(x)) + sqnorm(D(x))
	epochs: 1
	optimizer: sgd{lr: 0.1}
}
`

// TestRecords counts what kernels compute: in steps that all samples take alike neither weights that depend on time nor the way back
// through what makes them are there, since Go does both once for all samples. An adaptive solve has times for each
// sample, and weights too.
func TestRecords(t *testing.T) {
	res, ds := driver.Compile(map[string]string{"p.nde": timed}, driver.Options{Until: "plan"})
	if ds.HasErrors() {
		t.Fatal(ds)
	}
	prog := lanes.Compile(res.Plan, func(f *ir.Func) string { return f.Name })
	count := func(n *lanes.Node, ops ...ir.Op) (found int) {
		for _, k := range prog.Set.Reached(n) {
			for _, v := range k.Func.Values {
				for _, op := range ops {
					if v.Op == op {
						found++
					}
				}
			}
		}
		return found
	}
	makes := []ir.Op{ir.OpCos, ir.OpSin, ir.OpSigmoid, ir.OpVecMat} // of weights; products of vectors with matrices are of these alone
	var fit *lanes.Recipe
	for r := range prog.Recipes {
		fit = prog.Recipes[r]
	}
	for m, n := range prog.Models {
		made := count(n, makes...)
		var record *lanes.Record
		for _, st := range n.Steps {
			if st.Solve != nil {
				record = st.Solve.Record
			}
		}
		switch m.Name {
		case "Free":
			if made == 0 || record != nil {
				t.Errorf("%s: %d operators make weights for each sample, and the record is %v", m.Name, made, record)
			}
		case "D": // a column of time is as cheap as reading it
			if record != nil {
				t.Errorf("%s has a record", m.Name)
			}
		default:
			if made != 0 || record == nil || len(record.Values) == 0 || record.Back != nil {
				t.Errorf("%s: %d operators make weights for each sample, with record %v", m.Name, made, record)
			}
		}
	}
	if n := count(fit.Grad, ir.OpCos, ir.OpSin, ir.OpSigmoid); n != 0 {
		t.Errorf("the gradient makes weights for each sample: %d operators", n)
	}
	// Matrices of gradients that a sample makes: two of each field's layers, one of the product with the weights of a net.
	if n := count(fit.Grad, ir.OpOuter); n != 2+1+2 {
		t.Errorf("the gradient has %d outer products for each sample, want those of 5 matrices", n)
	}
	back := 0
	for _, st := range fit.Grad.Steps {
		if st.Rev != nil && st.Rev.Record != nil && st.Rev.Record.Back != nil {
			back++
		}
	}
	if back != 2 {
		t.Errorf("%d sweeps add up gradients in records, want 2", back)
	}
}
