package opt_test

import (
	"math"
	"strings"
	"testing"

	"ndec.dev/ndec/dsl/lower"
	"ndec.dev/ndec/dsl/sema"
	"ndec.dev/ndec/dsl/syntax"
	"ndec.dev/ndec/ir"
	"ndec.dev/ndec/ir/diff"
	"ndec.dev/ndec/ir/interp"
	"ndec.dev/ndec/ir/opt"
)

// severalSolves has three solves of one system. The field does work on its context alone (the
// network g), so that the first solves get extras which the later ones must not inherit.
const severalSolves = `package p

net k(x real) real {
	param w real = 2
	return tanh(w * x)
}

net g(c real) real {
	param v real = 0.5
	return exp(v * c) + tanh(c)
}

system Decay {
	state y real
	state z [2]real = 0
	context c real
	param b real = 3
	der(y) = -g(c) * k(y) / 2
	der(z) = [real(t), sin(initial(y))]
	integral area = y * cos(c)
	output twice = 2 * y
	output shifted = y + b + initial(y) + c
}

solver E = euler{steps: 4}
solver R = rk4{step: 0.25}

model End(y, c real) (y1 real, z1 [2]real, area real, twice real, shifted real, n i32) {
	end := solve(Decay{y: y, c: c}, over: 0..1, with: E)
	return end.y, end.z, end.area, end.twice, end.shifted, end.nfe
}

model Along(y, c real) (ys [3]real, twice [3]real, shifted [3]real) {
	path := solve(Decay{y: y, c: c}, from: 0, at: [0, 0.5, 1], with: E)
	return path.y, path.twice, path.shifted
}

model Chain(y, c real) (out real) {
	a := solve(Decay{y: y, c: c}, over: 0..1, with: E)
	b := solve(Decay{y: a.y, c: 2, z: [y, 1]}, over: 0..0.5, with: R)
	return b.z[0] + b.y
}
`

func compile(t *testing.T, src string) *ir.Module {
	t.Helper()
	f, list := syntax.Parse("prog.nde", []byte(src))
	if list.HasErrors() {
		t.Fatalf("parse: %v", list)
	}
	p, list := sema.Check([]*syntax.File{f}, sema.Options{Precision: "f64"})
	if list.HasErrors() {
		t.Fatalf("check: %v", list)
	}
	m, list := lower.Lower(p)
	if m == nil || len(list) > 0 {
		t.Fatalf("lower: %v", list)
	}
	return m
}

// evaluate gives the results of every model, and the end states of a run along every path, at a
// fixed point.
func evaluate(t *testing.T, m *ir.Module) map[string][]float64 {
	t.Helper()
	mc, err := interp.New(m, map[string][]float64{"k.w": {0.7}, "g.v": {-0.4}, "Decay.b": {3}})
	if err != nil {
		t.Fatal(err)
	}
	got := map[string][]float64{}
	run := func(f *ir.Func) []interp.Tensor {
		out, err := mc.Call(f, interp.Scalar(1.3), interp.Scalar(0.6))
		if err != nil {
			t.Fatalf("%s: %v", f.Name, err)
		}
		return out
	}
	for _, md := range m.Models {
		for _, r := range run(md.Func) {
			got[md.Name] = append(got[md.Name], r.Data...)
		}
		for i, p := range md.Paths {
			end := *md.Solves[i]
			end.Times = 0
			b := ir.NewFunc(p.Name, p.Span, m.Real)
			y, c := b.Arg("y", p.Args[0].Type), b.Arg("c", p.Args[1].Type)
			v := b.Emit(ir.OpSolve, ir.Attr{Solve: &end}, b.Inline(p, []*ir.Value{y, c})...)
			out := run(b.Return(b.Results(v)...))
			for k, st := range end.States {
				got[end.Name+" "+st.Name] = out[k].Data
			}
		}
	}
	return got
}

// Passes keep what a module with several solves computes; a state that nobody reads may go.
func TestSeveralSolves(t *testing.T) {
	m := compile(t, severalSolves)
	want := evaluate(t, m)
	compare := func(pass string, m *ir.Module) {
		got := evaluate(t, m)
		for name, w := range want {
			g, ok := got[name]
			if !ok && strings.Contains(name, " ") {
				continue
			}
			if len(g) != len(w) {
				t.Fatalf("%s: %s has %d numbers, want %d", pass, name, len(g), len(w))
			}
			for i := range w {
				if !(math.Abs(g[i]-w[i]) <= 1e-12*(1+math.Abs(w[i]))) {
					t.Errorf("%s: %s[%d] is %v, want %v", pass, name, i, g[i], w[i])
				}
			}
		}
	}
	opt.Prepare(m)
	if list := diff.Run(m); len(list) > 0 {
		t.Fatal(list)
	}
	if err := opt.Run(m, opt.Options{Check: true, After: compare}); err != nil {
		t.Fatal(err)
	}
	for _, s := range m.Solves {
		for _, v := range s.Field.Values {
			if v.Op == ir.OpExp || v.Op == ir.OpSin {
				t.Errorf("%s: the field still computes %s of its context", s.Name, v.Op)
			}
		}
	}
}
