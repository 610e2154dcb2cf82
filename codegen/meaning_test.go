package codegen_test

import (
	"os"
	"regexp"
	"strings"
	"testing"

	"ndec.dev/ndec/cmd/ndec/driver"
)

// TestMeaning: a run may be resumed when only training lengths or comments have changed since.
func TestMeaning(t *testing.T) {
	src, err := os.ReadFile("../generated/moons/moons.nde")
	if err != nil {
		t.Fatal(err)
	}
	hash := func(old, new string) string {
		text := strings.Replace(string(src), old, new, 1)
		if old != "" && text == string(src) {
			t.Fatalf("moons.nde has no %q", old)
		}
		res, ds := driver.Compile(map[string]string{"moons.nde": text}, driver.Options{})
		if ds.HasErrors() {
			t.Fatal(ds)
		}
		for _, f := range res.Out {
			if m := regexp.MustCompile(`Source:\s+"(.*)"`).FindSubmatch(f.Text); m != nil {
				return string(m[1])
			}
		}
		t.Fatal("no hash")
		return ""
	}
	want := hash("", "")
	for _, c := range []struct {
		old, new string
		same     bool
	}{
		{"epochs: 300", "epochs: 301", true},
		{"epochs: 300", "epochs: 5..20\n\tstop: early{on: acc, mode: max}", true},
		{"epochs: 300", "steps: 12", true},
		{"// f is the vector field", "\n\n// f is the field", true},
		{"// Package moons classifies", "// Package moons separates", true},
		{"lr: 0.01", "lr: 0.02", false},
		{"n: 512", "n: 513", false},
		{"tanh", "sin", false},
		{"rtol: 1e-4", "rtol: 2e-4", false},
		{"seed: 42", "seed: 43", false},
	} {
		if same := hash(c.old, c.new) == want; same != c.same {
			t.Errorf("%q for %q: same program %t", c.new, c.old, same)
		}
	}
}
