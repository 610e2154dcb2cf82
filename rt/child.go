package rt

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/signal"
	"path/filepath"
	"sync"
	"syscall"
	"time"
)

// Program is everything a generated package offers to the command, as data.
type Program[R Float] struct {
	Package    string
	SourceHash string // of the .nde files
	Version    string // of ndec
	Layout     []Tensor
	Data       []DataEntry
	Models     []Model[R]
	Recipes    []RecipeEntry[R] // in the order in which they run
	Kernels    *Kernels         // for devices; nil without the target cuda
	// Clocks makes vector kernels measure their time, or not. Nil in packages that were not emitted for it, and where there are no kernels.
	Clocks func(on bool) []*KernelClock
}

// DataEntry is a data block.
type DataEntry struct {
	Name    string
	Columns []ColumnSpec
	Source  Source
	Split   Split
}

// Model is a model as batches see it.
type Model[R Float] struct {
	Name            string
	Inputs, Outputs []ColumnSpec
	// Rows prepares the model for the rows of in.
	Rows func(w []R, in *Table) *Rows
	// Paths has a function per solve that looks along it for one row of in: k times evenly spaced over its
	// span, and per state the values there, row-major.
	Paths []func(ctx context.Context, w []R, in *Table, row, k int) (t []float64, states [][]float64, err error)
	// Fields has the right-hand side of each solve for one row of in: at len(t) times and states x, row-major
	// per state as in Paths, it fills dx with their derivatives.
	Fields []func(w []R, in *Table, row int, t []float64, x, dx [][]float64) error
	// States names the states of each solve, Widths says of how many numbers each is, and Sites where
	// the solve stands.
	States [][]string
	Widths [][]int
	Sites  []Site
}

// Rows is a model that stands ready for the rows of a table, its arrays allocated.
type Rows struct {
	// Step replaces the stepping of its solves; nil of a model without solves.
	Step func(by []Stepping)
	// Batch evaluates all rows; stats may be nil, and the error is the first *SolveError.
	Batch func(ctx context.Context, stats *BatchStats, workers int) error
	// One evaluates one row by itself and drops what comes out.
	One func(row int) error
	// Store puts what Batch gave into the columns of a table made by NewTable(Outputs, rows).
	Store func(out *Table)
}

// Batch evaluates every row of in. It fills the columns of out (made by NewTable(Outputs, in.Rows)) and stats; rows
// that fail are NaN and the error is that of the first, a *SolveError or what is wrong with its inputs.
func (m *Model[R]) Batch(ctx context.Context, w []R, in, out *Table, stats *BatchStats, workers int) error {
	refused := RefusedOf(in, m.Inputs)
	if refused == nil {
		return m.batch(ctx, w, in, out, stats, workers)
	}
	others := in.Select(refused.Others(in.Rows))
	some, st := NewTable(m.Outputs, others.Rows), new(BatchStats)
	err := m.batch(ctx, w, others, some, st, workers)
	for i, c := range out.Columns {
		PutRows(refused, c.Data, some.Columns[i].Data, c.Width)
	}
	return refused.Join(in.Rows, stats, st, err)
}

func (m *Model[R]) batch(ctx context.Context, w []R, in, out *Table, stats *BatchStats, workers int) error {
	rows := m.Rows(w, in)
	err := rows.Batch(ctx, stats, workers)
	rows.Store(out)
	stats.ClearFailed(out)
	return err
}

// RecipeEntry is a recipe with its objective.
type RecipeEntry[R Float] struct {
	Recipe    Recipe
	Objective Objective[R]
	// Inputs stores in out the gradient of the mean loss over the rows of t by the real columns of t;
	// nil if it has none.
	Inputs func(w []R, t, out *Table) error
}

// Request is one line from the parent. Do is "train", "run", "grad", "eval", "path", "field", "bench" or
// "data"; the other fields are those that it needs.
type Request struct {
	Do      string   `json:"do"`
	Recipes []string `json:"recipes,omitempty"` // train; empty means all
	Recipe  string   `json:"recipe,omitempty"`  // grad, eval
	Model   string   `json:"model,omitempty"`   // run
	Data    string   `json:"data,omitempty"`    // data; run and grad instead of In
	Split   string   `json:"split,omitempty"`   // eval, run with Data: train, val, test
	In      string   `json:"in,omitempty"`      // batch file: .json, .csv, .npy, .npz
	// Batch is an inline batch, as in a .json file.
	Batch   json.RawMessage `json:"batch,omitempty"`
	Weights string          `json:"weights,omitempty"`
	Dir     string          `json:"dir,omitempty"` // folder of the .nde file
	RunDir  string          `json:"run_dir,omitempty"`
	Workers int             `json:"workers,omitempty"`
	Device  string          `json:"device,omitempty"` // "cuda:0" runs what has kernels there
	Seed    *uint64         `json:"seed,omitempty"`
	Epochs  int             `json:"epochs,omitempty"`
	Steps   int             `json:"steps,omitempty"`
	Limit   int             `json:"limit,omitempty"`
	DevRun  bool            `json:"dev_run,omitempty"`
	MaxTime float64         `json:"max_time,omitempty"` // seconds
	Resume  bool            `json:"resume,omitempty"`   // train: go on from the checkpoints in RunDir, where there are some
	// CheckFinite is TrainOptions.CheckFinite, of train.
	CheckFinite bool        `json:"check_finite,omitempty"`
	Inputs      bool        `json:"inputs,omitempty"` // grad: by the data columns too
	Solve       int         `json:"solve,omitempty"`  // path, field: which solve of the model
	Points      int         `json:"points,omitempty"` // path: times along the span; data: at most so many rows, evenly spaced
	Times       []float64   `json:"times,omitempty"`  // field: where to evaluate
	States      [][]float64 `json:"states,omitempty"` // field: per state its values at Times, row-major
	// Bench is what to measure, of bench.
	Bench *BenchQuery `json:"bench,omitempty"`
}

