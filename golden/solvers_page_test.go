package golden

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"ndec.dev/ndec/ir/method"
)

const methodsStart, methodsEnd = "<!-- methods: written by go test ./golden -run TestPages -update -->\n", "<!-- end of methods -->\n"

// solversPage is the page that is there with what the rows say of each method filled in.
func solversPage() string {
	old, err := os.ReadFile(filepath.Join("..", "docs", "solvers.md"))
	if err != nil {
		return err.Error()
	}
	head, rest, ok := strings.Cut(string(old), methodsStart)
	_, tail, ok2 := strings.Cut(rest, methodsEnd)
	if !ok || !ok2 {
		return "solvers.md has no place for the methods"
	}
	var b strings.Builder
	for _, r := range method.Rows(method.Solver) {
		if !r.Later {
			methodEntry(&b, r)
		}
	}
	return head + methodsStart + b.String() + methodsEnd + tail
}

// methodEntry says what the row of a method says, and what follows from it.
func methodEntry(b *strings.Builder, r *method.Row) {
	fmt.Fprintf(b, "\n### %s\n\n%s%s. %s\n\n", r.Name, strings.ToUpper(r.Doc[:1]), r.Doc[1:], r.Use())
	line := func(what, format string, args ...any) {
		fmt.Fprintf(b, "- %s: %s\n", what, fmt.Sprintf(format, args...))
	}
	if len(r.Aliases) > 0 {
		line("also called", "%s", strings.Join(r.Aliases, ", "))
	}
	if r.Order() > 0 {
		text := fmt.Sprint(r.Order())
		if t := r.Tableau; t != nil && t.BHat != nil {
			text += fmt.Sprintf(", embedded %d", t.Embedded)
		}
		if t := r.Nystrom; t != nil && t.BHat != nil {
			text += fmt.Sprintf(", embedded %d", t.Embedded)
		}
		line("order", "%s; dense output %d, %s", text, r.DenseOrder(), evaluations(r.DenseEvals(), "more"))
	}
	switch {
	case r.Tableau != nil:
		t := r.Tableau
		text := fmt.Sprintf("%d, %s a step", r.Stages(), evaluations(r.Evals(), ""))
		if r.FSAL() {
			text += "; the last stage is the first of the next step"
		}
		line("stages", "%s", text)
		decay, oscillation := method.Stability(t)
		line("stable", "for decays up to h \\|λ\\| = %.3g, %s", decay, oscillations(oscillation))
		line("principal error", "%.2e", method.ErrorConstant(t))
	case r.Nystrom != nil:
		text := fmt.Sprintf("%d, %s a step", len(r.Nystrom.C), evaluations(r.Evals(), ""))
		if r.FSAL() {
			text += "; the last stage is the first of the next step"
		}
		line("stages", "%s; for second-order systems", text)
	case r.Split != nil:
		line("stages", "%d leapfrog steps, %s a step, half of them moves, half kicks", len(r.Split.Weights), evaluations(r.Evals(), ""))
	case r.Evals() > 0:
		line("stages", "%s a step", evaluations(r.Evals(), ""))
	}
	var properties []string
	switch r.Family {
	case method.AdaptiveStep:
		properties = append(properties, "chooses its steps; fixed with `steps:` or `step:`")
	case method.Symplectic:
		properties = append(properties, "symplectic, for separable systems")
	case method.Stochastic:
		properties = append(properties, "for noise, in fixed steps")
	default:
		properties = append(properties, "fixed steps")
	}
	if r.Undoes() {
		properties = append(properties, "each step is undone by the step backwards")
	}
	if t := r.Tableau; t != nil && t.Digits == 0 {
		properties = append(properties, "coefficients are rationals")
	} else if t != nil {
		properties = append(properties, fmt.Sprintf("coefficients are decimals of %d digits", t.Digits))
	}
	line("properties", "%s", strings.Join(properties, "; "))
	if r.Source != "" {
		line("source", "%s", r.Source)
	}
}

func evaluations(n int, more string) string {
	switch {
	case n == 0 && more != "":
		return "no evaluation " + more
	case n == 1:
		return strings.TrimSpace("1 evaluation " + more)
	}
	return strings.TrimSpace(fmt.Sprintf("%d evaluations %s", n, more))
}

func oscillations(most float64) string {
	if most == 0 {
		return "for no oscillation"
	}
	return fmt.Sprintf("oscillations up to %.3g", most)
}
