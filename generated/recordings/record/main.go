// Record writes the data of the examples arm, forecast and lagrange again: go run ./generated/recordings/record
// from the top folder. The same bytes come out on every machine.
package main

import (
	"archive/zip"
	"bytes"
	"encoding/binary"
	"fmt"
	"log"
	"math"
	"os"
	"path/filepath"
	"sort"
	"strings"

	"ndec.dev/ndec/generated/recordings"
	"ndec.dev/ndec/rt"
)

func main() {
	files, err := record()
	if err != nil {
		log.Fatal(err)
	}
	for name, data := range files {
		if err := os.WriteFile(filepath.Join("generated", filepath.FromSlash(name)), data, 0o666); err != nil {
			log.Fatal(err)
		}
	}
}

// record makes the files by name.
func record() (map[string][]byte, error) {
	p := recordings.NewParams(0)
	arm, err := armLog(recordings.NewPeriod(p))
	if err != nil {
		return nil, err
	}
	series, err := irregular(recordings.NewTrack(p))
	if err != nil {
		return nil, err
	}
	free, err := accelerations(recordings.NewAcceleration(p))
	if err != nil {
		return nil, err
	}
	return map[string][]byte{"arm/data/arm.csv": arm, "forecast/data/series.npz": series, "lagrange/data/two_link.npz": free}, nil
}

// draws are random numbers one after the other.
type draws struct {
	s rt.Stream
	n uint64
}

func newDraws(seed uint64) *draws { return &draws{s: rt.Key{Seed: seed}.Stream()} }

func (d *draws) uniform(lo, hi float64) float64 {
	d.n++
	return lo + (hi-lo)*d.s.Uniform(d.n)
}

func (d *draws) normal(deviation float64) float64 {
	d.n++
	return deviation * d.s.Normal(d.n)
}

func rounded(x, unit float64) float64 { return math.Round(x/unit) * unit }

// armLog is what a controller at 100 Hz writes down while the arm follows wavy paths: ten laps of four seconds, each with a
// payload of its own, seen through noisy encoders.
func armLog(m *recordings.Period) ([]byte, error) {
	const laps, rows, dt = 10, 400, 0.01
	limit, kp, kd := [2]float64{12, 5}, [2]float64{25, 8}, [2]float64{3, 0.7}
	var out bytes.Buffer
	out.WriteString("lap,time,q1,q2,dq1,dq2,tau1,tau2,payload\n")
	d := newDraws(11)
	for lap := range laps {
		load := rounded(d.uniform(0, 0.4), 0.01)
		var middle [2]float64
		var size, pace, start [2][3]float64
		for j := range middle {
			middle[j] = d.uniform(-1, 1) - float64(1-j)*math.Pi/2
			for k := range size[j] {
				size[j][k], pace[j][k], start[j][k] = d.uniform(0.1, 0.5), d.uniform(1, 7), d.uniform(0, 2*math.Pi)
			}
		}
		path := func(j int, t float64) (r, dr float64) {
			r = middle[j]
			for k, a := range size[j] {
				s, c := rt.Sin64(pace[j][k]*t+start[j][k]), rt.Cos64(pace[j][k]*t+start[j][k])
				r, dr = r+float64(a*s), dr+float64(float64(a*pace[j][k])*c)
			}
			return r, dr
		}
		in := recordings.PeriodInput{Load: load}
		for j := range in.Q {
			in.Q[j], in.V[j] = path(j, 0)
		}
		for i := range rows {
			t := dt * float64(i)
			for j := range in.U {
				r, dr := path(j, t)
				u := float64(kp[j]*(r-in.Q[j])) + float64(kd[j]*(dr-in.V[j])) + d.normal(0.2)
				in.U[j] = rounded(min(max(u, -limit[j]), limit[j]), 1e-3)
			}
			fmt.Fprintf(&out, "%d,%.2f,%.5f,%.5f,%.4f,%.4f,%.3f,%.3f,%.2f\n", lap, t, in.Q[0]+d.normal(5e-4), in.Q[1]+d.normal(5e-4),
				in.V[0]+d.normal(0.01), in.V[1]+d.normal(0.01), in.U[0], in.U[1], load)
			o, err := m.Forward(in)
			if err != nil {
				return nil, err
			}
			in.Q, in.V = o.Qn, o.Vn
		}
	}
	return out.Bytes(), nil
}

