package lanes_test

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"

	"ndec.dev/ndec/cmd/ndec/driver"
	"ndec.dev/ndec/codegen/asm"
	"ndec.dev/ndec/codegen/asm/sim"
	"ndec.dev/ndec/codegen/lanes"
	"ndec.dev/ndec/ir"
	"ndec.dev/ndec/ir/interp"
	"ndec.dev/ndec/ir/irtest"
	"ndec.dev/ndec/ir/opt"
	"ndec.dev/ndec/ir/plan"
)

func kernelName(f *ir.Func) string {
	return strings.Map(func(r rune) rune {
		if r == '.' || r == '/' {
			return '_'
		}
		return r
	}, f.Name)
}

// bench runs kernels of a module on a simulated machine, and the interpreter beside it.
type bench struct {
	set    *lanes.Set
	m      *ir.Module
	params map[string][]float64
	texts  map[asm.ISA]*sim.Program
	name   string    // before what is said
	ran    func(run) // is told what has run, if it is there
	counts int       // how many samples count in sums; 0 for all
	pauses int       // of what has run on the simulated machine
	isas   []asm.ISA
}

// run is what a kernel was given on the simulated machine, and what it left.
type run struct {
	bench   *bench
	isa     asm.ISA
	kernel  string
	before  [4][]byte
	after   [4][]byte
	results []result
}

// result is a place in the frame.
type result struct {
	from, to int
	elem     ir.Elem
}

func newBench(t *testing.T, m *ir.Module, p *plan.Plan, params map[string][]float64, fs []*ir.Func, hold int) *bench {
	t.Helper()
	set := lanes.New(p, kernelName)
	if hold > 0 {
		set.Hold = hold
	}
	return benchOf(t, m, set, params, fs, asm.ISAs[:])
}

// benchOf is a bench of functions that are added to a set.
func benchOf(t *testing.T, m *ir.Module, set *lanes.Set, params map[string][]float64, fs []*ir.Func, isas []asm.ISA) *bench {
	t.Helper()
	b := &bench{set: set, m: m, params: params, texts: map[asm.ISA]*sim.Program{}, isas: isas}
	for _, f := range fs {
		if _, err := b.set.Add(f); err != nil {
			var u *lanes.Unsupported
			if !errors.As(err, &u) {
				t.Fatal(err)
			}
		}
	}
	for _, isa := range isas {
		text := string(b.set.Text(isa, "", b.set.Kernels, func(*lanes.Kernel) bool { return true }))
		var err error
		if b.texts[isa], err = sim.Parse(text); err != nil {
			t.Fatal(err)
		}
	}
	return b
}

// planned is the plan of a module, of functions that nothing reaches too.
func planned(t *testing.T, m *ir.Module) *plan.Plan {
	t.Helper()
	p, err := plan.Build(m)
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range m.Funcs {
		if err := p.Extra(f); err != nil {
			t.Fatal(err)
		}
	}
	return p
}

func put(mem []byte, e ir.Elem, real ir.Elem, i int, x float64) {
	switch {
	case e == ir.F64 || real == ir.F64 && e != ir.Bool:
		binary.LittleEndian.PutUint64(mem[8*i:], math.Float64bits(x))
	case e == ir.I32:
		binary.LittleEndian.PutUint32(mem[4*i:], uint32(int32(x)))
	case e == ir.Bool:
		n := real.Bytes()
		for j := range n {
			mem[n*i+j] = 0
			if x != 0 {
				mem[n*i+j] = 0xff
			}
		}
	default:
		binary.LittleEndian.PutUint32(mem[4*i:], math.Float32bits(float32(x)))
	}
}

