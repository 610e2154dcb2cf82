package lower

import (
	"fmt"

	"ndec.dev/ndec/dsl/sema"
	"ndec.dev/ndec/ir"
)

// jacobian adds the model of the derivatives of m: its outputs, and of each real one the Jacobian by each real
// input, output index before input index. Its solves are those of m, and the tangents that the derivatives need.
func (l *lowerer) jacobian(m *sema.Model) {
	of := l.models[m]
	if of == nil {
		panic(refusal{})
	}
	b := ir.NewFunc(m.Name+"Jacobian", m.Span, l.m.Real)
	b.Func.Doc = "outputs of " + m.Name + " and their derivatives by its inputs"
	out := &ir.Model{Name: b.Func.Name, Span: m.Span, Inputs: of.Inputs, Solves: of.Solves,
		Doc: b.Func.Name + " is " + m.Name + " with the derivatives of its outputs by its inputs: YByX has the indices of y, then those of x."}
	for i, p := range of.Paths {
		out.Paths = append(out.Paths, l.add(p.Clone(fmt.Sprintf("%s.path%d", out.Name, i))))
	}
	var args []*ir.Value
	for _, a := range of.Func.Args {
		args = append(args, b.Arg(a.Name, a.Type))
	}
	got := b.CallAll(of.Func, args...)
	n := len(of.Outputs)
	results := append([]*ir.Value(nil), got[:n]...)
	out.Outputs = append(out.Outputs, of.Outputs...)
	for i, y := range of.Outputs {
		for j, x := range m.Inputs {
			if m.Outputs[i].Type.Elem != sema.Real || x.Type.Elem != sema.Real {
				continue
			}
			d := b.Emit(ir.OpJacOrZero, ir.Attr{}, got[i], args[j])
			results = append(results, d)
			out.Outputs = append(out.Outputs, ir.Port{Name: y.Name + "_by_" + x.Name, Type: d.Type})
		}
	}
	for i, p := range out.Outputs {
		results[i].Named(p.Name)
		b.Func.ResultNames = append(b.Func.ResultNames, p.Name)
	}
	b.Func.ResultNames = append(b.Func.ResultNames, of.Func.ResultNames[n:]...)
	out.Func = l.add(b.Return(append(results, got[n:]...)...))
	l.m.Models = append(l.m.Models, out)
}
