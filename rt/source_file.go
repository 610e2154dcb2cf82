package rt

import (
	"archive/zip"
	"bytes"
	"cmp"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// A File of a source may be a pattern with * ? and [ ]: rows of all files that it fits follow one
// another, in the order of the names.

// NPZ reads arrays from .npz archives by the names of the columns.
type NPZ struct{ File string }

// Load reads the archives.
func (n NPZ) Load(dir string, cols []ColumnSpec) (*Table, error) {
	return loadOpen(dir, n.File, cols, func(f *os.File) (*Table, error) {
		info, err := f.Stat()
		if err != nil {
			return nil, err
		}
		return readNPZ(f, info.Size(), cols)
	})
}

// NPY reads the single column of a data block from .npy arrays.
type NPY struct{ File string }

// Load reads the arrays.
func (n NPY) Load(dir string, cols []ColumnSpec) (*Table, error) {
	return loadOpen(dir, n.File, cols, func(f *os.File) (*Table, error) {
		arrays := slices.DeleteFunc(Copied(nil, cols), func(c ColumnSpec) bool { return c.Present != "" })
		if len(arrays) != 1 {
			return nil, fmt.Errorf("an .npy file holds one column, %d are declared: %w", len(arrays), ErrShape)
		}
		a, err := readNPY(f, inMemory)
		if err != nil {
			return nil, err
		}
		return tableOf(cols, func(string) (*Array, error) { return a, nil })
	})
}

// SafeTensors reads tensors by the names of the columns; the first axis is the row.
type SafeTensors struct{ File string }

// Load reads the files.
func (s SafeTensors) Load(dir string, cols []ColumnSpec) (*Table, error) {
	return loadOpen(dir, s.File, cols, func(f *os.File) (*Table, error) {
		info, err := f.Stat()
		if err != nil {
			return nil, err
		}
		heads, _, err := storedHeads(f, info.Size())
		if err != nil {
			return nil, fmt.Errorf("%v: %w", err, ErrData)
		}
		return tableOf(cols, func(name string) (*Array, error) {
			var names []string
			for _, t := range heads {
				if t.Name == name {
					h := arrayHead{t.Shape, t.elem, binary.LittleEndian, int(t.lo)}
					if n, err := h.count(); err == nil && n > inMemory && h.mappable() {
						return h.mapped(f, n)
					}
					return h.read(io.NewSectionReader(f, t.lo, t.hi-t.lo), len(cols))
				}
				names = append(names, t.Name)
			}
			return nil, fmt.Errorf("tensor %q is missing; the file has %s: %w", name, listed(names), ErrData)
		})
	})
}

// IDX reads columns from files in the format of MNIST, gzipped or not: Files[i] belongs to the column
// named Columns[i].
type IDX struct{ Columns, Files []string }

// Load reads the files.
func (x IDX) Load(dir string, cols []ColumnSpec) (*Table, error) {
	return tableOf(cols, func(name string) (*Array, error) {
		k := slices.Index(x.Columns, name)
		if k < 0 || k >= len(x.Files) {
			return nil, fmt.Errorf("no file is given for column %q: %w", name, ErrData)
		}
		return readIDX(resolve(dir, x.Files[k]))
	})
}

// filesOf lists the files that a path or a pattern names, in the order of their names.
func filesOf(dir, pattern string) ([]string, error) {
	path := resolve(dir, pattern)
	if _, err := os.Stat(path); err == nil || !strings.ContainsAny(pattern, "*?[") {
		return []string{path}, nil
	}
	list, err := filepath.Glob(path)
	if err != nil {
		return nil, fmt.Errorf("%s is no pattern for files: %v: %w", pattern, err, ErrData)
	}
	if len(list) == 0 {
		return nil, fmt.Errorf("no file fits %s: %w", pattern, ErrData)
	}
	return list, nil
}

// loadFiles joins the rows that read gives for each of the files.
func loadFiles(dir, pattern string, cols []ColumnSpec, read func(path string) (*Table, error)) (*Table, error) {
	list, err := filesOf(dir, pattern)
	if err != nil {
		return nil, err
	}
	var all *Table
	var joined []*gathered // of the columns, if there are several files
	for _, path := range list {
		var t *Table
		lost := guarded(func() {
			if t, err = read(path); err == nil {
				err = t.Check(cols)
			}
		}, func(uintptr) error { return fmt.Errorf("the file has become shorter while it was read: %w", ErrData) })
		if err = cmp.Or(lost, err); err != nil {
			var missing *fs.PathError
			if errors.As(err, &missing) {
				return nil, err // names the file
			}
			return nil, fmt.Errorf("%s: %w", path, err)
		}
		if all == nil {
			all = t
			continue
		}
		if joined == nil {
			joined = make([]*gathered, len(all.Columns))
			lost = all.reading(func() {
				for i := range joined {
					joined[i] = gather(len(joined))
					joined[i].add(all.Columns[i].Data...)
				}
			})
		}
		all.Rows += t.Rows
		lost = cmp.Or(lost, t.reading(func() {
			for i := range joined {
				joined[i].add(t.Columns[i].Data...)
			}
		}))
		if lost != nil {
			return nil, lost
		}
	}
	for i, n := range joined {
		if all.Columns[i].Data, err = n.all(); err != nil {
			return nil, err
		}
		all.Columns[i].file = ""
	}
	return all, nil
}

// loadOpen is loadFiles with the files open.
func loadOpen(dir, pattern string, cols []ColumnSpec, read func(f *os.File) (*Table, error)) (*Table, error) {
	return loadFiles(dir, pattern, cols, func(path string) (*Table, error) {
		f, err := openFile(path, ErrData)
		if err != nil {
			return nil, err
		}
		defer f.Close()
		return read(f)
	})
}

// openFile opens a file that the user named. It does not wait for one that writes into a pipe, which could be read only once.
func openFile(path string, bad error) (*os.File, error) {
	if info, err := os.Stat(path); err == nil && !info.Mode().IsRegular() {
		what := "no file but a pipe or a device, copy what it gives into a file"
		if info.IsDir() {
			what = "no file but a folder, name a file in it"
		}
		return nil, &fs.PathError{Op: "open", Path: path, Err: fmt.Errorf("%s: %w", what, bad)}
	}
	return os.Open(path)
}

// readFile is all of a file of a run folder, opened as openFile does.
func readFile(path string) ([]byte, error) {
	f, err := openFile(path, ErrCheckpoint)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return io.ReadAll(f)
}

// ReadNPZ reads the arrays that cols name from an archive of .npy members.
func ReadNPZ(b []byte, cols []ColumnSpec) (*Table, error) {
	return readNPZ(bytes.NewReader(b), int64(len(b)), cols)
}

func readNPZ(in io.ReaderAt, size int64, cols []ColumnSpec) (*Table, error) {
	z, err := zip.NewReader(in, size)
	if err != nil {
		return nil, fmt.Errorf("%v: %w", err, ErrData)
	}
	t, err := tableOf(cols, func(name string) (*Array, error) {
		var names []string
		for _, f := range z.File {
			if f.Name != name+".npy" {
				names = append(names, strings.TrimSuffix(f.Name, ".npy"))
				continue
			}
			r, err := f.Open()
			if err != nil {
				return nil, fmt.Errorf("array %q: %v: %w", name, err, ErrData)
			}
			defer r.Close()
			a, err := readArray(r, maxUnpacked, len(cols), npyHead)
			if err != nil {
				return nil, fmt.Errorf("array %q: %w", name, err)
			}
			return a, nil
		}
		return nil, fmt.Errorf("array %q is missing; the archive has %s: %w", name, listed(names), ErrData)
	})
	if err != nil {
		return nil, err
	}
	return t, t.Check(cols)
}

// tableOf gathers one array per column; the first axis is the row.
func tableOf(cols []ColumnSpec, get func(name string) (*Array, error)) (*Table, error) {
	t := &Table{Columns: make([]Column, len(cols))}
	mask, first := gaps(cols), -1
	for i, c := range cols {
		if c.Present != "" {
			continue
		}
		a, err := get(c.Name)
		if err != nil {
			return nil, err
		}
		rows := 0
		if len(a.Shape) > 0 {
			rows = a.Shape[0]
		}
		if len(a.Data) != rows*c.Width() {
			return nil, fmt.Errorf("column %q has shape %v, want rows of %v: %w", c.Name, a.Shape, c.Shape, ErrShape)
		}
		if first >= 0 && rows != t.Rows {
			return nil, fmt.Errorf("column %q has %d rows, %q has %d: %w", c.Name, rows, cols[first].Name, t.Rows, ErrShape)
		}
		var seen *gathered
		if mask[i] >= 0 {
			seen = gather(len(cols))
		}
		for k, v := range a.Data {
			gap := math.IsNaN(v)
			switch {
			case gap && seen != nil:
				a.Data[k] = 0
			case !finite(v):
				return nil, fmt.Errorf("column %q, row %d: %v is not finite%s: %w", c.Name, k/c.Width(), v, declareGaps(gap, &c), ErrData)
			}
			if seen != nil {
				seen.add(oneIf(!gap))
			}
		}
		if k := mask[i]; k >= 0 {
			is, err := seen.all()
			if err != nil {
				return nil, err
			}
			t.Columns[k] = Column{Name: cols[k].Name, Width: c.Width(), Classes: cols[k].Classes, Data: is}
		}
		first, t.Rows = i, rows
		t.Columns[i] = Column{Name: c.Name, Width: c.Width(), Classes: c.Classes, Data: a.Data, file: a.file}
	}
	return t, nil
}

// idxTypes are the element types of IDX files by their code.
var idxTypes = map[byte]string{0x08: "u1", 0x09: "i1", 0x0B: "i2", 0x0C: "i4", 0x0D: "f4", 0x0E: "f8"}

// DecodeIDX reads an IDX file: two zero bytes, a type, the number of axes,
// their lengths and the elements, all big-endian.
func DecodeIDX(b []byte) (*Array, error) {
	return readArray(bytes.NewReader(b), math.MaxInt, 1, idxHead)
}

// idxHead reads the head of an IDX file.
func idxHead(b []byte) (*arrayHead, error) {
	if len(b) < 4 || b[0] != 0 || b[1] != 0 || idxTypes[b[2]] == "" {
		return nil, fmt.Errorf("not an IDX file: %w", ErrData)
	}
	axes := int(b[3])
	if len(b) < 4+4*axes {
		return nil, fmt.Errorf("IDX file is truncated: %w", ErrData)
	}
	shape := make([]int, axes)
	for i := range shape {
		shape[i] = int(binary.BigEndian.Uint32(b[4+4*i:]))
	}
	return &arrayHead{shape, idxTypes[b[2]], binary.BigEndian, 4 + 4*axes}, nil
}
