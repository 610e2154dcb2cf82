package opt

import (
	"fmt"

	"ndec.dev/ndec/ir"
)

// Pass is one step of Run.
type Pass struct {
	Name string
	Doc  string // one line
	Fn   func(m *ir.Module)
}

// Order is a constraint between two passes.
type Order struct {
	Before, After string
	Why           string
}

// Options steer Run.
type Options struct {
	// After, if not nil, is called with the module after each pass.
	After func(pass string, m *ir.Module)
	// Check verifies the module after each pass; a failure is a compiler bug.
	Check bool
}

// table lists the passes in the order in which they run.
func table() []Pass {
	return []Pass{
		{"strip", "forgets what only differentiation needs", strip},
		{"simplify", "folds constants and applies algebraic identities", simplify},
		{"cse", "merges equal values", cse},
		{"dead", "removes values, results, states, extras and functions that nobody reads", dead},
		{"split", "splits products with a concatenation whose parts change at different rates", split},
		{"tidy", "simplifies, merges and removes again what splitting has left", tidy},
		{"rates", "finds how often each value changes", rates},
		{"hoist", "computes values of parameters alone once per parameter update, of extras alone once per solve, and what runs of a loop share once", hoist},
		{"settle", "removes what hoisting has left and finds the final rates", settle},
	}
}

// orders are the reasons for the order of table.
func orders() []Order {
	return []Order{
		{"strip", "simplify", "work on functions that fall is wasted"},
		{"simplify", "cse", "equal values must have one form to be found equal"},
		{"cse", "dead", "merging leaves values without readers"},
		{"dead", "split", "a part that nobody reads must not decide about a split"},
		{"split", "tidy", "splitting makes slices of parameters that may be equal"},
		{"tidy", "rates", "rates are those of the values that remain"},
		{"rates", "hoist", "hoisting reads the rates off"},
		{"hoist", "settle", "a hoisted value leaves its operands without readers"},
	}
}

// Passes lists the names of Run's passes in order.
func Passes() []string {
	var names []string
	for _, p := range table() {
		names = append(names, p.Name)
	}
	return names
}

// Run optimises m in place: every pass of the table, in order. The error is that of the verifier
// (Options.Check) and names the pass.
func Run(m *ir.Module, opts Options) error {
	for _, p := range table() {
		p.Fn(m)
		if opts.Check {
			if err := ir.Verify(m); err != nil {
				return fmt.Errorf("after pass %s: %w", p.Name, err)
			}
		}
		if opts.After != nil {
			opts.After(p.Name, m)
		}
	}
	return nil
}

// checkOrder reports the first constraint that a sequence of passes violates.
func checkOrder(names []string, os []Order) error {
	at := map[string]int{}
	for i, n := range names {
		if _, ok := at[n]; ok {
			return fmt.Errorf("opt: pass %s is listed twice", n)
		}
		at[n] = i
	}
	for _, o := range os {
		i, ok := at[o.Before]
		j, ok2 := at[o.After]
		if !ok || !ok2 {
			return fmt.Errorf("opt: order constraint %s < %s names an unknown pass", o.Before, o.After)
		}
		if i >= j {
			return fmt.Errorf("opt: pass %s must run before %s: %s", o.Before, o.After, o.Why)
		}
	}
	return nil
}

// A wrong order is a mistake in this file; it must not survive the first start.
func init() {
	if err := checkOrder(Passes(), orders()); err != nil {
		panic(err)
	}
}

// strip drops the steps that ir/diff differentiates: nothing runs them any more.
func strip(m *ir.Module) {
	for _, s := range solves(m) {
		s.ReplayAt, s.ReplayDense, s.StartAt = nil, nil, nil
		if !s.Remakes() {
			s.Replay = nil
		}
	}
	dropFuncs(m)
}

func tidy(m *ir.Module) {
	simplify(m)
	cse(m)
	dead(m)
}

func settle(m *ir.Module) {
	tidy(m)
	rates(m)
}
