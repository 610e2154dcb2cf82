package golden

import (
	"fmt"
	"math"
	"math/big"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"ndec.dev/ndec/cmd/ndec/driver"
	"ndec.dev/ndec/ir/method"
)

// places finds for each evaluation of a step the stage of the row that it is, and says what is wrong where there is none. same
// compares a coefficient of the text with that of the row.
func (r *read) places(t *method.Tableau, same func(text, row *big.Rat) bool) ([]int, error) {
	var of []int
	for i := range r.t {
		found := -1
		for s := range t.A {
			if slices.Contains(of, s) || !same(r.t[i]["h"], t.C[s]) {
				continue
			}
			ok := true
			for j := range t.A {
				var want, have *big.Rat
				if j < len(t.A[s]) {
					want = t.A[s][j]
				}
				if k := slices.Index(of, j); k >= 0 {
					have = r.y[i][fmt.Sprintf("h*k%d", k)]
				}
				ok = ok && same(have, want)
			}
			if ok {
				found = s
				break
			}
		}
		if found < 0 {
			return nil, fmt.Errorf("evaluation %d at %v of %v is no stage of the row", i+1, r.t[i], r.y[i])
		}
		of = append(of, found)
	}
	return of, nil
}

// agree compares a step with the row of its method, coefficient by coefficient, and gives the tableau of the text: what it does not
// evaluate is as in the row. dense says that it gives the data of dense output, single that states are float32.
func (r *read) agree(row *method.Row, dense, single bool) (*method.Tableau, error) {
	t := row.Tableau
	round := func(x *big.Rat, single bool) float64 {
		if x == nil {
			return 0
		}
		if single {
			f, _ := x.Float32()
			return float64(f)
		}
		f, _ := x.Float64()
		return f
	}
	same := func(x, y *big.Rat) bool { return round(x, false) == round(y, false) }
	of, err := r.places(t, same)
	if err != nil {
		return nil, err
	}
	got := *t
	got.A, got.C = slices.Clone(t.A), slices.Clone(t.C)
	for i, s := range of {
		if n := len(r.y[i]); r.t[i]["t"] == nil || r.y[i]["x"] == nil || n != 1+nonzero(t.A[s]) {
			return nil, fmt.Errorf("evaluation %d is at %v of %v", i+1, r.t[i], r.y[i])
		}
		got.A[s] = slices.Clone(t.A[s])
		for j := range got.A[s] {
			got.A[s][j] = exact(r.y[i]["h*"+named(of, j)], same, t.A[s][j])
		}
		got.C[s] = exact(r.t[i]["h"], same, t.C[s])
	}
	// weights reads a sum of evaluations, of the stages in order.
	weights := func(what string, v symbolic, unit string, want []*big.Rat, single bool) ([]*big.Rat, error) {
		out := make([]*big.Rat, len(want))
		left := len(v)
		for j := range want {
			x := v[unit+named(of, j)]
			if x != nil {
				left--
			}
			if round(x, single) != round(want[j], single) {
				return nil, fmt.Errorf("%s of stage %d is %s in the text, %s in the row", what, j+1, decimal(x), decimal(want[j]))
			}
			out[j] = new(big.Rat)
			out[j].SetFloat64(round(x, single))
		}
		if v["x"] != nil {
			left--
		}
		if left != 0 {
			return nil, fmt.Errorf("%s: %v has more than its stages", what, v)
		}
		return out, nil
	}
	results := r.results
	if len(results) == 0 || results[0]["x"] == nil {
		return nil, fmt.Errorf("no new state")
	}
	if got.B, err = weights("weight", results[0], "h*", t.B, false); err != nil {
		return nil, err
	}
	results = results[1:]
	if row.Adaptive() {
		e, err := weights("error weight", results[0], "h*", t.ErrorWeights(), false)
		if err != nil {
			return nil, err
		}
		got.BHat = nil
		for i, b := range got.B {
			got.BHat = append(got.BHat, new(big.Rat).Sub(b, e[i]))
		}
		results = results[1:]
	} else {
		got.BHat = nil
	}
	if r.carried {
		if k := results[0][named(of, len(t.B)-1)]; k == nil || k.Cmp(big.NewRat(1, 1)) != 0 {
			return nil, fmt.Errorf("%v is handed on, not the last stage", results[0])
		}
		results = results[1:]
	}
	if !dense {
		return &got, nil
	}
	if len(results) < t.Degree() {
		return nil, fmt.Errorf("%d data of dense output instead of %d", len(results), t.Degree())
	}
	got.Dense = make([][]*big.Rat, len(t.A))
	for p := range t.Degree() {
		d, err := weights(fmt.Sprintf("dense weight %d", p+1), results[p], "", t.DenseWeights(p+1), single)
		if err != nil {
			return nil, err
		}
		for i := range d {
			got.Dense[i] = append(got.Dense[i], d[i])
		}
	}
	return &got, nil
}

