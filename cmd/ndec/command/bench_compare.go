package command

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"text/tabwriter"

	"ndec.dev/ndec/cmd/ndec/driver"
	"ndec.dev/ndec/cmd/ndec/pareto"
	"ndec.dev/ndec/ir"
	"ndec.dev/ndec/ir/plan"
	"ndec.dev/ndec/rt"
)

// spread is a time of a sample in seconds: median and quartiles over the rounds.
type spread struct {
	Median float64 `json:"median"`
	Q1     float64 `json:"q1"`
	Q3     float64 `json:"q3"`
	Least  float64 `json:"least"`
	Rounds int     `json:"rounds"`
}

func spreadOf(xs []float64) spread {
	if len(xs) == 0 {
		return spread{}
	}
	xs = slices.Sorted(slices.Values(xs))
	at := func(q float64) float64 { return xs[int(q*float64(len(xs)-1)+0.5)] }
	return spread{median(xs), at(0.25), at(0.75), xs[0], len(xs)}
}

// String is the median with half the distance between the quartiles.
func (s spread) String() string {
	return fmt.Sprintf("%s ±%.0f%%", pareto.Figure(pareto.Time, s.Median), 50*(s.Q3-s.Q1)/s.Median)
}

// work is what a sample costs beside time, on average over the samples that were solved.
type work struct {
	NFE            float64 `json:"nfe"`
	MultiplyAdds   float64 `json:"multiply_adds"`
	ElementOps     float64 `json:"element_ops"`
	Transcendental float64 `json:"transcendental"`
	Slots          float64 `json:"slots"`          // half cycles of a vector of samples: see plan.Cost
	FunctionSlots  float64 `json:"function_slots"` // of these, in transcendental functions
	Failed         []int   `json:"failed"`         // samples that were not solved, by their row
}

// workOf adds up what the solves of a model did. NFE counts the solves that count says.
func workOf(p *plan.Plan, m *ir.Model, stats []siteStats, rows []int, counts func(s *ir.Solve) bool) work {
	w := work{Failed: []int{}}
	own := p.Of(m.Func).Cost
	n := 0
	for i, row := range rows {
		if slices.ContainsFunc(stats, func(s siteStats) bool { return failedStatus(s.Status[i]) }) {
			w.Failed = append(w.Failed, row)
			continue
		}
		n++
		add := func(c plan.Cost, times int) {
			w.MultiplyAdds += float64(times * c.MulAdds)
			w.ElementOps += float64(times * c.Elem)
			w.Transcendental += float64(times * c.Trans)
			w.Slots += float64(times * c.Slots)
			w.FunctionSlots += float64(times * c.FunctionSlots)
		}
		add(own, 1)
		for k, s := range m.Solves {
			nfe, steps := stats[k].NFE[i], stats[k].Accepted[i]+stats[k].Rejected[i]
			if counts(s) {
				w.NFE += float64(nfe)
			}
			add(p.Of(s.Step).Cost, steps)
			if s.Norm != nil {
				add(p.Of(s.Norm).Cost, steps)
			}
			starts := nfe - steps*s.StepEvals // evaluations before the first step
			if s.First != nil && starts > 0 {
				add(p.Of(s.First).Cost, 1)
				starts -= s.FirstEvals
			}
			add(p.Of(s.Field).Cost, starts)
		}
	}
	for _, x := range []*float64{&w.NFE, &w.MultiplyAdds, &w.ElementOps, &w.Transcendental, &w.Slots, &w.FunctionSlots} {
		*x /= float64(max(n, 1))
	}
	return w
}

func failedStatus(s string) bool { return s != rt.OK.String() && s != rt.EventStop.String() }

// pairedRatio is the median over the rounds of a/b. Times of one round were taken side by side, so that what
// else the machine does weighs on both.
func pairedRatio(a, b []float64) float64 {
	ratios := make([]float64, len(a))
	for i := range a {
		ratios[i] = a[i] / b[i]
	}
	return median(ratios)
}

// modes of compare: a sample alone, a batch on one core, a batch on all.
var compareModes = []rt.BenchMode{{One: true}, {Workers: 1}, {}}

