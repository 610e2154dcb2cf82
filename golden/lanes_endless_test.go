package golden

import (
	"testing"

	"ndec.dev/ndec/cmd/ndec/driver"
	"ndec.dev/ndec/golden/emittest"
	"ndec.dev/ndec/ir/plan"
)

// TestEndlessEvents: what a sample whose events do not end leaves behind does not depend on the others of its block, some of which have an event in
// the same step.
func TestEndlessEvents(t *testing.T) {
	t.Parallel()
	program := emittest.Program{Packages: map[string][]plan.File{}, Main: map[string][]byte{"main.go": []byte(`package main

import (
	"context"
	"fmt"
	"math"
	"os"
	"slices"

	"ndec.dev/ndec/rt"
	"ndec.dev/ndec/ball"
)

func main() {
	m := ball.NewFall(ball.NewParams(1))
	run := func(h []ball.Real) ([]ball.Real, []rt.Status) {
		out, stats := make([]ball.Real, 2*len(h)), rt.BatchStats{}
		m.Batch(context.Background(), out, h, &stats)
		return out, stats.Sites[0].Status
	}
	var h []ball.Real
	for i := range 96 {
		h = append(h, ball.Real(math.Pow(10, 2.5*math.Cos(float64(7*i+1))-1)))
	}
	all, status := run(h)
	ended := 0
	for i := range h {
		if one, _ := run(h[i : i+1]); !slices.Equal(one, all[2*i:2*i+2]) {
			fmt.Println("sample", i, "ends at", one, "alone and at", all[2*i:2*i+2], "among others:", status[i])
		}
		if status[i] == rt.MaxEvents {
			ended++
		}
	}
	if ended == 0 || ended == len(h) {
		fmt.Println(ended, "samples have too many events: the test shows nothing")
	}
	os.Stdout.Sync()
}
`)}}
	res, ds := driver.Compile(map[string]string{"m.nde": `package ball

system Ball {
	state h, v real
	der(h) = v
	der(v) = -9.81
	when falling(h) {
		v = -0.9 * v
	}
}

solver Fwd = dopri5{rtol: 1e-5, atol: 1e-6, events: root{tol: 1e-6, max: 4}}

model Fall(h0 real) (end [2]real) {
	s := solve(Ball{h: h0, v: 0}, over: 0..3, with: Fwd)
	return concat(s.h, s.v)
}
`}, driver.Options{Package: "ball"})
	if ds.HasErrors() {
		t.Fatal(ds)
	}
	program.Packages["ball"] = res.Out
	if out := program.Build(t).Run(t, nil); len(out) > 0 {
		t.Errorf("%s", out)
	}
}
