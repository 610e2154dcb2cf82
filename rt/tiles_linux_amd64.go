//go:build !purego

package rt

import (
	"fmt"
	"syscall"
)

// askForTiles asks the processor for tiles of bfloat16 numbers, and the operating system for leave to use them (Intel, Software
// Developer's Manual, volume 1, 18.2 and 18.3; Linux, Documentation/arch/x86/xstate.rst). Leave is for the whole process and all of
// its time; signals then need larger stacks, so that it is not asked for where nobody wants tiles. It says what is missing.
func askForTiles(machine Level) (missing string) {
	const bf16, tile = 1 << 22, 1 << 24 // leaf 7, edx
	const states = 0x600e6              // registers that are kept: those of AVX-512, sizes and data of tiles
	if machine < AVX512 {
		return "no vectors of 512 bits"
	}
	if most, _, _, _ := cpuid(0, 0); most < 0x1d {
		return "the processor has no tiles"
	}
	if _, _, _, d := cpuid(7, 0); d&(bf16|tile) != bf16|tile {
		return "the processor has no tiles"
	}
	if xgetbv()&states != states {
		return "the operating system keeps no tiles"
	}
	// Tiles of palette 1: their size in all, bytes of each; bytes of a row, number; rows.
	if a, b, c, _ := cpuid(0x1d, 1); a != 1024<<16|8192 || b != 8<<16|64 || c&0xffff != 16 {
		return "the processor's tiles have another size"
	}
	const archPrctl, requestPermission, tileData = 158, 0x1023, 18
	if _, _, errno := syscall.RawSyscall(archPrctl, requestPermission, tileData, 0); errno != 0 {
		return fmt.Sprintf("the operating system gives no leave to use tiles: %v", errno)
	}
	return ""
}
