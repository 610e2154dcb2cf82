package rt

import (
	"context"
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

// place is the address of what lies at a place of a batch of n samples.
func (l *Layers) place(memory DevicePtr, at, n int) DevicePtr { return memory + DevicePtr(at*n) }

// run starts the launches of a batch of n samples whose memory is given, with the leading arguments of kernels.
func (l *Layers) run(ctx context.Context, q DeviceQueue, memory DevicePtr, n int, head []uint64, by []Stepping) error {
	groups := (n + layerGroup - 1) / layerGroup
	var args []uint64
	start := func(p *LayerPart) error {
		for i := range p.Launches {
			k := &p.Launches[i]
			args = append(args[:0], head...)
			for _, at := range k.Places {
				args = append(args, uint64(l.place(memory, at, n)))
			}
			if err := q.Launch(k.Kernel, groups*k.Rows, layerGroup, args); err != nil {
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
		if err := l.steps(ctx, q, p, memory, n, by, func() error { return start(p) }); err != nil {
			return err
		}
	}
	return nil
}

// layerGroup is the number of samples, and of threads, of a block.
const layerGroup = 128

// steps repeats the step of a solve: as often as all samples take one, or until none goes on.
func (l *Layers) steps(ctx context.Context, q DeviceQueue, p *LayerPart, memory DevicePtr, n int, by []Stepping, step func() error) (err error) {
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
	if p.By >= 0 && by[p.By].Steps > 0 {
		steps = by[p.By].Steps
	}
	bits := make([]byte, (n+31)/32*4)
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
		if err := q.Read(bits, l.place(memory, p.Running, n)); err != nil {
			return err
		}
		if !slices.ContainsFunc(bits, func(b byte) bool { return b != 0 }) {
			break
		}
	}
	return nil
}
