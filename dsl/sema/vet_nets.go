package sema

import (
	"math"

	"ndec.dev/ndec/ir"
)

// edgeOfRange is how near to a bound, as a share of the range, a start value makes the sigmoid that keeps
// it there flat: its slope is then below 1/250 of that in the middle.
const edgeOfRange = 1e-3

// startValues warns of parameters that start where their constraint is flat.
func (v *vetter) startValues() {
	for _, p := range v.p.Params {
		starts := p.Init.Data
		if p.Init.Kind == ir.InitConst {
			starts = []float64{p.Init.A}
		}
		for _, x := range starts {
			if p.Where.Kind != ir.Between {
				break
			}
			if share := (x - p.Where.A) / (p.Where.B - p.Where.A); math.Min(share, 1-share) < edgeOfRange {
				v.warnf("W1208", p.Span, "%s starts at %g, so near to the end of %g..%g that its gradient vanishes; start further inside", p.Name, x, p.Where.A, p.Where.B)
				break
			}
		}
	}
}

// expressions warns of compositions that lose gradient, precision or a layer.
func (v *vetter) expressions() {
	v.each(func(x Expr) {
		switch x := x.(type) {
		case *Op:
			v.operator(x)
		case *Layer:
			v.stacked(x)
		}
	})
}

func (v *vetter) operator(x *Op) {
	arg := func(i int) ir.Op { return opOf(x.Args[i]) }
	switch x.Op {
	case ir.OpCrossEntropy:
		if o := arg(0); o == ir.OpSoftmax || o == ir.OpLogSoftmax {
			v.warnf("W1216", x.Span(), "cross_entropy takes the scores and applies softmax itself; leave out the %s before it", o)
		}
	case ir.OpLog:
		switch arg(0) {
		case ir.OpSoftmax:
			v.warnf("W1221", x.Span(), "log of softmax underflows to -inf; write log_softmax(x)")
		case ir.OpSigmoid:
			v.warnf("W1221", x.Span(), "log of sigmoid underflows to -inf; write -softplus(-x)")
		case ir.OpSum:
			if inner, ok := defined(x.Args[0]).(*Op); ok && opOf(inner.Args[0]) == ir.OpExp {
				v.warnf("W1221", x.Span(), "log of a sum of exponentials overflows; write logsumexp(x)")
			}
		}
	case ir.OpEq, ir.OpNe:
		if x.Args[0].Type().Elem == Real && !isConstant(x.Args[0]) {
			v.warnf("W1225", x.Span(), "reals are rounded, so they are hardly ever equal; compare abs(a - b) with a tolerance")
		}
	}
}

func isConstant(x Expr) bool { _, ok := defined(x).(*Lit); return ok }

// opOf is the operator that makes x, through definitions; OpInvalid where none does.
func opOf(x Expr) ir.Op {
	if o, ok := defined(x).(*Op); ok {
		return o.Op
	}
	return ir.OpInvalid
}

// stacked warns of a Linear on a Linear without an activation between them, and of layers that start at zero
// one behind the other.
func (v *vetter) stacked(x *Layer) {
	zero := func(l *Layer) bool { return l.Inst.Options.Name["init"] == "zeros" }
	if below, ok := defined(x.X).(*Layer); ok && x.Inst.Row.Name == "Linear" && below.Inst.Row.Name == "Linear" {
		// A narrow middle is a matrix of low rank, which is meant.
		if n := below.Inst.Out.Len(); n >= below.Inst.In.Len() || n >= x.Inst.Out.Len() {
			v.warnf("W1220", x.Span(), "Linear on Linear is one linear map; put an activation between them, or leave one out")
		}
	}
	if !zero(x) {
		return
	}
	y := defined(x.X)
	for {
		switch z := y.(type) {
		case *Op:
			if z.Op.Info().Class != ir.ClassElem && z.Op.Info().Class != ir.ClassDefined || len(z.Args) != 1 || !zeroAtZero(z.Op) {
				return
			}
			y = defined(z.Args[0])
			continue
		case *Layer:
			if zero(z) && len(z.Params) > 0 {
				v.warnf("W1209", x.Span(), "this layer and the one before it start at zero, so neither gets a gradient; leave init: zeros to the last one")
			}
		}
		return
	}
}

// zeroAtZero reports whether an activation gives 0 for 0.
func zeroAtZero(o ir.Op) bool {
	switch o {
	case ir.OpTanh, ir.OpRelu, ir.OpSilu, ir.OpGelu, ir.OpGeluTanh, ir.OpElu, ir.OpSelu, ir.OpLeakyRelu, ir.OpHardtanh, ir.OpSoftsign,
		ir.OpMish, ir.OpSnake, ir.OpSin:
		return true
	}
	return false
}
