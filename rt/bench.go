package rt

import (
	"context"
	"encoding/json"
	"fmt"
	"math"
	"runtime"
	"strings"
	"time"
)

// What `ndec bench` asks of an emitted program: figures of models over one batch, timed in turn in this
// process so that they can be compared.

// BenchQuery asks for the figures of cases over one batch.
type BenchQuery struct {
	Cases []BenchCase `json:"cases"`
	Modes []BenchMode `json:"modes,omitempty"` // ways of calling that are timed; none for figures without times
	// Want holds the outputs of a reference, named as in a batch. Errors are those of the outputs whose names
	// have a point in them: end0.x is state x at the end of a solve, along0.x along its output times.
	Want   json.RawMessage `json:"want,omitempty"`
	Scores string          `json:"scores,omitempty"` // output of class scores, compared with those of Want
	// Seconds is about how long timing takes: at least five rounds, at most Rounds.
	Seconds float64 `json:"seconds,omitempty"`
	Rounds  int     `json:"rounds,omitempty"`
	Outputs bool    `json:"outputs,omitempty"` // give the outputs too
	Peak    bool    `json:"peak,omitempty"`    // measure what the core can do at best, beside every time
	Clocks  bool    `json:"clocks,omitempty"`  // measure kernels one by one, in a batch on one core
}

// BenchCase is a model with the stepping of its solves (none: as it is built).
type BenchCase struct {
	Model string `json:"model,omitempty"`
	// Recipe is a recipe whose gradient is measured instead of a model, its kernels alone.
	Recipe string     `json:"recipe,omitempty"`
	By     []Stepping `json:"by,omitempty"`
	// Metrics is a model over the same rows whose outputs are averaged; it gets the same stepping.
	Metrics   string     `json:"metrics,omitempty"`
	MetricsBy []Stepping `json:"metrics_by,omitempty"`
}

// BenchMode is a way of calling a model: row by row, or all rows at once on some workers (0: all cores).
type BenchMode struct {
	One     bool `json:"one,omitempty"`
	Workers int  `json:"workers,omitempty"`
}

// BenchResult is the answer to "bench": figures by case.
type BenchResult struct {
	Cases []BenchFigures `json:"cases"`
	Cores int            `json:"cores"` // that "all cores" means
	Level string         `json:"level"` // instructions that Peaks are of
}

// BenchFigures are those of a case.
type BenchFigures struct {
	Stats []SiteFigures `json:"stats"`
	// Errors has, by row, the Euclidean distance from the states of Want: the greatest over output times and solves;
	// null where the solve failed.
	Errors []*float64  `json:"errors,omitempty"`
	Agree  []bool      `json:"agree,omitempty"` // by row: the same class as Want
	Means  []*float64  `json:"means,omitempty"` // of the outputs of Metrics, over the rows that were solved
	Times  [][]float64 `json:"times,omitempty"` // by mode and round: seconds for a sample
	Busy   [][]float64 `json:"busy,omitempty"`  // the same by the processor time of the calling thread, where Peaks are measured
	Peaks  [][]float64 `json:"peaks,omitempty"` // by mode and round: operations of one core in a second, before and after on average
	Allocs []float64   `json:"allocs,omitempty"`
	// Kernels are measured in rounds of Whole seconds, beside a core's operations in a second.
	Kernels    []KernelFigures `json:"kernels,omitempty"`
	Whole      []float64       `json:"whole,omitempty"`
	WholePeaks []float64       `json:"whole_peaks,omitempty"`
	Calls      []int           `json:"calls,omitempty"` // of the batch, in each round
	Out        json.RawMessage `json:"outputs,omitempty"`
}

const (
	benchLeast = time.Millisecond // of one measurement; shorter calls are repeated
	// cachesMatter is how long calls take that are made once before they are measured: what was called before leaves caches that
	// cost a millisecond or so.
	cachesMatter = 50 * time.Millisecond
	benchRounds  = 5 // at least
	benchAllocs  = 5 // calls over which allocations are counted

	benchFigures = 0.3 // share of the work that comes before timing, roughly
)

