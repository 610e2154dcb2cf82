package golden

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"ndec.dev/ndec/cmd/ndec/driver"
	"ndec.dev/ndec/golden/emittest"
	"ndec.dev/ndec/ir/plan"
	"ndec.dev/ndec/ir/recipe"
)

// columnsFor declares columns that a source can fill, and what it needs beside its defaults.
func columnsFor(r recipe.Row) (columns, options string) {
	if r.Name == "simulate" {
		return "\tx [3, 2]real\n", "of: Decay{x: normal(0, 1)}, at: [0.0, 0.5, 1.0], with: rk4{steps: 4}"
	}
	columns = "\tx [2]real\n"
	switch p := r.Points; {
	case p != nil && p.Dim == 784:
		columns = "\tx [1, 28, 28]real\n\ty label[10]\n"
	case p != nil:
		columns += "\ty label[10]\n"
	}
	for _, o := range r.Options {
		if o.Required {
			options += o.Key + `: "d.` + r.Name + `", `
		}
	}
	switch r.Columns {
	case recipe.Sampled:
		options += "x: uniform(-1, 1)"
	case recipe.Files:
		options += `x: "x.idx"`
	}
	return columns, options
}

// TestSources: every source compiles with its defaults, streamed where its rows are generated, and those are loaded.
func TestSources(t *testing.T) {
	src := "package sources\n\nnet f(x [2]real) real {\n\treturn x |> Linear()\n}\n\nsystem Decay {\n\tstate x [2]real\n\tder(x) = -x\n}\n"
	want := map[string]string{}
	for _, r := range recipe.Rows(recipe.Source) {
		if r.Later {
			continue
		}
		columns, options := columnsFor(r)
		name := "D_" + r.Name
		src += fmt.Sprintf("\ndata %s {\n%s\tsource: %s{%s}\n", name, columns, r.Name, options)
		want[name] = "no file"
		if r.Streams() {
			src += "\tstream: true\n"
			want[name] = "rows"
		}
		src += "}\n"
	}
	src += "\ntrain T {\n\tdata: D_moons\n\tbatch: full\n\tepochs: 1\n\toptimizer: adam\n\tminimize f(x)^2\n}\n"
	res, ds := driver.Compile(map[string]string{"sources.nde": src}, driver.Options{})
	if ds.HasErrors() {
		t.Fatalf("%v\n%s", ds, src)
	}
	const main = `package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"

	"ndec.dev/ndec/sources"
	"ndec.dev/ndec/rt"
)

func main() {
	out := map[string]string{}
	for _, d := range sources.Program().Data {
		table, err := d.Load(os.TempDir() + "/ndec-no-such-folder")
		switch {
		case errors.Is(err, fs.ErrNotExist):
			out[d.Name] = "no file"
		case err != nil:
			out[d.Name] = err.Error()
		case table.Rows > 0:
			out[d.Name] = "rows"
		}
		if _, ok := d.Source.(rt.Fresh); ok != (out[d.Name] == "rows") {
			out[d.Name] += fmt.Sprint(", streamed ", ok)
		}
	}
	json.NewEncoder(os.Stdout).Encode(out)
}
`
	program := emittest.Program{Main: map[string][]byte{"main.go": []byte(main)}, Packages: map[string][]plan.File{"sources": res.Out}}
	var got map[string]string
	if err := json.Unmarshal(program.Run(t, nil), &got); err != nil {
		t.Fatal(err)
	}
	for name, w := range want {
		if got[name] != w {
			t.Errorf("%s: %q, want %q", strings.TrimPrefix(name, "D_"), got[name], w)
		}
	}
}
