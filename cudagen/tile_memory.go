package cudagen

import (
	"fmt"

	"ndec.dev/ndec/ir"
	"ndec.dev/ndec/ir/plan"
)

// A kernel of tiles takes no local memory, neither by spilling nor for what is passed to functions: fragments that are longer than
// heldLen, and those of functions that keep some for both halves, lie in memory of the warp; what is in every lane is passed by
// value, and lies there too in functions that call others between its uses.

// laneLen is the length of arrays that are registers where a function calls others.
const laneLen = 4

// kept is the type of a fragment of both halves.
func (e *emitter) kept(t ir.Type) string {
	return fmt.Sprintf("ndec_kept<%s, %d>", e.elem(t.Elem), t.Len())
}

// halfBytes is what the fragment of a half takes of the memory of a warp.
func halfBytes(t ir.Type) int { return (t.Len() + 15) / 16 * 2 * 128 * t.Elem.Bytes() }

// keep declares a fragment of both halves.
func (e *emitter) keep(t ir.Type, name string) string {
	e.tiles.own += 2 * halfBytes(t)
	return fmt.Sprintf("%s %s = ndec_tile_keep<%s, %d>(tile);", e.kept(t), name, e.elem(t.Elem), t.Len())
}

// held reports whether the fragment of a half is in registers.
func (fn *function) held(t ir.Type) bool {
	return t.Len() <= smallLen || t.Len() <= heldLen && len(fn.far) == 0
}

// inGroup reports whether the fragment of a half is in registers where the tile is a group.
func (fn *function) inGroup(t ir.Type) bool {
	return !fn.held(t) && t.Len() <= groupLen && len(fn.far) == 0 && !fn.calls() // products that are called take fragments in memory
}

// fragmentVariable declares the fragment of a half.
func (fn *function) fragmentVariable(t ir.Type, name string) string {
	elem := fn.e.elem(t.Elem)
	if fn.held(t) {
		return fmt.Sprintf("%s %s[ndec_tiles(%d)][4];", elem, name, t.Len())
	}
	fn.e.tiles.own += halfBytes(t)
	if fn.inGroup(t) {
		place := fn.s.pick(name + "_place")
		return fmt.Sprintf("ndec_place<Tile, %s, %d> %s(tile); auto %s = %s.get();", elem, t.Len(), place, name, place)
	}
	return fmt.Sprintf("ndec_fragment<%s> %s = ndec_tile_take<%s, %d>(tile);", elem, name, elem, t.Len())
}

// fragmentOf declares the fragment of v, in memory that another has had if there is some.
func (fn *function) fragmentOf(v *ir.Value, name string) {
	h, key := fn.half, fn.e.kept(v.Type)
	if free := h.free[key]; len(free) > 0 {
		h.top = append(h.top, fmt.Sprintf("auto %s = %s;", name, free[len(free)-1]))
		h.free[key] = free[:len(free)-1]
		return
	}
	h.top = append(h.top, fn.fragmentVariable(v.Type, name))
}

// own reports whether an array of type t, which is in every lane, lies in memory.
func (e *emitter) own(t ir.Type) bool {
	return e.lanes > 0 && t.Elem != ir.Tuple && t.Len() > e.lanes && t.Len() <= smallLen
}

// ownVariable declares an array in memory.
func (e *emitter) ownVariable(t ir.Type, name string) string {
	e.tiles.own += t.Len() * 32 * t.Elem.Bytes()
	return fmt.Sprintf("ndec_own<%s> %s = ndec_tile_own<%s, %d>(tile);", e.elem(t.Elem), name, e.elem(t.Elem), t.Len())
}

// numbersVariable declares an array of numbers that are in every lane, which groups keep in memory where threads have few registers.
func (e *emitter) numbersVariable(t ir.Type, name string) string {
	e.tiles.ownInGroup += t.Len() * 32 * t.Elem.Bytes()
	place := e.numbers.pick(name + "_place")
	return fmt.Sprintf("ndec_numbers<Tile, %s, %d> %s(tile); auto %s = %[3]s.get();", e.elem(t.Elem), t.Len(), place, name)
}

// callsOnly reports whether f calls such functions and does nothing else over whole arrays.
func (e *emitter) callsOnly(f *plan.Func) bool {
	some := false
	for _, n := range f.Nests {
		if n.Steps[0].Form != plan.Whole {
			continue
		}
		v := n.Steps[0].V
		if v.Op != ir.OpCall || !e.isCalled(e.plan.Of(v.Attr.Func)) {
			return false
		}
		some = true
	}
	return some
}

// release frees the memory of fragments that nobody reads after the step before s, and after s itself where that goes element by
// element.
func (fn *function) release(s plan.Step) {
	h := fn.half
	until := h.step - 1
	if s.Form == plan.Elem {
		until = h.step
	}
	for _, v := range fn.f.IR.Values { // in their order: the text is always the same
		at, read := h.last[v]
		if !read || at > until || !fragment(fn.f, v) || fn.held(v.Type) || fn.far[v] || v == s.V {
			continue
		}
		if name, declared := fn.name[v]; declared {
			key := fn.e.kept(v.Type)
			h.free[key] = append(h.free[key], name)
			delete(h.last, v)
		}
	}
}

// lastReads are the steps of a run that read values last.
func (e *emitter) lastReads(f *plan.Func, run []*plan.Nest) map[*ir.Value]int {
	last, at := map[*ir.Value]int{}, 0
	var reads func(v *ir.Value)
	reads = func(v *ir.Value) {
		for _, a := range v.Args {
			switch p := f.Places[a]; {
			case p.Kind == plan.Folded || e.rounding(f, a):
				reads(a)
			case p.Kind == plan.View:
				last[p.Base] = at
			default:
				last[a] = at
			}
		}
	}
	for _, n := range run {
		for _, s := range n.Steps {
			reads(s.V)
			if s.Form == plan.AddTo {
				last[s.V] = at
			}
			at++
		}
	}
	return last
}
