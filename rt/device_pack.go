package rt

import (
	"encoding/binary"
	"fmt"
	"math"
	"unsafe"
)

// How numbers of the host lie in device memory: columns are [element][row], so that neighbouring threads read
// neighbouring numbers; everything is little-endian, as on every machine that has such a device.

// bytesOf sees numbers as bytes.
func bytesOf[T any](x []T) []byte {
	if len(x) == 0 {
		return nil
	}
	return unsafe.Slice((*byte)(unsafe.Pointer(&x[0])), len(x)*int(unsafe.Sizeof(x[0])))
}

// seenAs sees bytes as numbers.
func seenAs[T any](b []byte) []T {
	if len(b) == 0 {
		return nil
	}
	return unsafe.Slice((*T)(unsafe.Pointer(&b[0])), len(b)/int(unsafe.Sizeof(*new(T))))
}

// size is the bytes of a number of a port.
func (p *KernelPort) size() int {
	switch p.Kind {
	case "f64":
		return 8
	case "bool":
		return 1
	}
	return 4
}

// hostSpace is memory of the host for what a launch is given and gives back. It is kept for the next one: the first use of new memory costs as much as
// laying numbers out.
type hostSpace struct {
	given, stats hostBytes
	results      []hostBytes
}

// hostBytes is memory that grows as needed, in whole words, so that numbers of any kind may lie there.
type hostBytes []uint64

// need gives n bytes, whatever is in them.
func (b *hostBytes) need(n int) []byte {
	words := (n + 7) / 8
	if words > cap(*b) {
		*b = make([]uint64, words)
	}
	return bytesOf((*b)[:words])[:n:n]
}

// pieceRows is how many rows are laid out at a time, so that what is read and written of them stays in the first cache.
const pieceRows = 64

// pack lays rows [lo, hi) of row-major data out as the port wants them, in space.
func (p *KernelPort) pack(space *hostBytes, data []float64, lo, hi int) []byte {
	n, width := hi-lo, p.Width
	out := space.need(n * width * p.size())
	data = data[lo*width : hi*width]
	switch p.Kind {
	case "f64":
		toColumns(seenAs[float64](out), data, n, width)
	case "f32":
		toColumns(seenAs[float32](out), data, n, width)
	case "bool":
		for i, x := range data {
			out[i%width*n+i/width] = byte(Indicator[int32](x != 0))
		}
	default:
		to := seenAs[int32](out)
		for i, x := range data {
			to[i%width*n+i/width] = Int32(x)
		}
	}
	return out
}

func toColumns[T Float](to []T, from []float64, n, width int) {
	for lo := 0; lo < n; lo += pieceRows {
		hi := min(lo+pieceRows, n)
		for e := range width {
			column, at := to[e*n+lo:e*n+hi], lo*width+e
			for i := range column {
				column[i] = T(from[at])
				at += width
			}
		}
	}
}

// unpack stores what a kernel left for n rows in row-major data from row lo on.
func (p *KernelPort) unpack(b []byte, data []float64, lo, n int) {
	width := p.Width
	data = data[lo*width : (lo+n)*width]
	switch p.Kind {
	case "f64":
		fromColumns(data, seenAs[float64](b), n, width)
	case "f32":
		fromColumns(data, seenAs[float32](b), n, width)
	case "bool":
		for i := range data {
			data[i] = float64(b[i%width*n+i/width])
		}
	default:
		from := seenAs[int32](b)
		for i := range data {
			data[i] = float64(from[i%width*n+i/width])
		}
	}
}

func fromColumns[T Float](to []float64, from []T, n, width int) {
	for lo := 0; lo < n; lo += pieceRows {
		hi := min(lo+pieceRows, n)
		for e := range width {
			at := lo*width + e
			for _, x := range from[e*n+lo : e*n+hi] {
				to[at] = float64(x)
				at += width
			}
		}
	}
}

// statsBytes is the size of the statistics of a solve (ndec_stats).
const statsBytes = 40

// tapeFull is the status of a solve that made more steps than its tape holds.
const tapeFull = 100

// deviceStats reads one ndec_stats; full says that the tape was too short.
func deviceStats(b []byte) (s SolveStats, full bool) {
	word := func(i int) int { return int(int32(binary.LittleEndian.Uint32(b[4*i:]))) }
	s = SolveStats{NFE: word(0), Accepted: word(1), Rejected: word(2), Status: Status(word(3)), Run: word(4), RunSteps: word(5),
		Time: math.Float64frombits(binary.LittleEndian.Uint64(b[24:])), H: math.Float64frombits(binary.LittleEndian.Uint64(b[32:]))}
	return s, word(3) == tapeFull
}

// take stores what a kernel left of a solve for rows from lo on, in the order of memory; some says that a solve failed or that a tape was too
// short. The bounds of a row are known: all take a tenth of the time that they take one by one.
func (s *SiteStats) take(b []byte, lo int) (some bool) {
	n := len(b) / statsBytes
	nfe, accepted, rejected := s.NFE[lo:lo+n], s.Accepted[lo:lo+n], s.Rejected[lo:lo+n]
	status, time, h := s.Status[lo:lo+n], s.Time[lo:lo+n], s.H[lo:lo+n]
	for i := range n {
		one := (*[statsBytes]byte)(b[i*statsBytes:])
		word := func(k int) int32 { return int32(binary.LittleEndian.Uint32(one[4*k:])) }
		nfe[i], accepted[i], rejected[i], status[i] = int(word(0)), int(word(1)), int(word(2)), Status(word(3))
		time[i], h[i] = math.Float64frombits(binary.LittleEndian.Uint64(one[24:])), math.Float64frombits(binary.LittleEndian.Uint64(one[32:]))
		some = some || status[i].Failed() || word(3) == tapeFull
	}
	return some
}

// steppingBytes lays steppings out as ndec_stepping.
func steppingBytes(by []Stepping) []byte {
	var out []byte
	for _, s := range by {
		for _, x := range []float64{s.Step, s.RTol, s.ATol} {
			out = binary.LittleEndian.AppendUint64(out, math.Float64bits(x))
		}
		out = binary.LittleEndian.AppendUint64(out, uint64(s.Steps))
		out = binary.LittleEndian.AppendUint64(out, uint64(s.MaxSteps))
	}
	return out
}

// deviceSlice bounds the samples of one launch, and sliceMemory the device memory that they take: kernels count elements of
// columns and rows with 32 bits.
const (
	deviceSlice = 1 << 20
	sliceMemory = 1 << 30
)

// sliceOf is how many of n samples, with so many bytes of memory each, are run at once: a whole number of blocks.
func sliceOf(n, block, bytes int) int {
	most := deviceSlice
	if bytes > 0 {
		most = max(min(most, sliceMemory/bytes), 1)
	}
	if most >= block {
		most = most / block * block
	}
	return min(n, most)
}

// moreRoom is the next number of steps to give a tape room for.
func moreRoom(room int) (int, error) {
	if room >= 1<<20 {
		return 0, fmt.Errorf("a recorded solve makes more than %d steps: %w", room, ErrDevice)
	}
	return 4 * room, nil
}
