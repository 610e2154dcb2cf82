package rt

import (
	"compress/gzip"
	"errors"
	"fmt"
	"io/fs"
	"math"
	"os"
	"path/filepath"
)

// MNIST reads handwritten digits (LeCun, Cortes, Burges) from a folder with the four canonical IDX
// files, gzipped or not: the column of images has 784 numbers from 0 to 1, that of labels 10 classes.
type MNIST struct {
	Dir  string
	Part string // "train" or "test"; "" is train
	N    int    // first rows only; 0: all
}

var mnistFiles = map[string][2]string{
	"":      {"train-images-idx3-ubyte", "train-labels-idx1-ubyte"},
	"train": {"train-images-idx3-ubyte", "train-labels-idx1-ubyte"},
	"test":  {"t10k-images-idx3-ubyte", "t10k-labels-idx1-ubyte"},
}

// Load reads the files.
func (m MNIST) Load(dir string, cols []ColumnSpec) (*Table, error) {
	if _, err := pointColumns("mnist", cols, 784, 10); err != nil {
		return nil, err
	}
	names, ok := mnistFiles[m.Part]
	if !ok {
		return nil, fmt.Errorf("mnist has no part %q: %w", m.Part, ErrData)
	}
	var arrays [2]*Array
	for i, name := range names {
		a, err := readIDX(filepath.Join(resolve(dir, m.Dir), name))
		if err != nil {
			return nil, err
		}
		arrays[i] = a
	}
	images, labels := arrays[0], arrays[1]
	if len(images.Shape) != 3 || len(images.Data) != 784*images.Shape[0] || len(labels.Data) != images.Shape[0] {
		return nil, fmt.Errorf("mnist: images %v and labels %v do not fit: %w", images.Shape, labels.Shape, ErrData)
	}
	rows := images.Shape[0]
	if m.N > 0 {
		rows = min(rows, m.N)
	}
	t := NewTable(cols, rows)
	for k := range t.Columns {
		c := &t.Columns[k]
		if c.Classes > 0 {
			Copy(c.Data, labels.Data)
			continue
		}
		for i := range c.Data {
			c.Data[i] = images.Data[i] / 255
		}
	}
	return t, nil
}

// readIDX reads a file, or the gzipped one beside it.
func readIDX(path string) (*Array, error) {
	f, err := openFile(path, ErrData)
	packed := false
	if errors.Is(err, fs.ErrNotExist) {
		if g, zerr := os.Open(path + ".gz"); zerr == nil {
			f, err, path, packed = g, nil, path+".gz", true
		}
	}
	if err != nil {
		return nil, err
	}
	defer f.Close()
	a, err := readIDXFrom(f, packed)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return a, nil
}

func readIDXFrom(f *os.File, packed bool) (*Array, error) {
	if !packed {
		return readArray(f, math.MaxInt, 1, idxHead)
	}
	z, err := gzip.NewReader(f)
	if err != nil {
		return nil, fmt.Errorf("%v: %w", err, ErrData)
	}
	return readArray(z, maxUnpacked, 1, idxHead)
}
