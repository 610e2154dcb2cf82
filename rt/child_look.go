package rt

import (
	"context"
	"errors"
	"fmt"
	"math"
)

// What pictures are made of: the way of the states along a solve, and its right-hand side anywhere.

// PathResult is the answer to "path": for every row of the batch the way of the states. Values that
// are not finite are null, and so are those behind the time at which a solve failed.
type PathResult struct {
	Solve  string       `json:"solve"`
	States []string     `json:"states"`
	T      [][]float64  `json:"t"`
	X      [][][]number `json:"x"`                // by row and state, row-major
	Failed []string     `json:"failed,omitempty"` // solves that failed
}

// FieldResult is the answer to "field": the derivative of every state at the times and states of the
// request, for the first row of the batch. Values that are not finite are null.
type FieldResult struct {
	Solve  string     `json:"solve"`
	States []string   `json:"states"`
	DX     [][]number `json:"dx"` // by state, row-major
}

// looked finds the model of a request and its solve, with weights and batch.
func (s *server[R]) looked(q *Request) (m *Model[R], w []R, in *Table, err error) {
	for i := range s.p.Models {
		if s.p.Models[i].Name == q.Model {
			m = &s.p.Models[i]
		}
	}
	if m == nil {
		return nil, nil, nil, fmt.Errorf("there is no model %q in %s", q.Model, s.p.Package)
	}
	if q.Solve < 0 || q.Solve >= len(m.Paths) || m.Paths[q.Solve] == nil {
		return nil, nil, nil, fmt.Errorf("model %s has no solve %d to look along", m.Name, q.Solve)
	}
	w, in, err = s.operands(q, m, m.Inputs)
	return m, w, in, err
}

func (s *server[R]) path(ctx context.Context, q *Request) (any, error) {
	m, w, in, err := s.looked(q)
	if err != nil {
		return nil, err
	}
	res := &PathResult{Solve: m.Sites[q.Solve].Where, States: m.States[q.Solve]}
	for row := 0; row < in.Rows; row++ {
		t, x, err := m.Paths[q.Solve](ctx, w, in, row, max(q.Points, 2))
		known := len(t)
		var failed *SolveError
		switch {
		case errors.As(err, &failed):
			failed.Sample = row
			res.Failed = append(res.Failed, failed.Error())
			known = reached(t, failed.Time)
		case err != nil:
			return nil, err
		}
		states := make([][]number, len(x))
		for i := range x {
			width := len(x[i]) / max(len(t), 1)
			states[i] = numberSlice(x[i])
			for k := known * width; k < len(states[i]); k++ {
				states[i][k] = number(math.NaN())
			}
		}
		res.T, res.X = append(res.T, t), append(res.X, states)
	}
	return res, nil
}

// reached is the number of times up to stop, in the direction of t.
func reached(t []float64, stop float64) int {
	n := 0
	for n < len(t) && (t[n]-stop)*(t[len(t)-1]-t[0]) <= 0 {
		n++
	}
	return n
}

func numberSlice(xs []float64) []number {
	out := make([]number, len(xs))
	for i, x := range xs {
		out[i] = number(x)
	}
	return out
}

func (s *server[R]) field(_ context.Context, q *Request) (any, error) {
	m, w, in, err := s.looked(q)
	if err != nil {
		return nil, err
	}
	if in.Rows == 0 {
		return nil, fmt.Errorf("the right-hand side needs a row of the batch: %w", ErrData)
	}
	states := m.States[q.Solve]
	if len(q.States) != len(states) {
		return nil, fmt.Errorf("the request has %d states, the solve %d: %w", len(q.States), len(states), ErrShape)
	}
	dx := make([][]float64, len(states))
	for i, x := range q.States {
		if width := m.Widths[q.Solve][i]; len(x) != width*len(q.Times) {
			return nil, fmt.Errorf("state %s has %d numbers at %d times, want %d each: %w", states[i], len(x), len(q.Times), width, ErrShape)
		}
		dx[i] = make([]float64, len(x))
	}
	if err := m.Fields[q.Solve](w, in, 0, q.Times, q.States, dx); err != nil {
		return nil, err
	}
	res := &FieldResult{Solve: m.Sites[q.Solve].Where, States: states}
	for _, d := range dx {
		res.DX = append(res.DX, numberSlice(d))
	}
	return res, nil
}
