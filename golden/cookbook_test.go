package golden

import (
	"encoding/json"
	"fmt"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"ndec.dev/ndec/cmd/ndec/driver"
	"ndec.dev/ndec/golden/emittest"
	"ndec.dev/ndec/ir/plan"
)

var packageLine = regexp.MustCompile(`(?m)^package (\w+)$`)

// TestCookbook trains every program of the pages on the language whose data are made by the program itself for a few
// steps, and demands that the objective falls.
func TestCookbook(t *testing.T) {
	t.Parallel()
	const steps = 12
	packages := map[string][]plan.File{}
	var imports, runs strings.Builder
	for _, page := range prose(t) {
		if base := filepath.Base(page.name); base != "cookbook.md" && base != "language.md" {
			continue
		}
		for _, src := range fenced(page.text, "nde") {
			m := packageLine.FindStringSubmatch(src)
			if m == nil || !strings.Contains(src, "\ntrain ") {
				continue
			}
			name := m[1]
			res, ds := driver.Compile(map[string]string{"doc.nde": src}, driver.Options{})
			if ds.HasErrors() {
				t.Fatalf("%s, %s: %v", page.name, name, ds)
			}
			packages[name] = res.Out
			fmt.Fprintf(&imports, "\t%q\n", "ndec.dev/ndec/"+name)
			for _, r := range res.Program.Recipes {
				fmt.Fprintf(&runs, "\trun(%q, func(opt rt.TrainOptions) error {\n\t\t_, err := %s.Train%s(context.Background(), %s.NewParams(1), opt)\n\t\treturn err\n\t})\n",
					name, name, r.Name, name)
			}
		}
	}
	main := `package main

import (
	"context"
	"encoding/json"
	"os"

	"ndec.dev/ndec/rt"
` + imports.String() + `)

var losses = map[string][]float64{}

type listener struct{ name string }

func (l listener) OnStep(i *rt.StepInfo)  { losses[l.name] = append(losses[l.name], i.Loss) }
func (listener) OnEpoch(*rt.StepInfo)     {}
func (listener) OnEval(*rt.EvalInfo)      {}
func (listener) OnEnd(*rt.TrainResult)    {}

func run(name string, train func(rt.TrainOptions) error) {
	if err := train(rt.TrainOptions{Steps: ` + fmt.Sprint(steps) + `, Limit: 64, Events: listener{name}}); err != nil {
		println(name, err.Error())
		os.Exit(1)
	}
}

func main() {
` + runs.String() + `	json.NewEncoder(os.Stdout).Encode(losses)
}
`
	var got map[string][]float64
	if err := json.Unmarshal(emittest.Program{Main: map[string][]byte{"main.go": []byte(main)}, Packages: packages}.Run(t, nil), &got); err != nil {
		t.Fatal(err)
	}
	if len(packages) < 8 {
		t.Errorf("only %d programs", len(packages))
	}
	for name := range packages {
		l := got[name]
		if len(l) != steps {
			t.Errorf("%s: %d steps", name, len(l))
			continue
		}
		if mean := (l[steps-1] + l[steps-2]) / 2; !(mean < l[0]) {
			t.Errorf("%s: the objective does not fall: %v", name, l)
		}
	}
}
