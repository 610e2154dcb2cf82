package golden

import (
	"bytes"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/rogpeppe/go-internal/txtar"

	"ndec.dev/ndec/cmd/ndec/driver"
)

var update = flag.Bool("update", false, "rewrite the golden texts")

// maxLines is how much golden text people can be asked to read; more models are covered by counts.
const maxLines = 20_000

// golden lists the sections after the source. The API is the same for every model: the packages under
// generated/ show it in full.
var golden = []string{"ir", "plan", "go"}

// forms are the texts of a program, by section.
func forms(t *testing.T, name, source string) map[string]string {
	t.Helper()
	res, ds := driver.Compile(map[string]string{name + ".nde": source}, driver.Options{Dump: []string{"ir", "plan"}})
	if len(ds) > 0 {
		t.Fatal(ds)
	}
	out := map[string]string{"ir": res.Dumps["ir"], "plan": res.Dumps["plan"]}
	for _, f := range res.Out {
		if strings.HasSuffix(f.Name, "_generic.go") || strings.HasSuffix(f.Name, "_solve.go") || (strings.HasSuffix(f.Name, "_train.go") && len(res.Module.Recipes) > 0) {
			out["go"] += "// " + f.Name + "\n\n" + string(f.Text)
		}
	}
	return out
}

// TestText compares the forms of small programs, one feature each, with testdata/*.txtar.
func TestText(t *testing.T) {
	files, err := filepath.Glob("testdata/*.txtar")
	if err != nil || len(files) == 0 {
		t.Fatal("no golden texts", err)
	}
	lines := 0
	for _, path := range files {
		name := strings.TrimSuffix(filepath.Base(path), ".txtar")
		t.Run(name, func(t *testing.T) {
			a, err := txtar.ParseFile(path)
			if err != nil {
				t.Fatal(err)
			}
			want := map[string]string{}
			for _, f := range a.Files {
				want[f.Name] = string(f.Data)
			}
			source := want["in.nde"]
			got := forms(t, name, source)
			out := &txtar.Archive{Comment: a.Comment, Files: []txtar.File{{Name: "in.nde", Data: []byte(source)}}}
			for _, section := range golden {
				if d := cmp.Diff(want[section], got[section]); d != "" && !*update {
					t.Errorf("%s (-want +got):\n%s", section, d)
				}
				out.Files = append(out.Files, txtar.File{Name: section, Data: []byte(got[section])})
			}
			text := txtar.Format(out)
			lines += bytes.Count(text, []byte("\n"))
			if *update {
				if err := os.WriteFile(path, text, 0o666); err != nil {
					t.Fatal(err)
				}
			}
		})
	}
	if lines > maxLines {
		t.Errorf("%d lines of golden text, at most %d", lines, maxLines)
	}
}
