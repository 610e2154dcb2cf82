package command

import (
	"fmt"
	"math"
	"path/filepath"
	"slices"
	"strings"

	"ndec.dev/ndec/cmd/ndec/driver"
	"ndec.dev/ndec/cmd/ndec/pareto"
	"ndec.dev/ndec/dsl/sema"
	"ndec.dev/ndec/ir"
	"ndec.dev/ndec/rt"
)

// What a Pareto sweep covers.
var (
	classicalFixed    = []string{"euler", "midpoint", "heun3", "rk4"}
	classicalAdaptive = []string{"dopri5", "tsit5"}
)

const (
	sweepSteps = 20 // 1 to this many
	sweepTols  = 8  // 1e-1 to 1e-8

	referenceMethod = "tsit5"
	referenceTol    = 1e-10
	referenceSteps  = 1_000_000
)

// candidate is a solver of the sweep.
type candidate struct {
	name string // "rk4", "HyperTiny", or a --with
	by   string // as a solver in the source
	kind pareto.Kind
	vary bool // over steps or tolerances; else as it is
	// declared is a solver of the package whose steps or tolerances are a setting of their own.
	declared *sema.Solver

	variant, metrics string       // names of the models that use it
	with             *sema.Solver // checked
	model, terms     *ir.Model    // these models; terms is nil without metrics
}

// sweepOf is a Pareto sweep over one solver of a model.
type sweepOf struct {
	b          *benching
	model      *sema.Model
	slot       string
	places     []string     // of the solves with the slot
	recipe     *sema.Recipe // with metrics; nil: none
	candidates []*candidate
	leftOut    []string // what cannot solve this, and why
}

// sweep is bench --pareto.
func (b *benching) sweep() error {
	m, err := b.sweptModel()
	if err != nil {
		return err
	}
	slots, places := b.slots(m.Name)
	if len(slots) == 0 {
		return problems(fmt.Errorf("model %s has no solve", m.Name))
	}
	withs, err := b.withs()
	if err != nil {
		return err
	}
	for _, w := range withs {
		if !slices.Contains(slots, w.slot) {
			return known("solver", w.slot, slots)
		}
	}
	if err := b.writeWeights(); err != nil {
		return err
	}
	defer b.close()
	ans := &paretoAnswer{Format: 1, Package: b.res.Module.Package, Model: m.Name, Precision: b.precision, Weights: b.weightsText()}
	var sweeps []*sweepOf
	for _, slot := range slots {
		s := &sweepOf{b: b, model: m, slot: slot, places: places[slot], recipe: b.recipeWith(m)}
		if err := s.choose(withs, len(sweeps)); err != nil {
			return err
		}
		sweeps = append(sweeps, s)
	}
	measured, reference, err := b.openBoth(sweeps)
	if err != nil {
		return err
	}
	defer measured.close()
	defer reference.close()
	for _, s := range sweeps {
		r, err := s.run(measured, reference)
		if err != nil {
			return err
		}
		path := b.f.out
		if path == "" {
			path = "pareto-" + m.Name
		}
		path = strings.TrimSuffix(strings.TrimSuffix(path, ".png"), ".svg")
		if len(sweeps) > 1 {
			path += "-" + strings.NewReplacer(":", "-", string(filepath.Separator), "-").Replace(s.slot)
		}
		if r.Files, err = drawPareto(path, m.Name, r); err != nil {
			return ioError("picture", err)
		}
		ans.Sweeps = append(ans.Sweeps, r)
	}
	return b.printPareto(ans)
}

// sweptModel is the model of the flags, or the only one that is no other one with solvers replaced.
func (b *benching) sweptModel() (*sema.Model, error) {
	var names []string
	var only *sema.Model
	for _, m := range b.res.Program.Models {
		names = append(names, m.Name)
		if m.Name == b.f.model {
			return m, nil
		}
		if m.Base != nil {
			continue
		}
		if slots, _ := m.Slots(); len(slots) > 0 {
			if only != nil && b.f.model == "" {
				return nil, usagef("--model is one of %s", strings.Join(modelNames(b.res.Program.Models), ", "))
			}
			only = m
		}
	}
	switch {
	case b.f.model != "":
		return nil, known("model", b.f.model, names)
	case only == nil:
		return nil, problems(fmt.Errorf("there is no model with a solve in package %s", b.res.Module.Package))
	}
	return only, nil
}

