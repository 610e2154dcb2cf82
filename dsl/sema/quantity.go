package sema

import (
	"ndec.dev/ndec/ir"
	"ndec.dev/ndec/ir/diag"
)

// Units are checked where they are written and free elsewhere. The pass over the finished program that does it
// changes nothing, so that units cost nothing when the program runs.

// quantity is what is known of the unit of an expression.
type quantity struct {
	kind quantityKind
	unit Unit // of known
}

type quantityKind uint8

const (
	free   quantityKind = iota // no unit was written for what it is computed from: it fits anywhere
	plain                      // a number as written: without unit as a factor, of any unit beside a sum
	united                     // known
)

func known(u Unit) quantity { return quantity{united, u} }

// declared is the quantity of something declared with type t.
func declared(t Type) quantity {
	if t.Unit != nil {
		return known(*t.Unit)
	}
	return quantity{}
}

// unitChecker checks the units of a program.
type unitChecker struct {
	*checker
	seen map[Expr]quantity
}

// checkUnits compares the units of everything that was declared with one.
func (c *checker) checkUnits() {
	if !c.units || c.diags.HasErrors() {
		return
	}
	u := &unitChecker{c, map[Expr]quantity{}}
	for _, f := range c.prog.Funcs {
		u.want(f.Result, declared(f.Type), "returned value")
	}
	for _, s := range c.prog.Systems {
		for _, st := range s.States {
			q := declared(st.Var.Type)
			if st.Default != nil {
				u.want(st.Default, q, "start of state "+st.Var.Name)
			}
			u.equation("der("+st.Var.Name+")", st.Der, st.Var, known(second))
		}
		for _, list := range [][]*Named{s.Integrals, s.Outputs} {
			for _, x := range list {
				u.of(x.Expr)
			}
		}
	}
	for _, s := range c.prog.Systems {
		for _, ev := range s.Events {
			if ev.Guard != nil {
				u.of(ev.Guard)
			}
			for _, r := range ev.Resets {
				v := s.States[r.State].Var
				u.want(r.Expr, declared(v.Type), "what an event sets "+v.Name+" to")
			}
		}
	}
	for _, h := range c.prog.Hypers {
		for _, r := range h.Residuals {
			u.of(r.Expr)
		}
	}
	for _, m := range c.prog.Models {
		if m.Base != nil {
			continue
		}
		for i, x := range m.Results {
			u.want(x, declared(m.Outputs[i].Type), "output "+m.Outputs[i].Name)
		}
	}
	for _, t := range c.prog.Tests {
		for _, x := range t.Model.Results {
			u.of(x)
		}
	}
	for _, r := range c.prog.Recipes {
		u.of(r.Minimize)
		for _, m := range r.Metrics {
			u.of(m.Expr)
		}
	}
}

var second = Unit{Powers: [7]float64{0, 0, 1}, Factor: 1, Text: "s"}

// equation wants the unit of a state over that of time.
func (u *unitChecker) equation(what string, x Expr, state *Var, over quantity) {
	q, got := declared(state.Type), u.of(x)
	if q.kind != united || got.kind != united || x == nil {
		return
	}
	want := q.unit.over(over.unit)
	u.clash(x.Span(), got.unit, want, "%s has unit %s, but state %s is in %s, so its derivative is in %s", what, got.unit, state.Name, q.unit, want)
}

// want complains unless x can have unit q.
func (u *unitChecker) want(x Expr, q quantity, what string) {
	if got := u.of(x); x != nil && got.kind == united && q.kind == united {
		u.clash(x.Span(), got.unit, q.unit, "%s has unit %s, but %s is declared", what, got.unit, q.unit)
	}
}

// of is the quantity of x; what does not fit within x is complained about once.
func (u *unitChecker) of(x Expr) quantity {
	if x == nil {
		return quantity{}
	}
	q, ok := u.seen[x]
	if !ok {
		q = u.find(x)
		u.seen[x] = q
	}
	return q
}

