package rt

import (
	"errors"
	"math"
)

// held is the state of a training run that stays on a device: weights, the mean gradient, moments and the running average
// of the weights. The host sends the numbers of a batch and of a step, and reads sums; its own copies are of the last fetch.
type held[R Float] struct {
	b       *deviceBatch[R]
	kernel  string // that moves weights
	trained []span // which it moves

	w, g, parts, square, average deviceBuffer
	slot                         [3]deviceBuffer

	norm  float64 // of the last gradient
	stale bool    // the copies of the host are older
}

// updateForm is the form of the kernel that an optimiser has; "" if it has none.
func updateForm(opt Optimizer) string {
	switch opt.(type) {
	case SGD:
		return "sgd"
	case Adam, AdamW:
		return "adam"
	case RMSprop:
		return "rmsprop"
	}
	return ""
}

// updateNumbers are what the kernel of an optimiser is given for step number k, from 1, at rate lr.
func updateNumbers(opt Optimizer, k int, lr float64) []float64 {
	adam := func(o Adam, shrink, decay float64) []float64 {
		size, root := o.sizes(k, lr)
		return []float64{shrink, decay, o.Beta1, o.Beta2, o.Eps, size, root}
	}
	switch o := opt.(type) {
	case SGD:
		return []float64{lr, o.Momentum, o.Dampening, Indicator[float64](o.Nesterov), o.Decay, Indicator[float64](k == 1)}
	case Adam:
		return adam(o, 1, o.Decay)
	case AdamW:
		return adam(Adam(o), 1-lr*o.Decay, 0)
	case RMSprop:
		return []float64{lr, o.Alpha, o.Eps, o.Decay, o.Momentum, Indicator[float64](o.Centered)}
	}
	return nil
}

// hold moves a trainer to its device where that knows its optimiser. Constrained parameters, whose maps have the bits of the
// CPU, and runs that look at every update stay on the host.
func (t *trainer[R]) hold() error {
	b, ok := t.ev.batch.(*deviceBatch[R])
	if !ok || len(t.bound) > 0 || t.opt.CheckFinite || len(b.k.Grad.Spans) == 0 {
		return nil
	}
	h := &held[R]{b: b, trained: t.spans}
	for _, u := range b.on.k.Update.By {
		if u.Form == updateForm(t.recipe.Optimizer) {
			h.kernel = u.Kernel
		}
	}
	if h.kernel == "" {
		return nil
	}
	err := b.on.mod.Do(func(q DeviceQueue) error {
		send := func(buf *deviceBuffer, x []R) error {
			if x == nil {
				return nil
			}
			p, err := buf.need(q, len(x)*b.on.k.Real)
			if err != nil {
				return err
			}
			return q.Write(p, bytesOf(x))
		}
		if err := send(&h.w, t.w); err != nil {
			return err
		}
		if err := send(&h.g, t.grad); err != nil { // zero where nothing is trained
			return err
		}
		for i := range h.slot {
			if err := send(&h.slot[i], t.mom.slot[i]); err != nil {
				return err
			}
		}
		return send(&h.average, t.mean)
	})
	b.held, t.held = h, h
	return err
}

// free gives the memory back.
func (h *held[R]) free(q DeviceQueue) error {
	if h == nil {
		return nil
	}
	all := append([]deviceBuffer{h.w, h.g, h.parts, h.square, h.average}, h.slot[:]...)
	return freeAll(q, all, func() { *h = held[R]{b: h.b} })
}

