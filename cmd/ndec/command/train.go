package command

import (
	"encoding/json"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"ndec.dev/ndec/cmd/ndec/child"
	"ndec.dev/ndec/ir"
	"ndec.dev/ndec/rt"
)

// trainFlags are the flags of train.
type trainFlags struct {
	recipes       []string
	out, init     string
	resume        string
	seed          uint64
	seeds         string
	epochs, steps int
	maxTime       time.Duration
	devRun        bool
	limit         int
	workers       int
	checkFinite   bool
	noPictures    bool
}

func (a *app) trainCommand() *cobra.Command {
	var f trainFlags
	cmd := &cobra.Command{
		Use:   "train [FILE|DIR]",
		Short: "build a package and train its recipes",
		Long: `train compiles a package, builds what was emitted and trains its recipes in the order in which
they stand, or those named. The run folder, runs/<package>-<n> unless --out says otherwise, gets
weights, metrics, checkpoints, a copy of the sources and pictures. Ctrl-C ends after the current
step and writes a checkpoint; a second one ends at once.

Where a loss or gradient is not finite, training stops, and the first such value is named: operator,
line, sample, time and step of the solve, forward or backward.`,
		Args: cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			for name, v := range map[string]int{"epochs": f.epochs, "steps": f.steps, "limit": f.limit, "workers": f.workers} {
				if v < 0 || (v == 0 && cmd.Flags().Changed(name) && name != "workers") {
					return usagef("--%s wants a positive number, not %d", name, v)
				}
			}
			if f.maxTime < 0 {
				return usagef("--max-time wants a positive duration, not %v", f.maxTime)
			}
			seeds := []*uint64{nil} // nil is the recipe's own
			switch {
			case f.seeds != "" && cmd.Flags().Changed("seed"):
				return usagef("--seed and --seeds exclude each other")
			case f.resume != "" && (f.seeds != "" || f.out != "" || f.init != "" || f.devRun):
				return usagef("--resume goes on in the folder of a run: it excludes --seeds, --out, --init and --dev-run")
			case f.seeds != "":
				var err error
				if seeds, err = parseSeeds(f.seeds); err != nil {
					return err
				}
			case cmd.Flags().Changed("seed"):
				seeds = []*uint64{&f.seed}
			}
			src, err := oneSource(args)
			if err != nil {
				return err
			}
			return a.train(src, &f, seeds)
		},
	}
	fs := cmd.Flags()
	fs.StringSliceVar(&f.recipes, "recipe", nil, "train these recipes only, in this order: `A,B`")
	fs.StringVar(&f.out, "out", "", "run folder `dir` (default runs/<package>-<n>)")
	fs.StringVar(&f.init, "init", "", "start from these weights: `file`.safetensors")
	fs.StringVar(&f.resume, "resume", "", "go on with the newest run of the package (`last`), or with the run in this folder")
	fs.Uint64Var(&f.seed, "seed", 0, "seed `N` of weights and batches instead of the recipe's")
	fs.StringVar(&f.seeds, "seeds", "", "train once for every seed from `a..b`")
	fs.IntVar(&f.epochs, "epochs", 0, "`N` epochs instead of the recipe's")
	fs.IntVar(&f.steps, "steps", 0, "`N` steps instead of the recipe's")
	fs.DurationVar(&f.maxTime, "max-time", 0, "end a recipe after this `time`, as 90s or 2h")
	fs.BoolVar(&f.devRun, "dev-run", false, "one step and one evaluation, and no files")
	fs.IntVar(&f.limit, "limit", 0, "use the first `N` rows of all data")
	fs.IntVar(&f.workers, "workers", 0, "`N` goroutines (default all cores); results do not depend on it")
	fs.BoolVar(&f.checkFinite, "check-finite", false, "also stop at metrics, evaluations and updates that are not finite, not at loss and gradient only")
	fs.BoolVar(&f.noPictures, "no-pictures", false, "draw nothing at the end; ndec plot draws a run later")
	a.deviceFlag(cmd)
	return cmd
}

// maxSeeds bounds what a slip of the keyboard can start.
const maxSeeds = 10000

// parseSeeds reads a..b, both included.
func parseSeeds(text string) ([]*uint64, error) {
	lo, hi, ok := strings.Cut(text, "..")
	a, err1 := strconv.ParseUint(lo, 10, 64)
	b, err2 := strconv.ParseUint(hi, 10, 64)
	if !ok || err1 != nil || err2 != nil || b < a || b-a >= maxSeeds {
		return nil, usagef("--seeds wants a..b, as 0..7, not %q", text)
	}
	var out []*uint64
	for i := uint64(0); i <= b-a; i++ {
		seed := a + i
		out = append(out, &seed)
	}
	return out, nil
}

