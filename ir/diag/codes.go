package diag

import (
	"slices"
	"strings"
)

// Entry explains a code. Bad is a smallest program that gives the diagnostic, Fixed the same
// program put right: a whole file, or several, each after a line "-- name --" (see Files).
type Entry struct {
	Code  Code
	Title string // what is wrong in general, in one line
	Text  string // why, and the way out
	Flags string // of the command that gives it for Bad: "--set N=4"
	Bad   string
	Fixed string
}

// Files are the sources of an example by name. A single file is a.nde; the package is the folder of the
// names without one.
func Files(example string) map[string]string {
	if !strings.HasPrefix(example, "-- ") {
		return map[string]string{"a.nde": example}
	}
	out := map[string]string{}
	name := ""
	for line := range strings.Lines(example) {
		if n, ok := strings.CutPrefix(line, "-- "); ok {
			name = strings.TrimSuffix(n, " --\n")
			continue
		}
		out[name] += line
	}
	return out
}

// All is every entry, ordered by code. Each file codes_NN.go holds the rows of its range; a new
// file is added to the list here.
func All() []Entry {
	all := slices.Concat(codes01(), codesDesign(), codesValues(), codesSystems(), codesTraining(), codesLimits(), codesConstructs(), codesBack(), codesHyper(), codesSensitivity(), codesInputs(), codesVet())
	slices.SortStableFunc(all, func(a, b Entry) int { return strings.Compare(string(a.Code), string(b.Code)) })
	return all
}

// Lookup finds the entry of a code.
func Lookup(c Code) (Entry, bool) {
	for _, e := range All() {
		if e.Code == c {
			return e, true
		}
	}
	return Entry{}, false
}
