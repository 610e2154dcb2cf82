// Command gpu times emitted kernels on a GPU, after a comparison with the CPU. `.ci/cuda kit` builds it, with the programs of
// programs.sh and generated/moons and machine code for them in it, so that the machine with the GPU needs a driver and nothing else.
package main

import (
	"bytes"
	"context"
	"embed"
	"errors"
	"flag"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"time"

	"ndec.dev/ndec/rt"
	_ "ndec.dev/ndec/rt/cuda"
)

// images has PACKAGE.sm_90 and, with kernels of groups, PACKAGE.sm_90a.
//
//go:embed images
var images embed.FS

const (
	capability = 90 // of the images
	compared   = 300
	runs       = 9 // of which the median counts
)

// program is a package that is timed, whatever its precision.
type program interface {
	name() string
	measure(dev rt.Device, verbose bool, weights string) error
}

type of[R rt.Float] struct{ rt.Program[R] }

func (p of[R]) name() string { return p.Package }

func main() {
	only := flag.String("only", "", "pattern of packages")
	verbose := flag.Bool("kernels", false, "every kernel of a step with its time")
	weights := flag.String("weights", "", "folder with PACKAGE.safetensors (docs/peers/gpu.py --write), so that the nets have the weights of the peers")
	flag.Parse()
	pattern, err := regexp.Compile(*only)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(2)
	}
	dev, err := rt.Open("cuda:0")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	fmt.Printf("%s\n\n| program | batch | kernels, ms | launches | with copies and host, ms | of all launches |\n|---|---|---|---|---|---|\n", dev.Name())
	failed := false
	for _, p := range programs() {
		if !pattern.MatchString(p.name()) {
			continue
		}
		if err := p.measure(dev, *verbose, *weights); err != nil {
			fmt.Printf("%s: %v\n", p.name(), err)
			failed = true
		}
	}
	if err := dev.Close(); err != nil {
		fmt.Println(err)
		failed = true
	}
	if failed {
		os.Exit(1)
	}
}

// holder is a device that keeps the module it loads, for the times of its kernels.
type holder struct {
	rt.Device
	module rt.DeviceModule
}

func (h *holder) Load(k *rt.Kernels) (rt.DeviceModule, error) {
	m, err := h.Device.Load(k)
	h.module = m
	return m, err
}

func (p of[R]) measure(dev rt.Device, verbose bool, weights string) (err error) {
	k := *p.Kernels
	k.Images = nil
	for _, suffix := range []string{"", "a"} {
		if text, err := images.ReadFile("images/" + p.Package + ".sm_90" + suffix); err == nil {
			k.Images = append(k.Images, rt.KernelImage{Capability: capability, Groups: suffix != "", Text: string(text)})
		}
	}
	cpu := p.Program
	p.Kernels = &k
	h := &holder{Device: dev}
	begun := time.Now()
	placed, left, closeAll, err := rt.OnDevice(p.Program, h)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, closeAll()) }()
	fmt.Printf("| %s loads | | | | %.1f | %s |\n", p.Package, 1e3*time.Since(begun).Seconds(), strings.Join(left, ", "))
	w := make([]R, rt.LayoutLen(p.Layout))
	rt.InitParams(w, p.Layout, 1)
	// A net has the same weights with adaptive steps, whose package has an a at the end.
	file := filepath.Join(weights, strings.TrimSuffix(p.Package, "a")+".safetensors")
	if _, serr := os.Stat(file); weights != "" && serr == nil {
		if err := rt.LoadFile(file, w, p.Layout); err != nil {
			return err
		}
		fmt.Printf("%s: weights of %s\n", p.Package, file)
	}
	timer := h.module.(rt.DeviceTimer)
	for i := range placed.Models {
		m := &placed.Models[i]
		if slices.Contains(left, "model "+m.Name) {
			continue
		}
		if err := compareModel(&cpu.Models[i], m, w); err != nil {
			fmt.Printf("%s.%s: %v\n", p.Package, m.Name, err)
		}
		for _, n := range batches(p.Package) {
			in := points(m.Inputs, n)
			rows := m.Rows(w, in)
			err := timed(timer, fmt.Sprintf("%s.%s | %d", p.Package, m.Name, n), verbose, func() error { return rows.Batch(context.Background(), nil, 0) })
			if err != nil {
				fmt.Printf("%s.%s: %v\n", p.Package, m.Name, err)
			}
		}
	}
	for i := range placed.Recipes {
		e := &placed.Recipes[i]
		if slices.Contains(left, "recipe "+e.Recipe.Name) {
			continue
		}
		if err := p.recipe(timer, &cpu.Recipes[i], e, slices.Clone(w), verbose); err != nil {
			fmt.Printf("%s.%s: %v\n", p.Package, e.Recipe.Name, err)
		}
	}
	return nil
}