// bench holds what the cases of a request share.
type bench[R Float] struct {
	s      *server[R]
	q      *BenchQuery
	w      []R
	in     *Table
	rows   map[string]*Rows
	models map[string]*Model[R]
}

func (s *server[R]) bench(ctx context.Context, q *Request) (any, error) {
	if q.Bench == nil || len(q.Bench.Cases) == 0 {
		return nil, fmt.Errorf("bench: there is nothing to measure: %w", ErrData)
	}
	b := &bench[R]{s: s, q: q.Bench, rows: map[string]*Rows{}, models: map[string]*Model[R]{}}
	for i := range s.p.Models {
		b.models[s.p.Models[i].Name] = &s.p.Models[i]
	}
	for _, c := range b.q.Cases {
		for _, name := range []string{c.Model, c.Metrics} {
			if name != "" && b.models[name] == nil {
				return nil, fmt.Errorf("there is no model %q in %s", name, s.p.Package)
			}
		}
	}
	var err error
	if b.w, err = s.weights(q, 0); err != nil {
		return nil, err
	}
	var cols []ColumnSpec
	if m := b.models[b.q.Cases[0].Model]; m != nil {
		cols = m.Inputs
	}
	if q.Data != "" { // the batch has the columns of this data block, whoever made it
		d, err := s.entry(q.Data)
		if err != nil {
			return nil, err
		}
		cols = d.Columns
	}
	if b.in, err = s.batch(q, cols); err != nil {
		return nil, err
	}
	return b.run(ctx)
}

// prepared is a model over the batch with a stepping.
func (b *bench[R]) prepared(model string, by []Stepping) *Rows {
	r := b.rows[model]
	if r == nil {
		r = b.models[model].Rows(b.w, b.in)
		b.rows[model] = r
	}
	if len(by) > 0 && r.Step != nil {
		r.Step(by)
	}
	return r
}

func (b *bench[R]) run(ctx context.Context) (*BenchResult, error) {
	res := &BenchResult{Cases: make([]BenchFigures, len(b.q.Cases)), Cores: runtime.GOMAXPROCS(0), Level: cpuName()}
	for i := range b.q.Cases {
		if b.q.Cases[i].Recipe == "" {
			if err := b.figures(ctx, &b.q.Cases[i], &res.Cases[i]); err != nil {
				return nil, err
			}
		}
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		b.progress(benchFigures * float64(i+1) / float64(len(b.q.Cases)))
	}
	if err := b.time(ctx, res); err != nil {
		return nil, err
	}
	return res, b.kernels(ctx, res)
}

// kernels measures the kernels of every case, if there are any.
func (b *bench[R]) kernels(ctx context.Context, res *BenchResult) error {
	if !b.q.Clocks {
		return nil
	}
	for i := range b.q.Cases {
		c := &b.q.Cases[i]
		if c.Recipe == "" {
			if b.s.p.Clocks == nil { // its time as a whole is measured elsewhere
				continue
			}
			r := b.prepared(c.Model, c.By)
			b.clocked(&res.Cases[i], func() { _ = r.Batch(ctx, nil, 1) }) // failed samples are counted elsewhere
		} else {
			e, err := b.s.recipe(c.Recipe)
			if err != nil {
				return err
			}
			ev, g := newEvaluator(&e.Objective, len(b.w), 1), make([]R, len(b.w))
			n, err := lossGrad(ev, b.w, g, b.in, e.Recipe.Seed)
			if err == nil {
				_, err = ev.evaluation(n, b.in.Rows)
			}
			if err != nil {
				return err
			}
			b.clocked(&res.Cases[i], func() { _, _ = lossGrad(ev, b.w, g, b.in, e.Recipe.Seed) })
		}
		if err := ctx.Err(); err != nil {
			return err
		}
	}
	return nil
}

// progress says how much is done, from 0 to 1.
func (b *bench[R]) progress(share float64) {
	if now := time.Now(); now.Sub(b.s.last) >= progressEvery {
		b.s.last = now
		b.s.send(Event{Type: "progress", Recipe: "bench", Progress: &ProgressEvent{Step: int(1000 * share), Steps: 1000}})
	}
}

