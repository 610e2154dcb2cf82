package rt

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"strconv"
	"strings"
)

// DecodeBatch reads {"x": [[0.1, 0.2], …]}: every declared column and nothing
// else, the first axis is the batch, numbers are finite. Errors wrap ErrShape
// or ErrData and name the place, as x[3][0].
func DecodeBatch(b []byte, cols []ColumnSpec) (*Table, error) {
	members, err := objectMembers(bytes.TrimSpace(b))
	if err != nil {
		return nil, fmt.Errorf("%v: %w", err, ErrData)
	}
	t := &Table{Columns: make([]Column, len(cols))}
	found := make([]bool, len(cols))
	first := ""
	for _, m := range members {
		k := -1
		for i, c := range cols {
			if c.Name == m.name {
				k = i
			}
		}
		if k < 0 {
			return nil, fmt.Errorf("column %q is not declared: %w", m.name, ErrShape)
		}
		c := cols[k]
		found[k] = true
		d := json.NewDecoder(bytes.NewReader(m.value))
		d.UseNumber()
		var v any
		if err := d.Decode(&v); err != nil {
			return nil, fmt.Errorf("column %q: %v: %w", m.name, err, ErrData)
		}
		rows, ok := v.([]any)
		if !ok {
			return nil, fmt.Errorf("column %q is not an array of samples: %w", m.name, ErrShape)
		}
		col := Column{Name: c.Name, Width: c.Width(), Classes: c.Classes, Data: make([]float64, 0, len(rows)*c.Width())}
		for i, r := range rows {
			if col.Data, err = appendNested(col.Data, r, c.Shape, c.Classes == 2, c.Name+"["+strconv.Itoa(i)+"]"); err != nil {
				return nil, err
			}
		}
		if first == "" {
			first, t.Rows = c.Name, len(rows)
		} else if len(rows) != t.Rows {
			return nil, fmt.Errorf("column %q has %d samples, %q has %d: %w", c.Name, len(rows), first, t.Rows, ErrShape)
		}
		t.Columns[k] = col
	}
	var missing []string
	for i, c := range cols {
		if !found[i] {
			missing = append(missing, strconv.Quote(c.Name))
		}
	}
	if len(missing) > 0 {
		return nil, fmt.Errorf("column %s is missing: %w", strings.Join(missing, ", "), ErrShape)
	}
	return t, t.Check(cols)
}

// appendNested adds the numbers of v, nested as shape says; of two classes they may be false and true.
func appendNested(out []float64, v any, shape []int, bools bool, place string) ([]float64, error) {
	if len(shape) == 0 {
		if b, ok := v.(bool); ok && bools {
			return append(out, oneIf(b)), nil
		}
		n, ok := v.(json.Number)
		if !ok {
			return nil, fmt.Errorf("%s: %s is not a number: %w", place, brief(v), ErrData)
		}
		f, err := strconv.ParseFloat(string(n), 64)
		if err != nil || !finite(f) {
			return nil, fmt.Errorf("%s: %s is out of range: %w", place, n, ErrData)
		}
		return append(out, f), nil
	}
	list, ok := v.([]any)
	if !ok {
		return nil, fmt.Errorf("%s: %s is not an array of %d: %w", place, brief(v), shape[0], ErrShape)
	}
	if len(list) != shape[0] {
		return nil, fmt.Errorf("%s has %d elements, want %d: %w", place, len(list), shape[0], ErrShape)
	}
	var err error
	for i, e := range list {
		if out, err = appendNested(out, e, shape[1:], bools, place+"["+strconv.Itoa(i)+"]"); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// brief is a JSON value for a message.
func brief(v any) string {
	b, err := json.Marshal(v)
	if err != nil {
		return "value"
	}
	if len(b) > 40 {
		b = append(b[:40], "..."...)
	}
	return string(b)
}

// AppendNested appends data (row-major, of the given shape) as nested JSON
// arrays with full precision: 17 digits, or 9 if single; values that are not
// finite become null.
func AppendNested(out []byte, shape []int, data []float64, single bool) []byte {
	if len(shape) == 0 {
		switch digits := 17; {
		case !finite(data[0]):
			return append(out, "null"...)
		case single:
			digits = 9
			fallthrough
		default:
			return strconv.AppendFloat(out, data[0], 'g', digits, 64)
		}
	}
	out = append(out, '[')
	step := 1
	for _, d := range shape[1:] {
		step *= d
	}
	for i := range shape[0] {
		if i > 0 {
			out = append(out, ", "...)
		}
		out = AppendNested(out, shape[1:], data[i*step:(i+1)*step], single)
	}
	return append(out, ']')
}

// EncodeBatch writes the columns of t as {"name": [[…]], …} in their order.
func EncodeBatch(out io.Writer, t *Table, cols []ColumnSpec, single bool) error {
	b := []byte{'{'}
	for i, c := range cols {
		k := t.Index(c.Name)
		if k < 0 {
			return fmt.Errorf("column %q is missing: %w", c.Name, ErrShape)
		}
		if i > 0 {
			b = append(b, ", "...)
		}
		b = append(strconv.AppendQuote(b, c.Name), ": "...)
		b = AppendNested(b, append([]int{t.Rows}, c.Shape...), t.Columns[k].Data, single)
	}
	_, err := out.Write(append(b, "}\n"...))
	return err
}

// MarshalJSON writes values that are not finite as null.
func (v Evaluation) MarshalJSON() ([]byte, error) {
	return json.Marshal(struct {
		Loss    number            `json:"loss"`
		Metrics map[string]number `json:"metrics"`
		Rows    int               `json:"rows"`
		NFE     number            `json:"nfe"`
		Failed  int               `json:"failed,omitempty"`
	}{number(v.Loss), numbers(v.Metrics), v.Rows, number(v.NFE), v.FailedCount})
}

// MarshalJSON writes values that are not finite as null.
func (r TrainResult) MarshalJSON() ([]byte, error) {
	type plain TrainResult
	return json.Marshal(struct {
		plain
		Loss    number            `json:"loss"`
		Metrics map[string]number `json:"metrics"`
	}{plain(r), number(r.Loss), numbers(r.Metrics)})
}

func numbers(m map[string]float64) map[string]number {
	out := make(map[string]number, len(m))
	for k, v := range m {
		out[k] = number(v)
	}
	return out
}
