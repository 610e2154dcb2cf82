package golden

import (
	"os"
	"strings"
	"testing"

	"ndec.dev/ndec/cmd/ndec/driver"
	"ndec.dev/ndec/golden/emittest"
	"ndec.dev/ndec/ir/plan"
)

// TestNames builds a program whose names are those that emitted Go uses itself: keywords, predeclared
// identifiers, variables of loops, packages, and helpers of other declarations.
func TestNames(t *testing.T) {
	text, err := os.ReadFile("testdata/names/names.nde")
	if err != nil {
		t.Fatal(err)
	}
	packages := map[string][]plan.File{}
	var imports, prints strings.Builder
	for _, precision := range []string{"f32", "f64"} {
		name := "names" + precision
		res, ds := driver.Compile(map[string]string{"names.nde": string(text)}, driver.Options{Precision: precision, Package: name})
		if ds.HasErrors() {
			t.Fatal(ds)
		}
		packages[name] = res.Out
		imports.WriteString("import \"ndec.dev/ndec/" + name + "\"\n")
		prints.WriteString("\tprintln(" + name + ".Program().Package)\n")
	}
	main := "package main\n\n" + imports.String() + "\nfunc main() {\n" + prints.String() + "}\n"
	emittest.Program{Main: map[string][]byte{"main.go": []byte(main)}, Packages: packages}.Run(t, nil)
}
