package asm

import "strconv"

// ISA is a set of vector instructions.
type ISA uint8

// Instruction sets. AVX2 means AVX2 and FMA; AVX512 means AVX-512F; AMX means AVX-512F with tiles of matrices beside it, in
// numbers of 16 bits (AMX-TILE and AMX-BF16).
const (
	AVX2 ISA = iota
	AVX512
	AMX
)

// ISAs lists those that every package has kernels for, in the order in which they are printed. AMX is for packages that ask for it.
var ISAs = [...]ISA{AVX2, AVX512}

func (s ISA) String() string { return [...]string{"avx2", "avx512", "amx"}[s] }

// Vectors is the instruction set that instructions on vectors are of.
func (s ISA) Vectors() ISA { return min(s, AVX512) }

// Bytes is the size of a vector register.
func (s ISA) Bytes() int { return [...]int{32, 64}[s.Vectors()] }

// Lanes is the number of elements in a vector.
func (s ISA) Lanes(e Elem) int { return s.Bytes() / e.Bytes() }

// Registers is the number of vector registers. Y16 to Y31 would need AVX512VL.
func (s ISA) Registers() int { return [...]int{16, 32}[s.Vectors()] }

// register spells a part of a vector register.
func (s ISA) register(n int, p part) string { return registerNames[s][p][n] }

var registerNames = func() (names [2][3][32]string) {
	for s, letters := range [...]string{"YXX", "ZYX"} {
		for p, letter := range letters {
			for n := range names[s][p] {
				names[s][p][n] = string(letter) + strconv.Itoa(n)
			}
		}
	}
	return names
}()

// Elem is the width and kind of an element.
type Elem uint8

// Elements. Integers and masks have the width of the float that they stand beside.
const (
	F32 Elem = iota
	F64
)

// Bytes is the size of an element.
func (e Elem) Bytes() int { return [...]int{4, 8}[e] }

// pick chooses a mnemonic by the element.
func (e Elem) pick(single, double string) string {
	if e == F32 {
		return single
	}
	return double
}
