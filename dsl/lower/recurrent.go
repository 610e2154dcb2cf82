package lower

import (
	"strings"

	"ndec.dev/ndec/dsl/sema"
	"ndec.dev/ndec/ir"
)

// recurrent is a layer that goes over the leading axis of v: a scan of its cell.
func (s *scope) recurrent(x *sema.Layer, v *ir.Value) *ir.Value {
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
	for _, p := range x.Params {
		params = append(params, b.Param(p))
	}
	next := inst.Row.Cell(b, states, slice, params)
	all := inst.Options.Bool["sequence"]
	if all {
		next = append(next, next[0])
	}
	scan := &ir.Scan{Fn: s.add(b.Return(next...)), N: inst.In.Shape[0], Carry: len(states), Mapped: 1}
	out := s.b.Emit(ir.OpScan, ir.Attr{Scan: scan}, append(operands, v)...)
	if all {
		return s.b.Result(out, len(states))
	}
	return s.b.Result(out, 0)
}
