package rt

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"
)

// minimum is the least squares solution of a x = b, rows of a one after the other.
func minimum(n int, a, b []float64, eps float64) []float64 {
	q := newSquareRoot(n + 1)
	for i := range b {
		q.add(append(append([]float64(nil), a[i*n:(i+1)*n]...), b[i]))
	}
	q.flush()
	return q.solve(eps)
}

// TestLeastSquares: the residual is orthogonal to the columns, and of solutions that fit alike the
// one without a part in the null space is taken.
func TestLeastSquares(t *testing.T) {
	for _, row := range []struct{ m, n, rank int }{{1, 1, 1}, {5, 5, 5}, {300, 12, 12}, {300, 12, 7}, {4, 9, 4}, {64, 3, 1}, {65, 6, 5}, {3, 3, 0}} {
		r := rand.New(rand.NewPCG(uint64(row.m), uint64(row.rank)))
		draw := func(n int) []float64 {
			x := make([]float64, n)
			for i := range x {
				x[i] = r.NormFloat64()
			}
			return x
		}
		m, n, k := row.m, row.n, row.rank
		left, right, b := draw(m*k), draw(k*n), draw(m)
		a := make([]float64, m*n)
		for i := range m {
			for j := range n {
				for l := range k {
					a[i*n+j] += left[i*k+l] * right[l*n+j]
				}
			}
		}
		x := minimum(n, a, b, 0x1p-44)
		for j := range n {
			s := 0.0
			for i := range m {
				res := b[i]
				for l := range n {
					res -= a[i*n+l] * x[l]
				}
				s += res * a[i*n+j]
			}
			if math.Abs(s) > 1e-9 {
				t.Errorf("%v: the residual has a part %g along column %d", row, s, j)
			}
		}
		// x is in the row space: what the rows of right, made orthonormal, leave of it is nothing.
		for i := range k {
			v := right[i*n : (i+1)*n]
			for range 2 {
				for p := range i {
					take(v, right[p*n:(p+1)*n], -1)
				}
			}
			s := 0.0
			for _, y := range v {
				s += y * y
			}
			for j := range v {
				v[j] /= math.Sqrt(s)
			}
		}
		rest := append([]float64(nil), x...)
		for i := range k {
			take(rest, right[i*n:(i+1)*n], -1)
		}
		for _, y := range rest {
			if math.Abs(y) > 1e-9 {
				t.Errorf("%v: a part %g in the null space", row, y)
			}
		}
	}
}

// take adds f times the part of x along the unit vector u.
func take(x, u []float64, f float64) {
	s := 0.0
	for i := range x {
		s += x[i] * u[i]
	}
	for i := range x {
		x[i] += f * s * u[i]
	}
}

// linearWorker has the rows w0 + w1 x - 2 - 3x of a line, and w2 that no row knows.
type linearWorker struct{}

func (linearWorker) Shard(w, grad []float64, t *Table, rows []int, key Key, out *ShardResult) {
	for _, r := range rows {
		x := t.Columns[0].Data[r]
		d := w[0] + w[1]*x - 2 - 3*x
		out.Loss += d * d
	}
}

func (linearWorker) Design(w []float64, t *Table, rows []int, key Key, out *ShardResult, add func([]float64)) {
	for _, r := range rows {
		x := t.Columns[0].Data[r]
		zero := -2 - 3*x
		add([]float64{zero, zero + 1, zero + x, zero})
	}
}

// TestLeastSquaresRecipe: a recipe with this optimiser is one step, the same for any number of workers.
func TestLeastSquaresRecipe(t *testing.T) {
	x := make([]float64, 300)
	for i := range x {
		x[i] = float64(i) / 100
	}
	table := &Table{Rows: len(x), Columns: []Column{{Name: "x", Data: x}}}
	layout := []Tensor{{Name: "a", Shape: []int{2}}, {Name: "b", Shape: []int{1}, Offset: 2}}
	obj := &Objective[float64]{Name: "Line", Columns: []string{"x"}, Linear: []string{"a", "b"},
		NewWorker: func() Worker[float64] { return linearWorker{} }}
	var first []float64
	for _, workers := range []int{1, 2, 5} {
		w := []float64{7, 8, 9}
		res, err := Train(t.Context(), w, layout, &Recipe{Name: "Line", Optimizer: LeastSquares{}}, obj, Tables{Train: table}, TrainOptions{Workers: workers})
		if err != nil {
			t.Fatal(err)
		}
		if res.Steps != 1 || !(res.Loss < 1e-20) || w[2] != 0 {
			t.Errorf("%d workers: %d steps, loss %g, weights %v", workers, res.Steps, res.Loss, w)
		}
		if first == nil {
			first = w
		}
		for i := range w {
			if w[i] != first[i] {
				t.Errorf("%d workers give %v, one gives %v", workers, w, first)
			}
		}
	}
}

// TestReflect: the kernel has the bits of the scalar loop.
func TestReflect(t *testing.T) {
	rnd := rand.New(rand.NewPCG(1, 2))
	numbers := func(n int) []float64 {
		xs := make([]float64, n)
		for i := range xs {
			xs[i] = rnd.NormFloat64() * math.Exp(10*rnd.NormFloat64())
		}
		return xs
	}
	for _, rows := range []int{1, 4, 7, 20, rowsPerBlock} {
		for columns := range 6 {
			u, w, head := numbers(rows), numbers(columns*rowsPerBlock), numbers(columns)
			w2, head2 := slices.Clone(w), slices.Clone(head)
			reflectColumns(u, w, head, 0.3, -1.7)
			if !reflectKernel(u, w2, head2, 0.3, -1.7) {
				if CPULevel() != Generic && columns > 0 && rows%4 == 0 {
					t.Errorf("no kernel for %d rows", rows)
				}
				continue
			}
			for name, x := range map[string][2][]float64{"columns": {w, w2}, "head": {head, head2}} {
				for i := range x[0] {
					if math.Float64bits(x[0][i]) != math.Float64bits(x[1][i]) {
						t.Fatalf("%d rows, %d columns: number %d of %s is %v with the kernel, %v without", rows, columns, i, name, x[1][i], x[0][i])
					}
				}
			}
		}
	}
}
