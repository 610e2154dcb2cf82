package rt

import "math"

// Matrices for kernels that multiply by tiles (AMX). A tile takes numbers of 16 bits: the upper half of a float32, which has 8 of the 24
// bits of its fraction. So each number stands as three of them that add up to it: its own upper half, that of what is left, and that of
// what is left then. Where a number is infinite what is left is none.

// PackedTiles is the number of float32 that a matrix takes in this form.
func PackedTiles(rows, columns int) int {
	return blocks(rows) * blocks(columns) * packedBlock
}

const (
	blockSide   = 32                        // of a block, in which a matrix goes: two tiles one beside the other
	packedPart  = blockSide * blockSide / 2 // float32 of one of the three parts of a block
	packedBlock = 3 * packedPart            // and of all
	packedRow   = blockSide / 2             // and of one row
	upperHalf   = uint32(0xffff0000)        // of a float32
	packedSides = 2 * packedRow             // from a row to the next one of a tile, between which lies one of its neighbour
	tileHeight  = blockSide / 2             // rows of a tile
)

func blocks(n int) int { return (n + blockSide - 1) / blockSide }

// PackTiles writes a matrix by blocks of 32 rows and 32 columns, one after the other along its rows: the three parts of a block, and in
// each row 16 beside row 0, then row 17 beside row 1, and so on. With turned it is the matrix turned over that is written. What is
// beyond its edges is zero.
func PackTiles(to, from []float32, rows, columns int, turned bool) {
	m, n := rows, columns
	if turned {
		m, n = columns, rows
	}
	var block [blockSide * blockSide]float32
	for i := 0; i < m; i += blockSide {
		for j := 0; j < n; j += blockSide {
			h, w := min(blockSide, m-i), min(blockSide, n-j)
			if h < blockSide || w < blockSide {
				clear(block[:])
			}
			if turned {
				turnInto(block[:], from[j*columns+i:], w, h, blockSide, columns)
			} else {
				for r := range h {
					copy(block[r*blockSide:][:w], from[(i+r)*columns+j:])
				}
			}
			packBlock((*[packedBlock]float32)(to), &block)
			to = to[packedBlock:]
		}
	}
}

// turnInto writes the first rows and columns of from, whose rows are width numbers apart, as columns and rows of to, whose rows are height
// apart.
func turnInto(to, from []float32, rows, columns, height, width int) {
	doneRows, doneColumns := transposeKernel(to, from, rows, columns, height, width)
	for r := range rows {
		c := 0
		if r < doneRows {
			c = doneColumns
		}
		for ; c < columns; c++ {
			to[c*height+r] = from[r*width+c]
		}
	}
}

// packRows writes the three parts of a block, with two numbers of 16 bits in each float32.
func packRows(to *[packedBlock]float32, block *[blockSide * blockSide]float32) {
	for r := range blockSide {
		at := r%tileHeight*packedSides + r/tileHeight*packedRow
		for k := range packedRow {
			x, y := block[r*blockSide+2*k], block[r*blockSide+2*k+1]
			for part := range 3 {
				u, v := math.Float32bits(x), math.Float32bits(y)
				to[part*packedPart+at+k] = math.Float32frombits(u>>16 | v&upperHalf)
				x -= math.Float32frombits(u & upperHalf)
				y -= math.Float32frombits(v & upperHalf)
			}
		}
	}
}