// irregular are 2,000 runs of the weights, seen at 96 uneven times over about eight seconds, with noise; in centimetres, so that the noise
// is about that of the forecast's likelihood, whose deviation is 1.
func irregular(m *recordings.Track) ([]byte, error) {
	const runs, seen, all = 2000, 64, 96
	arrays := map[string]*array{"ts": {shape: []int{runs, seen}}, "ys": {shape: []int{runs, seen, 3}}, "future": {shape: []int{runs, all - seen}}, "target_ys": {shape: []int{runs, all - seen, 3}}}
	d := newDraws(12)
	for range runs {
		var in recordings.TrackInput
		for j := range in.X {
			in.X[j], in.V[j] = d.uniform(-1.2, 1.2), d.uniform(-0.5, 0.5)
		}
		t := 0.0
		for k := range in.Ts { // gaps of 5 ms and more, most of them short
			in.Ts[k] = t
			t += float64(float32(0.005 - 0.08*rt.Log64(1-d.uniform(0, 1))))
		}
		ys, err := m.Forward(in)
		if err != nil {
			return nil, err
		}
		for k, y := range ys {
			ts, to := "ts", "ys"
			if k >= seen {
				ts, to = "future", "target_ys"
			}
			arrays[ts].data = append(arrays[ts].data, in.Ts[k])
			for _, x := range y {
				arrays[to].data = append(arrays[to].data, float64(100*x)+d.normal(2))
			}
		}
	}
	return npz(arrays)
}

// accelerations are 8,000 states of the free arm with what it does there, measured with noise.
func accelerations(m *recordings.Acceleration) ([]byte, error) {
	const n = 8000
	arrays := map[string]*array{"q": {shape: []int{n, 2}}, "v": {shape: []int{n, 2}}, "a": {shape: []int{n, 2}}}
	d := newDraws(13)
	for range n {
		var in recordings.AccelerationInput
		for j := range in.Q {
			in.Q[j], in.V[j] = d.uniform(-math.Pi, math.Pi), d.uniform(-2, 2)
		}
		a, err := m.Forward(in)
		if err != nil {
			return nil, err
		}
		for j := range a {
			arrays["q"].data = append(arrays["q"].data, in.Q[j])
			arrays["v"].data = append(arrays["v"].data, in.V[j])
			arrays["a"].data = append(arrays["a"].data, a[j]+d.normal(0.05))
		}
	}
	return npz(arrays)
}

// array is an array of NumPy's.
type array struct {
	shape []int
	data  []float64
}

// npz packs arrays as float32, without compression and dates, so that the bytes are always the same.
func npz(arrays map[string]*array) ([]byte, error) {
	var names []string
	for name := range arrays {
		names = append(names, name)
	}
	sort.Strings(names)
	var out bytes.Buffer
	z := zip.NewWriter(&out)
	for _, name := range names {
		a := arrays[name]
		w, err := z.CreateHeader(&zip.FileHeader{Name: name + ".npy", Method: zip.Store})
		if err != nil {
			return nil, err
		}
		shape := strings.Trim(strings.ReplaceAll(fmt.Sprint(a.shape), " ", ", "), "[]")
		header := fmt.Sprintf("{'descr': '<f4', 'fortran_order': False, 'shape': (%s), }", shape)
		header += strings.Repeat(" ", 63-(len(header)+10)%64) + "\n"
		text := append([]byte("\x93NUMPY\x01\x00"), byte(len(header)), byte(len(header)>>8))
		text = append(text, header...)
		for _, x := range a.data {
			text = binary.LittleEndian.AppendUint32(text, math.Float32bits(float32(x)))
		}
		if _, err := w.Write(text); err != nil {
			return nil, err
		}
	}
	err := z.Close()
	return out.Bytes(), err
}
