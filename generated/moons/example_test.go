package moons_test

import (
	"context"
	"fmt"
	"log"

	"ndec.dev/ndec/generated/moons"
	"ndec.dev/ndec/rt"
)

// A trained model classifies one point, many points, and shows the way of a point through the flow.
func Example() {
	p := new(moons.Params)
	if err := p.LoadFile("testdata/weights.safetensors"); err != nil {
		log.Fatal(err)
	}
	m := moons.NewMoons(p) // shared by goroutines
	class := func(scores [2]moons.Real) int {
		if scores[1] > scores[0] {
			return 1
		}
		return 0
	}

	// One sample, without allocating.
	scores, err := m.Forward([2]moons.Real{0, 1})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println("the top of the outer moon is class", class(scores))

	// Many samples, row-major, on all cores.
	ctx := context.Background()
	x := []moons.Real{-1, 0.05, 1, -0.45, 0.1, 0.3}
	out := make([]moons.Real, len(x))
	var stats rt.BatchStats
	if err := m.Batch(ctx, out, x, &stats); err != nil {
		log.Fatal(err)
	}
	for i := range len(x) / 2 {
		fmt.Println(x[2*i:2*i+2], "is class", class([2]moons.Real(out[2*i:])))
	}
	fmt.Println("solves:", len(stats.Sites[0].NFE), "at", stats.Sites[0].Solve)

	// The states along the solve; looking changes no step.
	path, err := m.Trajectory(ctx, [2]moons.Real{0, 1}, rt.Linspace(0, 1, 5))
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println("times", path.T, "from", path.X[0], "to the scores:", path.X[4] == scores)

	// Output:
	// the top of the outer moon is class 0
	// [-1 0.05] is class 0
	// [1 -0.45] is class 1
	// [0.1 0.3] is class 1
	// solves: 3 at moons.nde:19
	// times [0 0.25 0.5 0.75 1] from [0 1] to the scores: true
}
