package golden

import (
	"fmt"
	"maps"
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
					have = r.y[i][0][fmt.Sprintf("h*k%d", k)]
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
		if n := len(r.y[i][0]); r.t[i]["t"] == nil || r.y[i][0]["x"] == nil || n != 1+nonzero(t.A[s]) {
			return nil, fmt.Errorf("evaluation %d is at %v of %v", i+1, r.t[i], r.y[i])
		}
		got.A[s] = slices.Clone(t.A[s])
		for j := range got.A[s] {
			got.A[s][j] = exact(r.y[i][0]["h*"+named(of, j)], same, t.A[s][j])
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

// busy is a function that no step spells out in the place of the field, so that evaluations are seen as calls.
const busy = `net busy(x real) real { return tanh(x) * softplus(x) * sigmoid(x) * exp(x) }`

// stepProgram has a solve by a method to the end, and one with output times, of x' = a x b(x) + t.
func stepProgram(row *method.Row) string {
	options := "steps: 4"
	if row.Adaptive() {
		options = "rtol: 1e-3"
	}
	return fmt.Sprintf(`package m

`+busy+`

system S {
	state x real
	context a real
	der(x) = a*x*busy(x) + t
}

solver M = %s{%s}

model Ma(x, a real) (y real) {
	return solve(S{x: x, a: a}, over: 0..1, with: M).x
}

model Mb(x, a real) (y [3]real) {
	return solve(S{x: x, a: a}, at: [0.3, 0.5, 1], from: 0, with: M).x
}
`, row.Name, options)
}

// emittedSteps are the texts with the steps of the methods of a program, by target, without comments.
func emittedSteps(t *testing.T, program, precision string, cuda bool) map[string]string {
	t.Helper()
	res, ds := driver.Compile(map[string]string{"m.nde": program}, driver.Options{Precision: precision, CUDA: cuda})
	if len(ds) > 0 {
		t.Fatalf("%v\n%s", ds[0], program)
	}
	out := map[string]string{}
	for _, f := range res.Out {
		for target, x := range stepTexts {
			if f.Name == x.file {
				out[target] = x.head + comments.ReplaceAllString(strings.Join(x.parts.FindAllString(string(f.Text), -1), ""), "")
			}
		}
	}
	return out
}

var comments = regexp.MustCompile(`(?m)^\s*//.*\n`)

// stepTexts say where the functions of a method are in the text of a target, and what of the file they need.
var stepTexts = map[string]struct {
	file, head string
	parts      *regexp.Regexp
}{
	"Go":      {"m_generic.go", "package m\n", regexp.MustCompile(`(?ms)^func m[a-z]0(?:Step|DenseStep|Dense|Substep|Start|StartDense)\(.*?^}\n`)},
	"CUDA":    {"m.cu", "", regexp.MustCompile(`(?ms)^NDEC_D void m[a-z]_0_(?:step|dense_step|dense|start_dense)\(.*?^}\n`)},
	"AVX2":    {"m_avx2_amd64.s", "", kernelParts},
	"AVX-512": {"m_avx512_amd64.s", "", kernelParts},
}

var kernelParts = regexp.MustCompile(`(?ms)^DATA f(?:64|32)_[0-9a-f]+<>.*?\n|^TEXT m[a-z]0(?:Step|DenseStep|Dense)_.*?^\tRET\n`)

var readers = map[string]func(text string, forms map[string]form, single bool) (map[string]*read, error){"Go": readGo, "CUDA": readCUDA, "AVX2": readAssembly, "AVX-512": readAssembly}

// tableauForms are the steps of a Runge-Kutta method, of one state.
func tableauForms(row *method.Row) map[string]form {
	step := form{args: []string{"t", "h", "x", "a"}, results: 1}
	if row.Adaptive() {
		step.results++
	}
	if row.FSAL() {
		step.args, step.first = []string{"t", "h", "x", "k0", "a"}, true
		step.results++
	}
	dense := step
	dense.results += row.Tableau.Degree()
	return map[string]form{"Step": step, "DenseStep": dense}
}

// readBack reads the steps of a text and compares each with the row. It gives the tableau with dense output.
func readBack(target, text string, row *method.Row, single bool) (*method.Tableau, error) {
	steps, err := readers[target](text, tableauForms(row), single)
	if err != nil {
		return nil, err
	}
	if steps["ma0Step"] == nil || steps["mb0DenseStep"] == nil {
		return nil, fmt.Errorf("no steps")
	}
	var full *method.Tableau
	for name, step := range steps {
		dense := strings.HasSuffix(name, "DenseStep")
		got, err := step.agree(row, dense, single)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		if dense {
			full = got
		}
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
			texts := emittedSteps(t, stepProgram(row), precision, true)
			if len(texts) != len(stepTexts) {
				t.Errorf("%s: %d texts instead of %d", row.Name, len(texts), len(stepTexts))
			}
			for target, text := range texts {
				got, err := readBack(target, text, row, precision == "f32")
				if err != nil {
					t.Errorf("%s, %s in %s: %v", row.Name, target, precision, err)
					continue
				}
				tried := faults(t, row.Name+", "+target+" in "+precision, target, text, tableauForms(row), precision == "f32", 3, func(wrong string) error {
					_, err := readBack(target, wrong, row, precision == "f32")
					return err
				})
				if tried == 0 && row.Stages() > 1 {
					t.Errorf("%s, %s in %s: no fault was tried", row.Name, target, precision)
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
			}
		}
	}
}

// faults changes constants of the functions of a text by one unit in the last place, a number of them spread over the text; check has to
// find each. It gives the number of changes that there could be.
func faults(t *testing.T, what, target, text string, forms map[string]form, single bool, tries int, check func(wrong string) error) (tried int) {
	t.Helper()
	type fault struct{ name, text string }
	var found []func() fault
	switch target {
	case "Go", "CUDA":
		singles := map[int]bool{} // places of float32 literals
		if target == "Go" {
			steps, err := readGo(text, forms, single)
			if err != nil {
				t.Fatal(err)
			}
			for _, r := range steps {
				maps.Copy(singles, r.single)
			}
		}
		for _, m := range regexp.MustCompile(`\d+\.\d+(e-?\d+)?f?`).FindAllStringIndex(text, -1) {
			found = append(found, func() fault {
				lo, hi := m[0], m[1]
				number, isSingle := strings.CutSuffix(text[lo:hi], "f")
				x, err := strconv.ParseFloat(number, 64)
				if err != nil {
					t.Fatal(err)
				}
				next := strconv.FormatFloat(math.Nextafter(x, 10), 'f', -1, 64)
				if isSingle || singles[lo] {
					next = strconv.FormatFloat(float64(math.Nextafter32(float32(x), 10)), 'f', -1, 32)
				}
				return fault{text[lo:hi], text[:lo] + next + text[lo+len(number):]}
			})
		}
	default:
		seen := map[string]bool{}
		for _, used := range regexp.MustCompile(`(f(?:64|32)_[0-9a-f]+<>)\(SB\)`).FindAllStringSubmatch(text, -1) {
			name := used[1]
			if seen[name] || strings.HasSuffix(name, "_80000000<>") || strings.HasSuffix(name, "_8000000000000000<>") {
				continue
			}
			seen[name] = true
			for _, lane := range []int{0, -1} { // in one lane: the first, the last
				found = append(found, func() fault {
					lines := regexp.MustCompile(`DATA `+regexp.QuoteMeta(name)+`\+\d+\(SB\)/[48], \$0x[0-9a-f]+`).FindAllStringIndex(text, -1)
					end := lines[(lane+len(lines))%len(lines)][1]
					last := "1032547698badcfe"[strings.IndexByte("0123456789abcdef", text[end-1])]
					return fault{name, text[:end-1] + string(last) + text[end:]}
				})
			}
		}
	}
	for i := range min(tries, len(found)) {
		if f := found[(2*i+1)*len(found)/(2*min(tries, len(found)))](); check(f.text) == nil {
			t.Errorf("%s: %s is off by a unit in the last place, and that is not found", what, f.name)
		}
	}
	return len(found)
}
