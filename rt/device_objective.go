package rt

import "errors"

// BatchWorker computes all rows of a batch at once, on a device. It belongs to one goroutine.
type BatchWorker[R Float] interface {
	// Batch sums loss, metric terms and counts over the rows of t into out (empty when called) and, if grad is not
	// nil, adds the gradient of the SUM of losses. The error is of the device; samples that fail are counted in out.
	Batch(w, grad []R, t *Table, rows []int, key Key, out *ShardResult) error
	// Close frees what the worker holds on the device.
	Close() error
}

// deviceBatch is an objective on a device. Columns of a table are sent once.
type deviceBatch[R Float] struct {
	on  *onDevice[R]
	k   *RecipeKernel
	obj Objective[R] // on the host

	tables map[*Table][]deviceBuffer
	held   *held[R] // of a run whose weights stay here; gradients are taken at these, whatever the caller says
	rows, sums, grads, losses,
	stats, tape, key, sum, total, memory, efforts, by deviceBuffer
	room  int
	asked bool // by is there
}

// Close frees device memory.
func (b *deviceBatch[R]) Close() error {
	return b.on.mod.Do(func(q DeviceQueue) error {
		all := []deviceBuffer{b.rows, b.sums, b.grads, b.losses, b.stats, b.tape, b.key, b.sum, b.total, b.memory, b.efforts, b.by}
		for _, t := range b.tables {
			all = append(all, t...)
		}
		return errors.Join(b.held.free(q), freeAll(q, all, func() { *b = deviceBatch[R]{on: b.on, k: b.k, obj: b.obj} }))
	})
}

// Batch implements BatchWorker.
func (b *deviceBatch[R]) Batch(w, grad []R, t *Table, rows []int, key Key, out *ShardResult) error {
	k, sites, back := &b.k.Loss, b.obj.Sites, []int(nil)
	if grad != nil {
		k, back = &b.k.Grad, b.obj.Backward
		if b.obj.GradSites != nil {
			sites = b.obj.GradSites
		}
	}
	b.room = max(b.room, k.TapeRoom)
	for {
		full, err := b.run(w, grad, t, rows, key, out, k, sites, back)
		if err != nil || !full {
			return err
		}
		if b.room, err = moreRoom(b.room); err != nil {
			return err
		}
	}
}

