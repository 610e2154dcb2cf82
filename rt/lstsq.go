package rt

import (
	"context"
	"fmt"
	"math"
	"time"
)

// LeastSquares is the optimiser of objectives that are sums of squares of rows affine in the trained
// numbers. It needs no steps: the minimum is computed, and where several weights reach it, those of
// least Euclidean norm are taken.
type LeastSquares struct{}

// Rate is 0: there is no step.
func (LeastSquares) Rate() float64 { return 0 }

// DesignWorker is a Worker of an objective for LeastSquares.
type DesignWorker[R Float] interface {
	// Design calls add for every row of t among rows whose solves succeed, with the rows of the
	// objective, [n+1, k]: with the n trained numbers at zero, then with one of them at 1 each.
	Design(w []R, t *Table, rows []int, key Key, out *ShardResult, add func(design []R))
}

// fitted are the places of the trained numbers of an objective in the weights.
func fitted(names []string, layout []Tensor) ([]int, error) {
	var at []int
	for _, name := range names {
		found := false
		for _, t := range layout {
			if t.Name != name {
				continue
			}
			found = true
			for i := range t.Len() {
				at = append(at, t.Offset+i)
			}
		}
		if !found {
			return nil, fmt.Errorf("parameter %q is not in the layout: %w", name, ErrShape)
		}
	}
	return at, nil
}

// leastSquares fits all rows at once.
func (t *trainer[R]) leastSquares(ctx context.Context) error {
	t.res.Stopped = "failed"
	begun := time.Now()
	at, err := fitted(t.ev.obj.Linear, t.layout)
	if err != nil {
		return err
	}
	if len(at) == 0 {
		return fmt.Errorf("recipe %s: least squares has nothing to fit: %w", t.recipe.Name, ErrShape)
	}
	rows := t.perm
	design := t.designs
	if t.ev.obj.Together {
		design = t.designsTogether
	}
	all, sum, err := design(ctx, rows, len(at)+1)
	if err != nil {
		t.res.Stopped = "interrupted"
		return err
	}
	if sum.Failed != nil {
		return t.failed(t.training(0, rows), sum.Failed, fmt.Sprintf("%d of %d samples failed", sum.FailedCount, len(rows)))
	}
	var one R = 1
	eps := 0x1p-52
	if one+R(0x1p-30) == one {
		eps = 0x1p-23
	}
	x := all.solve(eps)
	for i, v := range x {
		if !finite(v) {
			return t.nonFinite(t.training(0, rows), math.NaN())
		}
		t.w[at[i]] = R(v)
	}
	Copy(t.free, t.w)

	n, err := t.ev.sum(t.w, t.tables.Train, rows, Key{Seed: t.plan.seed}, false)
	if err != nil {
		return err
	}
	if n.res.Failed != nil {
		return t.failed(t.training(0, rows), n.res.Failed, fmt.Sprintf("%d of %d samples failed", n.res.FailedCount, len(rows)))
	}
	i := &t.info
	i.Step, i.Batch = 1, 1
	i.Loss = n.res.Loss / float64(len(rows))
	i.NFE = float64(n.res.NFE) / float64(len(rows))
	i.Elapsed = time.Since(t.started)
	i.SamplesPerSec = float64(len(rows)) / max(time.Since(begun).Seconds(), 1e-9)
	i.Metrics = t.metrics(n.res.Metrics, len(rows))
	t.res.Stopped = "done"
	if t.opt.Events != nil {
		t.opt.Events.OnStep(i)
	}
	var val *Evaluation
	if t.tables.Val != nil {
		if val, err = t.evaluate("val", t.tables.Val); err != nil {
			t.res.Stopped = "failed"
			return err
		}
		t.res.Val = val
	}
	if err := t.log(0, true, val); err != nil {
		return err
	}
	if t.opt.Events != nil {
		t.opt.Events.OnEpoch(i)
	}
	return nil
}