// contender is a row of compare.
type contender struct {
	Model   string  `json:"model"`
	With    string  `json:"with,omitempty"` // "Fwd=rk4{steps: 4}"
	Samples int     `json:"samples"`
	Data    string  `json:"data"`
	Alone   *spread `json:"alone"`           // seconds for a sample by itself
	Batch   *spread `json:"batch"`           // in a batch, on one core
	All     *spread `json:"batch_all_cores"` // on all cores
	// Ratios to the first row with the same data: medians over the rounds.
	AloneRatio  float64 `json:"alone_ratio"`
	BatchRatio  float64 `json:"batch_ratio"`
	AloneAllocs float64 `json:"alone_allocs"`
	BatchAllocs float64 `json:"batch_allocs"`
	work
	Roofline *roofline `json:"roofline,omitempty"`

	emitted string // name of the model that is measured
	of      *ir.Model
}

// compare measures the models as they are, and with the solvers of --with.
func (b *benching) compare() error {
	rows, variants, err := b.contenders()
	if err != nil {
		return err
	}
	if err := b.writeWeights(); err != nil {
		return err
	}
	defer b.close()
	s, err := b.open(b.precision, variants)
	if err != nil {
		return err
	}
	defer s.close()
	n := b.f.n
	if n == 0 {
		n = 1024
	}
	seconds := b.f.time
	if seconds == 0 {
		seconds = 4
	}
	cores := 0
	var groups []string
	batches := map[string]*batch{}
	members := map[string][]*contender{}
	for _, r := range rows {
		x, err := b.batchFor(s, r.of, "", n, 0)
		if err != nil {
			return err
		}
		key := string(x.inline)
		if batches[key] == nil {
			groups = append(groups, key)
			batches[key] = x
		}
		members[key] = append(members[key], r)
	}
	for _, key := range groups {
		c, err := b.measure(s, batches[key], members[key], seconds/float64(len(groups)))
		if err != nil {
			return err
		}
		cores = c
	}
	if err := b.printCompare(rows, cores); err != nil {
		return err
	}
	for _, r := range rows {
		if len(r.Failed) > 0 {
			return problems(errors.New("some samples failed"))
		}
	}
	return nil
}

// contenders lists what compare measures, and the variants that it needs.
func (b *benching) contenders() ([]*contender, []driver.Variant, error) {
	models := b.res.Module.Own()
	if b.f.model != "" {
		m, err := chosenModel(b.res.Module, b.f.model)
		if err != nil {
			return nil, nil, err
		}
		models = []*ir.Model{m}
	}
	if len(models) == 0 {
		return nil, nil, problems(fmt.Errorf("there is no model in package %s", b.res.Module.Package))
	}
	withs, err := b.withs()
	if err != nil {
		return nil, nil, err
	}
	var rows []*contender
	var variants []driver.Variant
	var all []string // slots
	used := map[string]bool{}
	for _, m := range models {
		emitted := m.Name
		if len(withs) > 0 { // a program with variants has no others
			emitted = b.free("Bench"+m.Name, len(variants))
			variants = append(variants, driver.Variant{Name: emitted, Model: m.Name})
		}
		rows = append(rows, &contender{Model: m.Name, emitted: emitted, of: m})
		slots, _ := b.slots(m.Name)
		all = append(all, slots...)
		for _, w := range withs {
			if !slices.Contains(slots, w.slot) {
				continue
			}
			used[w.slot] = true
			name := b.free("Bench"+m.Name, len(variants))
			variants = append(variants, driver.Variant{Name: name, Model: m.Name, Slot: w.slot, By: w.by})
			rows = append(rows, &contender{Model: m.Name, With: w.slot + "=" + w.by, emitted: name, of: m})
		}
	}
	for _, w := range withs {
		if !used[w.slot] {
			return nil, nil, known("solver", w.slot, slices.Compact(slices.Sorted(slices.Values(all))))
		}
	}
	return rows, variants, nil
}