// named is the symbol of a stage; no symbol has the empty name with a unit before it.
func named(of []int, stage int) string {
	if k := slices.Index(of, stage); k >= 0 {
		return fmt.Sprintf("k%d", k)
	}
	return "none"
}

func nonzero(xs []*big.Rat) int {
	n := 0
	for _, x := range xs {
		if x.Sign() != 0 {
			n++
		}
	}
	return n
}

// exact is the number of the text, which same has found equal to that of the row.
func exact(x *big.Rat, same func(x, y *big.Rat) bool, row *big.Rat) *big.Rat {
	if x == nil || !same(x, row) {
		return row
	}
	f, _ := x.Float64()
	return new(big.Rat).SetFloat64(f)
}

func decimal(x *big.Rat) string {
	if x == nil {
		return "0"
	}
	return x.FloatString(22)
}

// emittedSteps are the texts with the steps of a method, by target.
func emittedSteps(t *testing.T, row *method.Row, precision string) map[string]string {
	t.Helper()
	options := "steps: 4"
	if row.Adaptive() {
		options = "rtol: 1e-3"
	}
	program := fmt.Sprintf(`package m

system S {
	state x real
	context a real
	der(x) = a*x*x + t
}

solver M = %s{%s}

model Ma(x, a real) (y real) {
	return solve(S{x: x, a: a}, over: 0..1, with: M).x
}

model Mb(x, a real) (y [3]real) {
	return solve(S{x: x, a: a}, at: [0.3, 0.5, 1], from: 0, with: M).x
}
`, row.Name, options)
	res, ds := driver.Compile(map[string]string{"m.nde": program}, driver.Options{Precision: precision, CUDA: true})
	if len(ds) > 0 {
		t.Fatalf("%s: %v", row.Name, ds[0])
	}
	out := map[string]string{}
	for _, f := range res.Out {
		for target, x := range stepTexts {
			if f.Name == x.file {
				out[target] = x.head + strings.Join(x.parts.FindAllString(string(f.Text), -1), "")
			}
		}
	}
	return out
}

// stepTexts say where the steps of a target are, and what of the file they need.
var stepTexts = map[string]struct {
	file, head string
	parts      *regexp.Regexp
}{
	"Go":      {"m_generic.go", "package m\n", regexp.MustCompile(`(?ms)^func m[a-z]0(?:Dense)?Step\(.*?^}\n`)},
	"CUDA":    {"m.cu", "", regexp.MustCompile(`(?ms)^NDEC_D void m[a-z]_0_(?:dense_)?step\(.*?^}\n`)},
	"AVX2":    {"m_avx2_amd64.s", "", kernelParts},
	"AVX-512": {"m_avx512_amd64.s", "", kernelParts},
}

var kernelParts = regexp.MustCompile(`(?ms)^DATA f64_[0-9a-f]+<>\+0\(SB\)/8.*?\n|^TEXT m[a-z]0(?:Dense)?Step_.*?^\tRET\n`)

var readers = map[string]func(string) (map[string]*read, error){"Go": readGo, "CUDA": readCUDA, "AVX2": readAssembly, "AVX-512": readAssembly}

// readBack reads the steps of a text and compares each with the row. It gives the tableau with dense output.
func readBack(target, text string, row *method.Row, single bool) (*method.Tableau, error) {
	steps, err := readers[target](text)
	if err != nil {
		return nil, err
	}
	var full *method.Tableau
	for _, name := range []string{"ma0Step", "mb0DenseStep"} {
		if steps[name] == nil {
			return nil, fmt.Errorf("no %s", name)
		}
		got, err := steps[name].agree(row, name == "mb0DenseStep", single)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		full = got
	}
	return full, nil
}