func modelNames(models []*sema.Model) []string {
	var names []string
	for _, m := range models {
		names = append(names, m.Name)
	}
	return names
}

// recipeWith is the first recipe whose metrics call the model; nil if there is none.
func (b *benching) recipeWith(m *sema.Model) *sema.Recipe {
	for _, r := range b.res.Program.Recipes {
		if len(r.Metrics) > 0 && slices.Contains(r.Calls(), m) {
			return r
		}
	}
	return nil
}

// choose lists the candidates, each tried by lowering it. n numbers the sweeps of a run.
func (s *sweepOf) choose(withs []with, n int) error {
	base := s.b.free("Bench"+s.model.Name, n)
	var all []*candidate
	add := func(c candidate) {
		c.variant = fmt.Sprintf("%sS%d", base, len(all))
		c.metrics = fmt.Sprintf("%sM%d", base, len(all))
		all = append(all, &c)
	}
	for _, name := range classicalFixed {
		add(candidate{name: name, by: name + "{steps: 1}", kind: pareto.Classical, vary: true})
	}
	for _, name := range classicalAdaptive {
		add(candidate{name: name, by: name, kind: pareto.Classical, vary: true})
	}
	for _, x := range s.b.res.Program.Solvers {
		c := candidate{name: x.Name, by: x.Name, kind: pareto.Declared, vary: x.Hyper == nil, declared: x}
		if x.Hyper != nil {
			c.kind = pareto.Hypersolver
		}
		if x.StepSize > 0 { // its own loop counts no steps
			c.declared = nil
			own := c
			own.vary = false
			add(own)
		}
		add(c)
	}
	for _, h := range s.b.res.Program.Hypers {
		c := candidate{name: h.Name, by: h.Name + "{steps: 1}", kind: pareto.Hypersolver, vary: true}
		if h.Base.Steps > sweepSteps {
			c.declared = h.Base
		}
		add(c)
	}
	for _, w := range withs {
		if w.slot == s.slot {
			add(candidate{name: w.by, by: w.by, kind: pareto.Declared})
		}
	}
	seen := map[string]string{} // settings of methods that vary, by what makes them differ
	for _, c := range all {
		asked := slices.ContainsFunc(withs, func(w with) bool { return w.by == c.by })
		why := s.try(c)
		switch {
		case why != "" && asked:
			return problems(fmt.Errorf("--with %s=%s: %s", s.slot, c.by, why))
		case why != "":
			s.leftOut = append(s.leftOut, fmt.Sprintf("%s: %s", c.name, why))
			continue
		}
		if c.vary {
			key := curveKey(c.with)
			if _, ok := seen[key]; ok {
				c.vary = false // only what is declared is new
			} else {
				seen[key] = c.name
			}
		}
		s.candidates = append(s.candidates, c)
	}
	if s.recipe != nil && len(s.candidates) > 0 {
		if why := s.tryMetrics(s.candidates[0]); why != "" {
			s.recipe = nil
		}
	}
	return nil
}

// curveKey names what two solvers with equal steps and tolerances would differ in.
func curveKey(x *sema.Solver) string {
	var keep []ir.Setting
	for _, o := range x.Options {
		if !slices.Contains([]string{"steps", "step", "per_sample", "rtol", "atol", "max_steps", "sensitivity"}, o.Key) {
			o.Span = x.Span
			keep = append(keep, o)
		}
	}
	hyper := ""
	if x.Hyper != nil {
		hyper = x.Hyper.Name
	}
	var b strings.Builder
	for _, o := range keep {
		fmt.Fprintf(&b, " %s=%s", o.Key, settingText(o))
	}
	return x.Method + " " + hyper + b.String()
}

