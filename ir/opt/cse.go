package opt

import (
	"fmt"
	"math"
	"slices"
	"strconv"

	"ndec.dev/ndec/ir"
	"ndec.dev/ndec/ir/parallel"
)

// cse merges equal values in every function.
func cse(m *ir.Module) {
	parallel.Each(len(m.Funcs), func(i int) { mergeEqual(m.Funcs[i]) })
}

// mergeEqual gives values of f that are computed by the same operator from the same operands one
// representative, the first (value numbering). There are no effects in the IR, so calls and
// solves merge as well.
//
// A value that a derivative node differentiates by is left alone: the node treats it as an
// independent variable, which another equal value is not.
func mergeEqual(f *ir.Func) {
	f.Renumber()
	leaf := independent(f)
	first := make(map[string]*ir.Value, len(f.Values))
	var k []byte
	same := map[*ir.Value]*ir.Value{}
	kept := f.Values[:0:0]
	for _, v := range f.Values {
		for i, a := range v.Args {
			if r, ok := same[a]; ok {
				v.Args[i] = r
			}
		}
		if v.Op != ir.OpArg && !leaf[v] {
			k = appendKey(k[:0], v)
			if r, ok := first[string(k)]; ok {
				same[v] = r
				if r.Name == "" {
					r.Name = v.Name
				}
				continue
			}
			first[string(k)] = v
		}
		kept = append(kept, v)
	}
	for i, r := range f.Results {
		if s, ok := same[r]; ok {
			f.Results[i] = s
		}
	}
	f.Values = kept
	f.Renumber()
}

// independent is the set of values that derivative nodes of f differentiate by.
func independent(f *ir.Func) map[*ir.Value]bool {
	set := map[*ir.Value]bool{}
	for _, v := range f.Values {
		if v.Op.Info().Class == ir.ClassDeriv {
			set[v.Args[1]] = true
		}
	}
	return set
}

// appendKey spells everything that determines the value of v, operands by their IDs.
func appendKey(s []byte, v *ir.Value) []byte {
	s = strconv.AppendInt(s, int64(v.Op), 10)
	ids := make([]int, 0, 8)
	for _, a := range v.Args {
		ids = append(ids, a.ID)
	}
	if v.Op.Info().Commutative {
		slices.Sort(ids)
	}
	for _, id := range ids {
		s = strconv.AppendInt(append(s, ' '), int64(id), 10)
	}
	return appendType(appendAttr(append(s, '|'), &v.Attr), v.Type)
}

// appendAttr spells attributes. Functions, solves and parameters are objects: they are equal when they are the same.
func appendAttr(s []byte, at *ir.Attr) []byte {
	number := func(x uint64) { s = strconv.AppendUint(append(s, ' '), x, 16) }
	number(math.Float64bits(at.Num))
	number(uint64(at.Index))
	number(uint64(at.Elem))
	if len(at.Ints) > 0 {
		s = append(s, " ints"...)
		for _, n := range at.Ints {
			number(uint64(n))
		}
	}
	if at.Data != nil {
		s = append(s, " data"...)
		for _, x := range at.Data {
			number(math.Float64bits(x))
		}
	}
	if at.Param != nil {
		s = fmt.Appendf(s, " param %p", at.Param)
	}
	if at.Func != nil {
		s = fmt.Appendf(s, " func %p", at.Func)
	}
	if at.Solve != nil {
		s = fmt.Appendf(s, " solve %p", at.Solve)
	}
	if at.Rev != nil {
		s = fmt.Appendf(s, " rev %p", at.Rev)
	}
	if at.Map != nil {
		s = fmt.Appendf(s, " map %p %d %d", at.Map.Fn, at.Map.N, at.Map.Mapped)
	}
	if c := at.Scan; c != nil {
		s = fmt.Appendf(s, " scan %p %d %d %d %t %t", c.Fn, c.N, c.Carry, c.Mapped, c.Back, c.Guard)
	}
	return s
}

// appendType spells a type.
func appendType(s []byte, t ir.Type) []byte {
	s = strconv.AppendUint(append(s, ':'), uint64(t.Elem), 10)
	for _, n := range t.Shape {
		s = strconv.AppendInt(append(s, ','), int64(n), 10)
	}
	for _, p := range t.Parts {
		s = appendType(append(s, '('), p)
	}
	return s
}