func get(mem []byte, e ir.Elem, real ir.Elem, i int) float64 {
	switch {
	case e == ir.Bool:
		if mem[real.Bytes()*i] != 0 {
			return 1
		}
		return 0
	case e == ir.F64 || real == ir.F64:
		return math.Float64frombits(binary.LittleEndian.Uint64(mem[8*i:]))
	case e == ir.I32:
		return float64(int32(binary.LittleEndian.Uint32(mem[4*i:])))
	}
	return float64(math.Float32frombits(binary.LittleEndian.Uint32(mem[4*i:])))
}

// check runs the kernel of f, which others may share, on a block of random samples and compares each with the
// interpreter, and sums of gradients over the block.
func (b *bench) check(t *testing.T, k *lanes.Kernel, f *ir.Func, rnd *rand.Rand) {
	t.Helper()
	b.checkBlock(t, k, f, func() float64 { return float64(rnd.IntN(384)-192)/128 + 1.0/256 }, false)
}

// onEdge reports whether rounding decides about results of f in float32, that of arguments or that of every operation: where a comparison
// jumps, or small differences of large numbers go on.
func (b *bench) onEdge(t *testing.T, machine *interp.Machine, f *ir.Func, args []interp.Tensor) bool {
	if b.m.Real == ir.F64 {
		return false
	}
	rnd := rand.New(rand.NewPCG(0, 5))
	var first []interp.Tensor
	defer func(was bool) { machine.Round32 = was }(machine.Round32)
	for run := range 17 {
		machine.Round32 = run == 16
		near := make([]interp.Tensor, len(args))
		for i, a := range args {
			near[i] = interp.Tensor{Shape: a.Shape, Data: slices.Clone(a.Data)}
			for k, x := range a.Data {
				if run > 0 && run < 16 && f.Args[i].Type.Elem.IsFloat() {
					near[i].Data[k] = x + (2*rnd.Float64()-1)*0x1p-22*max(1, math.Abs(x))
				}
			}
		}
		out, err := machine.Call(f, near...)
		if err != nil {
			t.Fatal(err)
		}
		if first == nil {
			first = out
		}
		for i := range out {
			for k, x := range out[i].Data {
				if math.Abs(x-first[i].Data[k]) > 2e-6*max(1, math.Abs(x)) {
					t.Logf("%s%s: rounding decides about results for numbers that were drawn", b.name, f.Name)
					return true
				}
			}
		}
	}
	return false
}

// checkOdd runs it on numbers that are none, infinite, or nearly nothing, among others, and compares the ISAs.
func (b *bench) checkOdd(t *testing.T, k *lanes.Kernel, f *ir.Func, rnd *rand.Rand) {
	t.Helper()
	odd := []float64{math.NaN(), math.Inf(1), math.Inf(-1), math.Copysign(0, -1), 0, 1e-40, -3e-39, 1e-30, 1e-310, -2e19, 3e38, 1e300, 1, -1, 0.5, 88, -104}
	b.checkBlock(t, k, f, func() float64 {
		if rnd.IntN(2) == 0 {
			return rnd.NormFloat64()
		}
		return odd[rnd.IntN(len(odd))]
	}, true)
}

// isTolerance reports whether an argument is positive wherever a solve calls: errors relative to others have squares beyond float32.
func isTolerance(a *ir.Value) bool { return a.Name == "rtol" || a.Name == "atol" }

