package lanes

import (
	"slices"

	"ndec.dev/ndec/codegen/asm"
	"ndec.dev/ndec/ir"
	"ndec.dev/ndec/ir/vmath"
)

// rows are the transcendental functions by the name that their operators have in the text form of the IR.
var rows = map[ir.Op]string{
	ir.OpExp: "Exp", ir.OpExpm1: "Expm1", ir.OpLog: "Log", ir.OpLog1p: "Log1p", ir.OpTanh: "Tanh", ir.OpSigmoid: "Sigmoid",
	ir.OpSoftplus: "Softplus", ir.OpErf: "Erf", ir.OpSin: "Sin", ir.OpCos: "Cos", ir.OpTan: "Tan", ir.OpAsin: "Asin", ir.OpAcos: "Acos",
	ir.OpAtan: "Atan", ir.OpSinh: "Sinh", ir.OpCosh: "Cosh", ir.OpAtan2: "Atan2", ir.OpBfloat: "Bfloat", ir.OpHalf: "Half", ir.OpBinade: "Binade",
}

// function is a transcendental function.
func (c *compiler) function(v *ir.Value, arg func(int) value) value {
	name, ok := rows[v.Op]
	switch {
	case v.Op == ir.OpPow:
		return c.pow(v, arg)
	case !ok:
		c.unsupported(v, "%s", v.Op)
	case len(v.Args) == 2:
		return each2(arg(0), arg(1), func(e asm.Elem, x, y asm.Vec) asm.Vec { return c.row(name, e, x, y) })
	}
	if far := c.far(name, c.kind(v.Type.Elem).elem()); c.k.part && far > 0 && !(bound(v.Args[0]) <= far) {
		// Beyond it gives NaN: a solve then fails, and the sample is left to the scalar functions.
		c.unsupported(v, "%s outside of a solve", name)
	}
	return each1(arg(0), func(e asm.Elem, x asm.Vec) asm.Vec { return c.row(name, e, x) })
}

// row is a function of the table.
func (c *compiler) row(name string, e asm.Elem, args ...asm.Vec) asm.Vec {
	if name == "Tanh" && c.tanh != nil && e == asm.F32 {
		return c.quarterTanh(e, args[0])
	}
	p := program(name, e)
	if c.set.alone != nil && c.set.few() == 0 && !(c.present != nil && c.set.outlasts(c.present.Extent)) && (e == asm.F32 || c.b.ISA == asm.AVX512) { // long polynomials by pairs want more registers than AVX2 has
		p = vmath.OfSoon(name, 8*e.Bytes())
	}
	if p == nil {
		c.unsupported(nil, "%s", name)
	}
	if p.Row.Far(p.Width) > 0 && c.set.alone != nil && c.set.few() == 0 {
		c.unsupported(nil, "%s of one sample", name)
	}
	return c.b.Function(e, p, args...)
}

// outlasts reports whether a loop of one sample over n elements has so many vectors that one goes on while others wait.
func (s *Set) outlasts(n int) bool { return n > 32*s.padded(1) }

// far is the size of arguments up to which a function of the table has its value; 0 if it has no end.
func (c *compiler) far(name string, e asm.Elem) float64 {
	if p := program(name, e); p != nil {
		return p.Row.Far(p.Width)
	}
	return 0
}

// LeavesToScalar reports whether a node runs a function that lanes know up to a size of its argument alone. A
// solve of a sample with a larger one fails in lanes, and is made again by the scalar functions.
func (s *Set) LeavesToScalar(n *Node) bool {
	seen := map[*ir.Func]bool{}
	var leaves func(f *ir.Func) bool
	leaves = func(f *ir.Func) bool {
		if seen[f] {
			return false
		}
		seen[f] = true
		for _, v := range f.Values {
			if name, ok := rows[v.Op]; ok {
				if p := vmath.Of(name, 8*v.Type.Elem.Bytes()); p != nil && p.Row.Far(p.Width) > 0 {
					return true
				}
			}
			if slices.ContainsFunc(v.Callees(), leaves) {
				return true
			}
		}
		return false
	}
	return slices.ContainsFunc(s.Reached(n), func(k *Kernel) bool { return leaves(k.Func) })
}

// program is a function of the table; nil if there is none.
func program(name string, e asm.Elem) *vmath.Program { return vmath.Of(name, 8*e.Bytes()) }

// pow is x^y. For a constant y that is no whole number it is e^(y log x), which is NaN below zero. In float64 the
// logarithm is rounded, which costs about |y log x| ulp.
func (c *compiler) pow(v *ir.Value, arg func(int) value) value {
	exponent, ok := v.FixedFraction()
	if !ok {
		return each2(arg(0), arg(1), func(e asm.Elem, x, y asm.Vec) asm.Vec { return c.row("Power", e, x, y) })
	}
	x := arg(0)
	f := func(e asm.Elem, x asm.Vec) asm.Vec {
		return c.row("Exp", e, c.b.Mul(e, c.b.Const(e, exponent), c.row("Log", e, x)))
	}
	if x.w != single {
		return each1(x, f)
	}
	y64 := each1(value{c.pairs(x, c.b.ToF64), paired}, f) // its logarithm is then exact enough
	return value{c.halves(y64, c.b.ToF32), single}
}
