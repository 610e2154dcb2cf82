package command

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"math"
	"path/filepath"
	"slices"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"ndec.dev/ndec/cmd/ndec/driver"
	"ndec.dev/ndec/ir"
	"ndec.dev/ndec/ir/interp"
	"ndec.dev/ndec/rt"
)

// evalFlags are flags that the commands which evaluate share.
type evalFlags struct {
	weights, in, data, split, out, backend string
	with                                   []string
	workers                                int
}

func (f *evalFlags) add(cmd *cobra.Command) {
	fs := cmd.Flags()
	fs.StringVar(&f.weights, "weights", "", "weights `file`.safetensors (default: new ones from the seed)")
	fs.StringVar(&f.in, "in", "", "batch `file`: .json, .csv, .npy, .npz, .safetensors, or - for JSON on standard input")
	fs.StringVar(&f.backend, "backend", "go", "go, or interp for the interpreter in float64")
	fs.StringArrayVar(&f.with, "with", nil, "replace a solver: `'Fwd=rk4{steps: 20}'`")
	fs.IntVar(&f.workers, "workers", 0, "`N` goroutines (default all cores)")
}

func (f *evalFlags) check() error {
	if f.backend != "go" && f.backend != "interp" {
		return usagef("--backend is go or interp, not %q", f.backend)
	}
	if f.workers < 0 {
		return usagef("--workers wants a positive number, not %d", f.workers)
	}
	return nil
}

// compileWith compiles with replaced solvers.
func (a *app) compileWith(src *source, with []string) (*driver.Result, error) {
	return a.compileAs(src, with, false)
}

// compileExact compiles with replaced solvers and without mixed precision.
func (a *app) compileExact(src *source, with []string) (*driver.Result, error) {
	return a.compileAs(src, with, true)
}

func (a *app) compileAs(src *source, with []string, exact bool) (*driver.Result, error) {
	o, err := a.options()
	if err != nil {
		return nil, err
	}
	o.Exact = exact
	o.With = map[string]string{}
	for _, w := range with {
		name, solver, ok := strings.Cut(w, "=")
		if !ok || name == "" || solver == "" {
			return nil, usagef("--with wants SOLVER=METHOD, as 'Fwd=rk4{steps: 20}', not %q", w)
		}
		o.With[strings.TrimSpace(name)] = strings.TrimSpace(solver)
	}
	return a.compile(src, o)
}

// stdinBatch is the JSON on standard input.
func (a *app) stdinBatch() (json.RawMessage, error) {
	text, err := io.ReadAll(a.in)
	if err != nil {
		return nil, ioError("standard input", err)
	}
	if !json.Valid(text) {
		var v any
		return nil, problems(fmt.Errorf("standard input: %w", json.Unmarshal(text, &v)))
	}
	return text, nil
}

// table reads the batch of --in in this process.
func (a *app) table(f *evalFlags, cols []rt.ColumnSpec) (*rt.Table, error) {
	if f.in == "" {
		return nil, usagef("the back end interp takes its batch from --in")
	}
	if f.in != "-" {
		return readBatch(f.in, cols)
	}
	text, err := a.stdinBatch()
	if err != nil {
		return nil, err
	}
	t, err := rt.DecodeBatch(text, cols)
	if err != nil {
		return nil, problems(fmt.Errorf("batch: %w", err))
	}
	return t, nil
}

// fill puts the batch of the flags into a request.
func (a *app) fill(q *rt.Request, f *evalFlags) (err error) {
	q.Weights, q.Data, q.Split, q.Workers = f.weights, f.data, f.split, f.workers
	if f.in == "-" {
		q.Batch, err = a.stdinBatch()
		return err
	}
	q.In = f.in
	return nil
}

// runAnswer is what run prints.
type runAnswer struct {
	Format  int             `json:"format"`
	Outputs json.RawMessage `json:"outputs"`
	Stats   []siteStats     `json:"stats"`
	Failed  string          `json:"failed,omitempty"`  // the first failed sample
	Refused map[int]string  `json:"refused,omitempty"` // samples whose inputs no model can use, and why
	Finding *finding        `json:"non_finite,omitempty"`
}

