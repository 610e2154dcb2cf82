package ir

import "fmt"

// Verify checks the rules that every phase relies on: operands come before their readers and belong
// to the same function, types are those of the operators' rows, arguments stand first, IDs are
// unique, everything that is referred to is in the module, callees come before callers, and the
// functions of solves, sweeps, models and recipes have the signatures that their types document.
// The error names the function and the value.
func Verify(m *Module) error {
	if !m.Real.IsFloat() {
		return fmt.Errorf("module %s: real numbers cannot be %s", m.Package, m.Real)
	}
	c := &checker{m: m, funcs: map[*Func]bool{}, params: map[*Param]bool{}, solves: map[*Solve]bool{}}
	if err := c.names(); err != nil {
		return err
	}
	for _, f := range m.Funcs {
		if err := c.function(f); err != nil {
			return fmt.Errorf("function %s: %w", f.Name, err)
		}
		c.funcs[f] = true
	}
	for _, s := range m.Solves {
		if err := c.solve(s); err != nil {
			return fmt.Errorf("solve %s: %w", s.Name, err)
		}
	}
	for _, r := range m.revs() {
		if err := c.rev(r); err != nil {
			return fmt.Errorf("reverse sweep %s: %w", r.Name, err)
		}
	}
	return c.programs()
}

// checker holds what has been found in the module so far.
type checker struct {
	m      *Module
	funcs  map[*Func]bool // that came before the function being checked
	params map[*Param]bool
	solves map[*Solve]bool
}

// names checks that names identify, and notes parameters and solves.
func (c *checker) names() error {
	seen := map[string]bool{}
	once := func(kind, name string) error {
		if seen[kind+" "+name] {
			return fmt.Errorf("two %ss are called %s", kind, name)
		}
		seen[kind+" "+name] = true
		return nil
	}
	for _, list := range [][]*Param{c.m.Params, c.m.Derived} {
		for i, p := range list {
			if p.Index != i {
				return fmt.Errorf("parameter %s: index %d at place %d", p.Name, p.Index, i)
			}
			if err := once("parameter", p.Name); err != nil {
				return err
			}
			if err := checkType(p.Type); err != nil || p.Type.Elem == Tuple {
				return fmt.Errorf("parameter %s: bad type %s", p.Name, p.Type)
			}
			c.params[p] = true
		}
	}
	for _, f := range c.m.Funcs {
		if err := once("function", f.Name); err != nil {
			return err
		}
	}
	for _, s := range c.m.Solves {
		if err := once("solve", s.Name); err != nil {
			return err
		}
		c.solves[s] = true
	}
	return nil
}

func (c *checker) function(f *Func) error {
	if len(f.Accum) > len(f.Results) || len(f.ResultNames) > len(f.Results) {
		return fmt.Errorf("%d accumulation marks and %d names for %d results", len(f.Accum), len(f.ResultNames), len(f.Results))
	}
	if len(f.Values) < len(f.Args) {
		return fmt.Errorf("its %d arguments are not among its values", len(f.Args))
	}
	seen := make(map[*Value]bool, len(f.Values))
	ids := make(map[int]bool, len(f.Values))
	for i, v := range f.Values {
		at := fmt.Sprintf("%%%d %s", v.ID, v.Op)
		if v.ID < 0 || v.ID >= f.nextID || ids[v.ID] {
			return fmt.Errorf("%s: its ID is taken or out of range", at)
		}
		ids[v.ID] = true
		switch isArg := i < len(f.Args); {
		case isArg && (v != f.Args[i] || v.Op != OpArg || v.Attr.Index != i):
			return fmt.Errorf("%s: value %d should be argument %d", at, i, i)
		case !isArg && v.Op == OpArg:
			return fmt.Errorf("%s: an argument after other values", at)
		}
		for k, a := range v.Args {
			if !seen[a] {
				return fmt.Errorf("%s: operand %d does not come before it in this function", at, k)
			}
		}
		if err := c.refs(v); err != nil {
			return fmt.Errorf("%s: %w", at, err)
		}
		if err := v.check(); err != nil {
			return fmt.Errorf("%s: %w", at, err)
		}
		seen[v] = true
	}
	for i, r := range f.Results {
		if !seen[r] {
			return fmt.Errorf("result %d is not one of its values", i)
		}
		if r.Type.Elem == Tuple {
			return fmt.Errorf("result %d is a tuple", i)
		}
	}
	return nil
}

