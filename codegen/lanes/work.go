package lanes

import (
	"ndec.dev/ndec/ir"
	"ndec.dev/ndec/ir/plan"
)

// Work is what a kernel does in a run over a block of samples, by the plan.
type Work struct {
	plan.Cost // of a sample
	// Memory that a run goes over: bytes of the frame and of parameters, and vectors of sums of gradients. A function
	// that is called several times counts each time.
	Bytes, Sums int
	// Room and RoomSums are the size of that memory: every place counts once.
	Room, RoomSums int
}

// WorkOf is the work of a kernel with what it calls; of a step in a row, that of one step.
func (s *Set) WorkOf(k *Kernel) Work {
	w := &working{set: s, places: map[any]bool{}}
	own := w.run(k)
	own.Room, own.RoomSums = w.room, w.roomSums
	return own
}

// working finds the work of a kernel.
type working struct {
	set            *Set
	places         map[any]bool // fields, parameters and sums that are counted in room
	room, roomSums int
}

// memory counts a place of bytes and sums that a kernel uses, once for the kernel.
func (w *working) memory(out *Work, used map[any]bool, place any, bytes, sums int) {
	if used[place] {
		return
	}
	used[place] = true
	out.Bytes += bytes
	out.Sums += sums
	if !w.places[place] {
		w.places[place] = true
		w.room += bytes
		w.roomSums += sums
	}
}

// sumOf is the place of the sums of a parameter.
type sumOf struct{ *ir.Param }

// run is the work of one run of k.
func (w *working) run(k *Kernel) (out Work) {
	used, seen := map[any]bool{}, map[*ir.Value]bool{}
	field := func(v *ir.Value) {
		if f := k.byVal[v]; f != nil {
			w.memory(&out, used, f, f.Rows*w.set.rowBytes(f.Elem), 0)
		}
	}
	var visit func(v *ir.Value)
	visit = func(v *ir.Value) {
		if seen[v] {
			return
		}
		seen[v] = true
		field(v)
		out.Cost.Add(w.set.Plan.CostOf(v), 1)
		for _, a := range v.Args {
			if q := a.Attr.Param; a.Op == ir.OpParam && q != nil {
				w.memory(&out, used, q, q.Type.Len()*q.Type.Elem.Bytes(), 0)
			}
			field(a)
			if p := k.pf.Places[a]; p != nil && p.Kind == plan.Folded {
				visit(a)
			}
		}
	}
	for _, n := range k.nests {
		for _, st := range n.Steps {
			if isNode(n) {
				if isBreak(st.V) {
					continue
				}
				times := 1
				if st.V.Op != ir.OpCall {
					times = loopOf(st.V).n
				}
				if c := w.set.callee(k, st.V); c != nil {
					out.add(w.run(c), times)
				}
				for _, a := range st.V.Args {
					field(a)
				}
				field(st.V)
				continue
			}
			if w.set.tiled(st) { // one number for each weight
				w.memory(&out, used, sumOf{st.Sum}, st.Sum.Type.Len()*st.Sum.Type.Elem.Bytes(), 0)
			} else if st.Sum != nil {
				w.memory(&out, used, sumOf{st.Sum}, 0, st.Sum.Type.Len())
			}
			visit(st.V)
		}
	}
	return out
}

func (o *Work) add(x Work, times int) {
	o.Cost.Add(x.Cost, times)
	o.Bytes += times * x.Bytes
	o.Sums += times * x.Sums
}

// Again says how a kernel tells what runs it has made of those that it makes in a row: the places of the steps taken before and
// after, and of those at which it goes back. Nil where a call is a run.
func (k *Kernel) Again() (taken, many *Field) {
	if !k.again {
		return nil, nil
	}
	for i, a := range k.Func.Args {
		switch a.Name {
		case Own + "taken":
			taken = k.Args[i]
		case Own + "many":
			many = k.Args[i]
		}
	}
	return taken, many
}
