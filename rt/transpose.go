package rt

// IntoLanes puts n rows of numbers into the lanes of a block: number k of row i is block[k*lanes+i]. Lanes without a row
// are like the last one.
func IntoLanes[R Float](block, rows []R, numbers, lanes, n int) {
	transpose(block, rows, n, numbers, lanes, numbers)
	for k := range numbers {
		for i := n; i < lanes; i++ {
			block[k*lanes+i] = block[k*lanes+n-1]
		}
	}
}

// FromLanes puts the first n lanes of a block into rows of numbers.
func FromLanes[R Float](rows, block []R, numbers, lanes, n int) {
	transpose(rows, block, numbers, n, numbers, lanes)
}

// transpose makes rows of from, whose width is the distance of two of them, columns of to, whose rows are height apart.
func transpose[R Float](to, from []R, rows, columns, height, width int) {
	doneRows, doneColumns := transposeKernel(to, from, rows, columns, height, width)
	for i := range rows {
		row := from[i*width : i*width+columns]
		k := 0
		if i < doneRows {
			k = doneColumns
		}
		for ; k < len(row); k++ {
			to[k*height+i] = row[k]
		}
	}
}
