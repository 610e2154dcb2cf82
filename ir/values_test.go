package ir

import (
	"math"
	"testing"
)

// Values against numbers computed elsewhere: the derivative tests cannot see a value that is
// wrong in the same way everywhere.
func TestValues(t *testing.T) {
	for _, c := range []struct {
		op   Op
		in   [][]float64
		want []float64
	}{
		{OpNeg, [][]float64{{-1.5, 0.5}}, []float64{1.5, -0.5}},
		{OpAbs, [][]float64{{-1.5, 0.5}}, []float64{1.5, 0.5}},
		{OpSign, [][]float64{{-1.5, 0.5}}, []float64{-1, 1}},
		{OpSquare, [][]float64{{-1.5, 0.5}}, []float64{2.25, 0.25}},
		{OpRecip, [][]float64{{-1.5, 0.5}}, []float64{-0.6666666666666666, 2}},
		{OpExp, [][]float64{{-1.5, 0.5}}, []float64{0.22313016014842982, 1.6487212707001282}},
		{OpExpm1, [][]float64{{-1.5, 0.5}}, []float64{-0.7768698398515702, 0.6487212707001282}},
		{OpTanh, [][]float64{{-1.5, 0.5}}, []float64{-0.9051482536448664, 0.46211715726000974}},
		{OpSigmoid, [][]float64{{-1.5, 0.5}}, []float64{0.18242552380635635, 0.6224593312018546}},
		{OpSoftplus, [][]float64{{-1.5, 0.5}}, []float64{0.2014132779827524, 0.9740769841801067}},
		{OpErf, [][]float64{{-1.5, 0.5}}, []float64{-0.9661051464753108, 0.5204998778130465}},
		{OpSin, [][]float64{{-1.5, 0.5}}, []float64{-0.9974949866040544, 0.479425538604203}},
		{OpCos, [][]float64{{-1.5, 0.5}}, []float64{0.0707372016677029, 0.8775825618903728}},
		{OpTan, [][]float64{{-1.5, 0.5}}, []float64{-14.101419947171719, 0.5463024898437905}},
		{OpAtan, [][]float64{{-1.5, 0.5}}, []float64{-0.982793723247329, 0.4636476090008061}},
		{OpSinh, [][]float64{{-1.5, 0.5}}, []float64{-2.1292794550948173, 0.5210953054937474}},
		{OpCosh, [][]float64{{-1.5, 0.5}}, []float64{2.352409615243247, 1.1276259652063807}},
		{OpFloor, [][]float64{{-1.5, 0.5}}, []float64{-2, 0}},
		{OpDetach, [][]float64{{-1.5, 0.5}}, []float64{-1.5, 0.5}},
		{OpRelu, [][]float64{{-1.5, 0.5}}, []float64{0, 0.5}},
		{OpSilu, [][]float64{{-1.5, 0.5}}, []float64{-0.2736382857095345, 0.3112296656009273}},
		{OpGelu, [][]float64{{-1.5, 0.5}}, []float64{-0.10021080190328713, 0.34573123063700656}},
		{OpGeluTanh, [][]float64{{-1.5, 0.5}}, []float64{-0.10042842301976707, 0.34571400982514394}},
		{OpElu, [][]float64{{-1.5, 0.5}}, []float64{-0.7768698398515702, 0.5}},
		{OpSelu, [][]float64{{-1.5, 0.5}}, []float64{-1.3658143533672527, 0.5253504936777402}},
		{OpHardtanh, [][]float64{{-1.5, 0.5}}, []float64{-1, 0.5}},
		{OpSoftsign, [][]float64{{-1.5, 0.5}}, []float64{-0.6, 0.3333333333333333}},
		{OpMish, [][]float64{{-1.5, 0.5}}, []float64{-0.29809974216680674, 0.3752452113048951}},
		{OpSnake, [][]float64{{-1.5, 0.5}}, []float64{-0.5050037516997773, 0.7298488470659301}},
		{OpSqrt, [][]float64{{0.25, 3}}, []float64{0.5, 1.7320508075688772}},
		{OpLog, [][]float64{{0.25, 3}}, []float64{-1.3862943611198906, 1.0986122886681098}},
		{OpLog1p, [][]float64{{0.25, 3}}, []float64{0.22314355131420976, 1.3862943611198906}},
		{OpAsin, [][]float64{{-0.5, 1}}, []float64{-0.5235987755982989, 1.5707963267948966}},
		{OpAcos, [][]float64{{-0.5, 1}}, []float64{2.0943951023931957, 0}},
		{OpWrap, [][]float64{{4, -10}}, []float64{-2.2831853071795862, 2.5663706143591725}},
		{OpAdd, [][]float64{{-1.5, 2}, {2, 0.75}}, []float64{0.5, 2.75}},
		{OpSub, [][]float64{{-1.5, 2}, {2, 0.75}}, []float64{-3.5, 1.25}},
		{OpMul, [][]float64{{-1.5, 2}, {2, 0.75}}, []float64{-3, 1.5}},
		{OpDiv, [][]float64{{-1.5, 2}, {2, 0.75}}, []float64{-0.75, 2.6666666666666665}},
		{OpMin, [][]float64{{-1.5, 2}, {2, 0.75}}, []float64{-1.5, 0.75}},
		{OpMax, [][]float64{{-1.5, 2}, {2, 0.75}}, []float64{2, 2}},
		{OpAtan2, [][]float64{{-1.5, 2}, {2, 0.75}}, []float64{-0.6435011087932844, 1.2120256565243244}},
		{OpMod, [][]float64{{-1.5, 2}, {2, 0.75}}, []float64{0.5, 0.5}},
		{OpEq, [][]float64{{-1.5, 2}, {2, 0.75}}, []float64{0, 0}},
		{OpNe, [][]float64{{-1.5, 2}, {2, 0.75}}, []float64{1, 1}},
		{OpLt, [][]float64{{-1.5, 2}, {2, 0.75}}, []float64{1, 0}},
		{OpLe, [][]float64{{-1.5, 2}, {2, 0.75}}, []float64{1, 0}},
		{OpPow, [][]float64{{2, 1.5}, {3, -0.5}}, []float64{8, 0.816496580927726}},
		{OpMSE, [][]float64{{-1.5, 2}, {2, 0.75}}, []float64{6.90625}},
		{OpL1, [][]float64{{-1.5, 2}, {2, 0.75}}, []float64{2.375}},
		{OpHuber, [][]float64{{0.5, 2}, {0, -1}}, []float64{1.3125}},
		{OpDot, [][]float64{{-1.5, 2}, {2, 0.75}}, []float64{-1.5}},
		{OpSqNorm, [][]float64{{-1.5, 2}}, []float64{6.25}},
		{OpNorm, [][]float64{{-1.5, 2}}, []float64{2.5}},
		{OpSum, [][]float64{{-1.5, 2}}, []float64{0.5}},
		{OpMean, [][]float64{{-1.5, 2}}, []float64{0.25}},
		{OpReduceMax, [][]float64{{-1.5, 2}}, []float64{2}},
		{OpReduceMin, [][]float64{{-1.5, 2}}, []float64{-1.5}},
		{OpArgmax, [][]float64{{1, 3, 3}}, []float64{1}},
		{OpCumsum, [][]float64{{1, 2, 4}}, []float64{1, 3, 7}},
		{OpReverse, [][]float64{{1, 2, 4}}, []float64{4, 2, 1}},
		{OpOuter, [][]float64{{1, 2}, {3, 4, 5}}, []float64{3, 4, 5, 6, 8, 10}},
		{OpCross, [][]float64{{1, 2, 3}, {4, 5, 6}}, []float64{-3, 6, -3}},
		{OpConcat, [][]float64{{1}, {2, 3}}, []float64{1, 2, 3}},
		{OpSoftmax, [][]float64{{1, 2, -1}}, []float64{0.2594964603424191, 0.7053845126982412, 0.03511902695933972}},
		{OpLogSoftmax, [][]float64{{1, 2, -1}}, []float64{-1.3490122167681866, -0.34901221676818633, -3.3490122167681866}},
		{OpLogSumExp, [][]float64{{1, 2, -1}}, []float64{2.3490122167681866}},
	} {
		var ts []Type
		for _, x := range c.in {
			ts = append(ts, Tensor(F64, len(x)))
		}
		got := evaluate(t, sample{types: ts}.fn(c.op), c.in...)[0]
		if len(got) != len(c.want) {
			t.Errorf("%s of %v: %v instead of %v", c.op, c.in, got, c.want)
			continue
		}
		for i, w := range c.want {
			if math.Abs(got[i]-w) > 1e-14*(1+math.Abs(w)) {
				t.Errorf("%s of %v: %v instead of %v", c.op, c.in, got, c.want)
				break
			}
		}
	}
}