// settingText spells a setting, without its place in the source.
func settingText(s ir.Setting) string {
	text := fmt.Sprint(s.Num, s.Text)
	if s.Choice != nil {
		text += s.Choice.Row
		for _, o := range s.Choice.Options {
			text += " " + o.Key + "=" + settingText(o)
		}
	}
	return text
}

// variants are those of a candidate.
func (s *sweepOf) variants(c *candidate) []driver.Variant {
	out := []driver.Variant{{Name: c.variant, Model: s.model.Name, Slot: s.slot, By: c.by, Counted: c.vary, Ends: true}}
	if s.recipe != nil {
		out = append(out, driver.Variant{Name: c.metrics, Model: s.model.Name, Metrics: s.recipe.Name, Of: c.variant})
	}
	return out
}

// try lowers a candidate and says why it cannot solve this; "" if it can.
func (s *sweepOf) try(c *candidate) string {
	o := s.b.options
	o.Until, o.Variants = "ir", s.variants(c)[:1]
	o.Dir = s.b.src.abs
	res, ds := driver.Compile(s.b.src.files, o)
	for _, d := range ds {
		if ds.HasErrors() {
			return d.Text
		}
	}
	for _, m := range res.Program.Models {
		if m.Name == c.variant {
			c.with = m.Replaces[s.slot]
		}
	}
	return ""
}

func (s *sweepOf) tryMetrics(c *candidate) string {
	o := s.b.options
	o.Until, o.Variants = "ir", s.variants(c)
	o.Dir = s.b.src.abs
	if _, ds := driver.Compile(s.b.src.files, o); ds.HasErrors() {
		return ds[0].Text
	}
	return ""
}

// referenceName is the model of a sweep's reference.
func (s *sweepOf) referenceName() string { return s.candidates[0].variant }

// openBoth builds and starts the program with all candidates and that with the references in float64, at the
// same time.
func (b *benching) openBoth(sweeps []*sweepOf) (measured, reference *session, err error) {
	var all, exact []driver.Variant
	for _, s := range sweeps {
		for _, c := range s.candidates {
			all = append(all, s.variants(c)...)
		}
		by := fmt.Sprintf("%s{rtol: %g, atol: %g, max_steps: %d}", referenceMethod, referenceTol, referenceTol, referenceSteps)
		exact = append(exact, driver.Variant{Name: s.referenceName(), Model: s.model.Name, Slot: s.slot, By: by, Ends: true})
	}
	done := make(chan error)
	go func() {
		var err error
		reference, err = b.open("f64", exact)
		done <- err
	}()
	measured, err = b.open(b.precision, all)
	if rerr := <-done; err == nil {
		err = rerr
	}
	if err != nil {
		for _, s := range []*session{measured, reference} {
			if s != nil {
				s.close()
			}
		}
		return nil, nil, err
	}
	return measured, reference, nil
}

// steppingsOf are those of a model, with another one in the solves with the slot.
func (s *sweepOf) steppingsOf(m *ir.Model, change func(*rt.Stepping)) []rt.Stepping {
	var out []rt.Stepping
	for _, solve := range m.Solves {
		by := rt.Stepping{Steps: solve.Steps, Step: solve.StepSize, RTol: solve.RTol, ATol: solve.ATol, MaxSteps: solve.MaxSteps}
		if change != nil && s.inSlot(solve) {
			change(&by)
		}
		out = append(out, by)
	}
	return out
}

func (s *sweepOf) inSlot(solve *ir.Solve) bool { return slices.Contains(s.places, solve.Span.String()) }

// setting is a choice of steps or tolerances; change is nil as declared.
type setting struct {
	text   string
	steps  int
	tol    float64
	change func(*rt.Stepping)
}

