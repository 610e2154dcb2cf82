package cudagen

import "ndec.dev/ndec/ir"

// Kernels describes what was printed to whoever launches it. The types are those of rt, which the emitted Go
// file fills in.
type Kernels struct {
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

// SharedMemory is what each block of a kernel is given of shared memory when it starts, beside what the kernel has by itself.
type SharedMemory struct {
	Kernel     string
	Bytes      int
	Blocks     int  // that a multiprocessor is to hold
	Arrays     bool // in place of the Memory of its TeamShape, which a device takes that has less
	Capability int  // of the image whose kernel takes it; 0: of every one
}

// GroupKernel takes the place of the kernel Of, with its arguments, on devices of compute capability 9.0. Layer by layer it takes that of others
// behind it as well.
type GroupKernel struct {
	Of, Kernel string
	Block      int
	TeamShape
	With  []string // kernels that are launched behind Of, one after the other
	Rows  int      // that of its launch
	Takes []int    // which of its arguments each of their places is, one after the other: those that it has as one are to be one
}

// KernelPort is a column as a kernel reads or writes it.
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

// RecipeKernel holds the kernels of a recipe; Kernel is "" where there is none.
type RecipeKernel struct {
	Name       string
	Columns    []KernelPort
	Terms      int
	Keyed      bool
	Loss, Grad SumKernel
}

// SumKernel is a kernel that sums over rows: loss, terms, three counts per solve, failed samples.
type SumKernel struct {
	Kernel string
	Block  int
	Stats  int
	Spans  []KernelSpan // of the parameters, in the order of the gradient's sums
	KernelTape
	TeamShape
	Layers Layers
}

// KernelSpan is a range of the flat parameters.
type KernelSpan struct{ Lo, Hi int }

func portsOf(ps []ir.Port) []KernelPort {
	var out []KernelPort
	for _, p := range ps {
		out = append(out, KernelPort{Name: p.Name, Width: p.Type.Len(), Kind: p.Type.Elem.String()})
	}
	return out
}

// Stepping says how finely a solve steps.
type Stepping struct {
	Steps      int
	Step       float64
	RTol, ATol float64
	MaxSteps   int
}

// names lists the kernels of l, some several times.
func (l *Layers) names() (out []string) {
	for _, n := range []string{l.Gather.Kernel, l.Sums.Kernel, l.Clear} {
		if n != "" {
			out = append(out, n)
		}
	}
	for _, part := range l.Parts {
		for _, launch := range part.Launches {
			out = append(out, launch.Kernel)
		}
	}
	return out
}

// Names lists the kernels of the package.
func (k *Kernels) Names() []string {
	var out []string
	if k.Prepare != "" {
		out = append(out, k.Prepare)
	}
	known := map[string]bool{}
	add := func(names []string) {
		for _, n := range names {
			if !known[n] {
				known[n] = true
				out = append(out, n)
			}
		}
	}
	for _, m := range k.Models {
		if m.Kernel != "" {
			out = append(out, m.Kernel)
		}
		add(m.Layers.names())
	}
	for _, r := range k.Recipes {
		for _, s := range []*SumKernel{&r.Loss, &r.Grad} {
			add(s.Layers.names())
			if s.Kernel != "" && len(s.Layers.Parts) == 0 {
				out = append(out, s.Kernel)
			}
		}
	}
	for _, g := range k.Groups {
		out = append(out, g.Kernel)
	}
	return append(out, k.Update.names()...)
}
