package rt

// Method says what a method of Solve is.
type Method struct {
	Name     string
	Order    int
	Estimate bool // of its error, so that it can choose its steps
	Splits   bool // it needs SolveOptions.Positions
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
	names = append(names, "alpha", "alf", "reversible_heun")
	for i := range splittings {
		names = append(names, splittings[i].name)
	}
	return names
}

// MethodOf describes a method; ok is false where there is none of that name.
func MethodOf(name string) (m Method, ok bool) {
	found, ok := methodOf(name, 0)
	return found.Method, ok
}

// methodOf is a method with its own parameter, 0 for the default.
func methodOf(name string, param float64) (m method, ok bool) {
	runge := func(t *tableau) (method, bool) {
		return method{Method{t.name, t.order, t.e != nil, false}, func(s *Solver) scheme { return newRungeKutta(t, s) }}, true
	}
	for i := range tableaux {
		if tableaux[i].name == name {
			return runge(&tableaux[i])
		}
	}
	for i := range splittings {
		if t := &splittings[i]; t.name == name {
			return method{Method{t.name, t.order, false, true}, func(s *Solver) scheme { return newLeaps(t, s) }}, true
		}
	}
	switch name {
	case "alpha":
		return runge(alpha(param))
	case "alf":
		return method{Method{name, memoryOrder(param), true, false}, newLeapfrogs}, true
	case "reversible_heun":
		return method{Method{name, 2, true, false}, newReversibleHeun}, true
	}
	return m, false
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
