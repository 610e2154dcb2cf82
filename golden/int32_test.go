package golden

import (
	"go/ast"
	"go/build"
	"go/importer"
	"go/parser"
	"go/token"
	"go/types"
	"path/filepath"
	"testing"
)

// imports gives a package that was checked here, and others by their sources.
type imports struct {
	types.Importer
	checked map[string]*types.Package
}

func (i imports) Import(path string) (*types.Package, error) {
	if p := i.checked[path]; p != nil {
		return p, nil
	}
	return i.Importer.Import(path)
}

// TestInt32: the runtime and generated packages are Go where an int has 32 bits, as on small boards: no constant is too large there.
func TestInt32(t *testing.T) {
	fset := token.NewFileSet()
	system := build.Default
	system.GOOS, system.GOARCH, system.CgoEnabled = "linux", "arm", false
	known := imports{importer.ForCompiler(fset, "source", nil), map[string]*types.Package{}}
	conf := types.Config{Importer: known, Sizes: types.SizesFor("gc", system.GOARCH), Error: func(err error) { t.Error(err) }}
	check := func(path, dir string) {
		pkg, err := system.ImportDir(dir, 0)
		if err != nil {
			t.Fatal(err)
		}
		var files []*ast.File
		for _, name := range pkg.GoFiles {
			f, err := parser.ParseFile(fset, filepath.Join(dir, name), nil, 0)
			if err != nil {
				t.Fatal(err)
			}
			files = append(files, f)
		}
		known.checked[path], _ = conf.Check(path, fset, files, nil) // conf.Error is given the errors
	}
	for _, path := range []string{"math/bits", "math"} { // whose constants differ
		check(path, filepath.Join(system.GOROOT, "src", filepath.FromSlash(path)))
	}
	check("ndec.dev/ndec/rt", "../rt")
	dirs, err := filepath.Glob("../generated/*")
	if err != nil || len(dirs) < 5 {
		t.Fatalf("%v: %v", dirs, err)
	}
	for _, dir := range dirs {
		check(dir, dir)
	}
}