func (u *unitChecker) find(x Expr) quantity {
	switch x := x.(type) {
	case *Lit:
		return quantityOfLit(x)
	case *Ref:
		v := x.Var
		switch {
		case v.Type.Unit != nil:
			return known(*v.Type.Unit)
		case v.Kind == DefVar:
			return u.of(v.Def)
		}
	case *Op:
		args := make([]quantity, len(x.Args))
		for i, a := range x.Args {
			args[i] = u.of(a)
		}
		var exponent *Lit
		if x.Op == ir.OpPow {
			exponent = literal(x.Args[1])
		}
		return u.operator(x.Op, args, exponent, x.At)
	case *Convert:
		return u.of(x.X)
	case *Index:
		return u.of(x.X)
	case *Stack:
		return u.common(x.Xs)
	case *Concat:
		return u.common(x.Xs)
	case *Call:
		for i, a := range x.Args {
			u.argument(a, x.Func.Args[i], x.Func.Name, x.At)
		}
		return declared(x.Func.Type)
	case *ModelCall:
		for i, a := range x.Args {
			u.argument(a, x.Model.Inputs[i], x.Model.Name, x.At)
		}
		if len(x.Model.Outputs) == 1 {
			return declared(x.Model.Outputs[0].Type)
		}
	case *Part:
		if call, ok := defined(x.X).(*ModelCall); ok {
			u.of(call)
			return declared(call.Model.Outputs[x.Index].Type)
		}
	case *Initial:
		return declared(x.State.Type)
	case *Layer:
		u.of(x.X)
	case *Avg:
		return u.of(x.X)
	case *MultiShoot:
		u.of(x.Solve)
	case *Solve:
		u.starts(x.System, x.Starts, x.Extras)
		for _, t := range []Expr{x.From, x.To, x.At} {
			u.want(t, known(second), "time")
		}
	case *Rhs:
		u.starts(x.System, x.Starts, x.Extras)
		u.want(x.Time, known(second), "time")
	case *Field:
		return u.field(x)
	default:
		for _, y := range children(x) {
			u.of(y)
		}
	}
	return quantity{}
}

func quantityOfLit(l *Lit) quantity {
	switch {
	case l.T.Unit != nil:
		return known(*l.T.Unit)
	case l.named:
		return quantity{}
	}
	return quantity{kind: plain}
}

// argument wants the declared unit of a parameter.
func (u *unitChecker) argument(x Expr, v *Var, of string, at diag.Span) {
	if got, q := u.of(x), declared(v.Type); got.kind == united && q.kind == united {
		u.clash(at, got.unit, q.unit, "argument %s of %s has unit %s, but %s is declared", v.Name, of, got.unit, q.unit)
	}
}

// starts wants the units of states and contexts.
func (u *unitChecker) starts(s *System, starts, extras []Expr) {
	for i, x := range starts {
		u.want(x, declared(s.States[i].Var.Type), s.States[i].Var.Name+" of system "+s.Name)
	}
	vars := s.driven()
	for i, x := range extras {
		if signal, ok := x.(*Signal); ok {
			u.want(signal.Times, known(second), "time")
			x = signal.Values
		}
		u.want(x, declared(vars[i].Type), vars[i].Name+" of system "+s.Name)
	}
}

// field is the quantity of a part of a solve or of a right-hand side.
func (u *unitChecker) field(x *Field) quantity {
	of := defined(x.X)
	u.of(of)
	per := func(q, by quantity) quantity {
		if q.kind != united {
			return quantity{}
		}
		return known(q.unit.times(by.unit))
	}
	switch of := of.(type) {
	case *Rhs:
		return per(declared(of.System.States[x.Index].Var.Type), known(second.power(-1)))
	case *MultiShoot:
		if x.Kind == StateField {
			return declared(of.Solve.System.States[x.Index].Var.Type)
		}
	case *Solve:
		switch x.Kind {
		case StateField:
			return declared(of.System.States[x.Index].Var.Type)
		case IntegralField:
			return per(u.of(of.System.Integrals[x.Index].Expr), known(second))
		case OutputField:
			return u.of(of.System.Outputs[x.Index].Expr)
		}
	}
	return quantity{}
}

// common is the unit of all of xs where they have one.
func (u *unitChecker) common(xs []Expr) quantity {
	out := quantity{}
	for i, x := range xs {
		q := u.of(x)
		if q.kind != united || i > 0 && !q.unit.equal(out.unit) {
			return quantity{}
		}
		out = q
	}
	return out
}

