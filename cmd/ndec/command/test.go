package command

import (
	"encoding/json"
	"fmt"
	"math"
	"path/filepath"
	"slices"

	"github.com/spf13/cobra"

	"ndec.dev/ndec/cmd/ndec/driver"
	"ndec.dev/ndec/dsl/sema"
	"ndec.dev/ndec/ir"
	"ndec.dev/ndec/ir/interp"
	"ndec.dev/ndec/rt"
)

// testAnswer is what test prints with --json.
type testAnswer struct {
	Format int          `json:"format"`
	Tests  []testResult `json:"tests"`
}

// testResult is what came of one test.
type testResult struct {
	Name   string        `json:"name"`
	At     string        `json:"at"`
	OK     bool          `json:"ok"`
	Error  string        `json:"error,omitempty"` // a solve that failed
	Checks []checkResult `json:"checks"`
}

// checkResult is what came of one check; Left and Right are the sides of a comparison of scalars, null where
// they are not finite.
type checkResult struct {
	At    string   `json:"at"`
	Text  string   `json:"check"`
	OK    bool     `json:"ok"`
	Left  *float64 `json:"left,omitempty"`
	Right *float64 `json:"right,omitempty"`

	compares    string
	left, right float64
}

func (a *app) testCommand() *cobra.Command {
	var backend string
	var only []string
	cmd := &cobra.Command{
		Use:   "test [FILE|DIR]...",
		Short: "run the test blocks of a program",
		Long: `test runs the test blocks of packages, as the Go tests in the folder ` + driver.TestPackage + ` of a generated package do:
compiled, or with --backend interp in the interpreter in float64. The exit code is 1 when a check does not hold.`,
		RunE: func(cmd *cobra.Command, args []string) error {
			if backend != "go" && backend != "interp" {
				return usagef("--backend is go or interp, not %q", backend)
			}
			srcs, err := loadAll(args)
			if err != nil {
				return err
			}
			o, err := a.options()
			if err != nil {
				return err
			}
			ans := testAnswer{Format: 1, Tests: []testResult{}}
			for _, src := range srcs {
				results, err := a.testPackage(src, o, backend, only)
				if err != nil {
					return err
				}
				ans.Tests = append(ans.Tests, results...)
			}
			return a.printTests(&ans)
		},
	}
	cmd.Flags().StringVar(&backend, "backend", "go", "go, or interp for the interpreter in float64")
	cmd.Flags().StringSliceVar(&only, "run", nil, "only the tests with these `NAMES`")
	return cmd
}

// testPackage runs the tests of one package.
func (a *app) testPackage(src *source, o driver.Options, backend string, only []string) ([]testResult, error) {
	o.Tests, o.Package = true, driver.TestPackage
	if backend == "interp" {
		o.Until = "diff"
	}
	res, err := a.compile(src, o)
	if err != nil || len(res.Program.Tests) == 0 {
		return nil, err
	}
	var names []string
	for _, t := range res.Program.Tests {
		names = append(names, t.Name)
	}
	for _, n := range only {
		if err := known("test", n, names); err != nil {
			return nil, err
		}
	}
	run := a.interpretTest
	if backend == "go" {
		s, err := a.open(src, res)
		if err != nil {
			return nil, err
		}
		defer s.close()
		run = func(_ *ir.Module, t *sema.Test, _ string) ([]float64, string, error) { return s.test(t) }
	}
	var out []testResult
	for _, t := range res.Program.Tests {
		if len(only) > 0 && !slices.Contains(only, t.Name) {
			continue
		}
		values, failed, err := run(res.Module, t, src.dir)
		if err != nil {
			return nil, err
		}
		out = append(out, judge(src, t, values, failed))
	}
	return out, nil
}

// judge reads the three values of each check.
func judge(src *source, t *sema.Test, values []float64, failed string) testResult {
	place := func(file string, line int) string { return fmt.Sprintf("%s:%d", filepath.Join(src.dir, file), line) }
	r := testResult{Name: t.Name, At: place(t.Span.Start.File, t.Span.Start.Line), OK: failed == "", Error: failed, Checks: []checkResult{}}
	for i, c := range t.Checks {
		k := checkResult{At: place(c.Span.Start.File, c.Span.Start.Line), Text: c.Text, compares: c.Compares,
			OK: failed == "" && values[3*i] == 1}
		if c.Compares != "" {
			k.left, k.right = values[3*i+1], values[3*i+2]
			for _, side := range []struct {
				to **float64
				x  float64
			}{{&k.Left, k.left}, {&k.Right, k.right}} {
				if !math.IsNaN(side.x) && !math.IsInf(side.x, 0) {
					*side.to = &side.x
				}
			}
		}
		r.OK = r.OK && k.OK
		r.Checks = append(r.Checks, k)
	}
	return r
}

