package rt

import (
	"fmt"
	"math"
	"unsafe"
)

// Flat sees what p points to as n numbers; nil where p is nil.
func Flat[R Float](p *R, n int) []R {
	if p == nil {
		return nil
	}
	return unsafe.Slice(p, n)
}

// TablesFor gives what a recipe trains with: the rows of opts where it has some, else its own data, as LoadTables does.
// Rows are checked against the columns of the data block. Errors wrap ErrShape, ErrData or ErrOption.
func TablesFor(r *Recipe, data []DataEntry, layout []Tensor, opts *TrainOptions) (Tables, error) {
	if opts.Data == nil {
		if opts.Val != nil || opts.Test != nil {
			return Tables{}, fmt.Errorf("recipe %s: TrainOptions.Val and Test go with rows to train on, in Data: %w", r.Name, ErrOption)
		}
		return LoadTables(opts.Dir, r, data, layout)
	}
	block := findData(data, r.Data)
	if block == nil {
		return Tables{}, fmt.Errorf("there is no data %q: %w", r.Data, ErrData)
	}
	tables := Tables{Train: opts.Data, Val: opts.Val, Test: opts.Test}
	for _, t := range []struct {
		name string
		rows *Table
	}{{"Data", tables.Train}, {"Val", tables.Val}, {"Test", tables.Test}} {
		if t.rows == nil {
			continue
		}
		if err := t.rows.Check(block.Columns); err != nil {
			return Tables{}, fmt.Errorf("recipe %s: TrainOptions.%s, as a table of data %s: %w", r.Name, t.name, r.Data, err)
		}
	}
	if tables.Train.Rows == 0 {
		return Tables{}, fmt.Errorf("recipe %s: TrainOptions.Data has no rows: %w", r.Name, ErrData)
	}
	var err error
	tables.Stats, err = statistics(opts.Dir, r, data, layout, tables)
	return tables, err
}

// Memory is where the numbers of a named slice lie.
type Memory struct {
	name   string
	lo, hi uintptr
}

// MemoryOf is the memory of s, which is on the heap.
func MemoryOf[E any](name string, s []E) Memory {
	lo := uintptr(unsafe.Pointer(unsafe.SliceData(s)))
	return Memory{name, lo, lo + uintptr(len(s))*unsafe.Sizeof(*new(E))}
}

// CheckApart demands that the first slices, which are results, share no memory with each other or with those that follow. Errors wrap
// ErrShape.
func CheckApart(results int, all ...Memory) error {
	for i, a := range all[:results] {
		for _, b := range all[i+1:] {
			if max(a.lo, b.lo) < min(a.hi, b.hi) {
				return fmt.Errorf("%s and %s share memory: give results slices of their own: %w", a.name, b.name, ErrShape)
			}
		}
	}
	return nil
}

// CheckAscend demands that times ascend in every row of n; equal ones may follow each other. Errors wrap ErrBadTimes.
func CheckAscend(name string, ts []float64, n int) error {
	for row := 0; n > 0 && len(ts) >= n; row, ts = row+1, ts[n:] {
		if err := checkRow(name, row, ts[:n]); err != nil {
			return err
		}
	}
	return nil
}

func checkRow(name string, row int, ts []float64) error {
	last := math.Inf(-1)
	for i, t := range ts {
		if !(t >= last) { // NaN is not
			return fmt.Errorf("%s, row %d: %v at place %d: times of a signal have to ascend: %w", name, row, t, i, ErrBadTimes)
		}
		last = t
	}
	return nil
}

// CheckLabels demands labels below a number of classes. Errors wrap ErrData.
func CheckLabels(name string, labels []int32, classes int) error {
	for i, k := range labels {
		if uint32(k) >= uint32(classes) {
			return noLabel(name, i, k, classes)
		}
	}
	return nil
}

func noLabel(name string, row int, k int32, classes int) error {
	return fmt.Errorf("%s, row %d: %d is not a label 0..%d: %w", name, row, k, classes-1, ErrData)
}

// CheckLabel is CheckLabels of one.
func CheckLabel(name string, k int32, classes int) error {
	if uint32(k) >= uint32(classes) {
		return fmt.Errorf("%s: %d is not a label 0..%d: %w", name, k, classes-1, ErrData)
	}
	return nil
}
