package lanes

import (
	"maps"
	"runtime"
	"slices"
	"sync/atomic"

	"ndec.dev/ndec/codegen/asm"
	"ndec.dev/ndec/ir"
	"ndec.dev/ndec/ir/parallel"
)

// What is added together is laid out first, one kernel after the other, and then compiled on all cores: a kernel reads the
// places of others, and no other's code.

// adding runs add. The outermost one compiles what has been added. On an error the set is as it was.
func (s *Set) adding(add func() error) error {
	undo := s.mark()
	s.within++
	err := add()
	if s.within--; s.within == 0 {
		if err == nil {
			err = s.compile(s.added)
		}
		s.added = nil
	}
	if err != nil {
		undo()
	}
	return err
}

// join puts a kernel into the set, to be compiled.
func (s *Set) join(k *Kernel) {
	s.Kernels = append(s.Kernels, k)
	s.added = append(s.added, k)
}

// mark gives a function that takes back what has been added since.
func (s *Set) mark() (undo func()) {
	n, nodes, size, margins, turned, added := len(s.Kernels), len(s.Nodes), s.Size, s.margins, s.turned, len(s.added)
	tileRoom, tilePacks, tallSums := s.tileRoom, s.TilePacks, s.tallSums
	sums, sumsEnd := maps.Clone(s.sums), s.sumsEnd
	solves, revs, byFunc, byForm := maps.Clone(s.solves), maps.Clone(s.revs), maps.Clone(s.byFunc), maps.Clone(s.byForm)
	packed := s.alone.mark()
	return func() {
		packed()
		for f, k := range s.byFunc {
			if byFunc[f] == nil {
				k.also = slices.DeleteFunc(k.also, func(g *ir.Func) bool { return g == f.f })
			}
		}
		for _, n := range s.Nodes[nodes:] {
			delete(s.nodes, n.Func)
		}
		s.Nodes = s.Nodes[:nodes]
		s.sums, s.sumsEnd = sums, sumsEnd
		s.Kernels, s.Size, s.margins, s.turned, s.added = s.Kernels[:n], size, margins, turned, s.added[:min(added, len(s.added))]
		s.tileRoom, s.TilePacks, s.tallSums = tileRoom, tilePacks, tallSums
		s.solves, s.revs, s.byFunc, s.byForm = solves, revs, byFunc, byForm
	}
}

// compile makes the code of kernels for every ISA. The error is that of the first of them that cannot be compiled.
func (s *Set) compile(ks []*Kernel) error {
	sets := s.isas()
	isas := len(sets)
	failed := make([]error, len(ks)*isas)
	names := what{frame: s.framed()}
	names.params, names.derived = s.parametric()
	var sums [len(asm.ISAs)]directory
	if s.alone == nil {
		for _, isa := range asm.ISAs {
			sums[isa] = s.summed(isa)
		}
	}
	works := s.works()
	byName := make(map[string]int, len(works))
	for k, n := range works {
		byName[k.Name] = n
	}
	one := func(job int, file *asm.File) {
		k, isa := ks[job/isas], sets[job%isas]
		file.ISA = isa
		own := names
		own.kernel, own.isa, own.sums = k.Name, isa, sums[isa.Vectors()]
		file.Place, file.Work = own.place, func(kernel string) int { return byName[kernel] }
		var why *Unsupported
		code, err := file.Compile(k.Name, func(b *asm.Builder) {
			b.Hold = s.rests(works[k])
			c := &compiler{set: s, k: k, pf: k.pf, b: b}
			why = c.run()
		})
		switch {
		case why != nil:
			failed[job] = why
		case err != nil:
			failed[job] = &Unsupported{err.Error(), k.Func, nil}
		}
		k.code[isa] = code
	}
	workers := min(runtime.GOMAXPROCS(0), len(failed))
	if s.alone != nil { // copies of parameters get their places in the order in which kernels want them
		workers = 1
	}
	for len(s.scratch) < workers {
		s.scratch = append(s.scratch, s.file(asm.AVX2))
	}
	var next atomic.Int64
	parallel.Each(workers, func(worker int) {
		file := s.scratch[worker]
		for job := int(next.Add(1)) - 1; job < len(failed); job = int(next.Add(1)) - 1 {
			one(job, file)
		}
	})
	for _, err := range failed {
		if err != nil {
			return err
		}
	}
	return nil
}
