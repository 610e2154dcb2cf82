package driver

import (
	"bytes"
	"fmt"
	"go/format"
	"path/filepath"
	"strings"

	"ndec.dev/ndec/codegen"
	"ndec.dev/ndec/dsl/sema"
	"ndec.dev/ndec/ir/diag"
	"ndec.dev/ndec/ir/plan"
)

// TestPackage is the folder, and the package in it, that the test blocks of a program become. It is a
// package of its own, so that tests add nothing to the one that is shipped: it holds the models that the tests
// are, compiled from the same sources in the same way, and a Go test for each.
const TestPackage = "ndetest"

// RuntimeFolder is the folder of the copy of rt that `target go{runtime: embedded}` puts beside a package.
const RuntimeFolder = "rt"

// testFiles compiles the tests of a program to the files of TestPackage.
func testFiles(files map[string]string, opts Options, p *sema.Program) ([]plan.File, diag.List) {
	opts.Tests, opts.Package, opts.Dump, opts.Until = true, TestPackage, nil, ""
	res, ds := Compile(files, opts)
	if ds.HasErrors() {
		return nil, ds
	}
	var out []plan.File
	for _, f := range res.Out {
		if strings.HasSuffix(f.Name, ".go") || strings.HasSuffix(f.Name, ".s") {
			out = append(out, plan.File{Name: TestPackage + "/" + f.Name, Text: f.Text})
		}
	}
	text, err := goTests(p)
	if err != nil {
		ds.Errorf(BugCode, diag.Span{}, "compiler bug: the Go tests do not parse: %v", err)
		return nil, ds
	}
	return append(out, plan.File{Name: TestPackage + "/" + TestPackage + "_test.go", Text: text}), ds
}

// goTests is the file with a Go test for each test block.
func goTests(p *sema.Program) ([]byte, error) {
	var b bytes.Buffer
	fmt.Fprintf(&b, "%s\n\npackage %s\n\nimport \"testing\"\n", codegen.Header(Version, p.Files), TestPackage)
	for _, t := range p.Tests {
		name := t.Model.Name
		fmt.Fprintf(&b, "\n// Test%s is test %s (%s).\nfunc Test%s(t *testing.T) {\n\tp := NewParams(%d)\n", name, t.Name, t.Span, name, t.Seed)
		if t.File != "" {
			file := t.File
			if !filepath.IsAbs(file) {
				file = "../" + file
			}
			fmt.Fprintf(&b, "\tif err := p.LoadFile(%q); err != nil {\n\t\tt.Fatal(err)\n\t}\n", file)
		}
		fmt.Fprintf(&b, "\tout, err := New%s(p).Forward(0)\n\tif err != nil {\n\t\tt.Fatal(err)\n\t}\n", name)
		for i, c := range t.Checks {
			fmt.Fprintf(&b, "\tif out.Holds%d == 0 {\n", i)
			where := fmt.Sprintf("%s: check %s", c.Span, strings.ReplaceAll(c.Text, "%", "%%"))
			if c.Compares != "" {
				fmt.Fprintf(&b, "\t\tt.Errorf(%q, out.Left%d, out.Right%d)\n", where+": %v "+c.Compares+" %v does not hold", i, i)
			} else {
				fmt.Fprintf(&b, "\t\tt.Errorf(%q)\n", where+" does not hold")
			}
			b.WriteString("\t}\n")
		}
		b.WriteString("}\n")
	}
	return format.Source(b.Bytes())
}
