package golden

import (
	"math/rand/v2"
	"testing"

	"ndec.dev/ndec/ir"
	"ndec.dev/ndec/rt"
)

// TestDraw: the generator of emitted programs and that of the interpreter give the same bits.
func TestDraw(t *testing.T) {
	rnd := rand.New(rand.NewPCG(1, 2))
	for range 200 {
		key := rt.Key{Seed: rnd.Uint64(), Row: rnd.Uint64N(1 << 53), Step: rnd.Uint64N(1 << 53), Path: rnd.Uint32()}.Words()
		key[5] = float64(rnd.Uint32())
		site, offset := int(rnd.Uint32N(1<<31)), float64(rnd.IntN(5))
		want := make([]float64, 7)
		ir.OpUniform.Info().Eval([]ir.Datum{{Type: ir.KeyType, Data: key[:]}, {Type: ir.Scalar(ir.F64), Data: []float64{offset}}},
			&ir.Attr{Index: site, Ints: []int{7}}, want)
		got := make([]float64, 7)
		rt.Draw(got, &key, uint32(site), offset)
		for i := range want {
			if got[i] != want[i] || got[i] < 0 || got[i] >= 1 {
				t.Fatalf("draw %d at %v is %v compiled and %v interpreted", i, key, got[i], want[i])
			}
		}
	}
}
