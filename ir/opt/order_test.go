package opt

import (
	"strings"
	"testing"
)

func TestOrder(t *testing.T) {
	if err := checkOrder(Passes(), orders()); err != nil {
		t.Fatal(err)
	}
	for _, p := range table() {
		if p.Doc == "" || p.Fn == nil {
			t.Errorf("pass %s has no doc or no function", p.Name)
		}
	}
}

// Every constraint holds a pass in its place: exchanging its two passes must be noticed.
func TestOrderViolated(t *testing.T) {
	for _, o := range orders() {
		names := Passes()
		for i, n := range names {
			switch n {
			case o.Before:
				names[i] = o.After
			case o.After:
				names[i] = o.Before
			}
		}
		if err := checkOrder(names, orders()); err == nil {
			t.Errorf("%s and %s exchanged: no error", o.Before, o.After)
		}
	}
	for _, names := range [][]string{append(Passes(), "cse"), Passes()[1:]} {
		if err := checkOrder(names, orders()); err == nil || !strings.HasPrefix(err.Error(), "opt: ") {
			t.Errorf("%v: error %v", names, err)
		}
	}
}
