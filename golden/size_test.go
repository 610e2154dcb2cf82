package golden

import (
	"fmt"
	"maps"
	"regexp"
	"runtime"
	"slices"
	"strings"
	"testing"

	"ndec.dev/ndec/cmd/ndec/driver"
	"ndec.dev/ndec/codegen/asm"
	"ndec.dev/ndec/codegen/lanes"
	"ndec.dev/ndec/ir"
)

const sized = `package p

const (
	H = 16
	N = 10
)

net f(x [2]real) [2]real {
	return x |> Linear(H) |> tanh |> Linear(H) |> softplus |> Linear(2)
}

system S {
	state x [2]real
	der(x) = f(x)
}

model M(x [2]real) [2]real {
	return solve(S{x: x}, over: 0..1, with: rk4{steps: N}).x
}

data D {
	x [2]real
	y label[2]
	source: moons{n: 64}
}

train Fit {
	data: D
	minimize cross_entropy(M(x), y)
	epochs: 2
	optimizer: adam
}
`

// TestTextIsIndependentOfSizes: what is emitted for wide layers and many steps is as long as for narrow ones and few.
func TestTextIsIndependentOfSizes(t *testing.T) {
	size := func(set map[string]string) (lines, bytes int) {
		res, ds := driver.Compile(map[string]string{"p.nde": sized}, driver.Options{Set: set})
		if ds.HasErrors() {
			t.Fatal(ds)
		}
		for _, f := range res.Out {
			bytes += len(f.Text)
			for _, c := range f.Text {
				if c == '\n' {
					lines++
				}
			}
		}
		return lines, bytes
	}
	lines, bytes := size(map[string]string{"H": "64", "N": "10"})
	for _, set := range []map[string]string{{"H": "4096", "N": "10"}, {"H": "64", "N": "100000"}} {
		l, b := size(set)
		t.Logf("%v: %d lines and %d bytes, %d and %d at 64 and 10", set, l, b, lines, bytes)
		if l > lines*3/2 || b > bytes*3/2 {
			t.Errorf("%v: %d lines and %d bytes, %d and %d at 64 and 10", set, l, b, lines, bytes)
		}
	}
	small, _ := size(nil)
	if lines > small*3/2 {
		t.Errorf("%d lines at H = 64, %d at 16", lines, small)
	}
}

// The longest text of the kernels that a model runs, constants included, for an instruction set; and of a recipe, which
// runs its models forward and back.
const (
	longestModel  = 10_000
	longestRecipe = 20_000
)

// TestAssemblyIsShort: what a model or recipe of the examples has in vector code is no longer than that.
func TestAssemblyIsShort(t *testing.T) {
	t.Parallel()
	for name, e := range examples {
		res, ds := driver.Compile(sourceOf(t, name, false), driver.Options{Set: e.set, Until: "plan"})
		if ds.HasErrors() {
			t.Fatalf("%s: %v", name, ds)
		}
		names := map[string]bool{}
		prog := lanes.Compile(res.Plan, func(f *ir.Func) string {
			n := strings.Map(func(r rune) rune {
				if r == '.' || r == '/' {
					return '_'
				}
				return r
			}, f.Name)
			for names[n] {
				n += "x"
			}
			names[n] = true
			return n
		})
		check := func(what string, n *lanes.Node, most int) {
			var lengths []string
			for _, isa := range asm.ISAs {
				text := string(prog.Set.Text(isa, "", prog.Set.Reached(n), func(*lanes.Kernel) bool { return false }))
				lines := strings.Count(text, "\n")
				lengths = append(lengths, fmt.Sprintf("%d lines for %s", lines, isa))
				if lines > most {
					t.Errorf("%s: %s has %d lines for %s, more than %d", name, what, lines, isa, most)
				}
			}
			t.Logf("%s: %s has %s", name, what, strings.Join(lengths, ", "))
		}
		for _, m := range res.Module.Models {
			if n := prog.Models[m]; n != nil {
				check("model "+m.Name, n, longestModel)
			}
		}
		for _, r := range res.Module.Recipes {
			if l := prog.Recipes[r]; l != nil {
				check("train "+r.Name, l.Grad, longestRecipe)
			}
		}
	}
}

