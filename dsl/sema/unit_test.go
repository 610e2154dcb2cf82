package sema_test

import (
	"strings"
	"testing"

	"ndec.dev/ndec/dsl/sema"
	"ndec.dev/ndec/dsl/syntax"
)

// TestUnits: equations in the physics of schoolbooks agree, slips do not, and what has no unit is let be.
func TestUnits(t *testing.T) {
	const head = "package p\n\nconst g real [m/s^2] = 9.81\nconst l real [m] = 0.5\nconst k = 3.0\n\n"
	system := func(body string) string { return "system S {\n\t" + strings.ReplaceAll(body, "; ", "\n\t") + "\n}" }
	for _, c := range []struct{ name, src, want string }{
		{"pendulum", system("state q real [rad]; state v real [rad/s]; param m real [kg] = 1; E := 0.5*m*l^2*v^2 - m*g*l*cos(q); der(q) = v; der(v) = -g/l*sin(q); output energy = E"), ""},
		{"force by grad", system("state q real [m]; state p real [kg*m/s]; param m real [kg] = 1; context c real [N/m]; E := p^2/(2*m) + 0.5*c*q^2; der(q) = grad(E, p); der(p) = -grad(E, q)"), ""},
		{"missing mass", system("state q real [m]; state p real [kg*m/s]; param m real [kg] = 1; der(q) = p/m; der(p) = -g"), "der(p) has unit m/s^2, but state p is in kg*m/s, so its derivative is in m*kg/s^2"},
		{"swapped", system("state q real [m]; state v real [m/s]; der(q) = v; der(v) = v"), "der(v) has unit m/s"},
		{"sum", "fn f(x real [m], v real [m/s]) real {\n\treturn x + v\n}", "+ wants equal units, got m and m/s"},
		{"factor", "fn f(x real [km]) real [m] {\n\treturn x\n}", "returned value has unit km, but m is declared (they differ by a factor of 1000)"},
		{"time", "fn f(x real [min]) real [h] {\n\treturn x\n}", "(they differ by a factor of 0.0166667)"},
		{"newton", "fn f(m real [kg], a real [m/s^2]) real [N] {\n\treturn m * a\n}", ""},
		{"joule", "fn f(q real [C], u real [mV]) real [J] {\n\treturn q * u\n}", "returned value has unit 0.001 m^2*kg/s^2, but J is declared"},
		{"root", "fn f(a real [m^2]) real [m] {\n\treturn sqrt(a)\n}", ""},
		{"fraction", "fn f(a real [m]) real [m^(1/2)] {\n\treturn sqrt(a)\n}", ""},
		{"norm", "fn f(x [2]real [m]) real [m] {\n\treturn norm(x) + max(x) + sqrt(sqnorm(x)) + x[0]\n}", ""},
		{"literal beside", "fn f(x real [m]) real [m] {\n\treturn 2*x + 1\n}", ""},
		{"literal factor", "fn f(x real [m]) real [m^2] {\n\treturn 2 * x\n}", "returned value has unit m, but m^2 is declared"},
		{"named constant is free", "fn f(x real [m]) real [m^2] {\n\treturn k * x\n}", ""},
		{"net is free", "net n(x real) real {\n\treturn [x] |> MLP(4, 1) |> scalar\n}\n\nfn f(x real [m]) real [kg] {\n\treturn x\n}", "has unit m"},
		{"net", "net n(x real) real [N] {\n\treturn [x] |> MLP(4, 1) |> scalar\n}\n\nnet f(x real [m]) real [kg] {\n\treturn n(x)\n}", "has unit N"},
		{"argument", "fn h(x real [s]) real {\n\treturn x / 2\n}\n\nfn f(x real [m]) real {\n\treturn h(x)\n}", "argument x of h has unit m, but s is declared"},
		{"sine", "fn f(x real [m]) real {\n\treturn sin(x / l)\n}", ""},
		{"sine of a length", "fn f(x real [m]) real {\n\treturn sin(x)\n}", "sin wants a pure number, got a value in m"},
		{"comparison", "fn f(x real [m], v real [m/s]) real {\n\treturn select(x < v, 1, 0)\n}", "< wants equal units, got m and m/s"},
		{"constant from constants", "const w2 real [1/s^2] = g / l", ""},
		{"wrong constant", "const w2 real [1/s] = g / l", "const w2 has unit 1/s^2, but 1/s is declared"},
		{"start", "system S {\n\tstate q real [m]\n\tparam tau real [s] = 1\n\tder(q) = -q / (2*tau)\n}\n\nmodel M(q real [s]) (y real) {\n\tend := solve(S{q: q}, over: 0..1, with: rk4{steps: 2})\n\treturn end.q\n}", "q of system S has unit s, but m is declared"},
		{"integral", "system S {\n\tstate q real [m]\n\tparam tau real [s] = 1\n\tder(q) = -q / tau\n\tintegral a = q\n}\n\nmodel M(q real [m]) (y real [m]) {\n\tend := solve(S{q: q}, over: 0..1, with: rk4{steps: 2})\n\treturn end.a\n}", "output y has unit m*s, but m is declared"},
		{"unknown", "const x real [furlong] = 1", "unknown unit \"furlong\""},
		{"misspelt", "const x real [mole] = 1", "did you mean \"mol\"?"},
		{"no unit", "const x real [m+s] = 1", "a unit is a product"},
		{"prefixes", "fn f(a real [kN], b real [kPa], c real [mm^2], d real [uA], e real [kohm]) real {\n\treturn a + 1\n}", "unknown unit \"kohm\""},
	} {
		src := head + c.src + "\n"
		_, l := check(t, "p.nde", src, sema.Options{})
		switch {
		case c.want == "" && len(l) > 0:
			t.Errorf("%s: %v", c.name, l)
		case c.want != "" && (len(l) != 1 || !strings.Contains(l[0].String(), c.want)):
			t.Errorf("%s: %v, want %q", c.name, l, c.want)
		}
		if out, ds := syntax.Format("p.nde", []byte(src)); len(ds) > 0 || !strings.Contains(string(out), "real [") {
			t.Errorf("%s: formatted to %s %v", c.name, out, ds)
		}
	}
}
