package codegen

import (
	"fmt"
	"strings"

	"ndec.dev/ndec/ir"
)

// allocFile is the test that `target go{alloc: none}` asks for: Forward of each model allocates nothing. Inputs
// are small numbers, and times that ascend. nil where the program does not ask.
func (e *emitter) allocFile() *file {
	target := e.m.TargetOf("go")
	if target == nil {
		return nil
	}
	if s, _ := target.Option("alloc"); s.Text != "none" {
		return nil
	}
	var b strings.Builder
	b.WriteString("func TestForwardAllocatesNothing(t *testing.T) {\np := NewParams(1)\n")
	for _, m := range e.m.Own() {
		ins := e.ports(m.Inputs)
		arg := "in"
		if len(ins) == 1 {
			fmt.Fprintf(&b, "t.Run(%q, func(t *testing.T) {\nm := New%s(p)\nvar in %s\n", m.Name, m.Name, e.apiType(ins[0].t))
		} else {
			fmt.Fprintf(&b, "t.Run(%q, func(t *testing.T) {\nm := New%s(p)\nvar in %sInput\n", m.Name, m.Name, m.Name)
		}
		for i, p := range ins {
			to := "in"
			if len(ins) > 1 {
				to = "in." + p.field
			}
			b.WriteString(e.sampleInput(to, p.t, m.Inputs[i].Classes > 0))
		}
		fmt.Fprintf(&b, `if _, err := m.Forward(%s); err != nil {
	t.Fatalf("Forward of the numbers that this test makes fails, so that it says nothing: %%v", err)
}
if n := testing.AllocsPerRun(20, func() { _, _ = m.Forward(%s) }); n > 0 {
	t.Errorf("Forward allocates %%v times", n)
}
})
`, arg, arg)
	}
	b.WriteString("}")
	f := new(file)
	text(f, fmt.Sprintf("TestForwardAllocatesNothing holds the package to target go{alloc: none} (%s).", clean(target.Span.String())), b.String())
	return f
}

// sampleInput fills an input of an API type: real numbers are 0.1, times go up by 0.01, classes are 0.
func (e *emitter) sampleInput(to string, t ir.Type, label bool) string {
	if label || !t.Elem.IsFloat() {
		return ""
	}
	value := "0.1"
	if t.Elem == ir.F64 && t.Rank() > 0 {
		value = "0.01 * float64(i0)"
	}
	var open, index string
	for axis := range t.Rank() {
		i := fmt.Sprintf("i%d", axis)
		open += fmt.Sprintf("for %s := range %s%s {\n", i, to, index)
		index += "[" + i + "]"
	}
	return open + fmt.Sprintf("%s%s = %s\n", to, index, value) + strings.Repeat("}\n", t.Rank())
}