// widths are what the layers of the examples have between their ends, as numbers or as a constant.
var widths = regexp.MustCompile(`(\b(?:Linear|GRU|Conv2d)\(|\n\tC = )(?:11|12|16|32|64|128)\b`)

// TestExamplesAreIndependentOfWidths: an example with hidden layers of 4,096 has no more than half as many bytes of text and values again as
// with layers of 16, and compiling it allocates no more than that. What is emitted and allocated says what is done, without a clock.
func TestExamplesAreIndependentOfWidths(t *testing.T) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1)) // which kernels meet the memory of which worker is chance, so there is one
	type size struct{ text, values, allocated int }
	compiled := func(name, width string) (s size) {
		files := sourceOf(t, name, false)
		for n, text := range files {
			files[n] = widths.ReplaceAllString(text, "${1}"+width)
		}
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		res, ds := driver.Compile(files, driver.Options{Unverified: true})
		if ds.HasErrors() {
			t.Fatalf("%s with layers of %s: %v", name, width, ds)
		}
		runtime.ReadMemStats(&after)
		for _, f := range res.Out {
			s.text += len(f.Text)
		}
		for _, f := range res.Module.Funcs {
			s.values += len(f.Values)
		}
		s.allocated = int(after.TotalAlloc - before.TotalAlloc)
		return s
	}
	for _, name := range slices.Sorted(maps.Keys(examples)) {
		wide := false
		for _, text := range sourceOf(t, name, false) {
			wide = wide || widths.MatchString(text)
		}
		if !wide {
			continue
		}
		least := func(width string) size { // tables are made once, and the collector takes kept memory away now and then
			s := compiled(name, width)
			for range 2 {
				s.allocated = min(s.allocated, compiled(name, width).allocated)
			}
			return s
		}
		narrow, wider := least("16"), least("4096")
		t.Logf("%s: %d bytes, %d values and %d kB allocated at 4096, %d, %d and %d at 16", name, wider.text, wider.values, wider.allocated>>10, narrow.text, narrow.values, narrow.allocated>>10)
		if 2*wider.text > 3*narrow.text || 2*wider.values > 3*narrow.values || 2*wider.allocated > 3*narrow.allocated {
			t.Errorf("%s: %+v at 4096, %+v at 16", name, wider, narrow)
		}
	}
}

// mostAllocated is what compiling an example may allocate, which is more than it ever holds: no more than 200 MB were wanted. The largest takes 46 MB, the rules of the
// IR checked after every phase.
const mostAllocated = 60 << 20

// TestMemoryIsIndependentOfSizes: compiling for wide layers and many steps makes no more than half as many values again as for narrow ones and few, and
// allocates no more than that; no example allocates more than mostAllocated. What is allocated says what is done without a clock.
func TestMemoryIsIndependentOfSizes(t *testing.T) {
	compiled := func(files, set map[string]string) (bytes uint64, values int) {
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		res, ds := driver.Compile(files, driver.Options{Set: set})
		if ds.HasErrors() {
			t.Fatal(ds)
		}
		runtime.ReadMemStats(&after)
		for _, f := range res.Module.Funcs {
			values += len(f.Values)
		}
		return after.TotalAlloc - before.TotalAlloc, values
	}
	files := map[string]string{"p.nde": sized}
	compiled(files, nil) // tables are made once
	small, few := compiled(files, map[string]string{"H": "16", "N": "10"})
	for _, set := range []map[string]string{{"H": "4096", "N": "10"}, {"H": "16", "N": "100000"}, {"H": "4096", "N": "100000"}} {
		n, values := compiled(files, set)
		t.Logf("%v: %d MB for %d values, %d for %d at 16 and 10", set, n>>20, values, small>>20, few)
		if 2*n > 3*small || 2*values > 3*few {
			t.Errorf("%v: %d MB for %d values, %d for %d at 16 and 10", set, n>>20, values, small>>20, few)
		}
	}
	for name, e := range examples {
		n, values := compiled(sourceOf(t, name, false), e.set)
		t.Logf("%s: %d MB for %d values", name, n>>20, values)
		if n > mostAllocated {
			t.Errorf("%s: %d MB, more than %d", name, n>>20, mostAllocated>>20)
		}
	}
}
