//go:build cuda

package cuda

import (
	"errors"
	"fmt"
	"runtime"
	"slices"
	"strconv"
	"sync"
	"unsafe"

	"gorgonia.org/cu"

	"ndec.dev/ndec/rt"
)

func init() { rt.RegisterDevice("cuda", open) }

// device is a CUDA device with a context of its own, which a thread has while it makes calls: goroutines move between threads, so that each is locked to
// its own meanwhile.
type device struct {
	name       string
	capability int
	shared     int // bytes of shared memory that a block can be given
	sharedAll  int // that a multiprocessor has

	mu     sync.Mutex // of what follows, and of the context: one goroutine at a time
	ctx    cu.CUContext
	closed bool
	live   map[cu.DevicePtr]int // allocations and their sizes
	pool   unsafe.Pointer       // CUmemoryPool; nil: memory is given and taken back while the device waits
	host   pinned
}

func open(place string) (rt.Device, error) {
	n, err := strconv.Atoi(place)
	if place == "" {
		n, err = 0, nil
	}
	if err != nil || n < 0 {
		return nil, fmt.Errorf("cuda:%s: the device is a number, cuda:0: %w", place, rt.ErrNoDevice)
	}
	if r := initialised(); r != 0 {
		return nil, fmt.Errorf("cuda:%d: the CUDA driver cannot be used (error %d): %s: %w", n, r, reason(r), rt.ErrNoDevice)
	}
	count, err := cu.NumDevices()
	if err != nil || n >= count {
		return nil, fmt.Errorf("cuda:%d: the driver knows %d devices; nvidia-smi lists them: %w", n, count, rt.ErrNoDevice)
	}
	d := &device{live: map[cu.DevicePtr]int{}}
	if err := d.begin(n); err != nil {
		return nil, fmt.Errorf("cuda:%d: %w: %w", n, err, rt.ErrNoDevice)
	}
	return d, nil
}

// reason explains a result of cuInit.
func reason(r int) string {
	switch r {
	case 100:
		return "there is no CUDA device; leave --device out to run on the CPU"
	case 803, 35, 3:
		return "the driver does not fit; install a newer one (525 or later)"
	case 999:
		return "the driver is not loaded; nvidia-smi may say more"
	}
	return "nvidia-smi may say more"
}

// begin makes the context of device n.
func (d *device) begin(n int) error {
	dev, err := cu.GetDevice(n)
	if err != nil {
		return err
	}
	if d.name, err = dev.Name(); err != nil {
		return err
	}
	major, minor, err := dev.ComputeCapability()
	if err != nil {
		return err
	}
	d.capability = 10*major + minor
	if d.shared, err = dev.Attribute(sharedOfBlock); err != nil {
		return err
	}
	if d.sharedAll, err = dev.Attribute(sharedOfMultiprocessor); err != nil {
		return err
	}
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	if d.ctx, err = dev.MakeContext(cu.SchedAuto); err != nil { // it is the thread's
		return err
	}
	d.openMemory(n)
	_, err = cu.PopCurrentCtx()
	return err
}

// do runs f on a thread that has the context.
func (d *device) do(f func() error) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.closed {
		return fmt.Errorf("device %s is closed: %w", d.name, rt.ErrDevice)
	}
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	if err := cu.PushCurrentCtx(d.ctx); err != nil {
		return failed("the context of "+d.name, err)
	}
	defer cu.PopCurrentCtx()
	return f()
}

// Name implements rt.Device.
func (d *device) Name() string { return d.name }

// Close implements rt.Device. The error says what memory was not freed.
func (d *device) Close() error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.closed {
		return nil
	}
	d.closed = true
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	ended := errors.Join(cu.PushCurrentCtx(d.ctx), cu.Synchronize()) != nil // the context, by an error that whoever waited has been told
	err := errors.Join(d.closeMemory(), failed("closing "+d.name, d.ctx.Destroy()))
	bytes := 0
	for _, n := range d.live {
		bytes += n
	}
	switch {
	case len(d.live) > 0:
		return fmt.Errorf("%d allocations of %d bytes were not freed: %w", len(d.live), bytes, rt.ErrDevice)
	case ended:
		return nil
	}
	return err
}

