package rt

import (
	"context"
	"errors"
)

// deviceRows is a model on a device, ready for the rows of a table.
type deviceRows[R Float] struct {
	on    *onDevice[R]
	k     *ModelKernel
	sites []Site
	w     []R
	in    *Table
	out   [][]float64 // row-major, by output
	by    []Stepping
	room  int // steps of a tape

	inputs, outputs []deviceBuffer
	stats, tape     deviceBuffer
	steps, key      deviceBuffer
	memory          deviceBuffer
}

// rows is Model.Rows on the device.
func (d *onDevice[R]) rows(k *ModelKernel, m Model[R]) func(w []R, in *Table) *Rows {
	return func(w []R, in *Table) *Rows {
		r := &deviceRows[R]{on: d, k: k, sites: m.Sites, w: w, in: in, by: Copied(nil, k.By), room: k.TapeRoom,
			inputs: make([]deviceBuffer, len(k.Inputs)), outputs: make([]deviceBuffer, len(k.Outputs))}
		for _, o := range k.Outputs {
			r.out = append(r.out, make([]float64, in.Rows*o.Width))
		}
		rows := &Rows{
			Batch: func(ctx context.Context, stats *BatchStats, _ int) error { return r.batch(ctx, stats, 0, in.Rows) },
			One:   func(row int) error { return r.batch(context.Background(), nil, row, row+1) },
			Store: func(out *Table) {
				for i, o := range k.Outputs {
					Copy(out.Columns[out.Index(o.Name)].Data, r.out[i])
				}
			},
		}
		if len(k.By) > 0 {
			rows.Step = func(by []Stepping) { Copy(r.by, by) }
		}
		return rows
	}
}

// sampleBytes is the device memory that a sample takes: its columns, statistics, and the tapes of its thread.
func (k *ModelKernel) sampleBytes(room int) int {
	if len(k.Layers.Parts) > 0 {
		return k.Layers.Bytes
	}
	n := k.Stats * statsBytes
	for _, ports := range [][]KernelPort{k.Inputs, k.Outputs} {
		for i := range ports {
			n += ports[i].Width * ports[i].size()
		}
	}
	if k.Teams == 0 {
		n += k.TapeStep*room + k.TapeFixed
	}
	return n
}

// batch runs rows [lo, hi), a slice after the other; the error is that of the first sample that failed. Whatever happens, the
// device memory is given back.
func (r *deviceRows[R]) batch(ctx context.Context, stats *BatchStats, lo, hi int) (err error) {
	defer func() { err = errors.Join(err, r.free()) }()
	if stats != nil {
		stats.Reset(SiteNames(r.sites), hi-lo)
	}
	var first error
	for lo < hi {
		if err := ctx.Err(); err != nil {
			return err
		}
		n, err := r.k.Layers.slice(hi-lo, r.k.Block, r.k.sampleBytes(r.room))
		if err != nil {
			return err
		}
		full, err := r.slice(ctx, stats, lo, n)
		var failed *SolveError
		switch {
		case full:
			if r.room, err = moreRoom(r.room); err != nil {
				return err
			}
			continue
		case errors.As(err, &failed):
			if first == nil {
				first = err
			}
		case err != nil:
			return err
		}
		lo += n
	}
	return first
}

