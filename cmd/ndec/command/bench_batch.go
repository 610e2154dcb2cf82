package command

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"slices"

	"ndec.dev/ndec/dsl/sema"
	"ndec.dev/ndec/ir"
	"ndec.dev/ndec/rt"
)

// batch is what models are measured on.
type batch struct {
	table  *rt.Table
	cols   []rt.ColumnSpec
	rows   []int  // of the source, by row of the table
	block  string // data block whose columns these are; "" where they are the inputs of a model
	from   string // for people
	inline json.RawMessage
}

// most is the number of numbers in the columns of a batch above which samples are left out, unless -n asks
// for them.
const most = 1 << 21

// batchFor finds n rows (fewer if they and width more numbers for each would be too many) for a model: those of the flags, or of the data of a recipe with the model, or of any
// data that has its inputs, or what a recipe calls it with; where there is none they are drawn.
func (b *benching) batchFor(s *session, m *ir.Model, recipe string, n, width int) (*batch, error) {
	x := &batch{cols: columnsOf(m.Inputs)}
	block := b.f.data
	switch {
	case b.f.in == "-":
		text, err := b.stdinBatch()
		if err != nil {
			return nil, err
		}
		if x.table, err = rt.DecodeBatch(text, x.cols); err != nil {
			return nil, problems(fmt.Errorf("batch: %w", err))
		}
		x.from = "standard input"
	case b.f.in != "":
		var err error
		if x.table, err = readBatch(b.f.in, x.cols); err != nil {
			return nil, err
		}
		x.from = b.f.in
	case block == "":
		if block = b.dataOf(m, recipe); block != "" {
			break
		}
		done, err := b.feed(s, x, m, recipe)
		if err != nil {
			return nil, err
		}
		if !done {
			x.draw(m, b.timesOf(m), n)
		}
	case !hasColumns(dataByName(b.res.Module, block).Columns, m):
		done, err := b.feed(s, x, m, recipe)
		if err != nil {
			return nil, err
		}
		if !done {
			return nil, problems(fmt.Errorf("data %s has not all inputs of model %s, and no recipe calls the model with columns of it", block, m.Name))
		}
		block = ""
	}
	if block != "" {
		if err := x.load(s, block, b.f.split); err != nil {
			return nil, err
		}
	}
	if x.table.Rows == 0 {
		return nil, problems(fmt.Errorf("%s has no samples", x.from))
	}
	if b.f.n == 0 {
		for _, c := range x.cols {
			width += c.Width()
		}
		n = max(1, min(n, most/max(width, 1)))
	}
	x.spread(n)
	if b.precision != "f64" {
		for _, c := range x.table.Columns {
			for i, v := range c.Data {
				c.Data[i] = float64(float32(v))
			}
		}
	}
	return x, x.encode()
}

// spread keeps n rows, evenly spaced, since sources may be sorted by class.
func (x *batch) spread(n int) {
	x.rows = make([]int, min(n, x.table.Rows))
	for i := range x.rows {
		x.rows[i] = i * x.table.Rows / len(x.rows)
	}
	x.table = x.table.Select(x.rows)
}

// encode spells the batch for requests.
func (x *batch) encode() error {
	var text bytes.Buffer
	if err := rt.EncodeBatch(&text, x.table, x.cols, false); err != nil {
		return internal(err)
	}
	x.inline = bytes.TrimSpace(text.Bytes())
	return nil
}

// without drops rows of the table.
func (x *batch) without(rows []int) error {
	var kept, table []int
	for i, r := range x.rows {
		if !slices.Contains(rows, i) {
			kept, table = append(kept, r), append(table, i)
		}
	}
	x.rows, x.table = kept, x.table.Select(table)
	return x.encode()
}

// load reads a data block.
func (x *batch) load(s *session, block, split string) error {
	raw, err := s.ask(&rt.Request{Do: "data", Data: block, Split: split}, nil)
	if err != nil {
		return err
	}
	x.block, x.cols, x.from = block, columnsOf(dataByName(s.res.Module, block).Columns), "data "+block+partOf(split)
	if x.table, err = rt.DecodeBatch(raw, x.cols); err != nil {
		return internal(err)
	}
	return nil
}

// feed reads what a recipe gives the inputs of a model which no data has as columns, if there is such a recipe.
func (b *benching) feed(s *session, x *batch, m *ir.Model, recipe string) (done bool, err error) {
	d, feeds := fedFrom(b.res.Module, b.res.Program, m, recipe, b.f.data)
	if d == nil && b.f.data == "" {
		d, feeds = fedFrom(b.res.Module, b.res.Program, m, "", "")
	}
	if d == nil {
		return false, nil
	}
	raw, err := s.ask(&rt.Request{Do: "data", Data: d.Name, Split: b.f.split}, nil)
	if err != nil {
		return false, err
	}
	if raw, err = fedBatch(m, raw, feeds); err != nil {
		return false, err
	}
	x.from = "data " + d.Name + partOf(b.f.split) + ", as a recipe gives it to the model"
	if x.table, err = rt.DecodeBatch(raw, x.cols); err != nil {
		return false, internal(err)
	}
	return true, nil
}

// partOf names a part of data for people.
func partOf(split string) string {
	if split == "" {
		return ""
	}
	return ", " + split + " part"
}

// timesOf says which inputs of a model are times.
func (b *benching) timesOf(m *ir.Model) []bool {
	out := make([]bool, len(m.Inputs))
	for _, of := range b.res.Program.Models {
		if of.Name != m.Name {
			continue
		}
		for i, in := range of.Inputs {
			out[i] = in.Type.Elem == sema.Time
		}
	}
	return out
}

// draw makes inputs from a standard normal distribution, labels evenly among their classes, and times that go up in steps between 0 and 1, as solves want them.
func (x *batch) draw(m *ir.Model, times []bool, n int) {
	x.from = "inputs drawn from a standard normal distribution"
	if slices.Contains(times, true) {
		x.from += ", times that go up"
	}
	x.table = rt.NewTable(x.cols, n)
	random := rand.New(rand.NewPCG(0, 0))
	for i, c := range x.cols {
		data, at := x.table.Columns[i].Data, 0.0
		for k := range data {
			if k%c.Width() == 0 {
				at = 0
			}
			switch {
			case c.Classes > 0:
				data[k] = float64(random.IntN(c.Classes))
			case times[i]:
				at += random.Float64()
				data[k] = at
			case m.Inputs[i].Type.Elem.IsFloat():
				data[k] = random.NormFloat64()
			}
		}
	}
}

// dataOf is the data of the recipe, or the first block that has the inputs of m; "" if there is none.
func (b *benching) dataOf(m *ir.Model, recipe string) string {
	if r := recipeByName(b.res.Module, recipe); r != nil {
		if d := recipeData(b.res.Module, r); d != nil && hasColumns(d.Columns, m) {
			return d.Name
		}
	}
	for _, d := range b.res.Module.Data {
		if hasColumns(d.Columns, m) {
			return d.Name
		}
	}
	return ""
}

func dataByName(m *ir.Module, name string) *ir.DataSet {
	for _, d := range m.Data {
		if d.Name == name {
			return d
		}
	}
	return nil
}
