package rt

import "slices"

// Kernels is what a generated package offers to an accelerator: the text of its kernels, images that a compiler
// made of it, and how they are called. Generated code fills it in.
type Kernels struct {
	Source  string        // CUDA C++, includes "ndec.cuh"
	Prelude string        // ndec.cuh
	Images  []KernelImage // PTX, by compute capability; may be empty

	Real             int    // bytes of a real number
	Params, Prepared int    // bytes of parameters, and of what is computed from them; 0 where no kernel reads them
	Constant         bool   // both lie in constant memory, as ndec_params and ndec_prepared; else they are arguments
	Prepare          string // the kernel that fills a buffer of PrepareBytes with the latter, by a block of so many threads
	PrepareBlock     int
	PrepareBytes     int
	Models           []ModelKernel
	Recipes          []RecipeKernel
	Update           UpdateKernels
	Groups           []GroupKernel
	Shared           []SharedMemory
}

// SharedMemory is what each block of a kernel is given of shared memory when it starts, beside what the kernel has by itself: devices have 48 KiB for
// whoever does not ask, and more (99 KiB on sm_86 and sm_89, 163 on sm_80, 227 on sm_90) for whoever does.
type SharedMemory struct {
	Kernel     string
	Bytes      int
	Blocks     int  // that a multiprocessor is to hold
	Arrays     bool // in place of the Memory of its TeamShape, which a device takes that has less
	Capability int  // of the image whose kernel takes it; 0: of every one
}

// GroupKernel takes the place of the kernel Of, with its arguments, on devices of compute capability 9.0 that have the image for them. Layer
// by layer it takes that of others behind it as well.
type GroupKernel struct {
	Of, Kernel string
	Block      int
	TeamShape
	With  []string // kernels that are launched behind Of, one after the other
	Rows  int      // that of its launch
	Takes []int    // which of its arguments each of their places is, one after the other: those that it has as one are to be one, and others two, since the kernel says that they are apart
}

// UpdateKernels are the kernels between the gradient of a batch and the next step: the mean over the rows, its norm, the
// update of the weights by an optimiser, and the running average of weights. Zero where there are none.
type UpdateKernels struct {
	Mean, Parts, Norm, Average string
	By                         []UpdateKernel
}

// UpdateKernel moves weights by one kind of optimiser.
type UpdateKernel struct{ Form, Kernel string }

// KernelImage is PTX for devices of a compute capability and above, 80 is sm_80, or machine code (a cubin) for those of its generation.
type KernelImage struct {
	Capability int
	Groups     bool // for devices of this capability alone, with the kernels of groups and no others: sm_90a
	Text       string
}

// KernelPort is a column as a kernel reads or writes it: [element][row].
type KernelPort struct {
	Name  string
	Width int
	Kind  string // "f32", "f64", "i32", "bool"
}

// KernelTape is the room that recorded solves of a sample take in device memory.
type KernelTape struct {
	TapeStep  int // bytes for every step that there is room for
	TapeFixed int // bytes beside
	Tapes     int // arrays, each rounded up to eight bytes
	TapeRoom  int // steps to give room for at first
}

// bytes is the size of the tapes of n samples with room for so many steps; of teams, each has one.
func (t *KernelTape) bytes(n, room int, team *TeamShape) int {
	if team.Lanes > 0 {
		return team.blocks(n) * ((t.TapeStep*room+t.TapeFixed)*team.Lanes + 8*t.Tapes)
	}
	if team.Teams > 0 {
		return team.blocks(n) * ((t.TapeStep*room + t.TapeFixed + 8*t.Tapes + 7) / 8 * 8)
	}
	return n*(t.TapeStep*room+t.TapeFixed) + 8*t.Tapes
}

// blocks is the number of blocks for n samples.
func (t *TeamShape) blocks(n int) int { return min((n+max(t.Lanes, 1)-1)/max(t.Lanes, 1), t.Teams) }

// TeamShape is that of a kernel whose blocks work on one sample after the other; zero of kernels with a thread a sample.
type TeamShape struct {
	Teams  int // blocks, if there are so many samples
	Memory int // bytes of device memory that each needs beside its tape
	Lanes  int // samples that each works on at a time; 0 is one
}

// ModelKernel is the kernel of a model.
type ModelKernel struct {
	Name, Kernel    string
	Block           int // threads of a block
	Inputs, Outputs []KernelPort
	By              []Stepping // of its solves, as written in the source
	Stats           int        // statistics per sample
	Keyed           bool
	KernelTape
	TeamShape
	Layers Layers
}

// Layers are the launches of a model that goes layer by layer, whose Kernel is "". Places are bytes of a sample before what lies there: for n
// samples it begins n times as far into the memory of the batch.
type Layers struct {
	Bytes           int // of a sample
	Inputs, Outputs []int
	Stats           int
	Parts           []LayerPart
	Together        bool // all samples of a batch take steps of one length: it is never in slices

	// Of losses and gradients. Places from Bytes on lie on the tapes, which follow: n samples with room for r steps, r n times as far. Places
	// below 0 are the sums of a parameter: -1 is the first, and each begins as many times as far as the batch has parts; what has slices has a row
	// for each part of the first, of the second, and so on.
	Gather LayerLaunch // takes rows of columns to their places
	Sums   LayerLaunch // the kernel with the sums of a batch
	Clear  string      // the kernel that readies the sums of the gradient
	Totals []int       // the numbers of each parameter
	Slices []int       // the rows of these for each part of the batch; nil: one of each
}

