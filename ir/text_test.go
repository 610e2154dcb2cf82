package ir

import (
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func moons(t testing.TB) (string, *Module) {
	t.Helper()
	src, err := os.ReadFile("testdata/moons.ir")
	if err != nil {
		t.Fatal(err)
	}
	m, err := ParseModule("moons.ir", string(src))
	if err != nil {
		t.Fatal(err)
	}
	return string(src), m
}

func TestRoundTrip(t *testing.T) {
	src, m := moons(t)
	if d := cmp.Diff(src, m.String()); d != "" {
		t.Error(d)
	}
	if err := Verify(m); err != nil {
		t.Error(err)
	}
	s := m.Solves[0]
	f := m.FuncByName("Moons.field")
	if s.Field != f || f.Region.Parent.Parent != s.Region || f.Args[1].Rate != (Rate{f.Region, true}) {
		t.Error("regions of the solve and its field are not one tree")
	}
	if w := m.ParamByName("f.0.weight"); w.Init.FanIn != 2 || !m.Derived[0].Derived || w.Span.Start.Line != 6 {
		t.Errorf("parameter read as %+v", *w)
	}
}

// What people leave out is filled in.
func TestHandWritten(t *testing.T) {
	m, err := ParseModule("t", `
func f(x: [2]f64, k: f64) {
  %h = tanh x // a comment
  %5 "s" = sum %h; %6 = mul %5, 2:f64
  %e = const [1, 2] : [2]f64
  %n = neg 0:[2]f64
  return %6, k, %e, %n
}
param w f64`)
	if err != nil {
		t.Fatal(err)
	}
	got := m.Funcs[0].String()
	for _, line := range []string{"-> (f64, f64, [2]f64, [2]f64)", `"h" = tanh x : [2]f64`, `"s" = sum %`, "2:f64 : f64", "const 0 : [2]f64"} {
		if !strings.Contains(got, line) {
			t.Errorf("%q is not in\n%s", line, got)
		}
	}
	if err := Verify(m); err != nil {
		t.Error(err)
	}
}

func TestParseErrors(t *testing.T) {
	body := func(line string) string { return "func f(x: [2]f32) {\n" + line + "\nreturn x\n}" }
	for _, c := range []struct{ src, want string }{
		{"hello", `t:1: "hello" does not start a declaration`},
		{"module a\n\nmodule b", "t:3: two headers"},
		{"param p [2]f32\nparam p f32", `t:2: two parameters are called p`},
		{"param p [0]f32", "t:1: bad shape [0]"},
		{"param p [99999999,99999999]f32", "t:1: bad shape"},
		{"param p quux", `t:1: no element type is called "quux"`},
		{"param p f32 init normal(1)", "t:1: normal takes 2 numbers"},
		{body("%1 = blub x"), `t:2: no operator is called "blub"`},
		{body("%1 = tanh y"), `t:2: no argument or parameter is called "y"`},
		{body("%1 = tanh %2"), "t:2: no value %2 before this"},
		{body("%1 = tanh x : f32"), "t:2: tanh: type f32, its row says [2]f32"},
		{body("%1 = matvec x, x"), "t:2: matvec: operand 0"},
		{body("%1 = add x"), "t:2: add: 1 operands instead of 2"},
		{body("%1 = tanh x\n%1 = tanh x"), "t:3: two values are called %1"},
		{body("%0 = tanh x"), "t:2: two values are called %0"},
		{body("%1 = call g, x"), `t:2: no function "g" before this one`},
		{body("%1 = solve g, x"), `t:2: no solve is called "g"`},
		{body("%1 = const [1] : [2]f32"), "t:2: const: 1 numbers for [2]f32"},
		{body("%1 = const 1"), "t:2: const: bad element type"},
		{body("%1 = tanh x @nowhere"), `t:2: no region is called "nowhere"`},
		{body(`%1 "h = tanh x`), "t:2: bad string"},
		{"func f(x: f32) -> (f64) {\nreturn x\n}", "t:3: results: operand 0 of f is f32 and should be f64"},
		{"func f() {\nreturn\n}\nfunc f() {\nreturn\n}", "t:4: two functions are called f"},
		{"func f() {\n%1 = const 1 : f32", "t:2: unexpected end"},
		{"model M {\n  func nothing\n}", `t:2: no function is called "nothing"`},
		{"solve S {\n  method a\n  method b\n}", "t:3: method again"},
		{"solve S {\n  wheels 4\n}", `t:2: no line is called "wheels" here`},
		{"rev R {\n}", "t:2: reverse sweep R has no solve"},
		{"}", `t:1: "}" does not start a declaration`},
		{"\xff", "t:1: not UTF-8"},
	} {
		m, err := ParseModule("t", c.src)
		if err == nil || !strings.HasPrefix(err.Error(), c.want) || m != nil {
			t.Errorf("%q: error %v, want %s", c.src, err, c.want)
		}
	}
}

// TestStartText: every way in which a parameter starts, and every constraint, comes back from its text.
func TestStartText(t *testing.T) {
	for _, text := range []string{"", " init const(2.5)", " init uniform(-1, 1)", " init normal(0, 0.5)", " init linear(3)", " init data(1, 2)",
		" init laplace(0, 2)", " init rademacher()"} {
		for _, where := range []string{"", " where above(-4)", " where below(4)", " where between(-4, 4)"} {
			want := "param f.k [2]f32 net f" + text + where
			m, err := ParseModule("t", want)
			if err != nil {
				t.Error(err)
				continue
			}
			if got := m.String(); !strings.Contains(got, want+"\n") {
				t.Errorf("%q is not in\n%s", want, got)
			}
		}
	}
}

func FuzzParseIR(f *testing.F) {
	src, _ := moons(f)
	f.Add(src)
	for _, part := range strings.Split(src, "\n\n") {
		f.Add(part)
	}
	f.Fuzz(func(t *testing.T, src string) {
		m, err := ParseModule("t", src)
		if err != nil {
			return
		}
		_ = Verify(m)
		once := m.String()
		n, err := ParseModule("t", once)
		if err != nil {
			t.Fatalf("printed text is not read: %v\n%s", err, once)
		}
		if d := cmp.Diff(once, n.String()); d != "" {
			t.Fatalf("%s\n%s", d, once)
		}
	})
}

func TestShuffleOrder(t *testing.T) {
	_, m := moons(t)
	f := m.FuncByName("shapes")
	orders := map[string]bool{}
	for seed := range uint64(40) {
		ShuffleOrder(f, seed)
		if err := Verify(m); err != nil {
			t.Fatal(err)
		}
		orders[f.String()] = true
	}
	// %8 and %9 stand anywhere among the six others: 28 orders.
	if len(orders) < 10 || len(orders) > 28 {
		t.Errorf("%d orders", len(orders))
	}
	_, a := moons(t)
	_, b := moons(t)
	for _, m := range []*Module{a, b} {
		ShuffleOrder(m.FuncByName("run"), 7)
	}
	if a.String() != b.String() {
		t.Error("one seed, two orders")
	}
}
