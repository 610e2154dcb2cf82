package syntax

import (
	"bytes"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"ndec.dev/ndec/ir/diag"
)

// sameTree ignores places, documentation and comments.
func sameTree() cmp.Options {
	return cmp.Options{
		cmpopts.IgnoreTypes(diag.Span{}, []*Comment{}),
		cmp.FilterPath(func(p cmp.Path) bool { return p.Last().String() == ".Doc" }, cmp.Ignore()),
	}
}

func TestExamplesAreFormatted(t *testing.T) {
	for name, src := range examples(t) {
		got, errs := Format(name, src)
		if len(errs) > 0 {
			t.Errorf("%s: %v", name, errs)
			continue
		}
		if diff := cmp.Diff(string(src), string(got)); diff != "" {
			t.Errorf("%s (-source +formatted):\n%s", name, diff)
		}
	}
}

// checkFormat formats valid text twice and compares trees and comments.
func checkFormat(t *testing.T, src []byte) {
	t.Helper()
	before, errs := Parse("a.nde", src)
	if errs.HasErrors() {
		return
	}
	once, errs := Format("a.nde", src)
	if errs.HasErrors() {
		t.Fatalf("no form of valid text: %v", errs)
	}
	after, errs := Parse("a.nde", once)
	if errs.HasErrors() {
		t.Fatalf("formatted text does not parse: %v\nfrom:\n%s\nto:\n%s", errs, src, once)
	}
	if diff := cmp.Diff(before, after, sameTree()); diff != "" {
		t.Fatalf("formatting changed the tree:\n%s\nfrom:\n%s\nto:\n%s", diff, src, once)
	}
	if diff := cmp.Diff(commentTexts(before), commentTexts(after)); diff != "" {
		t.Fatalf("formatting changed the comments:\n%s\nfrom:\n%s\nto:\n%s", diff, src, once)
	}
	twice, _ := Format("a.nde", once)
	if !bytes.Equal(once, twice) {
		t.Fatalf("formatting twice differs:\n%s", cmp.Diff(string(once), string(twice)))
	}
}

func commentTexts(f *File) []string {
	var texts []string
	for _, c := range f.Comments {
		texts = append(texts, c.Text)
	}
	return texts
}

func FuzzFormat(f *testing.F) {
	for _, src := range examples(f) {
		f.Add(src)
	}
	for _, row := range formatRows() {
		f.Add([]byte(row.src))
	}
	f.Fuzz(checkFormat)
}

func FuzzParse(f *testing.F) {
	for _, src := range examples(f) {
		f.Add(src)
	}
	f.Fuzz(func(t *testing.T, src []byte) {
		file, errs := Parse("a.nde", src)
		if file == nil {
			t.Fatal("no tree")
		}
		Inspect(file, func(n Node) bool {
			if n.Span().End.Offset < n.Span().Start.Offset {
				t.Fatalf("%T ends before it begins", n)
			}
			n.At()
			return true
		})
		var b bytes.Buffer
		if err := Dump(&b, file); err != nil {
			t.Fatal(err)
		}
		_, _ = ParseExpr("a", string(src))
		for _, e := range errs {
			if e.Text == "" || e.Code == "" || !e.Span.IsValid() {
				t.Fatalf("empty diagnostic %+v", e)
			}
		}
	})
}

type formatRow struct{ name, src, want string }

