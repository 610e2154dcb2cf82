package rt

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"strings"
	"testing"
)

// slab is a device of a test: addresses are places in one slice, and every access is checked against what was allocated.
type slab struct {
	memory []byte
	live   map[DevicePtr]int
	most   int // bytes that can be had
	grids  []int
	kernel func(s *slab, name string, grid int, args []uint64)
}

func (s *slab) Name() string                             { return "slab" }
func (s *slab) Shares(string) (bool, error)              { return false, nil }
func (s *slab) Load(*Kernels) (DeviceModule, error)      { return s, nil }
func (s *slab) Close() error                             { return nil }
func (s *slab) Do(f func(q DeviceQueue) error) error     { return f(s) }
func (s *slab) Symbol(string) (DevicePtr, int, error)    { return 0, 0, errors.New("no symbols") }
func (s *slab) Copy(to, from DevicePtr, bytes int) error { return errors.New("no copies") }

func (s *slab) Alloc(bytes int) (DevicePtr, error) {
	used := 0
	for _, n := range s.live {
		used += n
	}
	if used+bytes > s.most {
		return 0, fmt.Errorf("%d bytes were asked, %d are free: %w", bytes, s.most-used, ErrDevice)
	}
	p := DevicePtr(len(s.memory) + 16)
	s.memory = append(s.memory, make([]byte, bytes+16)...)
	s.live[p] = bytes
	return p, nil
}

func (s *slab) Free(p DevicePtr) error {
	if _, ok := s.live[p]; !ok {
		return fmt.Errorf("free of %d", p)
	}
	delete(s.live, p)
	return nil
}

func (s *slab) at(p DevicePtr, n int) ([]byte, error) {
	for q, size := range s.live {
		if p >= q && int(p)+n <= int(q)+size {
			return s.memory[p : int(p)+n], nil
		}
	}
	return nil, fmt.Errorf("%d bytes at %d are not allocated", n, p)
}

func (s *slab) Write(to DevicePtr, from []byte) error {
	b, err := s.at(to, len(from))
	copy(b, from)
	return err
}

func (s *slab) Read(parts ...DeviceRead) error {
	for _, r := range parts {
		if len(r.To) == 0 {
			continue
		}
		b, err := s.at(r.From, len(r.To))
		if err != nil {
			return err
		}
		copy(r.To, b)
	}
	return nil
}

func (s *slab) Launch(kernel string, grid, block int, args []uint64) error {
	s.grids = append(s.grids, grid)
	s.kernel(s, kernel, grid, args)
	return nil
}

// TestSlices: whatever the number of samples and their size, slices cover them in whole blocks, and an element of a slice has a
// number of 31 bits.
func TestSlices(t *testing.T) {
	for _, n := range []int{0, 1, 127, 128, 1 << 20, 16_777_217} {
		for _, bytes := range []int{1, 4, 4 * 127, 4 * 784, 4 * 20_000, 32 << 20} {
			covered := 0
			for covered < n {
				m := sliceOf(n-covered, 128, bytes)
				if m <= 0 || m*bytes > 1<<31-1 || covered+m < n && m >= 128 && m%128 != 0 {
					t.Fatalf("%d samples of %d bytes: a slice of %d", n, bytes, m)
				}
				covered += m
			}
			if covered != n {
				t.Errorf("%d samples of %d bytes: slices have %d", n, bytes, covered)
			}
		}
	}
}

// TestDeviceRows runs more samples than one launch takes, and then asks for more memory than there is: the error says how much,
// and nothing is left on the device.
func TestDeviceRows(t *testing.T) {
	k := &Kernels{Real: 4, Models: []ModelKernel{{Name: "M", Kernel: "m", Block: 128,
		Inputs: []KernelPort{{Name: "x", Width: 2, Kind: "f32"}}, Outputs: []KernelPort{{Name: "y", Width: 1, Kind: "f32"}}}}}
	s := &slab{live: map[DevicePtr]int{}, most: 1 << 30}
	s.kernel = func(s *slab, _ string, grid int, args []uint64) { // y = x[0] + 2 x[1]
		n := int(args[0])
		if grid != (n+127)/128 {
			t.Errorf("%d blocks for %d samples", grid, n)
		}
		x, y := s.memory[args[1]:], s.memory[args[2]:]
		for i := range n {
			a, b := math.Float32frombits(binary.LittleEndian.Uint32(x[4*i:])), math.Float32frombits(binary.LittleEndian.Uint32(x[4*(n+i):]))
			binary.LittleEndian.PutUint32(y[4*i:], math.Float32bits(a+2*b))
		}
	}
	m := Model[float32]{Name: "M", Inputs: []ColumnSpec{{Name: "x", Shape: []int{2}}}, Outputs: []ColumnSpec{{Name: "y"}}}
	p, left, closeAll, err := OnDevice(Program[float32]{Package: "p", Kernels: k, Models: []Model[float32]{m}}, s)
	if err != nil || len(left) > 0 {
		t.Fatal(err, left)
	}
	const rows = deviceSlice + 300
	in, out := NewTable(m.Inputs, rows), NewTable(m.Outputs, rows)
	for i := range rows {
		in.Columns[0].Row(i)[0], in.Columns[0].Row(i)[1] = float64(i%1000), float64(i%7)
	}
	batch := func() error {
		r := p.Models[0].Rows(nil, in)
		err := r.Batch(context.Background(), new(BatchStats), 0)
		r.Store(out)
		return err
	}
	if err := batch(); err != nil {
		t.Fatal(err)
	}
	for i, y := range out.Columns[0].Data {
		if y != float64(i%1000)+2*float64(i%7) {
			t.Fatalf("row %d gives %v", i, y)
		}
	}
	if len(s.grids) != 2 {
		t.Errorf("launches of %v blocks, want two", s.grids)
	}
	s.most = 9 << 20 // the input, and not the output
	if err := batch(); !errors.Is(err, ErrDevice) || !strings.Contains(err.Error(), "bytes were asked") {
		t.Errorf("too little memory gives %v", err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if err := p.Models[0].Rows(nil, in).Batch(ctx, new(BatchStats), 0); !errors.Is(err, context.Canceled) {
		t.Errorf("a batch that is cancelled gives %v", err)
	}
	if err := closeAll(); err != nil || len(s.live) > 0 {
		t.Errorf("%v; left on the device: %v", err, s.live)
	}
}
