package rt

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"path/filepath"
	"sync"
	"time"
)

// OnStep sends progress, at most every 50 ms and at the last step.
func (s *server[R]) OnStep(i *StepInfo) {
	if now := time.Now(); i.Step == i.Steps || now.Sub(s.last) >= progressEvery {
		s.last = now
		m := make(map[string]number, len(i.Metrics))
		for k, v := range i.Metrics {
			m[i.MetricNames[k]] = number(v)
		}
		s.send(Event{Type: "progress", Recipe: i.Recipe, Progress: &ProgressEvent{
			Step: i.Step, Steps: i.Steps, Epoch: i.Epoch, Epochs: i.Epochs, Batch: i.Batch, Batches: i.Batches,
			Loss: number(i.Loss), Metrics: m, LR: number(i.LR), NFE: number(i.NFE), SamplesPerSec: number(i.SamplesPerSec)}})
	}
}

// OnEpoch sends nothing: OnStep has.
func (s *server[R]) OnEpoch(*StepInfo) {}

// OnEval sends the figures.
func (s *server[R]) OnEval(i *EvalInfo) {
	s.send(Event{Type: "metrics", Recipe: i.Recipe, Split: i.Split, Eval: i.Evaluation})
}

// OnEnd sends the result of the recipe.
func (s *server[R]) OnEnd(r *TrainResult) {
	s.send(Event{Type: "recipe", Recipe: r.Recipe, Result: r})
}

// train runs the recipes one after the other on the same weights.
func (s *server[R]) train(ctx context.Context, q *Request) (any, error) {
	names := q.Recipes
	if len(names) == 0 {
		for i := range s.p.Recipes {
			names = append(names, s.p.Recipes[i].Recipe.Name)
		}
	}
	if len(names) == 0 {
		return nil, fmt.Errorf("there is no recipe in %s", s.p.Package)
	}
	first, err := s.recipe(names[0])
	if err != nil {
		return nil, err
	}
	w, err := s.weights(q, first.Recipe.Seed)
	if err != nil {
		return nil, err
	}
	if q.RunDir != "" {
		reserved, err := reserve(q.RunDir)
		if err != nil {
			return nil, err
		}
		defer reserved.Close()
	}
	results := make([]*TrainResult, 0, len(names))
	for _, name := range names {
		e, err := s.recipe(name)
		if err != nil {
			return nil, err
		}
		tables, err := LoadTables(q.Dir, &e.Recipe, s.p.Data, s.p.Layout)
		if err != nil {
			return nil, err
		}
		opt := TrainOptions{Workers: q.Workers, Events: s, Seed: q.Seed, Epochs: q.Epochs, Steps: q.Steps, Limit: q.Limit,
			DevRun: q.DevRun, MaxTime: time.Duration(q.MaxTime * float64(time.Second)), Version: s.p.Version, CheckFinite: q.CheckFinite,
			OnFault: func(f *Fault) { s.send(Event{Type: "fault", Recipe: name, Fault: f}) }}
		if q.RunDir != "" {
			opt.RunDir = filepath.Join(q.RunDir, name)
			if path, ok := FindCheckpoint(opt.RunDir); ok && q.Resume {
				opt.Resume = path
			}
		}
		res, err := Train(ctx, w, s.p.Layout, &e.Recipe, &e.Objective, tables, opt)
		if res != nil && q.RunDir != "" {
			// Also after a failure or an interruption: everything trained so far.
			if serr := SaveFile(filepath.Join(q.RunDir, "weights.safetensors"), w, s.p.Layout, s.p.Version); err == nil {
				err = serr
			}
		}
		if err != nil {
			return nil, err
		}
		results = append(results, res)
	}
	return results, nil
}

// SiteFigures is one solve in the stats of an answer: figures by sample.
type SiteFigures struct {
	Solve    string   `json:"solve"`
	NFE      []int    `json:"nfe"`
	Accepted []int    `json:"accepted"`
	Rejected []int    `json:"rejected"`
	Status   []string `json:"status"`
}

// RunResult is the answer to "run", as `ndec run --json` prints it.
type RunResult struct {
	Format  int             `json:"format"`
	Outputs json.RawMessage `json:"outputs"`
	Stats   []SiteFigures   `json:"stats"`
	Failed  string          `json:"failed,omitempty"`  // first failed sample
	Refused map[int]string  `json:"refused,omitempty"` // samples whose inputs no model can use, and why
}

