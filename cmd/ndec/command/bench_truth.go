package command

import (
	"encoding/json"
	"fmt"
	"math"
	"strings"

	"ndec.dev/ndec/dsl/sema"
	"ndec.dev/ndec/ir"
	"ndec.dev/ndec/ir/interp"
	"ndec.dev/ndec/rt"
)

// truth is the outputs of the reference. Samples that it cannot solve leave the batch.
func (s *sweepOf) truth(reference *session, exact *ir.Model, x *batch, res *paretoSweep) (json.RawMessage, error) {
	res.Reference = paretoReference{Method: referenceMethod, Tolerance: referenceTol, Precision: "f64", Failed: []int{}}
	for {
		ans, err := s.b.ask(reference, &rt.BenchQuery{Cases: []rt.BenchCase{{Model: exact.Name}}, Outputs: true}, x, "reference")
		if err != nil {
			return nil, err
		}
		w := workOf(reference.res.Plan, exact, ans.Cases[0].Stats, x.rows, s.inSlot)
		res.Reference.NFE = w.NFE
		if len(w.Failed) == 0 {
			return ans.Cases[0].Out, nil
		}
		res.Reference.Failed = append(res.Reference.Failed, w.Failed...)
		if len(w.Failed) == len(x.rows) {
			return nil, problems(fmt.Errorf("the reference solution (%s at %g in float64) fails for every sample", referenceMethod, referenceTol))
		}
		if err := x.without(w.Failed); err != nil {
			return nil, err
		}
	}
}

// uncertainty is how far the reference moves when its tolerance is a tenth.
func (s *sweepOf) uncertainty(reference *session, exact *ir.Model, x *batch, want json.RawMessage, scores string, res *paretoSweep) error {
	tighter := func(by *rt.Stepping) { by.RTol, by.ATol = referenceTol/10, referenceTol/10 }
	ans, err := s.b.ask(reference, &rt.BenchQuery{Cases: []rt.BenchCase{{Model: exact.Name, By: s.steppingsOf(exact, tighter)}}, Want: want, Scores: scores}, x, "reference")
	if err != nil {
		return err
	}
	if e := errorsOf(ans.Cases[0].Errors, x.rows); e != nil {
		res.Reference.Uncertainty = &e.Worst
	}
	return nil
}

// kept are the outputs of a reference that are compared: the ends of solves, and the scores.
func kept(outputs json.RawMessage, scores string) (json.RawMessage, error) {
	var all map[string]json.RawMessage
	if err := json.Unmarshal(outputs, &all); err != nil {
		return nil, internal(err)
	}
	for name := range all {
		if !strings.Contains(name, ".") && name != scores {
			delete(all, name)
		}
	}
	out, err := json.Marshal(all)
	if err != nil {
		return nil, internal(err)
	}
	return out, nil
}

// scoresOf is the output of a model that has a number for each class of the label of the batch; "" if there is
// none.
func scoresOf(m *ir.Model, x *batch) string {
	for _, c := range x.cols {
		for _, o := range m.Outputs {
			if c.Classes > 1 && o.Type.Rank() == 1 && o.Type.Len() == c.Classes {
				return o.Name
			}
		}
	}
	return ""
}

// has reports whether the batch has the columns of a recipe.
func (x *batch) has(r *sema.Recipe) bool {
	for _, c := range r.Data.Columns {
		if x.table.Index(c.Name) < 0 {
			return false
		}
	}
	return true
}

// metricsOf turns means of terms into metrics.
func (s *sweepOf) metricsOf(means []*float64) (map[string]*float64, error) {
	out := map[string]*float64{}
	r := recipeByName(s.b.res.Module, s.recipe.Name)
	if r.Combine != nil {
		args := make([]interp.Tensor, len(means))
		for i, x := range means {
			v := math.NaN()
			if x != nil {
				v = *x
			}
			args[i] = interp.Of([]float64{v})
		}
		mc, err := newMachine(s.b.res.Module, "", 0)
		if err != nil {
			return nil, err
		}
		in, err := mc.interp()
		if err != nil {
			return nil, err
		}
		values, err := in.Call(r.Combine, args...)
		if err != nil {
			return nil, internal(err)
		}
		means = make([]*float64, len(values))
		for i, v := range values {
			if x := v.Data[0]; x-x == 0 {
				means[i] = &x
			}
		}
	}
	for i, name := range r.Metrics {
		out[name] = means[i]
	}
	return out, nil
}
