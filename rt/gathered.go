package rt

import (
	"encoding/binary"
	"fmt"
	"math"
	"os"
)

// inMemory bounds the numbers of a data set that lie in memory: 512 MiB of them, to which lists that grow add as much again.
const inMemory = 1 << 26

// gathered are the numbers of a column while they are read. Up to most of them lie in memory. More lie in a temporary file that has no name
// any more and is mapped: the system keeps of it what it has room for, and reads the rest again when a batch wants it.
type gathered struct {
	most int
	list []float64 // all, or those that are not in the file yet
	file *os.File
	kept int // numbers in the file
	buf  []byte
	err  error
}

// spillChunk is how many numbers are written to a file at a time.
const spillChunk = 1 << 15

// gather is for a column of a data set with so many columns.
func gather(columns int) *gathered { return &gathered{most: inMemory / max(columns, 1)} }

// add appends numbers.
func (n *gathered) add(x ...float64) {
	for len(x) > 0 && n.err == nil {
		part := x[:min(spillChunk, len(x))]
		x = x[len(part):]
		n.list = append(n.list, part...)
		if canMap && (n.file != nil || len(n.list) > n.most) && len(n.list) >= spillChunk {
			n.write()
		}
	}
}

// write moves the list to the file.
func (n *gathered) write() {
	if n.file == nil {
		if n.file, n.err = scratch(); n.err != nil {
			return
		}
	}
	for list := n.list; len(list) > 0 && n.err == nil; {
		part := list[:min(spillChunk, len(list))]
		list = list[len(part):]
		n.buf = n.buf[:0]
		for _, x := range part {
			n.buf = binary.NativeEndian.AppendUint64(n.buf, math.Float64bits(x))
		}
		_, n.err = n.file.WriteAt(n.buf, 8*int64(n.kept))
		n.kept += len(part)
	}
	if n.list = n.list[:0]; cap(n.list) > 2*spillChunk {
		n.list = nil
	}
}

// all gives the numbers. Errors are those of the temporary file.
func (n *gathered) all() ([]float64, error) {
	if n.file == nil && n.err == nil {
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
