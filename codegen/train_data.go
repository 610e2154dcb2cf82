package codegen

import (
	"fmt"
	"slices"
	"strings"

	"ndec.dev/ndec/ir"
	"ndec.dev/ndec/ir/recipe"
)

func (e *emitter) dataName(d *ir.DataSet) string { return e.bases[d] + "Data" }

// data prints a data block: its columns and its source.
func (e *emitter) data(f *file, d *ir.DataSet) {
	p := e.p
	p.line("var %s = rt.DataEntry{", e.dataName(d))
	p.line("Name: %q,", d.Name)
	p.line("Columns: %s,", columnSpecs(d.Columns))
	if s, ok := ir.FindSetting(d.Settings, "source"); ok && s.Choice != nil {
		source := ""
		if model, ok := s.Choice.Option("model"); ok {
			source = e.simulation(s.Choice, model.Text)
		} else {
			source = choice(recipe.Source, s.Choice)
		}
		if stream, ok := ir.FindSetting(d.Settings, "stream"); ok && stream.Num != 0 {
			source = "rt.Fresh{Of: " + source + "}"
		}
		p.line("Source: %s,", source)
	}
	if s, ok := ir.FindSetting(d.Settings, "split"); ok && s.Choice != nil {
		p.line("Split: %s,", split(s.Choice))
	}
	p.line("}")
	text(f, fmt.Sprintf("%s is the data block %s (%s).", e.dataName(d), d.Name, clean(d.Span.String())), p.text())
	var words []string
	for _, c := range d.Columns {
		words = append(words, columnWords(c))
	}
	text(f, fmt.Sprintf("%s makes a table of n rows of zeros with the columns of data %s: %s. Its numbers are in Columns[i].Data, row-major.", tableMaker(d), d.Name, strings.Join(words, ", ")),
		fmt.Sprintf("func %s(n int) *rt.Table { return rt.NewTable(%s.Columns, n) }", tableMaker(d), e.dataName(d)))
}

// tableMaker is the function that makes tables of a data block.
func tableMaker(d *ir.DataSet) string { return "New" + goName(d.Name, true) + "Table" }

// dataOf is the data block that a recipe trains on; nil where there is none.
func (e *emitter) dataOf(r *ir.Recipe) *ir.DataSet {
	s, _ := ir.FindSetting(r.Settings, "data")
	for _, d := range e.m.Data {
		if d.Name == s.Text {
			return d
		}
	}
	return nil
}

// columnWords says name, shape and kind of a column.
func columnWords(c ir.Port) string {
	s := c.Name
	if len(c.Type.Shape) > 0 {
		s += strings.ReplaceAll(fmt.Sprint(c.Type.Shape), " ", ",")
	}
	if n := note(c); n != "" {
		s += " (" + n + ")"
	}
	return s
}

func columnSpecs(cols []ir.Port) string {
	var rows []string
	for _, c := range cols {
		classes := ""
		if c.Classes > 0 {
			classes = fmt.Sprintf(", Classes: %d", c.Classes)
		}
		if c.Classes == 0 && c.Type.Elem == ir.I32 {
			classes = ", Whole: true"
		}
		if c.Type.Elem == ir.F32 {
			classes += ", Single: true"
		}
		if c.Ascend {
			classes += ", Ascend: true"
		}
		if len(c.Fields) > 0 {
			classes += fmt.Sprintf(", Fields: %#v", c.Fields)
		}
		if c.First {
			classes += ", First: true"
		}
		if c.Present != "" {
			classes += fmt.Sprintf(", Present: %q", c.Present)
		}
		rows = append(rows, fmt.Sprintf("{Name: %q, Shape: %s%s}", c.Name, intsText(c.Type.Shape), classes))
	}
	return "[]rt.ColumnSpec{" + strings.Join(rows, ", ") + "}"
}

