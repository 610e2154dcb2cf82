package lanes_test

import (
	"testing"

	"ndec.dev/ndec/codegen/lanes"
	"ndec.dev/ndec/ir"
	"ndec.dev/ndec/ir/diag"
)

// TestShare: functions share a kernel if they are equal but for names inside, and only then.
func TestShare(t *testing.T) {
	m := &ir.Module{Real: ir.F32}
	p, q := &ir.Param{Name: "p", Type: ir.Tensor(ir.F32, 6)}, &ir.Param{Name: "q", Type: ir.Tensor(ir.F32, 6), Index: 1}
	m.Params = []*ir.Param{p, q}
	type parts struct {
		by    *ir.Param
		scale float64
		from  int
		arg   string
		out   string
		twice bool
		other *ir.Func // called, too
	}
	first := parts{by: p, scale: 2, from: 1, arg: "x", out: "y"}
	add := func(name string, s parts) *ir.Func {
		b := ir.NewFunc(name, diag.Span{}, ir.F32)
		x := b.Arg(s.arg, ir.Tensor(ir.F32, 6))
		y := b.Mul(x, b.Fill(s.scale, x.Type)).Named(name)
		y = b.Emit(ir.OpSlice, ir.Attr{Ints: []int{s.from, s.from + 3}}, b.Mul(y, b.Param(s.by)))
		if s.twice {
			y = b.Add(y, y)
		}
		if s.other != nil {
			y = b.Add(y, b.CallAll(s.other, x)[0])
		}
		f := b.Return(y)
		f.ResultNames = []string{s.out}
		return m.AddFunc(f)
	}
	one := add("one", first)
	change := func(f func(*parts)) parts { s := first; f(&s); return s }
	two := add("two", change(func(s *parts) { s.scale = 3 }))
	fs := map[string]*ir.Func{
		"constant":  two,
		"slice":     add("slice", change(func(s *parts) { s.from = 2 })),
		"parameter": add("parameter", change(func(s *parts) { s.by = q })),
		"argument":  add("argument", change(func(s *parts) { s.arg = "z" })),
		"result":    add("result", change(func(s *parts) { s.out = "z" })),
		"operator":  add("operator", change(func(s *parts) { s.twice = true })),
		"call":      add("call", change(func(s *parts) { s.other = one })),
		"callee":    add("callee", change(func(s *parts) { s.other = two })),
	}
	same, sameCall := add("same", first), add("same_call", change(func(s *parts) { s.other = one }))
	set := lanes.New(planned(t, m), kernelName)
	kernel := func(f *ir.Func) *lanes.Kernel {
		k, err := set.Add(f)
		if err != nil {
			t.Fatal(err)
		}
		return k
	}
	seen := map[*lanes.Kernel]string{kernel(one): "one"}
	for what, f := range fs {
		k := kernel(f)
		if old := seen[k]; old != "" {
			t.Errorf("%s has the kernel of %s", what, old)
		}
		seen[k] = what
	}
	if kernel(same) != kernel(one) || kernel(sameCall) != kernel(fs["call"]) {
		t.Error("equal functions have kernels of their own")
	}
}
