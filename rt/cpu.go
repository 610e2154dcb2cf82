package rt

import (
	"fmt"
	"os"
)

// Level is a set of vector instructions that kernels are there for.
type Level uint8

// Levels; each has those before it.
const (
	Generic Level = iota // Go alone
	AVX2                 // AVX2 and FMA
	AVX512               // AVX-512F
)

var levelNames = [...]string{"generic", "avx2", "avx512"}

func (l Level) String() string { return levelNames[l] }

// level is what kernels of this process may use: what the processor and the operating system have, or less
// if NDEC_CPU says so. tiles says that it names amx, and that there are tiles.
var level, tiles = chosenLevel(machineLevel(), os.Getenv("NDEC_CPU"))

// CPULevel is the set of vector instructions that kernels of this process use: the best that processor and
// operating system have, or what the environment variable NDEC_CPU names (generic, avx2, avx512, amx). A name
// that is unknown, or more than the machine has, ends the process with a message: a benchmark of something
// else would be worse.
func CPULevel() Level { return level }

// CPUTiles reports whether kernels of this process multiply matrices by the processor's tiles (AMX), where a package has such
// kernels. They round in another way than all others, so that nobody gets them who has not asked for them by NDEC_CPU=amx. Vectors
// beside them are those of AVX512.
func CPUTiles() bool { return tiles }

// cpuName is the level as NDEC_CPU names it.
func cpuName() string {
	if tiles {
		return tilesName
	}
	return level.String()
}

const tilesName = "amx"

func chosenLevel(machine Level, name string) (chosen Level, tiles bool) {
	if name == "" {
		return machine, false
	}
	if name == tilesName {
		if why := askForTiles(machine); why != "" {
			fmt.Fprintf(os.Stderr, "NDEC_CPU=%s: this machine has %s at most: %s\n", name, machine, why)
			os.Exit(2)
		}
		return machine, true
	}
	for l, n := range levelNames {
		if n != name {
			continue
		}
		if Level(l) <= machine {
			return Level(l), false
		}
		fmt.Fprintf(os.Stderr, "NDEC_CPU=%s: this machine has %s at most\n", name, machine)
		os.Exit(2)
	}
	fmt.Fprintf(os.Stderr, "NDEC_CPU=%s: want generic, avx2, avx512 or amx\n", name)
	os.Exit(2)
	return Generic, false
}