func batches(pkg string) []int {
	if pkg == "lorenz" {
		return []int{8192}
	}
	return []int{512, 4096, 16384, 65536}
}

// recipe compares a gradient and times it, steps of training, and, where it is short, all of it.
func (p of[R]) recipe(timer rt.DeviceTimer, cpu, e *rt.RecipeEntry[R], w []R, verbose bool) error {
	tables, err := rt.LoadTables("", &e.Recipe, p.Data, p.Layout)
	if err != nil {
		return err
	}
	few := tables.Train.First(compared)
	var grads [2][]R
	var losses [3]float64
	for j, obj := range []*rt.Objective[R]{&cpu.Objective, &e.Objective, &e.Objective} {
		g := make([]R, len(w))
		ev, err := rt.LossGrad(context.Background(), w, g, obj, few, 1, 0)
		if err != nil {
			return err
		}
		losses[j] = ev.Loss
		if j == 2 && (!slices.Equal(g, grads[1]) || losses[1] != losses[2]) {
			fmt.Printf("%s.%s: another gradient the second time\n", p.Package, e.Recipe.Name)
		}
		if j < 2 {
			grads[j] = g
		}
	}
	fmt.Printf("%s.%s: loss %.9g, on the CPU %.9g, gradients differ by %.2g of the greatest\n", p.Package, e.Recipe.Name, losses[1], losses[0], difference(grads[0], grads[1]))
	g := make([]R, len(w))
	name := fmt.Sprintf("%s.%s gradient | %d", p.Package, e.Recipe.Name, tables.Train.Rows)
	if err := timed(timer, name, verbose, func() error {
		_, err := rt.LossGrad(context.Background(), w, g, &e.Objective, tables.Train, 1, 0)
		return err
	}); err != nil {
		return err
	}
	// Steps of training: the difference of long and short runs, so that what begins and ends a run does not count.
	tables.Val, tables.Test = nil, nil
	run := func(steps int) (*rt.TrainResult, float64, error) {
		begun := time.Now()
		r, err := rt.Train(context.Background(), slices.Clone(w), p.Layout, &e.Recipe, &e.Objective, tables, rt.TrainOptions{Steps: steps})
		return r, time.Since(begun).Seconds(), err
	}
	if _, _, err := run(3); err != nil {
		return err
	}
	var short, long []float64
	for range 3 {
		for steps, to := range map[int]*[]float64{5: &short, 25: &long} {
			_, s, err := run(steps)
			if err != nil {
				return err
			}
			*to = append(*to, s)
		}
	}
	step := (slices.Min(long) - slices.Min(short)) / 20
	var kernels []rt.KernelTime
	for range 2 { // the first one is the way to the second
		if kernels, err = timer.Times(func() error { _, _, err := run(20); return err }); err != nil {
			return err
		}
	}
	all, launches := total(kernels)
	fmt.Printf("| %s.%s step | %d | %.4f | %.1f | %.4f | %s |\n", p.Package, e.Recipe.Name, tables.Train.Rows, 1e3*all/20, float64(launches)/20, 1e3*step, said(kernels, 20, verbose))
	if p.Package == "moons" || p.Package == "quick" {
		r, s, err := run(0)
		if err != nil {
			return err
		}
		fmt.Printf("| %s.%s whole | | | | %.1f | %d steps, loss %.6g |\n", p.Package, e.Recipe.Name, 1e3*s, r.Steps, r.Loss)
	}
	return nil
}