// LayerPart is a sequence of launches, or the step of a solve, which is repeated.
type LayerPart struct {
	Launches []LayerLaunch
	Loop     bool
	By       int // whose stepping has the number of steps, -1 for none
	Steps    int // as written; 0: until no sample goes on
	Running  int // place of the bits of those that do
}

// LayerLaunch is a kernel with the places of its arguments; Rows is the number of its blocks for each 128 samples.
type LayerLaunch struct {
	Kernel string
	Rows   int
	Block  int // threads; 0: 128
	Places []int
	Summed bool // Rows is for each part of the batch whose sums are apart
	Single bool // one block goes over the batch
}

// RecipeKernel holds the kernels of a recipe; their Kernel is "" where there is none.
type RecipeKernel struct {
	Name       string
	Columns    []KernelPort
	Terms      int
	Keyed      bool
	Loss, Grad SumKernel
}

// SumKernel is a kernel that sums over rows: loss, metric terms, three counts per solve, failed samples.
type SumKernel struct {
	Kernel string
	Block  int
	Stats  int
	Spans  []KernelSpan // of the flat parameters, in the order of the gradient's sums
	KernelTape
	TeamShape
	Layers Layers
}

// KernelSpan is a range of the flat parameters.
type KernelSpan struct{ Lo, Hi int }

// SharedOf finds what a kernel of the image for a capability is given of shared memory; nil if it is given none.
func (k *Kernels) SharedOf(kernel string, capability int) *SharedMemory {
	for i := range k.Shared {
		if s := &k.Shared[i]; s.Kernel == kernel && (s.Capability == 0 || s.Capability == capability) {
			return s
		}
	}
	return nil
}

// Model finds the kernel of a model; nil if there is none.
func (k *Kernels) Model(name string) *ModelKernel {
	for i := range k.Models {
		if k.Models[i].Name == name {
			return &k.Models[i]
		}
	}
	return nil
}

// Recipe finds the kernels of a recipe; nil if there are none.
func (k *Kernels) Recipe(name string) *RecipeKernel {
	for i := range k.Recipes {
		if k.Recipes[i].Name == name {
			return &k.Recipes[i]
		}
	}
	return nil
}

// grouped has the kernels of groups in the places of others.
func (k *Kernels) grouped() *Kernels {
	c := *k
	c.Models, c.Recipes = Copied(nil, k.Models), Copied(nil, k.Recipes)
	for _, g := range k.Groups {
		for i := range c.Models {
			if m := &c.Models[i]; m.Kernel == g.Of {
				m.Kernel, m.Block, m.TeamShape = g.Kernel, g.Block, g.TeamShape
			}
		}
		for i := range c.Recipes {
			for _, s := range []*SumKernel{&c.Recipes[i].Loss, &c.Recipes[i].Grad} {
				if s.Kernel == g.Of {
					s.Kernel, s.Block, s.TeamShape = g.Kernel, g.Block, g.TeamShape
				}
			}
		}
	}
	for i := range c.Models {
		c.Models[i].Layers = c.Models[i].Layers.grouped(k.Groups)
	}
	for i := range c.Recipes {
		r := &c.Recipes[i]
		r.Loss.Layers, r.Grad.Layers = r.Loss.Layers.grouped(k.Groups), r.Grad.Layers.grouped(k.Groups)
	}
	return &c
}

// grouped is l with the kernels of groups in the places of others, and of those behind them.
func (l *Layers) grouped(groups []GroupKernel) Layers {
	c := *l
	c.Parts = Copied(nil, l.Parts)
	for i := range c.Parts {
		var out []LayerLaunch
		for rest := c.Parts[i].Launches; len(rest) > 0; {
			n, launch := 1, rest[0]
			for g := range groups {
				if other, ok := groups[g].replace(rest); ok && len(groups[g].With) >= n-1 {
					n, launch = 1+len(groups[g].With), other
				}
			}
			out, rest = append(out, launch), rest[n:]
		}
		c.Parts[i].Launches = out
	}
	return c
}

// replace gives the launch of g for those that launches begin with, if it takes the place of them.
func (g *GroupKernel) replace(launches []LayerLaunch) (out LayerLaunch, ok bool) {
	if g.Rows == 0 || len(launches) <= len(g.With) {
		return out, false
	}
	var places []int
	for i, l := range launches[:1+len(g.With)] {
		if i == 0 && l.Kernel != g.Of || i > 0 && l.Kernel != g.With[i-1] {
			return out, false
		}
		places = append(places, l.Places...)
	}
	out = LayerLaunch{Kernel: g.Kernel, Rows: g.Rows, Block: g.Block, Summed: launches[0].Summed}
	for i, at := range g.Takes {
		if at < len(out.Places) && out.Places[at] != places[i] {
			return out, false
		}
		if at == len(out.Places) {
			if slices.Contains(out.Places, places[i]) { // the kernel takes its arguments to be apart
				return out, false
			}
			out.Places = append(out.Places, places[i])
		}
	}
	return out, true
}
