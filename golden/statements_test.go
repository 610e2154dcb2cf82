package golden

import (
	"encoding/json"
	"math"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"ndec.dev/ndec/cmd/ndec/driver"
	"ndec.dev/ndec/golden/emittest"
	"ndec.dev/ndec/ir"
	"ndec.dev/ndec/ir/interp"
	"ndec.dev/ndec/ir/plan"
	"ndec.dev/ndec/rt"
)

// statements has every statement of the language that whole does without, again in company that they do not keep elsewhere: a declared
// method under events, knots and a hypersolver; several paths of noise with outputs; multiple shooting of a second-order system with an
// integral; recurrent, convolutional and time-dependent layers around them; a recipe over all of it.
var statements = map[string]string{
	"../parts/parts.nde": `package parts

const Stiff = 2.5

// wave is used by both packages.
fn wave[n](x [n]real) [n]real {
	return sin(x) + 0.5*x
}
`,
	"a.nde": `package statements

import parts "../parts"

const (
	N     = 6
	Group = 3
)

method Kutta {
	order: 3
	c: [0, 1/2, 1]
	a: [[], [1/2], [-1, 2]]
	b: [1/6, 2/3, 1/6]
}

solver Steps = Kutta{steps: 12, events: root{tol: 1e-13, max: 20}}

// Ball bounces on a floor under a thrust that is held between knots.
system Ball {
	state h, v real
	state n real = 0
	input thrust real {
		interp: hold
	}
	param e real = 0.7 where 0 < e < 1
	der(h) = v
	der(v) = thrust - 9.81
	der(n) = 0
	integral action = v^2
	output energy = 9.81*h + 0.5*v^2
	when falling(h) {
		v = -e * v
		n = n + 1
	}
}

// Bounce ends between two bounces.
model Bounce(h real, ts [3]time, us [3]real) (h1, n, action, energy real) {
	end := solve(Ball{h: h, v: 0, thrust: signal(ts, us)}, over: 0..2, with: Steps)
	return end.h, end.n, end.action, end.energy
}

net push[n](x [n]real) [n]real {
	return x |> Linear(5) |> tanh |> Linear(n)
}

system Spring {
	state q, v [2]real
	context load real
	der(q) = v
	der(v) = (push(q) - parts.Stiff*parts.wave(q)) / (1 + load)
	integral work = dot(push(q), v)
	output moved = norm(q - initial(q))
}

net correction(h real, q, dq, dv [2]real) [2]real {
	return concat(q, dq, dv, h) |> Linear(2)
}

hypersolver Quick for Spring {
	base: Kutta{steps: 4}
	residual(v) = correction(h, q, der(q), der(v))
}

// Corrected has a residual on one of two states.
model Corrected(q, v [2]real, load real) (q1, v1 [2]real, moved real) {
	end := solve(Spring{q, v, load}, over: 0..1, with: Quick)
	return end.q, end.v, end.moved
}

// Shots starts again from the data at every third time.
model Shots(qs, vs [N, 2]real, load real, ts [N]time) (q [N, 2]real, work, moved [N]real, gap real, nfe i32) {
	shots := multishoot(Spring{q: qs, v: vs, load: load}, at: ts, group: Group, with: rk4{per_sample: 2})
	return shots.q, shots.work, shots.moved, shots.gap, shots.nfe
}

system Noisy {
	calculus: ito
	state x [2]real
	context c real
	der(x) = [0*c, -c*x[1] + x[0]]
	noise(x) = [[1.0], [0.5*x[1]]]
	output product = c*x[0]*x[1]
}

// Paths shows the first component, which is the Wiener process itself, at every step.
model Paths(y, c real, ts [5]time) (x [3, 5, 2]real, product [3, 5]real) {
	path := solve(Noisy{x: [0, y], c: c}, from: 0, at: ts, paths: 3, with: euler_maruyama{steps: 5})
	return path.x, path.product
}

net read(s [N, 2]real) [4]real {
	layer memory = GRU(3)
	h := s |> memory
	w := transpose(s) |> Conv1d(2, kernel: 3, pad: 1) |> relu |> flatten
	return concat(h, [sum(w)]) |> LayerNorm
}

net timed(t real, x [4]real) [2]real {
	return x |> Linear(3, basis: cheby{deg: 2}, at: t) |> softplus |> Linear(2)
}

net each(x [2]real, z [2]real) real {
	return dot(x, z) |> tanh
}

// Encode draws from what a window says about a latent state.
model Encode(s [N, 2]real) (u [2]real, cost, logp, volume real, along [N]real) {
	m := read(s |> standardize(Windows.s, per: channel))
	mu := m[:2]
	deviation := exp(m[2:])
	z := mu + deviation*draw(normal(0, 1), [2])
	A := [[2 + z[0]^2, z[1]], [z[1], 3.0]]
	u := linsolve(A, timed(0.3, m))
	return u, kl(normal(mu, deviation), normal(0, 1)), log_prob(laplace(0, 2), z), logdet(A), map(each, s, z)
}

data Windows {
	s [N, 2]real
	y [2]real
	source: npz{path: "windows.npz"}
}

train Fit {
	data: Windows
	batch: full
	u, cost, logp, volume, along := Encode(s)
	frozen := detach(u)
	minimize mse(u, y) + anneal(from: 0.5, to: 0.1, steps: 10)*cost + avg(0.1*volume) + 1e-2*l2(timed) + 0.01*dot(frozen, u)
	metric rmse = sqrt(avg(mse(u, y)))
	metric share = mean(abs(along)) / avg(sqnorm(u)) + max(along)
	epochs: 2
	optimizer: adam{lr: 1e-2}
	seed: 3
}

test Falls {
	params: seed 1
	h, n, action, energy := Bounce(1, [0, 0.5, 1], [0, 0, 0])
	check n == 2
}

target go{package: "statements", jacobians: [Corrected]}
`}

