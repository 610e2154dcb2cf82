package golden

import (
	"go/parser"
	"go/token"
	"io/fs"
	"path"
	"path/filepath"
	"sort"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

const module = "ndec.dev/ndec/"

// policy says which packages of ours each package may import. Imports follow the data: dsl → ir ←
// codegen; rt imports nothing of ours; the phases meet only in the driver.
var policy = map[string]string{
	"ir/diag":           "",
	"ir":                "ir/diag",
	"ir/irtest":         "ir ir/diag ir/interp",
	"ir/recipe":         "ir",
	"ir/method":         "ir ir/diag",
	"ir/method/testode": "ir ir/diag",
	"ir/diff":           "ir ir/diag ir/method",
	"ir/opt":            "ir ir/diag ir/parallel",
	"ir/parallel":       "",
	"ir/plan":           "ir ir/diag ir/vmath",
	"ir/interp":         "ir ir/method",
	"ir/vmath":          "",
	"dsl/syntax":        "ir/diag",
	"dsl/layer":         "ir",
	"dsl/sema":          "ir ir/diag ir/method ir/recipe dsl/syntax dsl/layer",
	"dsl/lower":         "ir ir/diag ir/method ir/recipe dsl/sema dsl/layer",
	"codegen":           "ir ir/diag ir/parallel ir/plan ir/recipe codegen/asm codegen/gofmt codegen/lanes",
	"codegen/asm":       "ir/vmath",
	"codegen/lanes":     "codegen/asm ir ir/parallel ir/plan ir/vmath",
	"codegen/asm/sim":   "",
	"codegen/gofmt":     "",
	"cudagen":           "ir ir/diag ir/plan",
	"rt":                "",
	"rt/ivp":            "",
	"rt/cuda":           "rt",
	"cmd/ndec/driver":   "ir ir/diag ir/diff ir/method ir/opt ir/parallel ir/plan dsl/syntax dsl/sema dsl/lower codegen codegen/lanes cudagen",
	"cmd/ndec/nvcc":     "cudagen",
	"cmd/ndec/child":    "cmd/ndec/driver cmd/ndec/nvcc rt rt/cuda",
	"cmd/ndec/picture":  "rt",
	"cmd/ndec/pareto":   "",
	"cmd/ndec/command":  "cudagen cmd/ndec/driver cmd/ndec/child cmd/ndec/nvcc cmd/ndec/pareto cmd/ndec/picture dsl/sema dsl/syntax ir ir/diag ir/plan ir/interp ir/parallel rt rt/ivp",
	"cmd/ndec":          "cmd/ndec/command cmd/ndec/driver",
	"golden":            "cmd/ndec/driver",
	"golden/emittest":   "ir/plan rt",
	"golden/emutest":    "cmd/ndec/nvcc cudagen rt rt/cuda",

	"ir/vmath/reference":          "",
	"generated/recordings/record": "rt generated/recordings",
}

// TestImportPolicy parses the import lines itself: a listing by another process would be served from the
// test cache after a forbidden import has been added.
func TestImportPolicy(t *testing.T) {
	got := map[string][]string{}
	err := filepath.WalkDir("..", func(p string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() {
			if n := d.Name(); n == "testdata" || (strings.HasPrefix(n, ".") && n != "..") || n == "runs" {
				return filepath.SkipDir
			}
			return nil
		}
		if !strings.HasSuffix(p, ".go") || strings.HasSuffix(p, "_test.go") {
			return nil
		}
		rel, err := filepath.Rel("..", filepath.Dir(p))
		if err != nil {
			return err
		}
		pkg := path.Clean(filepath.ToSlash(rel))
		f, err := parser.ParseFile(token.NewFileSet(), p, nil, parser.ImportsOnly)
		if err != nil {
			return err
		}
		got[pkg] = append(got[pkg], "")
		for _, im := range f.Imports {
			name := strings.Trim(im.Path.Value, `"`)
			if strings.HasPrefix(name, module) {
				got[pkg] = append(got[pkg], strings.TrimPrefix(name, module))
			} else if pkg == "rt" && strings.Contains(name, ".") {
				t.Errorf("rt imports %s: it may use the standard library only", name)
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	var pkgs []string
	for p := range got {
		pkgs = append(pkgs, p)
	}
	sort.Strings(pkgs)
	for _, p := range pkgs {
		allowed, known := policy[p]
		if !known && strings.HasPrefix(p, "generated/") {
			allowed, known = "rt", true
		}
		if !known {
			t.Errorf("package %s is not in the policy: say what it may import", p)
			continue
		}
		may := map[string]bool{"": true}
		for _, a := range strings.Fields(allowed) {
			may[a] = true
		}
		var bad []string
		for _, im := range got[p] {
			if !may[im] {
				bad = append(bad, im)
			}
		}
		if diff := cmp.Diff([]string(nil), bad); diff != "" {
			t.Errorf("%s imports what the policy does not allow (-want +got):\n%s", p, diff)
		}
	}
}
