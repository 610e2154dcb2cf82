package rt

import (
	"bufio"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"slices"
	"strconv"
	"strings"
)

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
	t, err := loadOpen(dir, c.File, cols, func(f *os.File) (*Table, error) {
		rows, run, err := readCSV(bufio.NewReaderSize(f, 1<<16), flat, c.Run)
		if err != nil || c.Window <= 0 {
			return rows, err
		}
		short += rows.Rows
		return windowed(rows, cols, c.Window, c.Stride, run)
	})
	if err == nil && c.Window > 0 && t.Rows == 0 {
		in := ""
		if c.Run != "" && short >= c.Window {
			in = fmt.Sprintf(", in recordings that %q tells apart,", c.Run)
		}
		err = fmt.Errorf("%s: %d rows%s are too few for a window of %d: %w", c.File, short, in, c.Window, ErrData)
	}
	return t, err
}

// ReadCSV reads comma-separated values with a header line; fields of no column
// are ignored. Every number must be finite.
func ReadCSV(in io.Reader, cols []ColumnSpec) (*Table, error) {
	t, _, err := readCSV(in, cols, "")
	return t, err
}

// readCSV numbers the recordings, too: rows in sequence with the same text in the field run.
func readCSV(in io.Reader, cols []ColumnSpec, run string) (t *Table, recording []int, err error) {
	bounded := &shortRows{in: in}
	r := csv.NewReader(bounded)
	r.ReuseRecord = true
	r.TrimLeadingSpace = true
	head, err := r.Read()
	if errors.Is(err, errLongRow) {
		err = fmt.Errorf("the header %w", err)
	}
	if err != nil {
		return nil, nil, csvError(err)
	}
	head = Copied(nil, head)
	head[0] = strings.TrimPrefix(head[0], "\ufeff")
	for i := range head {
		head[i] = strings.TrimSpace(head[i])
		switch {
		case i == 0 && (strings.HasPrefix(head[i], "\xff\xfe") || strings.HasPrefix(head[i], "\xfe\xff")):
			return nil, nil, fmt.Errorf("line 1: this is text in UTF-16: save it as UTF-8: %w", ErrData)
		case strings.ContainsRune(head[i], 0) || i == 0 && strings.HasPrefix(head[i], "\x1f\x8b"):
			return nil, nil, fmt.Errorf("line 1: this is no text, packed perhaps: %w", ErrData)
		}
	}
	t = NewTable(cols, 0)
	columns := make([]*gathered, len(cols))
	for i := range columns {
		columns[i] = gather(len(cols))
	}
	fields := make([][]int, len(cols))
	for i, c := range cols {
		if c.Present == "" {
			if fields[i], err = fieldsOf(head, c); err != nil {
				return nil, nil, err
			}
		}
	}
	runAt := -1
	if run != "" {
		if runAt, err = fieldAt(head, run); err != nil {
			return nil, nil, err
		}
	}
	mask := gaps(cols)
	last, number := "", -1
	for {
		bounded.since = 0
		rec, err := r.Read()
		if err == io.EOF {
			break
		}
		if errors.Is(err, errLongRow) {
			err = fmt.Errorf("row %d %w", t.Rows, err)
		}
		if err != nil {
			return nil, nil, csvError(err)
		}
		for i := range cols {
			for _, f := range fields[i] {
				v, there := cell(rec[f], &cols[i])
				if math.IsNaN(v) || !there && mask[i] < 0 {
					line, _ := r.FieldPos(f)
					return nil, nil, fmt.Errorf("line %d, column %q: %q is not a finite number%s: %w", line, head[f], rec[f], declareGaps(!there, &cols[i]), ErrData)
				}
				if fault := cols[i].fault(v); fault != "" {
					line, _ := r.FieldPos(f)
					return nil, nil, fmt.Errorf("line %d, column %q: %v %s: %w", line, head[f], v, fault, ErrData)
				}
				columns[i].add(v)
				if k := mask[i]; k >= 0 {
					columns[k].add(oneIf(there))
				}
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
	for i, c := range columns {
		if t.Columns[i].Data, err = c.all(); err != nil {
			return nil, nil, err
		}
	}
	return t, recording, nil
}

// longestRow bounds what is read for one row, in bytes.
const longestRow = 16 << 20

// shortRows reads from in as long as rows end.
type shortRows struct {
	in    io.Reader
	since int // bytes since the last row
}

var errLongRow = errors.New("is longer than 16 MB: an end of line or the second quote of a field is missing")

func (s *shortRows) Read(p []byte) (int, error) {
	if s.since > longestRow {
		return 0, errLongRow
	}
	n, err := s.in.Read(p)
	s.since += n
	return n, err
}

// fieldsOf finds the fields of a column in the header. A column without names of fields has those of the first
// spelling of which the header has one.
func fieldsOf(head []string, c ColumnSpec) ([]int, error) {
	if len(c.Fields) > 0 && len(c.Fields) != c.Width() {
		return nil, fmt.Errorf("column %q has %d numbers in a row and %d fields: %w", c.Name, c.Width(), len(c.Fields), ErrShape)
	}
	var spellings [][]string
	if len(c.Fields) > 0 {
		spellings = append(spellings, c.Fields)
	} else {
		if c.Width() == 1 {
			spellings = append(spellings, []string{c.Name})
		}
		for _, between := range []string{".", "_", ""} {
			var names []string
			for k := range c.Width() {
				names = append(names, fmt.Sprint(c.Name, between, k))
			}
			spellings = append(spellings, names)
		}
	}
	names := spellings[0]
	for _, s := range spellings {
		if slices.ContainsFunc(s, func(n string) bool { return slices.Contains(head, n) }) {
			names = s
			break
		}
	}
	var out []int
	for _, name := range names {
		at, err := fieldAt(head, name)
		if err != nil {
			return nil, err
		}
		out = append(out, at)
	}
	return out, nil
}

// fieldAt is the place of the one field of a name.
func fieldAt(head []string, name string) (int, error) {
	at := slices.Index(head, name)
	switch {
	case at < 0:
		hint := ""
		if len(head) == 1 && strings.ContainsAny(head[0], ";\t") {
			hint = "; fields are separated by commas"
		}
		return 0, fmt.Errorf("line 1: column %q is missing; the header has %s%s: %w", name, listed(head), hint, ErrData)
	case slices.Contains(head[at+1:], name):
		return 0, fmt.Errorf("line 1: column %q appears twice: %w", name, ErrData)
	}
	return at, nil
}

// listed is a list of names for a message, not all of a long one.
func listed(names []string) string {
	const most = 12
	more := ""
	if n := len(names) - most; n > 0 {
		names, more = names[:most], fmt.Sprintf(" and %d more", n)
	}
	return strings.Join(names, ", ") + more
}

// cell reads a field; NaN is no number. A field that is empty or says NaN or NA is a number that is not there.
func cell(text string, c *ColumnSpec) (v float64, there bool) {
	text = strings.TrimSpace(text)
	if text == "" || strings.EqualFold(text, "nan") || text == "NA" {
		return 0, false
	}
	if c.Classes == 2 && (strings.EqualFold(text, "true") || strings.EqualFold(text, "false")) {
		return oneIf(len(text) == len("true")), true
	}
	v, err := strconv.ParseFloat(text, 64)
	if err != nil || !finite(v) {
		return math.NaN(), true
	}
	return v, true
}

// declareGaps says how a column may have gaps, if it was one.
func declareGaps(gap bool, c *ColumnSpec) string {
	if !gap {
		return ""
	}
	return fmt.Sprintf("; with another column of the same shape, real or bool, that is present(%s), it may be missing", c.Name)
}

func oneIf(x bool) float64 {
	if x {
		return 1
	}
	return 0
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
