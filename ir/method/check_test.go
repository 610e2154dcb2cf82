package method

import (
	"fmt"
	"math/big"
	"testing"
)

func TestTableaux(t *testing.T) {
	for _, r := range Rows(Solver) {
		if r.Tableau == nil {
			if !r.Later && r.Split == nil && r.Memory == nil && r.Family != Stochastic {
				t.Errorf("%s has no tableau", r.Name)
			}
			continue
		}
		if err := Check(r.Tableau); err != nil {
			t.Errorf("%s: %v", r.Name, err)
		}
	}
}

// Every coefficient counts: changed in its 12th digit, Check has to fail. Of large tableaux a part is
// tried.
func TestWrongCoefficients(t *testing.T) {
	for _, r := range Rows(Solver) {
		m := r.Tableau
		if m == nil {
			continue
		}
		stride := 1
		if r.Order() > 5 {
			stride = 29
		}
		// Continuous decimal weights are known to fewer digits.
		fine, coarse := big.NewRat(1, 1e12), big.NewRat(1, 1e10)
		n := 0
		try := func(name string, rows [][]*big.Rat, step *big.Rat) {
			for i, row := range rows {
				for j := range row {
					if n++; n%stride != 0 {
						continue
					}
					old := row[j]
					row[j] = new(big.Rat).Add(old, step)
					if Check(m) == nil {
						t.Errorf("%s: wrong %s[%d][%d] passes", r.Name, name, i, j)
					}
					row[j] = old
				}
			}
		}
		try("a", m.A[:len(m.B)], fine)
		try("a", m.A[len(m.B):], coarse)
		try("b", [][]*big.Rat{m.B}, fine)
		try("bhat", [][]*big.Rat{m.BHat}, fine)
		try("c", [][]*big.Rat{m.C}, coarse)
		try("dense", m.Dense, coarse)
	}
}

func TestTreeCounts(t *testing.T) {
	got := ""
	for _, ts := range trees(8)[1:] {
		got += fmt.Sprint(len(ts), " ")
	}
	if want := "1 1 2 4 9 20 48 115 "; got != want { // HNW I, table II.2.1
		t.Errorf("trees: %s instead of %s", got, want)
	}
}
