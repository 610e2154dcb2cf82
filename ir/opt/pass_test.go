package opt

import (
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/rogpeppe/go-internal/txtar"
	"ndec.dev/ndec/ir"
)

var update = flag.Bool("update", false, "rewrite the wanted texts in testdata")

// passByName finds a pass for the text tests; prepare and the whole of Run count as passes.
func passByName(t *testing.T, name string) func(m *ir.Module) {
	switch name {
	case "prepare":
		return Prepare
	case "run":
		return func(m *ir.Module) {
			if err := Run(m, Options{Check: true}); err != nil {
				t.Fatal(err)
			}
		}
	}
	for _, p := range table() {
		switch {
		case p.Name != name:
		case name == "hoist": // reads rates
			return func(m *ir.Module) {
				rates(m)
				p.Fn(m)
			}
		default:
			return p.Fn
		}
	}
	t.Fatalf("no pass %q", name)
	return nil
}

// TestText runs the pass that names each file of testdata over its NAME.in sections and compares
// with NAME.out. A second run of the pass must change nothing.
func TestText(t *testing.T) {
	files, err := filepath.Glob("testdata/*.txtar")
	if err != nil || len(files) == 0 {
		t.Fatalf("no test data: %v", err)
	}
	for _, file := range files {
		pass := strings.TrimSuffix(filepath.Base(file), ".txtar")
		t.Run(pass, func(t *testing.T) {
			ar, err := txtar.ParseFile(file)
			if err != nil {
				t.Fatal(err)
			}
			out := &txtar.Archive{Comment: ar.Comment}
			for i, sec := range ar.Files {
				name, isIn := strings.CutSuffix(sec.Name, ".in")
				if !isIn {
					continue
				}
				want := ""
				if i+1 < len(ar.Files) && ar.Files[i+1].Name == name+".out" {
					want = string(ar.Files[i+1].Data)
				}
				got := runText(t, pass, name, string(sec.Data))
				out.Files = append(out.Files, sec, txtar.File{Name: name + ".out", Data: []byte(got)})
				if d := cmp.Diff(want, got); d != "" && !*update {
					t.Errorf("%s (-want +got):\n%s", name, d)
				}
			}
			if *update {
				if err := os.WriteFile(file, txtar.Format(out), 0o644); err != nil {
					t.Fatal(err)
				}
			}
		})
	}
}

func runText(t *testing.T, pass, name, src string) string {
	m, err := ir.ParseModule(name, src)
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	if err := ir.Verify(m); err != nil {
		t.Fatalf("%s: input: %v", name, err)
	}
	fn := passByName(t, pass)
	fn(m)
	if err := ir.Verify(m); err != nil {
		t.Fatalf("%s: output: %v\n%s", name, err, m)
	}
	got := m.String()
	fn(m)
	if d := cmp.Diff(got, m.String()); d != "" {
		t.Errorf("%s: a second run changes (-first +second):\n%s", name, d)
	}
	return got
}
