package codegen

import (
	"fmt"

	"ndec.dev/ndec/codegen/asm"
	"ndec.dev/ndec/codegen/lanes"
	"ndec.dev/ndec/ir"
)

// Wide blocks (lanes.Wide): batches that go by blocks of twice as many samples where the processor has the registers, and by others for
// their last rows. Loops over steps are printed as those of other blocks.

var wideBlocks = vectorForm{"wide", "wideFrame", "wideKernels", "wideKernel", "wideList", "pickWideKernels", "wide", "Wide", false, true}

// keepWide takes what runs in wide blocks.
func (e *emitter) keepWide(found *lanes.Wide) {
	if e.vec == nil || found == nil || len(found.Models) == 0 {
		return
	}
	e.wide = &vectors{e: e, p: e.p, set: found.Set, form: wideBlocks, models: found.Models,
		paths: map[*lanes.Field]string{}, names: map[any]string{}, used: map[*lanes.Kernel]bool{}, done: map[any]bool{}, apart: map[*lanes.Kernel]apartFields{}, once: &file{held: true}}
}

// isas are the instruction sets of the kernels.
func (v *vectors) isas() []asm.ISA {
	if v.form.wide {
		return []asm.ISA{asm.AVX512}
	}
	return asm.ISAs[:]
}

// widened prints that the batches of a model go by wide blocks where there are kernels for these.
func (v *vectors) widened(m *ir.Model) {
	w := v.e.wide
	if v.form != blocksOfLanes || w == nil || w.models[m] == nil {
		return
	}
	v.p.line("if %s != nil { %sBatch = (*%sJob).%s }", w.form.kernel, v.e.bases[m], v.e.bases[m], w.form.method)
}

// wideFiles are the Go file and the assembly.
func (v *vectors) wideFiles(base string) []textFile {
	f := &file{build: "!purego"}
	v.loops = &file{held: true}
	v.frame(f)
	for _, m := range v.e.m.Models {
		if n := v.models[m]; n != nil {
			v.batch(m, n)
		}
	}
	p := v.p
	p.line("fr *wideFrame")
	p.line("w *Params")
	p.line("pre *prepared")
	text(f, fmt.Sprintf("wide runs %d samples at a time on one goroutine.", v.set.Samples()), "type wide struct {\n"+p.text()+"\n}")
	text(f, "", "var wideList = rt.FreeList[wide]{New: func() *wide { return &wide{fr: rt.Aligned[wideFrame]()} }}")
	v.dispatch(f)
	f.add(v.loops.decls...)
	used := func(k *lanes.Kernel) bool { return v.used[k] }
	out := []textFile{v.e.goFile(base+"_wide_amd64.go", f)}
	for _, isa := range v.isas() {
		out = append(out, v.e.assemblyOf(isa, v.set, base+"_wide", v.set.Called(used), used))
	}
	return out
}
