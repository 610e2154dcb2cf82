package codegen

import (
	"fmt"
	"slices"
	"strings"

	"ndec.dev/ndec/codegen/lanes"
	"ndec.dev/ndec/ir"
)

// Records of steps in lanes (see lanes.Record): Go makes what all samples share when a step is taken first, and keeps it as
// long as the parameters are the same. Gradients that samples have added up in records go on when a shard is through.

// recorded is a step with records.
type recorded struct {
	*lanes.Record
	name string // of the solve or sweep
}

// findRecords lists the steps with records of all models and recipes.
func (v *vectors) findRecords() {
	seen := map[any]bool{}
	add := func(r *lanes.Record, name string) {
		if r != nil && !seen[r] {
			seen[r] = true
			v.records = append(v.records, recorded{r, goName(name, false)})
		}
	}
	var visit func(n *lanes.Node)
	visit = func(n *lanes.Node) {
		if n == nil || seen[n] {
			return
		}
		seen[n] = true
		for _, st := range n.Steps {
			switch {
			case st.Solve != nil:
				add(st.Solve.Record, st.Solve.IR.Name)
			case st.Rev != nil:
				add(st.Rev.Record, st.Rev.IR.Name)
				add(st.Rev.ReplayRecord, st.Rev.IR.Name+".replay")
				visit(st.Rev.Node)
			case st.Loop != nil:
				visit(st.Loop.Body)
			}
		}
	}
	for _, m := range v.e.m.Models {
		visit(v.models[m])
	}
	for _, r := range v.e.m.Recipes {
		if t := v.recipes[r]; t != nil {
			visit(t.Objective)
			visit(t.Grad)
		}
	}
}

// sharedFunctions prints the functions that fill records and go back from them.
func (v *vectors) sharedFunctions() {
	v.findRecords()
	e := v.e
	var visit func(r *lanes.Record)
	visit = func(r *lanes.Record) {
		if v.done[r] {
			return
		}
		v.done[r] = true
		for _, c := range r.Callees {
			visit(c)
		}
		for _, f := range []*ir.Func{r.Make, r.Back} {
			if f == nil {
				continue
			}
			e.funcs[f] = e.global.pick(goName(f.Name, false))
			fn := e.newFunction(e.plan.Of(f))
			ps, rs := fn.signature()
			fn.body()
			text(v.once, fmt.Sprintf("%s is %s of %s.", e.funcName(f), f.Doc, clean(where(f))), fmt.Sprintf("func %s(%s) %s {\n%s\n}", e.funcName(f), ps, rs, e.p.text()))
		}
	}
	for _, r := range v.records {
		visit(r.Record)
	}
	e.putTables(v.once)
}

func where(f *ir.Func) string {
	name := f.Name[:strings.LastIndexByte(f.Name, '.')]
	if f.Span.IsValid() {
		name += " (" + f.Span.String() + ")"
	}
	return name
}

// recordFields prints what a goroutine keeps.
func (v *vectors) recordFields() {
	p := v.p
	if len(v.records) == 0 {
		return
	}
	p.line("of []Real // the parameters that records were made with")
	bars, work := 0, false
	for _, r := range v.records {
		p.line("%sRecords rt.Records[Real]", r.name)
		n := 0
		for _, s := range r.Sums {
			n += s.Len
		}
		bars = max(bars, n)
		for _, f := range []*ir.Func{r.Make, r.Back} {
			work = work || f != nil && v.e.plan.Of(f).Needs.Work
		}
	}
	if bars > 0 {
		p.line("g *%s // where gradients go", v.e.sumsType())
		p.line("bars [%d]Real // what samples have given to values that they share", bars)
	}
	if work {
		p.line("ws workspace")
	}
}

// fresh prints that records that were made with other parameters are forgotten.
func (v *vectors) fresh() {
	if len(v.records) > 0 {
		v.p.line("l.fresh()")
	}
}

// runStep is a statement that runs the kernel of a step by its number, of length h from t on in all samples.
func (v *vectors) runStep(k *lanes.Kernel, r *lanes.Record, number, t, h string) string {
	i := slices.IndexFunc(v.records, func(x recorded) bool { return x.Record == r })
	if i < 0 {
		return v.run(k)
	}
	return v.runWith(k, fmt.Sprintf("l.%sRecord(%s, %s[0], %s[0])", v.records[i].name, number, t, h))
}

// backs reports whether gradients go by way of records.
func (v *vectors) backs() bool {
	return slices.ContainsFunc(v.records, func(r recorded) bool { return r.Back != nil })
}

// giveBack prints that gradients go on from records when a shard is through.
func (v *vectors) giveBack() {
	for _, r := range v.records {
		if r.Back != nil {
			v.p.line("for _, r := range l.%sRecords.All() { l.%sBack(r) }", r.name, r.name)
		}
	}
}

