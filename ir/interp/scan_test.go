package interp_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"ndec.dev/ndec/ir"
)

// A scan hands on, slices, stacks and sums, from either end.
func TestScan(t *testing.T) {
	src := `
func cell(h: f64, x: f64, c: f64) -> (h: f64, y: [2]f64, s: f64 accum) {
  %hc = mul h, c
  %next = add %hc, x
  %a = reshape h [1]
  %b = reshape x [1]
  %y = concat %a, %b axis 0
  %s = mul h, x
  return %next, %y, %s
}

func there(h: f64, xs: [3]f64, c: f64) {
  %r = scan cell 3 1 1, h, xs, c
  %h1 = result %r 0; %y = result %r 1; %s = result %r 2
  return %h1, %y, %s
}

func back(h: f64, xs: [3]f64, c: f64) {
  %r = scan cell 3 1 1 back, h, xs, c
  %h1 = result %r 0; %y = result %r 1; %s = result %r 2
  return %h1, %y, %s
}`
	m, err := ir.ParseModule("t", src)
	if err != nil {
		t.Fatal(err)
	}
	if err := ir.Verify(m); err != nil {
		t.Fatal(err)
	}
	in := [][]float64{{1}, {2, 3, 5}, {10}}
	for name, want := range map[string][][]float64{
		"there": {{1235}, {1, 2, 12, 3, 123, 5}, {1*2 + 12*3 + 123*5}},
		"back":  {{1532}, {153, 2, 15, 3, 1, 5}, {1*5 + 15*3 + 153*2}},
	} {
		if d := cmp.Diff(want, call(t, machine(t, m), m.FuncByName(name), in...)); d != "" {
			t.Errorf("%s (-want +got):\n%s", name, d)
		}
	}
}
