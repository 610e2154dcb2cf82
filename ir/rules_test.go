package ir

import "testing"

// Test-side use of the rows: evaluation, and tangents and cotangents made of the rows' rules.

// evaluate computes the results of a function of leaves and operators with Eval or a body.
func evaluate(t testing.TB, f *Func, args ...[]float64) [][]float64 {
	t.Helper()
	env := map[*Value][]float64{}
	for i, a := range f.Args {
		env[a] = args[i]
	}
	for _, v := range f.Values {
		switch info := v.Op.Info(); {
		case v.Op == OpArg:
		case v.Op == OpConst:
			out := make([]float64, v.Type.Len())
			for i := range out {
				out[i] = v.Attr.Num
				if v.Attr.Data != nil {
					out[i] = v.Attr.Data[i]
				}
			}
			env[v] = out
		case info.Define != nil:
			b, as := operandsOf(valueTypes(v.Args))
			at := v.Attr
			body := b.Return(info.Define(b, as, &at))
			in := make([][]float64, len(v.Args))
			for i, a := range v.Args {
				in[i] = env[a]
			}
			env[v] = evaluate(t, body, in...)[0]
		case info.Eval != nil:
			in := make([]Datum, len(v.Args))
			for i, a := range v.Args {
				in[i] = Datum{a.Type, env[a]}
			}
			at := v.Attr
			env[v] = make([]float64, v.Type.Len())
			info.Eval(in, &at, env[v])
		default:
			t.Fatalf("%s has no value here", v.Op)
		}
	}
	var out [][]float64
	for _, r := range f.Results {
		out = append(out, env[r])
	}
	return out
}

// operandsOf starts a function with arguments of the types.
func operandsOf(ts []Type) (*Builder, []*Value) {
	real := F64
	for _, t := range ts {
		if t.Elem.IsFloat() {
			real = t.Elem
		}
	}
	b := &Builder{Func: &Func{Name: "test"}, Real: real}
	var vs []*Value
	for _, t := range ts {
		vs = append(vs, b.Arg("", t))
	}
	return b, vs
}

// since lists the values that were added after the first n.
func since(b *Builder, n int) []*Value { return append([]*Value(nil), b.Func.Values[n:]...) }

func plus(b *Builder, x, y *Value) *Value {
	if x == nil {
		return y
	}
	return b.Add(x, y)
}

// tangent is the tangent of v from those of its operands; nil is zero.
func tangent(b *Builder, v *Value, dx []*Value) *Value {
	info := v.Op.Info()
	var sum *Value
	switch {
	case info.Define != nil:
		n := len(b.Func.Values)
		r := info.Define(b, v.Args, &v.Attr)
		tan := map[*Value]*Value{}
		for i, a := range v.Args {
			tan[a] = dx[i]
		}
		for _, w := range since(b, n) {
			ds := make([]*Value, len(w.Args))
			known := false
			for i, a := range w.Args {
				ds[i] = tan[a]
				known = known || ds[i] != nil
			}
			if known {
				tan[w] = tangent(b, w, ds)
			}
		}
		return tan[r]
	case info.Linear:
		for i, d := range dx {
			if d == nil {
				continue
			}
			args := append([]*Value(nil), v.Args...)
			for k := range args {
				switch {
				case k == i:
					args[k] = d
				case info.Class == ClassShape: // concat: linear in all together
					args[k] = b.Zeros(args[k].Type)
				}
			}
			sum = plus(b, sum, b.Emit(v.Op, v.Attr, args...))
		}
	case info.JVP != nil:
		for _, d := range dx {
			if d != nil {
				return info.JVP(b, v, dx)
			}
		}
	case info.Partial != nil:
		for i, d := range dx {
			if d == nil {
				continue
			}
			if p := info.Partial(b, v, i); p != nil {
				sum = plus(b, sum, b.Expand(b.Mul(p, d), v.Type.Shape...))
			}
		}
	}
	return sum
}

// cotangents are those of the operands of v from that of v; nil is zero.
func cotangents(b *Builder, v *Value, g *Value) []*Value {
	info := v.Op.Info()
	out := make([]*Value, len(v.Args))
	if info.Define != nil {
		n := len(b.Func.Values)
		r := info.Define(b, v.Args, &v.Attr)
		body := since(b, n)
		cot := map[*Value]*Value{r: g}
		for k := len(body) - 1; k >= 0; k-- {
			if cot[body[k]] == nil {
				continue
			}
			for i, c := range cotangents(b, body[k], cot[body[k]]) {
				if c != nil {
					cot[body[k].Args[i]] = plus(b, cot[body[k].Args[i]], c)
				}
			}
		}
		for i, a := range v.Args {
			out[i] = cot[a]
		}
		return out
	}
	for i, a := range v.Args {
		switch {
		case !a.Type.Elem.IsFloat():
		case info.Linear:
			out[i] = info.Transpose(b, v, i, g)
		case info.VJP != nil:
			out[i] = info.VJP(b, v, i, g)
		case info.Partial != nil:
			if p := info.Partial(b, v, i); p != nil {
				out[i] = b.Mul(g, p)
				if a.Type.IsScalar() {
					out[i] = b.Sum(b.Expand(out[i], v.Type.Shape...))
				}
			}
		}
	}
	return out
}
