package sema_test

import (
	"strings"
	"testing"

	"ndec.dev/ndec/dsl/sema"
)

// Data are dealt by split, or come from blocks of their own.
func TestSplit(t *testing.T) {
	for _, c := range []struct{ split, train, want string }{
		{"split: random{train: 0.7, val: 0.2, test: 0.1, seed: 3}", "", ""},
		{"split: by_time{train: 0.5}", "", ""},
		{"", "val: E\n\ttest: E\n\tval_every: 2", ""},
		{"split: random{train: 0.8, val: 0.3}", "", "sum to 1.1"},
		{"split: random{val: 0.3}", "", "no rows for training"},
		{"split: by_column{train: 0.5}", "", "by_column"},
		{"split: lot{train: 0.5}", "", "lot"},
		{"", "val: F", "F"},
	} {
		src := "package p\n\nnet f(x [2]real) real {\n\treturn x |> Linear()\n}\n\n" +
			"data D {\n\tx [2]real\n\tsource: swiss_roll{n: 64}\n\t" + c.split + "\n}\n\n" +
			"data E {\n\tx [2]real\n\tsource: rings{n: 8}\n}\n\n" +
			"train T {\n\tdata: D\n\tepochs: 2\n\toptimizer: adam\n\tminimize f(x) ^ 2\n\t" + c.train + "\n}\n"
		p, list := check(t, "p.nde", src, sema.Options{})
		switch {
		case c.want == "" && len(list) > 0:
			t.Errorf("%s %s: %v", c.split, c.train, list)
		case c.want == "" && c.split != "" && p.Recipes[0].Data.Split == nil:
			t.Errorf("%s: no split", c.split)
		case c.want == "" && c.train != "" && (p.Recipes[0].Val == nil || p.Recipes[0].Test == nil):
			t.Errorf("%s: no data", c.train)
		case c.want != "" && (len(list) != 1 || !strings.Contains(list[0].Text, c.want)):
			t.Errorf("%s %s: %v, want %q", c.split, c.train, list, c.want)
		}
	}
}

// TestStreamAndActive: samples that stay have no place among rows that are new in every epoch.
func TestStreamAndActive(t *testing.T) {
	const src = "package p\n\nnet f(x [2]real) [2]real {\n\treturn x |> Linear(2)\n}\n\ndata D {\n\tx [2]real\n\ty label[2]\n\tsource: moons{n: 64}\n\tstream: true\n}\n\n" +
		"train T {\n\tdata: D\n\tbatch: 16\n\tadversary: active{keep: 0.25}\n\tepochs: 3\n\toptimizer: adam\n\tminimize cross_entropy(f(x), y)\n}\n"
	if _, l := check(t, "p.nde", src, sema.Options{}); len(l) != 1 || l[0].Code != "NDE0729" {
		t.Errorf("%v", l)
	}
}