// trial is one training of all recipes.
type trial struct {
	Seed    *uint64          `json:"seed,omitempty"`
	RunDir  string           `json:"run_dir,omitempty"`
	Weights string           `json:"weights,omitempty"`
	Recipes []*child.Trained `json:"recipes"`
	Error   string           `json:"error,omitempty"`
	Finding *finding         `json:"non_finite,omitempty"` // the first value that was not finite
	Plots   []string         `json:"plots,omitempty"`
}

func (a *app) train(src *source, f *trainFlags, seeds []*uint64) error {
	o, err := a.options()
	if err != nil {
		return err
	}
	res, err := a.compile(src, o)
	if err != nil {
		return err
	}
	recipes, err := chosenRecipes(res.Module, f.recipes)
	if err != nil {
		return err
	}
	if f.init == "" && f.resume == "" && !f.devRun {
		if err := trainedBefore(res.Module, recipes); err != nil {
			return problems(err)
		}
	}
	s, err := a.open(src, res)
	if err != nil {
		return err
	}
	defer s.close()
	root := ""
	switch {
	case f.devRun:
	case f.resume != "":
		if root, err = oldRunFolder(f.resume, res.Module.Package); err != nil {
			return err
		}
		if !anyCheckpoint(root) {
			fmt.Fprintf(a.err, "ndec: there is no checkpoint in %s yet: the training begins anew\n", root)
		}
	default:
		if root, err = newRunFolder(f.out, res.Module.Package, src); err != nil {
			return err
		}
	}
	many := len(seeds) > 1
	var trials []*trial
	var failed error
	said := false // what failed is on stderr
	for _, seed := range seeds {
		t := &trial{Seed: seed, RunDir: root}
		q := &rt.Request{Do: "train", Recipes: recipes, Weights: f.init, Workers: f.workers, Epochs: f.epochs,
			Seed: seed, Steps: f.steps, Limit: f.limit, DevRun: f.devRun, MaxTime: f.maxTime.Seconds(), Resume: f.resume != "", CheckFinite: f.checkFinite}
		if many && root != "" {
			t.RunDir = filepath.Join(root, fmt.Sprintf("seed-%d", *seed))
		}
		q.RunDir = t.RunDir
		trials = append(trials, t)
		err := a.trainOnce(s, q, t, !f.noPictures)
		var ee *exitError
		if err != nil {
			t.Error = err.Error()
			failed, said = err, false
			if !many || !errors.As(err, &ee) || ee.code != exitProblems {
				break
			}
			fmt.Fprintf(a.err, "ndec: seed %d: %v\n", *seed, err)
			said = true
		}
	}
	if failed != nil && root != "" && f.resume == "" && !many {
		if err := dropRunFolder(root, f.out, src); err != nil {
			return errors.Join(failed, ioError("run folder", err))
		}
	}
	show := a.trialTable
	if a.json {
		show = a.printTrials
	}
	var plots []string
	if many && root != "" && !f.noPictures {
		var perr error
		if plots, perr = a.drawSeeds(root); perr != nil {
			fmt.Fprintf(a.err, "ndec: pictures: %v\n", perr)
		}
	}
	if err := show(res.Module, root, trials, many); err != nil {
		return err
	}
	if !a.quiet && !a.json {
		for _, t := range trials {
			plots = append(plots, t.Plots...)
		}
		a.sayPictures(plots)
	}
	if said {
		return &exitError{code: exitProblems}
	}
	return failed
}

// trainedBefore complains about a recipe that freezes what another recipe of the package trains, where that
// one does not run before it: it would fit something to random weights.
func trainedBefore(m *ir.Module, names []string) error {
	trained := map[*ir.Param]bool{}
	for _, name := range names {
		r := m.Recipes[slices.IndexFunc(m.Recipes, func(r *ir.Recipe) bool { return r.Name == name })]
		for _, p := range r.Frozen {
			if trained[p] {
				continue
			}
			for _, by := range m.Recipes {
				if by != r && slices.Contains(by.Trained, p) {
					return fmt.Errorf("%s: recipe %s freezes %s, which nothing has trained; run %s before it (leave --recipe out), or start from trained weights with --init", r.Span, r.Name, p.Net, by.Name)
				}
			}
		}
		for _, p := range r.Trained {
			trained[p] = true
		}
	}
	return nil
}

