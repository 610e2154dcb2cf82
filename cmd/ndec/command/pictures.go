package command

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"ndec.dev/ndec/cmd/ndec/picture"
)

// trainKinds are the pictures that are drawn at the end of a training: those that cost little.
var trainKinds = []string{"loss", "flow", "boundary"}

// drawRun draws the losses of a trial and, if it was trained to its end, what its models do. It gives the files.
func (a *app) drawRun(s *session, t *trial, trained bool) ([]string, error) {
	var files []string
	var errs []error
	for _, r := range t.Recipes {
		recipe := recipeByName(s.res.Module, r.Recipe)
		if recipe == nil {
			continue
		}
		p := &artist{a: a, flags: &plotFlags{formats: picture.Formats}, out: filepath.Join(r.RunDir, "plots"), recipe: recipe,
			logs: []runLog{{run: t.RunDir, recipe: r.Recipe, file: filepath.Join(r.RunDir, "metrics.csv"), label: r.Recipe}}, cache: map[string]json.RawMessage{}}
		if err := os.MkdirAll(p.out, 0o755); err != nil {
			return files, err
		}
		if trained {
			p.s, p.src, p.open = s, s.src, func() error { return nil }
			p.compiled(s.res)
			p.weights = weightsOf(t.RunDir, r.Recipe)
			if err := p.chooseModels(nil); err != nil {
				return files, err
			}
		}
		made, err := p.drawAll(trainKinds, true)
		for _, m := range made {
			files = append(files, m.Files...)
		}
		errs = append(errs, err)
	}
	return files, errors.Join(errs...)
}

// drawSeeds draws the losses of several trials together.
func (a *app) drawSeeds(root string) ([]string, error) {
	logs, err := findLogs(root)
	if err != nil || len(logs) == 0 {
		return nil, err
	}
	labelLogs(logs)
	p := &artist{a: a, flags: &plotFlags{formats: picture.Formats}, out: filepath.Join(root, "plots"), logs: logs}
	made, err := p.drawAll([]string{"loss"}, true)
	var files []string
	for _, m := range made {
		files = append(files, m.Files...)
	}
	return files, err
}

// sayPictures says where pictures are: a line per folder.
func (a *app) sayPictures(files []string) {
	var dirs []string
	kinds := map[string][]string{}
	for _, f := range files {
		dir, base := filepath.Split(f)
		if kinds[dir] == nil {
			dirs = append(dirs, dir)
		}
		if name, ok := strings.CutSuffix(base, ".png"); ok {
			kinds[dir] = append(kinds[dir], name)
		}
	}
	for _, d := range dirs {
		fmt.Fprintf(a.err, "pictures in %s: %s\n", cmp.Or(d, "."), strings.Join(kinds[d], ", "))
	}
}
