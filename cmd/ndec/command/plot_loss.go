package command

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"ndec.dev/ndec/cmd/ndec/driver"
	"ndec.dev/ndec/cmd/ndec/picture"
)

// runLog is what a recipe logged in a run.
type runLog struct {
	run, recipe, file string
	label             string
}

// findLogs finds metrics.csv in a folder: its own, those of its recipes, those of its seeds. A path that is
// no folder has none.
func findLogs(dir string) ([]runLog, error) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		if info, serr := os.Stat(dir); serr == nil && !info.IsDir() {
			return nil, nil
		}
		return nil, problems(err)
	}
	if file := filepath.Join(dir, "metrics.csv"); regular(file) {
		return []runLog{{run: filepath.Dir(dir), recipe: filepath.Base(dir), file: file}}, nil
	}
	var logs []runLog
	for _, e := range entries {
		if !e.IsDir() {
			continue
		}
		sub := filepath.Join(dir, e.Name())
		if file := filepath.Join(sub, "metrics.csv"); regular(file) {
			logs = append(logs, runLog{run: dir, recipe: e.Name(), file: file})
		} else if strings.HasPrefix(e.Name(), "seed-") {
			seeds, err := findLogs(sub)
			if err != nil {
				return nil, err
			}
			logs = append(logs, seeds...)
		}
	}
	// Seeds in the order of their numbers.
	slices.SortStableFunc(logs, func(x, y runLog) int { return cmp.Compare(seedOf(x.run), seedOf(y.run)) })
	return logs, nil
}

func seedOf(run string) int {
	n, err := strconv.Atoi(strings.TrimPrefix(filepath.Base(run), "seed-"))
	if err != nil {
		return -1
	}
	return n
}

func regular(file string) bool {
	info, err := os.Stat(file)
	return err == nil && info.Mode().IsRegular()
}

// sourcesOf is the folder of a run, or one above it, that has its sources; "" if none has.
func sourcesOf(run string) string {
	abs, err := filepath.Abs(run)
	if err != nil {
		return ""
	}
	// A recipe's folder, or a seed's, lies in that of the run.
	for _, dir := range []string{abs, filepath.Dir(abs), filepath.Dir(filepath.Dir(abs))} {
		if names, _ := filepath.Glob(filepath.Join(dir, "*.nde")); len(names) > 0 {
			return dir
		}
	}
	return ""
}

// weightsOf is the file of trained weights of a run, or of a recipe in it; "" if there is none.
func weightsOf(run, recipe string) string {
	for _, dir := range []string{filepath.Join(run, recipe), run} {
		if file := filepath.Join(dir, "weights.safetensors"); regular(file) {
			return file
		}
	}
	return ""
}

// labelLogs names curves by what differs between them.
func labelLogs(logs []runLog) {
	runs := map[string]bool{}
	for _, l := range logs {
		runs[l.run] = true
	}
	for i := range logs {
		l := &logs[i]
		l.label = l.recipe
		if len(runs) > 1 {
			l.label = filepath.Base(l.run)
			if strings.HasPrefix(l.label, "seed-") {
				l.label = "seed " + strings.TrimPrefix(l.label, "seed-")
			}
			for j, o := range logs {
				// Runs with one name in several folders keep their paths.
				if j != i && o.run != l.run && filepath.Base(o.run) == filepath.Base(l.run) {
					l.label = filepath.ToSlash(l.run)
				}
			}
		}
	}
}

func fitsLoss(p *artist) error {
	if len(p.logs) == 0 {
		return errors.New("there is no metrics.csv; name the folder of a run, as runs/NAME-1")
	}
	return nil
}

// drawLoss draws a picture per recipe, whose losses mean different things.
func drawLoss(p *artist) ([]drawing, error) {
	var recipes []string
	byRecipe := map[string][]runLog{}
	for _, l := range p.logs {
		if byRecipe[l.recipe] == nil {
			recipes = append(recipes, l.recipe)
		}
		byRecipe[l.recipe] = append(byRecipe[l.recipe], l)
	}
	var out []drawing
	for _, recipe := range recipes {
		d, err := lossFigure(recipe, byRecipe[recipe])
		if err != nil {
			return nil, err
		}
		d.name = "loss"
		if len(recipes) > 1 {
			d.name += "-" + recipe
		}
		out = append(out, d)
	}
	return out, nil
}

func lossFigure(recipe string, logs []runLog) (drawing, error) {
	var runs []picture.Run
	var notes []string
	for _, l := range logs {
		r, cut, err := readMetrics(l.file)
		if err != nil {
			return drawing{}, err
		}
		if cut {
			notes = append(notes, fmt.Sprintf("The last line of %s is not whole and left out.", filepath.ToSlash(l.file)))
		}
		r.Name = l.label
		runs = append(runs, r)
	}
	title := recipe + ": loss"
	if len(logs) > 1 {
		title += fmt.Sprintf(" of %d runs", len(logs))
	}
	return drawing{figure: picture.Loss(title, runs), notes: notes}, nil
}

// readMetrics reads steps and losses of a metrics.csv. A last line without an end is what a killed
// training leaves: cut says that it was left out.
func readMetrics(file string) (r picture.Run, cut bool, err error) {
	text, err := driver.ReadFile(file)
	if err != nil {
		if errors.Is(err, fs.ErrNotExist) {
			return r, false, problems(err)
		}
		return r, false, internal(err)
	}
	lines := strings.Split(string(text), "\n")
	if last := len(lines) - 1; lines[last] != "" {
		cut = true
	}
	lines = lines[:len(lines)-1]
	if len(lines) == 0 {
		return r, cut, problems(fmt.Errorf("%s is empty: it wants a line of column names", file))
	}
	head := strings.Split(lines[0], ",")
	step, loss, val := slices.Index(head, "step"), slices.Index(head, "loss"), slices.Index(head, "val.loss")
	if step < 0 || loss < 0 {
		return r, cut, problems(fmt.Errorf("%s:1: no columns step and loss; it is not a log of ndec train, or damaged", file))
	}
	for i, line := range lines[1:] {
		cells := strings.Split(line, ",")
		if len(cells) != len(head) {
			return r, cut, problems(fmt.Errorf("%s:%d: %d values in a line of %d columns; the file is damaged", file, i+2, len(cells), len(head)))
		}
		number := func(k int) (float64, error) {
			x, err := strconv.ParseFloat(cells[k], 64)
			if err != nil && !errors.Is(err, strconv.ErrRange) {
				return 0, problems(fmt.Errorf("%s:%d: %s: %q is no number; the file is damaged", file, i+2, head[k], cells[k]))
			}
			return x, nil
		}
		x, err := number(step)
		if err != nil {
			return r, cut, err
		}
		for _, c := range []struct {
			column int
			to     *picture.Series
		}{{loss, &r.Training}, {val, &r.Checked}} {
			if c.column < 0 || cells[c.column] == "" {
				continue
			}
			y, err := number(c.column)
			if err != nil {
				return r, cut, err
			}
			c.to.X, c.to.Y = append(c.to.X, x), append(c.to.Y, y)
		}
	}
	return r, cut, nil
}