// Event is one line to the parent. Type is "progress" (Progress), "metrics"
// (Eval), "recipe" (Result of one recipe), "device" (Device and Left), "fault" (Fault), "done" (Result of the request) or
// "error". Every request ends with exactly one "done" or "error".
type Event struct {
	Type     string         `json:"type"`
	Recipe   string         `json:"recipe,omitempty"`
	Progress *ProgressEvent `json:"progress,omitempty"`
	Split    string         `json:"split,omitempty"`
	Eval     *Evaluation    `json:"eval,omitempty"`
	Result   any            `json:"result,omitempty"`
	Device   string         `json:"device,omitempty"` // its name
	Left     []string       `json:"left,omitempty"`   // models and recipes that stay on the CPU
	Fault    *Fault         `json:"fault,omitempty"`  // why training ended, before "error"
	Error    string         `json:"error,omitempty"`
	Kind     string         `json:"kind,omitempty"` // "input", "solve", "io", "interrupted"
}

// ProgressEvent is what a bar shows.
type ProgressEvent struct {
	Step          int               `json:"step"`
	Steps         int               `json:"steps"`
	Epoch         int               `json:"epoch"`
	Epochs        int               `json:"epochs"`
	Batch         int               `json:"batch"`
	Batches       int               `json:"batches"`
	Loss          number            `json:"loss"`
	Metrics       map[string]number `json:"metrics"`
	LR            number            `json:"lr"`
	NFE           number            `json:"nfe"`
	SamplesPerSec number            `json:"samples_per_s"`
}

// progressEvery bounds the lines that a fast loop sends.
const progressEvery = 50 * time.Millisecond

// ChildMain serves requests from standard input until it closes. Closing it
// during a request, or SIGINT or SIGTERM, ends the request after its step.
// The return value is the exit status: 0, or 1 if a request failed.
func ChildMain[R Float](p Program[R]) int {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	return Serve(ctx, p, os.Stdin, os.Stdout)
}

// Serve is ChildMain over any pair of streams.
func Serve[R Float](ctx context.Context, p Program[R], in io.Reader, out io.Writer) int {
	s := &server[R]{p: p, out: json.NewEncoder(out)}
	lines := make(chan []byte)
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	go func() {
		defer close(lines)
		// A request is answered before the next is read, so a stream that
		// ends early means that the parent is gone.
		defer cancel()
		r := bufio.NewReader(in)
		for {
			b, err := r.ReadBytes('\n')
			if len(b) > 1 {
				select {
				case lines <- b:
				case <-ctx.Done():
					return
				}
			}
			if err != nil {
				return
			}
		}
	}()
	code := 0
	defer func() {
		if s.done == nil {
			return
		}
		if err := s.done(); err != nil {
			code = 1 // the parent is gone, or does not care
		}
	}()
	for b := range lines {
		if err := s.answer(ctx, b); err != nil {
			code = 1
			s.send(Event{Type: "error", Error: err.Error(), Kind: errorKind(err)})
		}
	}
	return code
}

func errorKind(err error) string {
	var solve *SolveError
	var path *fs.PathError
	var link *os.LinkError
	switch {
	case errors.Is(err, context.Canceled):
		return "interrupted"
	case errors.As(err, &solve):
		return "solve"
	case errors.Is(err, fs.ErrNotExist), errors.Is(err, ErrData), errors.Is(err, ErrWeights): // a file that the user named
		return "input"
	case errors.As(err, &path), errors.As(err, &link):
		return "io"
	}
	return "input"
}

type server[R Float] struct {
	p    Program[R]
	on   string       // name of the device that p runs on, "" for the CPU
	done func() error // gives the device back
	mu   sync.Mutex
	out  *json.Encoder
	last time.Time
}

func (s *server[R]) send(e Event) {
	s.mu.Lock()
	defer s.mu.Unlock()
	// A parent that is gone also closes standard input, which ends the work.
	_ = s.out.Encode(e)
}

