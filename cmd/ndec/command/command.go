// Package command is the ndec program: one file per command, exit codes, printing. The work is
// done by driver (compiling) and child (running what was emitted).
package command

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime/debug"
	"strings"

	"github.com/spf13/cobra"
	"golang.org/x/term"

	"ndec.dev/ndec/cmd/ndec/driver"
	"ndec.dev/ndec/ir/diag"
)

// Exit codes of every command.
const (
	exitOK          = 0
	exitProblems    = 1 // the input has problems
	exitUsage       = 2
	exitInternal    = 3 // internal or I/O error
	exitInterrupted = 4 // interrupted and resumable
)

// exitError is an error with its exit code. An empty text means that everything was said already.
type exitError struct {
	code int
	err  error
}

func (e *exitError) Error() string {
	if e.err == nil {
		return ""
	}
	return e.err.Error()
}
func (e *exitError) Unwrap() error { return e.err }

func problems(err error) error        { return &exitError{exitProblems, err} }
func usagef(f string, a ...any) error { return &exitError{exitUsage, fmt.Errorf(f, a...)} }
func internal(err error) error        { return &exitError{exitInternal, err} }

// app holds the streams and the flags that all commands share.
type app struct {
	in        io.Reader
	out, err  io.Writer
	dir       string
	json      bool
	quiet     bool
	verbose   bool
	precision string
	set       []string
	device    string
}

// Run is the program: it parses args, runs a command and gives the exit code.
func Run(args []string, in io.Reader, out, errw io.Writer) (code int) {
	defer func() {
		if r := recover(); r != nil {
			fmt.Fprintf(errw, "ndec: this is a bug, please report it: %v\n%s", r, debug.Stack())
			code = exitInternal
		}
	}()
	a := &app{in: in, out: out, err: errw}
	root := a.root()
	root.SetArgs(args)
	root.SetIn(in)
	root.SetOut(out)
	root.SetErr(errw)
	cmd, err := root.ExecuteC()
	if err == nil {
		return exitOK
	}
	var ee *exitError
	if !errors.As(err, &ee) {
		// What cobra found: unknown commands and flags, wrong numbers of arguments.
		fmt.Fprintf(errw, "ndec: %v\n", err)
		if cmd != nil {
			fmt.Fprintf(errw, "usage: %s\n", cmd.UseLine())
		}
		return exitUsage
	}
	if text := ee.Error(); text != "" {
		fmt.Fprintf(errw, "ndec: %s\n", text)
	}
	return ee.code
}

func (a *app) root() *cobra.Command {
	root := &cobra.Command{
		Use:   "ndec COMMAND",
		Short: "the model compiler for neural differential equations",
		Long: `ndec compiles models written in .nde files to Go: it checks them, differentiates them at
compile time, fuses the solver with the network, and trains and runs what it emitted.`,
		SilenceErrors: true,
		SilenceUsage:  true,
		PersistentPreRunE: func(*cobra.Command, []string) error {
			if a.dir != "" {
				if err := os.Chdir(a.dir); err != nil {
					return internal(err)
				}
			}
			if a.precision != "f32" && a.precision != "f64" {
				return usagef("--precision is f32 or f64, not %q", a.precision)
			}
			return nil
		},
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := cmd.Help(); err != nil {
				return internal(err)
			}
			return &exitError{code: exitUsage}
		},
	}
	f := root.PersistentFlags()
	f.StringVarP(&a.dir, "directory", "C", "", "change to `dir` before doing anything")
	f.BoolVar(&a.json, "json", false, "machine-readable results on stdout")
	f.BoolVarP(&a.quiet, "quiet", "q", false, "no progress")
	f.BoolVarP(&a.verbose, "verbose", "v", false, "say more")
	f.StringVar(&a.precision, "precision", "f32", "of real numbers: f32 or f64")
	f.StringArrayVar(&a.set, "set", nil, "override a constant or a recipe key: `NAME=VALUE`")
	root.AddCommand(a.buildCommand(), a.checkCommand(), a.vetCommand(), a.fmtCommand(), a.explainCommand(), a.trainCommand(), a.runCommand(), a.plotCommand(), a.gradCommand(), a.evalCommand(), a.benchCommand(), a.testCommand(), a.versionCommand())
	return root
}

// source is a package of .nde files: all files of one folder.
type source struct {
	dir   string
	abs   string            // dir from the root
	files map[string]string // by name: a base name, or that from dir of a file of an imported folder
}

