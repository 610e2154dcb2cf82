package method

import (
	"fmt"
	"math/big"
	"slices"
	"testing"
)

func TestTableaux(t *testing.T) {
	for _, r := range Rows(Solver) {
		if r.Tableau == nil {
			if !r.Later && r.Split == nil && r.Nystrom == nil && r.Memory == nil && r.Family != Stochastic {
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

// TestTreeText: the conditions of order 4 read as in Hairer, Nørsett and Wanner, table II.1.1.
func TestTreeText(t *testing.T) {
	var got []string
	for _, tr := range trees(4)[4] {
		got = append(got, tr.String())
	}
	slices.Sort(got)
	want := []string{"b_i a_ij a_jk c_k", "b_i a_ij c_j^2", "b_i c_i a_ij c_j", "b_i c_i^3"}
	if !slices.Equal(got, want) {
		t.Errorf("%q, want %q", got, want)
	}
	if got := trees(1)[1][0].String(); got != "b_i" {
		t.Errorf("%q", got)
	}
}
