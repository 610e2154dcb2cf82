package ir

import "math/rand/v2"

// ShuffleOrder puts the values of f in another order in which operands come before their readers,
// chosen by seed. Arguments stay first. What a function computes does not depend on the order, and
// neither must a pass or a back end; tests use this to see that. IDs are kept.
func ShuffleOrder(f *Func, seed uint64) {
	rnd := rand.New(rand.NewPCG(seed, 0))
	readers := make(map[*Value][]*Value, len(f.Values))
	waits := make(map[*Value]int, len(f.Values)) // operands still to come
	for _, v := range f.Values {
		waits[v] = len(v.Args)
		for _, a := range v.Args {
			readers[a] = append(readers[a], v)
		}
	}
	order := make([]*Value, 0, len(f.Values))
	var ready []*Value
	place := func(v *Value) {
		order = append(order, v)
		for _, r := range readers[v] {
			if waits[r]--; waits[r] == 0 {
				ready = append(ready, r)
			}
		}
	}
	for _, v := range f.Values {
		if v.Op != OpArg && waits[v] == 0 {
			ready = append(ready, v)
		}
	}
	for _, a := range f.Args {
		place(a)
	}
	for len(ready) > 0 {
		i := rnd.IntN(len(ready))
		v := ready[i]
		ready[i] = ready[len(ready)-1]
		ready = ready[:len(ready)-1]
		place(v)
	}
	f.Values = order
}