// choice spells a row of a recipe table as a value of rt: its type and its fields.
func choice(g recipe.Group, c *ir.Choice) string {
	row := recipe.Lookup(g, c.Row)
	if row == nil || row.Make == "" {
		panic("codegen: " + string(g) + " " + c.Row + " has no type in rt")
	}
	var fields []string
	for _, o := range row.Options {
		s, ok := c.Option(o.Key)
		if !ok || o.Field == "" {
			continue
		}
		x := ""
		switch o.Kind {
		case recipe.Number:
			x = plain(s.Num)
		case recipe.Int:
			x = fmt.Sprintf("%d", int64(s.Num))
		case recipe.Bool:
			x = fmt.Sprintf("%t", s.Num != 0)
		case recipe.Text, recipe.Name, recipe.Figure:
			x = fmt.Sprintf("%q", s.Text)
		case recipe.Choice:
			if s.Choice == nil {
				continue
			}
			x = choice(o.Group, s.Choice)
		default:
			panic("codegen: option " + o.Key + " of " + c.Row + " cannot be spelled")
		}
		if x == "0" || x == "false" || x == `""` {
			continue // the zero value
		}
		fields = append(fields, o.Field+": "+x)
	}
	switch row.Columns {
	case recipe.Files:
		var names, files []string
		for _, s := range c.Options {
			names = append(names, fmt.Sprintf("%q", s.Key))
			files = append(files, fmt.Sprintf("%q", s.Text))
		}
		fields = append(fields, "Columns: []string{"+strings.Join(names, ", ")+"}", "Files: []string{"+strings.Join(files, ", ")+"}")
	case recipe.Sampled:
		var of []string
		for _, s := range c.Options {
			if s.Choice != nil {
				of = append(of, sampled(s))
			}
		}
		fields = append(fields, "Of: []rt.Sampled{"+strings.Join(of, ", ")+"}")
	}
	return "rt." + row.Make + "{" + strings.Join(fields, ", ") + "}"
}

// sampled spells the distribution of a column.
func sampled(s ir.Setting) string {
	a, _ := s.Choice.Option("a")
	b, _ := s.Choice.Option("b")
	return fmt.Sprintf("{Column: %q, Normal: %t, A: %s, B: %s}", s.Key, s.Choice.Row == "normal", plain(a.Num), plain(b.Num))
}

// simulation spells the source whose rows a model of the package gives.
func (e *emitter) simulation(c *ir.Choice, model string) string {
	at := slices.IndexFunc(e.m.Models, func(m *ir.Model) bool { return m.Name == model })
	m := e.m.Models[at]
	var of, noisy []string
	drawn, _ := c.Option("drawn")
	for _, s := range drawn.List {
		of = append(of, sampled(s))
	}
	list, _ := c.Option("noisy")
	for _, s := range list.List {
		noisy = append(noisy, fmt.Sprintf("%q", s.Key))
	}
	seed, _ := c.Option("seed")
	x := strings.TrimSuffix(choice(recipe.Source, c), "}")
	return fmt.Sprintf("%s, Noisy: []string{%s},\n\tDrawn: %s,\n\tOf: []rt.Sampled{%s},\n\tModel: func(drawn *rt.Table) *rt.Rows { return %sRows(NewParams(%d).Flat(), drawn) }}",
		x, strings.Join(noisy, ", "), columnSpecs(m.Inputs), strings.Join(of, ", "), e.bases[m], uint64(seed.Num))
}

func split(c *ir.Choice) string {
	get := func(key string) float64 {
		s, _ := c.Option(key)
		return s.Num
	}
	kind := map[string]string{"random": "rt.SplitRandom", "by_time": "rt.SplitByTime", "by_column": "rt.SplitByColumn"}[c.Row]
	if of, ok := c.Option("of"); ok {
		kind += fmt.Sprintf(", Column: %q", of.Text)
	}
	return fmt.Sprintf("rt.Split{Kind: %s, Train: %s, Val: %s, Test: %s, Seed: %d}", kind, plain(get("train")), plain(get("val")), plain(get("test")), uint64(get("seed")))
}
