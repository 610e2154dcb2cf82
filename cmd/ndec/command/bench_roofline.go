package command

import (
	"fmt"
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
	Flops float64 `json:"flops"` // of a second, median over the rounds
	Peak  float64 `json:"peak"`  // of a loop of multiply-adds, median
	Share float64 `json:"share"` // median of the ratios within a round
}

// rooflineOf judges a row whose times were taken in the order of compareModes.
func rooflineOf(w work, f *rt.BenchFigures, level string) *roofline {
	sample := func(mode int) roofSample {
		var flops, ratios []float64
		for i, t := range f.Times[mode] {
			flops = append(flops, 2*w.MultiplyAdds/t)
			ratios = append(ratios, 2*w.MultiplyAdds/t/f.Peaks[mode][i])
		}
		return roofSample{median(flops), median(f.Peaks[mode]), median(ratios)}
	}
	r := &roofline{Level: level, Alone: sample(0), Batch: sample(1), Limit: limitOf(w.MultiplyAdds, w.Slots, w.FunctionSlots)}
	if w.Slots > 0 {
		r.Ceiling = w.MultiplyAdds / w.Slots
	}
	r.Kernels = roofKernels(f)
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
	fmt.Fprintf(b.out, "\none core against a loop of multiply-adds with %s, measured around every time; a multiply-add counts as two operations\n\n", rows[0].Roofline.Level)
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
