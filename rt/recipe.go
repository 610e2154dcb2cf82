package rt

import (
	"context"
	"time"
)

// Recipe is a train block as data; generated code writes it as a literal.
type Recipe struct {
	Name      string
	Where     string // place in the source, "moons.nde:36"
	Data      string // names of data blocks; Val and Test may be empty
	Val, Test string
	Batch     int // rows of a batch, 0 for all
	// Accumulate is the number of batches that one step takes, 0 means 1: the gradient is the mean
	// over all their rows.
	Accumulate int
	Epochs     int // passes over the data; 0 if Steps is given
	Steps      int // optimiser steps; 0 if Epochs is given
	Optimizer  Optimizer
	Schedule   Schedule // nil is constant
	Clip       Clip
	Active     Active
	Seed       uint64
	Train      []string // nets that are trained; empty means all
	Freeze     []string // nets that are not, whatever Train says
	// Statistics are the parameters among those that the objective reads that are statistics of data.
	Statistics []string
	LogEvery   int // steps between logged lines, 0 means one an epoch
	ValEvery   int // epochs between validations, 0 means 1
	Keep       Keep
	Average    EMA
	Stop       Early
	MinEpochs  int // no early stop before
	// Source identifies the program without its training lengths: a run is resumed by the same one
	// only. "" is not compared.
	Source string
}

// Tables are the data of a recipe; Val and Test may be nil. Stats holds statistics of training rows
// by the name of their parameter. Pass makes the training rows of a pass over the data from 1 on, as
// many as Train has; nil where every pass is over the same ones.
type Tables struct {
	Train, Val, Test *Table
	Stats            map[string][]float64
	Pass             func(n int) (*Table, error)
}

// Events hears of training; the pointers are valid during the call only.
type Events interface {
	OnStep(*StepInfo)
	OnEpoch(*StepInfo)
	OnEval(*EvalInfo)
	OnEnd(*TrainResult)
}

// StepInfo describes the step just made.
type StepInfo struct {
	Recipe        string
	Step, Steps   int // steps done, and planned
	Epoch, Epochs int // epoch of the step from 0, and planned
	Batch         int // step within the epoch, from 1
	Batches       int // steps in an epoch
	Loss          float64
	Metrics       []float64
	MetricNames   []string
	LR, GradNorm  float64
	NFE           float64 // mean per row
	BackwardNFE   float64
	SamplesPerSec float64
	Elapsed       time.Duration
}

// EvalInfo describes an evaluation on another table.
type EvalInfo struct {
	Recipe, Split string // Split is "val" or "test"
	Step, Epoch   int
	*Evaluation
}

// TrainOptions changes a run without changing its recipe. The zero value runs
// the recipe as written, in memory only.
type TrainOptions struct {
	Workers int // goroutines, 0 means all cores; results do not depend on it
	Events  Events
	Dir     string // where relative data paths start, for generated Train functions; "" is the working folder
	RunDir  string // folder of this recipe's files, "" writes none
	// Data, if set, are the rows to train on instead of those of the data block, whose columns they have, for generated Train
	// functions; they are not changed, and no copy is made of them. Val and Test go with them.
	Data, Val, Test *Table
	Seed            *uint64
	Epochs          int // overrides, 0 means the recipe's
	Steps           int
	MaxTime         time.Duration // of this call; a resumed run has it again
	Limit           int           // use the first rows of every table only
	DevRun          bool          // one step, one evaluation
	InitWeights     string        // file to start from
	Version         string        // of ndec, written into files
	// Resume is a folder <run>/checkpoints/<name> from which to go on, "" starts anew. Seed, Limit and
	// lengths that are not given here are those of the interrupted run.
	Resume string
	// CheckpointEvery is the time between checkpoints; 0 means 30 s.
	CheckpointEvery time.Duration
	// CheckFinite also ends training where a metric, the loss of an evaluation, or a weight after its update is not
	// finite; a loss or gradient that is not always does.
	CheckFinite bool
	// OnFault, if set, is told where training ended because something was not finite or a sample failed.
	OnFault func(*Fault)
}

// TrainResult is the end of a run and what summary.json holds.
type TrainResult struct {
	Recipe      string             `json:"recipe"`
	Stopped     string             `json:"stopped"` // "done", "early", "max_time", "interrupted", "failed"
	Epochs      int                `json:"epochs"`
	Steps       int                `json:"steps"`
	Loss        float64            `json:"loss"` // of the last step, before its update
	Metrics     map[string]float64 `json:"metrics"`
	Val         *Evaluation        `json:"val,omitempty"`
	Test        *Evaluation        `json:"test,omitempty"`
	NFE         float64            `json:"nfe"`
	BackwardNFE float64            `json:"nfe_backward"`
	Seconds     float64            `json:"seconds"`
	Parameters  int                `json:"parameters"`
	RunDir      string             `json:"run_dir,omitempty"`
}

// spans are the parts of the weights that the recipe trains, neighbours joined.
func (r *Recipe) spans(layout []Tensor) []span {
	named := func(list []string, net string) bool {
		for _, s := range list {
			if s == net {
				return true
			}
		}
		return false
	}
	var out []span
	for _, t := range layout {
		if len(r.Train) > 0 && !named(r.Train, t.Net) || named(r.Freeze, t.Net) {
			continue
		}
		s := span{t.Offset, t.Offset + t.Len()}
		if k := len(out); k > 0 && out[k-1].hi == s.lo {
			out[k-1].hi = s.hi
		} else {
			out = append(out, s)
		}
	}
	return out
}

// plan is the numbers that follow from recipe, options and data.
type plan struct {
	batch, batches, epochs, steps int
	rows                          int
	keep                          int // samples of a batch that stay for the next
	seed                          uint64
}

func (r *Recipe) plan(rows int, o *TrainOptions) plan {
	p := plan{rows: rows, batch: r.Batch, epochs: r.Epochs, steps: r.Steps, seed: r.Seed}
	if o.Limit > 0 {
		p.rows = min(rows, o.Limit)
	}
	if n := r.Accumulate; n > 1 {
		p.batch = min(p.batch, p.rows/n+1) * n // does not overflow
	}
	if p.batch <= 0 || p.batch > p.rows {
		p.batch = p.rows
	}
	p.keep = r.Active.kept(p.batch)
	fresh := p.batch - p.keep
	p.batches = (p.rows + fresh - 1) / fresh
	if o.Epochs > 0 {
		p.epochs, p.steps = o.Epochs, 0
	}
	if o.Steps > 0 {
		p.steps = o.Steps
	}
	if o.DevRun {
		p.steps = 1
	}
	if _, ok := r.Optimizer.(LeastSquares); ok {
		p.batch, p.batches, p.epochs, p.steps, p.keep = p.rows, 1, 1, 1, 0
	}
	if p.steps == 0 {
		p.steps = p.epochs * p.batches
	}
	p.epochs = (p.steps + p.batches - 1) / p.batches
	if o.Seed != nil {
		p.seed = *o.Seed
	}
	return p
}

// stopReason is why a loop ends before its plan, or "".
func stopReason(ctx context.Context, started time.Time, limit time.Duration) string {
	switch {
	case ctx.Err() != nil:
		return "interrupted"
	case limit > 0 && time.Since(started) >= limit:
		return "max_time"
	}
	return ""
}

// where is the place of the recipe for errors: its position, or its name.
func (r *Recipe) where() string {
	if r.Where != "" {
		return r.Where
	}
	return r.Name
}
