package command

import (
	"ndec.dev/ndec/ir"
	"ndec.dev/ndec/ir/interp"
	"ndec.dev/ndec/rt"
)

// The back end "interp" evaluates the optimised program in this process and in float64, one sample
// after the other: slow, without the go command, and the definition of what the program means.

// machine is an interpreter with weights in flat form.
type machine struct {
	m      *ir.Module
	layout []rt.Tensor
	w      []float64
}

// newMachine reads weights, or makes new ones from the seed if there is no file.
func newMachine(m *ir.Module, file string, seed uint64) (*machine, error) {
	layout := layoutOf(m)
	mc := &machine{m: m, layout: layout, w: make([]float64, rt.LayoutLen(layout))}
	rt.InitParams(mc.w, layout, seed)
	if file != "" {
		if err := rt.LoadFile(file, mc.w, layout); err != nil {
			return nil, problems(err)
		}
	}
	return mc, nil
}

// interp is the interpreter for the weights as they are now.
func (mc *machine) interp() (*interp.Machine, error) {
	params := map[string][]float64{}
	for _, t := range mc.layout {
		params[t.Name] = mc.w[t.Offset : t.Offset+t.Len()]
	}
	in, err := interp.New(mc.m, params)
	if err != nil {
		return nil, internal(err)
	}
	return in, nil
}

var initKinds = map[ir.InitKind]rt.InitKind{
	ir.InitZeros: rt.Zeros, ir.InitConst: rt.Const, ir.InitUniform: rt.Uniform, ir.InitNormal: rt.Normal,
	ir.InitLinearDefault: rt.LinearDefault, ir.InitData: rt.Given,
	ir.InitLaplace: rt.Laplace, ir.InitRademacher: rt.Rademacher,
}

var transformKinds = map[ir.TransformKind]rt.TransformKind{ir.NoTransform: rt.Identity, ir.Above: rt.Above, ir.Below: rt.Below, ir.Between: rt.Between}

// layoutOf is the layout of the flat weights, as the emitted package has it.
func layoutOf(m *ir.Module) []rt.Tensor {
	var out []rt.Tensor
	offset := 0
	for _, p := range m.Params {
		t := rt.Tensor{Name: p.Name, Shape: p.Type.Shape, Offset: offset, Net: p.Net,
			Init:      rt.Init{Kind: initKinds[p.Init.Kind], A: p.Init.A, B: p.Init.B, FanIn: p.Init.FanIn, Data: p.Init.Data},
			Transform: rt.Transform{Kind: transformKinds[p.Where.Kind]}}
		switch p.Where.Kind {
		case ir.Above:
			t.Transform.Lo = p.Where.A
		case ir.Below:
			t.Transform.Hi = p.Where.A
		case ir.Between:
			t.Transform.Lo, t.Transform.Hi = p.Where.A, p.Where.B
		}
		out = append(out, t)
		offset += t.Len()
	}
	return out
}

func columnsOf(ports []ir.Port) []rt.ColumnSpec {
	var out []rt.ColumnSpec
	for _, p := range ports {
		out = append(out, rt.ColumnSpec{Name: p.Name, Shape: p.Type.Shape, Classes: p.Classes, Whole: p.Classes == 0 && p.Type.Elem == ir.I32, Single: p.Type.Elem == ir.F32, Ascend: p.Ascend})
	}
	return out
}

// keyOf is the key of random draws of a row, as the last argument of functions that draw.
func keyOf(keyed bool, k rt.Key, row int) []interp.Tensor {
	if !keyed {
		return nil
	}
	words := k.At(row).Words()
	return []interp.Tensor{interp.Of(words[:], len(words))}
}

// rowArgs are the arguments of a function of one sample, columns by name.
func rowArgs(t *rt.Table, cols []rt.ColumnSpec, row int) []interp.Tensor {
	var args []interp.Tensor
	for _, c := range cols {
		args = append(args, interp.Of(t.Columns[t.Index(c.Name)].Row(row), c.Shape...))
	}
	return args
}

// readBatch reads a batch file of any kind.
func readBatch(path string, cols []rt.ColumnSpec) (*rt.Table, error) {
	t, err := rt.ReadBatch(path, cols)
	if err == nil {
		err = t.Check(cols)
	}
	if err != nil {
		return nil, problems(err)
	}
	return t, nil
}

// siteStats are the statistics of one solve, by sample.
type siteStats = rt.SiteFigures

func newSites(solves []*ir.Solve) []siteStats {
	out := []siteStats{}
	for _, s := range solves {
		out = append(out, siteStats{Solve: s.Span.String(), NFE: []int{}, Accepted: []int{}, Rejected: []int{}, Status: []string{}})
	}
	return out
}

// addStats appends the statistics of a sample, five results per solve, and gives its failure or nil.
func addStats(sites []siteStats, solves []*ir.Solve, results []interp.Tensor, sample int) error {
	var failed error
	for i := range sites {
		n := results[ir.NumStats*i:]
		at := func(k int) int { return int(n[k].Data[0]) }
		status := rt.Status(at(ir.StatStatus))
		s := &sites[i]
		s.NFE, s.Accepted, s.Rejected = append(s.NFE, at(ir.StatNFE)), append(s.Accepted, at(ir.StatAccepted)), append(s.Rejected, at(ir.StatRejected))
		s.Status = append(s.Status, status.String())
		if status.Failed() && failed == nil {
			failed = &rt.SolveError{Sample: sample, Row: -1, Time: n[ir.StatTime].Data[0], Step: at(ir.StatAccepted), Status: status, Where: solves[i].Span.String(), Solve: solves[i].System}
		}
	}
	return failed
}
