package command

import (
	"encoding/json"
	"fmt"
	"math"
	"path/filepath"
	"text/tabwriter"
	"time"

	"ndec.dev/ndec/cmd/ndec/driver"
	"ndec.dev/ndec/ir"
	"ndec.dev/ndec/rt"
)

// printCost says what parameters, solves and their ways back cost.
func (a *app) printCost(res *driver.Result, sensitivities []driver.SensitivityCost) {
	m := res.Module
	tw := tabwriter.NewWriter(a.out, 0, 4, 2, ' ', 0)
	fmt.Fprintf(tw, "parameter\tshape\tcount\n")
	total := 0
	perNet := map[string]int{}
	for i, p := range m.Params {
		fmt.Fprintf(tw, "%s\t%s\t%d\n", p.Name, p.Type, p.Type.Len())
		total += p.Type.Len()
		perNet[p.Net] += p.Type.Len()
		if i+1 == len(m.Params) || m.Params[i+1].Net != p.Net {
			fmt.Fprintf(tw, "  %s together\t\t%d\n", p.Net, perNet[p.Net])
		}
	}
	width := 4
	if m.Real == ir.F64 {
		width = 8
	}
	fmt.Fprintf(tw, "total\t%s\t%d (%d bytes)\n\n", m.Real, total, total*width)
	fmt.Fprintf(tw, "solve\twhere\tmethod\tstate\tevals/step\tsteps\tmultiply-adds/eval\t/step\ttranscendental/eval\tsaved bytes/step\tin all: evals\tmultiply-adds\tsaved bytes\n")
	for _, c := range res.Plan.SolveCosts() {
		steps := "adaptive"
		if !c.Adaptive {
			steps = fmt.Sprint(c.Steps)
			if c.Steps == 0 {
				steps = "by length"
			}
		}
		// Known exactly where the number of steps is.
		all := "\t\t"
		if !c.Adaptive && c.Steps > 0 {
			all = fmt.Sprintf("%d\t%d\t%d", c.Steps*c.Evals, c.Steps*c.PerStep.MulAdds, c.Steps*c.SavedPerStep)
		}
		fmt.Fprintf(tw, "%s\t%s\t%s\t%d\t%d\t%s\t%d\t%d\t%d\t%d\t%s\n", c.Name, c.Where, c.Method, c.State, c.Evals, steps, c.PerEval.MulAdds, c.PerStep.MulAdds, c.PerEval.Trans, c.SavedPerStep, all)
	}
	a.printRates(tw, res)
	a.printHypers(tw, res)
	a.printSensitivities(tw, sensitivities)
	fmt.Fprintf(tw, "\nsamples of\trun in\twhy\n")
	for _, s := range res.Schedules() {
		fmt.Fprintf(tw, "%s\t%s\t%s\n", s.Name, s.How, s.Why)
	}
	a.printLastRun(tw, res)
	tw.Flush()
}

// printRates says how often what changes.
func (a *app) printRates(tw *tabwriter.Writer, res *driver.Result) {
	for i, c := range res.Plan.RateCosts() {
		if i == 0 {
			fmt.Fprintf(tw, "\nchanges once in\tthe same for\toperators\tmultiply-adds\telement-wise\ttranscendental\n")
		}
		whom := "all samples"
		if c.Rate.PerSample {
			whom = "one sample"
		}
		fmt.Fprintf(tw, "%s\t%s\t%d\t%d\t%d\t%d\n", c.Region, whom, c.Operators, c.Cost.MulAdds, c.Cost.Elem, c.Cost.Trans)
	}
}

// printHypers says what residuals cost beside their bases, and at how many steps of the base alone the whole is even.
func (a *app) printHypers(tw *tabwriter.Writer, res *driver.Result) {
	for i, h := range res.HyperCosts() {
		if i == 0 {
			fmt.Fprintf(tw, "\nhypersolver\tbase\tbase: evals/step\tmultiply-adds/step\tresidual: multiply-adds/step\ttranscendental/step\teven with the base at\n")
		}
		even := fmt.Sprintf("%.2f times the steps", h.Over)
		if h.Steps > 0 {
			even = fmt.Sprintf("%.0f steps for its %d", math.Ceil(h.Over*float64(h.Steps)), h.Steps)
		}
		fmt.Fprintf(tw, "%s\t%s\t%d\t%d\t%d\t%d\t%s\n", h.Name, h.Method, h.Evals, h.Evals*h.PerEval.MulAdds, h.MulAdds, h.Trans, even)
	}
}

// printLastRun gives averages of the last run of the package in runs, if there is one.
func (a *app) printLastRun(tw *tabwriter.Writer, res *driver.Result) {
	dir, err := oldRunFolder("last", res.Program.Package)
	if err != nil {
		return
	}
	head := false
	for _, r := range res.Module.Recipes {
		text, err := driver.ReadFile(filepath.Join(dir, r.Name, "summary.json"))
		if err != nil {
			continue // not trained in that run
		}
		var s rt.TrainResult
		if json.Unmarshal(text, &s) != nil || s.Steps == 0 {
			continue
		}
		if !head {
			head = true
			fmt.Fprintf(tw, "\nin %s\tevals/sample\tof the way back\tsteps\ttime/step\n", dir)
		}
		fmt.Fprintf(tw, "%s\t%.1f\t%.1f\t%d\t%s\n", r.Name, s.NFE, s.BackwardNFE, s.Steps, time.Duration(s.Seconds/float64(s.Steps)*1e9).Round(time.Microsecond))
	}
}

// printSensitivities says what the gradient through each solve costs by every sensitivity, in time and memory of a worker.
func (a *app) printSensitivities(tw *tabwriter.Writer, costs []driver.SensitivityCost) {
	solve := ""
	for _, c := range costs {
		if c.Solve != solve {
			solve = c.Solve
			fmt.Fprintf(tw, "\ngradient through %s\t%s\tmultiply-adds/step\tof the way back\ttime of loss and gradient\tmemory\n", c.Solve, c.Where)
		}
		name := c.Sensitivity
		if c.InUse {
			name += " (in use)"
		}
		if c.Refused != "" {
			fmt.Fprintf(tw, "%s\trefused: %s\n", name, c.Refused)
			continue
		}
		fmt.Fprintf(tw, "%s\t\t%d\t%d\t%.1f solves\t%s\n", name, c.Step.MulAdds, c.Back.MulAdds, c.Gradient(), memoryText(c))
	}
}

// memoryText says what a worker keeps.
func memoryText(c driver.SensitivityCost) string {
	all := ""
	if n := c.Memory(); n > 0 && c.Bound == 0 {
		all = fmt.Sprintf("%d bytes: ", n)
	}
	switch {
	case c.Bound > 0:
		return fmt.Sprintf("at most %d bytes", c.Bound)
	case c.EveryNth > 0:
		return fmt.Sprintf("%s%d a step, %d more for every %dth and each between two of them", all, c.Bytes, c.SomeBytes, c.EveryNth)
	case c.Bytes > 0:
		return fmt.Sprintf("%s%d a step", all, c.Bytes)
	}
	return "none that grows with steps"
}