func formatRows() []formatRow {
	return []formatRow{
		{"spaces", "package  a\nconst x=1+2*3 // why\n", "package a\n\nconst x = 1 + 2*3 // why\n"},
		{"crlf", "package a\r\n// c\r\nconst x = 1\r\n", "package a\n\n// c\nconst x = 1\n"},
		{"depth", "package a\nconst x=f(a+b,c)+g(a+b)-h(a)/2", "package a\n\nconst x = f(a+b, c) + g(a+b) - h(a)/2\n"},
		{"sums", "package a\nconst x=a+b-(c-d)*e^-2", "package a\n\nconst x = a + b - (c-d)*e^-2\n"},
		{"number with a selector", "package a\nconst x=0 .a", "package a\n\nconst x = 0 .a\n"},
		{"signs", "package a\nconst x=[a- -b,1/2,-c,!d||e]", "package a\n\nconst x = [a - -b, 1/2, -c, !d || e]\n"},
		{"one line blocks", "package a\nsystem S { state x real; input u [2]real {interp: hold}; when rising(x) {x=0;stop}; der(x)=u[0] }",
			"package a\n\nsystem S {\n\tstate x real\n\tinput u [2]real {\n\t\tinterp: hold\n\t}\n\twhen rising(x) {\n\t\tx = 0\n\t\tstop\n\t}\n\tder(x) = u[0]\n}\n"},
		{"pipeline", "package a\nnet f(x real) real {\n\treturn x |>\n Linear(3) // three\n// then\n|> tanh\n|> scalar}\n",
			"package a\n\nnet f(x real) real {\n\treturn x\n\t\t|> Linear(3) // three\n\t\t// then\n\t\t|> tanh\n\t\t|> scalar\n}\n"},
		{"list broken at its start", "package a\nsolver S = dopri5{\nrtol: 1e-3,\n\n// tight\natol: 1e-6; max_steps: 3 }",
			"package a\n\nsolver S = dopri5{\n\trtol: 1e-3\n\n\t// tight\n\tatol: 1e-6, max_steps: 3\n}\n"},
		{"list broken within", "package a\nconst x = f(a, // first\nb,\nc,\n)", "package a\n\nconst x = f(a, // first\n\tb,\n\tc)\n"},
		{"call as a block", "package a\nconst x = f(\na,\n b) |> g", "package a\n\nconst x = f(\n\ta,\n\tb,\n) |> g\n"},
		{"blank lines", "package a\n\n\n\nconst (\n\n\nx = 1\n\n\ny = 2\n\n)\nconst z = 3\nconst w = 4",
			"package a\n\nconst (\n\tx = 1\n\n\ty = 2\n)\n\nconst z = 3\nconst w = 4\n"},
		{"empty", "package a\ntrain T {\n}\ndata D {\n// nothing\n}\nconst ()", "package a\n\ntrain T {}\n\ndata D {\n\t// nothing\n}\n\nconst ()\n"},
		{"beyond", "package a\nimport p \"../p\"\ndim T=50\nconst g real [m/s^2]=9.81\nmethod M{order:3;a:[[],[1/2]]}\ntest X{params:seed 1;check a<b;y:=p.F{x}}",
			"package a\n\nimport p \"../p\"\ndim T = 50\nconst g real [m/s^2] = 9.81\n\nmethod M {\n\torder: 3\n\ta: [[], [1/2]]\n}\n\ntest X {\n\tparams: seed 1\n\tcheck a < b\n\ty := p.F{x}\n}\n"},
		{"comments within", "/* a */ package /* b */ a // c\n/* d */ const /* e */ x /* f */ = /* g */ -( // h\n1) /* i */\n// j",
			"/* a */ /* b */\npackage a // c\n\n/* d */\nconst /* e */ x = /* f */ /* g */ -( // h\n1) /* i */\n// j\n"},
		{"bounds", "package a\nsystem S{param m real~normal(0,1) where 0<m<=2*k&&m!=1}", "package a\n\nsystem S {\n\tparam m real ~ normal(0, 1) where 0 < m <= 2*k && m != 1\n}\n"},
		{"range", "package a\nconst x=f(a,over:0..T-1)", "package a\n\nconst x = f(a, over: 0..T-1)\n"},
		{"raw string", "package a\nconst x = `a\r\n  b`", "package a\n\nconst x = `a\n  b`\n"},
		{"types", "package a\nfn f[n,m](x,y [n,\n2*m+1]real,l label[K])[n]real{return x[ :n ][1:]}", "package a\n\nfn f[n, m](x, y [n, 2*m+1]real, l label[K]) [n]real {\n\treturn x[:n][1:]\n}\n"},
	}
}

func TestFormat(t *testing.T) {
	for _, row := range formatRows() {
		t.Run(row.name, func(t *testing.T) {
			got, errs := Format("a.nde", []byte(row.src))
			if len(errs) > 0 {
				t.Fatal(errs)
			}
			if diff := cmp.Diff(row.want, string(got)); diff != "" {
				t.Error(diff)
			}
			checkFormat(t, []byte(row.src))
		})
	}
}
