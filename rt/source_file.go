package rt

import (
	"archive/zip"
	"bufio"
	"bytes"
	"encoding/binary"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
)

// A File of a source may be a pattern with * ? and [ ]: rows of all files that it fits follow one
// another, in the order of the names.

// CSV reads files with a header line. A column of width one takes the field
// of its name, a wider one the fields name.0, name.1, … or name_0, name_1, ….
// With a Window rows are cut into windows, Stride rows apart (0: the window's length): columns
// begin with that axis, or are First. Run names a field whose text identifies a recording; windows
// never straddle two of them, nor two files.
type CSV struct {
	File           string
	Window, Stride int
	Run            string
}

// Load reads the files; errors name file, line and field.
func (c CSV) Load(dir string, cols []ColumnSpec) (*Table, error) {
	flat := cols
	if c.Window > 0 {
		var err error
		if flat, err = rowSpecs(cols, c.Window); err != nil {
			return nil, err
		}
	}
	short := 0
	t, err := loadFiles(dir, c.File, cols, func(path string) (*Table, error) {
		f, err := os.Open(path)
		if err != nil {
			return nil, err
		}
		defer f.Close()
		rows, run, err := readCSV(bufio.NewReaderSize(f, 1<<16), flat, c.Run)
		if err != nil || c.Window <= 0 {
			return rows, err
		}
		short += rows.Rows
		return windowed(rows, cols, c.Window, c.Stride, run), nil
	})
	if err == nil && c.Window > 0 && t.Rows == 0 {
		err = fmt.Errorf("%s: %d rows are too few for a window of %d: %w", c.File, short, c.Window, ErrData)
	}
	return t, err
}

// NPZ reads arrays from .npz archives by the names of the columns.
type NPZ struct{ File string }

// Load reads the archives.
func (n NPZ) Load(dir string, cols []ColumnSpec) (*Table, error) {
	return loadBytes(dir, n.File, cols, func(b []byte) (*Table, error) { return ReadNPZ(b, cols) })
}

// NPY reads the single column of a data block from .npy arrays.
type NPY struct{ File string }