// operator is the quantity of an operator of operands.
func (c *checker) operator(op ir.Op, args []quantity, exponent *Lit, at diag.Span) quantity {
	first := quantity{}
	if len(args) > 0 {
		first = args[0]
	}
	power := func(n float64) quantity {
		if first.kind == united {
			return known(first.unit.power(n))
		}
		return first
	}
	switch op {
	case ir.OpAdd, ir.OpSub, ir.OpMin, ir.OpMax, ir.OpMod, ir.OpClamp, ir.OpEq, ir.OpNe, ir.OpLt, ir.OpLe, ir.OpL1, ir.OpMSE, ir.OpHuber:
		q := c.agree(op, at, args...)
		if q.kind == united && (op == ir.OpMSE || op == ir.OpHuber) {
			q.unit = q.unit.power(2)
		}
		return q
	case ir.OpAtan2:
		if q := c.agree(op, at, args...); q.kind == united {
			return known(one)
		}
	case ir.OpSelect:
		return c.agree(op, at, args[1:]...)
	case ir.OpMul, ir.OpMatVec, ir.OpVecMat, ir.OpMatMul, ir.OpOuter, ir.OpDot, ir.OpCross:
		return product(args[0], args[1], 1)
	case ir.OpDiv, ir.OpGrad, ir.OpPartial, ir.OpJac, ir.OpDivg, ir.OpHutchinson, ir.OpHutchPP:
		return product(args[0], args[1], -1)
	case ir.OpLinSolve:
		return product(args[1], args[0], -1)
	case ir.OpHess:
		return product(product(args[0], args[1], -1), args[1], -1)
	case ir.OpJVP:
		return product(product(args[0], args[1], -1), args[2], 1)
	case ir.OpVJP:
		return product(product(args[0], args[1], -1), args[2], 1)
	case ir.OpPow:
		if exponent != nil {
			return power(exponent.Num)
		}
		return c.number(op, at, args[1])
	case ir.OpSquare, ir.OpSqNorm:
		return power(2)
	case ir.OpSqrt:
		return power(0.5)
	case ir.OpRecip:
		return power(-1)
	case ir.OpSign, ir.OpArgmax, ir.OpAccuracy:
		return quantity{kind: plain}
	case ir.OpExp, ir.OpExpm1, ir.OpLog, ir.OpLog1p, ir.OpTanh, ir.OpSigmoid, ir.OpErf, ir.OpSin, ir.OpCos, ir.OpTan, ir.OpAsin, ir.OpAcos,
		ir.OpAtan, ir.OpSinh, ir.OpCosh, ir.OpSoftplus, ir.OpSilu, ir.OpGelu, ir.OpGeluTanh, ir.OpElu, ir.OpSelu, ir.OpMish, ir.OpSnake, ir.OpSoftsign,
		ir.OpSoftmax, ir.OpLogSoftmax, ir.OpLogSumExp, ir.OpWrap, ir.OpHardtanh:
		return c.number(op, at, first)
	case ir.OpNeg, ir.OpAbs, ir.OpDetach, ir.OpSum, ir.OpMean, ir.OpReduceMax, ir.OpReduceMin, ir.OpCumsum, ir.OpReverse, ir.OpReshape,
		ir.OpTranspose, ir.OpSlice, ir.OpExpand, ir.OpNorm, ir.OpRelu, ir.OpLeakyRelu, ir.OpFloor, ir.OpCast:
		return first
	}
	return quantity{}
}

// product is a * b^n.
func product(a, b quantity, n float64) quantity {
	switch {
	case a.kind == free || b.kind == free:
		return quantity{}
	case a.kind == plain && b.kind == plain:
		return a
	case a.kind == plain:
		a = known(one)
	case b.kind == plain:
		return a
	}
	return known(a.unit.times(b.unit.power(n)))
}

// agree is the unit of operands that must have the same.
func (c *checker) agree(op ir.Op, at diag.Span, args ...quantity) quantity {
	out := quantity{kind: plain}
	for _, q := range args {
		switch {
		case q.kind == united && out.kind == united:
			c.clash(at, out.unit, q.unit, "%s wants equal units, got %s and %s", spelled(op), out.unit, q.unit)
		case q.kind == united:
			out = q
		case q.kind == free && out.kind == plain:
			out = q
		}
	}
	return out
}

// spelled is an operator as a program writes it.
func spelled(op ir.Op) string {
	for text, o := range arithOps {
		if o == op {
			return text
		}
	}
	for _, text := range []string{"==", "!=", "<", "<="} {
		if compareOps[text].op == op {
			return text
		}
	}
	return op.String()
}

// number is the result of a function of a pure number.
func (c *checker) number(op ir.Op, at diag.Span, q quantity) quantity {
	if q.kind == united && !q.unit.equal(one) {
		c.errorf("NDE0352", at, "%s wants a pure number, got a value in %s; divide it by a scale", op, q.unit)
	}
	return q
}

// withUnit gives a constant that was computed from others the unit of the result.
func (c *checker) withUnit(l *Lit, q quantity) *Lit {
	switch q.kind {
	case united:
		u := q.unit
		l.T.Unit = &u
	case free:
		l.named = true
	}
	return l
}