// testWeights is the weights file of a test, "" for new parameters.
func testWeights(t *sema.Test, dir string) string {
	if t.File == "" || filepath.IsAbs(t.File) {
		return t.File
	}
	return filepath.Join(dir, t.File)
}

// test runs one test in the compiled program.
func (s *session) test(t *sema.Test) ([]float64, string, error) {
	q := &rt.Request{Do: "run", Model: t.Model.Name, Batch: json.RawMessage(`{"sample": [0]}`), Weights: testWeights(t, s.dir)}
	if t.File == "" {
		q.Seed = &t.Seed
	}
	raw, err := s.ask(q, nil)
	if err != nil {
		return nil, "", err
	}
	var ans struct {
		Outputs map[string][]*float64 `json:"outputs"`
		Failed  string                `json:"failed"`
	}
	if err := json.Unmarshal(raw, &ans); err != nil {
		return nil, "", internal(err)
	}
	values := make([]float64, len(t.Model.Outputs))
	for i, o := range t.Model.Outputs {
		values[i] = math.NaN() // null is a number that is not finite
		if x := ans.Outputs[o.Name]; len(x) == 1 && x[0] != nil {
			values[i] = *x[0]
		}
	}
	return values, ans.Failed, nil
}

// interpretTest runs one test in the interpreter.
func (a *app) interpretTest(m *ir.Module, t *sema.Test, dir string) ([]float64, string, error) {
	mc, err := newMachine(m, testWeights(t, dir), t.Seed)
	if err != nil {
		return nil, "", err
	}
	in, err := mc.interp()
	if err != nil {
		return nil, "", err
	}
	for _, model := range m.Models {
		if model.Name != t.Model.Name {
			continue
		}
		results, err := in.Call(model.Func, interp.Scalar(0))
		if err != nil {
			return nil, "", internal(err)
		}
		values := make([]float64, len(model.Outputs))
		for i := range values {
			values[i] = results[i].Data[0]
		}
		failed := ""
		if e := addStats(newSites(model.Solves), model.Solves, results[len(values):], 0); e != nil {
			failed = e.Error()
		}
		return values, failed, nil
	}
	return nil, "", internal(fmt.Errorf("test %s was not compiled", t.Name))
}

// printTests prints a line for each test and one for each check that does not hold.
func (a *app) printTests(ans *testAnswer) error {
	failed := 0
	for _, t := range ans.Tests {
		if !t.OK {
			failed++
		}
	}
	if a.json {
		enc := json.NewEncoder(a.out)
		enc.SetEscapeHTML(false)
		if err := enc.Encode(ans); err != nil {
			return internal(err)
		}
	} else {
		for _, t := range ans.Tests {
			word := "ok  "
			if !t.OK {
				word = "FAIL"
			}
			fmt.Fprintf(a.out, "%s  %s  (%s)\n", word, t.Name, t.At)
			if t.Error != "" {
				fmt.Fprintf(a.out, "      %s\n", t.Error)
				continue
			}
			for _, c := range t.Checks {
				switch {
				case c.OK && !a.verbose:
				case c.OK:
					fmt.Fprintf(a.out, "      %s: check %s\n", c.At, c.Text)
				case c.compares != "":
					fmt.Fprintf(a.out, "      %s: check %s: %.6g %s %.6g does not hold\n", c.At, c.Text, c.left, c.compares, c.right)
				default:
					fmt.Fprintf(a.out, "      %s: check %s does not hold\n", c.At, c.Text)
				}
			}
		}
		switch {
		case len(ans.Tests) == 0:
			fmt.Fprintln(a.out, "no tests")
		case failed > 0:
			fmt.Fprintf(a.out, "%d of %d tests failed\n", failed, len(ans.Tests))
		}
	}
	if failed > 0 {
		return &exitError{code: exitProblems}
	}
	return nil
}