// bad are the samples in which something was not finite: in their solves or, with outputs, in what they give.
func (ans *runAnswer) bad(outputs bool) []int {
	rows := map[int]bool{}
	for _, s := range ans.Stats {
		for i, st := range s.Status {
			if st == rt.NonFinite.String() {
				rows[i] = true
			}
		}
	}
	if outputs {
		var outs map[string][]json.RawMessage
		if json.Unmarshal(ans.Outputs, &outs) == nil {
			for _, o := range outs {
				for i, x := range o {
					if ans.Refused[i] == "" && bytes.Contains(x, []byte("null")) {
						rows[i] = true
					}
				}
			}
		}
	}
	return slices.Sorted(maps.Keys(rows))
}

// refuse notes the next sample as one whose inputs no model can use.
func (ans *runAnswer) refuse(row int, why error, status rt.Status) {
	if ans.Refused == nil {
		ans.Refused = map[int]string{}
	}
	ans.Refused[row] = why.Error()
	ans.Failed = cmp.Or(ans.Failed, why.Error())
	for i := range ans.Stats {
		s := &ans.Stats[i]
		s.NFE, s.Accepted, s.Rejected, s.Status = append(s.NFE, 0), append(s.Accepted, 0), append(s.Rejected, 0), append(s.Status, status.String())
	}
}

func (a *app) runCommand() *cobra.Command {
	var f evalFlags
	var model string
	var stats, checkFinite bool
	cmd := &cobra.Command{
		Use:   "run [FILE|DIR] --in F|- | --data D",
		Short: "evaluate a model on a batch",
		Long: `run evaluates a model on a batch: {"x": [[0.1, 0.2], [0.3, 0.4]]}, the first axis is the batch.
With --json, outputs and the statistics of every solve are printed; samples that failed are null
and make the exit code 1.`,
		Args: cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := f.check(); err != nil {
				return err
			}
			if (f.in == "") == (f.data == "") {
				return usagef("run wants a batch: --in FILE, --in - or --data NAME")
			}
			if f.split != "" && f.data == "" {
				return usagef("--split goes with --data")
			}
			if f.out != "" && f.out != "-" && filepath.Ext(f.out) != ".json" {
				return usagef("--out writes .json files, not %q", f.out)
			}
			src, err := oneSource(args)
			if err != nil {
				return err
			}
			res, err := a.compileWith(src, f.with)
			if err != nil {
				return err
			}
			m, err := chosenModel(res.Module, model)
			if err != nil {
				return err
			}
			var ans *runAnswer
			if f.backend == "interp" {
				ans, err = a.runInterp(src, res.Module, m, &f, checkFinite)
			} else {
				ans, err = a.runGo(src, res, m, &f, checkFinite)
			}
			if err != nil {
				return err
			}
			if err := a.printRun(m, ans, f.out, stats); err != nil {
				return err
			}
			if ans.Failed != "" || ans.Finding != nil {
				return problems(errors.New(ans.Finding.below(cmp.Or(ans.Failed, m.Span.String()+": outputs of "+m.Name+" are not finite"), src)))
			}
			return nil
		},
	}
	f.add(cmd)
	a.deviceFlag(cmd)
	fs := cmd.Flags()
	fs.BoolVar(&checkFinite, "check-finite", false, "outputs that are not finite are an error, which names where the first came from")
	fs.StringVar(&model, "model", "", "the model (default: the only one)")
	fs.StringVar(&f.data, "data", "", "a data block `D` as the batch")
	fs.StringVar(&f.split, "split", "", "train, val or test part of the data block")
	fs.StringVar(&f.out, "out", "", "write the JSON to `file`.json")
	fs.BoolVar(&stats, "stats", false, "print the statistics of every solve too")
	return cmd
}

// chosenModel is the named model, or the only one.
func chosenModel(m *ir.Module, name string) (*ir.Model, error) {
	var names []string
	models := m.Own()
	for _, x := range models {
		names = append(names, x.Name)
	}
	switch {
	case name == "" && len(names) == 1:
		return models[0], nil
	case len(names) == 0:
		return nil, problems(fmt.Errorf("there is no model in package %s", m.Package))
	case name == "":
		return nil, usagef("--model is one of %s", strings.Join(names, ", "))
	}
	if err := known("model", name, names); err != nil {
		return nil, err
	}
	for _, x := range m.Models {
		if x.Name == name {
			return x, nil
		}
	}
	return nil, nil
}

