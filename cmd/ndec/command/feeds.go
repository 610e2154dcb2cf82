package command

import (
	"encoding/json"
	"maps"
	"slices"

	"ndec.dev/ndec/dsl/sema"
	"ndec.dev/ndec/ir"
)

// What a recipe gives a model whose inputs are no columns of any data, such as the first of a series of states.

// fedFrom is the data of the first recipe that calls the model with columns or parts of them, and what it gives each input; nil if there is none.
// A recipe and data that are named are the only ones to look at.
func fedFrom(mod *ir.Module, program *sema.Program, m *ir.Model, recipe, data string) (*ir.DataSet, []sema.Feed) {
	i := slices.IndexFunc(program.Models, func(x *sema.Model) bool { return x.Name == m.Name })
	if i < 0 {
		return nil, nil
	}
	for _, r := range program.Recipes {
		feeds := r.Feeds(program.Models[i])
		if feeds == nil || recipe != "" && recipe != r.Name {
			continue
		}
		for _, d := range mod.Data {
			if data == "" && d.Name == r.Data.Name || data != "" && d.Name == data && fedBy(d, feeds) {
				return d, feeds
			}
		}
	}
	return nil, nil
}

// fedBy reports whether the data have the columns of the feeds.
func fedBy(d *ir.DataSet, feeds []sema.Feed) bool {
	return !slices.ContainsFunc(feeds, func(f sema.Feed) bool {
		return !slices.ContainsFunc(d.Columns, func(c ir.Port) bool { return c.Name == f.Column })
	})
}

// fed are the columns that the inputs of a model are given, of those of the data, and these.
func fed(columns map[string][]json.RawMessage, feeds []sema.Feed) (map[string][]json.RawMessage, error) {
	out := maps.Clone(columns)
	for _, f := range feeds {
		cells := slices.Clone(columns[f.Column])
		for i := range cells {
			for _, at := range f.At {
				var parts []json.RawMessage
				if err := json.Unmarshal(cells[i], &parts); err != nil {
					return nil, internal(err)
				}
				cells[i] = parts[at]
			}
		}
		out[f.Input] = cells
	}
	return out, nil
}

// fedBatch is a batch for the model, of the rows of data in raw.
func fedBatch(m *ir.Model, raw json.RawMessage, feeds []sema.Feed) (json.RawMessage, error) {
	var columns map[string][]json.RawMessage
	if err := json.Unmarshal(raw, &columns); err != nil {
		return nil, internal(err)
	}
	columns, err := fed(columns, feeds)
	if err != nil {
		return nil, err
	}
	batch := map[string][]json.RawMessage{}
	for _, in := range m.Inputs {
		batch[in.Name] = columns[in.Name]
	}
	text, err := json.Marshal(batch)
	if err != nil {
		return nil, internal(err)
	}
	return text, nil
}
