package syntax

import (
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"ndec.dev/ndec/ir/diag"
)

// errorLines are diagnostics as "line:col: text [CODE]".
func errorLines(errs diag.List) []string {
	var lines []string
	for _, e := range errs {
		lines = append(lines, fmt.Sprintf("%d:%d: %s [%s]", e.Span.Start.Line, e.Span.Start.Col, e.Text, e.Code))
	}
	return lines
}

func TestErrors(t *testing.T) {
	rows := []struct {
		name, src string
		want      []string
	}{
		{"decimal point", "package a\nconst x = 1.*2", []string{"2:11: a decimal point must be followed by a digit: write 1.0 [NDE0103]"}},
		{"point first", "package a\nconst x = .5", []string{"2:11: a decimal point must have a digit before it: write 0.5 [NDE0103]"}},
		{"keyword as name", "package a\nnet data(x real) real {\n\treturn x\n}", []string{`2:5: "data" is a keyword and cannot be used as a name [NDE0111]`}},
		{"keyword in an expression", "package a\nconst x = 1 + state", []string{`2:15: "state" is a keyword and cannot be used as a name [NDE0111]`}},
		{"open block", "package a\nsystem S {\n\tstate x real\n\nconst x = 1", []string{"5:1: block opened at 2:10 is not closed [NDE0114]"}},
		{"open block at the end", "package a\nsystem S {\n\tstate x real\n", []string{"4:1: block opened at 2:10 is not closed [NDE0114]"}},
		{"open literal", "package a\nsolver S = rk4{\n\tsteps: 3\nconst x = 1", []string{"4:1: literal opened at 2:15 is not closed [NDE0114]"}},
		{"one error per declaration", "package a\nconst x = )\nnet f(x) real {\n\ty = 3\n}\nconst z = 1\nsolver S 3",
			[]string{`2:11: expected an expression, found ")" [NDE0110]`,
				"3:8: expected a type (real, f32, f64, bf16, i32, bool, time, label, or a size in brackets and one of these), found \")\" [NDE0110]",
				`7:10: expected "=" and a value for the solver, found "3" [NDE0110]`}},
		{"a keyword may be the choice of an option", "package a\ndata D {\n\tsource: mnist{dir: \"d\", part: test}\n}", nil},
		{"keys may be keywords at the beginning of a line", "package a\ntrain T {\ndata: D\ntest: E\n}", nil},
		{"byte order mark", "\ufeffpackage a", []string{"1:1: the file begins with a byte order mark: save it as UTF-8 without one [NDE0102]"}},
		{"NUL", "package a\nconst x = \x001", []string{"2:11: a NUL byte stands within the text: delete it, or is this a binary file? [NDE0102]"}},
		{"not UTF-8", "package a // \xff\xfe\n", []string{"1:14: this is not UTF-8: save the file as UTF-8 [NDE0102]"}},
		{"UTF-16", "\xff\xfep\x00a\x00c\x00", []string{"1:1: this is text in UTF-16: save the file as UTF-8 [NDE0102]"}},
		{"character", "package a\nconst x = 1 # one", []string{`2:13: unexpected character "#" (U+0023): comments begin with // [NDE0101]`}},
		{"string", "package a\nimport b \"x\nconst y = 1", []string{"2:10: the string is not closed: write the second \" on the same line [NDE0105]"}},
		{"raw string", "package a\nimport b `x\nconst y = 1", []string{"2:10: the string is not closed: write the second ` at its end [NDE0105]"}},
		{"comment", "package a\n/* x\nconst y = 1", []string{"2:1: the comment is not closed: write */ at its end [NDE0106]"}},
		{"number and letters", "package a\nconst x = 0x10", []string{"2:11: 0x10 is neither a number nor a name: a name begins with a letter, and numbers are decimal [NDE0104]"}},
		{"underscore", "package a\nconst x = 1__0", []string{"2:11: in 1__0 a _ does not stand between two digits: write it as in 10_000 [NDE0104]"}},
		{"package", "const x = 1", []string{`1:1: a file begins with its package: write "package name" before the keyword "const" [NDE0112]`}},
		{"empty file", "", []string{`1:1: a file begins with its package: write "package name" before the end of the file [NDE0112]`}},
		{"chained comparison", "package a\nconst x = 1 < 2 < 3", []string{"2:17: comparisons cannot be chained, except as bounds a < x < b after where: join two of them with && [NDE0115]"}},
		{"misplaced statement", "package a\nsystem S {\n\tminimize x\n}", []string{"3:2: minimize cannot stand in a system; it may stand in a train block [NDE0113]"}},
		{"misspelt statement", "package a\nsystem S {\n\tstat x real\n}", []string{`3:2: expected a statement of a system, found "stat"; did you mean "state"? [NDE0110]`}},
		{"misspelt declaration", "package a\nsytem S {\n\tstate x real\n}", []string{`2:1: expected a declaration, found "sytem"; did you mean "system"? [NDE0110]`}},
		{"unknown type", "package a\nfn f(x reel) real {\n\treturn x\n}", []string{`2:8: unknown type "reel"; did you mean "real"? [NDE0120]`}},
		{"assignment", "package a\nfn f(x real) real {\n\ty = x\n\treturn y\n}", []string{"3:4: values are named with :=, states are set in when only: write y := ... [NDE0118]"}},
		{"if", "package a\nfn f(x real) real {\n\tif x > 0 {\n\t}\n}", []string{`3:2: "if" is no statement of this language: choose values with select(c, a, b), apply a net along an axis with map [NDE0116]`}},
		{"stray brace", "package a\n}\nconst x = 1", []string{"2:1: this } closes nothing: delete it, or look for a } too many above [NDE0113]"}},
	}
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			_, errs := Parse("a.nde", []byte(row.src))
			if diff := cmp.Diff(row.want, errorLines(errs)); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// Every lexical and syntax code has a program that gives it and nothing else, and its remedy works;
// the programs of all other codes are free of syntax errors.
func TestExplanations(t *testing.T) {
	for _, e := range diag.All() {
		if e.Code == "NDE0899" {
			continue // no program gives a bug of the compiler
		}
		want := []diag.Code{e.Code}
		if !strings.HasPrefix(string(e.Code), "NDE01") {
			want = nil
		}
		var got []diag.Code
		for name, text := range diag.Files(e.Bad) {
			_, errs := Parse(name, []byte(text))
			for _, d := range errs {
				got = append(got, d.Code)
			}
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s: %s", e.Code, diff)
		}
		for name, text := range diag.Files(e.Fixed) {
			if fixed, errs := Format(name, []byte(text)); len(errs) > 0 || string(fixed) != text {
				t.Errorf("%s: the fixed program is not in order: %v\n%s", e.Code, errs, cmp.Diff(text, string(fixed)))
			}
		}
	}
}

func TestLimits(t *testing.T) {
	long := map[string]string{
		"parentheses": strings.Repeat("(", 100000), "brackets": strings.Repeat("[", 100000),
		"minus": strings.Repeat("-", 100000), "powers": strings.Repeat("x^", 100000) + "x",
		"calls": "f" + strings.Repeat("()", 100000), "sums": "x" + strings.Repeat("+x", 100000),
		"stages": "x" + strings.Repeat("|>f", 100000), "literals": strings.Repeat("a{b:", 100000),
		"dots": "x" + strings.Repeat(".x", 100000), "indices": strings.Repeat("x[", 100000),
	}
	for name, e := range long {
		_, errs := Parse("a.nde", []byte("package a\nconst x = "+e+"\nconst y = 1\n"))
		if len(errs) != 1 || errs[0].Code != "NDE0109" {
			t.Errorf("%s: %v", name, errorLines(errs))
		}
	}
	_, errs := Parse("a.nde", []byte("package a\n//"+strings.Repeat("x", maxSource)))
	if len(errs) == 0 || errs[0].Code != "NDE0108" {
		t.Errorf("large file: %v", errorLines(errs))
	}
}

func TestCommandLine(t *testing.T) {
	lit, errs := ParseLiteral("--with", "rk4{ steps:20 }")
	if len(errs) > 0 || ExprString(lit) != "rk4{steps: 20}" {
		t.Errorf("%v %v", lit, errs)
	}
	lit, errs = ParseLiteral("--with", "HyperEuler")
	if len(errs) > 0 || lit == nil || len(lit.Elems) > 0 || ExprString(lit.Name) != "HyperEuler" {
		t.Errorf("%v %v", lit, errs)
	}
	for src, want := range map[string]string{"1+": "NDE0110", "3": "NDE0110", "rk4{} x": "NDE0110", "": "NDE0110"} {
		if _, errs := ParseLiteral("--with", src); len(errs) != 1 || string(errs[0].Code) != want {
			t.Errorf("%q: %v", src, errorLines(errs))
		}
	}
	e, errs := ParseExpr("--set", "x |> f(a,\n\tb) |> g[1:, :2]^-3 * `a`")
	if want := "x |> f(a, b) |> g[1:, :2]^-3*\"a\""; len(errs) > 0 || ExprString(e) != want {
		t.Errorf("%s %v", ExprString(e), errs)
	}
}

func TestDocs(t *testing.T) {
	src := "// Package a\n// is good.\npackage a\n\n// far\n\n// f is\n//   a net.\n//nde:ignore W1203 why\nnet f(x real) real {\n\t/* y\n\t * too */\n\ty := x // not this\n\treturn y\n}\n"
	f, errs := Parse("a.nde", []byte(src))
	if len(errs) > 0 {
		t.Fatal(errs)
	}
	net := f.Decls[0].(*FuncDecl)
	got := []string{f.Doc, net.Doc, net.Body.Stmts[0].(*DefineStmt).Doc, net.Body.Stmts[1].(*ReturnStmt).Doc}
	if diff := cmp.Diff([]string{"Package a\nis good.", "f is\n  a net.", "y\ntoo", ""}, got); diff != "" {
		t.Error(diff)
	}
}

// TestErrorComments reads a file whose comments /* ERROR code "text" */ stand after the token that
// a diagnostic points at; text is a part of the message.
func TestErrorComments(t *testing.T) {
	src, err := os.ReadFile("testdata/errors.nde")
	if err != nil {
		t.Fatal(err)
	}
	lexemes, comments, _ := scan("errors.nde", src)
	_, errs := Parse("errors.nde", src)
	n := 0
	for _, c := range comments {
		var code diag.Code
		var text string
		if k, _ := fmt.Sscanf(c.Text, "/* ERROR %s %q", &code, &text); k != 2 {
			continue
		}
		var before lexeme
		for _, l := range lexemes {
			if !l.auto && l.span.End.Offset <= c.Place.Start.Offset && l.tok != EOF {
				before = l
			}
		}
		if n >= len(errs) {
			t.Fatalf("%s: nothing is said about %q", before.span.Start, before.text)
		}
		if e := errs[n]; e.Code != code || !strings.Contains(e.Text, text) || e.Span.Start != before.span.Start {
			t.Errorf("%s: got %s, want %s %q", before.span.Start, e, code, text)
		}
		n++
	}
	if n != len(errs) || n == 0 {
		t.Errorf("%d comments, %d errors: %v", n, len(errs), errorLines(errs))
	}
}

// TestAnyTwoTokens parses what begins with any token, followed by nothing, by any other, and by an expression: what is looked at before
// and behind a token has to be there.
func TestAnyTwoTokens(t *testing.T) {
	words := []string{"a", "der", "if", "true", "1", "1.5", `"s"`, "\n", "#"}
	for _, row := range tokenRows() {
		words = append(words, row.text)
	}
	for _, first := range words {
		for _, second := range append(words, "", "b + 1") {
			src := first + " " + second
			_, expr := ParseExpr("--set", src)
			_, literal := ParseLiteral("--with", src)
			_, file := Parse("a.nde", []byte(src))
			_, value := Parse("a.nde", []byte("package a\nconst x = "+src))
			for _, e := range slices.Concat(expr, literal, file, value) {
				if e.Text == "" || e.Code == "" || !e.Span.IsValid() {
					t.Errorf("%q: empty diagnostic %+v", src, e)
				}
			}
		}
	}
}
