package diff

import "ndec.dev/ndec/ir"

// products are the operators whose operands mixed precision rounds, and which of them is made of weights; -1 for none. Their sums stay in
// the type of the result.
var products = map[ir.Op]int{ir.OpMatVec: 0, ir.OpVecMat: 1, ir.OpMatMul: -1, ir.OpOuter: -1, ir.OpConv: 0, ir.OpConvInput: 0, ir.OpConvWeight: -1}

// mixed rounds the operands of products, those of derivatives included, in everything that a recipe of mixed precision trains. It comes
// after differentiation: rounding itself has no derivative. A function that something else runs too would be a bug of lowering.
func (p *pass) mixed() {
	rounded, some := map[*ir.Func]ir.Op{}, false
	run := map[*ir.Func]map[ir.Op]bool{} // how functions are run
	mark := func(by ir.Op, fs ...*ir.Func) {
		reach(map[*ir.Func]bool{}, func(f *ir.Func) {
			if run[f] == nil {
				run[f] = map[ir.Op]bool{}
			}
			run[f][by] = true
			if by != ir.OpInvalid {
				rounded[f] = by
			}
		}, fs...)
	}
	for _, r := range p.m.Recipes {
		by := ir.Rounding(r.Settings)
		some = some || by != ir.OpInvalid
		mark(ir.OpInvalid, r.Objective, r.Combine)
		mark(by, r.Training, r.Grad, r.GradInputs, r.Attack)
	}
	if !some {
		return
	}
	for _, m := range p.m.Models {
		mark(ir.OpInvalid, append([]*ir.Func{m.Func}, m.Paths...)...)
	}
	for _, f := range p.m.Funcs { // in their order, so that the text is always the same
		switch by := rounded[f]; {
		case by != ir.OpInvalid && len(run[f]) > 1:
			p.fail("NDE0899", f.Span, "compiler bug: %s is run in mixed precision and in another one", f.Name)
		case by != ir.OpInvalid:
			roundProducts(f, p.m.Real, by)
		}
	}
}

// reach calls do for the functions that fs run, themselves included.
func reach(seen map[*ir.Func]bool, do func(*ir.Func), fs ...*ir.Func) {
	for _, f := range fs {
		if f == nil || seen[f] {
			continue
		}
		seen[f] = true
		do(f)
		for _, v := range f.Values {
			reach(seen, do, callees(v)...)
		}
	}
}

// roundProducts rounds the operands of the products of f, each value once.
func roundProducts(f *ir.Func, real ir.Elem, by ir.Op) {
	b := ir.Extend(f, real)
	weights, scaled := map[*ir.Value]*ir.Value{}, map[*ir.Value]*ir.Value{}
	order := f.Values
	f.Values = nil
	for _, v := range order {
		if weight, ok := products[v.Op]; ok {
			b.Span = v.Span
			for i, a := range v.Args {
				made, round := weights, func(a *ir.Value) *ir.Value { return b.Unary(by, a) }
				if by == ir.OpHalf && i != weight {
					made, round = scaled, func(a *ir.Value) *ir.Value { return scaledHalf(b, a) }
				}
				if made[a] == nil {
					made[a] = round(a)
				}
				v.Args[i] = made[a]
			}
		}
		f.Values = append(f.Values, v)
	}
}

// scaledHalf rounds x as float16, whose range is short, within that of its largest element: times a power of two that brings it into
// [1, 2), and back. So no cotangent is lost below the smallest float16 and nothing overflows, which a scale of the whole loss (Micikevicius
// et al. 2018) has to be guessed for; scales by blocks are those of Rouhani et al. 2023 (microscaling), here exact for one sample.
func scaledHalf(b *ir.Builder, x *ir.Value) *ir.Value {
	scale := b.Unary(ir.OpBinade, b.Emit(ir.OpReduceMax, ir.Attr{}, b.Unary(ir.OpAbs, x)))
	return b.Mul(b.Unary(ir.OpHalf, b.Div(x, scale)), scale)
}
