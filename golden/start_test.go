package golden

import (
	"strings"
	"testing"

	"ndec.dev/ndec/cmd/ndec/driver"
)

// TestStartValues: the emitted layout says how each parameter starts and what it satisfies.
func TestStartValues(t *testing.T) {
	const src = `package p

net f(x [2]real) real {
	param a [2]real ~ laplace(0, 2) where a > 0
	param b [2]real ~ rademacher()
	param c [2]real ~ normal(1, 0.1) where 0 < c < 2
	param d [2]real ~ uniform(-1, 1) where d < 0.5
	return dot(a, x) + dot(b, x) + dot(c, x) + dot(d, x)
}

model M(x [2]real) real {
	return f(x)
}
`
	res, ds := driver.Compile(map[string]string{"p.nde": src}, driver.Options{})
	if ds.HasErrors() {
		t.Fatal(ds)
	}
	var text strings.Builder
	for _, f := range res.Out {
		text.Write(f.Text)
	}
	for _, want := range []string{
		`{Name: "f.a", Shape: []int{2}, Offset: 0, Init: rt.Init{Kind: rt.Laplace, A: 0, B: 2}, Transform: rt.Transform{Kind: rt.Above, Lo: 0}, Net: "f"}`,
		`{Name: "f.b", Shape: []int{2}, Offset: 2, Init: rt.Init{Kind: rt.Rademacher}, Net: "f"}`,
		`{Name: "f.c", Shape: []int{2}, Offset: 4, Init: rt.Init{Kind: rt.Normal, A: 1, B: 0.1}, Transform: rt.Transform{Kind: rt.Between, Lo: 0, Hi: 2}, Net: "f"}`,
		`{Name: "f.d", Shape: []int{2}, Offset: 6, Init: rt.Init{Kind: rt.Uniform, A: -1, B: 1}, Transform: rt.Transform{Kind: rt.Below, Hi: 0.5}, Net: "f"}`,
	} {
		if !strings.Contains(text.String(), want) {
			t.Errorf("%s is not emitted", want)
		}
	}
	if t.Failed() {
		for _, line := range strings.Split(text.String(), "\n") {
			if strings.Contains(line, `Name: "f.`) {
				t.Log(line)
			}
		}
	}
}