// byHand are the models and the recipe of statements once more, in Go.
type byHand struct{ w map[string][]float64 }

func (r byHand) net(name string, x ...float64) []float64 {
	return layerOf(r.w, name+".2", mapped(math.Tanh, layerOf(r.w, name+".0", x...))...)
}

func dot(x, y []float64) float64 {
	sum := 0.0
	for i := range x {
		sum += x[i] * y[i]
	}
	return sum
}

func sigmoid(x float64) float64 { return 1 / (1 + math.Exp(-x)) }

// bounce is exact: between knots and bounces the thrust is constant.
func (r byHand) bounce(h float64, ts, us []float64) []float64 {
	e := r.w["Ball.e"][0]
	v, n, action, t := 0.0, 0.0, 0.0, 0.0
	for t < 2 {
		end, u := 2.0, us[len(us)-1]
		for k := range ts {
			if ts[k] > t {
				end, u = math.Min(end, ts[k]), us[max(k-1, 0)]
				break
			}
		}
		a, left, hit := u-9.81, end-t, false
		if root := (-v - math.Sqrt(v*v-2*a*h)) / a; a < 0 && root > 1e-9 && root < left {
			left, hit = root, true
		}
		action += v*v*left + v*a*left*left + a*a*left*left*left/3
		h, v, t = h+v*left+a*left*left/2, v+a*left, t+left
		if hit {
			h, v, n = 0, -e*v, n+1
		}
	}
	return []float64{h, n, action, 9.81*h + 0.5*v*v}
}

// spring is the right-hand side of q, v and work.
func (r byHand) spring(load float64) func(t float64, y []float64) []float64 {
	return func(_ float64, y []float64) []float64 {
		push, d := r.net("push", y[:2]...), append([]float64(nil), y[2:4]...)
		for i := range 2 {
			d = append(d, (push[i]-2.5*(math.Sin(y[i])+0.5*y[i]))/(1+load))
		}
		return append(d, dot(push, y[2:4]))
	}
}

