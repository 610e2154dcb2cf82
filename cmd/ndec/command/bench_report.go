package command

import (
	"encoding/json"
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"
	"text/tabwriter"

	"ndec.dev/ndec/cmd/ndec/pareto"
	"ndec.dev/ndec/cmd/ndec/picture"
)

// paretoAnswer is what bench --pareto prints as JSON.
type paretoAnswer struct {
	Format    int            `json:"format"`
	Package   string         `json:"package"`
	Model     string         `json:"model"`
	Precision string         `json:"precision"`
	Weights   string         `json:"weights"`
	Sweeps    []*paretoSweep `json:"sweeps"` // one for every solver of the model
}

type paretoSweep struct {
	Solver    string          `json:"solver"` // what is replaced
	Samples   int             `json:"samples"`
	Data      string          `json:"data"`
	Reference paretoReference `json:"reference"`
	Points    []*paretoPoint  `json:"points"`
	Text      []string        `json:"text"`
	LeftOut   []string        `json:"left_out,omitempty"`
	Files     []string        `json:"files"`

	sweep  *sweepOf
	plain  []pareto.Point // the points for comparing
	fronts [pareto.NumAxes][]int
}

type paretoReference struct {
	Method    string  `json:"method"`
	Tolerance float64 `json:"tolerance"`
	Precision string  `json:"precision"`
	NFE       float64 `json:"nfe"`
	// Uncertainty is the greatest distance from the same at a tenth of the tolerance.
	Uncertainty *float64 `json:"uncertainty"`
	Failed      []int    `json:"failed"`
}

// paretoPoint is a solver with a setting.
type paretoPoint struct {
	Solver    string  `json:"solver"`
	Kind      string  `json:"kind"`
	Setting   string  `json:"setting"` // "" as declared
	Steps     int     `json:"steps,omitempty"`
	Tolerance float64 `json:"tolerance,omitempty"`
	work
	Time      spread              `json:"time"` // seconds of a sample in a batch on one core
	Error     *distances          `json:"error"`
	Metrics   map[string]*float64 `json:"metrics,omitempty"`
	Agreement *float64            `json:"agreement,omitempty"` // share of samples of the same class as the reference
	Front     []string            `json:"front"`               // costs by which nothing beats it

	kind pareto.Kind
}

// distances are the errors of the samples that were solved.
type distances struct {
	Median   float64 `json:"median"`
	Mean     float64 `json:"mean"`
	Worst    float64 `json:"worst"`
	WorstRow int     `json:"worst_row"`
}

// errorsOf sums errors up; nil where no sample was solved.
func errorsOf(errors []*float64, rows []int) *distances {
	var xs []float64
	d := &distances{}
	for i, e := range errors {
		if e == nil {
			continue
		}
		xs = append(xs, *e)
		if len(xs) == 1 || *e > d.Worst {
			d.Worst, d.WorstRow = *e, rows[i]
		}
	}
	if len(xs) == 0 {
		return nil
	}
	for _, x := range xs {
		d.Mean += x / float64(len(xs))
	}
	d.Median = median(xs)
	return d
}

// judge finds the fronts and the words.
func (s *paretoSweep) judge() {
	for _, p := range s.Points {
		q := pareto.Point{Solver: p.Solver, Setting: p.Setting, Kind: p.kind, Failed: len(p.Failed), Error: math.NaN(),
			Cost: [pareto.NumAxes]float64{p.NFE, p.MultiplyAdds, p.Time.Least}}
		if p.Error != nil {
			q.Error = p.Error.Median
		}
		s.plain = append(s.plain, q)
		p.Front = []string{}
	}
	for axis := range pareto.NumAxes {
		s.fronts[axis] = pareto.Front(s.plain, axis)
		for _, i := range s.fronts[axis] {
			s.Points[i].Front = append(s.Points[i].Front, axis.Key())
		}
	}
	s.Text = pareto.Words(s.plain)
}

// shown are the points of the table: all of them with -v, else those on a front and what is declared.
func (s *paretoSweep) shown(all bool) []int {
	var out []int
	for i, p := range s.Points {
		if all || len(p.Front) > 0 || p.Setting == "" {
			out = append(out, i)
		}
	}
	return out
}

func (b *benching) printPareto(ans *paretoAnswer) error {
	if b.json {
		if err := json.NewEncoder(b.out).Encode(ans); err != nil {
			return internal(err)
		}
		return nil
	}
	fmt.Fprintf(b.out, "model %s of package %s, %s; %s\n", ans.Model, ans.Package, ans.Precision, ans.Weights)
	for _, s := range ans.Sweeps {
		if err := b.printSweep(s); err != nil {
			return err
		}
	}
	return nil
}

