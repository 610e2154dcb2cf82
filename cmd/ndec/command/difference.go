package command

import "math"

// difference is a derivative by central differences with an estimate of its error.
type difference struct{ value, err float64 }

// The steps of a search: from firstStep times the size of the number down, each by shrink.
const (
	firstStep  = 1.0 / 64
	shrink     = 3.7 // no whole number, of which waves would look the same at each step
	mostLevels = 9   // down to 4e-7 of the number
)

// differentiate searches for the derivative at x of loss(x): central differences at steps that shrink, extrapolated to
// zero (Ridders 1982), until the estimate is good to goal or rounding takes over. The estimate of the error is how
// far the extrapolation still moved, and at least the rounding of the losses. Steps at which a loss is not finite,
// beyond the bound of a parameter say, are passed over.
func differentiate(loss func(x float64) (float64, error), x, goal float64) (difference, error) {
	h := firstStep * max(1, math.Abs(x))
	best := difference{math.NaN(), math.Inf(1)}
	var before []float64 // the row of the extrapolation for the step before
	for range mostLevels {
		up, err := loss(x + h)
		if err != nil {
			return best, err
		}
		down, err := loss(x - h)
		if err != nil {
			return best, err
		}
		row := []float64{(up - down) / (2 * h)}
		if row[0]-row[0] != 0 {
			before, h = nil, h/shrink
			continue
		}
		rounding := 0x1p-52 * max(math.Abs(up), math.Abs(down)) / h
		factor := 1.0
		for j, b := range before {
			factor *= shrink * shrink
			next := (row[j]*factor - b) / (factor - 1)
			moved := max(math.Abs(next-row[j]), math.Abs(next-b), rounding)
			if moved <= best.err && len(before) > 1 { // two steps may agree by chance
				best = difference{next, moved}
			}
			row = append(row, next)
		}
		if best.err <= max(goal, rounding) {
			break
		}
		before, h = row, h/shrink
	}
	return best, nil
}
