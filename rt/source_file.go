package rt

import (
	"archive/zip"
	"bytes"
	"encoding/binary"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strconv"
	"strings"
)

// CSV reads a file with a header line. A column of width one takes the field
// of its name, a wider one the fields name.0, name.1, … or name_0, name_1, ….
// With a Window rows are cut into windows, Stride rows apart (0: the window's length): columns
// begin with that axis, or are First. Run names a field whose value identifies a recording; windows
// never straddle two of them.
type CSV struct {
	File           string
	Window, Stride int
	Run            string
}

// Load reads the file; errors name line and field.
func (c CSV) Load(dir string, cols []ColumnSpec) (*Table, error) {
	return loadFile(resolve(dir, c.File), func(b []byte) (*Table, error) {
		if c.Window <= 0 {
			return ReadCSV(bytes.NewReader(b), cols)
		}
		flat, err := rowSpecs(cols, c.Window)
		if err != nil {
			return nil, err
		}
		if c.Run != "" {
			flat = append(flat, ColumnSpec{Name: c.Run, Fields: []string{c.Run}})
		}
		t, err := ReadCSV(bytes.NewReader(b), flat)
		if err != nil {
			return nil, err
		}
		var run []float64
		if c.Run != "" {
			run = t.Columns[len(cols)].Data
		}
		return windowed(t, cols, c.Window, c.Stride, run)
	})
}

// NPZ reads arrays from an .npz archive by the names of the columns.
type NPZ struct{ File string }

// Load reads the archive.
func (n NPZ) Load(dir string, cols []ColumnSpec) (*Table, error) {
	return loadFile(resolve(dir, n.File), func(b []byte) (*Table, error) { return ReadNPZ(b, cols) })
}

// NPY reads the single column of a data block from an .npy array.
type NPY struct{ File string }

// Load reads the array.
func (n NPY) Load(dir string, cols []ColumnSpec) (*Table, error) {
	return loadFile(resolve(dir, n.File), func(b []byte) (*Table, error) {
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

// IDX reads columns from files in the format of MNIST: Files[i] belongs to
// the column named Columns[i].
type IDX struct{ Columns, Files []string }

// Load reads the files.
func (x IDX) Load(dir string, cols []ColumnSpec) (*Table, error) {
	t, err := tableOf(cols, func(name string) (*Array, error) {
		k := slices.Index(x.Columns, name)
		if k < 0 || k >= len(x.Files) {
			return nil, fmt.Errorf("no file is given for column %q: %w", name, ErrData)
		}
		path := resolve(dir, x.Files[k])
		b, err := os.ReadFile(path)
		if err != nil {
			return nil, err
		}
		a, err := DecodeIDX(b)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", path, err)
		}
		return a, nil
	})
	if err != nil {
		return nil, err
	}
	return t, t.Check(cols)
}

func loadFile(path string, read func([]byte) (*Table, error)) (*Table, error) {
	b, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	t, err := read(b)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return t, nil
}

// ReadCSV reads comma-separated values with a header line; fields of no column
// are ignored. Every number must be finite.
func ReadCSV(in io.Reader, cols []ColumnSpec) (*Table, error) {
	r := csv.NewReader(in)
	r.ReuseRecord = true
	r.TrimLeadingSpace = true
	head, err := r.Read()
	if err != nil {
		return nil, csvError(err)
	}
	head = slices.Clone(head)
	head[0] = strings.TrimPrefix(head[0], "\ufeff")
	t := NewTable(cols, 0)
	fields := make([][]int, len(cols))
	for i, c := range cols {
		if len(c.Fields) > 0 && len(c.Fields) != c.Width() {
			return nil, fmt.Errorf("column %q has %d numbers in a row and %d fields: %w", c.Name, c.Width(), len(c.Fields), ErrShape)
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
					return nil, fmt.Errorf("line 1: column %q appears twice: %w", names[0], ErrData)
				}
				at = j
			}
			if at < 0 {
				return nil, fmt.Errorf("line 1: column %q is missing: %w", names[0], ErrData)
			}
			fields[i] = append(fields[i], at)
		}
	}
	for {
		rec, err := r.Read()
		if err == io.EOF {
			break
		}
		if err != nil {
			return nil, csvError(err)
		}
		for i := range cols {
			for _, f := range fields[i] {
				v, err := strconv.ParseFloat(strings.TrimSpace(rec[f]), 64)
				if err != nil || !finite(v) {
					line, _ := r.FieldPos(f)
					return nil, fmt.Errorf("line %d, column %q: %q is not a finite number: %w", line, head[f], rec[f], ErrData)
				}
				t.Columns[i].Data = append(t.Columns[i].Data, v)
			}
		}
		t.Rows++
	}
	return t, t.Check(cols)
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