// fetch brings the copies of the host up to date.
func (t *trainer[R]) fetch() error {
	h := t.held
	if h == nil || !h.stale {
		return nil
	}
	err := h.b.on.mod.Do(func(q DeviceQueue) error {
		if h.average.size > 0 && t.mean == nil {
			t.mean = make([]R, len(t.w))
		}
		var reads []DeviceRead
		for _, x := range []struct {
			to   []R
			from deviceBuffer
		}{{t.w, h.w}, {t.mom.slot[0], h.slot[0]}, {t.mom.slot[1], h.slot[1]}, {t.mom.slot[2], h.slot[2]}, {t.mean, h.average}} {
			if x.to != nil {
				reads = append(reads, DeviceRead{bytesOf(x.to), x.from.p})
			}
		}
		return q.Read(reads...)
	})
	h.stale = err != nil
	return err
}

// release brings the run back to the host, which looks into what went wrong.
func (t *trainer[R]) release() error {
	if t.held == nil {
		return nil
	}
	err := t.fetch()
	h := t.held
	h.b.held, t.held = nil, nil
	return errors.Join(err, h.b.on.mod.Do(h.free))
}

// mean turns the summed gradient of n rows at total into the mean one and its norm, which lies at square; called within run.
func (h *held[R]) mean(q DeviceQueue, total DevicePtr, spans []KernelSpan, n int) (square DevicePtr, err error) {
	u, size := &h.b.on.k.Update, uint64(h.b.on.k.Real)
	from := uint64(total)
	for _, s := range spans {
		width := s.Hi - s.Lo
		if err := q.Launch(u.Mean, (width+255)/256, 256, []uint64{from, uint64(h.g.p) + size*uint64(s.Lo), uint64(width), math.Float64bits(float64(n))}); err != nil {
			return 0, err
		}
		from += size * uint64(width)
	}
	count := 0
	for _, s := range h.trained {
		count += (s.hi - s.lo + 255) / 256
	}
	parts, err := h.parts.need(q, 8*count)
	if err != nil {
		return 0, err
	}
	square, err = h.square.need(q, 8)
	if err != nil {
		return 0, err
	}
	at := 0
	for _, s := range h.trained {
		k := (s.hi - s.lo + 255) / 256
		if err := q.Launch(u.Parts, (k+255)/256, 256, []uint64{uint64(h.g.p) + size*uint64(s.lo), uint64(s.hi - s.lo), uint64(parts) + 8*uint64(at)}); err != nil {
			return 0, err
		}
		at += k
	}
	if err := q.Launch(u.Norm, 1, 32, []uint64{uint64(parts), uint64(count), uint64(square)}); err != nil {
		return 0, err
	}
	return square, nil
}

// moveHeld moves the weights at rate lr, as moments.step does after clip, and their average.
func (t *trainer[R]) moveHeld(lr float64) error {
	h, m := t.held, t.mom
	m.steps++
	clip := t.recipe.Clip
	tail := []uint64{uint64(h.square.p), math.Float64bits(float64(clip.Kind)), math.Float64bits(clip.Max)}
	for _, x := range updateNumbers(m.opt, m.steps, lr) {
		tail = append(tail, math.Float64bits(x))
	}
	h.stale = true
	return h.b.on.mod.Do(func(q DeviceQueue) error {
		for _, s := range t.spans {
			args := []uint64{uint64(s.lo), uint64(s.hi), uint64(h.w.p), uint64(h.g.p), uint64(h.slot[0].p), uint64(h.slot[1].p), uint64(h.slot[2].p)}
			if err := q.Launch(h.kernel, (s.hi-s.lo+255)/256, 256, append(args, tail...)); err != nil {
				return err
			}
		}
		decay, bytes := t.recipe.Average.Decay, len(t.w)*h.b.on.k.Real
		if decay == 0 {
			return nil
		}
		if h.average.size == 0 { // begins with the weights after the first step
			p, err := h.average.need(q, bytes)
			if err != nil {
				return err
			}
			return q.Copy(p, h.w.p, bytes)
		}
		return q.Launch(h.b.on.k.Update.Average, (len(t.w)+255)/256, 256, []uint64{uint64(h.average.p), uint64(h.w.p), uint64(len(t.w)), math.Float64bits(1 - decay)})
	})
}
