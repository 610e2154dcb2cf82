package rt

import (
	"encoding/binary"
	"fmt"
	"math"
	"slices"
	"testing"
)

// TestPack lays rows out for a device and takes them back, in memory that had other numbers: as many as fill whole pieces, and some more.
func TestPack(t *testing.T) {
	var space hostBytes
	for _, kind := range []string{"f64", "f32", "i32", "bool"} {
		for _, width := range []int{0, 1, 3, 17} {
			for _, n := range []int{0, 1, pieceRows - 1, pieceRows, 2*pieceRows + 5} {
				const before, behind = 2, 3
				p := KernelPort{Width: width, Kind: kind}
				data := make([]float64, (before+n+behind)*width)
				for i := range data {
					data[i] = math.Floor(1e6*math.Sin(float64(i))) / 3
					if kind == "i32" || kind == "bool" {
						data[i] = float64(i * 7 % 5)
					}
				}
				want := slices.Clone(data)
				b := p.pack(&space, data, before, before+n)
				if len(b) != n*width*p.size() {
					t.Fatalf("%s: %d bytes for %d rows of %d", kind, len(b), n, width)
				}
				for i := range n {
					for e := range width {
						x, at := want[(before+i)*width+e], e*n+i
						var got float64
						switch kind {
						case "f64":
							got = seenAs[float64](b)[at]
						case "f32":
							got, x = float64(seenAs[float32](b)[at]), float64(float32(x))
						case "i32":
							got = float64(seenAs[int32](b)[at])
						case "bool":
							got, x = float64(b[at]), Indicator[float64](x != 0)
						}
						if got != x {
							t.Fatalf("%s: element %d of row %d of %d is %v, want %v", kind, e, i, n, got, x)
						}
						want[(before+i)*width+e] = x
					}
				}
				p.unpack(b, data, before, n)
				if !slices.Equal(data, want) {
					t.Errorf("%s: %d rows of %d come back otherwise", kind, n, width)
				}
			}
		}
	}
}

// TestTakeStats has the statistics that kernels leave, row by row and together: of solves that are well, that ended early, that failed, and whose tape was too short.
func TestTakeStats(t *testing.T) {
	const n, lo = 7, 2
	for _, status := range []int32{0, int32(EventStop), int32(NonFinite), int32(MaxSteps), tapeFull} {
		b := make([]byte, n*statsBytes)
		for i := range b {
			b[i] = byte(i * 37)
		}
		for i := range n {
			binary.LittleEndian.PutUint32(b[i*statsBytes+12:], 0)
		}
		binary.LittleEndian.PutUint32(b[4*statsBytes+12:], uint32(status))
		var got, want BatchStats
		got.Reset([]string{"a", "b"}, lo+n)
		want.Reset([]string{"a", "b"}, lo+n)
		failed := false
		for i := range n {
			x, full := deviceStats(b[i*statsBytes:])
			want.Set(1, lo+i, x)
			failed = failed || full || x.Status.Failed()
		}
		if some := got.Sites[1].take(b, lo); some != failed || some != (status != int32(OK) && status != int32(EventStop)) {
			t.Errorf("status %d: some failed is %v", status, some)
		}
		if a, b := fmt.Sprint(got), fmt.Sprint(want); a != b {
			t.Errorf("status %d: statistics are\n%v\nrow by row\n%v", status, a, b)
		}
	}
}

// BenchmarkTakeStats is what the statistics of 65,536 rows take of the host.
func BenchmarkTakeStats(b *testing.B) {
	st := make([]byte, statsBytes<<16)
	var stats BatchStats
	stats.Reset([]string{"a"}, 1<<16)
	b.Run("together", func(b *testing.B) {
		for b.Loop() {
			if stats.Sites[0].take(st, 0) {
				b.Fatal("some failed")
			}
		}
	})
	b.Run("one by one", func(b *testing.B) {
		for b.Loop() {
			for i := range len(st) / statsBytes {
				x, full := deviceStats(st[i*statsBytes:])
				if stats.Set(0, i, x); full {
					b.Fatal("a tape is full")
				}
			}
		}
	})
}

// BenchmarkPack is what the host takes to lay out columns for a device, and to take results back.
func BenchmarkPack(b *testing.B) {
	const rows = 1 << 16
	for _, width := range []int{1, 4, 16} {
		p := KernelPort{Width: width, Kind: "f32"}
		data := make([]float64, rows*width)
		for i := range data {
			data[i] = math.Sin(float64(i))
		}
		var space hostBytes
		b.Run(fmt.Sprint("to/", width), func(b *testing.B) {
			b.SetBytes(int64(rows * width * p.size()))
			for b.Loop() {
				p.pack(&space, data, 0, rows)
			}
		})
		packed := p.pack(&space, data, 0, rows)
		b.Run(fmt.Sprint("from/", width), func(b *testing.B) {
			b.SetBytes(int64(rows * width * p.size()))
			for b.Loop() {
				p.unpack(packed, data, 0, rows)
			}
		})
	}
}
