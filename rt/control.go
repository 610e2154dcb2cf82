package rt

// controller gives the factor from the length of a step with the error err to that of the next,
//
//	safety err^(-(i+p+d)/order) prev^((p+2d)/order) prev2^(-d/order) ratio^r ratio2^r2
//
// between min and max (Söderlind 2003): prev and prev2 are the errors of the last accepted steps, ratio and ratio2 the
// lengths of this step and of the last accepted one over those of their predecessors.
type controller struct {
	name             string
	safety, min, max float64
	p, i, d          float64
	r, r2            float64
	keeps            bool // an accepted step does not make the next one shorter
}

// Controllers lists the names of the step controllers of Solve.
func Controllers() []string {
	var names []string
	for i := range controllers {
		names = append(names, controllers[i].name)
	}
	return names
}

// controllerOf is the controller of the options: where none is chosen that of the method, of steps of other libraries i.
func controllerOf(o *SolveOptions) (c controller, known bool) {
	name := o.Control
	for i := range tableaux {
		if t := &tableaux[i]; t.name == o.Method && name == "" && o.Compat == "" {
			name = t.control
		}
	}
	if name == "" {
		name = "i"
	}
	for i := range controllers {
		if controllers[i].name != name {
			continue
		}
		c, known = controllers[i], true
		for _, d := range []struct {
			of    *float64
			given float64
		}{{&c.safety, o.Safety}, {&c.min, o.MinFactor}, {&c.max, o.MaxFactor}} {
			if d.given != 0 {
				*d.of = d.given
			}
		}
	}
	return c, known
}

// control is a controller on its way.
type control struct {
	controller
	order float64
	root  root // of degree 2 order, of squares of errors
	plain bool // the last error alone counts
	past  [5]float64
}

// places of what a controller remembers.
const (
	ofPrev, ofPrev2   = 0, 1 // errors of the last accepted steps
	ofRatio, ofRatio2 = 2, 3 // of lengths: of the last attempt, of the last accepted step
	ofLength          = 4    // of the last accepted step, 0 where there is none
)

// forget begins errors and ratios anew.
func (c *control) forget() { c.past = [5]float64{1, 1, 1, 1, 0} }

// begin readies a controller for a method of an order.
func (c *control) begin(by controller, order int) {
	*c = control{controller: by, order: float64(order), root: rootOf(2 * order), plain: by.p == 0 && by.d == 0 && by.r == 0}
	c.forget()
}

// factor is that from a step of length h with the error err, of which square is the square, known before err is: the next step waits for it.
func (c *control) factor(err, square, h float64) float64 {
	least := c.min
	if c.keeps && err < 1 {
		least = 1
	}
	switch {
	case err == 0:
		return c.max
	case c.plain:
		switch f := c.safety * c.root.at(square); { // branches do not make the next step wait as min and max do
		case f < least:
			return least
		case f > c.max:
			return c.max
		default:
			return f
		}
	}
	if before := c.past[ofLength]; before != 0 {
		c.past[ofRatio] = h / before
	}
	factor := c.safety
	for _, t := range [...]struct{ of, exponent float64 }{
		{err, -(c.i + c.p + c.d) / c.order}, {c.past[ofPrev], (c.p + 2*c.d) / c.order}, {c.past[ofPrev2], -c.d / c.order}, {c.past[ofRatio], c.r}, {c.past[ofRatio2], c.r2},
	} {
		if t.exponent != 0 {
			factor *= Pow64(t.of, t.exponent)
		}
	}
	if err > 1 && (c.p+2*c.d < 0 || c.d > 0 || c.r != 0) {
		// A small error before would let a rejected step be tried again as long as it was.
		factor = min(factor, c.safety*Pow64(err, -1/c.order))
	}
	return min(c.max, max(least, factor))
}

// accepted remembers an accepted step.
func (c *control) accepted(err, h float64) {
	if c.plain {
		return
	}
	c.past[ofPrev], c.past[ofPrev2] = max(err, 1e-4), c.past[ofPrev]
	c.past[ofLength], c.past[ofRatio2] = h, c.past[ofRatio]
}
