package command

import (
	"fmt"
	"math"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"time"

	"ndec.dev/ndec/cmd/ndec/child"
	"ndec.dev/ndec/cmd/ndec/pareto"
	"ndec.dev/ndec/rt"
	"ndec.dev/ndec/rt/ivp"
)

// usualMethods are those that bench --problems compares unless it is told others.
var usualMethods = []string{"rk4", "yoshida4", "bosh3", "dopri5", "tsit5", "vern7", "dopri8", "vern9"}

const (
	problemTols     = 12     // 1e-2 to 1e-13
	problemFirst    = 32     // steps of given length: so many, and twice as many, and so on
	problemDoubles  = 14     // times
	problemMost     = 200000 // evaluations beyond which a setting is left out
	problemRounds   = 15
	problemLeast    = 100e-6 // seconds: a solve that is faster is repeated for a measurement
	problemAccuracy = 4      // columns of the summary: 1e-3, 1e-6, 1e-9, 1e-12
)

// problemRow is a method with a setting on a problem.
type problemRow struct {
	Method    string   `json:"method"`
	Setting   string   `json:"setting"` // "tol: 1e-5", "steps: 64"
	Tolerance float64  `json:"tolerance,omitempty"`
	Steps     int      `json:"steps,omitempty"`
	NFE       int      `json:"nfe"`
	Accepted  int      `json:"accepted"`
	Rejected  int      `json:"rejected"`
	Time      float64  `json:"time"`  // seconds, the least of all rounds
	Error     *float64 `json:"error"` // null where it was not solved
	Status    string   `json:"status"`
	Front     []string `json:"front"`

	options rt.SolveOptions
}

// problemAnswer is a problem with its rows.
type problemAnswer struct {
	Name       string        `json:"name"`
	Components int           `json:"components"`
	T0         float64       `json:"t0"`
	T1         float64       `json:"t1"`
	Source     string        `json:"source"`
	Rows       []*problemRow `json:"rows"`
	LeftOut    []string      `json:"left_out,omitempty"`
	Text       []string      `json:"text"`
	Files      []string      `json:"files"`

	problem *ivp.Problem
	plain   []pareto.Point
	fronts  [pareto.NumAxes][]int
}

// problemAxes are the costs that count here.
var problemAxes = []pareto.Axis{pareto.Evaluations, pareto.Time}

// problemsAnswer is what bench --problems prints as JSON.
type problemsAnswer struct {
	Format   int              `json:"format"`
	Go       string           `json:"go"`
	Platform string           `json:"platform"`
	Problems []*problemAnswer `json:"problems"`
}

// problems is bench --problems: named problems, or all of them.
func (b *benching) workPrecision(names []string) error {
	methods, err := problemMethods(b.f.methods)
	if err != nil {
		return err
	}
	if len(names) == 0 {
		for _, p := range ivp.All() {
			names = append(names, p.Name)
		}
	}
	ans := &problemsAnswer{Format: 1, Go: runtime.Version(), Platform: runtime.GOOS + "/" + runtime.GOARCH}
	for _, name := range names {
		p := ivp.ByName(name)
		if p == nil {
			var all []string
			for _, q := range ivp.All() {
				all = append(all, q.Name)
			}
			return known("problem", name, all)
		}
		ans.Problems = append(ans.Problems, &problemAnswer{Name: p.Name, Components: len(p.Y0), T0: p.T0, T1: p.T1, Source: p.Source, problem: p})
	}
	dir := b.f.out
	if dir == "" {
		dir = "problems"
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return ioError("pictures", err)
	}
	seconds := b.f.time
	if seconds == 0 {
		seconds = 1
	} else {
		seconds /= float64(len(ans.Problems))
	}
	bar := b.newProgress(nil)
	bar.text = shareText
	for i, p := range ans.Problems {
		bar.step("bench", &child.Progress{Step: i, Steps: len(ans.Problems)})
		p.solve(methods)
		p.time(seconds)
		p.judge()
		if p.Files, err = p.draw(filepath.Join(dir, p.Name)); err != nil {
			return ioError("picture", err)
		}
	}
	bar.done()
	page := filepath.Join(dir, "README.md")
	if err := os.WriteFile(page, []byte(ans.page(methods)), 0o644); err != nil {
		return ioError("page", err)
	}
	return b.printProblems(ans, page)
}

// problemMethods are the methods of a list, "all" being all of them.
func problemMethods(list []string) ([]string, error) {
	switch {
	case len(list) == 0:
		return usualMethods, nil
	case len(list) == 1 && list[0] == "all":
		return rt.Methods(), nil
	}
	for _, name := range list {
		if _, ok := rt.MethodOf(name); !ok {
			return nil, known("method", name, rt.Methods())
		}
	}
	return list, nil
}