// TestReadBack: the coefficients in emitted text are the right ones, rounded once, and satisfy the order conditions.
func TestReadBack(t *testing.T) {
	t.Parallel()
	checked := map[string]bool{}
	for _, row := range method.Rows(method.Solver) {
		if row.Tableau == nil || row.Later {
			continue
		}
		if row = row.With(nil); row.Adaptive() == (row.Tableau.BHat == nil) {
			t.Fatalf("%s: %+v", row.Name, row)
		}
		for _, precision := range []string{"f64", "f32"} {
			texts := emittedSteps(t, row, precision)
			if precision == "f32" { // kernels convert; their constants are checked in float64
				delete(texts, "AVX2")
				delete(texts, "AVX-512")
			}
			if want := map[string]int{"f64": 4, "f32": 2}[precision]; len(texts) != want {
				t.Errorf("%s: %d texts instead of %d", row.Name, len(texts), want)
			}
			for target, text := range texts {
				got, err := readBack(target, text, row, precision == "f32")
				if err != nil {
					t.Errorf("%s, %s in %s: %v", row.Name, target, precision, err)
					continue
				}
				if precision == "f32" {
					continue // dense weights of seven digits
				}
				// Rounded coefficients satisfy the conditions to fewer digits than those of the row.
				if got.Digits = 13; row.Tableau.Digits > 0 {
					got.Digits = min(got.Digits, row.Tableau.Digits)
				}
				if got.DenseDigits = 11; row.Tableau.DenseDigits > 0 {
					got.DenseDigits = min(got.DenseDigits, row.Tableau.DenseDigits)
				}
				if spelled := fmt.Sprint(got); !checked[spelled] { // all targets have the same, as agree has found
					checked[spelled] = true
					if err := method.Check(got); err != nil {
						t.Errorf("%s, %s: %v", row.Name, target, err)
					}
				}
				faults(t, target, text, row)
			}
		}
	}
}

// faults changes constants of a text by one unit in the last place, some of them; each change has to be found.
func faults(t *testing.T, target, text string, row *method.Row) {
	tried := 0
	switch target {
	case "Go", "CUDA":
		from := regexp.MustCompile(`func mb0DenseStep|void mb_0_dense_step`).FindStringIndex(text)[0]
		to := from + strings.Index(text[from:], "\n}")
		for i, m := range regexp.MustCompile(`\d+\.\d+(e-?\d+)?`).FindAllStringIndex(text[from:to], -1) {
			if i%29 != 3 {
				continue
			}
			lo, hi := from+m[0], from+m[1]
			x, err := strconv.ParseFloat(text[lo:hi], 64)
			if err != nil {
				t.Fatal(err)
			}
			wrong := text[:lo] + strconv.FormatFloat(math.Nextafter(x, 10), 'g', -1, 64) + text[hi:]
			if _, err := readBack(target, wrong, row, false); err == nil {
				t.Errorf("%s, %s: %s is off by a unit in the last place, and that is not found", row.Name, target, text[lo:hi])
			}
			tried++
		}
	default:
		from := regexp.MustCompile(`(?m)^TEXT mb0DenseStep`).FindStringIndex(text)[0]
		to := from + strings.Index(text[from:], "\tRET")
		seen := map[string]bool{}
		for _, name := range regexp.MustCompile(`f64_[0-9a-f]+<>`).FindAllString(text[from:to], -1) {
			if seen[name] = true; len(seen)%29 != 3 && row.Stages() > 2 {
				continue
			}
			at := strings.Index(text, "DATA "+name+"+0(SB)/8, $0x")
			digit := at + len("DATA "+name+"+0(SB)/8, $0x") + 15
			other := map[byte]string{'0': "1", '1': "0", '2': "3", '3': "2", '4': "5", '5': "4", '6': "7", '7': "6", '8': "9", '9': "8", 'a': "b", 'b': "a", 'c': "d", 'd': "c", 'e': "f", 'f': "e"}
			wrong := text[:digit] + other[text[digit]] + text[digit+1:]
			if _, err := readBack(target, wrong, row, false); err == nil {
				t.Errorf("%s, %s: %s is off by a unit in the last place, and that is not found", row.Name, target, name)
			}
			tried++
		}
	}
	if tried == 0 && row.Stages() > 2 {
		t.Errorf("%s, %s: no fault was tried", row.Name, target)
	}
}
