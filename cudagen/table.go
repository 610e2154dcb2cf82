package cudagen

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"ndec.dev/ndec/ir"
)

// table is a constant that is given element by element.
type table struct{ name, text string }

// table is the file-level array of a constant that is given element by element: in constant memory, unless that has no room for it.
func (e *emitter) table(v *ir.Value) string {
	if n, ok := e.tables[v]; ok {
		return n
	}
	base := "table"
	if v.Name != "" {
		base = snake(v.Name) + "_table"
	}
	n := e.global.pick(base)
	e.tables[v] = n
	xs := make([]string, v.Type.Len())
	for i := range xs {
		x := v.Attr.Num
		if v.Attr.Data != nil {
			x = v.Attr.Data[i]
		}
		xs[i] = bare(number(x, v.Type.Elem))
	}
	where := "__device__"
	if bytes := v.Type.Len() * v.Type.Elem.Bytes(); e.tabLen+bytes <= constantBytes {
		where = "__constant__"
		e.tabLen += bytes
	}
	e.tabTxt = append(e.tabTxt, table{n, fmt.Sprintf("static %s const %s %s[%d] = {%s};", where, e.elem(v.Type.Elem), n, len(xs), strings.Join(xs, ", "))})
	return n
}

// tablesOf prints those that text reads: arrays of numbers that are all one may have been asked for and not read.
func (e *emitter) tablesOf(text string) {
	tables := slices.DeleteFunc(e.tabTxt, func(t table) bool { return !regexp.MustCompile(`\b` + t.name + `\b`).MatchString(text) })
	for _, t := range tables {
		e.p.line("%s", t.text)
	}
	if len(tables) > 0 {
		e.p.line("")
	}
}