// designs is the triangular factor of all rows, of n columns with the right-hand side: that of the factors of shards, in their order.
func (t *trainer[R]) designs(ctx context.Context, rows []int, n int) (*squareRoot, *ShardResult, error) {
	shards := make([]*squareRoot, (len(rows)+ShardRows-1)/ShardRows)
	results := make([]ShardResult, len(shards))
	workers := make([]Worker[R], len(t.ev.workers))
	var crew Crew
	err := crew.ForEach(ctx, len(workers), len(rows), ShardRows, func(worker, lo, hi int) {
		if workers[worker] == nil {
			workers[worker] = t.ev.obj.NewWorker()
		}
		q := newSquareRoot(n)
		w, ok := workers[worker].(DesignWorker[R])
		if ok {
			w.Design(t.w, t.tables.Train, rows[lo:hi], Key{Seed: t.plan.seed}, &results[lo/ShardRows], func(d []R) { addDesign(q, d) })
		}
		q.flush()
		shards[lo/ShardRows] = q
	})
	if err != nil {
		return nil, nil, err
	}
	all := newSquareRoot(n)
	var sum ShardResult
	for i, q := range shards {
		for k := range q.n {
			all.add(q.r[k*q.n : (k+1)*q.n])
		}
		sum.add(&results[i])
	}
	all.flush()
	return all, &sum, nil
}

// designsTogether is designs of samples that take steps of one length: all rows are one batch.
func (t *trainer[R]) designsTogether(ctx context.Context, rows []int, n int) (*squareRoot, *ShardResult, error) {
	given, results := make([][]R, len(rows)), make([]ShardResult, len(rows))
	if err := InGroup(ctx, len(rows), func(i int, member *StepMember) {
		w, ok := t.ev.obj.NewWorker().(interface {
			StepWorker[R]
			DesignWorker[R]
		})
		if ok {
			w.Join(member)
			w.Design(t.w, t.tables.Train, rows[i:i+1], Key{Seed: t.plan.seed}, &results[i], func(d []R) { given[i] = Copied(nil, d) })
		}
	}); err != nil {
		return nil, nil, err
	}
	all := newSquareRoot(n)
	var sum ShardResult
	for i, d := range given {
		if d != nil {
			addDesign(all, d)
		}
		sum.add(&results[i])
	}
	all.flush()
	return all, &sum, nil
}

// addDesign adds the rows of a sample: slopes, then the right-hand side.
func addDesign[R Float](q *squareRoot, d []R) {
	k := len(d) / q.n
	for j := range k {
		at := q.next()
		zero := float64(d[j])
		for c := range q.n - 1 {
			q.wait[c*rowsPerBlock+at] = float64(d[(c+1)*k+j]) - zero
		}
		q.wait[(q.n-1)*rowsPerBlock+at] = -zero
	}
}

// squareRoot is the triangular factor R of the rows [A | b] seen so far, RᵀR = [A b]ᵀ[A b], by
// Householder reflections of blocks of rows under R, in the order in which they come.
type squareRoot struct {
	n    int
	r    []float64 // [n, n], R
	wait []float64 // [n, rowsPerBlock], rows that are not yet in R, column by column
	rows int       // of wait
}

const rowsPerBlock = 64

func newSquareRoot(n int) *squareRoot {
	return &squareRoot{n: n, r: make([]float64, n*n), wait: make([]float64, n*rowsPerBlock)}
}

// next is the place in wait for one more row.
func (q *squareRoot) next() int {
	if q.rows == rowsPerBlock {
		q.flush()
	}
	q.rows++
	return q.rows - 1
}

func (q *squareRoot) add(row []float64) {
	at := q.next()
	for c, x := range row {
		q.wait[c*rowsPerBlock+at] = x
	}
}

// flush brings the waiting rows into R.
func (q *squareRoot) flush() {
	if q.rows == 0 {
		return
	}
	n := q.n
	column := func(c int) []float64 { return q.wait[c*rowsPerBlock:][:q.rows] }
	for c := range n {
		// R is triangular, so of its rows only row c has an entry to keep in column c.
		u := column(c)
		s := product(u, u)
		if s == 0 {
			continue
		}
		head := q.r[c*n+c]
		norm := -math.Copysign(math.Sqrt(float64(head*head)+s), head)
		v := head - norm
		beta := 1 / float64(norm*v) // negative: H = I + beta u uᵀ, u = (v, column)
		if head, rest := q.r[c*n+c+1:(c+1)*n], q.wait[(c+1)*rowsPerBlock:]; !reflectKernel(u, rest, head, v, beta) {
			reflectColumns(u, rest, head, v, beta)
		}
		q.r[c*n+c] = norm
		Clear(u)
	}
	q.rows = 0
}

// reflectColumns applies I + beta (v, u)(v, u)ᵀ to columns: each has a number of head above those of w.
func reflectColumns(u, w, head []float64, v, beta float64) {
	for j := range head {
		w := w[j*rowsPerBlock:][:len(u)]
		by := (float64(v*head[j]) + product(u, w)) * beta
		head[j] += float64(by * v)
		for i, x := range u {
			w[i] += float64(by * x)
		}
	}
}

