package cudagen

import (
	"fmt"
	"strings"

	"ndec.dev/ndec/ir"
	"ndec.dev/ndec/ir/plan"
)

// A thread keeps arrays in registers, which an index that varies cannot reach: arrays along output times would lie in local memory. Those that a
// kernel takes or gives stay where they are instead, as columns of device memory: times and stops of solves, the states at these times, and what the
// runs of maps and scans take and give.

// columns are the arguments and results of the function of a kernel with a thread a sample that are columns.
func (e *emitter) columns(f *plan.Func) map[*ir.Value]bool {
	if e.form() != thread || !e.roots[f.IR] {
		return nil
	}
	out := map[*ir.Value]bool{}
	for _, v := range f.IR.Values {
		switch {
		case v.Op == ir.OpSolve && v.Attr.Solve.Times > 0:
			for _, a := range v.Args[1:v.Attr.Solve.Lead()] {
				if p := f.Places[a]; p.Kind == plan.ArgArray {
					out[a] = true
				}
			}
		case v.Op == ir.OpMap || v.Op == ir.OpScan:
			for i, a := range v.Args {
				if a = whose(f, a); f.Places[a].Kind == plan.ArgArray && perRun(v, i) {
					out[a] = true
				}
			}
		}
		switch {
		case v.Type.Elem != ir.Tuple && !v.Type.IsScalar() && stacks(v):
			if p := f.Places[v]; p.Kind == plan.Result {
				out[v] = true
			}
		}
	}
	forms := map[*ir.Value]plan.Form{}
	for _, n := range f.Nests {
		for _, s := range n.Steps {
			if s.Form != plan.AddTo {
				forms[s.V] = s.Form
			}
		}
	}
	for _, v := range f.IR.Values {
		for i, a := range v.Args {
			base := whose(f, a)
			if out[base] && !byElements(f, v, i, forms) {
				delete(out, base)
			}
		}
	}
	return out
}

// stacks reports whether v holds states along output times, or what the runs of a loop give.
func stacks(v *ir.Value) bool {
	of, i := v, 0
	if v.Op == ir.OpResult {
		of, i = v.Args[0], v.Attr.Index
	}
	switch of.Op {
	case ir.OpSolve:
		return of != v && of.Attr.Solve.Times > 0
	case ir.OpMap:
		return true
	case ir.OpScan:
		return i >= of.Attr.Scan.Carry
	}
	return false
}

// perRun reports whether the runs of a map or scan have a part each of its operand i.
func perRun(v *ir.Value, i int) bool {
	if v.Op == ir.OpMap {
		return i < v.Attr.Map.Mapped
	}
	return i >= v.Attr.Scan.Carry && i < v.Attr.Scan.Carry+v.Attr.Scan.Mapped
}

// whose is the array of which v is a part.
func whose(f *plan.Func, v *ir.Value) *ir.Value {
	if p := f.Places[v]; p != nil && p.Kind == plan.View {
		return p.Base
	}
	return v
}

// byElements reports whether v reads its operand i element by element, as the times of a solve, or a part for each run of a loop.
func byElements(f *plan.Func, v *ir.Value, i int, forms map[*ir.Value]plan.Form) bool {
	if p := f.Places[v]; p != nil && (p.Kind == plan.View || p.Kind == plan.Folded) {
		return true
	}
	form, ok := forms[v]
	switch {
	case !ok:
		return false
	case form == plan.Elem, form == plan.SumAll, form == plan.Copy:
		return true
	case form != plan.Whole:
		return false
	case v.Op == ir.OpSolve:
		return v.Attr.Solve.Times > 0 && i >= 1 && i < v.Attr.Solve.Lead()
	case v.Op == ir.OpMap, v.Op == ir.OpScan:
		return perRun(v, i)
	case v.Op == ir.OpSum, v.Op == ir.OpReduceMax, v.Op == ir.OpReduceMin:
		return true
	}
	loops, _ := plan.CopyLoops(v)
	return loops != nil
}

// column is that of a sample's elements, which are so many apart.
func (e *emitter) columnOf(t ir.Type, array, at, stride string, writes bool) string {
	c := map[bool]string{true: "", false: "const "}[writes]
	column := "ndec_column"
	if stride == "total" { // 64 bits
		column = "ndec_far_column"
	}
	return fmt.Sprintf("%s<%s%s>{%s + %s, %s}", column, c, e.elem(t.Elem), array, at, stride)
}

// templates is the head of a function with these parameters of any type; one of tiles is for those of groups as well, where there are some.
func (e *emitter) templates(names ...string) string {
	if e.tile && e.grouped() {
		names = append([]string{"Tile"}, names...)
	}
	if len(names) == 0 {
		return ""
	}
	return "template <class " + strings.Join(names, ", class ") + "> "
}
