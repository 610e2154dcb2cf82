package golden

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/rogpeppe/go-internal/txtar"

	"ndec.dev/ndec/cmd/ndec/driver"
)

// TestCUDAText compares kernels of small programs, and the Go file that offers them, with testdata/cuda/*.txtar.
func TestCUDAText(t *testing.T) {
	files, err := filepath.Glob("testdata/cuda/*.txtar")
	if err != nil || len(files) == 0 {
		t.Fatal("no golden texts", err)
	}
	for _, path := range files {
		name := strings.TrimSuffix(filepath.Base(path), ".txtar")
		a, err := txtar.ParseFile(path)
		if err != nil {
			t.Fatal(err)
		}
		want := map[string]string{}
		for _, f := range a.Files {
			want[f.Name] = string(f.Data)
		}
		res, ds := driver.Compile(map[string]string{name + ".nde": want["in.nde"]}, driver.Options{CUDA: true})
		if len(ds) > 0 {
			t.Fatal(ds)
		}
		out := &txtar.Archive{Comment: a.Comment, Files: []txtar.File{{Name: "in.nde", Data: []byte(want["in.nde"])}}}
		for _, f := range res.Out {
			if f.Name != name+".cu" && f.Name != name+"_cuda.go" {
				continue
			}
			if d := cmp.Diff(want[f.Name], string(f.Text)); d != "" && !*update {
				t.Errorf("%s (-want +got):\n%s", f.Name, d)
			}
			out.Files = append(out.Files, txtar.File{Name: f.Name, Data: f.Text})
		}
		if *update {
			if err := os.WriteFile(path, txtar.Format(out), 0o666); err != nil {
				t.Fatal(err)
			}
		}
	}
}
