package sema_test

import (
	"fmt"
	"sort"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"ndec.dev/ndec/dsl/sema"
	"ndec.dev/ndec/dsl/syntax"
	"ndec.dev/ndec/ir/diag"
)

const phys = `package phys

import base "../base"

const k = 2.0

const _secret = 3.0

fn friction(v real) real {
	return _secret * v
}

net push(q real) real {
	return [q] |> Linear(4) |> tanh |> Linear(1) |> scalar
}

// Pendulum swings.
system Pendulum {
	state q, v real
	context load real
	der(q) = v
	der(v) = -base.g*sin(q) - friction(v) + push(q)/load
}

solver Fine = rk4{steps: 10}

model Swing(q real) (y real) {
	end := solve(Pendulum{q: q, v: 0, load: k}, over: 0..1, with: Fine)
	return end.q
}

data Runs {
	q real
	y real
	source: csv{path: "runs.csv"}
}
`

const base = "package base\n\nconst g = 9.81\n"

// checkFiles checks sources by name.
func checkFiles(t *testing.T, sources map[string]string, opts sema.Options) (*sema.Program, []*syntax.File, diag.List) {
	t.Helper()
	var names []string
	for n := range sources {
		names = append(names, n)
	}
	sort.Strings(names)
	var files []*syntax.File
	for _, n := range names {
		f, errs := syntax.Parse(n, []byte(sources[n]))
		if len(errs) > 0 {
			t.Fatal(errs)
		}
		files = append(files, f)
	}
	p, l := sema.Check(files, opts)
	return p, files, l
}

// TestImport: another folder's declarations are used by alias.Name, and have its name in the program.
func TestImport(t *testing.T) {
	src := `package top

import ph "../phys"

const friction = 1.0

model Go(q real) (y, z real) {
	end := solve(ph.Pendulum{q: q, v: friction, load: ph.k}, over: 0..1, with: ph.Fine)
	return end.q, ph.Swing(q) + ph.friction(q) + tanh(ph.push(q))
}

hypersolver H for ph.Pendulum {
	base: euler{steps: 2}
	residual(q) = v
}

train Fit {
	data: ph.Runs
	epochs: 2
	optimizer: adam
	minimize (ph.Swing(q) - y)^2
}
`
	p, files, l := checkFiles(t, map[string]string{"a.nde": src, "../phys/p.nde": phys, "../base/b.nde": base}, sema.Options{})
	if len(l) > 0 {
		t.Fatal(l)
	}
	var names []string
	for _, s := range p.Systems {
		names = append(names, s.Name)
	}
	for _, m := range p.Models {
		names = append(names, m.Name)
	}
	for _, q := range p.Params {
		names = append(names, q.Name)
	}
	for _, f := range p.Funcs {
		names = append(names, f.Name)
	}
	want := []string{"phys.Pendulum", "PhysSwing", "Go", "phys.push.0.weight", "phys.push.0.bias", "phys.push.2.weight", "phys.push.2.bias", "phys.friction", "phys.push"}
	if d := cmp.Diff(want, names); d != "" {
		t.Error(d)
	}
	if p.Package != "top" || len(p.Recipes) != 1 {
		t.Errorf("package %s, %d recipes", p.Package, len(p.Recipes))
	}
	if path, _ := p.Data[0].Source.Option("path"); path.Text != "../phys/runs.csv" {
		t.Errorf("data from %s", path.Text)
	}
	if w := sema.Vet(files, p); len(w) != 1 || w[0].Text != "hypersolver H is not used" {
		t.Errorf("%v", w)
	}
	// Formatting keeps qualified names.
	out, errs := syntax.Format("a.nde", []byte(src))
	if len(errs) > 0 || string(out) != src {
		t.Errorf("%v\n%s", errs, cmp.Diff(src, string(out)))
	}
}

// TestImportMistakes: each is told at the place that is to be changed, in the right file.
func TestImportMistakes(t *testing.T) {
	for _, c := range []struct {
		name, src string
		more      map[string]string
		want      string
	}{
		{"no folder", "import ph \"../phy\"", nil, `a.nde:3:11: import ph: there is no folder ../phy with .nde files [NDE0214]`},
		{"no name", "import ph \"../phys\"\n\nmodel M(q real) (y real) {\n\treturn ph.frictoin(q)\n}", nil, `a.nde:6:9: package phys has no "frictoin"; did you mean "ph.friction"? [NDE0216]`},
		{"no system", "import ph \"../phys\"\n\nmodel M(q real) (y real) {\n\tend := solve(ph.Pend{q: q}, over: 0..1, with: ph.Fine)\n\treturn end.q\n}", nil, `a.nde:6:15: package phys has no "Pend" [NDE0216]`},
		{"private", "import ph \"../phys\"\n\nconst a = ph._secret", nil, `a.nde:5:11: _secret is private to package phys, since it begins with _ [NDE0217]`},
		{"alone", "import ph \"../phys\"\n\nconst a = ph", nil, `a.nde:5:11: ph is an imported package, not a value; name what you mean of it: ph.name [NDE0204]`},
		{"not imported", "const a = lib.k", nil, `a.nde:3:11: undefined: lib [NDE0201]`},
		{"twice", "import ph \"../phys\"\nconst ph = 1", nil, `a.nde:4:7: ph is declared twice; the first one is at a.nde:3:8 [NDE0202]`},
		{"error within", "import ph \"../bad\"\n\nconst a = 1.0", map[string]string{"../bad/x.nde": "package bad\n\nfn f(x real) real {\n\treturn z\n}\n"}, `../bad/x.nde:4:9: undefined: z [NDE0201]`},
		{"cycle", "import ph \"../one\"", map[string]string{"../one/x.nde": "package one\n\nimport two \"../two\"\n", "../two/x.nde": "package two\n\nimport one \"../one\"\n"},
			`../two/x.nde:3:12: import one: package one imports this one, directly or through others [NDE0215]`},
		{"itself", "import me \"../moons\"", nil, `a.nde:3:11: import me: package top imports this one, directly or through others [NDE0215]`},
		{"same names", "import one \"../one\"\nimport two \"../two\"", map[string]string{"../one/x.nde": "package q\n", "../two/x.nde": "package q\n"},
			`../two/x.nde:1:9: ../one and ../two are both package q; two packages of a program have different names [NDE0219]`},
	} {
		sources := map[string]string{"a.nde": "package top\n\n" + c.src + "\n", "../phys/p.nde": phys, "../base/b.nde": base}
		for n, text := range c.more {
			sources[n] = text
		}
		_, _, l := checkFiles(t, sources, sema.Options{Dir: "/models/moons"})
		if len(l) != 1 || l[0].String() != c.want {
			t.Errorf("%s: %v\nwant %s", c.name, strings.ReplaceAll(fmt.Sprint(l), "] ", "]\n"), c.want)
		}
	}
}

// TestPackageNames: the generated package has the name, so Go has to take it.
func TestPackageNames(t *testing.T) {
	for name, want := range map[string]string{"select": "a keyword of Go", "main": "cannot import", "_": "cannot import", "my_test": "_test.go", "moons_linux": "_linux.go", "rt": "", "init": "", "my_flow": ""} {
		_, l := check(t, "a.nde", "package "+name+"\n\nconst x = 1\n", sema.Options{})
		switch {
		case want == "" && len(l) > 0:
			t.Errorf("%s: %v", name, l)
		case want != "" && (len(l) != 1 || l[0].Code != "NDE0220" || !strings.Contains(l[0].Text, want)):
			t.Errorf("%s: %v, want %s", name, l, want)
		}
	}
}
