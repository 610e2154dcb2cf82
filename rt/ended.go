package rt

import "math/bits"

// Ended says which samples have come to the end of an adaptive solve, a bit for each, by the results of a step: those that it has brought to t1, and
// those whose step was too short to be taken. It counts the steps that were accepted. The numbers of codes are those of the emitted program:
// 1 and 2. A sample that is not live has none.
func Ended(accepted []int, code, t, t1, live []float64) (lanes uint32) {
	n := len(accepted)
	code, t, t1, live = code[:n], t[:n], t1[:n], live[:n]
	if lanes, ok := ended(accepted, code, t, t1, live); ok {
		return lanes
	}
	for i := range n {
		took := code[i] == 1
		if took {
			accepted[i]++
		}
		if live[i] != 0 && (took && t[i] == t1[i] || code[i] == 2) {
			lanes |= 1 << i
		}
	}
	return lanes
}

// FirstLane is the first of some lanes.
func FirstLane(lanes uint32) int { return bits.TrailingZeros32(lanes) }
