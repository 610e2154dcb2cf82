package command

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"text/tabwriter"

	"ndec.dev/ndec/cmd/ndec/pareto"
	"ndec.dev/ndec/ir"
	"ndec.dev/ndec/rt"
)

// roofKernel is how near a vector kernel comes to what a core can do: medians over rounds, of which each has the peak of the
// same moment.
type roofKernel struct {
	Name string `json:"name"`
	Of   string `json:"of"`
	// Runs is the number of blocks that it goes over in a batch, and Time what one takes, in seconds.
	Runs int     `json:"runs"`
	Time float64 `json:"time"`
	// Part is its share of the time of the batch; what kernels leave of it is Go around them.
	Part  float64 `json:"part"`
	Flops float64 `json:"flops"`
	Share float64 `json:"share"` // of the peak
	// Ceiling is the share of the peak that is left if nothing ever waits but for memory, and Reached the time that a run
	// then takes as a share of that which it takes.
	Ceiling float64 `json:"ceiling"`
	Reached float64 `json:"reached"`
	Limit   string  `json:"limit"`
	Room    int     `json:"room"` // bytes that a run goes over
}

// roofKernels judges the kernels of a case, those first that take most time.
func roofKernels(f *rt.BenchFigures, greatest float64) []roofKernel {
	out := []roofKernel{}
	fair := fairRounds(f.WholePeaks, greatest)
	for _, k := range f.Kernels {
		work := 2 * float64(k.MulAdds*k.Samples)
		slots := 2 * float64(k.Slots*k.Samples) // as if all were multiply-adds
		var times, parts, flops, shares, ceilings, reached []float64
		byMemory := 0
		for _, i := range fair {
			n := k.Runs[i]
			if n == 0 || k.Times[i] <= 0 {
				continue
			}
			each, peak := k.Times[i]/float64(n), f.WholePeaks[i]
			best := slots / peak
			if len(k.Speeds) > i && k.Speeds[i] > 0 {
				if m := float64(k.Bytes) / k.Speeds[i]; m > best {
					best = m
					byMemory++
				}
			}
			times, parts, flops = append(times, each), append(parts, k.Times[i]/f.Whole[i]), append(flops, work/each)
			shares, reached = append(shares, work/each/peak), append(reached, best/each)
			if best > 0 {
				ceilings = append(ceilings, work/best/peak)
			}
		}
		if len(times) == 0 {
			continue
		}
		r := roofKernel{Name: k.Name, Of: k.Of, Runs: k.Runs[0] / f.Calls[0], Time: median(times), Part: median(parts), Flops: median(flops), Share: median(shares), Reached: median(reached), Room: k.Room,
			Limit: limitOf(float64(k.MulAdds), float64(k.Slots), float64(k.FunctionSlots))}
		if len(ceilings) > 0 {
			r.Ceiling = median(ceilings)
		}
		switch {
		case 2*byMemory > len(times):
			r.Limit = "memory"
		case k.Slots == 0:
			r.Limit = "copies"
		}
		out = append(out, r)
	}
	slices.SortStableFunc(out, func(a, b roofKernel) int {
		switch {
		case a.Part > b.Part:
			return -1
		case a.Part < b.Part:
			return 1
		}
		return 0
	})
	return out
}

// wholeTime is the time of a call, kernels and what is around them, without what clocks take.
func wholeTime(f *rt.BenchFigures, greatest float64) float64 {
	var times []float64
	for _, i := range fairRounds(f.WholePeaks, greatest) {
		times = append(times, f.Whole[i]/float64(f.Calls[i]))
	}
	return median(times)
}

func (b *benching) printKernels(title string, kernels []roofKernel) error {
	if len(kernels) == 0 {
		fmt.Fprintf(b.out, "\n%s has no vector kernels, or this processor does not run them\n", title)
		return nil
	}
	fmt.Fprintf(b.out, "\nkernels of %s in a batch, a run over a block of samples each\n\n", title)
	tw := tabwriter.NewWriter(b.out, 0, 4, 2, ' ', 0)
	fmt.Fprint(tw, "kernel\tfunction\truns\ttime of a run\tof all\tGFLOP/s\tof peak\tceiling\tof what it allows\tlimited by\tmemory\n")
	rest := 1.0
	for _, k := range kernels {
		rest -= k.Part
		fmt.Fprintf(tw, "%s\t%s\t%d\t%.3g µs\t%.1f %%\t%.3g\t%.3g %%\t%.3g %%\t%.0f %%\t%s\t%d KiB\n", k.Name, k.Of, k.Runs, 1e6*k.Time, 100*k.Part, k.Flops/1e9, 100*k.Share, 100*k.Ceiling, 100*k.Reached, k.Limit, (k.Room+1023)/1024)
	}
	fmt.Fprintf(tw, "Go around them\t\t\t\t%.1f %%\n", 100*max(rest, 0))
	return flush(tw)
}

// gradientKernels measures the kernels of the gradient of a recipe.
func (b *benching) gradientKernels() error {
	r := recipeByName(b.res.Module, b.f.recipe)
	if r == nil {
		return known("recipe", b.f.recipe, recipeNames(b.res.Module))
	}
	d := recipeData(b.res.Module, r)
	if d == nil {
		return problems(fmt.Errorf("recipe %s has no data", r.Name))
	}
	if err := b.writeWeights(); err != nil {
		return err
	}
	defer b.close()
	s, err := b.open(b.precision, nil)
	if err != nil {
		return err
	}
	defer s.close()
	x, err := b.recipeBatch(s, d)
	if err != nil {
		return err
	}
	ans, err := b.ask(s, &rt.BenchQuery{Clocks: true, Cases: []rt.BenchCase{{Recipe: r.Name}}}, x, "bench")
	if err != nil {
		return err
	}
	greatest := greatestPeak(ans.Cases)
	kernels := roofKernels(&ans.Cases[0], greatest)
	each := wholeTime(&ans.Cases[0], greatest) / float64(x.table.Rows)
	if b.json {
		err := json.NewEncoder(b.out).Encode(struct {
			Format    int          `json:"format"`
			Package   string       `json:"package"`
			Precision string       `json:"precision"`
			Recipe    string       `json:"recipe"`
			Samples   int          `json:"samples"`
			Level     string       `json:"level"`
			Peak      float64      `json:"peak"`
			Time      float64      `json:"time"` // of loss and gradient of a sample, in seconds
			Kernels   []roofKernel `json:"kernels"`
		}{1, b.res.Module.Package, b.precision, r.Name, x.table.Rows, ans.Level, greatest, each, kernels})
		if err != nil {
			return internal(err)
		}
		return nil
	}
	fmt.Fprintf(b.out, "package %s, %s; %s\n%d samples of %s, one core with %s, peak %.3g GFLOP/s; loss and gradient take %s a sample\n", b.res.Module.Package, b.precision, b.weightsText(), x.table.Rows, x.from, ans.Level, greatest/1e9, pareto.Figure(pareto.Time, each))
	return b.printKernels("the gradient of "+r.Name, kernels)
}

// recipeBatch is a batch of the data of a recipe.
func (b *benching) recipeBatch(s *session, d *ir.DataSet) (*batch, error) {
	x := &batch{}
	if err := x.load(s, d.Name, ""); err != nil {
		return nil, err
	}
	if x.table.Rows == 0 {
		return nil, problems(errors.New(x.from + " has no samples"))
	}
	n := b.f.n
	if n == 0 {
		n = 512
	}
	x.spread(n)
	return x, x.encode()
}
