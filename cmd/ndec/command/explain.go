package command

import (
	"fmt"
	"regexp"
	"slices"
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
				o.Dir = s.abs
				sensitivities, ds := driver.Sensitivities(s.files, o)
				if err := a.report(ds, s); err != nil {
					return err
				}
				a.printCost(res, sensitivities)
				kernels := res
				if slices.ContainsFunc(res.Module.Recipes, func(r *ir.Recipe) bool { return r.Pull != nil }) {
					o.CUDA = true // with kernels, gradients go another way
					if other, ds := driver.Compile(s.files, o); !ds.HasErrors() {
						kernels = other
					}
				}
				a.printKernels(kernels)
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