func (s *server[R]) answer(ctx context.Context, line []byte) error {
	var q Request
	if err := json.Unmarshal(line, &q); err != nil {
		return fmt.Errorf("request: %w", err)
	}
	do := map[string]func(context.Context, *Request) (any, error){
		"train": s.train, "run": s.run, "grad": s.grad, "eval": s.eval, "data": s.data, "path": s.path, "field": s.field, "bench": s.bench,
	}[q.Do]
	if do == nil {
		return fmt.Errorf("unknown request %q", q.Do)
	}
	if err := s.place(q.Device); err != nil {
		return err
	}
	result, err := do(ctx, &q)
	if err != nil {
		return err
	}
	s.send(Event{Type: "done", Result: result})
	return nil
}

// place puts the program on a device, with the first request that names one.
func (s *server[R]) place(name string) error {
	if name == "" || s.on == name {
		return nil
	}
	if s.on != "" {
		return fmt.Errorf("the program is on %s and cannot go to %s: %w", s.on, name, ErrNoDevice)
	}
	dev, err := Open(name)
	if err != nil {
		return err
	}
	p, left, free, err := OnDevice(s.p, dev)
	if err != nil {
		return errors.Join(err, dev.Close())
	}
	s.p, s.on = p, name
	s.done = func() error { return errors.Join(free(), dev.Close()) }
	s.send(Event{Type: "device", Device: dev.Name(), Left: left})
	return nil
}

// weights are those of the file, or new ones from the seed.
func (s *server[R]) weights(q *Request, seed uint64) ([]R, error) {
	w := make([]R, LayoutLen(s.p.Layout))
	if q.Seed != nil {
		seed = *q.Seed
	}
	InitParams(w, s.p.Layout, seed)
	if q.Weights != "" {
		return w, LoadFile(q.Weights, w, s.p.Layout)
	}
	return w, nil
}

func (s *server[R]) recipe(name string) (*RecipeEntry[R], error) {
	for i := range s.p.Recipes {
		if s.p.Recipes[i].Recipe.Name == name {
			return &s.p.Recipes[i], nil
		}
	}
	return nil, fmt.Errorf("there is no recipe %q in %s", name, s.p.Package)
}

func (s *server[R]) entry(name string) (*DataEntry, error) {
	for i := range s.p.Data {
		if s.p.Data[i].Name == name {
			return &s.p.Data[i], nil
		}
	}
	return nil, fmt.Errorf("there is no data %q in %s", name, s.p.Package)
}

// table is the data block of that name, or nil for "".
func (s *server[R]) table(name, dir string) (*Table, error) {
	if name == "" {
		return nil, nil
	}
	d, err := s.entry(name)
	if err != nil {
		return nil, err
	}
	return d.Load(dir)
}

// part is the split of the data block that the request names, or all of it; nil without a data block.
func (s *server[R]) part(q *Request) (*Table, error) {
	t, err := s.table(q.Data, q.Dir)
	if err != nil || t == nil || q.Split == "" {
		return t, err
	}
	d, err := s.entry(q.Data)
	if err != nil {
		return nil, err
	}
	tables, err := d.Split.deal(t)
	if err != nil {
		return nil, fmt.Errorf("data %s: %w", q.Data, err)
	}
	if part := tables.named(q.Split); part != nil {
		return part, nil
	}
	return nil, fmt.Errorf("data %s has no split %q: %w", q.Data, q.Split, ErrData)
}

// named is a part by its name; nil if there is none.
func (t Tables) named(split string) *Table {
	return map[string]*Table{"train": t.Train, "val": t.Val, "test": t.Test}[split]
}

// batch is the inline batch, the file or the data block of the request.
func (s *server[R]) batch(q *Request, cols []ColumnSpec) (*Table, error) {
	if q.Batch != nil {
		t, err := DecodeBatch(q.Batch, cols)
		if err != nil {
			return nil, fmt.Errorf("batch: %w", err)
		}
		return t, nil
	}
	if q.In == "" {
		return s.part(q)
	}
	return ReadBatch(q.In, cols)
}

// ReadBatch reads the rows of a .json, .csv, .npy, .npz or .safetensors file.
func ReadBatch(path string, cols []ColumnSpec) (*Table, error) {
	switch filepath.Ext(path) {
	case ".json":
		return loadOpen("", path, cols, func(f *os.File) (*Table, error) {
			b, err := io.ReadAll(f)
			if err != nil {
				return nil, err
			}
			return DecodeBatch(b, cols)
		})
	case ".csv":
		return CSV{File: path}.Load("", cols)
	case ".npz":
		return NPZ{File: path}.Load("", cols)
	case ".npy":
		return NPY{File: path}.Load("", cols)
	case ".safetensors":
		return SafeTensors{File: path}.Load("", cols)
	}
	return nil, fmt.Errorf("%s: batches are .json, .csv, .npy, .npz or .safetensors files: %w", path, ErrData)
}
