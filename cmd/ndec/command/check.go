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

	"ndec.dev/ndec/dsl/syntax"
)

func (a *app) checkCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "check [FILE|DIR]...",
		Short: "report the errors of a program",
		RunE: func(cmd *cobra.Command, args []string) error {
			srcs, err := loadAll(args)
			if err != nil {
				return err
			}
			o, err := a.options()
			if err != nil {
				return err
			}
			o.Until = "diff" // some rules are rules over the IR
			var failed error
			for _, s := range srcs {
				if _, err := a.compile(s, o); err != nil {
					failed = err
				}
			}
			return failed
		},
	}
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
					src, err := os.ReadFile(n)
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