func (s *server[R]) run(ctx context.Context, q *Request) (any, error) {
	for i := range s.p.Models {
		if m := &s.p.Models[i]; m.Name == q.Model {
			return s.runModel(ctx, q, m)
		}
	}
	return nil, fmt.Errorf("there is no model %q in %s", q.Model, s.p.Package)
}

// operands are the weights and the checked batch that a request evaluates a model with.
func (s *server[R]) operands(q *Request, m *Model[R], cols []ColumnSpec) (w []R, in *Table, err error) {
	if w, err = s.weights(q, 0); err != nil {
		return nil, nil, err
	}
	if in, err = s.batch(q, cols); err != nil {
		return nil, nil, err
	}
	if in == nil {
		return nil, nil, fmt.Errorf("model %s needs a batch: %w", m.Name, ErrData)
	}
	return w, in, in.Check(cols)
}

func (s *server[R]) runModel(ctx context.Context, q *Request, m *Model[R]) (any, error) {
	w, in, err := s.operands(q, m, Later(m.Inputs))
	if err != nil {
		return nil, err
	}
	out := NewTable(m.Outputs, in.Rows)
	var stats BatchStats
	res := &RunResult{Format: 1}
	if err := m.Batch(ctx, w, in, out, &stats, q.Workers); err != nil {
		if errorKind(err) != "solve" && stats.Refused == nil {
			return nil, err
		}
		res.Failed = err.Error()
	}
	for row, why := range stats.Refused {
		if res.Refused == nil {
			res.Refused = map[int]string{}
		}
		res.Refused[row] = why.Error()
	}
	res.Outputs = appendTable(nil, m.Outputs, out, isF32[R]())
	res.Stats = sitesJSON(&stats)
	return res, nil
}

func sitesJSON(stats *BatchStats) []SiteFigures {
	out := []SiteFigures{}
	for _, st := range stats.Sites {
		j := SiteFigures{Solve: st.Solve, NFE: st.NFE, Accepted: st.Accepted, Rejected: st.Rejected, Status: []string{}}
		for _, v := range st.Status {
			j.Status = append(j.Status, v.String())
		}
		out = append(out, j)
	}
	return out
}

// statsOf runs the objective once more, without a gradient, for the statistics of every row's solves.
func statsOf[R Float](obj *Objective[R], w []R, t *Table, seed uint64) (*BatchStats, error) {
	stats := new(BatchStats)
	res := ShardResult{Metrics: make([]float64, obj.terms())}
	res.Record = func(st []SolveStats, sites []Site, row int) {
		if stats.Sites == nil {
			stats.Reset(SiteNames(sites), t.Rows)
		}
		for i := range st {
			stats.Set(i, row, st[i])
		}
	}
	if obj.Together {
		var mu sync.Mutex
		e := newEvaluator(obj, 0, 1)
		e.record = func(st []SolveStats, sites []Site, row int) {
			mu.Lock()
			defer mu.Unlock()
			res.Record(st, sites, row)
		}
		_, err := e.sum(w, t, allRows(t.Rows), Key{Seed: seed}, false)
		return stats, err
	}
	if obj.NewBatch == nil {
		obj.NewWorker().Shard(w, nil, t, allRows(t.Rows), Key{Seed: seed}, &res)
		return stats, nil
	}
	b := obj.NewBatch()
	err := b.Batch(w, nil, t, allRows(t.Rows), Key{Seed: seed}, &res)
	if cerr := b.Close(); err == nil {
		err = cerr
	}
	return stats, err
}

// GradResult is the answer to "grad".
type GradResult struct {
	Format  int               `json:"format"`
	Loss    number            `json:"loss"`
	Metrics map[string]number `json:"metrics"`
	Grad    json.RawMessage   `json:"grad"`
	Inputs  json.RawMessage   `json:"inputs,omitempty"`
	Stats   []SiteFigures     `json:"stats"`
	Failed  string            `json:"failed,omitempty"`
}

