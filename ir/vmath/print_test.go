package vmath_test

import (
	"bytes"
	"flag"
	"fmt"
	"go/format"
	"os"
	"testing"

	"ndec.dev/ndec/ir/vmath"
)

var update = flag.Bool("update", false, "write the functions of package rt again")

// TestPrinted compares the functions of package rt with those that are printed from the table.
func TestPrinted(t *testing.T) {
	for _, width := range []int{32, 64} {
		file := fmt.Sprintf("../../rt/func%d.go", width)
		var out bytes.Buffer
		fmt.Fprintf(&out, "// Code generated from ir/vmath (go test ./ir/vmath -run Printed -update); DO NOT EDIT.\n\npackage rt\n\nimport \"math\"\n\n")
		for _, row := range vmath.Table() {
			p := row.Build(width)
			out.WriteString(p.GoText() + "\n")
			if text, ok := p.GoText4(); ok {
				out.WriteString(text + "\n")
			}
		}
		want, err := format.Source(out.Bytes())
		if err != nil {
			t.Fatalf("%v\n%s", err, out.Bytes())
		}
		if *update {
			if err := os.WriteFile(file, want, 0o644); err != nil {
				t.Fatal(err)
			}
			continue
		}
		got, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(got, want) {
			t.Errorf("%s is not what the table gives; run go test ./ir/vmath -run Printed -update", file)
		}
	}
}
