package sema

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"ndec.dev/ndec/dsl/layer"
	"ndec.dev/ndec/dsl/syntax"
	"ndec.dev/ndec/ir/method"
	"ndec.dev/ndec/ir/recipe"
)

// TestCallsOfEverything calls every built-in function, special form and distribution with many short
// lists of arguments of every kind, in a model and in a recipe: whatever the checker thinks of it, it
// says so and does not panic.
func TestCallsOfEverything(t *testing.T) {
	kinds := []string{"x", "m", "k", "1", "0.5", "y", "normal(0, 1)", "S{x: x}", "f", "f(x)", "end", "end.x", "axis: 0", "by: exact", "[x, x]", "true", `"s"`}
	var lists []string
	lists = append(lists, "")
	pairs := []string{"x", "m", "1", "y", "normal(0, 1)", "S{x: x}", "f", "end", "axis: 0"}
	for _, a := range kinds {
		lists = append(lists, a)
		if slices.Contains(pairs, a) {
			for _, b := range pairs {
				lists = append(lists, a+", "+b)
			}
		}
		lists = append(lists, a+", x, x", "x, "+a+", "+a+", "+a)
	}
	names := slices.Concat(slices.Collect(maps.Keys(builtins)), slices.Collect(maps.Keys(specialForms())), slices.Collect(maps.Keys(distributions)))
	slices.Sort(names)
	for _, name := range slices.Compact(names) {
		for _, list := range lists {
			src := strings.ReplaceAll(strings.ReplaceAll(program, "CALL", name+"("+list+")"), "PIPE", name+"("+list+")")
			func() {
				defer func() {
					if r := recover(); r != nil {
						t.Errorf("%s(%s): %v", name, list, r)
					}
				}()
				file, ds := syntax.Parse("a.nde", []byte(src))
				if len(ds) == 0 {
					Check([]*syntax.File{file}, Options{})
				}
			}()
		}
		if t.Failed() {
			t.Fatal(fmt.Sprint(name, " is enough"))
		}
	}
}

const program = `package a

net f(x [2]real) [2]real {
	return x |> Linear(2)
}

system S {
	state x [2]real
	v := CALL
	der(x) = f(x)
}

model M(x [2]real, m [2, 2]real, k real) (z [2]real) {
	end := solve(S{x: x}, over: 0..1, with: rk4{steps: 2})
	a := CALL
	b := x |> PIPE
	return end.x
}

data D {
	x [2]real
	m [2, 2]real
	k real
	y label[2]
	source: npz{path: "d.npz"}
}

train T {
	data: D
	end := M(x, m, k)
	a := CALL
	minimize sqnorm(end) + CALL
	epochs: 1
	optimizer: adam
}
`

// TestElsewhere: what names of other libraries are here is there, and no name of this language is among them.
func TestElsewhere(t *testing.T) {
	places := map[string][]string{
		"solver method": methodGroup(method.Solver).names, "source": recipe.Names(recipe.Source), "basis": layer.BasisNames(),
		"train": append(optionKeys(recipeOptions(recipe.TrainKeys())), "minimize"), "solve": solveKeys,
	}
	for _, g := range []*group{recipeGroup(recipe.Optimizer), recipeGroup(recipe.Schedule), methodGroup(method.Solver)} {
		for _, n := range g.names {
			places[g.what+" option"] = append(places[g.what+" option"], optionKeys(g.find(n).options)...)
		}
	}
	for _, n := range layer.Names() {
		for _, o := range layer.Lookup(n).Options {
			places["layer option"] = append(places["layer option"], o.Key)
		}
	}
	for place, list := range elsewhere {
		if len(places[place]) == 0 {
			t.Errorf("no place %q", place)
		}
		for name, f := range list {
			if f.name == "" && f.advice == "" || f.name != "" && !contains(places[place], f.name) || contains(places[place], name) {
				t.Errorf("%s: %q is %+v", place, name, f)
			}
		}
	}
}
