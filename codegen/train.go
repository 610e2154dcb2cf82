package codegen

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"slices"
	"strings"

	"ndec.dev/ndec/ir"
	"ndec.dev/ndec/ir/plan"
	"ndec.dev/ndec/ir/recipe"
)

// trainFile holds recipes and data as values of rt, the workers that compute shards of an
// objective, and the description of the package for the ndec command.
func (e *emitter) trainFile() *file {
	f := new(file)
	var names []string
	for _, d := range e.m.Data {
		e.data(f, d)
		names = append(names, e.dataName(d))
	}
	text(f, "dataSets are the data blocks of the package.", "var dataSets = []rt.DataEntry{"+strings.Join(names, ", ")+"}")
	for _, r := range e.m.Recipes {
		e.recipe(f, r)
	}
	e.program(f)
	return f
}

// recipe prints a train block: worker, objective, recipe value and the functions to run them.
func (e *emitter) recipe(f *file, r *ir.Recipe) {
	low, up := e.bases[r], goName(r.Name, true)
	obj := e.plan.Of(r.Objective)
	var grad *plan.Func
	if r.Grad != nil {
		grad = e.plan.Of(r.Grad)
	}
	e.worker(f, r, low, obj, grad)
	if r.Design != nil {
		e.design(f, r, low)
	}

	p := e.p
	var metrics, cols []string
	for _, m := range r.Metrics {
		metrics = append(metrics, fmt.Sprintf("%q", m))
	}
	for _, c := range r.Columns {
		cols = append(cols, fmt.Sprintf("%q", c.Name))
	}
	terms := e.terms(r)
	p.line("var %sObjective = rt.Objective[Real]{", low)
	p.line("Name: %q,", r.Name)
	p.line("Metrics: []string{%s},", strings.Join(metrics, ", "))
	p.line("Terms: %d,", terms)
	p.line("Columns: []string{%s},", strings.Join(cols, ", "))
	if r.Design != nil {
		p.line("Linear: []string{%s},", strings.Join(fittedParams(r), ", "))
	}
	p.line("NewWorker: func() rt.Worker[Real] { return new(%sWorker) },", low)
	if inStep(r) {
		p.line("Together: true,")
	} else if r.Grad != nil && r.Grad.Uneven() {
		p.line("Uneven: true,")
	}
	if len(e.siteList(r.Ran(), obj)) > 0 {
		p.line("Sites: %sSites,", low)
	}
	if grad != nil {
		if way := e.siteList(r.Ran(), grad); len(way) > 0 {
			if !slices.Equal(way, e.siteList(r.Ran(), obj)) {
				p.line("GradSites: %sGradSites,", low)
			}
			p.line("Backward: %sBackward,", low)
		}
	}
	if r.Combine != nil {
		p.line("Combine: %sMetrics,", low)
	}
	p.line("}")
	text(f, fmt.Sprintf("%sObjective is the objective of recipe %s: loss and metrics of samples, and gradients.", low, r.Name), p.text())
	if r.Combine != nil {
		e.combine(f, r, low)
	}
	if e.hasInputs(r) {
		e.inputs(f, r, low)
	}

	get := func(key string) (ir.Setting, bool) { return ir.FindSetting(r.Settings, key) }
	p.line("var %sRecipe = rt.Recipe{", low)
	p.line("Name: %q,", r.Name)
	p.line("Source: %q,", e.meant)
	p.line("Where: %q,", r.Span.String())
	for _, k := range []string{"data", "val", "test"} {
		if s, ok := get(k); ok && s.Text != "" {
			p.line("%s: %q,", goName(k, true), s.Text)
		}
	}
	if s, ok := get("batch"); ok && s.Text != "full" && s.Num > 0 {
		p.line("Batch: %d,", int(s.Num))
	}
	if s, ok := get("accumulate"); ok && s.Num > 1 {
		p.line("Accumulate: %d,", int(s.Num))
	}
	if s, ok := get("steps"); ok && s.Num > 0 {
		p.line("Steps: %d,", int(s.Num))
	} else if s, ok := get("epochs"); ok {
		n := s.Num
		if len(s.List) == 2 {
			n = s.List[1].Num
			p.line("MinEpochs: %d,", int(s.List[0].Num))
		}
		p.line("Epochs: %d,", int(n))
	}
	if s, ok := get("optimizer"); ok && s.Choice != nil {
		p.line("Optimizer: %s,", choice(recipe.Optimizer, s.Choice))
	}
	if s, ok := get("schedule"); ok && s.Choice != nil {
		p.line("Schedule: %s,", choice(recipe.Schedule, s.Choice))
	}
	if s, ok := get("clip"); ok && s.Choice != nil {
		bound, _ := s.Choice.Option("max")
		p.line("Clip: rt.Clip{Kind: rt.%s, Max: %s},", recipe.Lookup(recipe.Clip, s.Choice.Row).Make, plain(bound.Num))
	}
	if s, ok := get("checkpoint"); ok && s.Choice != nil {
		p.line("Keep: %s,", choice(recipe.Checkpoint, s.Choice))
	}
	if s, ok := get("average"); ok && s.Choice != nil {
		p.line("Average: %s,", choice(recipe.Average, s.Choice))
	}
	if s, ok := get("stop"); ok && s.Choice != nil {
		p.line("Stop: %s,", choice(recipe.Stop, s.Choice))
	}
	if a := activeOf(r); a != nil {
		p.line("Active: %s,", choice(recipe.Adversary, a))
	}
	if s, ok := get("seed"); ok {
		p.line("Seed: %d,", uint64(s.Num))
	}
	if nets := trainedNets(r); len(nets) > 0 {
		p.line("Train: []string{%s},", strings.Join(nets, ", "))
	}
	if names := statisticsRead(r); len(names) > 0 {
		p.line("Statistics: []string{%s},", strings.Join(names, ", "))
	}
	if s, ok := get("log_every"); ok && s.Num > 0 {
		p.line("LogEvery: %d,", int(s.Num))
	}
	if s, ok := get("val_every"); ok && s.Num > 1 {
		p.line("ValEvery: %d,", int(s.Num))
	}
	p.line("}")
	text(f, fmt.Sprintf("%sRecipe is the train block %s (%s).", low, r.Name, clean(r.Span.String())), p.text())

	text(f, fmt.Sprintf("Train%s runs recipe %s on p: it makes or reads the data, trains, and evaluates on the test data. Relative data paths start at opts.Dir;\nopts.Data gives rows to train on instead. After an error, or where ctx ended, p has what was reached. Models of p see it after Refresh.", up, r.Name),
		fmt.Sprintf(`func Train%s(ctx context.Context, p *Params, opts rt.TrainOptions) (*rt.TrainResult, error) {
	tables, err := rt.TablesFor(&%sRecipe, dataSets, tensors, &opts)
	if err != nil {
		return nil, err
	}
	return rt.Train(ctx, p.Flat(), tensors, &%sRecipe, &%sObjective, tables, opts)
}`, up, low, low, low))
	doc := fmt.Sprintf("%sLossGrad is the mean loss of recipe %s over the rows of batch, and its gradient, which replaces what grad held.", up, r.Name)
	check := ""
	if data := e.dataOf(r); data != nil {
		doc += fmt.Sprintf(" The\nbatch is a table as %s makes it.", tableMaker(data))
		check = fmt.Sprintf("	if err := batch.CheckRead(%s.Columns, %sObjective.Columns); err != nil {\n\t\treturn 0, err\n\t}\n", e.dataName(data), low)
	}
	text(f, doc+"\nSamples that fail add nothing, and the error is that of the first. What is drawn at random is drawn as in the first step of the recipe.",
		fmt.Sprintf(`func %sLossGrad(ctx context.Context, p *Params, batch *rt.Table, grad *Params) (loss float64, err error) {
%s	return %sGradients.LossGrad(ctx, p.Flat(), grad.Flat(), &%sObjective, batch, %sRecipe.Seed, 0)
}`, up, check, low, low, low))
	text(f, fmt.Sprintf("%sGradients keeps the memory of %sLossGrad.", low, up), fmt.Sprintf("var %sGradients rt.Gradients[Real]", low))
}

