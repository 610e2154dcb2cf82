//go:build cuda

package cuda_test

import (
	"bytes"
	"encoding/binary"
	"errors"
	"math"
	"strings"
	"testing"

	"ndec.dev/ndec/cmd/ndec/driver"
	"ndec.dev/ndec/rt"
)

// twice has a kernel without a solve: two_forward_batch(count, in, out).
func twice(t testing.TB) *rt.Kernels {
	t.Helper()
	res, ds := driver.Compile(map[string]string{"twice.nde": "package twice\n\nmodel Two(x real) (y real) {\n\treturn x + x\n}\n"}, driver.Options{CUDA: true})
	if ds.HasErrors() {
		t.Fatal(ds)
	}
	return kernels(t, "twice", res.CUDA)
}

// loaded is a device with kernels; close gives back both.
func loaded(t testing.TB, k *rt.Kernels) (mod rt.DeviceModule, k2 *rt.Kernels, close func() error) {
	t.Helper()
	if k == nil {
		k = twice(t)
	}
	dev, err := rt.Open("cuda:0")
	if err != nil {
		t.Fatal(err)
	}
	mod, err = dev.Load(k)
	if err != nil {
		t.Fatal(err)
	}
	return mod, k, func() error { return errors.Join(mod.Close(), dev.Close()) }
}

