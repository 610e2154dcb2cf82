package lanes

import (
	"encoding/binary"
	"fmt"
	"math"
	"slices"
	"strconv"

	"ndec.dev/ndec/ir"
)

// Functions that differ in nothing that a kernel is made of have one kernel: the step of a solve and that of its recorded
// twin, a field that two recipes differentiate. No function calls itself and a solve is at its end before another one
// begins, so that they can share its places in the frame as well.

// add compiles f and what it calls.
func (s *Set) add(f *ir.Func, how running) (*Kernel, error) {
	at := how.key(f)
	if k := s.byFunc[at]; k != nil {
		return k, nil
	}
	pf := s.Plan.Of(f)
	if pf == nil {
		return nil, fmt.Errorf("lanes: function %s has no plan", f.Name)
	}
	if s.alone != nil && pf.Needs.Accum {
		return nil, &Unsupported{"gradients of parameters", f, nil}
	}
	var record *Record
	if !how.again && !how.kept.any() { // of steps in a row each would want its own; a step that keeps something has none
		record = s.record(f, how.alike)
	}
	if record != nil {
		pf = s.Plan.Of(record.body)
	}
	k := &Kernel{Func: pf.IR, record: record, pf: pf, nests: pf.Nests, byVal: map[*ir.Value]*Field{}, carry: how.carry, again: how.again, rows: how.rows, lies: how.lies, kept: how.kept, inner: how.inner, alike: s.alike(pf, how.alike)}
	k.between = s.betweenCalls(k)
	for _, v := range k.Func.Values {
		switch v.Op {
		case ir.OpCall, ir.OpMap, ir.OpScan:
			if s.alone != nil && v.Op != ir.OpCall {
				return nil, &Unsupported{v.Op.String() + " of one sample", f, v}
			}
			var how running
			if v.Op == ir.OpCall {
				how = k.handed(v)
			}
			if _, err := s.add(v.Callees()[0], how); err != nil {
				return nil, err
			}
		case ir.OpSolve, ir.OpRev:
			return nil, &Unsupported{v.Op.String() + " inside of a step", f, v}
		}
	}
	form := s.form(k)
	if k := s.byForm[form]; k != nil {
		k.also = append(k.also, f)
		s.byFunc[at] = k
		return k, nil
	}
	k.Name = s.kernelName(f)
	k.packed = s.packs(k.Func)
	s.layout(k)
	k.taken = s.inRegisters(k)
	for record != nil && len(k.Results) < record.results {
		k.Results = append(k.Results, nil) // a sum, which comes from the record
	}
	s.join(k)
	s.byFunc[at], s.byForm[form] = k, k
	return k, nil
}

// kernelName is a name for the next kernel of f: that of the function, or one beside it where arguments of both kinds come.
func (s *Set) kernelName(f *ir.Func) string {
	name := s.name(f)
	for slices.ContainsFunc(s.Kernels, func(k *Kernel) bool { return k.Name == name }) {
		name += "Alike"
	}
	return name
}

// form spells all of a planned function that its kernel is made of. Names of arguments and results are in it, since loops
// in Go find them by these; names and places of other values are not. Numbers of what follows go ahead of it, so that
// no two functions are spelled alike.
func (s *Set) form(k *Kernel) string {
	pf, f := k.pf, k.Func
	b := make([]byte, 0, 64*len(f.Values))
	num := func(ns ...int) {
		for _, n := range ns {
			b = binary.AppendVarint(b, int64(n))
		}
	}
	bits := func(x float64) { b = binary.LittleEndian.AppendUint64(b, math.Float64bits(x)) }
	flag := func(is bool) { b = strconv.AppendBool(b, is) }
	text := func(t string) { b = append(binary.AppendUvarint(b, uint64(len(t))), t...) }
	at := make([]int, f.IDs())
	for i, v := range f.Values {
		at[v.ID] = i
	}
	list := func(vs []*ir.Value) {
		num(len(vs))
		for _, v := range vs {
			num(at[v.ID])
		}
	}
	param := func(p *ir.Param) {
		flag(p != nil)
		if p != nil {
			text(p.Name)
			flag(p.Derived)
		}
	}
	num(len(f.Values), len(pf.Nests), len(f.ResultNames), len(pf.Copies), len(pf.Sums))
	flag(k.record != nil)
	for _, v := range f.Values {
		a := &v.Attr
		num(int(v.Op))
		num(int(v.Type.Elem), len(v.Type.Shape), len(v.Type.Parts))
		num(v.Type.Shape...)
		for _, t := range v.Type.Parts {
			text(t.String())
		}
		bits(a.Num)
		num(len(a.Ints))
		num(a.Ints...)
		num(a.Index, int(a.Elem), len(a.Data))
		for _, x := range a.Data {
			bits(x)
		}
		param(a.Param)
		switch v.Op {
		case ir.OpArg:
			text(v.Name)
			flag(k.alike[v])
		case ir.OpCall:
			text(s.callee(k, v).Name)
			if k.record != nil {
				e := k.record.calls[v]
				num(e.Nums, e.Vecs)
			}
		case ir.OpMap, ir.OpScan:
			l := loopOf(v)
			text(s.Of(l.fn).Name)
			num(l.n, l.carry, l.mapped)
			flag(l.back)
		}
		list(v.Args)
		p := pf.Places[v]
		flag(p != nil)
		if p != nil {
			num(int(p.Kind), p.Offset, p.Index, p.Solve)
			flag(p.Base != nil)
			if p.Base != nil {
				num(at[p.Base.ID])
			}
		}
	}
	for _, n := range pf.Nests {
		num(n.Extent, len(n.Steps))
		flag(n.Unroll)
		for _, st := range n.Steps {
			num(int(st.Form), at[st.V.ID])
			param(st.Sum)
		}
	}
	list(f.Results)
	for _, name := range f.ResultNames {
		text(name)
	}
	num(pf.Copies...)
	for _, p := range pf.Sums {
		param(p)
	}
	for i := range f.Results {
		if to, ok := k.carry[i]; ok {
			num(i, to)
		}
	}
	flag(k.again)
	text(k.rows.String())
	text(k.lies.String())
	text(k.kept.String())
	return string(b)
}

// doc says what a kernel computes.
func (k *Kernel) doc(alone bool) string {
	of := "a block of samples"
	if alone {
		of = "one sample"
	}
	d := fmt.Sprintf("%s is %s of %s", k.Name, where(k.Func), of)
	switch {
	case k.from != nil && k.to != nil:
		d += ", between two loops"
	case k.to != nil:
		d += ", up to the first loop"
	case k.from != nil:
		d += ", from the last loop on"
	}
	for i, f := range k.also {
		if w := where(f); !slices.ContainsFunc(k.also[:i], func(g *ir.Func) bool { return where(g) == w }) {
			d += ", and " + w
		}
	}
	return d + "."
}

func where(f *ir.Func) string {
	if f.Span.IsValid() {
		return f.Name + " (" + f.Span.String() + ")"
	}
	return f.Name
}
