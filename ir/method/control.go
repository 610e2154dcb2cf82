package method

import "ndec.dev/ndec/ir"

// rms is sqrt(mean(x²)) over all elements of xs, in f64.
func rms(b *ir.Builder, xs []*ir.Value) *ir.Value {
	var sum *ir.Value
	n := 0
	for _, x := range xs {
		sum = add(b, sum, b.Sum(b.Unary(ir.OpSquare, x)))
		n += x.Type.Len()
	}
	return b.Unary(ir.OpSqrt, b.Div(sum, b.Const(float64(n), ir.F64)))
}

// largest is max |x| over all elements of xs; a NaN stays one.
func largest(b *ir.Builder, xs []*ir.Value) *ir.Value {
	var most *ir.Value
	for _, x := range xs {
		x = b.Unary(ir.OpAbs, x)
		if !x.Type.IsScalar() {
			x = b.Emit(ir.OpReduceMax, ir.Attr{}, x)
		}
		if most == nil {
			most = x
		} else {
			most = b.Binary(ir.OpMax, most, x)
		}
	}
	return most
}

// scale is atol + rtol*size.
func scale(b *ir.Builder, rtol, atol, size *ir.Value) *ir.Value {
	return b.Add(atol, b.Mul(rtol, size))
}

// own is the tolerance of state i where it has one, else that of all.
func own(b *ir.Builder, tols []float64, i int, all *ir.Value) *ir.Value {
	if i < len(tols) {
		return b.Const(tols[i], ir.F64)
	}
	return all
}

func abs64(b *ir.Builder, x *ir.Value) *ir.Value { return b.Unary(ir.OpAbs, b.Cast(x, ir.F64)) }

// norm builds Norm: the root mean square, or the largest, of e / (atol + rtol*max(|y|, |y1|)) over all elements of
// the states that count.
func (n *maker) norm() *ir.Func {
	b := n.newFunc("norm", "the error of a step relative to the tolerances")
	rtol, atol := scalar(b, "rtol"), scalar(b, "atol")
	y, y1, e := n.states(b, ""), n.states(b, "_next"), n.states(b, "_err")
	var xs []*ir.Value
	for i, st := range n.s.States {
		if st.InNorm {
			size := b.Binary(ir.OpMax, abs64(b, y[i]), abs64(b, y1[i]))
			xs = append(xs, b.Div(b.Cast(e[i], ir.F64), scale(b, own(b, n.cfg.RTols, i, rtol), own(b, n.cfg.ATols, i, atol), size)))
		}
	}
	b.Func.ResultNames = []string{"err"}
	if n.cfg.MaxNorm {
		return b.Return(largest(b, xs).Named("err"))
	}
	return b.Return(rms(b, xs).Named("err"))
}

// first builds First: Hairer's starting step (HNW I, section II.4, "Starting Step Size"), with
// exponent 1/order as in his codes. One explicit Euler step of length h0 estimates the second
// derivative.
func (n *maker) first() *ir.Func {
	b := n.newFunc("first_step", "length of the first step")
	t0, span, rtol, atol := scalar(b, "t0"), scalar(b, "span"), scalar(b, "rtol"), scalar(b, "atol")
	y, k, c := n.states(b, ""), n.states(b, "_k"), n.extras(b)
	relative := n.relative(b, rtol, atol, y)
	d0, d1 := relative(y).Named("d0"), relative(k).Named("d1")
	h0 := n.guess(b, span, d0, d1)
	d2 := n.bend(b, t0, span, h0, y, k, c, relative)
	b.Func.ResultNames = []string{"h"}
	return b.Return(n.length(b, h0, d1, d2))
}

// firstTogether builds the parts of First between which the samples of a batch meet: FirstNorms, FirstBend and FirstLength.
func (n *maker) firstTogether() (norms, bend, length *ir.Func) {
	b := n.newFunc("first_norms", "sizes of the state and of its derivative relative to the tolerances")
	rtol, atol := scalar(b, "rtol"), scalar(b, "atol")
	y, k := n.states(b, ""), n.states(b, "_k")
	relative := n.relative(b, rtol, atol, y)
	b.Func.ResultNames = []string{"d0", "d1"}
	norms = b.Return(relative(y).Named("d0"), relative(k).Named("d1"))

	b = n.newFunc("first_bend", "size of the second derivative relative to the tolerances")
	t0, span, rtol, atol := scalar(b, "t0"), scalar(b, "span"), scalar(b, "rtol"), scalar(b, "atol")
	d0, d1 := scalar(b, "d0"), scalar(b, "d1")
	y, k, c := n.states(b, ""), n.states(b, "_k"), n.extras(b)
	relative = n.relative(b, rtol, atol, y)
	b.Func.ResultNames = []string{"d2"}
	bend = b.Return(n.bend(b, t0, span, n.guess(b, span, d0, d1), y, k, c, relative))

	b = n.newFunc("first_length", "length of the first step of a batch")
	span, d0, d1, d2 := scalar(b, "span"), scalar(b, "d0"), scalar(b, "d1"), scalar(b, "d2")
	b.Func.ResultNames = []string{"h"}
	return norms, bend, b.Return(n.length(b, n.guess(b, span, d0, d1), d1, d2))
}

// relative gives the root mean square of one value per state, over the states that count, relative to the tolerances at y.
func (n *maker) relative(b *ir.Builder, rtol, atol *ir.Value, y []*ir.Value) func(vs []*ir.Value) *ir.Value {
	scales := make([]*ir.Value, len(y))
	for i, st := range n.s.States {
		if st.InNorm {
			scales[i] = scale(b, own(b, n.cfg.RTols, i, rtol), own(b, n.cfg.ATols, i, atol), abs64(b, y[i]))
		}
	}
	return func(vs []*ir.Value) *ir.Value {
		var xs []*ir.Value
		for i, st := range n.s.States {
			if st.InNorm {
				xs = append(xs, b.Div(b.Cast(vs[i], ir.F64), scales[i]))
			}
		}
		return rms(b, xs)
	}
}

