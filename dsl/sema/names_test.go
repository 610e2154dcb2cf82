package sema_test

import (
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"

	"ndec.dev/ndec/dsl/sema"
)

// TestParameterNames: parameters are named by stage, definition, layer or own copy, in the order
// of the source whatever the order of use.
func TestParameterNames(t *testing.T) {
	const src = `package p

model M(x [3]real) (y [2]real) {
	layer out = Linear(2, bias: false)
	a := g(x)
	return out(concat(x, a)) + (x |> tanh |> Linear(2, init: zeros))
}

net g[n](x [n]real) [n]real {
	return x |> Linear(n) |> tanh |> PReLU
}

net two(x [2]real, y [4]real) real {
	layer g1 = g
	layer g2 = g
	param scale real = 2.0 where 0 < scale < 3
	param w [2]real ~ normal(0, 0.1)
	h := g1(x) |> MLP(5, 2, act: relu) |> LayerNorm
	return scale*sum(h*w) + sum(g2(y)) + sum(g2(2*y))
}
`
	p, l := check(t, "p.nde", src, sema.Options{})
	if len(l) > 0 {
		t.Fatal(l)
	}
	var got []string
	for i, q := range p.Params {
		if q.Index != i {
			t.Errorf("%s has index %d, want %d", q.Name, q.Index, i)
		}
		got = append(got, fmt.Sprint(q.Name, " ", q.Type))
	}
	want := []string{
		"M.out.weight [2,6]f32", "M.1.weight [2,3]f32", "M.1.bias [2]f32",
		"g.0.weight [3,3]f32", "g.0.bias [3]f32", "g.2.weight [1]f32",
		"two.g1.0.weight [2,2]f32", "two.g1.0.bias [2]f32", "two.g1.2.weight [1]f32",
		"two.g2.0.weight [4,4]f32", "two.g2.0.bias [4]f32", "two.g2.2.weight [1]f32",
		"two.scale f32", "two.w [2]f32",
		"two.h.0.0.weight [5,2]f32", "two.h.0.0.bias [5]f32", "two.h.0.2.weight [2,5]f32", "two.h.0.2.bias [2]f32",
		"two.h.1.weight [2]f32", "two.h.1.bias [2]f32",
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
	var funcs []string
	for _, f := range p.Funcs {
		funcs = append(funcs, f.Name)
	}
	if d := cmp.Diff([]string{"g_3", "two_g1_2", "two_g2_4", "two"}, funcs); d != "" {
		t.Error(d)
	}
}

// TestSharing: a net called twice is one function with one set of weights; a definition read
// twice is one variable.
func TestSharing(t *testing.T) {
	const src = `package p

net f(x [2]real) [2]real {
	return x |> Linear(2)
}

system S {
	state x [2]real
	context k real
	v := f(x)
	der(x) = v + k*f(initial(x)) + concat(t, t)
	integral c = sqnorm(v)
}

model M(x [2]real) (y [2]real, c real) {
	end := solve(S{x, k: 2}, over: 1..0, with: tsit5{rtol: 1e-6})
	return end.x, end.c
}
`
	p, l := check(t, "p.nde", src, sema.Options{})
	if len(l) > 0 {
		t.Fatal(l)
	}
	if len(p.Funcs) != 1 || len(p.Params) != 2 {
		t.Errorf("%d functions, %d parameters", len(p.Funcs), len(p.Params))
	}
	s := p.Systems[0]
	if len(s.Initials) != 1 || s.Initials[0] != s.States[0].Var || len(s.Defs) != 1 {
		t.Errorf("system %+v", s)
	}
	solve := p.Models[0].Body[0].Def.(*sema.Solve)
	if from, to := solve.From.(*sema.Lit), solve.To.(*sema.Lit); from.Num != 1 || to.Num != 0 || from.T.Elem != sema.Time {
		t.Errorf("span %v..%v of %v", from.Num, to.Num, from.T)
	}
	if k := solve.Extras[0].(*sema.Lit); k.T.Elem != sema.Real {
		t.Errorf("context %v", k.T)
	}
	for i, kind := range []sema.FieldKind{sema.StateField, sema.IntegralField} {
		if f := p.Models[0].Results[i].(*sema.Field); f.Kind != kind || f.Index != 0 {
			t.Errorf("result %d: %+v", i, f)
		}
	}
}