// timed prints a row: the median of the kernels' times of a call, and of the whole call by the host's clock.
func timed(timer rt.DeviceTimer, name string, verbose bool, call func() error) error {
	var wall []float64
	var all [][]rt.KernelTime
	for i := range runs + 1 {
		begun := time.Now()
		if err := call(); err != nil {
			return err
		}
		if i > 0 {
			wall = append(wall, time.Since(begun).Seconds())
		}
		kernels, err := timer.Times(call)
		if err != nil {
			return err
		}
		if i > 0 {
			all = append(all, kernels)
		}
	}
	slices.Sort(wall)
	slices.SortFunc(all, func(a, b []rt.KernelTime) int {
		x, _ := total(a)
		y, _ := total(b)
		switch {
		case x < y:
			return -1
		case x > y:
			return 1
		}
		return 0
	})
	mid := all[len(all)/2]
	seconds, launches := total(mid)
	fmt.Printf("| %s | %.4f | %d | %.4f | %s |\n", name, 1e3*seconds, launches, 1e3*wall[len(wall)/2], said(mid, 1, verbose))
	return nil
}

func total(kernels []rt.KernelTime) (seconds float64, launches int) {
	for _, k := range kernels {
		seconds += k.Seconds
		launches += k.Launches
	}
	return seconds, launches
}

// said are the times of kernels in milliseconds, of so many steps.
func said(kernels []rt.KernelTime, steps float64, verbose bool) string {
	var b bytes.Buffer
	for i, k := range kernels {
		if i == 3 && !verbose {
			break
		}
		fmt.Fprintf(&b, "%s %.4f × %g; ", k.Kernel, 1e3*k.Seconds/float64(k.Launches), float64(k.Launches)/steps)
	}
	return b.String()
}

// points are rows that look like a standard normal distribution, as those of the peers are: sums of twelve.
func points(cols []rt.ColumnSpec, n int) *rt.Table {
	t := rt.NewTable(cols, n)
	x := uint64(12345)
	normal := func() (sum float64) {
		for range 12 {
			x = x*6364136223846793005 + 1442695040888963407
			sum += float64(x>>11) / (1 << 53)
		}
		return sum - 6
	}
	for i := range t.Columns {
		c := &t.Columns[i]
		for j := range c.Data {
			if c.Data[j] = normal(); cols[i].Classes > 0 {
				c.Data[j] = 0
			}
		}
	}
	return t
}

// compareModel says how far a model on the device is from that on the CPU, and how many rows took other steps.
func compareModel[R rt.Float](cpu, dev *rt.Model[R], w []R) error {
	in := points(dev.Inputs, compared)
	var outs [3]*rt.Table
	var stats [3]rt.BatchStats
	for j, m := range []*rt.Model[R]{cpu, dev, dev} {
		rows := m.Rows(w, in)
		if err := rows.Batch(context.Background(), &stats[j], 0); err != nil {
			return err
		}
		outs[j] = rt.NewTable(m.Outputs, in.Rows)
		rows.Store(outs[j])
	}
	worst, scale, other := 0.0, 1.0, 0
	for c := range outs[0].Columns {
		for i, x := range outs[0].Columns[c].Data {
			y := outs[1].Columns[c].Data[i]
			worst, scale = max(worst, math.Abs(x-y)), max(scale, math.Abs(x))
			if math.IsNaN(x) != math.IsNaN(y) {
				worst = math.Inf(1)
			}
			if y != outs[2].Columns[c].Data[i] {
				return errors.New("other bits the second time")
			}
		}
	}
	for s := range stats[0].Sites {
		for i, n := range stats[0].Sites[s].Accepted {
			if n != stats[1].Sites[s].Accepted[i] || stats[0].Sites[s].Rejected[i] != stats[1].Sites[s].Rejected[i] {
				other++
			}
		}
	}
	fmt.Printf("%s: outputs differ by %.2g of the greatest, %d of %d solves have other steps\n", dev.Name, worst/scale, other, compared*len(stats[0].Sites))
	return nil
}

func difference[R rt.Float](a, b []R) float64 {
	worst, scale := 0.0, 1e-30
	for i := range a {
		worst, scale = max(worst, math.Abs(float64(a[i]-b[i]))), max(scale, math.Abs(float64(a[i])))
	}
	return worst / scale
}
