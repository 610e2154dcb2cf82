package codegen

import (
	"fmt"
	"math"
	"strings"

	"ndec.dev/ndec/ir"
)

// paramsDecls prints the parameters: the struct, its layout, making, loading and saving.
func (e *emitter) paramsDecls(f *file) {
	p := e.p
	total := 0
	p.line("type Params struct {")
	for _, prm := range e.m.Params {
		p.line("%s [%d]Real // %s %s", e.field(prm), prm.Type.Len(), clean(prm.Name), shapeText(prm.Type.Shape))
		total += prm.Type.Len()
	}
	p.line("}")
	doc := fmt.Sprintf("Params holds the %d parameters of the package, row-major. Elements may be changed in place; models see it after Refresh.", total)
	text(f, doc, p.text())

	text(f, "paramCount is the number of elements that are trained and saved.", fmt.Sprintf("const paramCount = %d", total))

	p.line("var tensors = []rt.Tensor{")
	off := 0
	for _, prm := range e.m.Params {
		p.line("{Name: %q, Shape: %s, Offset: %d, Init: %s,%s Net: %q%s},", prm.Name, intsText(prm.Type.Shape), off, initText(prm.Init), transformText(prm.Where), prm.Net, statisticText(prm.Of))
		off += prm.Type.Len()
	}
	p.line("}")
	text(f, "tensors is the layout of the parameters in weights files.", p.text())

	text(f, "NewParams gives parameters initialised from the seed.", `func NewParams(seed uint64) *Params {
	p := new(Params)
	rt.InitParams(p.Flat(), tensors, seed)
	return p
}`)
	text(f, "LoadParams reads parameters in the safetensors format, of any precision, such as bytes that go:embed put into the program. Names, shapes and\nfinite values are checked; errors wrap rt.ErrWeights.", `func LoadParams(r io.Reader) (*Params, error) {
	p := new(Params)
	return p, rt.LoadTensors(r, p.Flat(), tensors)
}`)
	text(f, "LoadFile replaces the parameters by those of a safetensors file, as LoadParams reads it; after an error they are unchanged.", `func (p *Params) LoadFile(path string) error {
	return rt.LoadFile(path, p.Flat(), tensors)
}`)
	text(f, "SaveFile writes the parameters to a safetensors file, through a temporary name.", `func (p *Params) SaveFile(path string) error {
	return rt.SaveFile(path, p.Flat(), tensors, version)
}`)
	text(f, "Named iterates over name, shape and a view of each parameter tensor.", `func (p *Params) Named() iter.Seq2[string, rt.View[Real]] {
	return rt.Named(p.Flat(), tensors)
}`)
	if total == 0 {
		text(f, "Flat is the parameters as one slice, and there are none.", "func (p *Params) Flat() []Real { return nil }")
		text(f, "", "func paramsOf([]Real) *Params { return new(Params) }")
	} else {
		text(f, "Flat is the parameters as one slice, in the order of Named: the struct holds nothing but arrays of Real. What changes its numbers changes p.",
			"func (p *Params) Flat() []Real { return rt.Flat((*Real)(unsafe.Pointer(p)), paramCount) }")
		text(f, "paramsOf sees a slice of weights or of a gradient as parameters.",
			"func paramsOf(w []Real) *Params { return (*Params)(unsafe.Pointer(&w[:paramCount][0])) }")
	}
	e.sumsDecl(f)
	text(f, "", fmt.Sprintf("const version = %q", e.opts.Version))
	if !e.prepared() {
		return
	}
	p.line("type prepared struct {")
	for _, prm := range e.m.Derived {
		p.line("%s [%d]%s // %s", e.field(prm), prm.Type.Len(), e.elem(prm.Type.Elem), clean(prm.Name))
	}
	if e.remembers() {
		p.line("from []Real // the parameters that it was made from")
	}
	if e.alone != nil {
		p.line("alone *aloneWeights // nil where there are no kernels")
	}
	p.line("}")
	text(f, "prepared holds what is computed once whenever parameters have changed.", p.text())
	of := "of"
	if e.alone != nil {
		of = "derive"
		body := "if alone == nil { return }\nif pre.alone == nil { pre.alone = rt.Aligned[aloneWeights]() }\npre.alone.of(w, pre)"
		if len(e.m.Derived) > 0 {
			body = "pre.derive(w)\n" + body
		}
		text(f, "of computes it from the parameters.", "func (pre *prepared) of(w *Params) {\n"+body+"\n}")
	}
	if len(e.m.Derived) > 0 {
		body, once := e.prepareCall(), ""
		if e.remembers() {
			body = "if rt.SameBits(pre.from, w.Flat()) { return }\npre.from = append(pre.from[:0], w.Flat()...)\n" + body
			once = ", unless these are those of the last time"
		}
		text(f, of+" computes what follows from the parameters"+once+".", fmt.Sprintf("func (pre *prepared) %s(w *Params) {\n%s\n}", of, body))
	}
}

