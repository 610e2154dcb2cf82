package rt

import (
	"context"
	"fmt"
	"sync"
)

// Gradients keep the memory in which losses and gradients of a recipe are computed, for any number of goroutines at once. The collector may take what
// nobody uses.
type Gradients[R Float] struct{ free sync.Pool }

// LossGrad is the mean loss over the rows of t, and its gradient, as the function of that name computes it.
func (k *Gradients[R]) LossGrad(ctx context.Context, w, grad []R, obj *Objective[R], t *Table, seed uint64, workers int) (float64, error) {
	if err := gradientFits(ctx, w, grad, obj, t); err != nil {
		return 0, err
	}
	workers = WorkerCount(Workers(workers))
	e, _ := k.free.Get().(*evaluator[R])
	if e == nil || e.obj != obj || len(e.workers) != workers {
		e = newEvaluator(obj, len(w), workers)
	}
	n, err := lossGrad(e, w, grad, t, seed)
	if err != nil {
		e.close()
		return 0, err
	}
	loss := n.res.Loss / float64(t.Rows)
	if n.res.Failed != nil {
		err = n.res.Failed
	}
	if e.batch == nil {
		e.w, e.table = nil, nil
		k.free.Put(e)
		return loss, err
	}
	if cerr := e.close(); err == nil {
		err = cerr
	}
	return loss, err
}

// LossGrad is the mean loss over the rows of t and its gradient (len(w)
// numbers, overwritten; row-major by the layout). Samples that fail add
// nothing; the error is that of the first.
func LossGrad[R Float](ctx context.Context, w, grad []R, obj *Objective[R], t *Table, seed uint64, workers int) (*Evaluation, error) {
	if err := gradientFits(ctx, w, grad, obj, t); err != nil {
		return nil, err
	}
	e := newEvaluator(obj, len(w), WorkerCount(Workers(workers)))
	var v *Evaluation
	n, err := lossGrad(e, w, grad, t, seed)
	if err == nil {
		v, err = e.evaluation(n, t.Rows)
	}
	if cerr := e.close(); err == nil {
		err = cerr
	}
	return v, err
}

// gradientFits says what is wrong with the arguments of LossGrad.
func gradientFits[R Float](ctx context.Context, w, grad []R, obj *Objective[R], t *Table) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	if len(grad) != len(w) {
		return fmt.Errorf("gradient has %d numbers, want %d: %w", len(grad), len(w), ErrShape)
	}
	return checkColumns(obj.Columns, t)
}

// lossGrad sums losses over all rows of t, and puts their mean gradient into grad.
func lossGrad[R Float](e *evaluator[R], w, grad []R, t *Table, seed uint64) (*node[R], error) {
	n, err := e.sum(w, t, firstRows(e.rows, t.Rows), Key{Seed: seed}, true)
	if err != nil {
		return nil, err
	}
	for i, g := range n.grad {
		grad[i] = g / R(t.Rows)
	}
	return n, nil
}
