package diff_test

import (
	"flag"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/rogpeppe/go-internal/txtar"
	"ndec.dev/ndec/ir"
	"ndec.dev/ndec/ir/diff"
)

var update = flag.Bool("update", false, "rewrite the wanted texts in testdata")

// TestText differentiates the last function of every module NAME.in by all that it depends on, and
// compares the module with NAME.out.
func TestText(t *testing.T) {
	const file = "testdata/vjp.txtar"
	ar, err := txtar.ParseFile(file)
	if err != nil {
		t.Fatal(err)
	}
	out := &txtar.Archive{Comment: ar.Comment}
	want := map[string]string{}
	for _, sec := range ar.Files {
		want[sec.Name] = string(sec.Data)
	}
	for _, sec := range ar.Files {
		name, isIn := strings.CutSuffix(sec.Name, ".in")
		if !isIn {
			continue
		}
		m, err := ir.ParseModule(name, string(sec.Data))
		if err != nil {
			t.Fatal(err)
		}
		last := m.Funcs[len(m.Funcs)-1]
		if _, list := diff.VJP(m, last, diff.Everything(last)); len(list) > 0 {
			t.Fatalf("%s: %v", name, list)
		}
		if err := ir.Verify(m); err != nil {
			t.Errorf("%s: %v\n%s", name, err, m)
		}
		out.Files = append(out.Files, sec, txtar.File{Name: name + ".out", Data: []byte(m.String())})
		if d := cmp.Diff(want[name+".out"], m.String()); d != "" && !*update {
			t.Errorf("%s (-want +got):\n%s", name, d)
		}
	}
	if *update {
		if err := os.WriteFile(file, txtar.Format(out), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}
