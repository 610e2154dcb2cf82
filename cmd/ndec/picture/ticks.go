package picture

import (
	"math"
	"strconv"

	"gonum.org/v1/plot"
)

// linearTicks marks round numbers, at most seven of them, so that labels do not touch.
type linearTicks struct{}

func (linearTicks) Ticks(lo, hi float64) []plot.Tick {
	if !(hi > lo) || !finite(hi-lo) {
		return []plot.Tick{{Value: lo, Label: number(lo, 3)}}
	}
	step := math.Pow(10, math.Floor(math.Log10((hi-lo)/6)))
	for _, m := range []float64{1, 2, 2.5, 5, 10} {
		if (hi-lo)/(step*m) <= 6 {
			step *= m
			break
		}
	}
	digits := 1
	if big := max(math.Abs(lo), math.Abs(hi)); big > 0 {
		digits = min(max(1, int(math.Floor(math.Log10(big))-math.Floor(math.Log10(step)))+2), 17)
	}
	var ts []plot.Tick
	for k := math.Ceil(lo/step - 1e-9); k*step <= hi+1e-9*step; k++ {
		ts = append(ts, plot.Tick{Value: k * step, Label: number(k*step, digits)})
	}
	return ts
}

// number spells x with at most the given significant digits, without an exponent where that is short.
func number(x float64, digits int) string {
	if x == 0 {
		return "0"
	}
	s, err := strconv.ParseFloat(strconv.FormatFloat(x, 'g', digits, 64), 64)
	if err != nil {
		s = x
	}
	if a := math.Abs(s); a >= 1e-3 && a < 1e6 {
		return strconv.FormatFloat(s, 'f', -1, 64)
	}
	return strconv.FormatFloat(s, 'g', -1, 64)
}

// logTicks marks powers of ten, and 2 and 5 between them when the range is small. Of many powers
// only some have a label.
type logTicks struct{}

func (logTicks) Ticks(lo, hi float64) []plot.Tick {
	var ts []plot.Tick
	decades := math.Log10(hi / lo)
	every := max(1, math.Ceil(decades/7))
	for e := math.Floor(math.Log10(lo)); e <= math.Ceil(math.Log10(hi)); e++ {
		for _, m := range []float64{1, 2, 5} {
			x := m * math.Pow(10, e)
			if x < lo || x > hi {
				continue
			}
			label := ""
			if m == 1 && math.Mod(e, every) == 0 || decades < 2 {
				label = number(x, 3)
			}
			if m == 1 || decades < 4 {
				ts = append(ts, plot.Tick{Value: x, Label: label})
			}
		}
	}
	if len(ts) == 0 {
		ts = append(ts, plot.Tick{Value: lo, Label: number(lo, 3)}, plot.Tick{Value: hi, Label: number(hi, 3)})
	}
	return ts
}

// bare takes the labels off ticks: the panel below or beside has them.
type bare struct{ of plot.Ticker }

func (b bare) Ticks(lo, hi float64) []plot.Tick {
	ts := b.of.Ticks(lo, hi)
	for i := range ts {
		if ts[i].Label != "" {
			ts[i].Label = " "
		}
	}
	return ts
}
