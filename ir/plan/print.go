package plan

import (
	"fmt"
	"strings"

	"ndec.dev/ndec/ir"
	"ndec.dev/ndec/ir/diag"
)

var placeNames = [...]string{NoPlace: "none", Literal: "literal", Table: "table", Memory: "param", ArgScalar: "arg", ArgArray: "arg", Folded: "folded",
	Register: "register", Scalars: "scalars", Local: "stack", Work: "workspace", Result: "result", View: "view", Sum: "sum", Stat: "stat", TupleOf: "tuple"}

func (k PlaceKind) String() string { return placeNames[k] }

var formNames = [...]string{Elem: "elem", RowDot: "rowdot", ColSum: "colsum", Gather: "gather", Scatter: "scatter", SumAll: "sum",
	OuterRow: "outer-row", OuterCol: "outer-col", Copy: "copy", AddTo: "add-to", Whole: "whole"}

func (f Form) String() string { return formNames[f] }

// String is the dump of the plan: per function its nests, forms and places, and its cost.
func (p *Plan) String() string {
	var b strings.Builder
	for _, f := range p.Funcs {
		fmt.Fprintf(&b, "func %s   %d multiply-adds, %d element-wise, %d transcendental\n", f.IR.Name, f.Cost.MulAdds, f.Cost.Elem, f.Cost.Trans)
		for _, n := range f.Nests {
			shape := fmt.Sprintf("loop %d", n.Extent)
			switch {
			case n.Extent == 1:
				shape = "straight"
			case n.Unroll:
				shape = fmt.Sprintf("unrolled %d", n.Extent)
			case n.Tile > 1:
				shape = fmt.Sprintf("loop %d by %d", n.Extent, n.Tile)
			}
			fmt.Fprintf(&b, "  %s\n", shape)
			for _, s := range n.Steps {
				fmt.Fprintf(&b, "    %-9s %%%d = %s", s.Form, s.V.ID, s.V.Op)
				if pl := f.Places[s.V]; pl != nil {
					fmt.Fprintf(&b, " -> %s", pl.Kind)
				}
				if s.Sum != nil {
					fmt.Fprintf(&b, " += %s", s.Sum.Name)
				}
				fmt.Fprintf(&b, " : %s", s.V.Type)
				if s.V.Span.IsValid() {
					fmt.Fprintf(&b, "   // %s", s.V.Span)
				}
				b.WriteByte('\n')
			}
		}
	}
	for _, s := range p.Solves {
		fmt.Fprintf(&b, "solve %s %s", s.IR.Name, s.IR.Method)
		if s.End {
			b.WriteString(" end")
		}
		if s.Path {
			b.WriteString(" path")
		}
		if s.IR.Record {
			b.WriteString(" recorded")
		}
		b.WriteByte('\n')
	}
	return b.String()
}

// SolveCost is what `explain --cost` says of a solve.
type SolveCost struct {
	Name, System, Method string
	Where                string
	Span                 diag.Span
	Adaptive             bool
	Evals                int  // field evaluations per step
	Steps                int  // fixed steps, 0 when adaptive or given by length
	PerEval              Cost // of the field
	PerStep              Cost // of a step, field evaluations included
	SavedPerStep         int  // bytes kept per accepted step for the reverse sweep
	State                int  // elements of the state
}

// SolveCosts lists the solves of the module with their costs.
func (p *Plan) SolveCosts() []SolveCost {
	var out []SolveCost
	for _, ps := range p.Solves {
		s := ps.IR
		c := SolveCost{Name: s.Name, System: s.System, Method: s.Method, Where: s.Span.String(), Span: s.Span, Adaptive: s.Adaptive,
			Evals: s.StepEvals, Steps: s.Steps, PerEval: p.byIR[s.Stage()].Cost, PerStep: p.byIR[s.Step].Cost}
		width := 8
		if p.Module.Real == ir.F32 {
			width = 4
		}
		for _, st := range s.States {
			c.State += st.Type.Len()
		}
		if s.Record {
			c.SavedPerStep = 16 + width*c.State
		}
		out = append(out, c)
	}
	return out
}
