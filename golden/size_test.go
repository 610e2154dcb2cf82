package golden

import (
	"testing"

	"ndec.dev/ndec/cmd/ndec/driver"
)

const sized = `package p

const (
	H = 16
	N = 10
)

net f(x [2]real) [2]real {
	return x |> Linear(H) |> tanh |> Linear(H) |> softplus |> Linear(2)
}

system S {
	state x [2]real
	der(x) = f(x)
}

model M(x [2]real) [2]real {
	return solve(S{x: x}, over: 0..1, with: rk4{steps: N}).x
}

data D {
	x [2]real
	y label[2]
	source: moons{n: 64}
}

train Fit {
	data: D
	minimize cross_entropy(M(x), y)
	epochs: 2
	optimizer: adam
}
`

// TestTextIsIndependentOfSizes: what is emitted for wide layers and many steps is as long as for narrow ones and few.
func TestTextIsIndependentOfSizes(t *testing.T) {
	size := func(set map[string]string) (lines, bytes int) {
		res, ds := driver.Compile(map[string]string{"p.nde": sized}, driver.Options{Set: set})
		if ds.HasErrors() {
			t.Fatal(ds)
		}
		for _, f := range res.Out {
			bytes += len(f.Text)
			for _, c := range f.Text {
				if c == '\n' {
					lines++
				}
			}
		}
		return lines, bytes
	}
	lines, bytes := size(map[string]string{"H": "64", "N": "10"})
	for _, set := range []map[string]string{{"H": "4096", "N": "10"}, {"H": "64", "N": "100000"}} {
		l, b := size(set)
		t.Logf("%v: %d lines and %d bytes, %d and %d at 64 and 10", set, l, b, lines, bytes)
		if l > lines*3/2 || b > bytes*3/2 {
			t.Errorf("%v: %d lines and %d bytes, %d and %d at 64 and 10", set, l, b, lines, bytes)
		}
	}
	small, _ := size(nil)
	if lines > small*3/2 {
		t.Errorf("%d lines at H = 64, %d at 16", lines, small)
	}
}
