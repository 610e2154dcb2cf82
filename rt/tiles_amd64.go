//go:build !purego

package rt

//go:noescape
func packBlockAVX512(to *[packedBlock]float32, block *[blockSide * blockSide]float32)

// packBlock writes the three parts of a block.
func packBlock(to *[packedBlock]float32, block *[blockSide * blockSide]float32) {
	if level < AVX512 {
		packRows(to, block)
		return
	}
	packBlockAVX512(to, block)
}
