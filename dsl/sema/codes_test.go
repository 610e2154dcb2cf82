package sema_test

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"ndec.dev/ndec/dsl/sema"
	"ndec.dev/ndec/dsl/syntax"
	"ndec.dev/ndec/ir/diag"
)

// check parses and checks one file.
func check(t testing.TB, name, src string, opts sema.Options) (*sema.Program, diag.List) {
	t.Helper()
	f, errs := syntax.Parse(name, []byte(src))
	if len(errs) > 0 {
		return nil, errs
	}
	return sema.Check([]*syntax.File{f}, opts)
}

func codes(l diag.List) []diag.Code {
	var out []diag.Code
	for _, d := range l {
		out = append(out, d.Code)
	}
	return out
}

// laterRules are codes of the design that belong to phases or constructs not there yet.
var laterRules = map[diag.Code]bool{
	"NDE0612": true, // what least squares needs is a rule over the IR
	"NDE0613": true,
	"NDE0614": true,
	"NDE0615": true,
	"NDE0532": true, // separability is a rule over the IR
	"NDE0570": true, // what a sensitivity differentiates is a rule over the IR
	"NDE0571": true,
	"NDE0572": true,
	"NDE0719": true, // what a gradient depends on is a rule over the IR
	"NDE0240": true, // said by the Go back end
	"NDE0826": true, // said by lowering
}

// TestCodesHavePrograms: the program of every entry gives that diagnostic and no other, and its
// corrected form none, limitations apart where the construct itself comes later.
func TestCodesHavePrograms(t *testing.T) {
	for _, e := range diag.All() {
		if e.Code < "NDE02" || e.Code[0] == 'W' || laterRules[e.Code] {
			continue
		}
		limited := func(l diag.List) diag.List {
			var rest diag.List
			for _, d := range l {
				if (e.Code == "NDE0530" || e.Code == "NDE0529") && d.Code >= "NDE08" {
					continue
				}
				rest = append(rest, d)
			}
			return rest
		}
		if e.Bad != "" {
			_, l := check(t, "a.nde", e.Bad, sema.Options{})
			if got := codes(limited(l)); !cmp.Equal(got, []diag.Code{e.Code}) {
				t.Errorf("%s: program gives %v\n%s", e.Code, l, e.Bad)
			}
		}
		if e.Fixed != "" {
			_, l := check(t, "a.nde", e.Fixed, sema.Options{})
			for _, d := range l {
				if d.Code < "NDE08" {
					t.Errorf("%s: corrected program gives %v\n%s", e.Code, d, e.Fixed)
				}
			}
		}
	}
}

// TestCodesHaveEntries: every code in the sources of the checker can be explained.
func TestCodesHaveEntries(t *testing.T) {
	files, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	code := regexp.MustCompile(`"((?:NDE|W)[0-9]{3,4})"`)
	for _, name := range files {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		src, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range code.FindAllStringSubmatch(string(src), -1) {
			if e, ok := diag.Lookup(diag.Code(m[1])); !ok || e.Title == "" || e.Text == "" {
				t.Errorf("%s: no explanation of %s", name, m[1])
			}
		}
	}
}