func (s *server[R]) grad(ctx context.Context, q *Request) (any, error) {
	e, err := s.recipe(q.Recipe)
	if err != nil {
		return nil, err
	}
	w, err := s.weights(q, e.Recipe.Seed)
	if err != nil {
		return nil, err
	}
	d, err := s.entry(e.Recipe.Data)
	if err != nil {
		return nil, err
	}
	if q.Data == "" {
		q.Data = e.Recipe.Data
	}
	t, err := s.batch(q, d.Columns)
	if err != nil {
		return nil, err
	}
	t = t.First(q.Limit)
	g := make([]R, len(w))
	res := &GradResult{Format: 1}
	v, err := LossGrad(ctx, w, g, &e.Objective, t, e.Recipe.Seed, q.Workers)
	if v == nil {
		return nil, err
	}
	if err != nil {
		res.Failed = err.Error()
	}
	res.Loss, res.Metrics = number(v.Loss), numbers(v.Metrics)
	stats, err := statsOf(&e.Objective, w, t, e.Recipe.Seed)
	if err != nil {
		return nil, err
	}
	res.Stats = sitesJSON(stats)
	b := []byte{'{'}
	for i, x := range s.p.Layout {
		if i > 0 {
			b = append(b, ',')
		}
		b = append(b, fmt.Sprintf("%q:", x.Name)...)
		data := make([]float64, x.Len())
		for k := range data {
			data[k] = float64(g[x.Offset+k])
		}
		b = AppendNested(b, x.Shape, data, isF32[R]())
	}
	res.Grad = append(b, '}')
	if q.Inputs {
		return res, s.gradInputs(e, d, w, t, res)
	}
	return res, nil
}

// gradInputs adds the gradient by the real columns.
func (s *server[R]) gradInputs(e *RecipeEntry[R], d *DataEntry, w []R, t *Table, res *GradResult) error {
	if e.Inputs == nil {
		return fmt.Errorf("the data of recipe %s has no real columns", e.Recipe.Name)
	}
	var cols []ColumnSpec
	for _, c := range d.Columns {
		if c.Classes == 0 {
			cols = append(cols, c)
		}
	}
	out := NewTable(cols, t.Rows)
	if err := e.Inputs(w, t, out); err != nil {
		return err
	}
	res.Inputs = appendTable(nil, cols, out, isF32[R]())
	return nil
}

// appendTable spells the columns of a table as a JSON object of nested lists.
func appendTable(b []byte, cols []ColumnSpec, t *Table, single bool) []byte {
	b = append(b, '{')
	for i, c := range cols {
		if i > 0 {
			b = append(b, ',')
		}
		b = append(b, fmt.Sprintf("%q:", c.Name)...)
		b = AppendNested(b, append([]int{t.Rows}, c.Shape...), t.Columns[t.Index(c.Name)].Data, single)
	}
	return append(b, '}')
}

func (s *server[R]) eval(ctx context.Context, q *Request) (any, error) {
	e, err := s.recipe(q.Recipe)
	if err != nil {
		return nil, err
	}
	w, err := s.weights(q, e.Recipe.Seed)
	if err != nil {
		return nil, err
	}
	tables, err := LoadTables(q.Dir, &e.Recipe, s.p.Data, s.p.Layout)
	if err != nil {
		return nil, err
	}
	t := tables.named(cmp.Or(q.Split, "train"))
	if t == nil {
		return nil, fmt.Errorf("recipe %s has no split %q", q.Recipe, q.Split)
	}
	return Evaluate(ctx, w, &e.Objective, t, e.Recipe.Seed, q.Workers)
}

// data answers with the table of a data block as a batch.
func (s *server[R]) data(_ context.Context, q *Request) (any, error) {
	t, err := s.part(q)
	if err != nil {
		return nil, err
	}
	if t == nil {
		return nil, fmt.Errorf("the request names no data: %w", ErrData)
	}
	d, err := s.entry(q.Data)
	if err != nil {
		return nil, err
	}
	t = t.First(q.Limit)
	if n := q.Points; n > 0 && n < t.Rows {
		rows := allRows(n)
		for i := range rows {
			rows[i] = i * t.Rows / n
		}
		t = t.Select(rows)
	}
	return json.RawMessage(appendTable(nil, d.Columns, t, false)), nil
}