// meaning identifies what is trained: the program without comments, places in its text and training
// lengths, which may change before a run is resumed. It is nothing without recipes.
func meaning(m *ir.Module) string {
	if len(m.Recipes) == 0 {
		return ""
	}
	c := *m
	c.Files, c.Recipes = nil, nil
	for _, r := range m.Recipes {
		rc := *r
		rc.Settings = slices.DeleteFunc(slices.Clone(r.Settings), func(s ir.Setting) bool {
			return slices.Contains([]string{"epochs", "steps", "stop"}, s.Key)
		})
		c.Recipes = append(c.Recipes, &rc)
	}
	h := sha256.New()
	_ = ir.PrintCode(h, &c) // a hash takes everything
	io.WriteString(h, "\n")
	return hex.EncodeToString(h.Sum(nil))
}

// trainedNets lists the owners of the trained parameters, quoted, in their order; none when all
// parameters are trained.
func trainedNets(r *ir.Recipe) []string {
	var out []string
	seen := map[string]bool{}
	for _, p := range r.Trained {
		if !seen[p.Net] {
			seen[p.Net] = true
			out = append(out, fmt.Sprintf("%q", p.Net))
		}
	}
	return out
}

// statisticsRead lists the statistics of data that the objective reads, quoted, by name.
func statisticsRead(r *ir.Recipe) []string {
	var out []string
	seen := map[*ir.Func]bool{}
	var visit func(f *ir.Func)
	visit = func(f *ir.Func) {
		if seen[f] {
			return
		}
		seen[f] = true
		for _, v := range f.Values {
			if q := v.Attr.Param; v.Op == ir.OpParam && q.Of != nil {
				out = append(out, fmt.Sprintf("%q", q.Name))
			}
			for _, g := range v.Callees() {
				visit(g)
			}
		}
	}
	visit(r.Objective)
	slices.Sort(out)
	return slices.Compact(out)
}

