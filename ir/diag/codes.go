package diag

import (
	"slices"
	"strings"
)

// Entry explains a code. Bad is a smallest program that gives the diagnostic, Fixed the same
// program put right; both are whole files. Bad may be empty where no source text can give it.
type Entry struct {
	Code  Code
	Title string // what is wrong in general, in one line
	Text  string // why, and the way out
	Bad   string
	Fixed string
}

// All is every entry, ordered by code. Each file codes_NN.go holds the rows of its range; a new
// file is added to the list here.
func All() []Entry {
	all := slices.Concat(codes01(), codesDesign(), codesValues(), codesSystems(), codesTraining(), codesLimits(), codesConstructs(), codesBack(), codesHyper(), codesSensitivity(), codesVet())
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