func (a *app) runGo(src *source, res *driver.Result, m *ir.Model, f *evalFlags, checkFinite bool) (*runAnswer, error) {
	if f.data != "" {
		if err := knownData(res.Module, f.data); err != nil {
			return nil, err
		}
	}
	q := &rt.Request{Do: "run", Model: m.Name}
	if err := a.fill(q, f); err != nil {
		return nil, err
	}
	s, err := a.open(src, res)
	if err != nil {
		return nil, err
	}
	defer s.close()
	raw, err := s.ask(q, nil)
	if err != nil {
		return nil, err
	}
	ans := new(runAnswer)
	if err := json.Unmarshal(raw, ans); err != nil {
		return nil, internal(err)
	}
	bad := ans.bad(checkFinite)
	if len(bad) == 0 {
		return ans, nil
	}
	t, err := batchOf(s, q, rt.Later(columnsOf(m.Inputs)), f.data)
	if err != nil {
		return nil, err
	}
	mc, err := newMachine(res.Module, f.weights, 0)
	if err != nil {
		return nil, err
	}
	ans.Finding, err = patiently(s, func() (*finding, error) { return explainRun(src, mc, m, t, bad) })
	return ans, err
}

func knownData(m *ir.Module, name string) error {
	var names []string
	for _, d := range m.Data {
		names = append(names, d.Name)
	}
	return known("data block", name, names)
}

func (a *app) runInterp(src *source, mod *ir.Module, m *ir.Model, f *evalFlags, checkFinite bool) (*runAnswer, error) {
	cols := columnsOf(m.Inputs)
	t, err := a.table(f, rt.Later(cols))
	if err != nil {
		return nil, err
	}
	refused := rt.RefusedOf(t, cols)
	rows := refused.Others(t.Rows)
	mc, err := newMachine(mod, f.weights, 0)
	if err != nil {
		return nil, err
	}
	in, err := mc.interp()
	if err != nil {
		return nil, err
	}
	ans := &runAnswer{Format: 1, Stats: newSites(m.Solves)}
	outs := columnsOf(m.Outputs)
	table := rt.NewTable(outs, t.Rows)
	call := func(in *interp.Machine, row int) ([]interp.Tensor, error) {
		return in.Call(m.Func, append(rowArgs(t, cols, row), keyOf(m.Keyed(), rt.Key{Step: rt.EvalStep}, row)...)...)
	}
	given := func(row int) ([]interp.Tensor, error) { return call(in, row) }
	if m.Func.InStep() {
		all, errs := make([][]interp.Tensor, t.Rows), make([]error, t.Rows)
		if err := rt.InGroup(context.Background(), len(rows), func(i int, member *rt.StepMember) {
			in, err := mc.interp()
			if row := rows[i]; err != nil {
				errs[row] = err
			} else {
				in.Group = member
				all[row], errs[row] = call(in, row)
			}
		}); err != nil {
			return nil, err
		}
		given = func(row int) ([]interp.Tensor, error) { return all[row], errs[row] }
	}
	for row := range t.Rows {
		if why := refused.Why(row); why != nil {
			ans.refuse(row, why, refused.Status(row))
			for i := range outs {
				to := table.Columns[i].Row(row)
				for k := range to {
					to[k] = math.NaN()
				}
			}
			continue
		}
		results, err := given(row)
		if err != nil {
			return nil, internal(err)
		}
		failed := addStats(ans.Stats, m.Solves, results[len(outs):], row)
		if failed != nil && ans.Failed == "" {
			ans.Failed = failed.Error()
		}
		for i := range outs {
			to := table.Columns[i].Row(row)
			copy(to, results[i].Data)
			for k := range to {
				if failed != nil {
					to[k] = math.NaN()
				}
			}
		}
	}
	ans.Outputs = tableJSON(table, outs)
	if bad := ans.bad(checkFinite); len(bad) > 0 {
		ans.Finding, err = explainRun(src, mc, m, t, bad)
	}
	return ans, err
}

