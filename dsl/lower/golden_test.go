package lower

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/rogpeppe/go-internal/txtar"
	"ndec.dev/ndec/ir"
)

var update = flag.Bool("update", false, "write the golden files")

// The lowered form of one-feature programs, and that it is the same every time.
func TestGolden(t *testing.T) {
	files, err := filepath.Glob("testdata/*.txtar")
	if err != nil || len(files) == 0 {
		t.Fatalf("no golden files: %v", err)
	}
	for _, name := range files {
		t.Run(strings.TrimSuffix(filepath.Base(name), ".txtar"), func(t *testing.T) {
			a, err := txtar.ParseFile(name)
			if err != nil {
				t.Fatal(err)
			}
			src := string(a.Files[0].Data)
			got := outline(lowered(t, src, "f32"))
			for range 5 {
				if d := cmp.Diff(got, outline(lowered(t, src, "f32"))); d != "" {
					t.Fatalf("lowered twice (-first +second):\n%s", d)
				}
			}
			if *update {
				a.Files = append(a.Files[:1], txtar.File{Name: "ir", Data: []byte(got)})
				if err := os.WriteFile(name, txtar.Format(a), 0o644); err != nil {
					t.Fatal(err)
				}
				return
			}
			if len(a.Files) != 2 {
				t.Fatal("no result yet: run with -update")
			}
			if d := cmp.Diff(string(a.Files[1].Data), got); d != "" {
				t.Errorf("-want +got:\n%s", d)
			}
		})
	}
}

// outline is the text of what lowering itself made: functions that the method built from its row
// are left out.
func outline(m *ir.Module) string {
	var b strings.Builder
	built := map[*ir.Func]bool{}
	for _, s := range m.Solves {
		for _, f := range s.Funcs() {
			built[f] = f != s.Field
		}
	}
	for _, p := range m.Params {
		fmt.Fprintf(&b, "param %s %s\n", p.Name, p.Type)
	}
	for _, f := range m.Funcs {
		if built[f] {
			continue
		}
		outlineFunc(&b, f)
	}
	for _, s := range m.Solves {
		fmt.Fprintf(&b, "solve %s: %s by %s%s, states", s.Name, s.System, s.Method, region(s.Region))
		for _, st := range s.States {
			fmt.Fprintf(&b, " %s %s %v", st.Name, st.Type, st.InNorm)
		}
		fmt.Fprintf(&b, ", extras %v, times %d, steps %d of %g, tolerances %g %g, %s\n", s.Extras, s.Times, s.Steps, s.StepSize, s.RTol, s.ATol, s.Sensitivity.Row)
	}
	for _, x := range m.Models {
		fmt.Fprintf(&b, "model %s: func %s, inputs %v, outputs %v, solves", x.Name, x.Func.Name, x.Inputs, x.Outputs)
		for i, s := range x.Solves {
			fmt.Fprintf(&b, " %s by %s", s.Name, x.Paths[i].Name)
		}
		b.WriteByte('\n')
	}
	for _, r := range m.Recipes {
		fmt.Fprintf(&b, "recipe %s: columns %v, metrics %v, combine %v, frozen %d\n", r.Name, r.Columns, r.Metrics, r.Combine != nil, len(r.Frozen))
	}
	return b.String()
}

func region(r *ir.Region) string {
	if r == nil || r == ir.SampleRegion {
		return ""
	}
	return region(r.Parent) + " in " + r.Kind.String()
}

func outlineFunc(b *strings.Builder, f *ir.Func) {
	fmt.Fprintf(b, "func %s%s {\n", f.Name, region(f.Region))
	for _, v := range f.Values {
		fmt.Fprintf(b, "\t%%%d = %s", v.ID, v.Op)
		for _, a := range v.Args {
			fmt.Fprintf(b, " %%%d", a.ID)
		}
		switch {
		case v.Op == ir.OpConst && v.Attr.Data != nil:
			fmt.Fprintf(b, " %v", v.Attr.Data)
		case v.Op == ir.OpConst:
			fmt.Fprintf(b, " %v", v.Attr.Num)
		case v.Op == ir.OpResult || v.Op == ir.OpConcat:
			fmt.Fprintf(b, " .%d", v.Attr.Index)
		case v.Attr.Func != nil:
			fmt.Fprintf(b, " @%s", v.Attr.Func.Name)
		case v.Attr.Solve != nil:
			fmt.Fprintf(b, " @%s", v.Attr.Solve.Name)
		case v.Attr.Map != nil:
			fmt.Fprintf(b, " @%s, first %d over %d", v.Attr.Map.Fn.Name, v.Attr.Map.Mapped, v.Attr.Map.N)
		case v.Attr.Scan != nil:
			fmt.Fprintf(b, " @%s, %d handed on, %d over %d", v.Attr.Scan.Fn.Name, v.Attr.Scan.Carry, v.Attr.Scan.Mapped, v.Attr.Scan.N)
		case v.Attr.Ints != nil:
			fmt.Fprintf(b, " %v", v.Attr.Ints)
		}
		fmt.Fprintf(b, " : %s", v.Type)
		if v.Name != "" || v.Span.IsValid() {
			fmt.Fprintf(b, "\t// %s %s", v.Name, v.Span)
		}
		b.WriteByte('\n')
	}
	b.WriteString("\treturn")
	for i, r := range f.Results {
		name := ""
		if i < len(f.ResultNames) {
			name = f.ResultNames[i] + "="
		}
		fmt.Fprintf(b, " %s%%%d", name, r.ID)
	}
	b.WriteString("\n}\n")
}
