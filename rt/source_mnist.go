package rt

import (
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"io/fs"
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
			copy(c.Data, labels.Data)
			continue
		}
		for i := range c.Data {
			c.Data[i] = images.Data[i] / 255
		}
	}
	return t, nil
}

// maxIDX bounds the bytes of an IDX file that is unpacked, so that a small file cannot fill the memory.
const maxIDX = 1 << 30

// readIDX reads a file, or the gzipped one beside it.
func readIDX(path string) (*Array, error) {
	b, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		packed, zerr := os.ReadFile(path + ".gz")
		if zerr != nil {
			return nil, err
		}
		z, zerr := gzip.NewReader(bytes.NewReader(packed))
		if zerr != nil {
			return nil, fmt.Errorf("%s.gz: %v: %w", path, zerr, ErrData)
		}
		if b, err = io.ReadAll(io.LimitReader(z, maxIDX+1)); err != nil {
			return nil, fmt.Errorf("%s.gz: %v: %w", path, err, ErrData)
		}
		if len(b) > maxIDX {
			return nil, fmt.Errorf("%s.gz unpacks to more than %d bytes: %w", path, maxIDX, ErrData)
		}
	}
	if err != nil {
		return nil, err
	}
	a, err := DecodeIDX(b)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return a, nil
}