// guess is the length h0 of the Euler step by the sizes of the state and its derivative. It ends within the span of the solve, since
// nobody says that the field is defined behind it; the libraries of compat do not mind.
func (n *maker) guess(b *ir.Builder, span, d0, d1 *ir.Value) *ir.Value {
	num := func(x float64) *ir.Value { return b.Const(x, ir.F64) }
	lt := func(x, y *ir.Value) *ir.Value { return b.Binary(ir.OpLt, x, y) }
	small := b.Binary(ir.OpOr, lt(d0, num(1e-5)), lt(d1, num(1e-5)))
	h0 := b.Select(small, num(1e-6), b.Div(b.Mul(num(0.01), d0), d1)).Named("h0")
	if n.s.Compat != "" {
		return h0
	}
	most := b.Unary(ir.OpAbs, span)
	beyond := b.Binary(ir.OpAnd, lt(num(0), most), lt(most, h0))
	return b.Select(beyond, most, h0).Named("h0")
}

// bend is the size d2 of the second derivative by an Euler step of length h0.
func (n *maker) bend(b *ir.Builder, t0, span, h0 *ir.Value, y, k, c []*ir.Value, relative func([]*ir.Value) *ir.Value) *ir.Value {
	num := func(x float64) *ir.Value { return b.Const(x, ir.F64) }
	dir := b.Select(b.Binary(ir.OpLt, span, num(0)), num(-1), num(1)).Named("dir")
	h := b.Mul(dir, h0)
	in := []*ir.Value{b.Add(t0, h)}
	for i := range y {
		in = append(in, b.Add(y[i], b.Mul(b.Cast(h, y[i].Type.Elem), k[i])))
	}
	f1 := b.CallAll(n.s.Field, append(in, c...)...)
	diff := make([]*ir.Value, len(y))
	for i := range y {
		diff[i] = b.Sub(f1[i], k[i])
	}
	return b.Div(relative(diff), h0).Named("d2")
}

// length is the first length by what the Euler step has shown.
func (n *maker) length(b *ir.Builder, h0, d1, d2 *ir.Value) *ir.Value {
	num := func(x float64) *ir.Value { return b.Const(x, ir.F64) }
	d := b.Binary(ir.OpMax, d1, d2)
	order := n.s.Order
	if n.s.Compat == "torchdyn" {
		order++
	}
	flat := b.Binary(ir.OpLe, d, num(1e-15))
	h1 := b.Select(flat,
		b.Binary(ir.OpMax, num(1e-6), b.Mul(num(1e-3), h0)),
		b.Binary(ir.OpPow, b.Div(num(0.01), d), num(1/float64(order)))).Named("h1")
	return b.Binary(ir.OpMin, b.Mul(num(100), h0), h1).Named("h")
}

// control builds Control from the controller's exponents,
//
//	factor = safety * err^(-(i+p+d)/order) * errPrev^((p+2d)/order) * errPrev2^(-d/order)
//
// (Söderlind 2003) between min and max, of some filters times powers of the ratios of the last steps. After a rejection
// filters in which a small last error makes the factor larger shorten the step by at least safety * err^(-1/order). The controller i does not shrink the
// step after an accepted one; an error of zero gives max.
func (n *maker) control() *ir.Func {
	b := n.newFunc("control", "factor from the length of a step to that of the next")
	err, prev, prev2 := scalar(b, "err"), scalar(b, "err_prev"), scalar(b, "err_prev2")
	num := func(x float64) *ir.Value { return b.Const(x, ir.F64) }
	cfg, order := n.cfg.Control, float64(n.s.Order)
	var ratios []*ir.Value
	if cfg.R != 0 {
		ratios = []*ir.Value{scalar(b, "ratio"), scalar(b, "ratio_prev")}
	}
	lo, hi := num(cfg.Min), num(cfg.Max)
	if cfg.Keeps {
		lo = b.Select(b.Binary(ir.OpLt, err, num(1)), num(1), lo)
	}
	factor := num(cfg.Safety)
	for _, term := range []struct {
		err      *ir.Value
		exponent float64
	}{{err, -(cfg.I + cfg.P + cfg.D)}, {prev, cfg.P + 2*cfg.D}, {prev2, -cfg.D}} {
		if term.exponent != 0 {
			factor = b.Mul(factor, b.Binary(ir.OpPow, term.err, num(term.exponent/order)))
		}
	}
	for i, r := range ratios {
		if e := []float64{cfg.R, cfg.R2}[i]; e != 0 {
			factor = b.Mul(factor, b.Binary(ir.OpPow, r, num(e)))
		}
	}
	if cfg.P+2*cfg.D < 0 || cfg.D > 0 || cfg.R != 0 {
		// A small error before would let a rejected step be tried again as long as it was.
		plain := b.Mul(num(cfg.Safety), b.Binary(ir.OpPow, err, num(-1/order)))
		factor = b.Select(b.Binary(ir.OpLe, err, num(1)), factor, b.Binary(ir.OpMin, factor, plain))
	}
	factor = b.Binary(ir.OpMin, hi, b.Binary(ir.OpMax, lo, factor))
	b.Func.ResultNames = []string{"factor"}
	return b.Return(b.Select(b.Binary(ir.OpEq, err, num(0)), hi, factor).Named("factor"))
}