// run is one try; full says that a tape was too short, and then nothing was added.
func (b *deviceBatch[R]) run(w, grad []R, t *Table, rows []int, key Key, out *ShardResult, k *SumKernel, sites []Site, back []int) (full bool, err error) {
	n := len(rows)
	chunks := (n + k.Block - 1) / k.Block
	slice, err := k.Layers.slice(n, k.Block, k.TapeStep*b.room+k.TapeFixed+k.Layers.Bytes)
	if err != nil {
		return false, err
	}
	layers := len(k.Layers.Parts) > 0
	switch {
	case k.Teams > 0: // each goes over all samples of the batch that are its own
		chunks, slice = k.blocks(n), n
	case layers: // a row of sums for each whole block
		slice = min(n, max(slice, k.Block))
	}
	width := 0
	if grad != nil {
		for _, s := range k.Spans {
			width += s.Hi - s.Lo
		}
	}
	rowsOf, wide := chunks, width // of the gradient's sums
	if layers {
		wide = k.Layers.width()
		rowsOf = layerParts(n, b.on.k.Real*wide)
	}
	nSums := 2 + b.k.Terms + 3*k.Stats
	sums, g, st := make([]float64, nSums), make([]R, width), []byte(nil)
	visited := func() bool { return k.Stats > 0 && (sums[nSums-1] > 0 || out.Record != nil) }
	losses, norm := make([]R, len(out.Losses)), make([]float64, 1)
	var efforts []int32
	if out.Efforts != nil && back != nil && k.Stats > 0 {
		efforts = make([]int32, n)
	}
	var reads []DeviceRead
	var stays *held[R] // keeps the gradient
	var from DevicePtr
	if grad != nil && b.held != nil {
		stays, from = b.held, b.held.w.p
	}
	err = b.on.mod.Do(func(q DeviceQueue) error {
		memory, err := b.on.load(q, w, from)
		if err != nil {
			return err
		}
		columns, err := b.columns(q, t)
		if err != nil {
			return err
		}
		var need error
		room := func(buf *deviceBuffer, bytes int) DevicePtr {
			p, err := buf.need(q, bytes)
			need = errors.Join(need, err)
			return p
		}
		index := make([]int32, n)
		for i, r := range rows {
			index[i] = int32(r)
		}
		pRows, pSums, pGrads, pStats := room(&b.rows, 4*n), room(&b.sums, 8*nSums*chunks), room(&b.grads, b.on.k.Real*wide*rowsOf), room(&b.stats, n*k.Stats*statsBytes)
		pSum, pTotal, pKey := room(&b.sum, 8*nSums), room(&b.total, b.on.k.Real*width), room(&b.key, 48)
		own, err := b.on.own(q, k.Kernel, &k.TeamShape)
		if err != nil {
			return err
		}
		tape := k.bytes(slice, b.room, &k.TeamShape)
		own *= k.blocks(n)
		if layers { // a batch has both in one
			tape, own = 0, slice*(k.Layers.Bytes+k.TapeStep*b.room)
		}
		pTape := room(&b.tape, tape)
		var pMemory, pLosses, pEfforts, pBy DevicePtr
		if own > 0 {
			pMemory = room(&b.memory, own)
		}
		if len(losses) > 0 {
			pLosses = room(&b.losses, b.on.k.Real*n)
		}
		if efforts != nil {
			pEfforts, pBy = room(&b.efforts, 4*n), room(&b.by, 8*k.Stats)
		}
		if need != nil {
			return need
		}
		if err := q.Write(pRows, bytesOf(index)); err != nil {
			return err
		}
		if efforts != nil && !b.asked {
			if err := q.Write(pBy, bytesOf(effortFactors(sites[:k.Stats], back))); err != nil {
				return err
			}
			b.asked = true
		}
		if b.k.Keyed {
			words := key.Words()
			if err := q.Write(pKey, bytesOf(words[:])); err != nil {
				return err
			}
		}
		if layers && width > 0 {
			if err := q.Launch(k.Layers.Clear, (wide*rowsOf+k.Block-1)/k.Block, k.Block, []uint64{uint64(wide * rowsOf), uint64(pGrads)}); err != nil {
				return err
			}
		}
		for lo := 0; lo < n; lo += slice {
			m, chunk := min(slice, n-lo), lo/k.Block
			if layers {
				batch := &layerBatch{n: m, room: b.room, memory: pMemory, sums: pGrads, parts: rowsOf, real: b.on.k.Real, head: append(append([]uint64{uint64(m)}, memory.of(true)...), 0, uint64(b.room))}
				given := append([]uint64{uint64(m), uint64(t.Rows), uint64(pRows) + uint64(4*lo)}, columns...)
				if b.k.Keyed {
					given = append(given, uint64(pKey))
				}
				left := []uint64{uint64(pSums) + uint64(8*nSums*chunk), 0}
				if pLosses != 0 {
					left[1] = uint64(pLosses) + uint64(b.on.k.Real*lo)
				}
				if err := k.Layers.rows(q, batch, given, left); err != nil {
					return err
				}
				if k.Stats > 0 {
					if err := q.Copy(pStats+DevicePtr(lo*k.Stats*statsBytes), k.Layers.place(batch, k.Layers.Stats), m*k.Stats*statsBytes); err != nil {
						return err
					}
				}
				continue
			}
			args := append([]uint64{uint64(m), uint64(t.Rows), uint64(pRows) + uint64(4*lo)}, memory.of(k.Teams > 0)...)
			args = append(args, columns...)
			args = append(args, uint64(pSums)+uint64(8*nSums*chunk))
			if width > 0 {
				args = append(args, uint64(pGrads)+uint64(b.on.k.Real*width*chunk))
			}
			at := uint64(pLosses)
			if pLosses != 0 {
				at += uint64(b.on.k.Real * lo)
			}
			args = append(args, at)
			if b.k.Keyed {
				args = append(args, uint64(pKey))
			}
			if k.Stats > 0 {
				args = append(args, uint64(pStats)+uint64(lo*k.Stats*statsBytes))
			}
			if k.TapeStep > 0 {
				args = append(args, uint64(pTape), uint64(b.room))
			}
			grid := (m + k.Block - 1) / k.Block
			if k.Teams > 0 {
				args, grid = append(args, uint64(pMemory)), chunks
			}
			if err := q.Launch(k.Kernel, grid, k.Block, args); err != nil {
				return err
			}
		}
		if err := sumRows(q, "ndec_sum_rows_f64", pSums, pSum, chunks, nSums); err != nil {
			return err
		}
		for lo := 0; efforts != nil && lo < n; lo += slice {
			m := min(slice, n-lo)
			if err := q.Launch("ndec_efforts", (m+255)/256, 256, []uint64{uint64(pStats) + uint64(lo*k.Stats*statsBytes), uint64(pBy), uint64(pEfforts) + uint64(4*lo), uint64(m), uint64(k.Stats), mostEffort}); err != nil {
				return err
			}
		}
		if width > 0 {
			totals := []int{width} // the numbers whose rows lie together
			if layers {
				totals = k.Layers.Totals
			}
			from, to := pGrads, pTotal
			for i, m := range totals {
				rows := rowsOf
				if layers {
					rows *= k.Layers.slices(i)
				}
				if err := sumRows(q, map[int]string{4: "ndec_sum_rows_f32", 8: "ndec_sum_rows_f64"}[b.on.k.Real], from, to, rows, m); err != nil {
					return err
				}
				from, to = from+DevicePtr(b.on.k.Real*m*rows), to+DevicePtr(b.on.k.Real*m)
			}
			if stays != nil {
				square, err := stays.mean(q, pTotal, k.Spans, n)
				if err != nil {
					return err
				}
				reads = append(reads, DeviceRead{bytesOf(norm), square})
			} else {
				reads = append(reads, DeviceRead{bytesOf(g), pTotal})
			}
		}
		if err := q.Read(append(reads, DeviceRead{bytesOf(sums), pSum}, DeviceRead{bytesOf(losses), pLosses}, DeviceRead{bytesOf(efforts), pEfforts})...); err != nil {
			return err
		}
		if stays != nil {
			stays.norm = norm[0]
		}
		if visited() {
			st = make([]byte, n*k.Stats*statsBytes)
			return q.Read(DeviceRead{st, pStats})
		}
		return nil
	})
	if err != nil {
		return false, err
	}
	if visited() {
		if b.visit(st, rows, k.Stats, slice, sites, out) {
			return true, nil
		}
	}
	out.Loss += sums[0]
	for i := range b.k.Terms {
		out.Metrics[i] += sums[1+i]
	}
	for i := range k.Stats {
		c := sums[1+b.k.Terms+3*i:]
		if sites[i].Back && back != nil {
			out.BackwardNFE += int64(c[0])
		} else {
			out.NFE, out.Accepted, out.Rejected = out.NFE+int64(c[0]), out.Accepted+int64(c[1]), out.Rejected+int64(c[2])
		}
		if back != nil {
			out.BackwardNFE += int64(back[i]) * int64(c[1])
		}
	}
	for i, x := range losses {
		out.Losses[i] = float64(x)
	}
	for i, x := range efforts {
		out.Efforts[rows[i]] = x
	}
	for _, s := range k.Spans {
		if grad == nil || stays != nil {
			break
		}
		for i := s.Lo; i < s.Hi; i++ {
			grad[i] += g[i-s.Lo]
		}
		g = g[s.Hi-s.Lo:]
	}
	return false, nil
}

