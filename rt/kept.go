package rt

import "slices"

// Kept chooses the steps of a solve whose states are kept for the way back, and those that the way back
// keeps while it makes the others again. Steps are numbered from 0; the kept ones are a stack.
//
// Without a bound every n-th state is kept. With one, the distance doubles whenever the memory is
// full, so that the number of steps need not be known (Wang, Moin, Iaccarino 2009; Stumm, Walther
// 2010 do better by a factor of at most two); on the way back, memory that has become free is used
// by the binomial schedule of Griewank and Walther (2000).
type Kept struct {
	every, slots int
	steps        []int
	thin         []int
}

// Reset readies k for a solve: every n-th state, at most slots of them where that is not 0.
func (k *Kept) Reset(every, slots int) {
	k.every, k.slots = every, slots
	k.steps, k.thin = Room(k.steps, slots+1), Room(k.thin, slots)
}

// Among reports whether k is one of steps, which ascend.
func Among(steps []int, k int) bool {
	_, found := slices.BinarySearch(steps, k)
	return found
}

// Room is s without elements and with room for n of them: not for more, where it is made.
func Room[E any](s []E, n int) []E {
	if cap(s) < n {
		return make([]E, 0, n)
	}
	return s[:0]
}

// Grown is s with at least n elements, with room for most at most: it doubles, so that those who need few take few.
func Grown[E any](s []E, n, most int) []E {
	if n <= cap(s) {
		return s[:max(n, len(s))]
	}
	grown := make([]E, n, min(max(n, 2*cap(s)), most))
	Copy(grown, s)
	return grown
}

// Len is the number of states kept.
func (k *Kept) Len() int { return len(k.steps) }

// Wants reports whether the state of a step is to be kept on the way forward.
func (k *Kept) Wants(step int) bool { return step%k.every == 0 }

// Full reports whether no further state fits.
func (k *Kept) Full() bool { return k.slots > 0 && len(k.steps) >= k.slots }

// Thin doubles the distance of kept steps. It gives the places of those that stay, in order.
func (k *Kept) Thin() []int {
	k.every *= 2
	k.thin = k.thin[:0]
	for i, s := range k.steps {
		if s%k.every == 0 {
			k.steps[len(k.thin)] = s
			k.thin = append(k.thin, i)
		}
	}
	k.steps = k.steps[:len(k.thin)]
	return k.thin
}

// Place is where the states of a step lie among those that are kept; ok is false where they are not.
func (k *Kept) Place(step int) (place int, ok bool) { return slices.BinarySearch(k.steps, step) }

// Add puts a step on the stack.
func (k *Kept) Add(step int) { k.steps = append(k.steps, step) }

// Cut takes the steps after the given one off the stack and gives the last that is left.
func (k *Kept) Cut(step int) int {
	n := len(k.steps)
	for k.steps[n-1] > step {
		n--
	}
	k.steps = k.steps[:n]
	return k.steps[n-1]
}

// Next is the next step to keep on the way from step j, which is the last one kept, to step k: at most k,
// which is kept always.
func (k *Kept) Next(j, to int) int {
	if k.slots == 0 {
		return j + 1
	}
	free := k.slots - len(k.steps)
	if free <= 0 {
		return to
	}
	return min(j+binomialSplit(to-j+1, free+1), to)
}

// binomialSplit is where to keep the next state so that n steps can be reversed with s states, the one
// at their start among them, and the fewest steps made again: with r passes, C(s+r, s) steps can
// be reversed.
func binomialSplit(n, s int) int {
	r := 1
	for reach(s, r) < int64(n) {
		r++
	}
	// Of reach(s, r) = reach(s, r-1) + reach(s-1, r), the first part may be advanced over.
	return int(max(1, min(reach(s, r-1), int64(n)-1)))
}

// reach is C(s+r, s), or a large number.
func reach(s, r int) int64 {
	c := int64(1)
	for i := int64(1); i <= int64(min(s, r)); i++ {
		c = c * (int64(max(s, r)) + i) / i
		if c > 1<<40 {
			return 1 << 40
		}
	}
	return c
}

// Slots is how many states of the size, with 16 bytes of bookkeeping each, fit into the memory, in bytes,
// beside t and h of each step and the one state that the way back works on; at least one.
func Slots(memory, steps, size int) int { return max(1, (memory-16*steps)/(size+16)-1) }