// product is Σ x_i y_i in four sums, so that one need not wait for the other.
func product(x, y []float64) float64 {
	var a, b, c, d float64
	y = y[:len(x)]
	i := 0
	for ; i+3 < len(x); i += 4 {
		a += float64(x[i] * y[i])
		b += float64(x[i+1] * y[i+1])
		c += float64(x[i+2] * y[i+2])
		d += float64(x[i+3] * y[i+3])
	}
	for ; i < len(x); i++ {
		a += float64(x[i] * y[i])
	}
	return (a + b) + (c + d)
}

// solve is the x of least norm among those that minimise |A x - b|; columns of A that are
// dependent up to a relative eps of the longest column count as dependent. It is the complete
// orthogonal decomposition of Golub and Van Loan (Matrix Computations, 5.5): a QR factorisation
// with column pivoting, then one of the transposed part that has rank.
func (q *squareRoot) solve(eps float64) []float64 {
	n := q.n - 1
	a, b := make([]float64, n*n), make([]float64, n)
	for i := range n {
		for j := i; j < n; j++ {
			a[i*n+j] = q.r[i*q.n+j]
		}
		b[i] = q.r[i*q.n+n]
	}
	perm := make([]int, n)
	for i := range perm {
		perm[i] = i
	}
	rank := pivoted(n, a, b, perm, float64(n)*eps)
	x := make([]float64, n)
	if rank == 0 {
		return x
	}
	// The first rank rows are [R1 R2]; its transpose, n by rank, is Z T.
	z := make([]float64, n*rank)
	for i := range rank {
		for j := i; j < n; j++ {
			z[j*rank+i] = a[i*n+j]
		}
	}
	us := make([][]float64, rank)
	for c := range rank {
		us[c] = mirror(z, n, rank, c)
	}
	// T' y = b, then x = Z y.
	y := make([]float64, n)
	for i := range rank {
		s := b[i]
		for k := range i {
			s -= float64(z[k*rank+i] * y[k])
		}
		y[i] = s / z[i*rank+i]
	}
	for c := rank - 1; c >= 0; c-- {
		apply(us[c], y, n, 1, c, 0)
	}
	for i, p := range perm {
		x[p] = y[i]
	}
	return x
}

// pivoted factors a [n,n] in place, the longest remaining column first (the leftmost among equals),
// applies the reflections to b, and gives the rank.
func pivoted(n int, a, b []float64, perm []int, tol float64) int {
	first := 0.0
	for c := range n {
		best, at := -1.0, c
		for j := c; j < n; j++ {
			s := 0.0
			for i := c; i < n; i++ {
				s += float64(a[i*n+j] * a[i*n+j])
			}
			if s > best {
				best, at = s, j
			}
		}
		best = math.Sqrt(max(best, 0))
		if c == 0 {
			first = best
		}
		if best <= tol*first || best == 0 {
			return c
		}
		for i := range n {
			a[i*n+c], a[i*n+at] = a[i*n+at], a[i*n+c]
		}
		perm[c], perm[at] = perm[at], perm[c]
		u := mirror(a, n, n, c)
		apply(u, b, n, 1, c, 0)
	}
	return n
}

// mirror makes zeros under the diagonal of column c of a [m,n] by I - u uᵀ, and gives u, whose
// first c elements are 0 and whose square is 2; nil where there is nothing to do.
func mirror(a []float64, m, n, c int) []float64 {
	s := 0.0
	for i := c; i < m; i++ {
		s += float64(a[i*n+c] * a[i*n+c])
	}
	if s == 0 {
		return nil
	}
	norm := -math.Copysign(math.Sqrt(s), a[c*n+c])
	u := make([]float64, m)
	for i := c; i < m; i++ {
		u[i] = a[i*n+c]
	}
	u[c] -= norm
	scale := 1 / math.Sqrt(float64(-norm*u[c]))
	for i := c; i < m; i++ {
		u[i] *= scale
	}
	apply(u, a, m, n, c, c)
	for i := c + 1; i < m; i++ {
		a[i*n+c] = 0
	}
	return u
}

// apply reflects the columns of a [m,n] from column lo on.
func apply(u, a []float64, m, n, c, lo int) {
	if u == nil {
		return
	}
	for j := lo; j < n; j++ {
		dot := 0.0
		for i := c; i < m; i++ {
			dot += float64(u[i] * a[i*n+j])
		}
		for i := c; i < m; i++ {
			a[i*n+j] -= float64(dot * u[i])
		}
	}
}
