package opt

import "ndec.dev/ndec/ir"

// deps finds which arguments of its function a value depends on. It looks into calls of the
// functions in through, result by result; any other node depends on all its operands.
type deps struct {
	through map[*ir.Func]bool
	results map[*ir.Func][]map[int]bool
}

func newDeps(through []*ir.Func) *deps {
	d := &deps{through: map[*ir.Func]bool{}, results: map[*ir.Func][]map[int]bool{}}
	for _, f := range through {
		d.through[f] = true
	}
	return d
}

// result is the set of indices of arguments that result i of f depends on.
func (d *deps) result(f *ir.Func, i int) map[int]bool {
	sets, ok := d.results[f]
	if !ok {
		memo := map[*ir.Value]map[int]bool{}
		sets = make([]map[int]bool, len(f.Results))
		for j, r := range f.Results {
			sets[j] = d.value(memo, r)
		}
		d.results[f] = sets
	}
	return sets[i]
}

// of is the set of indices of arguments that v depends on.
func (d *deps) of(v *ir.Value) map[int]bool {
	return d.value(map[*ir.Value]map[int]bool{}, v)
}

func (d *deps) value(memo map[*ir.Value]map[int]bool, v *ir.Value) map[int]bool {
	if set, ok := memo[v]; ok {
		return set
	}
	set := map[int]bool{}
	join := func(o map[int]bool) {
		for i := range o {
			set[i] = true
		}
	}
	if f, args, i := calledResult(v); f != nil && d.through[f] {
		for a := range d.result(f, i) {
			join(d.value(memo, args[a]))
		}
	} else if v.Op == ir.OpArg {
		set[v.Attr.Index] = true
	} else {
		for _, a := range v.Args {
			join(d.value(memo, a))
		}
	}
	memo[v] = set
	return set
}

// calledResult gives the function, the operands and the index of the result when v is one result
// of a call, and a nil function otherwise.
func calledResult(v *ir.Value) (f *ir.Func, args []*ir.Value, i int) {
	if v.Op == ir.OpResult && v.Args[0].Op == ir.OpCall {
		return v.Args[0].Attr.Func, v.Args[0].Args, v.Attr.Index
	}
	if v.Op == ir.OpCall && v.Type.Elem != ir.Tuple {
		return v.Attr.Func, v.Args, 0
	}
	return nil, nil, 0
}