// Load reads the arrays.
func (n NPY) Load(dir string, cols []ColumnSpec) (*Table, error) {
	return loadBytes(dir, n.File, cols, func(b []byte) (*Table, error) {
		if len(cols) != 1 {
			return nil, fmt.Errorf("an .npy file holds one column, %d are declared: %w", len(cols), ErrShape)
		}
		a, err := DecodeNPY(b)
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
	return loadBytes(dir, s.File, cols, func(b []byte) (*Table, error) {
		stored, _, err := DecodeTensors(b)
		if err != nil {
			return nil, fmt.Errorf("%v: %w", err, ErrData)
		}
		return tableOf(cols, func(name string) (*Array, error) {
			var names []string
			for _, t := range stored {
				if t.Name == name {
					return &Array{Shape: t.Shape, Data: t.Data}, nil
				}
				names = append(names, t.Name)
			}
			return nil, fmt.Errorf("tensor %q is missing; the file has %s: %w", name, strings.Join(names, ", "), ErrData)
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
	for _, path := range list {
		t, err := read(path)
		if err == nil {
			err = t.Check(cols)
		}
		if err != nil {
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
		all.Rows += t.Rows
		for i := range all.Columns {
			all.Columns[i].Data = append(all.Columns[i].Data, t.Columns[i].Data...)
		}
	}
	return all, nil
}

func loadBytes(dir, pattern string, cols []ColumnSpec, read func(b []byte) (*Table, error)) (*Table, error) {
	return loadFiles(dir, pattern, cols, func(path string) (*Table, error) {
		b, err := os.ReadFile(path)
		if err != nil {
			return nil, err
		}
		return read(b)
	})
}

// ReadCSV reads comma-separated values with a header line; fields of no column
// are ignored. Every number must be finite.
func ReadCSV(in io.Reader, cols []ColumnSpec) (*Table, error) {
	t, _, err := readCSV(in, cols, "")
	return t, err
}

// readCSV numbers the recordings, too: rows in sequence with the same text in the field run.
func readCSV(in io.Reader, cols []ColumnSpec, run string) (t *Table, recording []int, err error) {
	r := csv.NewReader(in)
	r.ReuseRecord = true
	r.TrimLeadingSpace = true
	head, err := r.Read()
	if err != nil {
		return nil, nil, csvError(err)
	}
	head = slices.Clone(head)
	head[0] = strings.TrimPrefix(head[0], "\ufeff")
	t = NewTable(cols, 0)
	fields := make([][]int, len(cols))
	for i, c := range cols {
		if len(c.Fields) > 0 && len(c.Fields) != c.Width() {
			return nil, nil, fmt.Errorf("column %q has %d numbers in a row and %d fields: %w", c.Name, c.Width(), len(c.Fields), ErrShape)
		}
		for k := range c.Width() {
			names := []string{fmt.Sprintf("%s.%d", c.Name, k), fmt.Sprintf("%s_%d", c.Name, k), fmt.Sprintf("%s%d", c.Name, k)}
			if c.Width() == 1 {
				names = append([]string{c.Name}, names...)
			}
			if len(c.Fields) > 0 {
				names = []string{c.Fields[k]}
			}
			at := -1
			for j, h := range head {
				if !slices.Contains(names, strings.TrimSpace(h)) {
					continue
				}
				if at >= 0 {
					return nil, nil, fmt.Errorf("line 1: column %q appears twice: %w", names[0], ErrData)
				}
				at = j
			}
			if at < 0 {
				return nil, nil, fmt.Errorf("line 1: column %q is missing: %w", names[0], ErrData)
			}
			fields[i] = append(fields[i], at)
		}
	}
	runAt := -1
	if run != "" {
		if runAt = slices.IndexFunc(head, func(h string) bool { return strings.TrimSpace(h) == run }); runAt < 0 {
			return nil, nil, fmt.Errorf("line 1: column %q is missing: %w", run, ErrData)
		}
	}
	last, number := "", -1
	for {
		rec, err := r.Read()
		if err == io.EOF {
			break
		}
		if err != nil {
			return nil, nil, csvError(err)
		}
		for i := range cols {
			for _, f := range fields[i] {
				v, err := strconv.ParseFloat(strings.TrimSpace(rec[f]), 64)
				if err != nil || !finite(v) {
					line, _ := r.FieldPos(f)
					return nil, nil, fmt.Errorf("line %d, column %q: %q is not a finite number: %w", line, head[f], rec[f], ErrData)
				}
				t.Columns[i].Data = append(t.Columns[i].Data, v)
			}
		}
		if runAt >= 0 {
			if text := strings.TrimSpace(rec[runAt]); number < 0 || text != last {
				last, number = strings.Clone(text), number+1
			}
			recording = append(recording, number)
		}
		t.Rows++
	}
	return t, recording, t.Check(cols)
}

func csvError(err error) error {
	var p *csv.ParseError
	switch {
	case err == io.EOF:
		return fmt.Errorf("the file is empty, a header line is needed: %w", ErrData)
	case errors.As(err, &p) && errors.Is(err, csv.ErrFieldCount):
		return fmt.Errorf("line %d: the number of fields differs from the header: %w", p.Line, ErrData)
	}
	return fmt.Errorf("%v: %w", err, ErrData)
}

// maxMember bounds the bytes of a member of an archive, so that a small file cannot fill the memory.
const maxMember = 1 << 31

// ReadNPZ reads the arrays that cols name from an archive of .npy members.
func ReadNPZ(b []byte, cols []ColumnSpec) (*Table, error) {
	z, err := zip.NewReader(bytes.NewReader(b), int64(len(b)))
	if err != nil {
		return nil, fmt.Errorf("%v: %w", err, ErrData)
	}
	t, err := tableOf(cols, func(name string) (*Array, error) {
		for _, f := range z.File {
			if f.Name != name+".npy" {
				continue
			}
			r, err := f.Open()
			if err != nil {
				return nil, fmt.Errorf("array %q: %v: %w", name, err, ErrData)
			}
			defer r.Close()
			data, err := io.ReadAll(io.LimitReader(r, maxMember+1))
			if err != nil {
				return nil, fmt.Errorf("array %q: %v: %w", name, err, ErrData)
			}
			if len(data) > maxMember {
				return nil, fmt.Errorf("array %q unpacks to more than %d bytes: %w", name, maxMember, ErrData)
			}
			a, err := DecodeNPY(data)
			if err != nil {
				return nil, fmt.Errorf("array %q: %w", name, err)
			}
			return a, nil
		}
		return nil, fmt.Errorf("array %q is missing: %w", name, ErrData)
	})
	if err != nil {
		return nil, err
	}
	return t, t.Check(cols)
}

// tableOf gathers one array per column; the first axis is the row.
func tableOf(cols []ColumnSpec, get func(name string) (*Array, error)) (*Table, error) {
	t := &Table{Columns: make([]Column, len(cols))}
	for i, c := range cols {
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
		if i > 0 && rows != t.Rows {
			return nil, fmt.Errorf("column %q has %d rows, %q has %d: %w", c.Name, rows, cols[0].Name, t.Rows, ErrShape)
		}
		for k, v := range a.Data {
			if !finite(v) {
				return nil, fmt.Errorf("column %q, row %d: %v is not finite: %w", c.Name, k/c.Width(), v, ErrData)
			}
		}
		t.Rows = rows
		t.Columns[i] = Column{Name: c.Name, Width: c.Width(), Classes: c.Classes, Data: a.Data}
	}
	return t, nil
}

// idxTypes are the element types of IDX files by their code.
var idxTypes = map[byte]string{0x08: "u1", 0x09: "i1", 0x0B: "i2", 0x0C: "i4", 0x0D: "f4", 0x0E: "f8"}

// DecodeIDX reads an IDX file: two zero bytes, a type, the number of axes,
// their lengths and the elements, all big-endian.
func DecodeIDX(b []byte) (*Array, error) {
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
	return decodeArray(b[4+4*axes:], shape, idxTypes[b[2]], binary.BigEndian)
}
