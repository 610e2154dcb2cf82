package cudagen_test

import (
	"context"
	"errors"
	"math"
	"slices"
	"testing"

	"ndec.dev/ndec/cudagen"
	"ndec.dev/ndec/golden/emutest"
	"ndec.dev/ndec/ir/recipe"
	"ndec.dev/ndec/rt"
)

// TestUpdates trains with every optimiser and clipping, once with the update on the device and once on the host with the gradient of
// the device: weights and moments have the same bits after every step, and a run that changes between them ends with these bits too.
func TestUpdates(t *testing.T) {
	var all []*subject
	for _, precision := range []string{"f32", "f64"} {
		s := programSubject(t, "updates", map[string]string{"updates.nde": source(t, "testdata/updates.nde")}, precision)
		s.rows = 70
		all = append(all, s)
	}
	outs := map[string]*cudagen.Output{}
	for _, s := range all {
		s.emit(t)
		outs[s.name] = s.out
	}
	server := emutest.Start(t, outs, emutest.Options{})
	updates[float32](t, all[0], server)
	updates[float64](t, all[1], server)
	if server.Live != 0 {
		t.Errorf("%d device allocations are not freed", server.Live)
	}
}

// optimizers are those that a device knows, in all their variants, by the recipe of updates.nde whose kernels they take.
var optimizers = map[string][]rt.Optimizer{
	"S": {rt.SGD{LR: 0.05}, rt.SGD{LR: 0.02, Momentum: 0.9, Dampening: 0.1, Decay: 0.01}, rt.SGD{LR: 0.02, Momentum: 0.9, Nesterov: true}},
	"A": {rt.DefaultAdam(), rt.Adam{LR: 0.03, Beta1: 0.3, Beta2: 0.99, Eps: 1e-6, Decay: 0.1}, rt.AdamW{LR: 0.01, Beta1: 0.9, Beta2: 0.999, Eps: 1e-8, Decay: 0.01}},
	"R": {rt.DefaultRMSprop(), rt.RMSprop{LR: 0.01, Alpha: 0.4, Eps: 1e-8, Decay: 0.01, Momentum: 0.5, Centered: true}},
}

func updates[R rt.Float](t *testing.T, s *subject, server *emutest.Server) {
	t.Helper()
	p, w := program[R](t, s)
	placed, _, closeAll, err := rt.OnDevice(p, server.Device(s.name))
	if err != nil {
		t.Fatal(err)
	}
	var layout []rt.Tensor
	for _, q := range s.m.Params {
		layout = append(layout, rt.Tensor{Name: q.Name, Shape: q.Type.Shape, Offset: rt.LayoutLen(layout), Net: q.Net})
	}
	for i := range placed.Recipes {
		e := &placed.Recipes[i]
		tables := rt.Tables{Train: s.table(s.m.Recipes[i].Columns)}
		for k, opt := range optimizers[e.Recipe.Name] {
			r := e.Recipe
			r.Optimizer, r.Batch, r.Schedule = opt, 30, rt.Exponential{Gamma: 0.9}
			r.Clip = []rt.Clip{{}, {Kind: rt.ClipNorm, Max: 0.01}, {Kind: rt.ClipValue, Max: 0.02}}[k%3]
			if k == 0 {
				r.Average = rt.EMA{Decay: 0.8}
			}
			if r.Name == "R" {
				r.Freeze = []string{"g"}
			}
			train := func(opt rt.TrainOptions) []R {
				w := slices.Clone(w)
				if _, err := rt.Train(context.Background(), w, layout, &r, &e.Objective, tables, opt); err != nil {
					t.Fatal(err)
				}
				return w
			}
			host, whole := train(rt.TrainOptions{Steps: 7, CheckFinite: true}), train(rt.TrainOptions{Steps: 7})
			if !slices.Equal(host, whole) {
				t.Errorf("%s, %#v: on the device %v, on the host %v", s.name, opt, whole, host)
			}
			if slices.Equal(host, w) {
				t.Errorf("%s, %#v: weights do not move", s.name, opt)
			}
			dir := t.TempDir()
			train(rt.TrainOptions{Steps: 2, RunDir: dir})
			path, ok := rt.FindCheckpoint(dir)
			if !ok {
				t.Fatal("no checkpoint")
			}
			train(rt.TrainOptions{Steps: 4, RunDir: dir, Resume: path, CheckFinite: true}) // on the host
			if again := train(rt.TrainOptions{Steps: 7, RunDir: dir, Resume: path}); !slices.Equal(again, whole) {
				t.Errorf("%s, %#v: device, host and device again give %v, the device alone %v", s.name, opt, again, whole)
			}
		}
	}

	// A loss that is not finite brings the run back to the host, which names the row; the weights are those before the step.
	e := &placed.Recipes[0]
	r, bad := e.Recipe, s.table(s.m.Recipes[0].Columns)
	r.Optimizer, r.Batch = rt.DefaultSGD(), 30
	bad.Columns[0].Row(65)[0] = math.NaN()
	at := slices.Clone(w)
	_, err = rt.Train(context.Background(), at, layout, &r, &e.Objective, rt.Tables{Train: bad}, rt.TrainOptions{Epochs: 1})
	var failed *rt.SolveError
	if !errors.As(err, &failed) || failed.Row != 65 || !rt.Finite(at) {
		t.Errorf("%s: a NaN in row 65 gives %v and weights %v", s.name, err, at)
	}
	if err := closeAll(); err != nil {
		t.Error(err)
	}
}

// TestUpdateForms: every optimiser of the language moves weights on a device, but those that are exact or not there yet, and
// lbfgs, whose sums are in float64 and stay on the host.
func TestUpdateForms(t *testing.T) {
	for _, o := range recipe.Rows(recipe.Optimizer) {
		if o.Later || o.Name == "lstsq" {
			continue
		}
		text := "package p\n\nnet f(x real) real {\n\treturn [x] |> Linear()\n}\n\ndata D {\n\tx real\n\tsource: csv{path: \"d.csv\"}\n}\n\ntrain T {\n\tdata: D\n\tepochs: 1\n\toptimizer: " + o.Name + "\n\tminimize square(f(x))\n}\n"
		s := programSubject(t, o.Name, map[string]string{"p.nde": text}, "f32")
		s.emit(t)
		want := 1
		if o.Name == "lbfgs" {
			want = 0
		}
		if n := len(s.out.Kernels.Update.By); n != want {
			t.Errorf("%s has %d kernels that move weights, want %d", o.Name, n, want)
		}
	}
}
