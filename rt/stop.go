package rt

import (
	"fmt"
	"math"
	"slices"
	"strings"
)

// Keep says which states of a run are kept besides the last one. The zero value keeps none.
type Keep struct {
	// On is the figure, as in Early, by which the weights of the run are the best ones instead of the
	// last. With Count above 1 that many best states at ends of epochs are checkpoints too.
	On    string
	Mode  string
	Count int
	// Epochs and Steps are distances at which a checkpoint is kept; 0 is none.
	Epochs, Steps int
}

// EMA is an exponential moving average of the weights: a copy after the first step, then
// a += (1-Decay)·(w-a) after each. The zero value is none.
type EMA struct{ Decay float64 }

// average follows the weights after a step.
func (t *trainer[R]) average() {
	if t.recipe.Average.Decay == 0 || t.held != nil {
		return
	}
	if t.mean == nil {
		t.mean = Copied(nil, t.w)
		return
	}
	share := R(1 - t.recipe.Average.Decay)
	for i, w := range t.w {
		t.mean[i] += R(share * (w - t.mean[i]))
	}
}

// judged are the weights that are validated, tested and kept: the average, or those of the last step.
func (t *trainer[R]) judged() []R {
	if t.mean != nil {
		return t.mean
	}
	return t.w
}

// kept is one of the best states, with the name of its checkpoint.
type kept struct {
	Name  string `json:"name"`
	Value number `json:"value"`
}

// rank puts a value among the count best, the best first and of equals the earlier. It gives the name of
// the one that leaves; in says whether the value is among them.
func (w *watch) rank(name string, v float64, maximize bool, count int) (in bool, leaves string) {
	if math.IsNaN(v) {
		return false, ""
	}
	at := len(w.Kept)
	for at > 0 && (maximize && v > float64(w.Kept[at-1].Value) || !maximize && v < float64(w.Kept[at-1].Value)) {
		at--
	}
	if at >= count {
		return false, ""
	}
	w.Kept = slices.Insert(Copied(nil, w.Kept), at, kept{name, number(v)})
	if len(w.Kept) > count {
		leaves = w.Kept[count].Name
		w.Kept = w.Kept[:count]
	}
	return true, leaves
}

// keep names the checkpoints that the recipe keeps of the step just made, and those that it no longer does.
func (t *trainer[R]) keep(epochEnd bool, val *Evaluation) (write, remove []string) {
	k, i := t.recipe.Keep, &t.info
	if k.Steps > 0 && i.Step%k.Steps == 0 {
		write = append(write, fmt.Sprintf("step-%d", i.Step))
	}
	if k.Epochs > 0 && i.Step%t.plan.batches == 0 && (i.Epoch+1)%k.Epochs == 0 {
		write = append(write, fmt.Sprintf("epoch-%d", i.Epoch+1))
	}
	if k.Count > 1 && epochEnd {
		if v, ok := t.figure(k.On, val); ok {
			name := fmt.Sprintf("best-%d", i.Step)
			in, leaves := t.watch.rank(name, v, k.Mode == "max", k.Count)
			if in {
				write = append(write, name)
			}
			if leaves != "" {
				remove = append(remove, leaves)
			}
		}
	}
	return write, remove
}

// Early ends training when a figure has stopped improving. The zero value never does.
type Early struct {
	On       string  // the figure: "val.loss", "val.acc", "loss", "acc"
	Mode     string  // "max" if it is better when larger, else "min"
	Patience int     // epochs without improvement that are allowed
	MinDelta float64 // an improvement is more than this
	// Below and Above end training when the figure is below or above them; 0 is none.
	Below, Above float64
}

// Plateau multiplies the rate by Gamma when a figure has not improved by a ten thousandth of its value
// for more than Patience epochs, and counts from there again, as ReduceLROnPlateau of PyTorch does.
type Plateau struct {
	On       string
	Mode     string
	Gamma    float64
	Patience int
}

// Factor is 1: the trainer knows how often the rate fell.
func (Plateau) Factor(float64, Progress) float64 { return 1 }

// plateauOf finds the plateau in a schedule, or the one with no figure.
func plateauOf(s Schedule) Plateau {
	switch s := s.(type) {
	case Plateau:
		return s
	case Warmup:
		return plateauOf(s.Then)
	}
	return Plateau{}
}

