package command

import (
	"encoding/json"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"ndec.dev/ndec/cmd/ndec/driver"
	"ndec.dev/ndec/cmd/ndec/picture"
	"ndec.dev/ndec/dsl/sema"
	"ndec.dev/ndec/ir"
)

// plotFlags are the flags of plot.
type plotFlags struct {
	kinds, models, axes, formats []string
	recipe, weights, out, output string
	in, data                     string
	with                         []string
	n                            int
}

func (a *app) plotCommand() *cobra.Command {
	var f plotFlags
	var text strings.Builder
	for _, k := range plotKinds {
		fmt.Fprintf(&text, "\n  %-12s%s", k.name, k.text)
	}
	cmd := &cobra.Command{
		Use:   "plot [FILE|DIR|RUN…]",
		Short: "draw what a training or a model does",
		Long: `plot draws pictures of a package, of the folder of a run, or of several runs together, as PNG and
SVG. Without --kind it draws every kind that fits:
` + text.String() + `

A run has its sources and weights; a package is drawn with --weights, or as it is before training.
Pictures of one run go into its folder plots, others into the folder plots, unless --out says
otherwise.`,
		RunE: func(cmd *cobra.Command, args []string) error {
			for _, k := range f.kinds {
				if err := known("kind of picture", k, kindNames(plotKinds)); err != nil {
					return err
				}
			}
			for _, k := range f.formats {
				if !slices.Contains(picture.Formats, k) {
					return usagef("--format is %s, not %q", strings.Join(picture.Formats, " or "), k)
				}
			}
			switch {
			case len(f.formats) == 0:
				return usagef("--format is %s", strings.Join(picture.Formats, " or "))
			case f.n < 0 || f.n == 0 && cmd.Flags().Changed("n"):
				return usagef("--n wants a positive number, not %d", f.n)
			case len(f.axes) != 0 && len(f.axes) != 2:
				return usagef("--axes wants two components, as x[0],x[1], not %q", strings.Join(f.axes, ","))
			case f.in != "" && f.data != "":
				return usagef("--in and --data exclude each other")
			}
			return a.plot(&f, args)
		},
	}
	fs := cmd.Flags()
	fs.StringSliceVar(&f.kinds, "kind", nil, "draw these kinds only: `A,B`")
	fs.StringSliceVar(&f.models, "model", nil, "draw these models only: `M,N`")
	fs.StringVar(&f.recipe, "recipe", "", "draw this recipe, its models, weights and data only")
	fs.StringVar(&f.weights, "weights", "", "weights `file`.safetensors (default: those of the run)")
	fs.StringArrayVar(&f.with, "with", nil, "replace a solver: `'Fwd=rk4{steps: 20}'`")
	fs.StringVar(&f.in, "in", "", "points to start from: a batch `file` .json, .csv, .npy, .npz or .safetensors")
	fs.StringVar(&f.data, "data", "", "points to start from: data block `D` (default: one that has the model's inputs)")
	fs.StringSliceVar(&f.axes, "axes", nil, "components of the state in the plane, or along time: `x[0],x[1]`")
	fs.StringVar(&f.output, "output", "", "output `NAME` of the model in a density or boundary")
	fs.StringVar(&f.out, "out", "", "folder `dir` for the pictures")
	fs.StringSliceVar(&f.formats, "format", picture.Formats, "kinds of files: `png,svg`")
	fs.IntVar(&f.n, "n", 0, "draw `N` points (default: by kind)")
	return cmd
}

// plotKind is a kind of picture. It is drawn where fits gives nil; else that says why it is not.
type plotKind struct {
	name, text string
	points     int // that are drawn unless --n says otherwise
	fits       func(p *artist) error
	draw       func(p *artist) ([]drawing, error)
}

// drawing is a figure with the name of its file, and what the user should know besides.
type drawing struct {
	name   string
	figure *picture.Figure
	notes  []string
}

// plotKinds is the table of kinds, in the order in which they are drawn.
var plotKinds = []plotKind{
	{"loss", "loss by step; several runs together, validation dashed", 0, fitsLoss, drawLoss},
	{"flow", "where points start, how they move through depth and where they end", 400, fitsPlane, drawFlow},
	{"boundary", "which class a model of two inputs gives where", 400, fitsBoundary, drawBoundary},
	{"phase", "trajectories of two components over the vector field", 6, fitsPhase, drawPhase},
	{"trajectory", "states against time, by component", 6, fitsTrajectory, drawTrajectories},
	{"field", "stream lines of the vector field, at several times if it depends on time", 200, fitsField, drawField},
	{"depth", "paths in space: time and two components", 100, fitsPlane, drawDepth},
	{"density", "density of a model that gives one, else of many points before and after", 4096, fitsDensity, drawDensity},
}

