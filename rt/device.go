package rt

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
)

// ErrNoDevice says that a device cannot be had; the text says why and what to do.
var ErrNoDevice = errors.New("no such device")

// ErrDevice says that a device failed while it worked.
var ErrDevice = errors.New("device failed")

// Device is an accelerator. It may be shared by goroutines.
type Device interface {
	Name() string
	// Load makes the kernels of a package ready to run.
	Load(k *Kernels) (DeviceModule, error)
	Close() error
}

// DeviceModule is a loaded set of kernels with its memory.
type DeviceModule interface {
	// Do runs f on a thread that has the device; calls run one after the other.
	Do(f func(q DeviceQueue) error) error
	Close() error
}

// DeviceGroups is a DeviceModule that may have the kernels of groups (GroupKernel).
type DeviceGroups interface {
	DeviceModule
	Groups() bool
}

// DeviceTimer is a DeviceModule that can say how long kernels take.
type DeviceTimer interface {
	DeviceModule
	// Times runs f, which may not call it again, and gives the kernels that ran meanwhile, longest first.
	Times(f func() error) ([]KernelTime, error)
}

// KernelTime is what the launches of a kernel took on the device, beside what the launches themselves cost there, a few microseconds each.
// Launches that are recorded in a graph are one, "graph".
type KernelTime struct {
	Kernel   string  `json:"kernel"`
	Launches int     `json:"launches"`
	Seconds  float64 `json:"seconds"` // all launches together
}

// DevicePtr is an address in device memory.
type DevicePtr uint64

// DeviceRead is device memory that is to be read.
type DeviceRead struct {
	To   []byte
	From DevicePtr
}

// DeviceQueue moves memory and starts kernels, in the order of the calls. It is valid inside Do.
type DeviceQueue interface {
	Alloc(bytes int) (DevicePtr, error)
	Free(p DevicePtr) error
	Write(to DevicePtr, from []byte) error
	Read(parts ...DeviceRead) error // waits once, for what was started before
	Copy(to, from DevicePtr, bytes int) error
	Symbol(name string) (p DevicePtr, bytes int, err error)
	// Shares reports whether the device has shared memory for the arrays of a kernel's blocks, in place of TeamShape.Memory.
	Shares(kernel string) (bool, error)
	// Launch starts a kernel; every argument has eight bytes. It gives blocks the shared memory that they are to have.
	Launch(kernel string, grid, block int, args []uint64) error
}

// drivers are the kinds of devices that the program was built with. They register themselves in init, as
// database drivers do: package rt cannot name what it may not import.
var drivers struct {
	sync.Mutex
	open map[string]func(place string) (Device, error)
}

// RegisterDevice makes a kind of device known to Open; open is given what stands after the colon. A kind that is
// known already is replaced.
func RegisterDevice(kind string, open func(place string) (Device, error)) {
	drivers.Lock()
	defer drivers.Unlock()
	if drivers.open == nil {
		drivers.open = map[string]func(string) (Device, error){}
	}
	drivers.open[kind] = open
}

// Open opens a device by its name, "cuda:0". Errors wrap ErrNoDevice.
func Open(name string) (Device, error) {
	kind, place, _ := strings.Cut(name, ":")
	drivers.Lock()
	open, kinds := drivers.open[kind], slices.Sorted(maps.Keys(drivers.open))
	drivers.Unlock()
	switch {
	case open != nil:
		return open(place)
	case kind == "cuda":
		return nil, fmt.Errorf("%s: this program was built without CUDA: build it with -tags cuda and import ndec.dev/ndec/rt/cuda (docs/gpu.md): %w", name, ErrNoDevice)
	case len(kinds) > 0:
		return nil, fmt.Errorf("%s: devices are cpu and %s: %w", name, strings.Join(kinds, ", "), ErrNoDevice)
	}
	return nil, fmt.Errorf("%s: this program knows no device but the CPU: %w", name, ErrNoDevice)
}