// load finds the package that a path means: a folder, or the folder of a file.
func load(path string) (*source, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, problems(err)
	}
	dir := path
	if !info.IsDir() {
		if filepath.Ext(path) != ".nde" {
			return nil, problems(fmt.Errorf("%s is no .nde file", path))
		}
		dir = filepath.Dir(path)
	}
	abs, err := filepath.Abs(dir)
	if err != nil {
		return nil, internal(err)
	}
	files, err := driver.Load(abs)
	if err != nil {
		return nil, internal(err)
	}
	if len(files) == 0 {
		return nil, problems(fmt.Errorf("no .nde files in %s", dir))
	}
	return &source{dir: dir, abs: abs, files: files}, nil
}

// loadAll finds the packages that the arguments mean; "dir/..." walks; none means ".".
func loadAll(args []string) ([]*source, error) {
	if len(args) == 0 {
		args = []string{"."}
	}
	seen := map[string]bool{}
	var out []*source
	add := func(p string) error {
		s, err := load(p)
		if err != nil {
			return err
		}
		abs, err := filepath.Abs(s.dir)
		if err != nil {
			return internal(err)
		}
		if !seen[abs] {
			seen[abs] = true
			out = append(out, s)
		}
		return nil
	}
	for _, arg := range args {
		root, walk := strings.CutSuffix(arg, "...")
		if !walk {
			if err := add(arg); err != nil {
				return nil, err
			}
			continue
		}
		found := false
		err := filepath.WalkDir(filepath.Clean(root+"."), func(p string, d os.DirEntry, err error) error {
			if err != nil {
				return err
			}
			if d.IsDir() && (d.Name() == "testdata" || d.Name() == "runs" || (strings.HasPrefix(d.Name(), ".") && len(d.Name()) > 2)) {
				return filepath.SkipDir
			}
			if !d.IsDir() && filepath.Ext(p) == ".nde" {
				found = true
				return add(p)
			}
			return nil
		})
		if err != nil {
			return nil, err
		}
		if !found {
			return nil, problems(fmt.Errorf("no .nde files below %s", arg))
		}
	}
	return out, nil
}

// options are the driver's options from the common flags.
func (a *app) options() (driver.Options, error) {
	o := driver.Options{Precision: a.precision, Unverified: true, Set: map[string]string{}}
	if err := a.checkDevice(); err != nil {
		return o, err
	}
	a.target(&o, a.onDevice())
	o.Tiles = os.Getenv("NDEC_CPU") == "amx" // which programs that are run at once are made for
	for _, s := range a.set {
		k, v, ok := strings.Cut(s, "=")
		if !ok || k == "" {
			return o, usagef("--set wants NAME=VALUE, not %q", s)
		}
		o.Set[k] = v
	}
	return o, nil
}

// report prints diagnostics and says, as an error, that there were some.
func (a *app) report(ds diag.List, s *source) error {
	if len(ds) == 0 {
		return nil
	}
	ds, files := s.located(ds)
	if a.json {
		if err := diag.RenderJSON(a.out, ds); err != nil {
			return internal(err)
		}
	} else {
		a.render(ds, files)
	}
	if !ds.HasErrors() {
		return nil
	}
	for _, d := range ds {
		if d.Code == driver.BugCode {
			return &exitError{code: exitInternal}
		}
	}
	return &exitError{code: exitProblems}
}

// located gives diagnostics the paths that the files have from where the user stands, so that editors
// find them, and the texts by these paths. The compiler knows base names only, which keeps what it
// emits independent of the place.
func (s *source) located(ds diag.List) (diag.List, map[string]string) {
	path := func(name string) string { return filepath.Join(s.dir, name) }
	files := map[string]string{}
	for name, text := range s.files {
		files[path(name)] = text
	}
	move := func(at *diag.Span) {
		if at.Start.File != "" && s.files[at.Start.File] != "" {
			at.Start.File, at.End.File = path(at.Start.File), path(at.Start.File)
		}
	}
	out := make(diag.List, len(ds))
	for i, d := range ds {
		d.Notes = append([]diag.Note(nil), d.Notes...)
		move(&d.Span)
		for k := range d.Notes {
			move(&d.Notes[k].Span)
		}
		d.Fix = append([]diag.Edit(nil), d.Fix...)
		for k := range d.Fix {
			move(&d.Fix[k].Span)
		}
		out[i] = d
	}
	return out, files
}

// compile runs the driver on a package and reports what it finds.
func (a *app) compile(s *source, o driver.Options) (*driver.Result, error) {
	o.Dir = s.abs
	res, ds := driver.Compile(s.files, o)
	return res, a.report(ds, s)
}

func isTerminal(w io.Writer) bool {
	f, ok := w.(*os.File)
	return ok && term.IsTerminal(int(f.Fd()))
}

// render prints diagnostics with their source lines.
func (a *app) render(ds diag.List, files map[string]string) {
	diag.Render(a.err, ds, diag.Options{Colour: isTerminal(a.err), Source: func(name string) (string, bool) {
		text, ok := files[name]
		return text, ok
	}})
}