func kindNames(kinds []plotKind) []string {
	var names []string
	for _, k := range kinds {
		names = append(names, k.name)
	}
	return names
}

// plotted is what plot prints for a file.
type plotted struct {
	Kind  string   `json:"kind"`
	Files []string `json:"files"`
	Notes []string `json:"notes,omitempty"`
}

func (a *app) plot(f *plotFlags, args []string) error {
	p, err := a.newArtist(f, args)
	if err != nil {
		return err
	}
	defer p.close()
	made, err := p.drawAll(f.kinds, false)
	if a.json {
		if jerr := json.NewEncoder(a.out).Encode(struct {
			Format int       `json:"format"`
			Plots  []plotted `json:"plots"`
		}{1, append([]plotted{}, made...)}); jerr != nil {
			return internal(jerr)
		}
		return err
	}
	said := map[string]bool{}
	for _, m := range made {
		for _, file := range m.Files {
			fmt.Fprintf(a.out, "wrote %s\n", file)
		}
		for _, n := range m.Notes {
			if !said[n] && !a.quiet {
				fmt.Fprintf(a.err, "ndec: %s\n", n)
			}
			said[n] = true
		}
	}
	return err
}

// drawAll draws the named kinds, or all that fit. A named one that does not fit is an error that says
// which do.
func (p *artist) drawAll(names []string, quietly bool) ([]plotted, error) {
	var made []plotted
	var reasons []string
	saves := newSaving()
	p.narrow = quietly || len(names) == 0
	for _, k := range plotKinds {
		if len(names) > 0 && !slices.Contains(names, k.name) {
			continue
		}
		if err := k.fits(p); err != nil {
			reasons = append(reasons, k.name+": "+err.Error())
			continue
		}
		p.points = k.points
		if p.flags.n > 0 {
			p.points = p.flags.n
		}
		drawings, err := k.draw(p)
		for _, d := range drawings {
			notes := append(d.notes, p.notes...)
			d.figure.Notes = append(d.figure.Notes, notes...)
			saves.start(p.out, d, k.name, notes, p.flags.formats)
		}
		if err != nil {
			made, _ = saves.wait()
			return made, err
		}
	}
	made, err := saves.wait()
	if err != nil {
		return made, err
	}
	switch {
	case quietly, len(reasons) == 0, len(names) == 0 && len(made) > 0:
		return made, nil
	case len(names) == 0:
		return made, problems(fmt.Errorf("no kind of picture fits:\n  %s", strings.Join(reasons, "\n  ")))
	}
	var fit []string
	for _, k := range plotKinds {
		if k.fits(p) == nil {
			fit = append(fit, k.name)
		}
	}
	text := "kinds that fit: " + strings.Join(fit, ", ")
	if len(fit) == 0 {
		text = "no kind fits"
	}
	return made, problems(fmt.Errorf("%s\n  %s", strings.Join(reasons, "\n  "), text))
}

// artist draws the pictures of one package, or of runs.
type artist struct {
	a       *app
	flags   *plotFlags
	out     string
	logs    []runLog                     // of trainings
	s       *session                     // nil until a model is looked at
	src     *source                      // nil where only losses are drawn
	mod     *ir.Module                   // likewise
	program *sema.Program                // likewise
	open    func() error                 // starts the session
	weights string                       // "" for those before training
	recipe  *ir.Recipe                   // nil for all
	groups  [][]*ir.Model                // models to draw together
	units   map[string]map[string]string // of states, by system
	points  int
	narrow  bool     // leave systems of very many components out
	notes   []string // for every picture
	cache   map[string]json.RawMessage
}

