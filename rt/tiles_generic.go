//go:build !amd64 || purego

package rt

// packBlock writes the three parts of a block.
func packBlock(to *[packedBlock]float32, block *[blockSide * blockSide]float32) { packRows(to, block) }
