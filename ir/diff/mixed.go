package diff

import (
	"slices"

	"ndec.dev/ndec/ir"
)

// products are the operators whose operands mixed precision rounds. Their sums stay in the type of the result.
var products = []ir.Op{ir.OpMatVec, ir.OpVecMat, ir.OpMatMul, ir.OpOuter, ir.OpConv, ir.OpConvInput, ir.OpConvWeight}

// mixed rounds the operands of products, those of derivatives included, in everything that a recipe of mixed precision trains. It comes
// after differentiation: rounding itself has no derivative. A function that something else runs too would be a bug of lowering.
func (p *pass) mixed() {
	rounded, others := map[*ir.Func]bool{}, map[*ir.Func]bool{}
	for _, r := range p.m.Recipes {
		if !r.Mixed() {
			reach(others, r.Objective, r.Training, r.Grad, r.GradInputs, r.Attack, r.Combine)
			continue
		}
		reach(others, r.Objective, r.Combine)
		reach(rounded, r.Training, r.Grad, r.GradInputs, r.Attack)
	}
	if len(rounded) == 0 {
		return
	}
	for _, m := range p.m.Models {
		reach(others, append([]*ir.Func{m.Func}, m.Paths...)...)
	}
	for _, f := range p.m.Funcs { // in their order, so that the text is always the same
		switch {
		case rounded[f] && others[f]:
			p.fail("NDE0899", f.Span, "compiler bug: %s is run in mixed precision and without", f.Name)
		case rounded[f]:
			roundProducts(f, p.m.Real)
		}
	}
}

// reach marks the functions that fs run, themselves included.
func reach(seen map[*ir.Func]bool, fs ...*ir.Func) {
	for _, f := range fs {
		if f == nil || seen[f] {
			continue
		}
		seen[f] = true
		for _, v := range f.Values {
			reach(seen, callees(v)...)
		}
	}
}

// roundProducts rounds the operands of the products of f, each value once.
func roundProducts(f *ir.Func, real ir.Elem) {
	b := ir.Extend(f, real)
	made := map[*ir.Value]*ir.Value{}
	order := f.Values
	f.Values = nil
	for _, v := range order {
		if slices.Contains(products, v.Op) {
			b.Span = v.Span
			for i, a := range v.Args {
				if made[a] == nil {
					made[a] = b.Unary(ir.OpBfloat, a)
				}
				v.Args[i] = made[a]
			}
		}
		f.Values = append(f.Values, v)
	}
}