// newArtist sorts out the arguments: a package, or folders of runs, whose first gives sources and weights.
func (a *app) newArtist(f *plotFlags, args []string) (*artist, error) {
	if len(args) == 0 {
		args = []string{"."}
	}
	p := &artist{a: a, flags: f, out: f.out, cache: map[string]json.RawMessage{}}
	var packages, runs []string
	for _, arg := range args {
		logs, err := findLogs(arg)
		if err != nil {
			return nil, err
		}
		if len(logs) == 0 {
			packages = append(packages, arg)
			continue
		}
		runs = append(runs, arg)
		p.logs = append(p.logs, logs...)
	}
	if p.out == "" {
		p.out = "plots"
		if len(runs) == 1 {
			p.out = filepath.Join(runs[0], "plots")
		}
	}
	if len(packages) > 1 {
		return nil, usagef("plot draws one package; %s and %s are two (a run folder holds metrics.csv in the folders of its recipes)", packages[0], packages[1])
	}
	home := ""
	switch {
	case len(packages) == 1:
		home = packages[0]
	case len(runs) == 1:
		home = sourcesOf(runs[0])
	}
	if f.recipe != "" {
		p.logs = slices.DeleteFunc(p.logs, func(l runLog) bool { return l.recipe != f.recipe })
	}
	labelLogs(p.logs)
	if home == "" {
		return p, nil
	}
	src, err := load(home)
	if err != nil {
		return nil, err
	}
	res, err := a.compileWith(src, f.with)
	if err != nil {
		return nil, err
	}
	src.dir = homeOf(src.dir)
	p.src = src
	p.compiled(res)
	p.open = func() (err error) {
		if p.s == nil {
			p.s, err = a.open(src, res)
		}
		return err
	}
	if f.recipe != "" {
		if err := known("recipe", f.recipe, recipeNames(p.mod)); err != nil {
			return nil, err
		}
		p.recipe = recipeByName(p.mod, f.recipe)
	}
	if err := p.chooseModels(f.models); err != nil {
		return nil, err
	}
	p.weights = f.weights
	if p.weights == "" && len(runs) == 1 {
		p.weights = weightsOf(runs[0], f.recipe)
	}
	if p.weights == "" && len(p.mod.Params) > 0 {
		p.notes = append(p.notes, "Parameters as they are before training; name a run, or weights with --weights, for trained ones.")
	}
	return p, nil
}

// compiled takes the program that pictures are drawn of.
func (p *artist) compiled(res *driver.Result) {
	p.mod, p.program = res.Module, res.Program
	p.units = map[string]map[string]string{}
	for _, sys := range res.Program.Systems {
		units := map[string]string{}
		for _, st := range sys.States {
			if u := st.Var.Type.Unit; u != nil {
				units[st.Var.Name] = u.String()
			}
		}
		p.units[sys.Name] = units
	}
}

func (p *artist) close() {
	if p.s != nil {
		p.s.close()
	}
}

// chooseModels groups the models that can be drawn side by side: those with the same inputs and outputs,
// which are solved from the same states.
func (p *artist) chooseModels(names []string) error {
	var all []string
	for _, m := range p.mod.Models {
		all = append(all, m.Name)
	}
	for _, n := range names {
		if err := known("model", n, all); err != nil {
			return err
		}
	}
	at := map[string]int{}
	for _, m := range p.mod.Models {
		switch {
		case len(names) > 0 && !slices.Contains(names, m.Name):
			continue
		case len(names) == 0 && p.recipe != nil && !usesModel(p.recipe, m):
			continue
		}
		key := fmt.Sprint(m.Inputs, m.Outputs)
		for _, s := range m.Solves {
			key += s.System + fmt.Sprint(componentsOf(s))
		}
		i, ok := at[key]
		if !ok {
			i = len(p.groups)
			at[key] = i
			p.groups = append(p.groups, nil)
		}
		p.groups[i] = append(p.groups[i], m)
	}
	return nil
}

// usesModel reports whether the objective or a metric of a recipe calls the model; of models without a
// solve, whether the data has its inputs.
func usesModel(r *ir.Recipe, m *ir.Model) bool {
	if len(m.Solves) == 0 {
		return hasColumns(r.Columns, m)
	}
	return slices.ContainsFunc(m.Solves, func(s *ir.Solve) bool {
		return slices.ContainsFunc(r.Solves, func(o *ir.Solve) bool { return o.Name == s.Name })
	})
}

// hasColumns reports whether every input of the model is a column.
func hasColumns(cols []ir.Port, m *ir.Model) bool {
	for _, in := range m.Inputs {
		if !slices.ContainsFunc(cols, func(c ir.Port) bool { return c.Name == in.Name && c.Type.Len() == in.Type.Len() }) {
			return false
		}
	}
	return true
}

// needModels says why no model can be drawn, or gives nil.
func (p *artist) needModels() error {
	switch {
	case p.mod == nil && len(p.logs) > 1:
		return errors.New("models are drawn of one run or package; name one, with --weights if need be")
	case p.mod == nil:
		return errors.New("there are no sources beside the metrics; name the package too")
	case len(p.groups) == 0 && p.recipe != nil:
		return fmt.Errorf("recipe %s uses no model", p.recipe.Name)
	case len(p.groups) == 0:
		return fmt.Errorf("package %s has no model", p.mod.Package)
	}
	return nil
}

// fileName is the name of a picture: its kind, and the model where there are several groups, and the
// solve where there are several.
func (p *artist) fileName(kind string, group []*ir.Model, solve int) string {
	if len(p.groups) > 1 {
		kind += "-" + group[0].Name
	}
	if len(group[0].Solves) > 1 {
		kind += fmt.Sprintf("-%d", solve)
	}
	return kind
}