// corrected takes four steps of Kutta's method of order 3 with a residual on the velocity.
func (r byHand) corrected(q, v []float64, load float64) []float64 {
	f, y := r.spring(load), append(append(append([]float64(nil), q...), v...), 0)
	const h = 0.25
	plus := func(terms ...float64) func(ks ...[]float64) []float64 {
		return func(ks ...[]float64) []float64 {
			out := append([]float64(nil), y...)
			for j, k := range ks {
				for i := range out {
					out[i] += h * terms[j] * k[i]
				}
			}
			return out
		}
	}
	for range 4 {
		k1 := f(0, y)
		k2 := f(0, plus(0.5)(k1))
		k3 := f(0, plus(-1, 2)(k1, k2))
		c := layerOf(r.w, "correction.0", append(append(append([]float64(nil), y[:2]...), k1[:4]...), h)...)
		y = plus(1.0/6, 2.0/3, 1.0/6)(k1, k2, k3)
		for i := range 2 {
			y[2+i] += h * h * h * h * c[i]
		}
	}
	return append(append([]float64(nil), y[:4]...), math.Hypot(y[0]-q[0], y[1]-q[1]))
}

// shots is q, work, moved, gap and the number of evaluations.
func (r byHand) shots(qs, vs []float64, load float64, ts []float64) []float64 {
	f := r.spring(load)
	var q, work, moved []float64
	total, gap := 0.0, 0.0
	for g := 0; g < 6; g += 3 {
		y := append(append(append([]float64(nil), qs[2*g:2*g+2]...), vs[2*g:2*g+2]...), 0)
		for i := g; i < g+3; i++ {
			q, work = append(q, y[:2]...), append(work, total+y[4])
			moved = append(moved, math.Hypot(y[0]-qs[2*g], y[1]-qs[2*g+1]))
			if i < 5 {
				y = march(f, y, ts[i], ts[i+1], 2)
			}
		}
		total += y[4]
		if g == 0 {
			for i := range 2 {
				a, b := y[i]-qs[6+i], y[2+i]-vs[6+i]
				gap += a*a + b*b
			}
		}
	}
	return slices.Concat(q, work, moved, []float64{gap, 40})
}

// paths are steps of Euler and Maruyama along processes that are given at their ends.
func paths(y, c float64, w []float64) (x, product []float64) {
	for p := range 3 {
		a, b := 0.0, y
		for k := range 5 {
			dw := w[5*p+k] - a
			b += 0.2*(a-c*b) + 0.5*b*dw
			a = w[5*p+k]
			x, product = append(x, a, b), append(product, c*a*b)
		}
	}
	return x, product
}

// encode is u, cost, logp, volume and along for the draws of a row.
func (r byHand) encode(s []float64, draws []float64) []float64 {
	w := r.w
	var z [6][2]float64
	for i := range 12 {
		z[i/2][i%2] = (s[i] - w["Windows.s.channel.mean"][i%2]) / w["Windows.s.channel.std"][i%2]
	}
	h := make([]float64, 3)
	affine := func(m, b string, x []float64) []float64 {
		out := append([]float64(nil), w["read.memory."+b]...)
		for i := range out {
			out[i] += dot(w["read.memory."+m][i*len(x):(i+1)*len(x)], x)
		}
		return out
	}
	for _, x := range z {
		in, back := affine("weight_ih_l0", "bias_ih_l0", x[:]), affine("weight_hh_l0", "bias_hh_l0", h)
		next := make([]float64, 3)
		for i := range 3 {
			reset, update := sigmoid(in[i]+back[i]), sigmoid(in[3+i]+back[3+i])
			next[i] = (1-update)*math.Tanh(in[6+i]+reset*back[6+i]) + update*h[i]
		}
		h = next
	}
	bumps := 0.0
	for o := range 2 {
		for i := range 6 {
			sum := w["read.w.0.bias"][o]
			for c := range 2 {
				for k := range 3 {
					if at := i + k - 1; at >= 0 && at < 6 {
						sum += w["read.w.0.weight"][o*6+c*3+k] * z[at][c]
					}
				}
			}
			bumps += math.Max(sum, 0)
		}
	}
	m := append(h, bumps)
	mean, square := 0.0, 0.0
	for _, x := range m {
		mean += x / 4
	}
	for _, x := range m {
		square += (x - mean) * (x - mean) / 4
	}
	for i := range m {
		m[i] = (m[i]-mean)/math.Sqrt(square+1e-5)*w["read.0.weight"][i] + w["read.0.bias"][i]
	}
	latent := make([]float64, 2)
	cost, logp := 0.0, 0.0
	for i := range 2 {
		d := math.Exp(m[2+i])
		latent[i] = m[i] + d*draws[i]
		cost += -math.Log(d) - 0.5 + (d*d+m[i]*m[i])/2
		logp += -math.Abs(latent[i])/2 - math.Log(4)
	}
	const t1 = 2*0.3 - 1
	weight, bias := append([]float64(nil), w["timed.0.weight"]...), append([]float64(nil), w["timed.0.bias"]...)
	for k, f := range []float64{t1, 2*t1*t1 - 1} {
		for i := range weight {
			weight[i] += f * w["timed.0.weight_basis"][12*k+i]
		}
		for i := range bias {
			bias[i] += f * w["timed.0.bias_basis"][3*k+i]
		}
	}
	at := map[string][]float64{"a.weight": weight, "a.bias": bias}
	b := layerOf(w, "timed.2", mapped(func(x float64) float64 { return math.Log1p(math.Exp(x)) }, layerOf(at, "a", m...))...)
	a00, a01 := 2+latent[0]*latent[0], latent[1]
	det := 3*a00 - a01*a01
	out := []float64{(3*b[0] - a01*b[1]) / det, (a00*b[1] - a01*b[0]) / det, cost, logp, math.Log(math.Abs(det))}
	for i := range 6 {
		out = append(out, math.Tanh(dot(s[2*i:2*i+2], latent)))
	}
	return out
}

