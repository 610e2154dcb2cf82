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

// pack lays rows [lo, hi) of row-major data out as the port wants them.
func (p *KernelPort) pack(data []float64, lo, hi int) []byte {
	n := hi - lo
	out := make([]byte, n*p.Width*p.size())
	for i := range n {
		row := data[(lo+i)*p.Width : (lo+i+1)*p.Width]
		for e, x := range row {
			at := e*n + i
			switch p.Kind {
			case "f64":
				binary.LittleEndian.PutUint64(out[8*at:], math.Float64bits(x))
			case "f32":
				binary.LittleEndian.PutUint32(out[4*at:], math.Float32bits(float32(x)))
			case "bool":
				out[at] = byte(Indicator[int32](x != 0))
			default:
				binary.LittleEndian.PutUint32(out[4*at:], uint32(Int32(x)))
			}
		}
	}
	return out
}

// unpack stores what a kernel left for n rows in row-major data from row lo on.
func (p *KernelPort) unpack(b []byte, data []float64, lo, n int) {
	for i := range n {
		row := data[(lo+i)*p.Width : (lo+i+1)*p.Width]
		for e := range row {
			at := e*n + i
			switch p.Kind {
			case "f64":
				row[e] = math.Float64frombits(binary.LittleEndian.Uint64(b[8*at:]))
			case "f32":
				row[e] = float64(math.Float32frombits(binary.LittleEndian.Uint32(b[4*at:])))
			case "bool":
				row[e] = float64(b[at])
			default:
				row[e] = float64(int32(binary.LittleEndian.Uint32(b[4*at:])))
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
