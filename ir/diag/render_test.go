package diag

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func place(line, col, endCol int) Span {
	return Span{Start: Pos{File: "a.nde", Line: line, Col: col}, End: Pos{File: "a.nde", Line: line, Col: endCol}}
}

func TestRender(t *testing.T) {
	source := func(string) (string, bool) { return "package a\r\n\tθ := f(x)\r\n", true }
	d := Diagnostic{Code: "NDE0110", Span: place(2, 8, 9), Text: "not so", Remedy: "do\nthis", Notes: []Note{{place(1, 1, 8), "here"}}}
	rows := []struct {
		name string
		list List
		o    Options
		want string
	}{
		{"window", List{d}, Options{Source: source},
			"a.nde:2:8: not so [NDE0110]\n\t\tθ := f(x)\n\t\t     ^\n\tdo\n\tthis\na.nde:1:1: here\n\tpackage a\n\t^^^^^^^\n"},
		{"no source", List{{Severity: Warning, Code: "W101", Text: "hm"}}, Options{}, "-: hm [W101]\n"},
		{"colour", List{{Code: "NDE0110", Span: place(1, 9, 99), Text: "x"}}, Options{Source: source, Colour: true},
			"a.nde:1:9: x [\x1b[1;31mNDE0110\x1b[0m]\n\tpackage a\n\t        \x1b[1;32m^\x1b[0m\n"},
		{"beyond the text", List{{Code: "NDE0110", Span: place(9, 9, 9), Text: "x"}, {Code: "NDE0110", Span: place(3, 9, 9), Text: "x"}}, Options{Source: source},
			"a.nde:9:9: x [NDE0110]\na.nde:3:9: x [NDE0110]\n\t\n\t^\n"},
	}
	for _, row := range rows {
		var b strings.Builder
		if err := Render(&b, row.list, row.o); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(row.want, b.String()); diff != "" {
			t.Errorf("%s: %s", row.name, diff)
		}
	}
}

func TestRenderLimit(t *testing.T) {
	var l List
	for i := range Limit + 3 {
		l.Errorf("NDE0110", place(i+1, 1, 2), "x")
	}
	var b strings.Builder
	if err := Render(&b, l, Options{}); err != nil {
		t.Fatal(err)
	}
	if n := strings.Count(b.String(), "\n"); n != Limit+1 || !strings.HasSuffix(b.String(), "\nand 3 more\n") {
		t.Errorf("%d lines:\n%s", n, b.String())
	}
	b.Reset()
	if err := RenderJSON(&b, l); err != nil {
		t.Fatal(err)
	}
	var got struct {
		Format      int
		Diagnostics []map[string]any
		More        int
	}
	if err := json.Unmarshal([]byte(b.String()), &got); err != nil {
		t.Fatal(err)
	}
	if got.Format != 1 || len(got.Diagnostics) != Limit || got.More != 3 || got.Diagnostics[1]["line"] != 2.0 {
		t.Errorf("%+v", got)
	}
	b.Reset()
	if err := RenderJSON(&b, nil); err != nil || b.String() != "{\"format\":1,\"diagnostics\":[]}\n" {
		t.Errorf("%q %v", b.String(), err)
	}
}

func TestEntries(t *testing.T) {
	seen := map[Code]bool{}
	for _, e := range All() {
		if seen[e.Code] {
			t.Errorf("%s stands twice", e.Code)
		}
		seen[e.Code] = true
		if e.Title == "" || e.Text == "" || (e.Bad == "") != (e.Fixed == "") || e.Bad != "" && e.Bad == e.Fixed {
			t.Errorf("%s is incomplete", e.Code)
		}
		if got, ok := Lookup(e.Code); !ok || got != e {
			t.Errorf("%s is not found", e.Code)
		}
	}
	if _, ok := Lookup("NDE9999"); ok {
		t.Error("found what is not there")
	}
}

func TestSuggest(t *testing.T) {
	candidates := []string{"dopri5", "tsit5", "rk4", "euler", ":", "x"}
	rows := map[string]string{"dopri6": "dopri5", "dorpi5": "dopri5", "eulr": "euler", "rk3": "rk4", "rk": "rk4", "y": "",
		"midpoint": "", "dopri5": "", "eluerr": "euler", "": ""}
	for name, want := range rows {
		if got := Suggest(name, candidates); got != want {
			t.Errorf("%q: got %q, want %q", name, got, want)
		}
	}
}
