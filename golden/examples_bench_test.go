package golden

import (
	"encoding/json"
	"fmt"
	"maps"
	"math"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"

	"ndec.dev/ndec/cmd/ndec/driver"
	"ndec.dev/ndec/golden/emittest"
	"ndec.dev/ndec/ir"
	"ndec.dev/ndec/ir/plan"
	"ndec.dev/ndec/rt"
)

// benchRows is the number of samples of a batch of the table; fewer where a sample takes long.
const benchRows = 1024

// benchInputs are rows for a model of an example. The ball is thrown so high that its bounces end.
func benchInputs(name string, ports []ir.Port) *rt.Table {
	all := exampleInputs(ports, 0)
	for row := 1; row < benchRows; row++ {
		for i, c := range exampleInputs(ports, row).Columns {
			all.Columns[i].Data = append(all.Columns[i].Data, c.Data...)
		}
	}
	all.Rows = benchRows
	for _, c := range all.Columns {
		for i := range c.Data {
			switch {
			case name == "11_ball.nde" && c.Name == "h0":
				c.Data[i] = 8.6 + 2.5*c.Data[i]
			case name == "11_ball.nde":
				c.Data[i] *= 4
			}
		}
	}
	return all
}

// BenchmarkExamples makes the table of all examples in docs/performance.md: processor time of a sample on one core, forward by the models and loss and gradient by the
// recipes, with each instruction set. NDEC_BENCH_EXAMPLES are numbers of some of them.
//
//	go test ./golden -run - -bench Examples -benchtime 1x
func BenchmarkExamples(b *testing.B) {
	main, err := os.ReadFile("testdata/examplesbench/main.go")
	if err != nil {
		b.Fatal(err)
	}
	only := os.Getenv("NDEC_BENCH_EXAMPLES")
	var imports, table strings.Builder
	jobs := map[string]any{}
	program := emittest.Program{Main: map[string][]byte{"main.go": main}, Packages: map[string][]plan.File{}}
	for _, name := range slices.Sorted(maps.Keys(examples)) {
		if only != "" && !slices.Contains(strings.Split(only, ","), name[:2]) {
			continue
		}
		e, pkg := examples[name], "x"+name[:2]
		res, ds := driver.Compile(sourceOf(b, name, true), driver.Options{Set: e.set, Package: pkg})
		if ds.HasErrors() {
			b.Fatalf("%s: %v", name, ds)
		}
		m := res.Module
		inputs := map[string]*rt.Table{}
		for _, model := range m.Own() {
			inputs[model.Name] = benchInputs(name, model.Inputs)
		}
		dir := ""
		if len(m.Recipes) > 0 {
			dir = exampleData(b, e.data)
		}
		_, flat := exampleWeights(m, e.convex)
		jobs[pkg] = map[string]any{"Weights": flat, "Inputs": inputs, "Dir": dir, "Seconds": 0.1}
		program.Packages[pkg] = res.Out
		fmt.Fprintf(&imports, "\t\"ndec.dev/ndec/%s\"\n", pkg)
		fmt.Fprintf(&table, "\t%q: func(j Job) Answer { return run(%s.Program(), j) },\n", pkg, pkg)
	}
	program.Main["packages.go"] = []byte("package main\n\nimport (\n" + imports.String() + ")\n\nvar packages = map[string]func(Job) Answer{\n" + table.String() + "}\n")
	in, err := json.Marshal(jobs)
	if err != nil {
		b.Fatal(err)
	}
	built := program.Build(b)
	type timed struct {
		Seconds float64
		Rows    int
		Err     string
	}
	type answer struct {
		Level           string
		Models, Recipes map[string]timed
	}
	levels := []string{"generic", "avx2", "avx512"}
	best := map[string][]timed{} // by package, kind and name, for each level
	for range 2 {
		for i, level := range levels {
			var got map[string]answer
			if err := json.Unmarshal(built.Run(b, in, "NDEC_CPU="+level, "GOMAXPROCS=1"), &got); err != nil {
				b.Fatal(err)
			}
			for pkg, a := range got {
				if a.Level != level {
					b.Logf("this machine has no %s: its column is that of %s", level, a.Level)
				}
				for kind, all := range map[string]map[string]timed{"forward": a.Models, "gradient": a.Recipes} {
					for name, t := range all {
						key := strings.Join([]string{pkg[1:], kind, name}, " | ")
						if best[key] == nil {
							best[key] = make([]timed, len(levels))
						}
						if old := best[key][i]; old.Rows == 0 || t.Seconds < old.Seconds {
							best[key][i] = t
						}
					}
				}
			}
		}
	}
	micro := func(t timed) string {
		digits := 0
		if x := 1e6 * t.Seconds; x > 0 {
			digits = max(0, 2-int(math.Floor(math.Log10(x))))
		}
		return strconv.FormatFloat(1e6*t.Seconds, 'f', digits, 64)
	}
	text := "| Example | | Of | Rows | Scalar, µs | AVX2, µs | AVX-512, µs | Scalar over AVX2 | over AVX-512 |\n|---|---|---|---|---|---|---|---|---|\n"
	for _, key := range slices.Sorted(maps.Keys(best)) {
		t := best[key]
		text += fmt.Sprintf("| %s | %d | %s | %s | %s | %.1f | %.1f |", key, t[2].Rows, micro(t[0]), micro(t[1]), micro(t[2]), t[0].Seconds/t[1].Seconds, t[0].Seconds/t[2].Seconds)
		if t[2].Err != "" {
			text += " " + t[2].Err
		}
		text += "\n"
	}
	fmt.Print("\n", text) // b.Log would cut it
}
