package lanes

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// lying says which arguments and results of a kernel, by name, lie where another one has them, so that nothing is copied between the two.
type lying map[string]*Field

func (l lying) String() string {
	var b strings.Builder
	for _, name := range slices.Sorted(maps.Keys(l)) {
		fmt.Fprintf(&b, "%s %d ", name, l[name].Off)
	}
	return b.String()
}

// put adds that name lies at f, if there is such a place in the frame.
func (l lying) put(name string, f *Field) {
	if f != nil && !f.Kept {
		l[name] = f
	}
}

// alongStep says where kernels that go along a step have its states, before and after it, and the data of dense output: where Step has them. Times are
// those of a solve whose steps are adaptive; of others Go moves them on before all has been said about a step. Where further kernels make a step, and
// Go puts together what they give, nothing lies so.
func (l *Solve) alongStep() lying {
	at := lying{}
	if l.Fill != nil || l.Together != nil {
		return at
	}
	for _, st := range l.IR.States {
		at.put(st.Name, l.Step.field(st.Name))
		at.put(st.Name+".at", l.Step.field(st.Name+".at"))
	}
	for i := range l.Data {
		at.put(Data(i), l.Step.field(Data(i)))
	}
	for i := range l.IR.Extras {
		name := fmt.Sprintf("extra.%d", i)
		at.put(name, l.Step.field(name))
	}
	if l.IR.Adaptive {
		at.put(Own+"t", l.Step.field(Own+"t_at"))
		at.put(Own+"h", l.Step.field(Own+"h_at"))
	}
	return at
}
