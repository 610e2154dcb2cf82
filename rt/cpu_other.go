//go:build !amd64 || purego

package rt

// machineLevel is Generic: there are no kernels for this machine.
func machineLevel() Level { return Generic }

// peakLoop does n rounds of multiply-adds and gives the number of its floating point operations in a round.
func peakLoop[R Float](_ Level, n int) (perRound int) { return peakGeneric[R](n) }