// remembers reports whether what follows from parameters takes longer to make than to see whether these have changed.
func (e *emitter) remembers() bool {
	if len(e.m.Derived) == 0 {
		return false
	}
	n := 0
	for _, q := range e.m.Params {
		n += q.Type.Len()
	}
	c := e.plan.Of(e.m.Prepare).Cost
	return c.MulAdds+c.Elem > n
}

func shapeText(s []int) string {
	if len(s) == 0 {
		return "scalar"
	}
	return strings.ReplaceAll(fmt.Sprint(s), " ", ",")
}

func intsText(s []int) string {
	if len(s) == 0 {
		return "nil"
	}
	return "[]int{" + strings.Trim(strings.ReplaceAll(fmt.Sprint(s), " ", ", "), "[]") + "}"
}

func initText(in ir.Init) string {
	switch in.Kind {
	case ir.InitConst:
		return fmt.Sprintf("rt.Init{Kind: rt.Const, A: %s}", plain(in.A))
	case ir.InitUniform:
		return fmt.Sprintf("rt.Init{Kind: rt.Uniform, A: %s, B: %s}", plain(in.A), plain(in.B))
	case ir.InitNormal:
		return fmt.Sprintf("rt.Init{Kind: rt.Normal, A: %s, B: %s}", plain(in.A), plain(in.B))
	case ir.InitLaplace:
		return fmt.Sprintf("rt.Init{Kind: rt.Laplace, A: %s, B: %s}", plain(in.A), plain(in.B))
	case ir.InitRademacher:
		return "rt.Init{Kind: rt.Rademacher}"
	case ir.InitData:
		var xs []string
		for _, x := range in.Data {
			xs = append(xs, plain(x))
		}
		return fmt.Sprintf("rt.Init{Kind: rt.Given, Data: []float64{%s}}", strings.Join(xs, ", "))
	case ir.InitLinearDefault:
		return fmt.Sprintf("rt.Init{Kind: rt.LinearDefault, FanIn: %d}", in.FanIn)
	}
	return "rt.Init{}"
}

func transformText(t ir.Transform) string {
	switch t.Kind {
	case ir.Above:
		return fmt.Sprintf(" Transform: rt.Transform{Kind: rt.Above, Lo: %s},", plain(t.A))
	case ir.Below:
		return fmt.Sprintf(" Transform: rt.Transform{Kind: rt.Below, Hi: %s},", plain(t.A))
	case ir.Between:
		return fmt.Sprintf(" Transform: rt.Transform{Kind: rt.Between, Lo: %s, Hi: %s},", plain(t.A), plain(t.B))
	}
	return ""
}

var perNames = map[ir.Per]string{ir.PerElement: "rt.PerElement", ir.PerChannel: "rt.PerChannel", ir.PerAll: "rt.PerAll"}

func statisticText(s *ir.Statistic) string {
	if s == nil {
		return ""
	}
	return fmt.Sprintf(", Of: &rt.Statistic{Data: %q, Column: %q, Deviation: %t, Per: %s}", s.Data, s.Column, s.Deviation, perNames[s.Per])
}

// plain spells a float64 for a struct literal.
func plain(x float64) string {
	switch {
	case math.IsInf(x, 1):
		return "math.Inf(1)"
	case math.IsInf(x, -1):
		return "math.Inf(-1)"
	}
	return strings.TrimSuffix(strings.Trim(number(x, ir.F64), "()"), ".0")
}