// terms is the number of metric terms of an objective.
func (e *emitter) terms(r *ir.Recipe) int {
	n := 0
	for _, v := range r.Objective.Results {
		if p := e.plan.Of(r.Objective).Places[v]; p == nil || p.Kind != plan.Stat {
			n++
		}
	}
	return n - 1
}

// worker prints the type that computes shards of an objective on one goroutine.
func (e *emitter) worker(f *file, r *ir.Recipe, low string, obj, grad *plan.Func) {
	p := e.p
	pull := e.pullNeeds(r)
	needsWork := obj.Needs.Work || (grad != nil && grad.Needs.Work) || pull.Work
	forward := e.siteList(r.Ran(), obj)
	way := forward
	if grad != nil {
		way = e.siteList(r.Ran(), grad)
	}
	if len(forward) > 0 {
		text(f, "", fmt.Sprintf("var %sSites = []rt.Site{%s}", low, strings.Join(forward, ", ")))
	}
	one := slices.Equal(forward, way) // the gradient runs the solves of the objective and no others
	sites := low + "Sites"
	if !one {
		sites = low + "GradSites"
		text(f, fmt.Sprintf("%s are the solves that a gradient of recipe %s runs.", sites, r.Name), fmt.Sprintf("var %s = []rt.Site{%s}", sites, strings.Join(way, ", ")))
	}
	if len(way) > 0 {
		text(f, fmt.Sprintf("%sBackward is, per solve, the evaluations of the vector field's derivative for an accepted step.", low),
			fmt.Sprintf("var %sBackward = []int{%s}", low, strings.Join(e.backward(obj, grad), ", ")))
	}
	prepared := obj.Needs.Prepared || (grad != nil && grad.Needs.Prepared) || pull.Prepared
	design := plan.Needs{}
	if r.Design != nil {
		design = e.plan.Of(r.Design).Needs
	}
	p.line("type %sWorker struct {", low)
	if needsWork || design.Work {
		p.line("ws workspace")
	}
	if prepared || design.Prepared {
		p.line("pre prepared")
	}
	adds := grad != nil && grad.Needs.Accum
	apart := adds && e.apart()
	if apart {
		p.line("sums sums // of a shard")
		if e.vec != nil && e.vec.recipes[r] != nil {
			p.line("inLanes sums")
		}
	}
	if r.Design != nil {
		d := r.Design.Results[0].Type
		p.line("design [%d]%s", d.Len(), e.elem(d.Elem))
		if e.vec != nil && e.vec.recipes[r] != nil && e.vec.recipes[r].Design != nil {
			p.line("designs []%s // of a block of samples", e.elem(d.Elem))
		}
	}
	p.line("}")
	text(f, fmt.Sprintf("%sWorker computes shards of recipe %s on one goroutine.", low, r.Name), p.text())

	if inStep(r) {
		text(f, "Join makes k the worker of a sample whose batch takes steps of one length.",
			fmt.Sprintf("func (k *%sWorker) Join(member *rt.StepMember) { k.ws.group = member }", low))
		block := "0"
		if e.vec != nil && e.vec.recipes[r] != nil {
			block = low + "Block"
			text(f, block+" is the number of rows of a block. Where the processor has vector instructions, kernels compute blocks.", fmt.Sprintf("var %s int", block))
		}
		text(f, "Block is the number of rows that are computed at a time; 0 where these are single ones.", fmt.Sprintf("func (k *%sWorker) Block() int { return %s }", low, block))
	}
	method := "Shard"
	if e.vec != nil && e.vec.recipes[r] != nil {
		method = "rows"
		text(f, fmt.Sprintf("%sShard computes a shard. Where the processor has vector instructions, kernels take its place.", low),
			fmt.Sprintf("var %sShard = (*%sWorker).rows", low, low))
		text(f, "Shard adds up loss, metrics and gradient of rows of t.", fmt.Sprintf("func (k *%sWorker) Shard(weights, gradient []Real, t *rt.Table, rows []int, key rt.Key, out *rt.ShardResult) {\n%sShard(k, weights, gradient, t, rows, key, out)\n}", low, low))
	}
	p.line("func (k *%sWorker) %s(weights, gradient []Real, t *rt.Table, rows []int, key rt.Key, out *rt.ShardResult) {", low, method)
	if prepared || obj.Needs.Params || (grad != nil && grad.Needs.Params) || pull.Params {
		p.line("w := paramsOf(weights)")
	}
	if prepared {
		p.line("pre := &k.pre")
		p.line("pre.of(w)")
	}
	if adds {
		p.line("var g *%s", e.sumsType())
		if apart {
			p.line("if gradient != nil {\ng = &k.sums\n*g = sums{}\n}")
		} else {
			p.line("if gradient != nil { g = paramsOf(gradient) }")
		}
	}
	if needsWork {
		p.line("ws := &k.ws")
	}
	each := "for _, row := range rows"
	if activeOf(r) != nil {
		each = "for place, row := range rows"
	}
	in := e.rowLoop(r, each, "place", "t", "elem", "num", "back", "rows", "key", "out", "weights", "gradient", "loss", "row", "r")
	if one && len(forward) > 0 {
		p.line("var st [%d]rt.SolveStats", len(forward))
	}
	n := e.terms(r)
	res := []string{"loss"}
	for i := 0; i < n; i++ {
		res = append(res, fmt.Sprintf("m%d", i))
	}
	p.line("var %s Real", strings.Join(res, ", "))
	dst := func(i int) (string, bool) { return res[i], true }
	run := func(fn *plan.Func, sites, back string) {
		if n := fn.Needs.Stats; n > 0 && !one {
			p.line("var st [%d]rt.SolveStats", n)
		}
		p.line("%s", e.modelCall(fn, recipeFrame, in, dst))
		if fn.Needs.Stats > 0 && !one {
			p.line("if !out.Count(st[:], %s, row, row, %s) { continue }", sites, back)
		}
	}
	if grad != nil {
		p.line("if gradient != nil {")
		run(grad, sites, low+"Backward")
		p.line("} else {")
		run(obj, low+"Sites", "nil")
		p.line("}")
	} else {
		run(obj, low+"Sites", "nil")
	}
	if one && len(forward) > 0 {
		p.line("back := %sBackward", low)
		p.line("if gradient == nil { back = nil }")
		p.line("if !out.Count(st[:], %sSites, row, row, back) { continue }", low)
	}
	p.line("out.Loss += float64(loss)")
	if activeOf(r) != nil {
		p.line("if out.Losses != nil { out.Losses[place] = float64(loss) }")
	}
	for i := 0; i < n; i++ {
		p.line("out.Metrics[%d] += float64(m%d)", i, i)
	}
	p.line("}")
	if apart {
		p.line("if gradient != nil {")
		e.pull(r, recipeFrame)
		p.line("rt.Add(gradient, g.Flat())")
		p.line("}")
	}
	p.line("}")
	text(f, method+" adds up loss, metrics and gradient of rows of t, one sample after the other.", p.text())
}