// Load implements rt.Device: with the image for the best capability that the device has and that with kernels of groups, or compiled by NVRTC.
func (d *device) Load(k *rt.Kernels) (rt.DeviceModule, error) {
	images, err := d.images(k)
	if err != nil {
		return nil, err
	}
	m := &module{d: d, description: k, groups: images[len(images)-1].Groups, kernels: map[string]*kernel{}}
	err = d.do(func() (err error) {
		for _, i := range images {
			mod, err := load(i.Text)
			if err != nil {
				err = fmt.Errorf("loading the kernels on %s: %w; build the package again, or update the driver: %w", d.name, err, rt.ErrDevice)
				return errors.Join(err, m.unload())
			}
			m.images = append(m.images, loaded{mod, i.Capability})
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return m, nil
}

// oldest is the CUDA version of the first driver that reads the lowest PTX that kernels need: that of the 520s.
const oldest = 11080

// images are the texts for the device: one, or one and that with kernels of groups.
func (d *device) images(k *rt.Kernels) ([]rt.KernelImage, error) {
	v := cu.Version()
	if v < oldest {
		return nil, fmt.Errorf("the driver of %s knows CUDA %d.%d, and kernels need %d.%d: install driver 525 or later: %w", d.name, v/1000, v%1000/10, oldest/1000, oldest%1000/10, rt.ErrNoDevice)
	}
	some := choose(k.Images, d.capability, v)
	if some == nil {
		groups := len(k.Groups) > 0 && canGroup(d.capability, v)
		text, err := compile(k.Source, k.Prelude, d.capability, groups)
		if err != nil {
			return nil, fmt.Errorf("the package has no PTX for sm_%d (%s): build it where nvcc is on the PATH, or make NVRTC known to the loader: %w: %w", d.capability, d.name, err, rt.ErrNoDevice)
		}
		some = []rt.KernelImage{{Capability: d.capability, Groups: groups, Text: text}}
	}
	for i := range some {
		some[i].Text = fitVersion(some[i].Text, v)
	}
	return some, nil
}

// module is a loaded set of kernels.
type module struct {
	d           *device
	description *rt.Kernels
	images      []loaded // parameters in constant memory are in the first, kernels of groups in the last
	groups      bool     // there are such
	kernels     map[string]*kernel
	recording   *recording // nil: launches are started
	graphs      []*graph   // the last one used is the last
	times       *times     // nil: kernels are not timed
}

// loaded is an image that the driver has, and the capability for which it was made.
type loaded struct {
	mod        cu.Module
	capability int
}

// imageOf is the one that has a kernel.
func (m *module) imageOf(kernel string) loaded {
	if slices.ContainsFunc(m.description.Groups, func(g rt.GroupKernel) bool { return g.Kernel == kernel }) {
		return m.images[len(m.images)-1]
	}
	return m.images[0]
}

func (m *module) unload() error {
	var errs []error
	for _, i := range m.images {
		errs = append(errs, failed("unloading kernels", i.mod.Unload()))
	}
	return errors.Join(errs...)
}

// Groups implements rt.DeviceGroups.
func (m *module) Groups() bool { return m.groups }

// Do implements rt.DeviceModule.
func (m *module) Do(f func(q rt.DeviceQueue) error) error {
	return m.d.do(func() error { return f(queue{m}) })
}

// Close implements rt.DeviceModule.
func (m *module) Close() error {
	return m.d.do(func() error {
		return errors.Join(m.d.wait(), m.closeGraphs(), m.unload())
	})
}

// queue is the default stream: copies wait for the kernels before them.
type queue struct{ m *module }

func (q queue) Symbol(name string) (rt.DevicePtr, int, error) {
	p, n, err := q.m.images[0].mod.Global(name)
	return rt.DevicePtr(p), int(n), failed("symbol "+name, err)
}

// failed wraps an error of the driver.
func failed(what string, err error) error {
	if err == nil {
		return nil
	}
	return errors.Join(fmt.Errorf("%s: %w%s%s", what, err, said(err), remedy(err)), rt.ErrDevice)
}

// remedy is what to do about an error that ends all work on a device. The driver then lets the program do no more there, whatever it closes and opens.
func remedy(err error) string {
	const again = "; then start the program again"
	switch {
	case errors.Is(err, cu.LaunchTimeout):
		return ": a kernel ran longer than the driver lets one, since the device draws a screen: take smaller batches or fewer steps, or a device without a screen" + again
	case errors.Is(err, cu.IllegalAddress):
		return ": a kernel left its memory, which is an error of ndec: please report it with the program" + again
	}
	for _, fault := range []error{cu.MisalignedAddress, cu.InvalidAddressSpace, cu.IllegalInstruction, cu.InvalidPc, cu.HardwareStackError, cu.LaunchFailed} {
		if errors.Is(err, fault) {
			return ": a kernel went wrong, which is an error of ndec unless the device is broken: please report it with the program" + again
		}
	}
	return ""
}