// evaluate runs a model once and gives its outputs and statistics; a failed solve is no error.
func (b *bench[R]) evaluate(ctx context.Context, model string, by []Stepping) (*Table, *BatchStats, error) {
	r := b.prepared(model, by)
	stats := new(BatchStats)
	if err := r.Batch(ctx, stats, 0); err != nil && errorKind(err) != "solve" {
		return nil, nil, err
	}
	out := NewTable(b.models[model].Outputs, b.in.Rows)
	r.Store(out)
	return out, stats, nil
}

// failed reports whether a solve of a row failed.
func (b *BatchStats) failed(row int) bool {
	for _, s := range b.Sites {
		if s.Status[row].Failed() {
			return true
		}
	}
	return false
}

// figures are those of a case that need no clock.
func (b *bench[R]) figures(ctx context.Context, c *BenchCase, f *BenchFigures) error {
	out, stats, err := b.evaluate(ctx, c.Model, c.By)
	if err != nil {
		return err
	}
	f.Stats = sitesJSON(stats)
	specs := b.models[c.Model].Outputs
	if b.q.Outputs {
		f.Out = appendTable(nil, specs, out, isF32[R]())
	}
	if b.q.Want != nil {
		if err := b.compare(specs, out, stats, f); err != nil {
			return err
		}
	}
	if c.Metrics == "" {
		return nil
	}
	if out, stats, err = b.evaluate(ctx, c.Metrics, c.MetricsBy); err != nil {
		return err
	}
	for _, col := range out.Columns {
		sum, n := 0.0, 0
		for row, v := range col.Data {
			if !stats.failed(row) {
				sum += v
				n++
			}
		}
		f.Means = append(f.Means, orNil(sum/float64(n)))
	}
	return nil
}

// orNil is x, or nil if it is not finite, which JSON has no number for.
func orNil(x float64) *float64 {
	if !finite(x) {
		return nil
	}
	return &x
}

// compare fills in errors and agreement.
func (b *bench[R]) compare(specs []ColumnSpec, out *Table, stats *BatchStats, f *BenchFigures) error {
	var compared []ColumnSpec
	for _, s := range specs {
		if strings.Contains(s.Name, ".") || s.Name == b.q.Scores {
			compared = append(compared, s)
		}
	}
	want, err := DecodeBatch(b.q.Want, compared)
	if err != nil {
		return fmt.Errorf("reference: %w", err)
	}
	if want.Rows != out.Rows {
		return fmt.Errorf("reference: %d rows instead of %d: %w", want.Rows, out.Rows, ErrShape)
	}
	for row := range out.Rows {
		e := math.NaN()
		if !stats.failed(row) {
			e = endError(specs, out, want, row)
		}
		f.Errors = append(f.Errors, orNil(e))
		if b.q.Scores != "" {
			class := func(t *Table) int { return Argmax(t.Columns[t.Index(b.q.Scores)].Row(row)) }
			f.Agree = append(f.Agree, !stats.failed(row) && class(out) == class(want))
		}
	}
	return nil
}

// endError is the greatest distance, over solves and their output times, of the states of a row from those wanted.
func endError(specs []ColumnSpec, out, want *Table, row int) float64 {
	sums := map[string][]float64{} // by solve: squares at its times
	worst := 0.0
	for i, s := range specs {
		solve, _, isEnd := strings.Cut(s.Name, ".")
		if !isEnd {
			continue
		}
		times := 1
		if strings.HasPrefix(solve, "along") {
			times = s.Shape[0]
		}
		if sums[solve] == nil {
			sums[solve] = make([]float64, times)
		}
		x, y := out.Columns[i].Row(row), want.Columns[want.Index(s.Name)].Row(row)
		for k := range x {
			d := x[k] - y[k]
			sums[solve][k*times/len(x)] += d * d
		}
	}
	for _, ts := range sums {
		for _, sum := range ts {
			worst = max(worst, math.Sqrt(sum))
		}
	}
	return worst
}