// drawn are the two numbers that Encode draws for a row in evaluations.
func drawn(seed uint64, row int) []float64 {
	key := rt.Key{Seed: seed, Step: rt.EvalStep}.At(row).Words()
	u := make([]float64, 2)
	rt.Draw(u, &key, uint32(ir.Site("Encode.draw1")), 0)
	r, a := math.Sqrt(-2*math.Log(1-u[0])), 2*math.Pi*u[1]
	return []float64{r * math.Cos(a), r * math.Sin(a)}
}

// TestStatements compares statements, interpreted and compiled, with the same written down in Go, to 1e-10.
func TestStatements(t *testing.T) {
	res, ds := driver.Compile(statements, driver.Options{Precision: "f64", Dir: "/x/a", Package: "statements"})
	if len(ds) > 0 {
		t.Fatal(ds)
	}
	m := res.Module
	w, _ := weightsOf(m)
	w["Ball.e"] = []float64{0.7}
	var flat []float64
	for _, p := range m.Params {
		flat = append(flat, w[p.Name]...)
	}
	r := byHand{w}
	wave := func(n int, by float64) []float64 {
		out := make([]float64, n)
		for i := range out {
			out[i] = 0.9 * math.Sin(by*float64(i+1))
		}
		return out
	}
	inputs := map[string][][]float64{
		"Bounce":    {{1.1}, {0, 0.5, 1.1}, {0.5, 3, -2}},
		"Corrected": {{0.7, -0.4}, {0.1, 0.9}, {0.6}},
		"Shots":     {wave(12, 0.7), wave(12, 1.9), {0.6}, {0, 0.2, 0.5, 0.6, 1, 1.1}},
		"Paths":     {{0.8}, {1.3}, {0.2, 0.4, 0.6, 0.8, 1}},
		"Encode":    {wave(12, 2.3)},
	}
	in := func(name string) [][]float64 { return inputs[name] }
	x := in("Bounce")
	want := map[string][]float64{"Bounce": r.bounce(x[0][0], x[1], x[2])}
	x = in("Corrected")
	want["Corrected"] = r.corrected(x[0], x[1], x[2][0])
	x = in("Shots")
	want["Shots"] = r.shots(x[0], x[1], x[2][0], x[3])
	want["Encode"] = r.encode(in("Encode")[0], drawn(0, 0))

	mc, err := interp.New(m, w)
	if err != nil {
		t.Fatal(err)
	}
	job := exampleJob{Weights: flat, Inputs: map[string]*rt.Table{}, Dir: t.TempDir(), Steps: 2}
	got := map[string][]float64{} // interpreted
	for _, model := range m.Own() {
		if inputs[model.Name] == nil {
			continue
		}
		table := &rt.Table{Rows: 1}
		var args []interp.Tensor
		for i, p := range model.Inputs {
			data := inputs[model.Name][i]
			table.Columns = append(table.Columns, rt.Column{Name: p.Name, Width: len(data), Data: data})
			args = append(args, interp.Of(data, p.Type.Shape...))
		}
		job.Inputs[model.Name] = table
		if model.Keyed() {
			key := rt.Key{Step: rt.EvalStep}.Words()
			args = append(args, interp.Of(key[:], len(key)))
		}
		out, err := mc.Call(model.Func, args...)
		if err != nil {
			t.Fatal(err)
		}
		for i := range model.Outputs {
			got[model.Name] = append(got[model.Name], out[i].Data...)
		}
	}

	const rows = 5
	arrays := map[string]npArray{"s": {shape: []int{rows, 6, 2}, data: wave(rows*12, 1.3)}, "y": {shape: []int{rows, 2}, data: wave(rows*2, 0.4)}}
	if err := os.WriteFile(filepath.Join(job.Dir, "windows.npz"), npz(t, arrays), 0o666); err != nil {
		t.Fatal(err)
	}
	main, err := os.ReadFile("testdata/examples/main.go")
	if err != nil {
		t.Fatal(err)
	}
	program := emittest.Program{Packages: map[string][]plan.File{"statements": res.Out}, Main: map[string][]byte{"main.go": main,
		"packages.go": []byte("package main\n\nimport \"ndec.dev/ndec/statements\"\n\nvar packages = map[string]func(Job) Answer{\"statements\": func(j Job) Answer { return run(statements.Program(), j) }}\n")}}
	asked, err := json.Marshal(map[string]exampleJob{"statements": job})
	if err != nil {
		t.Fatal(err)
	}
	var answers map[string]exampleAnswer
	if err := json.Unmarshal(program.Run(t, asked), &answers); err != nil {
		t.Fatal(err)
	}
	answer := answers["statements"]
	if answer.Err != "" {
		t.Fatal(answer.Err)
	}
	for name := range inputs {
		var compiled []float64
		for _, c := range answer.Outputs[name].Columns {
			compiled = append(compiled, c.Data...)
		}
		for how, got := range map[string][]float64{"interpreted": got[name], "compiled": compiled} {
			want := want[name]
			if name == "Paths" { // the first component of a path is its Wiener process
				var process []float64
				for k := range 15 {
					process = append(process, got[2*k])
				}
				x, product := paths(in(name)[0][0], in(name)[1][0], process)
				want = append(x, product...)
			}
			if d, i := farthest(got, want); !(d <= 1e-10) {
				t.Errorf("%s %s: number %d of %d is %g off:\n%v\n%v", name, how, i, len(want), d, got, want)
			}
		}
	}

	// The recipe in evaluation: anneal is at its end, and the means are over all rows.
	var loss, square, along, latent, top float64
	l2 := 0.0
	for _, name := range []string{"timed.0.weight", "timed.0.weight_basis", "timed.0.bias", "timed.0.bias_basis", "timed.2.weight", "timed.2.bias"} {
		l2 += dot(w[name], w[name])
	}
	for row := range rows {
		o := r.encode(arrays["s"].data[12*row:12*row+12], drawn(3, row))
		y := arrays["y"].data[2*row : 2*row+2]
		mse := ((o[0]-y[0])*(o[0]-y[0]) + (o[1]-y[1])*(o[1]-y[1])) / 2
		loss += (mse + 0.1*o[2] + 0.1*o[4] + 1e-2*l2 + 0.01*dot(o[:2], o[:2])) / rows
		square += mse / rows
		latent += dot(o[:2], o[:2]) / rows
		for _, x := range o[5:] {
			along += math.Abs(x) / 6 / rows
		}
		top += slices.Max(o[5:]) / rows
	}
	ev := answer.Starts["Fit"]
	if d, i := farthest([]float64{ev.Loss, ev.Metrics["rmse"], ev.Metrics["share"]}, []float64{loss, math.Sqrt(square), along/latent + top}); !(d <= 1e-10) {
		t.Errorf("number %d of loss %g, rmse and share %v is %g off", i, ev.Loss, ev.Metrics, d)
	}
	if l := answer.Losses["Fit"]; len(l) != 2 || !(l[1] < l[0]) {
		t.Errorf("the loss goes %v", l)
	}
}
