package cudagen_test

import (
	"regexp"
	"strings"
	"testing"
)

// definitions are what a kernel file has of functions, tables, and what a function finds of its arguments.
var (
	comment     = regexp.MustCompile(`//.*`)
	definitions = map[string]*regexp.Regexp{
		"function": regexp.MustCompile(`(?m)^(?:template <[^>\n]*> )?NDEC_(?:CALL|D) [\w<>, ]+? [*&]?(\w+)\(`),
		"table":    regexp.MustCompile(`(?m)^static __\w+__ const \w+ (\w+)\[`),
		"argument": regexp.MustCompile(`(?m)^\tconst \w+ \*(\w+) = \w+_value\.x;`),
		"sample":   regexp.MustCompile(`(?m)^\tint (s) = at\.s;`),
	}
)

// TestUnused: nobody compiles what nobody reads, of which nvcc warns.
func TestUnused(t *testing.T) {
	found := map[string]int{}
	for name, teams := range map[string]bool{"steps": true, "wide": true, "stops": true, "loops": true, "together": false} {
		s := programSubject(t, name, map[string]string{name + ".nde": source(t, "testdata/"+name+".nde")}, "f32")
		s.teams, s.layers = teams, !teams
		s.emit(t)
		all := comment.ReplaceAllString(string(s.out.Files[0].Text), "")
		for what, re := range definitions {
			parts := []string{all}
			if what == "argument" || what == "sample" {
				parts = strings.Split(all, "\n}\n")
			}
			for _, text := range parts {
				for _, m := range re.FindAllStringSubmatch(text, -1) {
					found[what]++
					if !regexp.MustCompile(`\b` + m[1] + `\b`).MatchString(strings.Replace(text, m[0], "", 1)) {
						t.Errorf("%s: %s %s is not used", name, what, m[1])
					}
				}
			}
		}
	}
	if len(found) != len(definitions) {
		t.Error("nothing is looked at of some: ", found)
	}
}
