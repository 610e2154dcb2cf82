package asm_test

import (
	"fmt"
	"strconv"
	"strings"
	"testing"

	"ndec.dev/ndec/codegen/asm"
	"ndec.dev/ndec/ir/vmath"
	"ndec.dev/ndec/rt"
)

// BenchmarkFunctions says how many cycles a function takes for a vector that lies in the first cache, if nothing waits for it. A
// cycle is the time of two multiply-adds, measured beside it.
func BenchmarkFunctions(b *testing.B) {
	const times = 40
	run := machineOf(b, times)
	levels := [...]rt.Level{asm.AVX2: rt.AVX2, asm.AVX512: rt.AVX512}
	for _, row := range vmath.Table() {
		for _, width := range []int{32, 64} {
			in := sweep64(row)
			if width == 32 {
				in = sweep32(row, 1<<22)
			}
			for _, isa := range asm.ISAs {
				b.Run(fmt.Sprintf("%s/%d/%s", row.Name, width, isa), func(b *testing.B) {
					if rt.CPULevel() < levels[isa] {
						b.Skip("this machine has no ", isa)
					}
					least := 0.0
					for b.Loop() {
						out := run(in, fmt.Sprintf("%s%d_%s", strings.ToLower(row.Name), width, isa), "clock")
						x, err := strconv.ParseFloat(strings.TrimSpace(string(out)), 64)
						if err != nil {
							b.Fatal(err)
						}
						if x /= float64(times * chunk / isa.Bytes()); least == 0 || x < least {
							least = x
						}
					}
					b.ReportMetric(least, "cycles/vector")
				})
			}
		}
	}
}