// call is a measurement: n calls of a case in a mode, of which each computes samples.
type call struct {
	mode    *BenchMode
	n       int
	samples int
	brief   bool // for caches to matter
}

// do makes the calls and gives the time of one sample in seconds, and the processor time of this thread.
func (b *bench[R]) do(ctx context.Context, c *call, r *Rows) (each, busy float64) {
	if c.mode.One || c.mode.Workers == 1 {
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
	}
	begun, busyBegun := time.Now(), busyTime()
	if c.mode.One {
		row := 0
		for range c.n {
			_ = r.One(row) // a failed sample is counted elsewhere
			if row++; row == b.in.Rows {
				row = 0
			}
		}
	} else {
		for range c.n {
			_ = r.Batch(ctx, nil, c.mode.Workers)
		}
	}
	samples := float64(c.n * c.samples)
	return time.Since(begun).Seconds() / samples, (busyTime() - busyBegun).Seconds() / samples
}

// time measures every case in every mode, in rounds over all of them.
func (b *bench[R]) time(ctx context.Context, res *BenchResult) error {
	if len(b.q.Modes) == 0 {
		return nil
	}
	calls := make([][]call, len(res.Cases))
	for i := range res.Cases {
		c, f := &b.q.Cases[i], &res.Cases[i]
		r := b.prepared(c.Model, c.By)
		f.Times = make([][]float64, len(b.q.Modes))
		if b.q.Peak {
			f.Busy, f.Peaks = make([][]float64, len(b.q.Modes)), make([][]float64, len(b.q.Modes))
		}
		for k := range b.q.Modes {
			cl := call{mode: &b.q.Modes[k], n: 1, samples: b.in.Rows}
			if cl.mode.One {
				cl.n, cl.samples = min(b.in.Rows, 16), 1
			}
			b.do(ctx, &cl, r) // brings the code and the data in
			each, _ := b.do(ctx, &cl, r)
			cl.brief = each*float64(cl.samples) < cachesMatter.Seconds()
			cl.n = max(1, int(math.Ceil(benchLeast.Seconds()/max(each*float64(cl.samples), 1e-9))))
			calls[i] = append(calls[i], cl)
			f.Allocs = append(f.Allocs, b.allocs(ctx, cl, r))
		}
		if err := ctx.Err(); err != nil {
			return err
		}
	}
	runtime.GC()
	begun := time.Now()
	for n := 0; n < max(b.q.Rounds, benchRounds); n++ {
		spent := time.Since(begun).Seconds() / b.q.Seconds
		if n >= benchRounds && spent >= 1 {
			break
		}
		for i := range res.Cases {
			c, f := &b.q.Cases[i], &res.Cases[i]
			r := b.prepared(c.Model, c.By)
			for k := range calls[i] {
				before := 0.0
				if b.q.Peak {
					before = peakFlops[R](CPULevel())
				}
				if cl := &calls[i][k]; cl.n == 1 && cl.brief { // a call that is not repeated would find another way's memory in the caches
					b.do(ctx, cl, r)
				}
				each, busy := b.do(ctx, &calls[i][k], r)
				f.Times[k] = append(f.Times[k], each)
				if b.q.Peak {
					f.Busy[k] = append(f.Busy[k], busy)
					f.Peaks[k] = append(f.Peaks[k], (before+peakFlops[R](CPULevel()))/2)
				}
			}
			if err := ctx.Err(); err != nil {
				return err
			}
			done := float64(n*len(res.Cases)+i+1) / float64(len(res.Cases))
			b.progress(benchFigures + (1-benchFigures)*max(done/float64(max(b.q.Rounds, benchRounds)), min(done/benchRounds, spent, 1)))
		}
	}
	return nil
}

// allocs is the number of allocations of one call, what the runtime allocates beside it rounded away.
func (b *bench[R]) allocs(ctx context.Context, c call, r *Rows) float64 {
	c.n = benchAllocs
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	b.do(ctx, &c, r)
	runtime.ReadMemStats(&after)
	return float64((after.Mallocs - before.Mallocs) / benchAllocs)
}
