//go:build !purego

package rt

//go:noescape
func cpuid(leaf, sub uint32) (a, b, c, d uint32)

//go:noescape
func xgetbv() (a uint32)

//go:noescape
func peakAVX2F32(n int)

//go:noescape
func peakAVX2F64(n int)

//go:noescape
func peakAVX512F32(n int)

//go:noescape
func peakAVX512F64(n int)

// machineLevel asks the processor for its instructions, and whether the operating system keeps their
// registers (Intel, Software Developer's Manual, volume 1, 14.5 and 15.2).
func machineLevel() Level {
	most, _, _, _ := cpuid(0, 0)
	if most < 7 {
		return Generic
	}
	const fma, osxsave, avx = 1 << 12, 1 << 27, 1 << 28 // leaf 1, ecx
	const avx2, avx512f = 1 << 5, 1 << 16               // leaf 7, ebx
	const vectors, wide = 0x6, 0xe6                     // registers that are kept
	_, _, c, _ := cpuid(1, 0)
	_, b, _, _ := cpuid(7, 0)
	if c&(fma|osxsave|avx) != fma|osxsave|avx || b&avx2 == 0 {
		return Generic
	}
	kept := xgetbv()
	switch {
	case b&avx512f != 0 && kept&wide == wide:
		return AVX512
	case kept&vectors == vectors:
		return AVX2
	}
	return Generic
}

// peakLoop does n rounds of multiply-adds and gives the number of floating point operations in a round.
func peakLoop[R Float](l Level, n int) (perRound int) {
	const chains, each = 12, 2
	single := isF32[R]()
	switch {
	case l == AVX512 && single:
		peakAVX512F32(n)
		return chains * each * 16
	case l == AVX512:
		peakAVX512F64(n)
		return chains * each * 8
	case l == AVX2 && single:
		peakAVX2F32(n)
		return chains * each * 8
	case l == AVX2:
		peakAVX2F64(n)
		return chains * each * 4
	}
	return peakGeneric[R](n)
}