// record is the best value of a figure so far.
type record struct {
	Best  number `json:"best"` // NaN before the first
	Epoch int    `json:"epoch"`
}

func newRecord() record { return record{Best: number(math.NaN())} }

// see looks at a value in some epoch and reports whether it is the best so far by more than delta.
func (r *record) see(v float64, epoch int, maximize bool, delta float64) bool {
	best := float64(r.Best)
	better := !math.IsNaN(v) && math.IsNaN(best)
	switch {
	case better:
	case maximize:
		better = v > best+delta
	default:
		better = v < best-delta
	}
	if better {
		r.Best, r.Epoch = number(v), epoch
	}
	return better
}

// watch is what is remembered about figures between epochs. It is part of checkpoints.
type watch struct {
	Keep    record `json:"keep"`
	Early   record `json:"early"`
	Plateau record `json:"plateau"`
	Kept    []kept `json:"kept,omitempty"` // the best checkpoints, best first
	Rate    number `json:"rate"`           // factor of the plateau
}

func newWatch() watch {
	return watch{Keep: newRecord(), Early: newRecord(), Plateau: newRecord(), Rate: 1}
}

// goal reports whether v has reached what the recipe asks for.
func (e *Early) goal(v float64) bool {
	return e.Below != 0 && v < e.Below || e.Above != 0 && v > e.Above
}

// figure is a watched number after a step; ok is false where there is none now. Figures of the training
// data are those of the last step, from before its update.
func (t *trainer[R]) figure(name string, val *Evaluation) (v float64, ok bool) {
	name, onVal := strings.CutPrefix(name, "val.")
	switch {
	case name == "" || onVal && val == nil:
		return 0, false
	case onVal && name == "loss":
		return val.Loss, true
	case onVal:
		v, ok = val.Metrics[name]
		return v, ok
	case name == "loss":
		return t.info.Loss, true
	}
	k := slices.Index(t.info.MetricNames, name)
	if k < 0 {
		return 0, false
	}
	return t.info.Metrics[k], true
}

// checkFigures demands that every watched figure exists.
func (r *Recipe) checkFigures(metrics []string, hasVal bool) error {
	for _, on := range []struct{ what, name string }{{"checkpoint", r.Keep.On}, {"stop", r.Stop.On}, {"schedule", plateauOf(r.Schedule).On}} {
		name, onVal := strings.CutPrefix(on.name, "val.")
		switch {
		case on.name == "":
		case name != "loss" && !slices.Contains(metrics, name):
			return fmt.Errorf("recipe %s, %s: there is no figure %q; there are loss and %v, also as val.loss and so on: %w", r.Name, on.what, on.name, metrics, ErrOption)
		case onVal && !hasVal:
			return fmt.Errorf("recipe %s, %s: %q needs validation data: `val:` or a split: %w", r.Name, on.what, on.name, ErrOption)
		}
	}
	return nil
}

// watchFigures keeps the best weights, lowers the rate and reports whether to stop. Epochs count from
// 1 here.
func (t *trainer[R]) watchFigures(epochEnd bool, val *Evaluation) (stop bool) {
	r, epoch := t.recipe, t.info.Epoch+1
	if v, ok := t.figure(r.Keep.On, val); ok && (epochEnd || r.Keep.Count <= 1) && t.watch.Keep.see(v, epoch, r.Keep.Mode == "max", 0) {
		t.best = Copied(t.best, t.judged())
	}
	if !epochEnd {
		return false
	}
	if p := plateauOf(r.Schedule); p.On != "" {
		if v, ok := t.figure(p.On, val); ok {
			delta := 1e-4 * math.Abs(float64(t.watch.Plateau.Best))
			if !t.watch.Plateau.see(v, epoch, p.Mode == "max", delta) && epoch-t.watch.Plateau.Epoch > p.Patience {
				t.watch.Rate = number(float64(t.watch.Rate) * p.Gamma)
				t.watch.Plateau.Epoch = epoch
			}
		}
	}
	v, ok := t.figure(r.Stop.On, val)
	if !ok {
		return false
	}
	better := t.watch.Early.see(v, epoch, r.Stop.Mode == "max", r.Stop.MinDelta)
	if epoch < r.MinEpochs {
		return false
	}
	return r.Stop.goal(v) || !better && epoch-t.watch.Early.Epoch >= max(r.Stop.Patience, 1)
}
