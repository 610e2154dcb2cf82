package command

import (
	"fmt"
	"slices"
	"text/tabwriter"

	"ndec.dev/ndec/rt"
)

// roofline is how near a model comes to what a core can do. A multiply-add counts as two floating point
// operations, everything else as none.
type roofline struct {
	Level string `json:"level"` // instructions that the peak is of
	// Ceiling is the share of the peak that is left if nothing ever waits: the other operations of the model take
	// the same units.
	Ceiling float64 `json:"ceiling"`
	// Limit is what takes most of the time then.
	Limit string     `json:"limit"`
	Batch roofSample `json:"batch"` // in a batch, on one core
	Alone roofSample `json:"alone"` // a sample by itself
	// Kernels are those that Go calls for the batch, by their share of the time.
	Kernels []roofKernel `json:"kernels"`
}

type roofSample struct {
	Time  float64 `json:"time"`  // processor time of a sample in seconds, median over the rounds
	Flops float64 `json:"flops"` // of a second of it
	Peak  float64 `json:"peak"`  // of a loop of multiply-adds, median
	Share float64 `json:"share"` // median of the ratios within a round
}

// peakLoss is what a peak may lack of the greatest of the process. A round beside a lower one is left out: other work, or
// the clock of the processor, changed while it was measured.
const peakLoss = 0.1

// greatestPeak is the best that any round of the process has seen.
func greatestPeak(cases []rt.BenchFigures) float64 {
	best := 0.0
	for i := range cases {
		for _, peaks := range append(slices.Clip(cases[i].Peaks), cases[i].WholePeaks) {
			for _, p := range peaks {
				best = max(best, p)
			}
		}
	}
	return best
}

// fairRounds are the rounds whose peaks come near to the greatest: all of them where none does.
func fairRounds(peaks []float64, greatest float64) []int {
	var fair, all []int
	for i, p := range peaks {
		all = append(all, i)
		if p >= (1-peakLoss)*greatest {
			fair = append(fair, i)
		}
	}
	if len(fair) == 0 {
		return all
	}
	return fair
}

// rooflineOf judges a row whose times were taken in the order of compareModes.
func rooflineOf(w work, f *rt.BenchFigures, greatest float64, level string) *roofline {
	sample := func(mode int) roofSample {
		var times, flops, peaks, ratios []float64
		for _, i := range fairRounds(f.Peaks[mode], greatest) {
			t, peak := f.Busy[mode][i], f.Peaks[mode][i]
			times, peaks = append(times, t), append(peaks, peak)
			flops, ratios = append(flops, 2*w.MultiplyAdds/t), append(ratios, 2*w.MultiplyAdds/t/peak)
		}
		return roofSample{median(times), median(flops), median(peaks), median(ratios)}
	}
	r := &roofline{Level: level, Alone: sample(0), Batch: sample(1), Limit: limitOf(w.MultiplyAdds, w.Slots, w.FunctionSlots)}
	if w.Slots > 0 {
		r.Ceiling = w.MultiplyAdds / w.Slots
	}
	r.Kernels = roofKernels(f, greatest)
	return r
}

// limitOf is what takes most of the time, in slots, if nothing waits.
func limitOf(mulAdds, slots, functions float64) string {
	limit, most := "multiply-adds", mulAdds
	if functions > most {
		limit, most = "functions", functions
	}
	if slots-mulAdds-functions > most {
		limit = "other operations"
	}
	return limit
}

func (b *benching) printRoofline(rows []*contender) error {
	fmt.Fprintf(b.out, "\none core against a loop of multiply-adds with %s, measured around every time, by processor time; a multiply-add counts as two operations\n\n", rows[0].Roofline.Level)
	tw := tabwriter.NewWriter(b.out, 0, 4, 2, ' ', 0)
	fmt.Fprint(tw, "model\tin a batch\tpeak\tof peak\tceiling\tlimited by\talone\tof peak\n")
	rate := func(x float64) string { return fmt.Sprintf("%.3g GFLOP/s", x/1e9) }
	share := func(x float64) string { return fmt.Sprintf("%.3g %%", 100*x) }
	for _, r := range rows {
		f := r.Roofline
		fmt.Fprintf(tw, "%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\n", r.title(), rate(f.Batch.Flops), rate(f.Batch.Peak), share(f.Batch.Share), share(f.Ceiling), f.Limit, rate(f.Alone.Flops), share(f.Alone.Share))
	}
	if err := flush(tw); err != nil {
		return err
	}
	for _, r := range rows {
		if err := b.printKernels(r.title(), r.Roofline.Kernels); err != nil {
			return err
		}
	}
	return nil
}
