package cudagen

import (
	"fmt"
	"strconv"
	"strings"
	"unicode"

	"ndec.dev/ndec/ir"
)

// scope hands out C++ identifiers, each once.
type scope struct {
	used   map[string]bool
	beside []string // suffixes of names that each has beside it
}

// reserved are keywords of C++ and CUDA and the names that emitted functions use themselves.
var reserved = strings.Fields(`alignas alignof and and_eq asm auto bitand bitor bool break case catch char class compl concept const
constexpr continue decltype default delete do double dynamic_cast else enum explicit export extern false float for friend goto if inline int
long mutable namespace new noexcept not not_eq nullptr operator or or_eq private protected public register reinterpret_cast requires return
short signed sizeof static static_assert static_cast struct switch template this thread_local throw true try typedef typeid typename union
unsigned using virtual void volatile wchar_t while xor xor_eq uint3 dim3 threadIdx blockIdx blockDim gridDim warpSize INFINITY NAN NULL EOF
real w pre ws g by st results i j k n s row place x1 i0 i1 i2 i3 i4 i5 G T errno signgam main int2 int4 float2 float4 double2 unix linux exp log sin cos tan
tanh erf pow abs fma floor sqrt sinh cosh asin acos atan atan2 div y0 y1 yn j0 j1 jn gamma index round min max lhs rhs`)

// kernelWords are the names that kernels use themselves.
const kernelWords = "count words place tapes room stats key by ws st sum sums grads losses total chunk rows loss bad in lane thread warp weights memory arrays scope team tile split own"

// kernelScope is for what a kernel loads and stores: the function of its sample is called beside.
func (e *emitter) kernelScope() *scope {
	s := newScope(strings.Fields(kernelWords)...)
	for n := range e.global.used {
		s.used[n] = true
	}
	return s
}

func newScope(taken ...string) *scope {
	s := &scope{used: map[string]bool{}}
	for _, r := range reserved {
		s.used[r] = true
	}
	for _, t := range taken {
		s.used[t] = true
	}
	return s
}

// pick is base, or base with the first free number.
func (s *scope) pick(base string) string {
	if s.beside != nil {
		return s.pickFamily(base, s.beside...)
	}
	return s.next(base)
}

func (s *scope) next(base string) string {
	name := base
	for n := 2; s.used[name]; n++ {
		name = base + "_" + strconv.Itoa(n)
	}
	s.used[name] = true
	return name
}

// pickFamily is pick for a name that has others beside it.
func (s *scope) pickFamily(base string, suffixes ...string) string {
	for {
		name := s.next(base)
		free := true
		for _, x := range suffixes {
			free = free && !s.used[name+x]
		}
		if !free {
			continue
		}
		for _, x := range suffixes {
			s.used[name+x] = true
		}
		return name
	}
}

// snake joins the words of an IR name: "Moons.0.step" is moons_0_step, FitTiny fit_tiny. A letter that is not
// ASCII is spelled by its number.
func snake(name string) string {
	var b strings.Builder
	gap, lower := false, false
	for _, r := range name {
		switch {
		case r > unicode.MaxASCII && unicode.IsLetter(r):
			fmt.Fprintf(&b, "u%04x", r)
			gap, lower = false, true
			continue
		case r == '_' || r > unicode.MaxASCII || !unicode.IsLetter(r) && !unicode.IsDigit(r):
			gap = b.Len() > 0
			continue
		case unicode.IsUpper(r) && lower:
			gap = true
		}
		if gap {
			b.WriteByte('_')
			gap = false
		}
		lower = !unicode.IsUpper(r)
		b.WriteRune(unicode.ToLower(r))
	}
	s := b.String()
	if s == "" || unicode.IsDigit(rune(s[0])) || strings.HasPrefix(s, "ndec") {
		s = "v" + s
	}
	return s
}

// localName is the name of a value inside a function: from the source, or from its operator.
func localName(v *ir.Value) string {
	if v.Name != "" && v.Op != ir.OpParam {
		return snake(v.Name)
	}
	return snake(v.Op.String())
}

// elemNames are the C++ types of elements that are not of the module's precision.
var elemNames = map[ir.Elem]string{ir.F32: "float", ir.F64: "double", ir.I32: "int", ir.Bool: "bool"}