// TestCopies writes and reads pieces of every size, many before anybody waits, from memory that the caller changes at once: with memory that is given in
// the order of the stream and without, with pinned memory and without. Kernels in between see what was written before them.
func TestCopies(t *testing.T) {
	_, k, closeAll := loaded(t, nil)
	if err := closeAll(); err != nil {
		t.Fatal(err)
	}
	for _, without := range []string{"", "NDEC_FAKE_POOLS", "NDEC_FAKE_PINNED"} {
		if without != "" {
			if !emulated(t) {
				t.Log("NOT CHECKED on a real device, which has what it has: copies with " + without + "=0")
				continue
			}
			t.Setenv(without, "0")
		}
		mod, _, closeAll := loaded(t, k)
		err := mod.Do(func(q rt.DeviceQueue) error {
			const n = 3000
			sizes := []int{1, 4, 63, 64, 65, 4096, 2<<20 - 4, 2 << 20, 2<<20 + 4, 9 << 20}
			var reads []rt.DeviceRead
			var wants [][]byte
			scratch := make([]byte, 9<<20)
			for i := range n {
				size := sizes[i%4]
				if i < len(sizes) || i%300 == 0 {
					size = sizes[(i+i/300)%len(sizes)]
				}
				p, err := q.Alloc(size)
				if err != nil {
					return err
				}
				b := scratch[:size]
				for j := range b {
					b[j] = byte(i + j + j>>8)
				}
				if err := q.Write(p, b); err != nil {
					return err
				}
				wants = append(wants, bytes.Clone(b))
				clear(b)
				reads = append(reads, rt.DeviceRead{To: make([]byte, size), From: p})
			}
			if err := q.Read(reads...); err != nil {
				return err
			}
			for i, r := range reads {
				if !bytes.Equal(r.To, wants[i]) {
					t.Errorf("%q: piece %d of %d bytes is another", without, i, len(r.To))
				}
				if err := q.Free(r.From); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			t.Error(err)
		}
		err = mod.Do(func(q rt.DeviceQueue) error {
			in, err := q.Alloc(8 * 32)
			if err != nil {
				return err
			}
			row := make([]byte, 4*32)
			for i := range 20 { // the place is written again before anybody has waited for the kernel that reads it
				for j := range 32 {
					binary.LittleEndian.PutUint32(row[4*j:], math.Float32bits(float32(i*j)))
				}
				if err := errors.Join(q.Write(in, row), q.Launch(k.Models[0].Kernel, 1, k.Models[0].Block, []uint64{32, uint64(in), uint64(in) + 4*32})); err != nil {
					return err
				}
				if i%7 > 0 {
					continue
				}
				got := make([]byte, len(row))
				if err := q.Read(rt.DeviceRead{To: got, From: in + 4*32}); err != nil {
					return err
				}
				for j := range 32 {
					if x := math.Float32frombits(binary.LittleEndian.Uint32(got[4*j:])); x != float32(2*i*j) {
						t.Errorf("%q: twice %d is %v", without, i*j, x)
					}
				}
			}
			return q.Free(in)
		})
		if err := errors.Join(err, closeAll()); err != nil {
			t.Errorf("%q: %v", without, err)
		}
	}
}

// TestFreed uses memory that was freed, and frees it twice. It needs the stand-in: a driver need not notice.
func TestFreed(t *testing.T) {
	k := twice(t)
	needsStandIn(t, "a driver need not notice")
	t.Setenv("NDEC_FAKE_MEMORY", "1048576")
	mod, _, closeAll := loaded(t, k)
	bad := func(what string, err error) {
		t.Helper()
		if !errors.Is(err, rt.ErrDevice) {
			t.Errorf("%s gives %v", what, err)
		}
	}
	err := mod.Do(func(q rt.DeviceQueue) error {
		p, err := q.Alloc(256)
		if err != nil {
			return err
		}
		if err := errors.Join(q.Launch(k.Models[0].Kernel, 1, k.Models[0].Block, []uint64{8, uint64(p), uint64(p) + 32}), q.Free(p)); err != nil {
			return err // the kernel comes before
		}
		bad("a kernel with freed memory", q.Launch(k.Models[0].Kernel, 1, k.Models[0].Block, []uint64{8, uint64(p), uint64(p) + 32}))
		bad("a copy to freed memory", q.Write(p, make([]byte, 8)))
		bad("a copy from freed memory", q.Read(rt.DeviceRead{To: make([]byte, 8), From: p}))
		bad("memory that is freed twice", q.Free(p))
		var ps []rt.DevicePtr // pieces that make room together
		for range 3 {
			p, err := q.Alloc(300_000)
			if err != nil {
				return err
			}
			ps = append(ps, p)
		}
		_, err = q.Alloc(300_000)
		if bad("too much memory", err); !strings.Contains(err.Error(), "300000 bytes were asked") || !strings.Contains(err.Error(), "148576 of 1048576 are free") {
			t.Errorf("too much memory gives %v", err)
		}
		for _, p := range ps {
			if err := q.Free(p); err != nil {
				return err
			}
		}
		if p, err = q.Alloc(1_000_000); err != nil {
			return err
		}
		return q.Free(p)
	})
	if err := errors.Join(err, closeAll()); err != nil {
		t.Error(err)
	}
}

// TestLaunchAllocates: a launch of a kernel that is known allocates nothing.
func TestLaunchAllocates(t *testing.T) {
	mod, k, closeAll := loaded(t, nil)
	err := mod.Do(func(q rt.DeviceQueue) error {
		p, err := q.Alloc(256)
		if err != nil {
			return err
		}
		args := []uint64{8, uint64(p), uint64(p) + 32}
		if n := testing.AllocsPerRun(20, func() {
			if err := q.Launch(k.Models[0].Kernel, 1, k.Models[0].Block, args); err != nil {
				t.Error(err)
			}
		}); n > 0 {
			t.Errorf("a launch makes %v allocations", n)
		}
		return q.Free(p)
	})
	if err := errors.Join(err, closeAll()); err != nil {
		t.Error(err)
	}
}

// BenchmarkLaunch is what a launch takes of the host. The stand-in does not run the kernel, but puts it into its queue.
func BenchmarkLaunch(b *testing.B) {
	b.Setenv("NDEC_FAKE_IDLE", "1")
	mod, k, closeAll := loaded(b, nil)
	err := mod.Do(func(q rt.DeviceQueue) error {
		p, err := q.Alloc(256)
		if err != nil {
			return err
		}
		args, word := []uint64{8, uint64(p), uint64(p) + 32}, make([]byte, 8)
		b.ReportAllocs()
		for i := 0; b.Loop(); i++ {
			if err := q.Launch(k.Models[0].Kernel, 1, k.Models[0].Block, args); err != nil {
				return err
			}
			if i%1000 == 999 {
				if err := q.Read(rt.DeviceRead{To: word, From: p}); err != nil {
					return err
				}
			}
		}
		return q.Free(p)
	})
	if err := errors.Join(err, closeAll()); err != nil {
		b.Error(err)
	}
}

// BenchmarkDo is what it takes to come to the device and back.
func BenchmarkDo(b *testing.B) {
	mod, _, closeAll := loaded(b, nil)
	var err error
	for b.Loop() {
		if err = mod.Do(func(rt.DeviceQueue) error { return nil }); err != nil {
			break
		}
	}
	if err := errors.Join(err, closeAll()); err != nil {
		b.Error(err)
	}
}

// TestTimes: every launch that is timed is in the list, with the time that it took.
func TestTimes(t *testing.T) {
	mod, k, closeAll := loaded(t, nil)
	name := k.Models[0].Kernel
	all, err := mod.(rt.DeviceTimer).Times(func() error {
		return mod.Do(func(q rt.DeviceQueue) error {
			p, err := q.Alloc(256)
			if err != nil {
				return err
			}
			for range 3 {
				if err := q.Launch(name, 1, k.Models[0].Block, []uint64{8, uint64(p), uint64(p) + 32}); err != nil {
					return err
				}
			}
			return q.Free(p)
		})
	})
	if err := errors.Join(err, closeAll()); err != nil {
		t.Fatal(err)
	}
	if len(all) != 1 || all[0].Kernel != name || all[0].Launches != 3 || !(all[0].Seconds > 0) {
		t.Errorf("times are %v", all)
	}
}
