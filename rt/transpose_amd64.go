//go:build !purego

package rt

import "unsafe"

//go:noescape
func transpose32AVX2(to, from *float32, toRow, fromRow, squares, toStep, fromStep int)

//go:noescape
func transpose64AVX2(to, from *float64, toRow, fromRow, squares, toStep, fromStep int)

// transposeKernel turns over the first rows and columns of from, whose rows are width numbers apart, so that they are the
// first columns and rows of to, whose rows are height apart: squares that are 32 bytes wide. It says how many rows and columns.
func transposeKernel[R Float](to, from []R, rows, columns, height, width int) (doneRows, doneColumns int) {
	size := int(unsafe.Sizeof(R(0)))
	side := 32 / size
	if level < AVX2 || rows < side || columns < side {
		return 0, 0
	}
	rows, columns = rows/side*side, columns/side*side
	_, _ = from[(rows-1)*width+columns-1], to[(columns-1)*height+rows-1]
	run := func(to, from *R, squares, toStep, fromStep int) {
		switch size {
		case 4:
			transpose32AVX2((*float32)(unsafe.Pointer(to)), (*float32)(unsafe.Pointer(from)), height*size, width*size, squares, toStep*size, fromStep*size)
		case 8:
			transpose64AVX2((*float64)(unsafe.Pointer(to)), (*float64)(unsafe.Pointer(from)), height*size, width*size, squares, toStep*size, fromStep*size)
		}
	}
	// Along the lanes first, which are few, so that what is read and written at a time stays in the first cache.
	if rows < columns {
		for j := 0; j < columns; j += side {
			run(&to[j*height], &from[j], rows/side, side, side*width)
		}
	} else {
		for i := 0; i < rows; i += side {
			run(&to[i], &from[i*width], columns/side, side*height, side)
		}
	}
	return rows, columns
}
