package command

import (
	"cmp"
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"
	"text/tabwriter"

	"ndec.dev/ndec/cmd/ndec/child"
	"ndec.dev/ndec/ir"
)

// summaryColumn is a column of the summary table: heading, and figure of a result with its spelling.
type summaryColumn struct {
	head  string
	value func(r *child.Trained) *float64
	text  func(x float64) string
	// trained marks a figure that is there after the first step.
	trained bool
}

func digits(format string) func(float64) string {
	return func(x float64) string { return fmt.Sprintf(format, x) }
}

// summaryColumns are the columns that the results have: figures of the test data where there are
// some, else of the training data.
func summaryColumns(results []*child.Trained) []summaryColumn {
	metrics, tested := map[string]bool{}, false
	for _, r := range results {
		for m := range r.Metrics {
			metrics[m] = true
		}
		tested = tested || r.Test != nil
	}
	cols := []summaryColumn{{"loss", func(r *child.Trained) *float64 { return r.Loss }, digits("%.4g"), true}}
	names := slices.Sorted(maps.Keys(metrics))
	if tested {
		cols = append(cols, summaryColumn{"test loss", func(r *child.Trained) *float64 {
			return testFigure(r, func(e *child.Evaluation) *float64 { return e.Loss })
		}, digits("%.4g"), true})
	}
	for _, m := range names {
		head, value := m, func(r *child.Trained) *float64 { return r.Metrics[m] }
		if tested {
			head = "test " + m
			value = func(r *child.Trained) *float64 {
				return testFigure(r, func(e *child.Evaluation) *float64 { return e.Metrics[m] })
			}
		}
		cols = append(cols, summaryColumn{head, value, digits("%.4f"), true})
	}
	nfe := func(r *child.Trained) *float64 {
		if r.Test != nil {
			return r.Test.NFE
		}
		return r.NFE
	}
	return append(cols,
		summaryColumn{"NFE", nfe, digits("%.1f"), true},
		summaryColumn{"steps", func(r *child.Trained) *float64 { x := float64(r.Steps); return &x }, digits("%.0f"), false},
		summaryColumn{"time", func(r *child.Trained) *float64 { return &r.Seconds }, digits("%.2fs"), false},
		summaryColumn{"parameters", func(r *child.Trained) *float64 { x := float64(r.Parameters); return &x }, digits("%.0f"), false},
	)
}

func testFigure(r *child.Trained, f func(*child.Evaluation) *float64) *float64 {
	if r.Test == nil {
		return nil
	}
	return f(r.Test)
}

// trialTable prints a row per result, and for several seeds the median of every column and the row of
// the seed that ended worst.
func (a *app) trialTable(m *ir.Module, _ string, trials []*trial, many bool) error {
	var results []*child.Trained
	for _, t := range trials {
		results = append(results, t.Recipes...)
	}
	if len(results) == 0 {
		return nil
	}
	cols := summaryColumns(results)
	tw := tabwriter.NewWriter(a.out, 0, 4, 2, ' ', 0)
	head := []string{"recipe"}
	if many {
		head = append(head, "seed")
	}
	for _, c := range cols {
		head = append(head, c.head)
	}
	fmt.Fprintln(tw, strings.Join(append(head, "run folder"), "\t"))
	row := func(first []string, r *child.Trained, last string) {
		for _, c := range cols {
			text := "-"
			if x := c.value(r); x != nil && (r.Steps > 0 || !c.trained) {
				text = c.text(*x)
			}
			first = append(first, text)
		}
		if r.Stopped != "done" {
			last = strings.TrimSpace(last + " (" + r.Stopped + ")")
		}
		fmt.Fprintln(tw, strings.Join(append(first, last), "\t"))
	}
	for _, t := range trials {
		for _, r := range t.Recipes {
			first := []string{r.Recipe}
			if many {
				first = append(first, fmt.Sprint(*t.Seed))
			}
			row(first, r, cmp.Or(t.RunDir, "-"))
		}
	}
	if many {
		for _, recipe := range m.Recipes {
			medianAndWorst(tw, cols, recipe.Name, trials, row)
		}
	}
	if err := flush(tw); err != nil {
		return err
	}
	if slices.ContainsFunc(results, func(r *child.Trained) bool { return r.Loss != nil && r.Steps > r.Epochs }) {
		fmt.Fprintln(a.out, "loss and metrics of mini-batches are those of the last one; ndec eval has them over all rows")
	}
	return nil
}

// medianAndWorst prints two rows about the seeds of a recipe. Worst is the greatest loss (on test data
// if there is some); a seed that failed is worse than any loss.
func medianAndWorst(tw *tabwriter.Writer, cols []summaryColumn, recipe string, trials []*trial, row func([]string, *child.Trained, string)) {
	badness := func(r *child.Trained) float64 {
		x := r.Loss
		if r.Test != nil {
			x = r.Test.Loss
		}
		if x == nil || r.Stopped == "failed" {
			return math.Inf(1)
		}
		return *x
	}
	var all []*child.Trained
	var worst *child.Trained
	var seed uint64
	for _, t := range trials {
		for _, r := range t.Recipes {
			if r.Recipe != recipe {
				continue
			}
			all = append(all, r)
			if worst == nil || badness(r) > badness(worst) {
				worst, seed = r, *t.Seed
			}
		}
	}
	if worst == nil {
		return
	}
	text := []string{recipe, "median"}
	for _, c := range cols {
		var xs []float64
		for _, r := range all {
			if x := c.value(r); x != nil {
				xs = append(xs, *x)
			}
		}
		if len(xs) == 0 {
			text = append(text, "-")
			continue
		}
		text = append(text, c.text(median(xs)))
	}
	fmt.Fprintln(tw, strings.Join(append(text, "-"), "\t"))
	row([]string{recipe, fmt.Sprintf("worst (%d)", seed)}, worst, "-")
}

func median(xs []float64) float64 {
	slices.Sort(xs)
	n := len(xs)
	return (xs[(n-1)/2] + xs[n/2]) / 2
}
