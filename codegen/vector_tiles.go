package codegen

import (
	"fmt"
	"slices"
	"strings"

	"ndec.dev/ndec/codegen/asm"
	"ndec.dev/ndec/codegen/lanes"
)

// Kernels with products on tiles stand beside those of AVX-512 in packages that ask for them, and take the place of those that have such
// products where the process asks for tiles, too.

// tiled reports whether there are such kernels.
func (v *vectors) tiled() bool { return slices.ContainsFunc(v.set.Kernels, v.set.HasTiles) }

// dispatchTiles prints the choice of kernels where there are tiles.
func (v *vectors) dispatchTiles(called []*lanes.Kernel) {
	if !v.tiled() {
		return
	}
	p := v.p
	p.line("if tiled {")
	p.line("return &laneKernels{")
	p.line("width: %d,", asm.AMX.Bytes()/v.e.m.Real.Bytes())
	for _, k := range called {
		isa := asm.AVX512
		if v.set.HasTiles(k) {
			isa = asm.AMX
		}
		p.line("%s: %s,", k.Name, asm.Symbol(k.Name, isa))
	}
	p.line("}")
	p.line("}")
}

// tileFunctions prints the declarations of kernels with tiles, and whether they are used.
func (v *vectors) tileFunctions(f *file, called []*lanes.Kernel) {
	if !v.tiled() {
		return
	}
	for _, k := range called {
		if v.set.HasTiles(k) {
			text(f, "", fmt.Sprintf("func %s(%s)", asm.Symbol(k.Name, asm.AMX), strings.Join(v.set.Pointers(), ", ")))
		}
	}
	text(f, "tiled says that products of matrices go on tiles.", "var tiled = rt.CPUTiles()")
}

// pack prints that matrices which a node reads go into the frame as tiles want them, under a condition if there is one. Parameters may
// have changed since others worked with the frame.
func (v *vectors) pack(n *lanes.Node, also string) {
	packs := v.set.PacksOf(n)
	if len(packs) == 0 {
		return
	}
	v.p.line("if tiled%s {", also)
	for _, q := range packs {
		from := "l.w." + v.e.fields[q.Param]
		if q.Param.Derived {
			from = "l.pre." + v.e.fields[q.Param]
		}
		v.p.line("rt.PackTiles(l.%s[:], %s[:], %d, %d, %t)", v.at(q.Field), from, q.Param.Type.Shape[0], q.Param.Type.Shape[1], q.Turned)
	}
	v.p.line("}")
}