// Matrices, and operators with an attribute or a class.
func TestValuesOfMatrices(t *testing.T) {
	m22, v2 := Tensor(F64, 2, 2), Tensor(F64, 2)
	a := []float64{1, 2, 3, 4}
	for _, c := range []struct {
		op   Op
		s    sample
		in   [][]float64
		want []float64
	}{
		{OpMatVec, sample{[]Type{m22, v2}, Attr{}}, [][]float64{a, {1, -1}}, []float64{-1, -1}},
		{OpVecMat, sample{[]Type{v2, m22}, Attr{}}, [][]float64{{1, -1}, a}, []float64{-2, -2}},
		{OpMatMul, sample{[]Type{m22, m22}, Attr{}}, [][]float64{a, {0, 1, 1, 0}}, []float64{2, 1, 4, 3}},
		{OpLinSolve, sample{[]Type{m22, v2}, Attr{}}, [][]float64{a, {5, 11}}, []float64{1, 2}},
		{OpLinSolve, sample{[]Type{m22, v2}, Attr{}}, [][]float64{{0, 2, 3, 0}, {4, 9}}, []float64{3, 2}},
		{OpInv, sample{[]Type{m22}, Attr{}}, [][]float64{a}, []float64{-2, 1, 1.5, -0.5}},
		{OpLogDet, sample{[]Type{m22}, Attr{}}, [][]float64{a}, []float64{math.Log(2)}},
		{OpTranspose, sample{[]Type{m22}, Attr{Ints: []int{1, 0}}}, [][]float64{a}, []float64{1, 3, 2, 4}},
		{OpReshape, sample{[]Type{m22}, Attr{Ints: []int{4}}}, [][]float64{a}, a},
		{OpSlice, sample{[]Type{m22}, Attr{Ints: []int{0, 2, 1, 2}}}, [][]float64{a}, []float64{2, 4}},
		{OpPad, sample{[]Type{v2}, Attr{Ints: []int{1, 2}}}, [][]float64{{5, 6}}, []float64{0, 5, 6, 0, 0}},
		{OpConcat, sample{[]Type{m22, m22}, Attr{Index: 1}}, [][]float64{a, {5, 6, 7, 8}}, []float64{1, 2, 5, 6, 3, 4, 7, 8}},
		{OpExpand, sample{[]Type{v2}, Attr{Ints: []int{2, 2}}}, [][]float64{{5, 6}}, []float64{5, 6, 5, 6}},
		{OpSum, sample{[]Type{m22}, Attr{Ints: []int{0}}}, [][]float64{a}, []float64{4, 6}},
		{OpMean, sample{[]Type{m22}, Attr{Ints: []int{1}}}, [][]float64{a}, []float64{1.5, 3.5}},
		{OpOneHot, sample{[]Type{index}, Attr{Index: 3, Elem: F64}}, [][]float64{{1}}, []float64{0, 1, 0}},
		{OpTake, sample{[]Type{m22, Tensor(I32, 3)}, Attr{}}, [][]float64{a, {1, 0, 1}}, []float64{3, 4, 1, 2, 3, 4}},
		{OpTake, sample{[]Type{v2, Tensor(I32, 2)}, Attr{}}, [][]float64{{5, 6}, {-1, 2}}, []float64{5, 6}}, // the nearest places
		{OpScatter, sample{[]Type{m22, Tensor(I32, 2)}, Attr{Index: 3}}, [][]float64{a, {2, 2}}, []float64{0, 0, 0, 0, 4, 6}},
		{OpLocate, sample{[]Type{v4, s0}, Attr{Index: 3}}, [][]float64{{0, 1, 1, 4}, {1}}, []float64{2}},
		{OpLocate, sample{[]Type{v4, s0}, Attr{Index: 2}}, [][]float64{{0, 1, 2, 4}, {9}}, []float64{2}},
		{OpLocate, sample{[]Type{v4, s0}, Attr{Index: 3}}, [][]float64{{0, 1, 2, 4}, {-1}}, []float64{0}},
		{OpLeakyRelu, sample{[]Type{v2}, Attr{Num: 0.25}}, [][]float64{{-2, 3}}, []float64{-0.5, 3}},
		{OpClamp, sample{[]Type{v4, s0, s0}, Attr{}}, [][]float64{{-2, 0.5, 1, 3}, {-1}, {2}}, []float64{-1, 0.5, 1, 2}},
		{OpSelect, sample{[]Type{truth, v3, s0}, Attr{}}, [][]float64{{1, 0, 1}, {1, 2, 3}, {9}}, []float64{1, 9, 3}},
		{OpAnd, sample{[]Type{truth, truth}, Attr{}}, [][]float64{{1, 0, 1}, {1, 1, 0}}, []float64{1, 0, 0}},
		{OpOr, sample{[]Type{truth, truth}, Attr{}}, [][]float64{{1, 0, 0}, {1, 1, 0}}, []float64{1, 1, 0}},
		{OpNot, sample{[]Type{truth}, Attr{}}, [][]float64{{1, 0, 1}}, []float64{0, 1, 0}},
		{OpCast, sample{[]Type{v3}, Attr{Elem: I32}}, [][]float64{{1.9, -1.9, 0}}, []float64{1, -1, 0}},
		{OpCast, sample{[]Type{v3}, Attr{Elem: Bool}}, [][]float64{{1.9, -1.9, 0}}, []float64{1, 1, 0}},
		{OpCrossEntropy, sample{[]Type{v2, index}, Attr{}}, [][]float64{{1, 1}, {0}}, []float64{math.Log(2)}},
		{OpAccuracy, sample{[]Type{v2, index}, Attr{}}, [][]float64{{1, 2}, {1}}, []float64{1}},
		{OpAccuracy, sample{[]Type{v2, index}, Attr{}}, [][]float64{{1, 1}, {1}}, []float64{0}},
	} {
		got := evaluate(t, c.s.fn(c.op), c.in...)[0]
		ok := len(got) == len(c.want)
		for i := range got {
			ok = ok && math.Abs(got[i]-c.want[i]) < 1e-14
		}
		if !ok {
			t.Errorf("%s of %v: %v instead of %v", c.op, c.in, got, c.want)
		}
	}
}
