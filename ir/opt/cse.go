package opt

import (
	"fmt"
	"math"
	"sort"
	"strconv"
	"strings"

	"ndec.dev/ndec/ir"
)

// cse merges equal values in every function.
func cse(m *ir.Module) {
	for _, f := range m.Funcs {
		mergeEqual(f)
	}
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
	first := map[string]*ir.Value{}
	same := map[*ir.Value]*ir.Value{}
	kept := f.Values[:0:0]
	for _, v := range f.Values {
		for i, a := range v.Args {
			if r, ok := same[a]; ok {
				v.Args[i] = r
			}
		}
		if v.Op != ir.OpArg && !leaf[v] {
			k := key(v)
			if r, ok := first[k]; ok {
				same[v] = r
				if r.Name == "" {
					r.Name = v.Name
				}
				continue
			}
			first[k] = v
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

// key spells everything that determines the value of v, operands by their IDs.
func key(v *ir.Value) string {
	ids := make([]int, len(v.Args))
	for i, a := range v.Args {
		ids[i] = a.ID
	}
	if v.Op.Info().Commutative {
		sort.Ints(ids)
	}
	var s strings.Builder
	s.WriteString(strconv.Itoa(int(v.Op)))
	for _, id := range ids {
		s.WriteByte(' ')
		s.WriteString(strconv.Itoa(id))
	}
	s.WriteByte('|')
	writeAttr(&s, v)
	return s.String()
}

// writeAttr spells the attributes and the type of v. Functions, solves and parameters are
// objects: they are equal when they are the same.
func writeAttr(s *strings.Builder, v *ir.Value) {
	at := v.Attr
	fmt.Fprintf(s, "%x %v %d %d %s", math.Float64bits(at.Num), at.Ints, at.Index, at.Elem, v.Type)
	if at.Data != nil {
		s.WriteString(" data")
		for _, x := range at.Data {
			s.WriteByte(' ')
			s.WriteString(strconv.FormatUint(math.Float64bits(x), 16))
		}
	}
	if at.Param != nil {
		fmt.Fprintf(s, " param %p", at.Param)
	}
	if at.Func != nil {
		fmt.Fprintf(s, " func %p", at.Func)
	}
	if at.Solve != nil {
		fmt.Fprintf(s, " solve %p", at.Solve)
	}
	if at.Rev != nil {
		fmt.Fprintf(s, " rev %p", at.Rev)
	}
	if at.Map != nil {
		fmt.Fprintf(s, " map %p %d %d", at.Map.Fn, at.Map.N, at.Map.Mapped)
	}
	if c := at.Scan; c != nil {
		fmt.Fprintf(s, " scan %p %d %d %d %t %t", c.Fn, c.N, c.Carry, c.Mapped, c.Back, c.Guard)
	}
}