// visit looks at the statistics of every row: failures, and those that somebody records. It reports whether a
// tape was too short.
func (b *deviceBatch[R]) visit(st []byte, rows []int, stats, slice int, sites []Site, out *ShardResult) (full bool) {
	one := make([]SolveStats, stats)
	each := func(see func(i int)) bool {
		for lo := 0; lo < len(rows); lo += slice {
			m := min(slice, len(rows)-lo)
			for i := range m {
				for s := range one {
					if one[s], full = deviceStats(st[(lo*stats+s*m+i)*statsBytes:]); full {
						return true
					}
				}
				see(lo + i)
			}
		}
		return false
	}
	if each(func(int) {}) {
		return true
	}
	var counted ShardResult
	counted.Record = out.Record
	each(func(i int) { counted.Count(one, sites, rows[i], rows[i], nil) })
	out.FailedCount += counted.FailedCount
	if f := counted.Failed; f != nil && (out.Failed == nil || f.Row < out.Failed.Row) {
		out.Failed = f
	}
	return false
}

// keptTables is how many tables stay on a device: for training, validation, the last test, and one more.
const keptTables = 4

// columns are the addresses of the columns of t on the device.
func (b *deviceBatch[R]) columns(q DeviceQueue, t *Table) ([]uint64, error) {
	if b.tables == nil {
		b.tables = map[*Table][]deviceBuffer{}
	}
	bufs := b.tables[t]
	if bufs == nil {
		if len(b.tables) == keptTables { // passes over a stream bring a table each
			for old, bs := range b.tables {
				if err := freeAll(q, bs, func() { delete(b.tables, old) }); err != nil {
					return nil, err
				}
			}
		}
		bufs = make([]deviceBuffer, len(b.k.Columns))
		b.tables[t] = bufs
		for i := range b.k.Columns {
			c := &b.k.Columns[i]
			data := c.pack(new(hostBytes), t.Columns[t.Index(c.Name)].Data, 0, t.Rows)
			p, err := bufs[i].need(q, len(data))
			if err != nil {
				return nil, err
			}
			if err := q.Write(p, data); err != nil {
				return nil, err
			}
		}
	}
	out := make([]uint64, len(bufs))
	for i := range bufs {
		out[i] = uint64(bufs[i].p)
	}
	return out, nil
}

// sumRows adds the rows of a matrix [rows, n] on the device, in their order.
func sumRows(q DeviceQueue, kernel string, from, to DevicePtr, rows, n int) error {
	return q.Launch(kernel, (n+31)/32, 512, []uint64{uint64(from), uint64(to), uint64(rows), uint64(n)})
}
