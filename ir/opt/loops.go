package opt

import "ndec.dev/ndec/ir"

// loop says how a map or a scan takes its function's arguments: values handed on, then slices, then
// the rest. A map hands nothing on.
type loop struct {
	carry, mapped int
	guard         bool // the first value handed on is read by whoever runs the loop
}

// loopOf gives the function that v, a map or a scan, runs, and how.
func loopOf(v *ir.Value) (f *ir.Func, l loop, ok bool) {
	switch v.Op {
	case ir.OpMap:
		return v.Attr.Map.Fn, loop{mapped: v.Attr.Map.Mapped}, true
	case ir.OpScan:
		return v.Attr.Scan.Fn, loop{v.Attr.Scan.Carry, v.Attr.Scan.Mapped, v.Attr.Scan.Guard}, true
	}
	return nil, loop{}, false
}

// withLoop is the attribute of a map or scan that takes its arguments in another way.
func withLoop(at ir.Attr, l loop) ir.Attr {
	if at.Map != nil {
		m := *at.Map
		m.Mapped = l.mapped
		at.Map = &m
	}
	if at.Scan != nil {
		s := *at.Scan
		s.Carry, s.Mapped = l.carry, l.mapped
		at.Scan = &s
	}
	return at
}

// bodies lists the functions that only maps and scans run, all in one way, in the order of the module:
// their signatures may change.
func bodies(m *ir.Module) ([]*ir.Func, map[*ir.Func]loop) {
	fixed := solveFuncs(m)
	fixed[m.Prepare] = true
	for _, f := range roots(m) {
		fixed[f] = true
	}
	how := map[*ir.Func]loop{}
	for _, f := range m.Funcs {
		for _, v := range f.Values {
			if v.Op == ir.OpCall {
				fixed[v.Attr.Func] = true
			}
			g, l, ok := loopOf(v)
			if !ok {
				continue
			}
			if old, known := how[g]; known && old != l {
				fixed[g] = true
			}
			how[g] = l
		}
	}
	var list []*ir.Func
	for _, f := range m.Funcs {
		if _, ok := how[f]; ok && !fixed[f] {
			list = append(list, f)
		}
	}
	return list, how
}

// narrowLoops removes from the functions of maps and scans what nobody reads: results, values that are
// handed on for themselves alone, and arguments.
func narrowLoops(m *ir.Module) bool {
	list, how := bodies(m)
	read := map[*ir.Func][]bool{}
	for _, f := range list {
		read[f] = make([]bool, len(f.Results))
	}
	for _, f := range m.Funcs {
		for _, v := range f.Values {
			if v.Op != ir.OpResult {
				continue
			}
			if g, _, ok := loopOf(v.Args[0]); ok && read[g] != nil {
				read[g][v.Attr.Index] = true
			}
		}
	}
	changed := false
	for _, f := range list {
		l, results, args := how[f], read[f], make([]bool, len(f.Args))
		d := newDeps(nil).in(f)
		if l.guard {
			results[0] = true
		}
		for again := true; again; {
			again = false
			for i, r := range f.Results {
				if !results[i] {
					continue
				}
				if i < l.carry {
					args[i] = true
				}
				for a := range d.of(r).all() {
					args[a] = true
					if a < l.carry && !results[a] {
						results[a], again = true, true
					}
				}
			}
		}
		if all(args) && all(results) {
			continue
		}
		narrowFunc(f, args, results)
		less := loop{count(args[:l.carry]), count(args[l.carry : l.carry+l.mapped]), l.guard}
		for _, g := range m.Funcs {
			if !runsLoop(g, f) {
				continue
			}
			g.DropDead()
			ir.RebuildMulti(g, m.Real, func(b *ir.Builder, v *ir.Value, ops []*ir.Value) []*ir.Value {
				if h, _, ok := loopOf(v); !ok || h != f {
					return nil
				}
				return spread(b.Results(b.Emit(v.Op, withLoop(v.Attr, less), filter(ops, args)...).Named(v.Name)), results)
			})
		}
		changed = true
	}
	return changed
}

func count(mask []bool) int {
	n := 0
	for _, k := range mask {
		if k {
			n++
		}
	}
	return n
}

// runsLoop reports whether g holds a map or scan of f.
func runsLoop(g, f *ir.Func) bool {
	for _, v := range g.Values {
		if h, _, ok := loopOf(v); ok && h == f {
			return true
		}
	}
	return false
}

// hoistLoops computes what is the same in all runs of a map or scan, because it depends on operands
// passed whole, before the loop. Inner loops come first, so that a value may leave several.
func hoistLoops(m *ir.Module) {
	list, how := bodies(m)
	moved := false
	for _, f := range list {
		l := how[f]
		shared := f.Args[l.carry+l.mapped:]
		vs := invariant(f, l.carry+l.mapped)
		if len(vs) == 0 {
			continue
		}
		for _, g := range m.Funcs {
			if g == f || !runsLoop(g, f) {
				continue
			}
			// The operands first: f still has its old signature.
			ir.RebuildMulti(g, m.Real, func(b *ir.Builder, v *ir.Value, ops []*ir.Value) []*ir.Value {
				if h, _, ok := loopOf(v); !ok || h != f {
					return nil
				}
				more := copyValues(b, vs, shared, ops[l.carry+l.mapped:])
				c := b.Emit(v.Op, v.Attr, ops...).Named(v.Name)
				c.Args = append(c.Args, more...)
				return b.Results(c)
			})
		}
		place := map[*ir.Value]*ir.Value{}
		for _, v := range vs {
			place[v] = addArg(f, nameOf(v), v.Type)
		}
		ir.Rebuild(f, m.Real, func(b *ir.Builder, v *ir.Value, _ []*ir.Value) *ir.Value { return place[v] })
		f.DropDead()
		moved = true
	}
	if moved {
		rates(m)
	}
}

// invariant lists the values of f that are computed from its arguments past the given number alone, by
// more than moves of elements, and that another value or a result reads.
func invariant(f *ir.Func, own int) []*ir.Value {
	same, given, work, read := map[*ir.Value]bool{}, map[*ir.Value]bool{}, map[*ir.Value]bool{}, map[*ir.Value]bool{}
	for _, v := range f.Values {
		class := v.Op.Info().Class
		same[v] = class != ir.ClassNode && (v.Op != ir.OpArg || v.Attr.Index >= own)
		given[v] = v.Op == ir.OpArg
		work[v] = class == ir.ClassElem || class == ir.ClassReduce || class == ir.ClassLinalg
		for _, a := range v.Args {
			same[v] = same[v] && same[a]
			given[v] = given[v] || given[a]
			work[v] = work[v] || work[a]
		}
	}
	for _, v := range f.Values {
		for _, a := range v.Args {
			read[a] = read[a] || !same[v]
		}
	}
	for i, r := range f.Results {
		if i >= len(f.Accum) || !f.Accum[i] {
			read[r] = true
		}
	}
	var vs []*ir.Value
	for _, v := range f.Values {
		if same[v] && given[v] && work[v] && read[v] {
			vs = append(vs, v)
		}
	}
	return vs
}