// settings of a candidate.
func (s *sweepOf) settings(c *candidate) []setting {
	var out []setting
	if !c.vary {
		for _, x := range c.model.Solves {
			if s.inSlot(x) {
				return []setting{{steps: x.Steps, tol: x.RTol}}
			}
		}
		return []setting{{}}
	}
	adaptive := slices.ContainsFunc(c.model.Solves, func(x *ir.Solve) bool { return s.inSlot(x) && x.Adaptive })
	if adaptive {
		for k := 1; k <= sweepTols; k++ {
			tol := math.Pow(10, -float64(k))
			out = append(out, setting{text: "tol: " + tolText(tol), tol: tol, change: func(by *rt.Stepping) { by.RTol, by.ATol = tol, tol }})
		}
	} else {
		for n := 1; n <= sweepSteps; n++ {
			out = append(out, setting{text: fmt.Sprintf("steps: %d", n), steps: n, change: func(by *rt.Stepping) { by.Steps = n }})
		}
	}
	if d := c.declared; d != nil {
		out = append(out, setting{steps: d.Steps, tol: d.RTol, change: func(by *rt.Stepping) {
			by.Steps, by.RTol, by.ATol, by.MaxSteps = d.Steps, d.RTol, d.ATol, d.MaxSteps
		}})
	}
	return out
}

// run measures a sweep.
func (s *sweepOf) run(measured, reference *session) (*paretoSweep, error) {
	b := s.b
	res := &paretoSweep{Solver: s.slot, LeftOut: s.leftOut, sweep: s}
	exact, err := chosenModel(reference.res.Module, s.referenceName())
	if err != nil {
		return nil, err
	}
	base, err := chosenModel(b.res.Module, s.model.Name)
	if err != nil {
		return nil, err
	}
	recipe, width := "", 0
	if s.recipe != nil {
		recipe = s.recipe.Name
	}
	for _, o := range exact.Outputs {
		width += o.Type.Len()
	}
	n := b.f.n
	if n == 0 {
		n = 512
	}
	x, err := b.batchFor(measured, base, recipe, n, width)
	if err != nil {
		return nil, err
	}
	if x.block == "" || s.recipe != nil && !x.has(s.recipe) {
		s.recipe = nil // its metrics need columns that are not there
	}
	scores := scoresOf(base, x)
	want, err := s.truth(reference, exact, x, res)
	if err != nil {
		return nil, err
	}
	if want, err = kept(want, scores); err != nil {
		return nil, err
	}
	if err := s.uncertainty(reference, exact, x, want, scores, res); err != nil {
		return nil, err
	}
	q := &rt.BenchQuery{Modes: []rt.BenchMode{{Workers: 1}}, Want: want, Scores: scores, Seconds: b.f.time, Rounds: 31}
	if q.Seconds == 0 {
		q.Seconds = 8
	}
	type measuredPoint struct {
		c *candidate
		setting
	}
	var all []measuredPoint
	for _, c := range s.candidates {
		if c.model, err = chosenModel(measured.res.Module, c.variant); err != nil {
			return nil, err
		}
		if s.recipe != nil {
			if c.terms, err = chosenModel(measured.res.Module, c.metrics); err != nil {
				return nil, err
			}
		}
		for _, set := range s.settings(c) {
			one := rt.BenchCase{Model: c.variant, By: s.steppingsOf(c.model, set.change)}
			if s.recipe != nil {
				one.Metrics, one.MetricsBy = c.metrics, s.steppingsOf(c.terms, set.change)
			}
			q.Cases = append(q.Cases, one)
			all = append(all, measuredPoint{c, set})
		}
	}
	ans, err := b.ask(measured, q, x, "bench "+s.slot)
	if err != nil {
		return nil, err
	}
	res.Samples, res.Data = x.table.Rows, x.from
	for i, p := range all {
		f := &ans.Cases[i]
		point := &paretoPoint{Solver: p.c.name, Kind: p.c.kind.String(), Setting: p.text, Steps: p.steps, Tolerance: p.tol, kind: p.c.kind,
			work: workOf(measured.res.Plan, p.c.model, f.Stats, x.rows, s.inSlot), Time: spreadOf(f.Times[0]), Error: errorsOf(f.Errors, x.rows)}
		if scores != "" {
			share := 0.0
			for _, same := range f.Agree {
				if same {
					share += 1 / float64(len(f.Agree))
				}
			}
			point.Agreement = &share
		}
		if s.recipe != nil {
			if point.Metrics, err = s.metricsOf(f.Means); err != nil {
				return nil, err
			}
		}
		res.Points = append(res.Points, point)
	}
	res.judge()
	return res, nil
}