// trainOnce trains the recipes of the request and, unless pictures is false, draws what came of it.
func (a *app) trainOnce(s *session, q *rt.Request, t *trial, pictures bool) error {
	show := a.newProgress(q.Seed)
	var fault *rt.Fault
	_, err := s.ask(q, func(e *child.Event) {
		switch {
		case e.Fault != nil:
			fault = e.Fault
		case e.Progress != nil:
			show.step(e.Recipe, e.Progress)
		case e.Type == "recipe":
			var r child.Trained
			if jerr := json.Unmarshal(e.Result, &r); jerr == nil {
				t.Recipes = append(t.Recipes, &r)
			}
			show.done()
		}
	})
	show.done()
	if t.RunDir != "" && pictures {
		plots, perr := a.drawRun(s, t, err == nil)
		t.Plots = plots
		if perr != nil {
			fmt.Fprintf(a.err, "ndec: pictures: %v\n", perr)
		}
	}
	if err == nil {
		if t.RunDir != "" {
			t.Weights = filepath.Join(t.RunDir, "weights.safetensors")
		}
		return nil
	}
	notes := ""
	if fault != nil {
		found, ferr := patiently(s, func() (*finding, error) { return explainFault(s.src, s.res.Module, fault) })
		switch {
		case ferr != nil:
			notes = "\n  the step could not be gone through again: " + ferr.Error()
		case found != nil:
			t.Finding, notes = found, found.below("", s.src)
		}
	}
	return explainEnd(s, t, err, notes)
}

// explainEnd adds to the error that ended a training where in the program it was, notes, and where the
// checkpoint is.
func explainEnd(s *session, t *trial, err error, notes string) error {
	var ee *exitError
	if !errors.As(err, &ee) || len(t.Recipes) == 0 {
		return err
	}
	last := t.Recipes[len(t.Recipes)-1]
	text := err.Error()
	checkpoint := ""
	if last.RunDir != "" {
		checkpoint = "\n  checkpoint: " + filepath.Join(last.RunDir, "checkpoints", "last")
	}
	switch {
	case ee.code == exitProblems && last.Stopped == "failed":
		if r := recipeByName(s.res.Module, last.Recipe); r != nil {
			text = r.Span.String() + ": " + text
		}
		text += notes + checkpoint
	case ee.code == exitInterrupted && last.Stopped == "interrupted":
		text += fmt.Sprintf(" after step %d of recipe %s%s", last.Steps, last.Recipe, checkpoint)
		if checkpoint != "" {
			text += fmt.Sprintf("\n  to go on: ndec train %s --resume %s", s.src.dir, t.RunDir)
		}
	case ee.code == exitInternal && checkpoint != "" && !anyCheckpoint(t.RunDir):
		text += "\n  there was no checkpoint yet: begin anew"
	case ee.code == exitInternal && checkpoint != "":
		text += fmt.Sprintf("\n  the checkpoint before is whole; to go on: ndec train %s --resume %s", s.src.dir, t.RunDir)
	default:
		return err
	}
	return &exitError{ee.code, errors.New(text)}
}

// chosenRecipes checks names of recipes; none means all.
func chosenRecipes(m *ir.Module, names []string) ([]string, error) {
	all := recipeNames(m)
	if len(all) == 0 {
		return nil, problems(fmt.Errorf("there is no train block in package %s", m.Package))
	}
	for _, n := range names {
		if err := known("recipe", n, all); err != nil {
			return nil, err
		}
	}
	if len(names) == 0 {
		return all, nil
	}
	return names, nil
}

func recipeNames(m *ir.Module) []string {
	var names []string
	for _, r := range m.Recipes {
		names = append(names, r.Name)
	}
	return names
}

func recipeByName(m *ir.Module, name string) *ir.Recipe {
	for _, r := range m.Recipes {
		if r.Name == name {
			return r
		}
	}
	return nil
}

// printTrials prints the summary object.
func (a *app) printTrials(m *ir.Module, root string, trials []*trial, many bool) error {
	sum := struct {
		Format  int    `json:"format"`
		Package string `json:"package"`
		*trial
		Seeds []*trial `json:"seeds,omitempty"`
	}{Format: 1, Package: m.Package}
	if !many {
		sum.trial = trials[0]
	} else {
		sum.trial = &trial{RunDir: root, Recipes: []*child.Trained{}}
		sum.Seeds = trials
	}
	e := json.NewEncoder(a.out)
	e.SetIndent("", "  ")
	if err := e.Encode(sum); err != nil {
		return internal(err)
	}
	return nil
}
