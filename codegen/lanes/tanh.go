package lanes

import (
	"ndec.dev/ndec/codegen/asm"
	"ndec.dev/ndec/ir"
	"ndec.dev/ndec/ir/plan"
)

// Near instructions on tiles one of two units for multiply-adds is off, and the rational tanh takes twice its time. So kernels with tiles
// have another one: a polynomial of degree 4 around the nearest quarter k/4, whose coefficients are looked up in registers. Its distance
// from tanh is below 3.0e-7, and below 1.0e-6 of it: sixteen units in the last place near 1/8, less elsewhere; the one of all other
// kernels has six.

// tanhEnd is where it ends: k is 31 there.
const tanhEnd = 7.874

// tanhQuarters are the coefficients, the constant ones first, by k: fitted to the least distance from tanh in parts of the larger of
// tanh and 0.2, between (k-1/2)/4 and (k+1/2)/4, and from 0 on for k = 0.
var tanhQuarters = [...][32]uint32{
	{
		0x00000000, 0x3e7acbf1, 0x3eec9a9f, 0x3f22991f, 0x3f42f7d6, 0x3f59291e, 0x3f67b7cc, 0x3f70fdfd,
		0x3f76ca83, 0x3f7a5feb, 0x3f7c92c1, 0x3f7dea85, 0x3f7ebbe9, 0x3f7f3b3d, 0x3f7f8896, 0x3f7fb78c,
		0x3f7fd40c, 0x3f7fe556, 0x3f7fefd4, 0x3f7ff631, 0x3f7ffa0d, 0x3f7ffc64, 0x3f7ffdd0, 0x3f7ffeac,
		0x3f7fff32, 0x3f7fff83, 0x3f7fffb4, 0x3f7fffd2, 0x3f7fffe4, 0x3f7fffef, 0x3f7ffff6, 0x3f7ffffa,
	},
	{
		0x3f7ffffc, 0x3f70a47c, 0x3f4954c6, 0x3f18ba2a, 0x3ed70757, 0x3e8f92bb, 0x3e390b37, 0x3de9162c,
		0x3d90b130, 0x3d3207f4, 0x3cd9d77c, 0x3c84d385, 0x3c21a4c5, 0x3bc47736, 0x3b6e9b4e, 0x3b10d378,
		0x3aafc262, 0x3a55435a, 0x3a015f0e, 0x399cf359, 0x393e66e2, 0x38e6fa37, 0x388c1911, 0x3829f319,
		0x37ce2932, 0x377a1649, 0x3717af98, 0x36b80130, 0x365f358a, 0x3607621f, 0x35a43a71, 0x35473812,
	},
	{
		0x3885b712, 0xbe6bb70b, 0xbeba130c, 0xbec202d8, 0xbea3c448, 0xbe73958b, 0xbe277e4f, 0xbddb6c5b,
		0xbd8b7ce0, 0xbd2e1e9c, 0xbcd6ed21, 0xbc83beca, 0xbc20d834, 0xbbc3e04a, 0xbb6e2c18, 0xbb10aa89,
		0xbaafa445, 0xba552d37, 0xba0156ee, 0xb99ced63, 0xb93e6286, 0xb8e6f70a, 0xb88c17eb, 0xb829f246,
		0xb7ce289e, 0xb77a15e5, 0xb717af78, 0xb6b8011f, 0xb65f3586, 0xb6076222, 0xb5a43a79, 0xb547381f,
	},
	{
		0xbeabfa43, 0xbe82dbbf, 0xbdc1fed4, 0x3d2627f9, 0x3dd254d9, 0x3ddd0cc4, 0x3db3bd35, 0x3d810283,
		0x3d2cdc32, 0x3cde89b7, 0x3c8be4b9, 0x3c2d67cb, 0x3bd51e50, 0x3b824a33, 0x3b1ecf2c, 0x3ac134c6,
		0x3a6ac8ca, 0x3a0e8e61, 0x39ad0a9f, 0x3951fe12, 0x38fecb63, 0x389a9021, 0x383b82c7, 0x37e37969,
		0x3789f97d, 0x37275ff8, 0x36cb09d5, 0x36764cc1, 0x36156397, 0x35b537f2, 0x355bd45e, 0x3505555f,
	},
	{
		0x3d070644, 0x3e0b9ade, 0x3e279567, 0x3dcd2fec, 0x3ce8dfdf, 0xbc469cca, 0xbccae215, 0xbcc040c2,
		0xbc929ecf, 0xbc4a3d64, 0xbc042fa8, 0xbba79d0c, 0xbb50c9bb, 0xbb00ac3b, 0xba9d9930, 0xba404b14,
		0xb9ea166f, 0xb98e48f8, 0xb92cd2fe, 0xb8d1cf9f, 0xb87ea284, 0xb81a7d0c, 0xb7bb6fd5, 0xb7636585,
		0xb709ee94, 0xb6a7537c, 0xb64afb4d, 0xb5f63b9f, 0xb5955960, 0xb5352ba6, 0xb4dbc54c, 0xb4854c60,
	},
}

// loadTanh reads the coefficients before a loop of a kernel with tiles, if the loop has use for them.
func (c *compiler) loadTanh(n *plan.Nest) {
	c.tanh = nil
	if !c.b.AMX || c.k.tiles.room == nil || n.Unroll || n.Extent < asm.TileRows || c.wide == 1 {
		return
	}
	var has func(v *ir.Value) bool
	has = func(v *ir.Value) bool {
		if v.Op == ir.OpTanh && v.Type.Elem == ir.F32 {
			return true
		}
		for _, a := range v.Args {
			if p := c.pf.Places[a]; p != nil && p.Kind == plan.Folded && has(a) {
				return true
			}
		}
		return false
	}
	for _, st := range n.Steps {
		if !has(st.V) {
			continue
		}
		for _, q := range tanhQuarters {
			var bits []uint64
			for _, x := range q {
				bits = append(bits, uint64(x))
			}
			t := c.b.Table(asm.F32, bits)
			for half := range 2 {
				c.tanh = append(c.tanh, c.b.Var(asm.F32, c.b.Load(asm.F32, t.At(half*c.b.ISA.Bytes()))))
			}
		}
		return
	}
}

// quarterTanh is tanh by the coefficients that loadTanh has read.
func (c *compiler) quarterTanh(e asm.Elem, x asm.Vec) asm.Vec {
	b := c.b
	quarters := b.Const(e, 3<<20) // a sum with it is a whole number of quarters, and its lowest bits say how many
	near := b.ClampAbove(e, b.Abs(e, x), b.Const(e, tanhEnd))
	k := b.Add(e, near, quarters)
	d := b.Sub(e, near, b.Sub(e, k, quarters))
	coefficient := func(i int) asm.Vec { return b.Pick(k, c.tanh[2*i], c.tanh[2*i+1]) }
	y := coefficient(len(tanhQuarters) - 1)
	for i := len(tanhQuarters) - 2; i >= 0; i-- {
		y = b.FMA(e, y, d, coefficient(i))
	}
	return b.Or(e, y, b.SignBit(e, x))
}
