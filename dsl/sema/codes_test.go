package sema_test

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

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
