package codegen

import (
	"fmt"
	"slices"
	"strings"

	"ndec.dev/ndec/codegen/asm"
	"ndec.dev/ndec/codegen/lanes"
)

// dispatch prints the table of kernels and the choice between instruction sets.
func (v *vectors) dispatch(f *file) {
	p := v.p
	var called []*lanes.Kernel
	for _, k := range v.set.Kernels {
		if v.used[k] {
			called = append(called, k)
		}
	}
	if v.form == blocksOfLanes {
		p.line("width int // real numbers in a vector")
	}
	for _, k := range called {
		p.line("%s func(%s)", k.Name, strings.Join(v.set.Pointers(), ", "))
	}
	text(f, v.form.kernels+" are the kernels of an instruction set.", fmt.Sprintf("type %s struct {\n%s\n}", v.form.kernels, p.text()))
	if v.form == blocksOfLanes {
		v.dispatchTiles(called)
	}
	p.line("switch rt.CPULevel() {")
	for _, isa := range slices.Backward(v.isas()) {
		p.line("case rt.%s:", strings.ToUpper(isa.String()))
		p.line("return &%s{", v.form.kernels)
		if v.form == blocksOfLanes {
			p.line("width: %d,", isa.Bytes()/v.e.m.Real.Bytes())
		}
		for _, k := range called {
			p.line("%s: %s,", k.Name, asm.Symbol(k.Name, isa))
		}
		p.line("}")
	}
	p.line("}")
	p.line("return nil")
	text(f, v.form.kernel+" holds the kernels for this machine; nil where it has none of the instruction sets.", fmt.Sprintf("var %s = %s()", v.form.kernel, v.form.pick))
	text(f, "", fmt.Sprintf("func %s() *%s {\n%s\n}", v.form.pick, v.form.kernels, p.text()))
	v.hooks(f, called)
	for _, isa := range v.isas() {
		for _, k := range called {
			text(f, "", fmt.Sprintf("func %s(%s)", asm.Symbol(k.Name, isa), strings.Join(v.set.Pointers(), ", ")))
		}
	}
	v.tileFunctions(f, called)
}

// hooks prints how kernels take the place of functions over one sample.
func (v *vectors) hooks(f *file, called []*lanes.Kernel) {
	p := v.p
	clocks := v.form == blocksOfLanes && v.e.clocks()
	if v.form.wide { // those of the other blocks ask for it
		if v.e.clocks() {
			v.clocks(f, called)
		}
		return
	}
	p.line("if %s == nil { return }", v.form.kernel)
	if clocks {
		p.line("kernelClocks = clockKernels")
	}
	for _, m := range v.e.m.Models {
		if v.models[m] != nil {
			hook := "Batch"
			switch {
			case v.form.few:
				hook = "Small"
			case m.Func.InStep():
				hook = "Blocks"
			}
			p.line("%s%s = (*%sJob).%s", v.e.bases[m], hook, v.e.bases[m], v.form.method)
			v.widened(m)
		}
	}
	for _, r := range v.e.m.Recipes {
		if v.recipes[r] != nil {
			p.line("%sShard = (*%sWorker).lanes", v.e.bases[r], v.e.bases[r])
			if v.recipes[r].Design != nil {
				p.line("%sLeastSquares = (*%sWorker).designLanes", v.e.bases[r], v.e.bases[r])
			}
			if inStep(r) {
				p.line("%sBlock = %d", v.e.bases[r], v.set.Samples())
			}
		}
	}
	text(f, "", "func init() {\n"+p.text()+"\n}")
	if clocks {
		v.clocks(f, called)
	}
}