// slice runs n rows from lo on; full says that a tape was too short.
func (r *deviceRows[R]) slice(ctx context.Context, stats *BatchStats, lo, n int) (full bool, err error) {
	space := r.on.spaces.Get()
	defer r.on.spaces.Put(space)
	space.results = append(space.results, make([]hostBytes, max(len(r.out)-len(space.results), 0))...)
	outs := make([][]byte, len(r.out))
	for i := range outs {
		outs[i] = space.results[i].need(n * r.k.Outputs[i].Width * r.k.Outputs[i].size())
	}
	st := space.stats.need(n * r.k.Stats * statsBytes)
	err = r.on.mod.Do(func(q DeviceQueue) error {
		if len(r.k.Layers.Parts) > 0 {
			return r.layers(ctx, q, lo, n, space, outs, st)
		}
		memory, err := r.on.load(q, r.w, 0)
		if err != nil {
			return err
		}
		args := append([]uint64{uint64(n)}, memory.of(r.k.Teams > 0)...)
		put := func(b *deviceBuffer, data []byte) error {
			p, err := b.need(q, len(data))
			if err != nil {
				return err
			}
			args = append(args, uint64(p))
			return q.Write(p, data)
		}
		room := func(b *deviceBuffer, bytes int) error {
			p, err := b.need(q, bytes)
			args = append(args, uint64(p))
			return err
		}
		if len(r.by) > 0 {
			if err := put(&r.steps, steppingBytes(r.by)); err != nil {
				return err
			}
		}
		for i := range r.k.Inputs {
			c := &r.k.Inputs[i]
			if err := put(&r.inputs[i], c.pack(&space.given, r.in.Columns[r.in.Index(c.Name)].Data, lo, lo+n)); err != nil {
				return err
			}
		}
		for i := range r.k.Outputs {
			if err := room(&r.outputs[i], len(outs[i])); err != nil {
				return err
			}
		}
		if r.k.Keyed {
			words := Key{Step: EvalStep}.Words()
			words[keyRow] = float64(lo)
			if err := put(&r.key, bytesOf(words[:])); err != nil {
				return err
			}
		}
		if r.k.Stats > 0 {
			if err := room(&r.stats, len(st)); err != nil {
				return err
			}
		}
		if r.k.TapeStep > 0 {
			if err := room(&r.tape, r.k.bytes(n, r.room, &r.k.TeamShape)); err != nil {
				return err
			}
			args = append(args, uint64(r.room))
		}
		grid := (n + r.k.Block - 1) / r.k.Block
		if r.k.Teams > 0 {
			grid = r.k.blocks(n)
			own, err := r.on.own(q, r.k.Kernel, &r.k.TeamShape)
			if err != nil {
				return err
			}
			if own == 0 {
				args = append(args, 0)
			} else if err := room(&r.memory, grid*own); err != nil {
				return err
			}
		}
		if err := q.Launch(r.k.Kernel, grid, r.k.Block, args); err != nil {
			return err
		}
		reads := []DeviceRead{{st, r.stats.p}}
		for i := range outs {
			reads = append(reads, DeviceRead{outs[i], r.outputs[i].p})
		}
		return q.Read(reads...)
	})
	if err != nil {
		return false, err
	}
	for i := range outs {
		r.k.Outputs[i].unpack(outs[i], r.out[i], lo, n)
	}
	some := stats == nil // somebody has to look
	for s := 0; s < r.k.Stats && stats != nil; s++ {
		some = stats.Sites[s].take(st[s*n*statsBytes:(s+1)*n*statsBytes], lo) || some
	}
	if !some {
		return false, nil
	}
	var first error
	for i := range n {
		for s := range r.k.Stats {
			x, f := deviceStats(st[(s*n+i)*statsBytes:])
			if f {
				return true, nil
			}
			if e := x.err(&r.sites[s], lo+i, -1); e != nil && first == nil {
				first = e
			}
		}
	}
	return false, first
}

// layers runs n rows from lo on layer by layer: columns lie in the memory of the batch.
func (r *deviceRows[R]) layers(ctx context.Context, q DeviceQueue, lo, n int, space *hostSpace, outs [][]byte, st []byte) error {
	l := &r.k.Layers
	weights, err := r.on.load(q, r.w, 0)
	if err != nil {
		return err
	}
	memory, err := r.memory.need(q, n*l.Bytes)
	if err != nil {
		return err
	}
	by, err := r.steps.need(q, len(steppingBytes(r.by)))
	if err != nil {
		return err
	}
	if err := q.Write(by, steppingBytes(r.by)); err != nil {
		return err
	}
	b := &layerBatch{n: n, memory: memory, by: r.by}
	for i := range r.k.Inputs {
		c := &r.k.Inputs[i]
		if err := q.Write(l.place(b, l.Inputs[i]), c.pack(&space.given, r.in.Columns[r.in.Index(c.Name)].Data, lo, lo+n)); err != nil {
			return err
		}
	}
	if r.k.Keyed {
		if err := q.Write(l.place(b, l.Inputs[len(r.k.Inputs)]), keyColumns(lo, n)); err != nil {
			return err
		}
	}
	b.head = append(append([]uint64{uint64(n)}, weights.of(true)...), uint64(by), 0)
	if err := l.run(ctx, q, b); err != nil {
		return err
	}
	reads := []DeviceRead{{st, l.place(b, l.Stats)}}
	for i := range r.k.Outputs {
		reads = append(reads, DeviceRead{outs[i], l.place(b, l.Outputs[i])})
	}
	return q.Read(reads...)
}

// free gives the device memory of the rows back.
func (r *deviceRows[R]) free() error {
	return r.on.mod.Do(func(q DeviceQueue) error {
		return freeAll(q, append(append(r.inputs[:len(r.inputs):len(r.inputs)], r.outputs...), r.stats, r.tape, r.steps, r.key, r.memory), func() {
			Clear(r.inputs)
			Clear(r.outputs)
			r.stats, r.tape, r.steps, r.key, r.memory = deviceBuffer{}, deviceBuffer{}, deviceBuffer{}, deviceBuffer{}, deviceBuffer{}
		})
	})
}

// freeAll frees buffers and forgets them.
func freeAll(q DeviceQueue, bs []deviceBuffer, forget func()) error {
	var errs []error
	for i := range bs {
		errs = append(errs, bs[i].free(q))
	}
	forget()
	return errors.Join(errs...)
}

// keyColumns are the keys of evaluations for n rows from lo on, [word][row].
func keyColumns(lo, n int) []byte {
	words := Key{Step: EvalStep}.Words()
	all := make([]float64, len(words)*n)
	for w, x := range words {
		for i := range n {
			if w == keyRow {
				x = float64(lo + i)
			}
			all[w*n+i] = x
		}
	}
	return bytesOf(all)
}

// keyRow is the word of a key that holds the data row.
const keyRow = 2
