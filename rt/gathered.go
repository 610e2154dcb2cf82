package rt

import (
	"encoding/binary"
	"fmt"
	"math"
	"os"
)

// inMemory bounds the numbers of a data set that lie in memory: 128 MiB of them, and as much again for a moment, when they are joined.
const inMemory = 1 << 24

// gathered are the numbers of a column while they are read. Up to most of them lie in memory, in blocks, since a list that grows leaves several times as
// much behind. More lie in a temporary file that has no name any more and is mapped: the system keeps of it what it has room for, and reads the rest again
// when a batch wants it.
type gathered struct {
	most   int
	blocks [][]float64 // full ones
	list   []float64   // what follows them, or what is in the file
	room   int         // of the list
	file   *os.File
	kept   int // numbers in the file
	buf    []byte
	err    error
}

// spillChunk is how many numbers are written to a file at a time.
const spillChunk = 1 << 15

// gather is for a column of a data set with so many columns.
func gather(columns int) *gathered {
	return &gathered{most: inMemory / max(columns, 1), room: spillChunk}
}

// expect makes room for exactly count numbers, if so many may lie in memory.
func (n *gathered) expect(count int) {
	if count <= n.most {
		n.list, n.room = make([]float64, 0, count), max(count, spillChunk)
	}
}

// add appends numbers.
func (n *gathered) add(x ...float64) {
	for len(x) > 0 && n.err == nil {
		part := x[:min(n.room-len(n.list), len(x))]
		x = x[len(part):]
		n.list = append(n.list, part...)
		switch {
		case len(n.list) < n.room:
		case canMap && (n.file != nil || (len(n.blocks)+1)*spillChunk > n.most):
			n.write()
		case len(x) > 0:
			n.blocks = append(n.blocks, n.list)
			n.list, n.room = make([]float64, 0, spillChunk), spillChunk
		}
	}
}

// write moves blocks and list to the file.
func (n *gathered) write() {
	if n.file == nil {
		if n.file, n.err = scratch(); n.err != nil {
			return
		}
	}
	for _, b := range append(n.blocks, n.list) {
		for len(b) > 0 && n.err == nil {
			part := b[:min(spillChunk, len(b))]
			b = b[len(part):]
			n.buf = n.buf[:0]
			for _, x := range part {
				n.buf = binary.NativeEndian.AppendUint64(n.buf, math.Float64bits(x))
			}
			_, n.err = n.file.WriteAt(n.buf, 8*int64(n.kept))
			n.kept += len(part)
		}
	}
	n.blocks, n.list = nil, n.list[:0]
}

// all gives the numbers. Errors are those of the temporary file.
func (n *gathered) all() ([]float64, error) {
	if n.file == nil && n.err == nil {
		if len(n.blocks) == 0 {
			return n.list, nil
		}
		n.list = joined(append(n.blocks, n.list)...)
		n.blocks = nil
		return n.list, nil
	}
	var out []float64
	if n.err == nil {
		n.write()
	}
	if n.err == nil {
		out, n.err = mapNumbers(n.file, 0, n.kept)
	}
	if n.file != nil {
		n.file.Close() // a map stays
	}
	if n.err != nil {
		return nil, fmt.Errorf("a data set of more than %d MB goes through a file in %s, TMPDIR says where: %w", inMemory>>17, os.TempDir(), n.err)
	}
	return out, nil
}

// scratch is a temporary file that goes when it is closed and no longer mapped.
func scratch() (*os.File, error) {
	f, err := os.CreateTemp("", "ndec-data-*")
	if err != nil {
		return nil, err
	}
	if err := os.Remove(f.Name()); err != nil {
		f.Close()
		return nil, err
	}
	return f, nil
}
