package rt

import "testing"

// TestKept runs the way forward and back over many numbers of steps with many bounds: every state is there
// when it is needed, the bound holds, and few steps are made again.
func TestKept(t *testing.T) {
	for _, slots := range []int{0, 1, 2, 3, 5, 8, 20} {
		for _, n := range []int{1, 2, 3, 7, 16, 100, 333} {
			for _, every := range []int{1, 4} {
				var k Kept
				k.Reset(every, slots)
				var states []int // the state of step i is i
				for i := range n {
					if k.Wants(i) && k.Full() {
						for to, from := range k.Thin() {
							states[to] = states[from]
						}
						states = states[:k.Len()]
					}
					if k.Wants(i) {
						k.Add(i)
						states = append(states, i)
					}
				}
				again, most := 0, len(states)
				for i := n - 1; i >= 0; i-- {
					j := k.Cut(i)
					states = states[:k.Len()]
					for j < i {
						next := k.Next(j, i)
						if next <= j || next > i {
							t.Fatalf("%d slots, %d steps: from %d to %d the next is %d", slots, n, j, i, next)
						}
						x := states[len(states)-1]
						for ; j < next; j++ {
							x++
							again++
						}
						k.Add(j)
						states = append(states, x)
						most = max(most, len(states))
					}
					if states[len(states)-1] != i {
						t.Fatalf("%d slots, %d steps, step %d: state %d", slots, n, i, states[len(states)-1])
					}
				}
				if slots > 0 && most > slots+1 {
					t.Errorf("%d slots, %d steps: %d states kept", slots, n, most)
				}
				bound := n * n / 2 // with one state only
				switch {
				case slots == 0:
					bound = n
				case slots >= n:
					bound = 0
				case slots >= 2:
					r := 1
					for reach(slots, r) < int64(n) {
						r++
					}
					bound = 2 * r * n // r passes are the least where the states lie best
				}
				if again > bound && every == 1 {
					t.Errorf("%d slots, %d steps: %d steps made again, want at most %d", slots, n, again, bound)
				}
			}
		}
	}
}