// OnDevice gives the program with its models and objectives on a device, where they have kernels; the others stay on the
// CPU, and left names them. close frees what the program holds there.
func OnDevice[R Float](p Program[R], dev Device) (placed Program[R], left []string, close func() error, err error) {
	if p.Kernels == nil {
		return p, nil, nil, fmt.Errorf("package %s has no kernels: build it with --target go,cuda: %w", p.Package, ErrNoDevice)
	}
	m, err := dev.Load(p.Kernels)
	if err != nil {
		return p, nil, nil, err
	}
	kernels := p.Kernels
	if g, ok := m.(DeviceGroups); ok && g.Groups() {
		kernels = kernels.grouped()
	}
	on := &onDevice[R]{k: kernels, mod: m, spaces: FreeList[hostSpace]{New: func() *hostSpace { return new(hostSpace) }}}
	placed = p
	placed.Models = Copied(nil, p.Models)
	for i := range placed.Models {
		if k := kernels.Model(placed.Models[i].Name); k != nil {
			placed.Models[i].Rows = on.rows(k, placed.Models[i])
		} else {
			left = append(left, "model "+placed.Models[i].Name)
		}
	}
	placed.Recipes = Copied(nil, p.Recipes)
	for i := range placed.Recipes {
		o := &placed.Recipes[i].Objective
		_, exact := p.Recipes[i].Recipe.Optimizer.(LeastSquares)
		if k := kernels.Recipe(o.Name); k != nil && k.Loss.Kernel != "" && k.Grad.Kernel != "" && !exact {
			host := *o
			o.NewBatch = func() BatchWorker[R] { return &deviceBatch[R]{on: on, k: k, obj: host} }
		} else {
			left = append(left, "recipe "+o.Name)
		}
	}
	return placed, left, on.close, nil
}

// onDevice is a program's kernels with the parameters that they were given last.
type onDevice[R Float] struct {
	k        *Kernels
	mod      DeviceModule
	params   deviceBuffer
	prepared deviceBuffer
	spaces   FreeList[hostSpace]
}

func (d *onDevice[R]) close() error {
	err := d.mod.Do(func(q DeviceQueue) error {
		return errors.Join(d.params.free(q), d.prepared.free(q))
	})
	return errors.Join(err, d.mod.Close())
}

// deviceBuffer is device memory that grows as needed.
type deviceBuffer struct {
	p    DevicePtr
	size int
}

// need gives room for n bytes; what was there is lost when it grows.
func (b *deviceBuffer) need(q DeviceQueue, n int) (DevicePtr, error) {
	n = max(n, 8)
	if n <= b.size {
		return b.p, nil
	}
	if err := b.free(q); err != nil {
		return 0, err
	}
	p, err := q.Alloc(n)
	if err != nil {
		return 0, err
	}
	b.p, b.size = p, n
	return p, nil
}

func (b *deviceBuffer) free(q DeviceQueue) error {
	if b.size == 0 {
		return nil
	}
	p := b.p
	*b = deviceBuffer{}
	return q.Free(p)
}

// memoryArgs are the addresses of parameters and of what is prepared from them; 0 where no kernel reads them.
type memoryArgs struct {
	params, prepared DevicePtr
	constant         bool // kernels with a thread a sample know them by name
}

// of are the arguments of a kernel.
func (m memoryArgs) of(team bool) (args []uint64) {
	for _, p := range []DevicePtr{m.params, m.prepared} {
		if p != 0 && (team || !m.constant) {
			args = append(args, uint64(p))
		}
	}
	return args
}

// own is the device memory that a block of a kernel needs beside its tape: none where its arrays are in shared memory.
func (d *onDevice[R]) own(q DeviceQueue, kernel string, t *TeamShape) (int, error) {
	if t.Memory == 0 {
		return 0, nil
	}
	if shares, err := q.Shares(kernel); shares || err != nil {
		return 0, err
	}
	return t.Memory, nil
}

// load gives the kernels the parameters, and what is prepared from them: those of the host, or, if from is not 0, those that
// lie there.
func (d *onDevice[R]) load(q DeviceQueue, w []R, from DevicePtr) (m memoryArgs, err error) {
	m.constant = d.k.Constant
	if d.k.Params == 0 {
		return m, nil
	}
	if d.k.Params != len(w)*d.k.Real {
		return m, fmt.Errorf("kernels take %d bytes of parameters, not %d: %w", d.k.Params, len(w)*d.k.Real, ErrShape)
	}
	if !d.k.Constant {
		m.params, err = d.params.need(q, d.k.Params)
	} else {
		m.params, _, err = q.Symbol("ndec_params")
	}
	if err != nil {
		return m, err
	}
	if from != 0 {
		err = q.Copy(m.params, from, d.k.Params)
	} else {
		err = q.Write(m.params, bytesOf(w))
	}
	if err != nil {
		return m, err
	}
	if d.k.Prepared == 0 {
		return m, nil
	}
	// A kernel cannot write constant memory: it fills a buffer, which is copied.
	buf, err := d.prepared.need(q, d.k.PrepareBytes)
	if err != nil {
		return m, err
	}
	if err := q.Launch(d.k.Prepare, 1, d.k.PrepareBlock, append(m.of(false), uint64(buf))); err != nil {
		return m, err
	}
	m.prepared = buf
	if !d.k.Constant {
		return m, nil
	}
	to, _, err := q.Symbol("ndec_prepared")
	if err != nil {
		return m, err
	}
	return m, q.Copy(to, buf, d.k.Prepared)
}