// checkBlock draws the numbers of arguments. The interpreter, which has wider numbers, is not asked about odd ones.
func (b *bench) checkBlock(t *testing.T, k *lanes.Kernel, f *ir.Func, draw func() float64, odd bool) {
	t.Helper()
	w := b.set.Samples()
	machine, err := interp.New(b.m, b.params)
	if err != nil {
		t.Fatal(err)
	}
	args := make([][]interp.Tensor, w)
	for l := range args {
		for _, a := range f.Args {
			x := interp.Tensor{Shape: a.Type.Shape}
			for range a.Type.Len() {
				v := draw()
				if isTolerance(a) && !odd {
					v = math.Abs(v)
				}
				if !a.Type.Elem.IsFloat() {
					v = float64(math.Float64bits(v) >> 52 & 1)
				}
				x.Data = append(x.Data, v)
			}
			args[l] = append(args[l], x)
		}
	}
	flat := 0
	for _, p := range b.m.Params {
		flat += p.Type.Len()
	}
	wants := make([][]interp.Tensor, w)
	for l := range args {
		if odd {
			break
		}
		if wants[l], err = machine.Call(f, args[l]...); err != nil {
			t.Fatalf("%s: %v", f.Name, err)
		}
	}
	tol := 1e-5
	if b.m.Real == ir.F64 {
		tol = 1e-12
	}
	close := func(g, w float64) bool {
		return g == w || math.IsNaN(g) && math.IsNaN(w) || math.Abs(g-w) <= tol*max(1, math.Abs(w))
	}
	var frames, tiles [][]byte
	for _, isa := range b.isas {
		fr := make([]byte, b.set.Size)
		for i := range fr {
			fr[i] = 0xff // NaN where a kernel reads what nobody has written
		}
		for i := range w {
			if b.counts == 0 || i < b.counts {
				put(fr[b.set.MaskOff:], ir.Bool, b.m.Real, i, 1)
			} else {
				put(fr[b.set.MaskOff:], ir.Bool, b.m.Real, i, 0)
			}
		}
		for i, at := range k.Args {
			for r := range at.Rows {
				for l := range w {
					put(fr[at.Off:], at.Elem, b.m.Real, r*w+l, args[l][i].Data[r])
				}
			}
		}
		var ps, pre []byte
		for _, p := range b.m.Params {
			x := make([]byte, p.Type.Len()*p.Type.Elem.Bytes())
			for i, v := range b.params[p.Name] {
				put(x, p.Type.Elem, b.m.Real, i, v)
			}
			ps = append(ps, x...)
		}
		if b.m.Prepare != nil {
			out, err := machine.Call(b.m.Prepare)
			if err != nil {
				t.Fatal(err)
			}
			for i, d := range b.m.Derived {
				for len(pre)%d.Type.Elem.Bytes() != 0 {
					pre = append(pre, 0)
				}
				x := make([]byte, d.Type.Len()*d.Type.Elem.Bytes())
				for j, v := range out[i].Data {
					if d.Type.Elem.IsFloat() { // others are not read in lanes
						put(x, d.Type.Elem, b.m.Real, j, v)
					}
				}
				pre = append(pre, x...)
			}
		}
		b.pack(fr)
		place := func(at lanes.SumPlace) int { return at.Nums*b.m.Real.Bytes() + at.Vecs*isa.Bytes() }
		sums := make([]byte, place(b.set.SumsEnd()))
		m := b.texts[isa].Machine()
		memory := [4][]byte{fr, ps, pre, sums}
		done := run{bench: b, isa: isa, kernel: k.Name, after: memory}
		var mem []uint64
		for i, x := range memory {
			done.before[i] = bytes.Clone(x)
			mem = append(mem, m.Map(x))
		}
		if err := m.Call(k.Name+"_"+isa.String(), mem...); err != nil {
			t.Fatalf("%s: %v", f.Name, err)
		}
		b.pauses += m.Pauses
		if most := b.set.Longest(k, isa); m.Pauses > 0 && m.Longest > 2*most {
			t.Errorf("%s%s on %s: %d instructions run without a pause, %d half cycles were reckoned with", b.name, f.Name, isa, m.Longest, most)
		}
		for _, at := range k.Results {
			if at != nil {
				done.results = append(done.results, result{at.Off, at.Off + at.Rows*w*max(b.m.Real.Bytes(), at.Elem.Bytes()), at.Elem})
			}
		}
		if b.ran != nil {
			b.ran(done)
		}
		frames = append(frames, fr)
		var inTiles []byte
		for _, p := range b.m.Params {
			if _, at := b.set.Sums(p); at != nil {
				padded := (at.Columns*b.m.Real.Bytes() + 63) / 64 * 64
				inTiles = append(inTiles, sums[place(*at):][:p.Type.Shape[0]*padded]...)
			}
		}
		tiles = append(tiles, inTiles)
		if odd {
			continue
		}
		for i, at := range k.Results {
			if at == nil {
				continue
			}
			for r := range at.Rows {
				for l := range w {
					if g, want := get(fr[at.Off:], at.Elem, b.m.Real, r*w+l), wants[l][i].Data[r]; !close(g, want) && !b.onEdge(t, machine, f, args[l]) {
						t.Errorf("%s%s on %s: result %d, element %d of sample %d: %v, want %v", b.name, f.Name, isa, i, r, l, g, want)
						return
					}
				}
			}
		}
		pf := b.set.Plan.Of(f)
		n := isa.Lanes(asm.F32)
		if b.m.Real == ir.F64 {
			n = isa.Lanes(asm.F64)
		}
		at := map[*ir.Param]int{}
		off := 0
		for _, p := range b.m.Params {
			at[p] = off
			off += p.Type.Len()
		}
		want := make([]float64, flat)
		size := make([]float64, flat)
		for i, p := range pf.Sums {
			if p == nil {
				continue
			}
			for l := range w {
				if b.counts > 0 && l >= b.counts {
					break
				}
				for r, x := range wants[l][i].Data {
					want[at[p]+r] += x
					size[at[p]+r] += math.Abs(x)
				}
			}
		}
		gots := make([]float64, 0, flat)
		for _, p := range b.m.Params {
			inLanes, inTiles := b.set.Sums(p)
			for j := range p.Type.Len() {
				got := 0.0
				if inLanes != nil {
					for l := range n {
						got += get(sums[place(*inLanes):], b.m.Real, b.m.Real, j*n+l)
					}
				}
				if inTiles != nil {
					padded := (inTiles.Columns*b.m.Real.Bytes() + 63) / 64 * 64
					row := sums[place(*inTiles)+j/inTiles.Columns*padded:]
					got += get(row, b.m.Real, b.m.Real, j%inTiles.Columns)
				}
				gots = append(gots, got)
			}
		}
		for j, got := range gots {
			if math.Abs(got-want[j]) > tol*max(1, size[j]) {
				if slices.ContainsFunc(args, func(in []interp.Tensor) bool { return b.onEdge(t, machine, f, in) }) {
					return
				}
				t.Errorf("%s%s on %s: gradient %d: %v, want %v", b.name, f.Name, isa, j, got, want[j])
				return
			}
		}
	}
	if len(tiles) < len(asm.ISAs) {
		return
	}
	if i := other(tiles[0], tiles[1], b.m.Real, b.m.Real); i >= 0 {
		t.Errorf("%s: sum %d of matrices that are summed in tiles has other bits on avx512 than on avx2", f.Name, i)
	}
	for i, at := range k.Results {
		if at == nil {
			continue
		}
		n := at.Rows * b.set.Samples() * max(b.m.Real.Bytes(), at.Elem.Bytes())
		if other(frames[0][at.Off:][:n], frames[1][at.Off:][:n], at.Elem, b.m.Real) >= 0 {
			t.Errorf("%s%s: result %d has other bits on avx512 than on avx2", b.name, f.Name, i)
		}
	}
}

