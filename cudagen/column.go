package cudagen

import (
	"fmt"
	"strings"

	"ndec.dev/ndec/ir"
	"ndec.dev/ndec/ir/plan"
)

// A thread keeps arrays in registers, which an index that varies cannot reach: arrays along output times would lie in local memory. Those that a
// kernel takes or gives stay where they are instead, as columns of device memory: times and stops of solves, and the states at these times.

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
		case v.Op == ir.OpResult && v.Args[0].Op == ir.OpSolve && v.Args[0].Attr.Solve.Times > 0 && !v.Type.IsScalar():
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
			base := a
			if p := f.Places[a]; p != nil && p.Kind == plan.View {
				base = p.Base
			}
			if out[base] && !byElements(f, v, i, forms) {
				delete(out, base)
			}
		}
	}
	return out
}

// byElements reports whether v reads its operand i element by element, or as the times of a solve.
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
	case v.Op == ir.OpSum, v.Op == ir.OpReduceMax, v.Op == ir.OpReduceMin:
		return true
	}
	loops, _ := plan.CopyLoops(v)
	return loops != nil
}

// column is that of a sample's elements, which are so many apart.
func (e *emitter) columnOf(t ir.Type, array, at, stride string, writes bool) string {
	c := map[bool]string{true: "", false: "const "}[writes]
	return fmt.Sprintf("ndec_column<%s%s>{%s + %s, %s}", c, e.elem(t.Elem), array, at, stride)
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
