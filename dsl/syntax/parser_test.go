package syntax

import (
	"os"
	"path/filepath"
	"testing"
)

// examples are the example programs by file name.
func examples(t testing.TB) map[string][]byte {
	t.Helper()
	names, err := filepath.Glob("../../docs/examples/*/*.nde")
	if err != nil || len(names) < 14 {
		t.Fatalf("found %d examples, error %v", len(names), err)
	}
	m := map[string][]byte{}
	for _, name := range names {
		src, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		m[filepath.Base(name)] = src
	}
	return m
}

func TestExamplesParse(t *testing.T) {
	for name, src := range examples(t) {
		if _, errs := Parse(name, src); len(errs) > 0 {
			t.Errorf("%s: %v", name, errs)
		}
	}
}
