package rt

import (
	"cmp"
	"context"
	"fmt"
	"slices"
)

// DeviceRecorder is a DeviceQueue that keeps launches to start them again together, as a graph.
type DeviceRecorder interface {
	// Record takes the launches of f instead of starting them. It gives nil where the device keeps none; they are
	// launched one by one then.
	Record(f func() error) (DeviceGraph, error)
}

// DeviceGraph is a recorded sequence of launches. It belongs to the queue that made it.
type DeviceGraph interface {
	Replay() error
	Close() error
}

// readAfter is the number of steps after which the host looks whether a sample still goes on.
const readAfter = 8

// layerBatch is a batch of samples that goes layer by layer.
type layerBatch struct {
	n, room int       // samples, and steps of a tape
	memory  DevicePtr // of both
	sums    DevicePtr // of the gradient, [parameter][part][element] with numbers of so many bytes
	parts   int
	real    int
	head    []uint64   // leading arguments of kernels
	by      []Stepping // of the solves of a model
}

// place is the address of what lies at a place of a batch.
func (l *Layers) place(b *layerBatch, at int) DevicePtr {
	switch {
	case at < 0:
		return b.sums + DevicePtr((-1-at)*b.real*b.parts)
	case at >= l.Bytes:
		return b.memory + DevicePtr(l.Bytes*b.n+(at-l.Bytes)*b.n*b.room)
	}
	return b.memory + DevicePtr(at*b.n)
}

// partSamples and mostParts say how many parts of a batch have sums of their own: of the batch and the net alone, so that results do not
// depend on the device.
const (
	partSamples  = 256
	mostParts    = 64
	sumsOfBlocks = 256 << 20 // bytes of all
)

// layerParts is their number for n samples and so many bytes of the gradient.
func layerParts(n, bytes int) int {
	return max(1, min((n+partSamples-1)/partSamples, mostParts, sumsOfBlocks/max(bytes, 1)))
}

// slices are the rows of sums of parameter i for a part of the batch.
func (l *Layers) slices(i int) int {
	if l.Slices == nil {
		return 1
	}
	return l.Slices[i]
}

// width is the number of sums for a part of the batch.
func (l *Layers) width() (n int) {
	for i, m := range l.Totals {
		n += m * l.slices(i)
	}
	return n
}

// run starts the launches of a batch.
func (l *Layers) run(ctx context.Context, q DeviceQueue, b *layerBatch) error {
	groups := (b.n + layerGroup - 1) / layerGroup
	var args []uint64
	start := func(p *LayerPart) error {
		for i := range p.Launches {
			k := &p.Launches[i]
			args = Copied(args, b.head)
			for _, at := range k.Places {
				args = append(args, uint64(l.place(b, at)))
			}
			blocks := groups
			switch {
			case k.Single:
				blocks = 1
			case k.Summed:
				blocks = b.parts
			}
			if err := q.Launch(k.Kernel, blocks*k.Rows, cmp.Or(k.Block, layerGroup), args); err != nil {
				return err
			}
		}
		return nil
	}
	for i := range l.Parts {
		p := &l.Parts[i]
		if !p.Loop {
			if err := start(p); err != nil {
				return err
			}
			continue
		}
		if err := l.steps(ctx, q, p, b, func() error { return start(p) }); err != nil {
			return err
		}
	}
	return nil
}

// layerGroup is the number of samples, and of threads, of a block.
const layerGroup = 128

// steps repeats the step of a solve: as often as all samples take one, or until none goes on.
func (l *Layers) steps(ctx context.Context, q DeviceQueue, p *LayerPart, b *layerBatch, step func() error) (err error) {
	if r, ok := q.(DeviceRecorder); ok {
		graph, err := r.Record(step)
		if err != nil {
			return err
		}
		if graph != nil {
			step = graph.Replay
			defer func() {
				if e := graph.Close(); err == nil {
					err = e
				}
			}()
		}
	}
	steps := p.Steps
	if p.By >= 0 && b.by[p.By].Steps > 0 {
		steps = b.by[p.By].Steps
	}
	bits := make([]byte, (b.n+31)/32*4)
	for k := 1; steps == 0 || k <= steps; k++ {
		if err := step(); err != nil {
			return err
		}
		if k%readAfter > 0 {
			continue
		}
		if err := ctx.Err(); err != nil {
			return err
		}
		if steps > 0 {
			continue
		}
		if err := q.Read(DeviceRead{bits, l.place(b, p.Running)}); err != nil {
			return err
		}
		if !slices.ContainsFunc(bits, func(b byte) bool { return b != 0 }) {
			break
		}
	}
	return nil
}

// rows runs a loss or gradient over rows of a batch: given are the arguments that say which rows of which columns, left those of the sums.
func (l *Layers) rows(q DeviceQueue, b *layerBatch, given, left []uint64) error {
	places := func(k *LayerLaunch) (args []uint64) {
		for _, at := range k.Places {
			args = append(args, uint64(l.place(b, at)))
		}
		return args
	}
	groups := (b.n + layerGroup - 1) / layerGroup
	if err := q.Launch(l.Gather.Kernel, groups*l.Gather.Rows, layerGroup, append(given, places(&l.Gather)...)); err != nil {
		return err
	}
	if err := l.run(context.Background(), q, b); err != nil {
		return err
	}
	return q.Launch(l.Sums.Kernel, groups, layerGroup, append(append([]uint64{uint64(b.n)}, places(&l.Sums)...), left...))
}

// wholeBatch is the memory that a batch may take which cannot be in slices: numbers within it have offsets of 31 bits.
const wholeBatch int64 = 8 << 30

// slice is the number of samples of n that run together, of so many bytes each.
func (l *Layers) slice(n, block, bytes int) (int, error) {
	if !l.Together {
		return sliceOf(n, block, bytes), nil
	}
	if most := int(min(deviceSlice, wholeBatch/int64(max(bytes, 1)))); n > most {
		return 0, fmt.Errorf("%d samples take steps of one length together (step_group), and a batch on a device holds %d: take smaller batches, or --device cpu: %w", n, most, ErrDevice)
	}
	return n, nil
}
