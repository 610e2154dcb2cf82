package ir

import (
	"fmt"
	"strconv"
	"strings"
)

// function prints a function. Operands are named by refs.
func (p *printer) function(f *Func) {
	p.put("func %s(", quoteName(f.Name))
	for i, a := range f.Args {
		if i > 0 {
			p.put(", ")
		}
		if a.ID != i {
			p.put("%%%d ", a.ID)
		}
		p.put("%s: %s%s", quoteName(a.Name), a.Type, rateText(a.Rate, f.Region))
	}
	p.put(") -> (")
	for i, r := range f.Results {
		if i > 0 {
			p.put(", ")
		}
		if i < len(f.ResultNames) && f.ResultNames[i] != "" {
			p.put("%s: ", quoteName(f.ResultNames[i]))
		}
		p.put("%s", r.Type)
		if i < len(f.Accum) && f.Accum[i] {
			p.put(" accum")
		}
	}
	p.put(")")
	if f.Region != nil {
		p.put(" in %s", regionPath(f.Region))
	}
	p.put(" {")
	p.end(f.Span)
	if f.Doc != "" {
		p.put("  doc %s\n", strconv.Quote(f.Doc))
	}
	refs := operandNames(f)
	for _, v := range f.Values {
		if v.Op == OpArg || v.inline() {
			continue
		}
		p.put("  %%%d", v.ID)
		if v.Name != "" {
			p.put(" %s", strconv.Quote(v.Name))
		}
		p.put(" = %s : %s%s", p.valueText(v, refs), v.Type, rateText(v.Rate, f.Region))
		p.end(v.Span)
	}
	p.put("  return")
	if len(f.Results) > 0 {
		p.put(" %s", list(f.Results, refs))
	}
	p.put("\n}\n")
}

// inline reports whether v is written where it is used: a scalar constant or a parameter without
// anything of its own to say.
func (v *Value) inline() bool {
	switch v.Op {
	case OpConst:
		return v.Type.IsScalar() && v.Attr.Data == nil && v.Name == "" && (v.Rate == Rate{} || v.Rate == Rate{Region: ModuleRegion})
	case OpParam:
		return (v.Name == "" || v.Name == v.Attr.Param.Name) && (v.Rate == Rate{} || v.Rate == Rate{Region: ParamsRegion})
	}
	return false
}

// operandNames says how operands of f are written: arguments by name unless two share it,
// parameters by name unless an argument has it, scalar constants as number:type, others as %ID.
func operandNames(f *Func) func(*Value) string {
	named := map[string]int{}
	for _, a := range f.Args {
		named[a.Name]++
	}
	return func(v *Value) string {
		switch {
		case v.Op == OpArg && named[v.Name] == 1:
			return quoteName(v.Name)
		case v.Op == OpParam && v.inline() && named[v.Attr.Param.Name] == 0:
			return quoteName(v.Attr.Param.Name)
		case v.Op == OpParam && v.inline():
			return "param " + quoteName(v.Attr.Param.Name)
		case v.Op == OpConst && v.inline():
			return num(v.Attr.Num) + ":" + v.Type.String()
		}
		return "%" + strconv.Itoa(v.ID)
	}
}

// valueText is operator, operands and attribute.
func (p *printer) valueText(v *Value, refs func(*Value) string) string {
	t := v.Op.String()
	at := &v.Attr
	switch v.Op {
	case OpConst:
		if at.Data != nil {
			return t + " [" + nums(at.Data) + "]"
		}
		return t + " " + num(at.Num)
	case OpParam:
		return t + " " + quoteName(at.Param.Name)
	}
	operands := list(v.Args, refs)
	head := ""
	switch v.Op.attrForm() {
	case attrFunc:
		head = funcName(at.Func)
	case attrSolve:
		head = solveName(at.Solve)
	case attrRev:
		head = quoteName(p.revs[at.Rev])
	case attrMap:
		head = funcName(at.Map.Fn) + " " + strconv.Itoa(at.Map.N) + " " + strconv.Itoa(at.Map.Mapped)
		head += inRegion(at.Map.Region)
	case attrScan:
		s := at.Scan
		head = fmt.Sprintf("%s %d %d %d", funcName(s.Fn), s.N, s.Carry, s.Mapped)
		if s.Back {
			head += " back"
		}
		if s.Guard {
			head += " guard"
		}
		head += inRegion(s.Region)
	}
	switch {
	case head != "" && operands != "":
		t += " " + head + ", " + operands
	default:
		t += " " + head + operands
	}
	switch v.Op.attrForm() {
	case attrShape:
		t += " [" + ints(at.Ints) + "]"
	case attrPairs:
		var ps []string
		for i := 0; i+1 < len(at.Ints); i += 2 {
			ps = append(ps, strconv.Itoa(at.Ints[i])+":"+strconv.Itoa(at.Ints[i+1]))
		}
		t += " [" + strings.Join(ps, ", ") + "]"
	case attrAxis:
		t += " axis " + strconv.Itoa(at.Index)
	case attrAxes:
		if len(at.Ints) > 0 {
			t += " axes [" + ints(at.Ints) + "]"
		}
	case attrElem:
		t += " " + at.Elem.String()
	case attrClass:
		t += " " + strconv.Itoa(at.Index) + " " + at.Elem.String()
	case attrIndex:
		t += " " + strconv.Itoa(at.Index)
	case attrNum:
		t += " " + num(at.Num)
	case attrSite:
		t += " " + strconv.Itoa(at.Index) + " [" + ints(at.Ints) + "]"
	}
	return t
}

// inRegion is " in sample/map(f)"; nothing where the region is unknown.
func inRegion(r *Region) string {
	if r == nil {
		return ""
	}
	return " in " + regionPath(r)
}

// ints is 1,2,3, as in a shape.
func ints(xs []int) string { return strings.ReplaceAll(list(xs, strconv.Itoa), " ", "") }

// rateText is " @stage*": a region by its label where that is the nearest of this label around
// the function's, else by its path. An unknown rate is nothing.
func rateText(r Rate, around *Region) string {
	if r.Region == nil {
		return ""
	}
	t := regionPath(r.Region)
	for a := around; a != nil; a = a.Parent {
		if a.label() == r.Region.label() {
			if a == r.Region {
				t = a.label()
			}
			break
		}
	}
	if r.PerSample {
		t += "*"
	}
	return " @" + t
}