// keepSums prints that sums are remembered as they are before a block; records says whether gradients go by way of them.
func (v *vectors) keepSums(records bool) {
	if !records {
		v.p.line("l.kept = rt.Copied(l.kept, l.sums)")
	} else {
		v.p.line("l.kept = rt.Room(l.kept, len(l.sums)+len(gradient))[:len(l.sums)+len(gradient)]")
		v.p.line("rt.Copy(l.kept[rt.Copy(l.kept, l.sums):], gradient)")
		for _, r := range v.records {
			if r.Back != nil {
				v.p.line("l.%sRecords.Keep()", r.name)
			}
		}
	}
}

// putBackSums prints that sums become what they were.
func (v *vectors) putBackSums(records bool) {
	if !records {
		v.p.line("rt.Copy(l.sums, l.kept)")
		return
	}
	v.p.line("rt.Copy(gradient, l.kept[rt.Copy(l.sums, l.kept):])")
	for _, r := range v.records {
		if r.Back != nil {
			v.p.line("l.%sRecords.PutBack()", r.name)
		}
	}
}

// recordMethods prints how records are filled and given back.
func (v *vectors) recordMethods() {
	if len(v.records) == 0 {
		return
	}
	p := v.p
	p.line("if w := l.w.Flat(); !rt.SameBits(l.of, w) {")
	p.line("l.of = rt.Copied(l.of, w)")
	for _, r := range v.records {
		p.line("l.%sRecords.Reset()", r.name)
	}
	p.line("}")
	text(v.once, "fresh forgets records that were made with other parameters.", "func (l *lanes) fresh() {\n"+p.text()+"\n}")
	for _, r := range v.records {
		v.recordOf(r)
		if r.Back != nil {
			v.recordBack(r)
		}
	}
}

// inRecord is the place of an entry, in Go.
func inRecord(x lanes.Entry) string {
	if x.Vecs == 0 {
		return fmt.Sprint(x.Nums)
	}
	return fmt.Sprintf("%d+%d*kernel.width", x.Nums, x.Vecs)
}

func (v *vectors) recordOf(r recorded) {
	p := v.p
	p.line("r := l.%sRecords.Of(k, %s)", r.name, inRecord(lanes.Entry{Nums: r.Nums, Vecs: r.Vecs}))
	p.line("if !r.Is(t, h) {")
	if r.Back != nil {
		p.line("l.%sBack(r)", r.name)
	}
	if r.Make != nil {
		var arrays []string
		for _, x := range r.Values {
			arrays = append(arrays, fmt.Sprintf("(*[%d]Real)(r.Data[%s:])", x.Len, inRecord(x)))
		}
		p.line("%s", v.shared(r.Make, []string{"t", "h"}, arrays))
	}
	p.line("r.T, r.H, r.Made = t, h, true")
	p.line("}")
	if r.Back != nil {
		p.line("r.Added = true")
	}
	p.line("return &r.Data[0]")
	text(v.once, fmt.Sprintf("%sRecord is what all samples share in step k, of length h from t on.", r.name), fmt.Sprintf("func (l *lanes) %sRecord(k int, t, h float64) *Real {\n%s\n}", r.name, p.text()))
}

func (v *vectors) recordBack(r recorded) {
	p := v.p
	p.line("if !r.Added { return }")
	p.line("r.Added = false")
	p.line("bars := &l.bars")
	n := 0
	var arrays []string
	for _, x := range r.Sums {
		p.line("rt.Clear(bars[%d:%d])", n, n+x.Len)
		p.line("rt.AddLanes(bars[%d:%d], r.Data[%s:][:%d*kernel.width], kernel.width)", n, n+x.Len, inRecord(x), x.Len)
		arrays = append(arrays, fmt.Sprintf("(*[%d]Real)(bars[%d:])", x.Len, n))
		n += x.Len
	}
	p.line("%s", v.shared(r.Back, []string{"r.T", "r.H"}, arrays))
	text(v.once, fmt.Sprintf("%sBack adds to gradients what samples have added up in a record.", r.name), fmt.Sprintf("func (l *lanes) %sBack(r *rt.Record[Real]) {\n%s\n}", r.name, p.text()))
}

// shared is a call of a function of records.
func (v *vectors) shared(f *ir.Func, times, arrays []string) string {
	n := v.e.plan.Of(f).Needs
	var args []string
	if n.Params {
		args = append(args, "l.w")
	}
	if n.Prepared {
		args = append(args, "l.pre")
	}
	if n.Work {
		args = append(args, "&l.ws")
	}
	args = append(append(args, times...), arrays...)
	if n.Accum {
		args = append(args, "l.g")
	}
	return fmt.Sprintf("%s(%s)", v.e.funcName(f), strings.Join(args, ", "))
}
