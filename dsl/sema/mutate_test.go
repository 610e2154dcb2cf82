package sema_test

import (
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"ndec.dev/ndec/dsl/sema"
	"ndec.dev/ndec/dsl/syntax"
	"ndec.dev/ndec/ir/diag"
)

// mutations is how often each example is broken.
const mutations = 200

var mutable = regexp.MustCompile(`[\pL_][\pL_0-9]*|[0-9]+(?:\.[0-9]+)?(?:e-?[0-9]+)?|\|>|:=|\.\.|[-+*/@^<>=(){}\[\],:.]`)

var word = regexp.MustCompile(`[\pL_][\pL_0-9]*`)

// mutate breaks one token of src: drops, doubles or swaps it, changes a number or a name. It says at which
// line.
func mutate(r *rand.Rand, src string) (out, what string, line int) {
	var places [][]int
	for _, p := range mutable.FindAllStringIndex(src, -1) {
		start := strings.LastIndexByte(src[:p[0]], '\n') + 1
		if !strings.Contains(src[start:p[0]], "//") {
			places = append(places, p)
		}
	}
	i := r.IntN(len(places) - 1)
	p, next := places[i], places[i+1]
	token := src[p[0]:p[1]]
	line = 1 + strings.Count(src[:p[0]], "\n")
	with := func(text string) string { return src[:p[0]] + text + src[p[1]:] }
	switch kind := r.IntN(5); {
	case kind == 0:
		return with(""), "dropped " + token, line
	case kind == 1:
		return with(token + " " + token), "doubled " + token, line
	case kind == 2:
		return src[:p[0]] + src[next[0]:next[1]] + src[p[1]:next[0]] + token + src[next[1]:], "swapped " + token, line
	case token[0] >= '0' && token[0] <= '9':
		return with(token + "1"), "changed " + token, line
	case word.MatchString(token):
		return with(token + "q"), "renamed " + token, line
	}
	return with(""), "dropped " + token, line
}

// TestMutations breaks every example in many ways. Each broken program is diagnosed or still one; none makes the
// checker fail. Reports are counted as near when they stand on the line that was changed, or on one that uses
// a name of it.
func TestMutations(t *testing.T) {
	names, err := filepath.Glob(examplesDir + "*.nde")
	if err != nil || len(names) < 14 {
		t.Fatal(names, err)
	}
	diagnosed, near, valid := 0, 0, 0
	for _, path := range names {
		raw, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		name := filepath.Base(path)
		var other []*syntax.File
		if n := withFlow[name]; n != "" {
			text, err := readExample(n)
			if err != nil {
				t.Fatal(err)
			}
			f, _ := syntax.Parse(n, text)
			other = append(other, f)
		}
		check := func(src string) (l diag.List) {
			defer func() {
				if r := recover(); r != nil {
					t.Errorf("%s: %v\n%s", name, r, src)
				}
			}()
			f, errs := syntax.Parse(name, []byte(src))
			if len(errs) > 0 {
				return errs
			}
			_, l = sema.Check(append([]*syntax.File{f}, other...), sema.Options{})
			return l
		}
		base := map[string]bool{}
		for _, d := range check(string(raw)) {
			base[fmt.Sprint(d.Code, d.Span.Start.Line)] = true
		}
		r := rand.New(rand.NewPCG(uint64(len(name)), 7))
		for range mutations {
			src, what, line := mutate(r, string(raw))
			var first *diag.Diagnostic
			for _, d := range check(src) {
				if d.Code == "NDE0899" {
					t.Errorf("%s: %s in line %d: %v", name, what, line, d)
				}
				if first == nil && !base[fmt.Sprint(d.Code, d.Span.Start.Line)] {
					first = &d
				}
			}
			switch {
			case first == nil:
				valid++
				continue
			case isNear(src, string(raw), line, first.Span.Start):
				near++
			default:
				if testing.Verbose() {
					t.Logf("far: %s: %s in line %d: %v", name, what, line, first)
				}
			}
			diagnosed++
		}
	}
	share := 100 * float64(near) / float64(diagnosed)
	t.Logf("%d mutations: %d diagnosed, %d still valid, %.1f %% of the reports on the changed line or one that uses it", diagnosed+valid, diagnosed, valid, share)
	if share < 95 {
		t.Errorf("only %.1f %% of the reports are near", share)
	}
}

// isNear reports whether a place stands on the changed line, or on one that shares a name with it.
func isNear(src, old string, line int, at diag.Pos) bool {
	if at.Line == line {
		return true
	}
	lines, olds := strings.Split(src, "\n"), strings.Split(old, "\n")
	if at.File != "" && at.Line > len(lines) {
		return false
	}
	// A bracket that is not closed, or a line that goes on, is found where the next line begins.
	if at.Line == line+1 {
		return true
	}
	changed := map[string]bool{}
	for _, text := range []string{lines[line-1], olds[line-1]} {
		for _, w := range word.FindAllString(text, -1) {
			if !syntax.IsKeyword(w) && w != "real" {
				changed[w] = true
			}
		}
	}
	for _, w := range word.FindAllString(lines[at.Line-1], -1) {
		if changed[w] {
			return true
		}
	}
	return false
}
