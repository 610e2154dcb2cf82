package lower

import (
	"strings"

	"ndec.dev/ndec/dsl/sema"
	"ndec.dev/ndec/ir"
)

// recurrent is a layer that goes over the leading axis of v: a scan of its cell. Weights that depend on
// by are combined once, before the scan.
func (s *scope) recurrent(x *sema.Layer, v, by *ir.Value) *ir.Value {
	inst := x.Inst
	name, _ := strings.CutSuffix(x.Params[0].Name, "."+inst.Params[0].Name)
	b := ir.NewFunc(name+".cell", x.Span(), s.m.Real)
	b.Func.Doc = "one step of " + inst.Row.Name
	var states, operands []*ir.Value
	for i, t := range inst.Row.Carry(inst) {
		states = append(states, b.Arg([]string{"h", "c"}[i], t))
		operands = append(operands, s.b.Zeros(t))
	}
	slice := b.Arg("x", ir.Tensor(inst.In.Elem, inst.In.Shape[1:]...))
	var params []*ir.Value
	operands = append(operands, v)
	if by == nil {
		for _, p := range x.Params {
			params = append(params, b.Param(p))
		}
	} else {
		var own []*ir.Value
		for _, p := range x.Params {
			own = append(own, s.param(p))
		}
		weights := inst.At(s.b, by, own)
		operands = append(operands, weights...)
		for _, w := range weights {
			params = append(params, b.Arg("w", w.Type))
		}
	}
	next := inst.Row.Cell(b, states, slice, params)
	all := inst.Options.Bool["sequence"]
	if all {
		next = append(next, next[0])
	}
	scan := &ir.Scan{Fn: s.add(b.Return(next...)), N: inst.In.Shape[0], Carry: len(states), Mapped: 1}
	out := s.b.Emit(ir.OpScan, ir.Attr{Scan: scan}, operands...)
	if all {
		return s.b.Result(out, len(states))
	}
	return s.b.Result(out, 0)
}