// inStep reports whether samples of a batch of r take steps of one length.
func inStep(r *ir.Recipe) bool { return r.Objective.InStep() || r.Grad != nil && r.Grad.InStep() }

// activeOf is the adversary of a recipe that keeps samples of largest loss, or nil.
func activeOf(r *ir.Recipe) *ir.Choice {
	if s, ok := ir.FindSetting(r.Settings, "adversary"); ok && s.Choice != nil && s.Choice.Row == "active" {
		return s.Choice
	}
	return nil
}

// recipeFrame is that of the functions of a recipe.
var recipeFrame = frame{w: "w", pre: "pre", ws: "ws", st: "&st"}

// backward counts, per solve of the gradient, the calls of derivative functions in a step of its reverse
// sweep.
func (e *emitter) backward(obj, grad *plan.Func) []string {
	fn := grad
	if fn == nil {
		fn = obj
	}
	var out []string
	for _, s := range e.slotSites(fn, "") {
		n := 0
		for _, v := range s.in.IR.Values {
			if v.Op != ir.OpRev || v.Args[0] != s.value {
				continue
			}
			for _, u := range v.Attr.Rev.StepVJP.Values {
				if u.Op == ir.OpCall && takesCotangents(u.Attr.Func) {
					n++
				}
			}
		}
		out = append(out, fmt.Sprint(n))
	}
	return out
}

