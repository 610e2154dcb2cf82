package command

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	textdiff "github.com/rogpeppe/go-internal/diff"
	"github.com/spf13/cobra"

	"ndec.dev/ndec/cmd/ndec/driver"
	"ndec.dev/ndec/dsl/syntax"
	"ndec.dev/ndec/ir/diag"
)

func (a *app) checkCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "check [FILE|DIR]...",
		Short: "report the errors of a program",
		Long: `check reports errors, at most one for a line. With --json each comes with its place and, where the
compiler knows what to write instead, a fix: edits that replace the bytes from start up to end of a file.`,
		RunE: func(cmd *cobra.Command, args []string) error { return a.check(args, false, false) },
	}
}

func (a *app) vetCommand() *cobra.Command {
	cost := false
	cmd := &cobra.Command{
		Use:   "vet [FILE|DIR]...",
		Short: "report what is probably a mistake",
		Long: `vet reports, besides errors, what compiles and is probably not meant: names that nobody reads,
parameters that nothing trains, solvers that fight their system, figures that flatter. The exit code is 1
when there is anything to report; --cost looks at what solves cost as well. The comment
	//nde:ignore W1203 reason
on the line of a warning or above it silences the warning. ndec explain W1203 says more about one.`,
		RunE: func(cmd *cobra.Command, args []string) error { return a.check(args, true, cost) },
	}
	cmd.Flags().BoolVar(&cost, "cost", false, "report what costs much more than the rest, too")
	return cmd
}

// check compiles packages as far as the rules of the language reach.
func (a *app) check(args []string, vet, cost bool) error {
	srcs, err := loadAll(args)
	if err != nil {
		return err
	}
	o, err := a.options()
	if err != nil {
		return err
	}
	o.Until = "diff" // some rules are rules over the IR
	o.Vet = vet
	if o.Costs = cost; cost {
		o.Until = "plan"
	}
	var failed error
	for _, s := range srcs {
		o.Dir = s.abs
		_, ds := driver.Compile(s.files, o)
		if a.json && len(ds) == 0 {
			if err := diag.RenderJSON(a.out, ds); err != nil { // one object for each package
				return internal(err)
			}
		}
		if err := a.report(ds, s); err != nil {
			failed = err
		} else if vet && len(ds) > 0 && failed == nil {
			failed = &exitError{code: exitProblems}
		}
	}
	return failed
}

func (a *app) fmtCommand() *cobra.Command {
	var list, diff, write bool
	cmd := &cobra.Command{
		Use:   "fmt [-l] [-d] [-w] FILE|DIR|-...",
		Short: "print programs in their one canonical form",
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) == 0 {
				args = []string{"."}
			}
			differs := false
			one := func(name string, src []byte) error {
				out, ds := syntax.Format(name, src)
				if ds.HasErrors() {
					a.render(ds, map[string]string{name: string(src)})
					return &exitError{code: exitProblems}
				}
				same := bytes.Equal(out, src)
				if !same && list {
					fmt.Fprintln(a.out, name)
				}
				if !same && diff {
					a.out.Write(textdiff.Diff(name, src, name+" (formatted)", out))
				}
				differs = differs || (!same && (list || diff) && !write)
				if !same && write && name != "-" {
					return replaceFile(name, out)
				}
				if !list && !diff && !write {
					if _, err := a.out.Write(out); err != nil {
						return internal(err)
					}
				}
				return nil
			}
			for _, arg := range args {
				if arg == "-" {
					src, err := io.ReadAll(a.in)
					if err != nil {
						return internal(err)
					}
					if err := one("-", src); err != nil {
						return err
					}
					continue
				}
				var names []string
				if info, err := os.Stat(arg); err == nil && !info.IsDir() {
					names = []string{arg}
				} else {
					srcs, err := loadAll([]string{arg})
					if err != nil {
						return err
					}
					for _, s := range srcs {
						found, err := filepath.Glob(filepath.Join(s.dir, "*.nde"))
						if err != nil {
							return internal(err)
						}
						names = append(names, found...)
					}
				}
				for _, n := range names {
					src, err := driver.ReadFile(n)
					if err != nil {
						return internal(err)
					}
					if err := one(n, src); err != nil {
						return err
					}
				}
			}
			if differs {
				return &exitError{code: exitProblems}
			}
			return nil
		},
	}
	cmd.Flags().BoolVarP(&list, "list", "l", false, "list files that differ")
	cmd.Flags().BoolVarP(&diff, "diff", "d", false, "print the differences")
	cmd.Flags().BoolVarP(&write, "write", "w", false, "write the files")
	return cmd
}

// replaceFile writes through a temporary name, so that the old file stays whole on failure.
func replaceFile(name string, text []byte) error {
	tmp, err := os.CreateTemp(filepath.Dir(name), "."+strings.TrimPrefix(filepath.Base(name), ".")+".*")
	if err != nil {
		return internal(err)
	}
	defer os.Remove(tmp.Name())
	_, err = tmp.Write(text)
	if info, serr := os.Stat(name); err == nil && serr == nil {
		err = tmp.Chmod(info.Mode().Perm())
	}
	if cerr := tmp.Close(); err == nil {
		err = cerr
	}
	if err == nil {
		err = os.Rename(tmp.Name(), name)
	}
	if err != nil {
		return internal(err)
	}
	return nil
}
