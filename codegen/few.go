package codegen

import (
	"fmt"

	"ndec.dev/ndec/codegen/lanes"
	"ndec.dev/ndec/ir"
)

// Small batches: a few samples beside each other, with the elements of a sample in the lanes of vectors. Loops over steps are
// printed as those of blocks, for blocks of so many samples.

var fewSamples = vectorForm{"few", "fewFrame", "fewKernels", "fewKernel", "fewList", "pickFewKernels", "few", "Few", true, false}

// keepFew takes what runs a few samples at a time, of the models that run in lanes.
func (e *emitter) keepFew(found *lanes.Few) {
	if e.alone == nil || e.vec == nil || found == nil {
		return
	}
	models := map[*ir.Model]*lanes.Node{}
	for m, n := range found.Models {
		if e.vec.models[m] != nil {
			models[m] = n
		}
	}
	if len(models) == 0 {
		return
	}
	e.few = &vectors{e: e, p: e.p, set: found.Set, form: fewSamples, models: models, small: found.Small,
		paths: map[*lanes.Field]string{}, names: map[any]string{}, used: map[*lanes.Kernel]bool{}, done: map[any]bool{}, apart: map[*lanes.Kernel]apartFields{}, once: &file{held: true}}
}

// samples is the number of samples that run at a time.
func (v *vectors) samples() int {
	if v.form.few {
		return v.set.Few()
	}
	return v.set.Samples()
}

// leave prints that rows are left to the kernels for one sample where these are faster.
func (v *vectors) leave(m *ir.Model, lo string) {
	v.p.line("if hi-%s < %d { // one after the other is faster", lo, v.small[m].Least)
	v.p.line("j.rows(worker, %s, hi)", lo)
	v.p.line("return")
	v.p.line("}")
}

// fewFiles are the Go file and the assembly of each ISA.
func (v *vectors) fewFiles(base string) []textFile {
	f := &file{build: "!purego"}
	v.loops = &file{held: true}
	for _, m := range v.e.m.Models {
		if n := v.models[m]; n != nil {
			v.keepApart(n)
		}
	}
	v.frame(f)
	for _, m := range v.e.m.Models {
		if n := v.models[m]; n != nil {
			v.batch(m, n)
		}
	}
	p := v.p
	p.line("fr *fewFrame")
	p.line("w *aloneWeights")
	for _, t := range v.tapes {
		p.line("%s", t)
	}
	text(f, fmt.Sprintf("few runs %d samples at a time on one goroutine.", v.samples()), "type few struct {\n"+p.text()+"\n}")
	text(f, "", "var fewList = rt.FreeList[few]{New: func() *few { return &few{fr: rt.Aligned[fewFrame]()} }}")
	v.dispatch(f)
	f.add(v.loops.decls...)
	out := []textFile{v.e.goFile(base+"_few_amd64.go", f)}
	used := func(k *lanes.Kernel) bool { return v.used[k] }
	return append(out, v.e.assembly(v.set, base+"_few", v.set.Called(used), used)...)
}
