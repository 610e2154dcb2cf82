package rt

// Method says what a method of Solve is.
type Method struct {
	Name     string
	Order    int
	Estimate bool // of its error, so that it can choose its steps
	Splits   bool // it needs SolveOptions.Positions
	Second   bool // it is for second-order systems: velocities follow the positions, and are their derivatives
}

// method is one that Solve can use.
type method struct {
	Method
	scheme func(s *Solver) scheme
}

// Methods lists the names of the methods of Solve.
func Methods() []string {
	var names []string
	for i := range tableaux {
		names = append(names, tableaux[i].name)
	}
	names = append(names, "alpha", "alf", "reversible_heun", "adams_bashforth", "adams_moulton")
	for i := range splittings {
		names = append(names, splittings[i].name)
	}
	for i := range nystroms {
		names = append(names, nystroms[i].name)
	}
	return names
}

// MethodOf describes a method; ok is false where there is none of that name.
func MethodOf(name string) (m Method, ok bool) {
	found, ok := methodOf(&SolveOptions{Method: name})
	return found.Method, ok
}

// methodOf is the method of the options, with its own ones.
func methodOf(o *SolveOptions) (m method, ok bool) {
	name := o.Method
	runge := func(t *tableau) (method, bool) {
		return method{Method{t.name, t.order, t.e != nil, false, false}, func(s *Solver) scheme { return newRungeKutta(t, s) }}, true
	}
	for i := range tableaux {
		if tableaux[i].name == name {
			return runge(&tableaux[i])
		}
	}
	for i := range splittings {
		if t := &splittings[i]; t.name == name {
			return method{Method{t.name, t.order, false, true, false}, func(s *Solver) scheme { return newComposition(t, s) }}, true
		}
	}
	for i := range nystroms {
		if t := &nystroms[i]; t.name == name {
			return method{Method{t.name, t.order, t.e != nil, true, true}, func(s *Solver) scheme { return newMotion(t, s) }}, true
		}
	}
	switch name {
	case "alpha":
		return runge(alpha(o.Param))
	case "alf":
		return method{Method{name, memoryOrder(o.Param), true, false, false}, newLeapfrogs}, true
	case "reversible_heun":
		return method{Method{name, 2, true, false, false}, newReversibleHeun}, true
	case "adams_bashforth", "adams_moulton":
		order, corrections := or(o.Order, 4), 0
		if name == "adams_moulton" {
			corrections = or(o.Corrections, 1)
		}
		return method{Method{name, order, false, false, false}, func(s *Solver) scheme { return newAdams(order, corrections, s) }}, true
	}
	return m, false
}

// or is x, or the default where it is 0.
func or(x, otherwise int) int {
	if x == 0 {
		return otherwise
	}
	return x
}

// memoryOrder is the order of alf damped by eta.
func memoryOrder(eta float64) int {
	if eta == 0 || eta == 1 {
		return 2
	}
	return 1
}

// alpha is the method of order 2 whose second stage is at t + a h; 2/3 where a is 0.
func alpha(a float64) *tableau {
	if a == 0 {
		a = 2.0 / 3
	}
	b := 1 / (2 * a)
	return &tableau{name: "alpha", order: 2, a: [][]float64{{}, {a}}, b: []float64{1 - b, b}, c: []float64{0, a}, dense: [][]float64{{1, 0}, {-b, b}}}
}