// solve makes the rows of the methods, each solved once.
func (a *problemAnswer) solve(methods []string) {
	p := a.problem
	for _, name := range methods {
		m, _ := rt.MethodOf(name)
		base := rt.SolveOptions{Method: name}
		if m.Splits {
			if base.Positions = p.Positions; p.Positions == 0 {
				a.LeftOut = append(a.LeftOut, name+": the system does not fall apart into positions and velocities")
				continue
			}
		}
		if m.Estimate {
			for k := 2; k < 2+problemTols; k++ {
				o := base
				o.RTol = math.Pow(10, -float64(k))
				o.ATol, o.MaxSteps = o.RTol, problemMost
				a.try(&problemRow{Method: name, Setting: "tol: " + tolText(o.RTol), Tolerance: o.RTol, options: o})
			}
			continue
		}
		for k := range problemDoubles {
			o := base
			o.Steps = problemFirst << k
			if !a.try(&problemRow{Method: name, Setting: fmt.Sprintf("steps: %d", o.Steps), Steps: o.Steps, options: o}) {
				break
			}
		}
	}
}

// try solves a row once; it reports whether it was worth it.
func (a *problemAnswer) try(r *problemRow) bool {
	s, y := a.run(r)
	st := s.Stats()
	if st.NFE > problemMost || st.Status == rt.MaxSteps {
		return false
	}
	r.NFE, r.Accepted, r.Rejected, r.Status, r.Front = st.NFE, st.Accepted, st.Rejected, st.Status.String(), []string{}
	if st.Status == rt.OK {
		e := a.problem.Error(y)
		r.Error = &e
	}
	a.Rows = append(a.Rows, r)
	return true
}

// run solves a row to its end, or until it has taken too many evaluations.
func (a *problemAnswer) run(r *problemRow) (*rt.Solver, []float64) {
	p := a.problem
	s, err := rt.Start(p.F, p.Y0, p.T0, p.T1, r.options)
	if err != nil {
		panic(err) // options that this package made
	}
	for s.Step() && s.Stats().NFE <= problemMost {
	}
	return s, s.State()
}

// time measures the rows in turn, round by round, for about so many seconds.
func (a *problemAnswer) time(seconds float64) {
	once := make([]int, len(a.Rows)) // solves in a measurement
	measure := func(i int) float64 {
		begin := time.Now()
		for range once[i] {
			a.run(a.Rows[i])
		}
		return time.Since(begin).Seconds() / float64(once[i])
	}
	for i, r := range a.Rows {
		once[i] = 1
		r.Time = measure(i)
		once[i] = max(1, int(problemLeast/r.Time))
	}
	begin := time.Now()
	for round := 0; round < problemRounds && time.Since(begin).Seconds() < seconds; round++ {
		for i, r := range a.Rows {
			r.Time = min(r.Time, measure(i))
		}
	}
}

// judge finds the fronts, and who needs least for an accuracy.
func (a *problemAnswer) judge() {
	for _, r := range a.Rows {
		q := pareto.Point{Solver: r.Method, Setting: r.Setting, Error: math.NaN()}
		q.Cost[pareto.Evaluations], q.Cost[pareto.Time] = float64(r.NFE), r.Time
		if r.Error != nil {
			q.Error = *r.Error
		}
		a.plain = append(a.plain, q)
	}
	for _, axis := range problemAxes {
		a.fronts[axis] = pareto.Front(a.plain, axis)
		for _, i := range a.fronts[axis] {
			a.Rows[i].Front = append(a.Rows[i].Front, axis.Key())
		}
	}
	for k := range problemAccuracy {
		accuracy := math.Pow(10, -3*float64(k+1))
		var parts []string
		for _, axis := range problemAxes {
			if i := a.least(axis, accuracy); i >= 0 {
				parts = append(parts, fmt.Sprintf("%s by %s (%s)", a.plain[i].Name(), axis, pareto.Figure(axis, a.plain[i].Cost[axis])))
			}
		}
		if len(parts) > 0 {
			a.Text = append(a.Text, fmt.Sprintf("An error below %s costs least with %s.", tolText(accuracy), strings.Join(parts, " and ")))
		}
	}
}

// least is the row that costs least among those with an error below a bound; -1 if there is none.
func (a *problemAnswer) least(axis pareto.Axis, bound float64) int {
	best := -1
	for _, i := range a.fronts[axis] { // by rising cost
		if a.plain[i].Error <= bound {
			best = i
			break
		}
	}
	return best
}

// curves are the rows of each method with an error, in the order of the rows.
func (a *problemAnswer) curves() (methods []string, of map[string][]int) {
	of = map[string][]int{}
	for i, r := range a.Rows {
		if r.Error == nil {
			continue
		}
		if !slices.Contains(methods, r.Method) {
			methods = append(methods, r.Method)
		}
		of[r.Method] = append(of[r.Method], i)
	}
	return methods, of
}
