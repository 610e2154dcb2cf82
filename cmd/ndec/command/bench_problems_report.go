package command

import (
	"encoding/json"
	"fmt"
	"math"
	"path/filepath"
	"strings"
	"text/tabwriter"

	"ndec.dev/ndec/cmd/ndec/pareto"
	"ndec.dev/ndec/cmd/ndec/picture"
)

// draw draws the work-precision diagram: the error against evaluations and against time.
func (a *problemAnswer) draw(path string) ([]string, error) {
	var panels []picture.Panel
	methods, of := a.curves()
	for _, axis := range problemAxes {
		unit := 1.0
		panel := picture.Panel{XLabel: "evaluations of the field"}
		if axis == pareto.Time {
			unit, panel.XLabel = 1e6, "time, µs"
		}
		add := func(s *picture.Series, i int) {
			s.X, s.Y = append(s.X, a.plain[i].Cost[axis]*unit), append(s.Y, a.plain[i].Error)
		}
		for _, m := range methods {
			c := picture.Curve{Series: picture.Series{Name: m}}
			for _, i := range of[m] {
				add(&c.Series, i)
			}
			panel.Curves = append(panel.Curves, c)
		}
		for _, i := range a.fronts[axis] {
			add(&panel.Front, i)
		}
		panels = append(panels, panel)
	}
	return picture.Costs(a.Name+": error of the end value against cost", "error", panels).Save(path, picture.Formats...)
}

func (b *benching) printProblems(ans *problemsAnswer, page string) error {
	if b.json {
		if err := json.NewEncoder(b.out).Encode(ans); err != nil {
			return internal(err)
		}
		return nil
	}
	for i, p := range ans.Problems {
		if i > 0 {
			fmt.Fprintln(b.out)
		}
		fmt.Fprintf(b.out, "%s: %d components from %g to %g (%s)\n", p.Name, p.Components, p.T0, p.T1, p.Source)
		for _, text := range p.LeftOut {
			fmt.Fprintf(b.out, "left out: %s\n", text)
		}
		fmt.Fprintln(b.out)
		tw := tabwriter.NewWriter(b.out, 0, 4, 2, ' ', 0)
		fmt.Fprintln(tw, "method\t\tevaluations\taccepted\trejected\ttime\terror\tfront")
		hidden := 0
		for _, r := range p.Rows {
			if !b.verbose && len(r.Front) == 0 {
				hidden++
				continue
			}
			text := r.Status
			if r.Error != nil {
				text = fmt.Sprintf("%.2e", *r.Error)
			}
			fmt.Fprintf(tw, "%s\t%s\t%d\t%d\t%d\t%s\t%s\t%s\n", r.Method, r.Setting, r.NFE, r.Accepted, r.Rejected, pareto.Figure(pareto.Time, r.Time), text, strings.Join(r.Front, " "))
		}
		if err := flush(tw); err != nil {
			return err
		}
		if hidden > 0 {
			fmt.Fprintf(b.out, "%d more settings are on no front; -v shows them\n", hidden)
		}
		for _, text := range p.Text {
			fmt.Fprintln(b.out, text)
		}
		fmt.Fprintf(b.out, "picture: %s\n", strings.Join(p.Files, " "))
	}
	fmt.Fprintf(b.out, "\npage: %s\n", page)
	return nil
}

// page shows the diagrams, and who needs least where.
func (ans *problemsAnswer) page(methods []string) string {
	var b strings.Builder
	fmt.Fprintf(&b, "# Work and precision\n\n<!-- Written by ndec bench --problems; do not edit. -->\n\n"+
		"Error against cost of %s, in plain Go (`rt.Solve`), on %d problems of `rt/ivp`: embedded methods with rtol = atol from 1e-2 to 1e-13, others over steps of given length. The error is the largest of a component at the end, relative to the largest component of\n"+
		"start and end. Evaluations are the same on every machine; times are of one machine (%s, %s), the least of several rounds in turn. A setting that needs more than 200,000 evaluations is left out.\n\n"+
		"What needs the fewest evaluations for an error below\n\n| problem |", strings.Join(methods, ", "), len(ans.Problems), ans.Platform, ans.Go)
	for k := range problemAccuracy {
		fmt.Fprintf(&b, " %s |", tolText(math.Pow(10, -3*float64(k+1))))
	}
	b.WriteString("\n|---|" + strings.Repeat("---|", problemAccuracy) + "\n")
	for _, p := range ans.Problems {
		fmt.Fprintf(&b, "| %s |", p.Name)
		for k := range problemAccuracy {
			text := "-"
			if i := p.least(pareto.Evaluations, math.Pow(10, -3*float64(k+1))); i >= 0 {
				text = fmt.Sprintf("%s, %s", p.Rows[i].Method, pareto.Figure(pareto.Evaluations, p.plain[i].Cost[pareto.Evaluations]))
			}
			fmt.Fprintf(&b, " %s |", text)
		}
		b.WriteString("\n")
	}
	for _, p := range ans.Problems {
		fmt.Fprintf(&b, "\n## %s\n\n%d components, from %g to %g. %s.\n\n![error of %s against evaluations and time](%s.png)\n", p.Name, p.Components, p.T0, p.T1, strings.ReplaceAll(p.Source, "|", "\\|"), p.Name, filepath.Base(p.Name))
		for _, text := range p.Text {
			fmt.Fprintf(&b, "\n- %s", text)
		}
		b.WriteString("\n")
	}
	return b.String()
}