func (b *benching) printSweep(s *paretoSweep) error {
	ref := &s.Reference
	fmt.Fprintf(b.out, "solver %s replaced; %d samples of %s; errors against %s at %s in float64 (%.4g evaluations", s.Solver, s.Samples, s.Data, ref.Method, tolText(ref.Tolerance), ref.NFE)
	if ref.Uncertainty != nil {
		fmt.Fprintf(b.out, ", itself good to %.0e", *ref.Uncertainty)
	}
	fmt.Fprintln(b.out, ")")
	if len(ref.Failed) > 0 {
		fmt.Fprintf(b.out, "the reference fails on %s, which are left out\n", failedText(ref.Failed))
	}
	for _, text := range s.LeftOut {
		fmt.Fprintf(b.out, "left out: %s\n", text)
	}
	if len(s.Points) > 0 {
		fmt.Fprintf(b.out, "time of a sample in a batch on one core: the least of %d rounds, which is what is compared, and the median ± half the distance of the quartiles\n\n", s.Points[0].Time.Rounds)
	}
	var metrics []string
	agree := false
	for _, p := range s.Points {
		metrics, agree = slices.Sorted(maps.Keys(p.Metrics)), p.Agreement != nil
	}
	tw := tabwriter.NewWriter(b.out, 0, 4, 2, ' ', 0)
	head := []string{"solver", "", "NFE", "multiply-adds", "time", "median", "median error", "mean", "worst"}
	head = append(head, metrics...)
	if agree {
		head = append(head, "same class")
	}
	fmt.Fprintln(tw, strings.Join(append(head, "failed", "front"), "\t"))
	shown := s.shown(b.verbose)
	for _, i := range shown {
		p := s.Points[i]
		line := []string{p.Solver, p.settingText(), fmt.Sprintf("%.4g", p.NFE), pareto.Figure(pareto.MultiplyAdds, p.MultiplyAdds), pareto.Figure(pareto.Time, p.Time.Least), p.Time.String()}
		if p.Error == nil {
			line = append(line, "-", "-", "-")
		} else {
			line = append(line, fmt.Sprintf("%.2e", p.Error.Median), fmt.Sprintf("%.2e", p.Error.Mean), fmt.Sprintf("%.2e", p.Error.Worst))
		}
		for _, m := range metrics {
			line = append(line, figure6(p.Metrics[m]))
		}
		if agree {
			line = append(line, fmt.Sprintf("%.2f %%", 100**p.Agreement))
		}
		fmt.Fprintln(tw, strings.Join(append(line, failedText(p.Failed), strings.Join(p.Front, " ")), "\t"))
	}
	if err := flush(tw); err != nil {
		return err
	}
	if hidden := len(s.Points) - len(shown); hidden > 0 {
		fmt.Fprintf(b.out, "%d more settings are on no front; -v shows them\n", hidden)
	}
	fmt.Fprintln(b.out)
	for _, text := range s.Text {
		fmt.Fprintln(b.out, text)
	}
	fmt.Fprintf(b.out, "\npicture: %s\n", strings.Join(s.Files, " "))
	return nil
}

// settingText is the setting of a point for people.
func (p *paretoPoint) settingText() string {
	switch {
	case p.Setting != "":
		return p.Setting
	case p.Steps > 0:
		return fmt.Sprintf("declared, steps: %d", p.Steps)
	case p.Tolerance > 0:
		return fmt.Sprintf("declared, rtol: %s", tolText(p.Tolerance))
	}
	return "declared"
}

// tolText spells a tolerance, 1e-4 rather than 0.0001.
func tolText(x float64) string {
	if e := math.Log10(x); math.Abs(e-math.Round(e)) < 1e-9 {
		return fmt.Sprintf("1e%.0f", e)
	}
	return fmt.Sprintf("%g", x)
}

// drawPareto draws the error against every cost that is not nothing.
func drawPareto(path, model string, s *paretoSweep) ([]string, error) {
	var panels []picture.Panel
	for axis := range pareto.NumAxes {
		unit := 1.0
		label := axis.String() + " per sample"
		if axis == pareto.Time {
			unit, label = 1e6, "time per sample, µs"
		}
		panel := picture.Panel{XLabel: label}
		at := map[string]int{}
		for i := range s.plain {
			p := &s.plain[i]
			if p.Failed > 0 {
				continue
			}
			k, ok := at[p.Solver]
			if !ok {
				k = len(panel.Curves)
				at[p.Solver] = k
				panel.Curves = append(panel.Curves, picture.Curve{Series: picture.Series{Name: p.Solver}, Strong: p.Kind == pareto.Hypersolver})
			}
			c := &panel.Curves[k]
			c.X, c.Y = append(c.X, p.Cost[axis]*unit), append(c.Y, p.Error)
		}
		for _, i := range s.fronts[axis] {
			panel.Front.X, panel.Front.Y = append(panel.Front.X, s.plain[i].Cost[axis]*unit), append(panel.Front.Y, s.plain[i].Error)
		}
		panels = append(panels, panel)
	}
	title := fmt.Sprintf("%s: error of the end state against cost (%d samples)", model, s.Samples)
	return picture.Costs(title, "median error", panels).Save(path, picture.Formats...)
}
