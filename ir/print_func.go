package ir

import (
	"fmt"
	"strconv"
	"strings"
)

// function prints a function. Operands are named by refs.
func (p *printer) function(f *Func) {
	p.text("func ", quoteName(f.Name), "(")
	for i, a := range f.Args {
		if i > 0 {
			p.text(", ")
		}
		if a.ID != i {
			p.text("%", strconv.Itoa(a.ID), " ")
		}
		p.text(quoteName(a.Name), ": ")
		p.typ(a.Type)
		p.rate(a.Rate, f.Region)
	}
	p.put(") -> (")
	for i, r := range f.Results {
		if i > 0 {
			p.text(", ")
		}
		if i < len(f.ResultNames) && f.ResultNames[i] != "" {
			p.text(quoteName(f.ResultNames[i]), ": ")
		}
		p.typ(r.Type)
		if i < len(f.Accum) && f.Accum[i] {
			p.text(" accum")
		}
	}
	p.text(")", inRegion(f.Region), " {")
	p.end(f.Span)
	if f.Doc != "" && !p.code {
		p.text("  doc ", strconv.Quote(f.Doc), "\n")
	}
	refs := p.operandNames(f)
	for _, v := range f.Values {
		if v.Op == OpArg || v.inline() {
			continue
		}
		p.text("  %", strconv.Itoa(v.ID))
		if v.Name != "" {
			p.text(" ", strconv.Quote(v.Name))
		}
		p.text(" = ")
		p.value(v, refs)
		p.text(" : ")
		p.typ(v.Type)
		p.rate(v.Rate, f.Region)
		p.end(v.Span)
	}
	p.text("  return")
	if len(f.Results) > 0 {
		p.text(" ")
		p.operands(f.Results, refs)
	}
	p.text("\n}\n")
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

func (p *printer) typ(t Type) { p.b = t.append(p.b) }

func (p *printer) int(n int) { p.b = strconv.AppendInt(p.b, int64(n), 10) }

// operands prints values as refs names them.
func (p *printer) operands(vs []*Value, refs func(v *Value)) {
	for i, v := range vs {
		if i > 0 {
			p.text(", ")
		}
		refs(v)
	}
}

// operandNames prints operands of f: arguments by name unless two share it, parameters by name unless
// an argument has it, scalar constants as number:type, others as %ID.
func (p *printer) operandNames(f *Func) func(*Value) {
	named := map[string]int{}
	for _, a := range f.Args {
		named[a.Name]++
	}
	return func(v *Value) {
		switch {
		case v.Op == OpArg && named[v.Name] == 1:
			p.text(quoteName(v.Name))
		case v.Op == OpParam && v.inline() && named[v.Attr.Param.Name] == 0:
			p.text(quoteName(v.Attr.Param.Name))
		case v.Op == OpParam && v.inline():
			p.text("param ", quoteName(v.Attr.Param.Name))
		case v.Op == OpConst && v.inline():
			p.text(num(v.Attr.Num), ":")
			p.typ(v.Type)
		default:
			p.text("%")
			p.int(v.ID)
		}
	}
}

// value prints operator, operands and attribute.
func (p *printer) value(v *Value, refs func(*Value)) {
	p.text(v.Op.String(), " ")
	at := &v.Attr
	switch v.Op {
	case OpConst:
		if at.Data != nil {
			p.text("[", nums(at.Data), "]")
			return
		}
		p.text(num(at.Num))
		return
	case OpParam:
		p.text(quoteName(at.Param.Name))
		return
	}
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
	if head != "" && len(v.Args) > 0 {
		head += ", "
	}
	p.text(head)
	p.operands(v.Args, refs)
	switch v.Op.attrForm() {
	case attrShape:
		p.text(" [", ints(at.Ints), "]")
	case attrPairs:
		p.text(" [")
		for i := 0; i+1 < len(at.Ints); i += 2 {
			if i > 0 {
				p.text(", ")
			}
			p.int(at.Ints[i])
			p.text(":")
			p.int(at.Ints[i+1])
		}
		p.text("]")
	case attrAxis:
		p.text(" axis ")
		p.int(at.Index)
	case attrAxes:
		if len(at.Ints) > 0 {
			p.text(" axes [", ints(at.Ints), "]")
		}
	case attrElem:
		p.text(" ", at.Elem.String())
	case attrClass:
		p.text(" ")
		p.int(at.Index)
		p.text(" ", at.Elem.String())
	case attrIndex:
		p.text(" ")
		p.int(at.Index)
	case attrNum:
		p.text(" ", num(at.Num))
	case attrSite:
		p.text(" ")
		p.int(at.Index)
		p.text(" [", ints(at.Ints), "]")
	}
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

// rate prints a rate in a function that runs in a region. Functions hold many values of few rates.
func (p *printer) rate(r Rate, around *Region) {
	if p.rates == nil || p.around != around {
		p.rates, p.around = map[Rate]string{}, around
	}
	t, ok := p.rates[r]
	if !ok {
		t = rateText(r, around)
		p.rates[r] = t
	}
	p.text(t)
}

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