// TestMoons compares every function of the example with the interpreter, sample by sample, on both ISAs.
func TestMoons(t *testing.T) {
	files := map[string]string{}
	for _, n := range []string{"moons.nde", "moons_hyper.nde"} {
		text, err := os.ReadFile("../../generated/moons/" + n)
		if err != nil {
			t.Fatal(err)
		}
		files[n] = string(text)
	}
	res, ds := driver.Compile(files, driver.Options{Until: "plan"})
	if ds.HasErrors() {
		t.Fatal(ds)
	}
	params, rnd := drawn(res.Module)
	var fs []*ir.Func
	for _, pf := range res.Plan.Funcs {
		fs = append(fs, pf.IR)
	}
	for _, hold := range []int{0, 2000} { // also with pauses
		b := newBench(t, res.Module, res.Plan, params, fs, hold)
		for _, pf := range res.Plan.Funcs {
			k := b.set.Of(pf.IR)
			if k == nil {
				_, err := b.set.Add(pf.IR)
				t.Logf("not in lanes: %v", err)
				continue
			}
			b.check(t, k, pf.IR, rnd)
		}
		if len(b.set.Kernels) < 20 {
			t.Errorf("only %d functions are compiled to lanes", len(b.set.Kernels))
		}
		if (b.pauses >= 1000) != (hold > 0) {
			t.Errorf("%d pauses where a kernel may take %d", b.pauses, hold)
		}
	}
}