// refs checks that what the attribute of v refers to is in the module, functions before this one.
func (c *checker) refs(v *Value) error {
	at := &v.Attr
	switch v.Op {
	case OpParam:
		if at.Param == nil || !c.params[at.Param] {
			return fmt.Errorf("its parameter is not in the module")
		}
	case OpSolve:
		if at.Solve == nil || !c.solves[at.Solve] {
			return fmt.Errorf("its solve is not in the module")
		}
	case OpRev:
		if at.Rev == nil || at.Rev.Solve == nil || !c.solves[at.Rev.Solve] {
			return fmt.Errorf("its solve is not in the module")
		}
	}
	for _, f := range v.Callees() {
		if err := c.known(f); err != nil {
			return err
		}
	}
	return nil
}

func (c *checker) known(f *Func) error {
	switch {
	case f == nil:
		return fmt.Errorf("a function is missing")
	case !c.funcs[f]:
		return fmt.Errorf("function %s does not come before it in the module", f.Name)
	}
	return nil
}

// Callees lists the functions that v runs.
func (v *Value) Callees() []*Func {
	switch at := &v.Attr; v.Op {
	case OpCall:
		return []*Func{at.Func}
	case OpMap:
		if at.Map != nil {
			return []*Func{at.Map.Fn}
		}
	case OpScan:
		if at.Scan != nil {
			return []*Func{at.Scan.Fn}
		}
	case OpSolve:
		return at.Solve.Funcs()
	case OpRev:
		return append(at.Rev.Solve.Funcs(), at.Rev.Funcs()...)
	}
	return nil
}

// check recomputes the type of v by its row.
func (v *Value) check() error {
	if v.Op == OpInvalid || v.Op >= NumOps || v.Op.Info().Name == "" {
		return fmt.Errorf("no such operator: %d", v.Op)
	}
	if err := checkType(v.Type); err != nil {
		return err
	}
	switch v.Op {
	case OpArg, OpConst, OpParam:
		if v.Type.Elem == Tuple || len(v.Args) > 0 {
			return fmt.Errorf("a leaf has no operands and is no tuple")
		}
		if d := v.Attr.Data; v.Op == OpConst && d != nil && len(d) != v.Type.Len() {
			return fmt.Errorf("%d numbers for %s", len(d), v.Type)
		}
		if p := v.Attr.Param; v.Op == OpParam && !p.Type.Equal(v.Type) {
			return fmt.Errorf("type %s, parameter %s is %s", v.Type, p.Name, p.Type)
		}
		return nil
	}
	t, err := inferType(v.Op, &v.Attr, v.Args)
	if err != nil {
		return err
	}
	if !t.Equal(v.Type) {
		return fmt.Errorf("type %s, its row says %s", v.Type, t)
	}
	return nil
}

// inferType is the result type by the row of op, which must not be a leaf.
func inferType(op Op, at *Attr, args []*Value) (Type, error) {
	info := op.Info()
	if info.Arity >= 0 && len(args) != info.Arity {
		return Type{}, fmt.Errorf("%d operands instead of %d", len(args), info.Arity)
	}
	ts := valueTypes(args)
	for i, t := range ts {
		if t.Elem == Tuple && op != OpResult && !(op == OpRev && i == 0) {
			return Type{}, fmt.Errorf("operand %d is a tuple", i)
		}
	}
	t, err := info.Shape(ts, at)
	if err == nil {
		err = checkType(t)
	}
	return t, err
}

// maxLen bounds the elements of a tensor, so that lengths never overflow.
const maxLen = 1 << 40

func checkType(t Type) error {
	if t.Elem == InvalidElem || t.Elem > Tuple {
		return fmt.Errorf("bad element type")
	}
	if t.Elem == Tuple {
		if len(t.Shape) > 0 {
			return fmt.Errorf("a tuple has no axes")
		}
		for _, p := range t.Parts {
			if err := checkType(p); err != nil || p.Elem == Tuple {
				return fmt.Errorf("bad part %s of a tuple", p)
			}
		}
		return nil
	}
	n := 1
	for _, d := range t.Shape {
		if d < 1 || d > maxLen/n {
			return fmt.Errorf("bad shape %v", t.Shape)
		}
		n *= d
	}
	return nil
}
