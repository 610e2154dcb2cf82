package command

import (
	"fmt"
	"regexp"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"ndec.dev/ndec/cmd/ndec/driver"
	"ndec.dev/ndec/ir"
	"ndec.dev/ndec/ir/diag"
)

var codePattern = regexp.MustCompile(`^(?i:NDE\d{4}|W\d{3,4})$`)

func (a *app) explainCommand() *cobra.Command {
	var dump string
	var cost, layout bool
	cmd := &cobra.Command{
		Use:   "explain CODE | explain FILE|DIR [--dump PHASE] [--cost] [--layout]",
		Short: "explain a diagnostic, or show the forms of a program",
		Long: `explain CODE prints the long text and an example of a diagnostic.
explain FILE --dump PHASE prints an intermediate form: ` + strings.Join(driver.Phases, ", ") + `, or opt:PASS.
explain FILE --cost prints parameters, multiply-adds, evaluations and bytes.
explain FILE --layout prints where each state of a solve and each parameter lies.`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if codePattern.MatchString(args[0]) {
				return a.explainCode(diag.Code(strings.ToUpper(args[0])))
			}
			s, err := load(args[0])
			if err != nil {
				return err
			}
			o, err := a.options()
			if err != nil {
				return err
			}
			if dump == "" && !cost && !layout {
				cost = true
			}
			if dump != "" {
				if !knownPhase(dump) {
					return usagef("--dump knows %s and opt:PASS, not %q", strings.Join(driver.Phases, ", "), dump)
				}
				o.Dump = []string{dump}
				if !strings.HasPrefix(dump, "opt:") {
					o.Until = dump
				}
				if dump == "prepare" {
					o.Until = "diff"
				}
			}
			if cost || layout {
				o.Until = ""
			}
			res, err := a.compile(s, o)
			if err != nil {
				return err
			}
			if dump != "" {
				text, ok := res.Dumps[dump]
				if !ok {
					return usagef("there is no pass %s", strings.TrimPrefix(dump, "opt:"))
				}
				fmt.Fprint(a.out, text)
			}
			if cost {
				a.printCost(res)
			}
			if layout {
				return a.printLayout(res)
			}
			return nil
		},
	}
	cmd.Flags().StringVar(&dump, "dump", "", "print the program after `PHASE`")
	cmd.Flags().BoolVar(&cost, "cost", false, "print parameters, multiply-adds, evaluations and bytes")
	cmd.Flags().BoolVar(&layout, "layout", false, "print where states and parameters lie")
	return cmd
}

// printLayout prints, for every solve, the places of its states and of what it passes along, and the places of
// the parameters in the flat vector of weights. Offsets count numbers from 0.
func (a *app) printLayout(res *driver.Result) error {
	m := res.Module
	tw := tabwriter.NewWriter(a.out, 0, 4, 2, ' ', 0)
	for _, s := range m.Solves {
		fmt.Fprintf(tw, "solve %s of %s with %s\n", s.Name, s.System, s.Method)
		fmt.Fprintf(tw, "  state\tshape\toffset\tcount\tin the error norm\n")
		off := 0
		for _, st := range s.States {
			fmt.Fprintf(tw, "  %s\t%s\t%d\t%d\t%v\n", st.Name, st.Type, off, st.Type.Len(), st.InNorm)
			off += st.Type.Len()
		}
		fmt.Fprintf(tw, "  total\t\t\t%d\t\n", off)
		for i, t := range s.Extras {
			fmt.Fprintf(tw, "  passed along %d\t%s\t\t%d\t\n", i, t, t.Len())
		}
		fmt.Fprintln(tw)
	}
	fmt.Fprintf(tw, "parameter\tshape\toffset\tcount\tof\n")
	off := 0
	for _, p := range m.Params {
		fmt.Fprintf(tw, "%s\t%s\t%d\t%d\t%s\n", p.Name, p.Type, off, p.Type.Len(), p.Net)
		off += p.Type.Len()
	}
	fmt.Fprintf(tw, "total\t\t\t%d\t\n", off)
	return flush(tw)
}

func knownPhase(name string) bool {
	for _, p := range driver.Phases {
		if p == name {
			return true
		}
	}
	return strings.HasPrefix(name, "opt:")
}

func (a *app) explainCode(code diag.Code) error {
	e, ok := diag.Lookup(code)
	if !ok {
		var names []string
		for _, e := range diag.All() {
			names = append(names, string(e.Code))
		}
		if s := diag.Suggest(string(code), names); s != "" {
			return problems(fmt.Errorf("there is no diagnostic %s; did you mean %s?", code, s))
		}
		return problems(fmt.Errorf("there is no diagnostic %s", code))
	}
	fmt.Fprintf(a.out, "%s: %s\n\n%s\n", e.Code, e.Title, strings.TrimSpace(e.Text))
	if e.Bad != "" {
		with := ""
		if e.Flags != "" {
			with = ", with " + e.Flags
		}
		fmt.Fprintf(a.out, "\nExample%s:\n\n%s\n", with, indent(e.Bad))
	}
	if e.Fixed != "" {
		fmt.Fprintf(a.out, "\nWrite instead:\n\n%s\n", indent(e.Fixed))
	}
	return nil
}

// indent sets a program in by a tab. Of one that is long to be wrong the beginning is enough.
func indent(s string) string {
	const lines, columns = 48, 120
	var b strings.Builder
	for i, line := range strings.Split(strings.TrimRight(s, "\n"), "\n") {
		if i == lines {
			b.WriteString("\t…\n")
			break
		}
		if r := []rune(line); len(r) > columns {
			line = string(r[:columns]) + " …"
		}
		b.WriteString("\t" + line + "\n")
	}
	return strings.TrimSuffix(b.String(), "\n")
}

func (a *app) printCost(res *driver.Result) {
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
	a.printSweeps(tw, res)
	tw.Flush()
}

// printSweeps says what the ways back through the solves cost, in time and memory of a worker.
func (a *app) printSweeps(tw *tabwriter.Writer, res *driver.Result) {
	if len(res.Plan.Revs) == 0 {
		return
	}
	fmt.Fprintf(tw, "\nway back\tsensitivity\tmultiply-adds/step\tof a step\tmemory\n")
	saved := map[string]int{}
	for _, c := range res.Plan.SolveCosts() {
		saved[c.Name] = c.SavedPerStep
	}
	for _, r := range res.Plan.Revs {
		s := r.Solve
		name := s.Sensitivity.Row
		if name == "" {
			name = "backprop"
		}
		step, back := res.Plan.Of(s.Step).Cost.MulAdds, res.Plan.Of(r.StepVJP).Cost.MulAdds
		memory := fmt.Sprintf("%d bytes a step", saved[s.Name])
		switch {
		case s.KeepEvery > 0:
			memory = fmt.Sprintf("16 bytes a step, %d every %d steps", saved[s.Name]-16, s.KeepEvery)
			back += step
		case s.KeepBytes > 0:
			memory = fmt.Sprintf("at most %d bytes", s.KeepBytes)
			back += step
		case s.Undo:
			memory = fmt.Sprintf("%d bytes in all", saved[s.Name]-16)
			if s.Adaptive {
				memory += ", 24 a step"
			}
			back += step
		}
		fmt.Fprintf(tw, "%s\t%s\t%d\t%.1f\t%s\n", r.Name, name, back, float64(back)/float64(max(step, 1)), memory)
	}
}