// takesCotangents tells a derivative function, whose last arguments are cotangents, from a field.
func takesCotangents(f *ir.Func) bool {
	return len(f.Args) > 0 && strings.HasSuffix(f.Args[len(f.Args)-1].Name, "_bar")
}

// combine prints the metrics that are functions of means.
func (e *emitter) combine(f *file, r *ir.Recipe, low string) {
	fn := e.plan.Of(r.Combine)
	p := e.p
	p.line("func %sMetrics(mean []float64) []float64 {", low)
	p.line("out := make([]float64, %d)", len(r.Metrics))
	var lhs []string
	for i := range r.Metrics {
		lhs = append(lhs, fmt.Sprintf("m%d", i))
	}
	p.line("var %s Real", strings.Join(lhs, ", "))
	p.line("%s", e.modelCall(fn, frame{w: "nil", pre: "nil", ws: "nil"}, func(i int) string { return fmt.Sprintf("Real(mean[%d])", i) },
		func(i int) (string, bool) { return lhs[i], true }))
	for i := range r.Metrics {
		p.line("out[%d] = float64(m%d)", i, i)
	}
	p.line("return out")
	p.line("}")
	text(f, fmt.Sprintf("%sMetrics turns means of metric terms into metrics.", low), p.text())
}

// program prints the description of the package for the ndec command.
func (e *emitter) program(f *file) {
	p := e.p
	paths, fields := map[*ir.Model][]string{}, map[*ir.Model][]string{}
	for _, m := range e.m.Models {
		e.tableRows(f, m)
		for i := range m.Solves {
			path, field := "nil", "nil"
			if i < len(m.Paths) && m.Paths[i] != nil {
				path, field = e.tablePath(f, m, i), e.tableField(f, m, i)
			}
			paths[m], fields[m] = append(paths[m], path), append(fields[m], field)
		}
	}
	p.line("func Program() rt.Program[Real] {")
	p.line("return rt.Program[Real]{")
	p.line("Package: %q,", e.opts.Package)
	p.line("SourceHash: %q,", e.opts.SourceHash)
	p.line("Version: version,")
	p.line("Layout: tensors,")
	p.line("Data: dataSets,")
	if e.opts.Kernels {
		p.line("Kernels: kernels,")
	}
	if e.clocks() {
		p.line("Clocks: kernelClocks,")
	}
	p.line("Models: []rt.Model[Real]{")
	for _, m := range e.m.Models {
		low := e.bases[m]
		var states, widths []string
		for _, s := range m.Solves {
			var names, sizes []string
			for _, st := range ir.Pick(s.States, s.Plain()) {
				names, sizes = append(names, fmt.Sprintf("%q", st.Name)), append(sizes, fmt.Sprint(st.Type.Len()))
			}
			states = append(states, "{"+strings.Join(names, ", ")+"}")
			widths = append(widths, "{"+strings.Join(sizes, ", ")+"}")
		}
		p.line("{Name: %q, Inputs: %s, Outputs: %s, Rows: %sRows,", m.Name, columnSpecs(m.Inputs), columnSpecs(m.Outputs), low)
		if len(m.Solves) > 0 {
			p.line("Sites: %sSites, States: [][]string{%s}, Widths: [][]int{%s},", low, strings.Join(states, ", "), strings.Join(widths, ", "))
			p.line("Paths: []func(context.Context, []Real, *rt.Table, int, int) ([]float64, [][]float64, error){%s},", strings.Join(paths[m], ", "))
			p.line("Fields: []func([]Real, *rt.Table, int, []float64, [][]float64, [][]float64) error{%s},", strings.Join(fields[m], ", "))
		}
		p.line("},")
	}
	p.line("},")
	p.line("Recipes: []rt.RecipeEntry[Real]{")
	for _, r := range e.m.Recipes {
		low := e.bases[r]
		inputs := ""
		if e.hasInputs(r) {
			inputs = fmt.Sprintf(", Inputs: %sInputs", low)
		}
		p.line("{Recipe: %sRecipe, Objective: %sObjective%s},", low, low, inputs)
	}
	p.line("},")
	p.line("}")
	p.line("}")
	body := p.text()
	if e.clocks() {
		text(f, "kernelClocks makes kernels measure their time, or not; nil where there are none.", "var kernelClocks func(on bool) []*rt.KernelClock")
	}
	text(f, "Program describes the package to the ndec command.", body)
}