// seeds are those of the random modules that are compared: NDEC_TEST_MODULES names more than a person waits for, by their number or
// by the first and the one behind the last.
func seeds(t *testing.T) (from, to uint64) {
	set := os.Getenv("NDEC_TEST_MODULES")
	if set == "" {
		return 0, 60
	}
	first, last, isRange := strings.Cut(set, "-")
	if !isRange {
		first, last = "0", first
	}
	from, err := strconv.ParseUint(first, 10, 32)
	if err != nil {
		t.Fatalf("NDEC_TEST_MODULES: %v", err)
	}
	if to, err = strconv.ParseUint(last, 10, 32); err != nil {
		t.Fatalf("NDEC_TEST_MODULES: %v", err)
	}
	return from, to
}

// TestRandomModules compares the functions of random modules: kernels of both ISAs on the simulator with the interpreter, and
// with each other, and kernels on this processor with the simulator.
func TestRandomModules(t *testing.T) {
	compiled, all, pauses := 0, 0, 0
	machine := newProcessor(t)
	from, to := seeds(t)
	for seed := from; seed < to; seed++ {
		if seed%100 == 99 { // so that frames do not pile up
			machine.compare(t)
		}
		for _, real := range []ir.Elem{ir.F32, ir.F64} {
			c := irtest.Random(seed, real)
			opt.Prepare(c.Module)
			opt.Run(c.Module, opt.Options{})
			p, err := plan.Build(c.Module)
			if err != nil {
				t.Fatal(err)
			}
			var fs []*ir.Func
			for _, pf := range p.Funcs {
				fs = append(fs, pf.IR)
			}
			b := newBench(t, c.Module, p, c.Params, fs, []int{0, 400}[seed%2]) // every second one with pauses
			b.name, b.ran = fmt.Sprintf("seed %d: ", seed), machine.add
			for _, f := range fs {
				all++
				if k := b.set.Of(f); k != nil {
					compiled++
					if got, want := b.set.WorkOf(k).Cost, p.Of(f).Cost; got != want {
						t.Errorf("seed %d: %s is %+v in its kernel, %+v by the plan", seed, f.Name, got, want)
					}
					b.check(t, k, f, rand.New(rand.NewPCG(seed, 3)))
					b.checkOdd(t, k, f, rand.New(rand.NewPCG(seed, 4)))
				}
			}
			pauses += b.pauses
		}
	}
	machine.compare(t)
	t.Logf("%d of %d functions are compiled to lanes; they pause %d times", compiled, all, pauses)
	if pauses < 1000 && to-from >= 60 {
		t.Error("kernels pause too seldom")
	}
}

// drawn are weights of a module, between -0.5 and 0.5, and where they were drawn.
func drawn(m *ir.Module) (map[string][]float64, *rand.Rand) {
	params := map[string][]float64{}
	rnd := rand.New(rand.NewPCG(1, 2))
	for _, p := range m.Params {
		for range p.Type.Len() {
			params[p.Name] = append(params[p.Name], rnd.Float64()-0.5)
		}
	}
	return params, rnd
}
