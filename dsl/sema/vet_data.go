package sema

import (
	"path"
	"regexp"

	"ndec.dev/ndec/ir/recipe"
)

// ofMachine is the start of a path in a home folder or on a drive.
var ofMachine = regexp.MustCompile(`^(~|[A-Za-z]:[/\\])`)

// dataPaths warns of files that only this machine has.
func (v *vetter) dataPaths() {
	for _, d := range v.p.Data {
		row := recipe.Lookup(recipe.Source, d.Source.Row)
		if row == nil {
			continue
		}
		for _, o := range d.Source.Options {
			if row.Path(o.Key) && (path.IsAbs(o.Text) || ofMachine.MatchString(o.Text)) {
				v.warnf("W1234", o.Span, "%q is a path of this machine, which goes into the generated package; give it relative to the folder of the program", o.Text)
			}
		}
	}
}