// tableJSON spells the columns of a table as an object of nested arrays, in float64.
func tableJSON(t *rt.Table, cols []rt.ColumnSpec) json.RawMessage {
	b := []byte{'{'}
	for i, c := range cols {
		if i > 0 {
			b = append(b, ", "...)
		}
		b = append(b, fmt.Sprintf("%q: ", c.Name)...)
		b = rt.AppendNested(b, append([]int{t.Rows}, c.Shape...), t.Columns[t.Index(c.Name)].Data, false)
	}
	return append(b, '}')
}

// printRun prints an answer as JSON or as a table with a row per sample.
func (a *app) printRun(m *ir.Model, ans *runAnswer, out string, stats bool) error {
	if a.json || out != "" {
		text, err := json.Marshal(ans)
		if err != nil {
			return internal(err)
		}
		text = append(text, '\n')
		if out != "" && out != "-" {
			return replaceFile(out, text)
		}
		if _, err = a.out.Write(text); err != nil {
			return internal(err)
		}
		return nil
	}
	var outputs map[string][]any
	if err := json.Unmarshal(ans.Outputs, &outputs); err != nil {
		return internal(err)
	}
	tw := tabwriter.NewWriter(a.out, 0, 4, 2, ' ', 0)
	head := []string{"sample"}
	rows := 0
	for _, o := range m.Outputs {
		head = append(head, cellNames(o)...)
		rows = len(outputs[o.Name])
	}
	for _, s := range ans.Stats {
		head = append(head, "nfe "+s.Solve, "status")
	}
	told := len(ans.Stats) == 0 && len(ans.Refused) > 0 // of a model without solves
	if told {
		head = append(head, "status")
	}
	fmt.Fprintln(tw, strings.Join(head, "\t"))
	for i := range rows {
		line := []string{fmt.Sprint(i)}
		for _, o := range m.Outputs {
			line = appendCells(line, outputs[o.Name][i])
		}
		for _, s := range ans.Stats {
			line = append(line, fmt.Sprint(s.NFE[i]), s.Status[i])
		}
		if told {
			line = append(line, cmp.Or(ans.Refused[i], rt.OK.String()))
		}
		fmt.Fprintln(tw, strings.Join(line, "\t"))
	}
	if stats {
		fmt.Fprintln(tw, "\nsolve\tmean nfe\tmost\taccepted\trejected\tfailed")
		for _, s := range ans.Stats {
			nfe, most := meanAndMost(s.NFE)
			acc, _ := meanAndMost(s.Accepted)
			rej, _ := meanAndMost(s.Rejected)
			failed := 0
			for _, st := range s.Status {
				if st != rt.OK.String() && st != rt.EventStop.String() {
					failed++
				}
			}
			fmt.Fprintf(tw, "%s\t%.4g\t%d\t%.4g\t%.4g\t%d of %d\n", s.Solve, nfe, most, acc, rej, failed, len(s.Status))
		}
	}
	return flush(tw)
}

// flush ends a table; what went wrong while it was written shows here.
func flush(tw *tabwriter.Writer) error {
	if err := tw.Flush(); err != nil {
		return internal(err)
	}
	return nil
}

func meanAndMost(xs []int) (mean float64, most int) {
	for _, x := range xs {
		mean += float64(x) / float64(len(xs))
		most = max(most, x)
	}
	return mean, most
}

// cellNames are the names of the elements of an output: y, y[0], y[0][1], …
func cellNames(p ir.Port) []string {
	names := []string{p.Name}
	for _, n := range p.Type.Shape {
		var next []string
		for _, base := range names {
			for k := range n {
				next = append(next, fmt.Sprintf("%s[%d]", base, k))
			}
		}
		names = next
	}
	return names
}

func appendCells(line []string, v any) []string {
	switch v := v.(type) {
	case []any:
		for _, x := range v {
			line = appendCells(line, x)
		}
		return line
	case float64:
		return append(line, fmt.Sprintf("%.6g", v))
	}
	return append(line, "null")
}