// measure fills in rows that share a batch.
func (b *benching) measure(s *session, x *batch, rows []*contender, seconds float64) (cores int, err error) {
	q := &rt.BenchQuery{Modes: compareModes, Seconds: seconds, Rounds: 51, Peak: b.f.roof, Clocks: b.f.roof}
	for _, r := range rows {
		q.Cases = append(q.Cases, rt.BenchCase{Model: r.emitted})
	}
	ans, err := b.ask(s, q, x, "bench")
	if err != nil {
		return 0, err
	}
	greatest := greatestPeak(ans.Cases)
	for i, r := range rows {
		c := &ans.Cases[i]
		m, err := chosenModel(s.res.Module, r.emitted)
		if err != nil {
			return 0, err
		}
		r.work = workOf(s.res.Plan, m, c.Stats, x.rows, func(*ir.Solve) bool { return true })
		alone, batch, all := spreadOf(c.Times[0]), spreadOf(c.Times[1]), spreadOf(c.Times[2])
		r.Alone, r.Batch, r.All = &alone, &batch, &all
		r.AloneAllocs, r.BatchAllocs = c.Allocs[0], c.Allocs[1]
		r.AloneRatio, r.BatchRatio = pairedRatio(c.Times[0], ans.Cases[0].Times[0]), pairedRatio(c.Times[1], ans.Cases[0].Times[1])
		r.Samples, r.Data = x.table.Rows, x.from
		if b.f.roof {
			r.Roofline = rooflineOf(r.work, c, greatest, ans.Level)
		}
	}
	return ans.Cores, nil
}

func (b *benching) printCompare(rows []*contender, cores int) error {
	if b.json {
		err := json.NewEncoder(b.out).Encode(struct {
			Format    int          `json:"format"`
			Package   string       `json:"package"`
			Precision string       `json:"precision"`
			Weights   string       `json:"weights"`
			Cores     int          `json:"cores"`
			Rows      []*contender `json:"rows"`
		}{1, b.res.Module.Package, b.precision, b.weightsText(), cores, rows})
		if err != nil {
			return internal(err)
		}
		return nil
	}
	fmt.Fprintf(b.out, "package %s, %s; %s\n", b.res.Module.Package, b.precision, b.weightsText())
	last := ""
	var tw *tabwriter.Writer
	for _, r := range rows {
		if r.Data != last {
			if tw != nil {
				if err := flush(tw); err != nil {
					return err
				}
			}
			last = r.Data
			fmt.Fprintf(b.out, "%d samples of %s; time for a sample: median of %d rounds, ± half the distance of the quartiles\n\n", r.Samples, r.Data, r.Alone.Rounds)
			tw = tabwriter.NewWriter(b.out, 0, 4, 2, ' ', 0)
			fmt.Fprintf(tw, "model\tNFE\tmultiply-adds\talone\tratio\tin a batch\tratio\ton %d cores\tallocations\tfailed\n", cores)
		}
		fmt.Fprintf(tw, "%s\t%.4g\t%s\t%s\t%.2f\t%s\t%.2f\t%s\t%.0f, %.0f\t%s\n", r.title(), r.NFE, pareto.Figure(pareto.MultiplyAdds, r.MultiplyAdds),
			r.Alone, r.AloneRatio, r.Batch, r.BatchRatio, r.All, r.AloneAllocs, r.BatchAllocs, failedText(r.Failed))
	}
	if err := flush(tw); err != nil || !b.f.roof {
		return err
	}
	return b.printRoofline(rows)
}

// title is the model with its solver.
func (r *contender) title() string {
	if slot, by, ok := strings.Cut(r.With, "="); ok {
		return fmt.Sprintf("%s{%s: %s}", r.Model, slot, by)
	}
	return r.Model
}

// failedText counts and names failed samples.
func failedText(rows []int) string {
	if len(rows) == 0 {
		return "-"
	}
	var names []string
	for _, r := range rows[:min(len(rows), 5)] {
		names = append(names, fmt.Sprint(r))
	}
	more := ""
	if len(rows) > 5 {
		more = ", …"
	}
	return fmt.Sprintf("%d (rows %s%s)", len(rows), strings.Join(names, ", "), more)
}
