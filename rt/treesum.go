package rt

import "sync"

// TreeSum adds the parts in a fixed binary tree over their positions, so that
// the result depends on the number of parts and not on who computed them.
func TreeSum[R Float](parts []R) R {
	switch n := len(parts); n {
	case 0:
		return 0
	case 1:
		return parts[0]
	default:
		h := 1
		for 2*h < n {
			h *= 2
		}
		return TreeSum(parts[:h]) + TreeSum(parts[h:])
	}
}

// node is the sum of a subtree of shards.
type node[R Float] struct {
	grad []R
	res  ShardResult
}

// reduction adds shard results while they arrive, in any order, along the tree
// of TreeSum: level l, position j covers shards j 2^l up to (j+1) 2^l. A node
// waits until its sibling is there; nodes without one pass up unchanged. Few
// buffers live at a time, since shards are handed out in order.
type reduction[R Float] struct {
	mu      sync.Mutex
	free    []*node[R]
	waiting [][]*node[R]
	count   []int // nodes at each level
	root    *node[R]
	metrics int
	params  int
	spans   []span // of the parameters, that gradients are of; a recipe may train few of those of its package
}

// start prepares for n ≥ 1 shards, keeping memory.
func (r *reduction[R]) start(n int) {
	r.recycle()
	r.count = r.count[:0]
	for l := 0; ; l++ {
		if l == len(r.waiting) {
			r.waiting = append(r.waiting, nil)
		}
		r.count = append(r.count, n)
		r.waiting[l] = resize(r.waiting[l], n)
		if n == 1 {
			return
		}
		n = (n + 1) / 2
	}
}

func (r *reduction[R]) recycle() {
	if r.root != nil {
		r.free = append(r.free, r.root)
		r.root = nil
	}
}

// take is an empty node.
func (r *reduction[R]) take() *node[R] {
	r.mu.Lock()
	var n *node[R]
	if k := len(r.free); k > 0 {
		n, r.free = r.free[k-1], r.free[:k-1]
	}
	r.mu.Unlock()
	if n == nil {
		n = &node[R]{grad: make([]R, r.params)}
		n.res.Metrics = make([]float64, r.metrics)
	}
	for _, s := range r.spans {
		Clear(n.grad[s.lo:s.hi])
	}
	n.res.reset()
	return n
}

// addTo adds x to sum, by pieces, with the kernel of outer products: with one number, which is 1.
func addTo[R Float](sum, x []R) {
	for n := piece[R](); len(x) > n; sum, x = sum[n:], x[n:] {
		addPiece(sum[:n], x[:n])
	}
	addPiece(sum, x)
}

func addPiece[R Float](sum, x []R) {
	switch sum := any(sum).(type) {
	case []float32:
		AddOuter32(sum, []float32{1}, any(x).([]float32))
	case []float64:
		AddOuter64(sum, []float64{1}, any(x).([]float64))
	}
}

// put hands in the node of shard j.
func (r *reduction[R]) put(j int, n *node[R]) {
	for l := 0; ; l++ {
		if r.count[l] == 1 {
			r.mu.Lock()
			r.root = n
			r.mu.Unlock()
			return
		}
		if other := j ^ 1; other < r.count[l] {
			r.mu.Lock()
			sibling := r.waiting[l][other]
			if sibling == nil {
				r.waiting[l][j] = n
				r.mu.Unlock()
				return
			}
			r.mu.Unlock()
			if other < j {
				n, sibling = sibling, n
			}
			for _, s := range r.spans {
				addTo(n.grad[s.lo:s.hi], sibling.grad[s.lo:s.hi])
			}
			n.res.add(&sibling.res)
			r.mu.Lock()
			r.free = append(r.free, sibling)
			r.mu.Unlock()
		}
		j /= 2
	}
}
