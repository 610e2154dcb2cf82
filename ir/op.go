package ir

// Op is an operator of the IR. Its properties are its row in the table; see Info.
type Op uint16

// Operators. A new one is a constant here and a row in an ops_*.go file; a test names a missing row.
const (
	OpInvalid Op = iota

	// Leaves: no operands.
	OpArg   // argument of the function (Attr.Index, name in Value.Name)
	OpConst // splat Attr.Num, or Attr.Data element by element
	OpParam // module parameter Attr.Param

	// Element-wise, one operand.
	OpNeg
	OpAbs
	OpSign // -1, 0, 1
	OpSquare
	OpSqrt
	OpRecip
	OpExp
	OpExpm1
	OpLog
	OpLog1p
	OpTanh
	OpSigmoid
	OpSoftplus
	OpErf
	OpSin
	OpCos
	OpTan
	OpAsin
	OpAcos
	OpAtan
	OpSinh
	OpCosh
	OpFloor
	OpBfloat // rounded to 8 significant bits, as in bfloat16
	OpHalf   // rounded to a float16
	OpBinade // the power of two below
	OpNot    // bool
	OpCast   // to the element type Attr.Elem; bool to float gives 0 or 1
	OpDetach // identity; its derivative is zero

	// Element-wise, several operands: equal shapes, or scalars beside one shape.
	OpAdd
	OpSub
	OpMul
	OpDiv
	OpPow
	OpMin
	OpMax
	OpAtan2
	OpMod // floored: result has the sign of the divisor
	OpEq  // comparisons give bool
	OpNe
	OpLt
	OpLe
	OpAnd
	OpOr
	OpSelect // (bool, a, b): a where the condition holds, else b

	// Shape.
	OpReshape   // to Attr.Ints
	OpTranspose // result axis i is operand axis Attr.Ints[i]
	OpSlice     // Attr.Ints = lo0,hi0,lo1,hi1,… for every axis
	OpPad       // inverse of slice: zeros around; Attr.Ints = before0,after0,…
	OpConcat    // variadic, along axis Attr.Index; all operands have equal rank ≥ 1
	OpReverse   // along axis Attr.Index
	OpExpand    // to shape Attr.Ints: operand shape is a suffix of it (new leading axes; a scalar fits all)
	OpOneHot    // i32 scalar to [Attr.Index]: 1 at the index; element type Attr.Elem

	// Places that are values, along the leading axis.
	OpTake    // (x [n,…], i [k]i32) -> [k,…]: row i_j of x
	OpScatter // (x [k,…], i [k]i32) -> [Attr.Index,…]: the sum of the rows j with i_j = row
	OpLocate  // (ts [n] ascending, t) -> [1]i32: the last i ≤ Attr.Index with ts_i ≤ t, else 0

	// Reductions over the axes Attr.Ints (all axes when nil).
	OpSum
	OpReduceMax
	OpReduceMin
	OpCumsum // along axis Attr.Index
	OpArgmax // of a vector, i32, first among equals

	// Linear algebra.
	OpMatVec // [m,k] [k] -> [m]
	OpVecMat // [k] [k,n] -> [n]
	OpMatMul // [m,k] [k,n] -> [m,n]
	OpOuter  // [m] [n] -> [m,n]
	OpLinSolve
	OpLogDet // log |det A|
	OpInv    // inverse of a small square matrix

	// Convolutions; Attr.Ints by ConvAttr.
	OpConv       // weights [o,i/groups,k…], input [i,…] -> output [o,…]
	OpConvInput  // weights, output -> input
	OpConvWeight // input, output -> weights
	OpWindows    // [c,…] -> [c,k,…]: windows of channels
	OpUnwindows  // their transpose

	// Random numbers.
	OpUniform // (key, offset): Attr.Ints numbers of [0, 1) at site Attr.Index; see ops_random.go

	// Derivatives, single nodes until ir/diff; operands are values of the same function.
	OpGrad       // (E, x): gradient of scalar E, shape of x
	OpJac        // (v, x): shape(v) ++ shape(x)
	OpJacOrZero  // (v, x): Jacobian, zero where v does not depend on x
	OpDivg       // (v, x): trace of the Jacobian
	OpHutchinson // (v, x, z): its mean over the directions z_s of z_s·J z_s
	OpHutchPP    // (v, x, z): Hutch++, the first half of the directions z being the sketch
	OpHess       // (E, x): shape(x) ++ shape(x)
	OpJVP        // (v, x, dx): directional derivative, shape of v
	OpVJP        // (v, x, w): cotangent, shape of x
	OpPartial    // (E, x): explicit partial derivative; definitions are held

	// Structured nodes.
	OpCall   // Attr.Func
	OpSolve  // Attr.Solve; operands and results: see Solve
	OpRev    // Attr.Rev; reverse sweep of a recorded solve
	OpMap    // Attr.Map
	OpScan   // Attr.Scan
	OpResult // component Attr.Index of a tuple

	// Defined operators: rows with a body.
	OpRelu
	OpSilu
	OpGelu     // exact: x * Phi(x)
	OpGeluTanh // tanh form
	OpElu
	OpSelu
	OpLeakyRelu // slope Attr.Num
	OpHardtanh
	OpSoftsign
	OpMish
	OpSnake // x + sin(x)^2
	OpClamp // (x, lo, hi)
	OpMean  // over Attr.Ints axes
	OpDot
	OpSqNorm
	OpNorm
	OpCross
	OpSoftmax
	OpLogSoftmax
	OpLogSumExp
	OpWrap         // angle into [-pi, pi)
	OpCrossEntropy // (scores [K], label i32)
	OpMSE
	OpHuber
	OpL1
	OpAccuracy // (scores [K], label i32) -> 0 or 1

	NumOps
)

// Class groups operators that back ends and passes treat alike.
type Class uint8

// Classes of operators.
const (
	ClassLeaf Class = iota
	ClassElem
	ClassShape
	ClassReduce
	ClassLinalg
	ClassRandom
	ClassDeriv
	ClassNode
	ClassDefined
)

// Info is the row of an operator: everything the compiler knows about it.
type Info struct {
	Op    Op
	Name  string // in the text form
	Arity int    // number of operands, -1 for any
	Class Class

	Commutative bool

	// Shape gives the result type, or an error that a person can read.
	Shape func(args []Type, at *Attr) (Type, error)

	// Eval computes the value in float64; out has the result's length. Nil for nodes.
	Eval func(args []Datum, at *Attr, out []float64)

	// Partial of an element-wise operator gives d(result)/d(operand i), element by element, as IR
	// in terms of v and its operands; nil means zero.
	Partial func(b *Builder, v *Value, i int) *Value

	// Linear marks an operator that is linear in each operand separately. Transpose gives the
	// cotangent of operand i from the cotangent g of the result.
	Linear    bool
	Transpose func(b *Builder, v *Value, i int, g *Value) *Value

	// JVP and VJP for operators that are neither element-wise nor linear: tangent of the result
	// from the tangents dx of the operands (nil = zero), and cotangent of operand i from g.
	JVP func(b *Builder, v *Value, dx []*Value) *Value
	VJP func(b *Builder, v *Value, i int, g *Value) *Value

	// Define of a defined operator builds its body.
	Define func(b *Builder, args []*Value, at *Attr) *Value

	Doc     string // one line
	Formula string // for the manual page
}

// Datum is an operand of Eval: its elements (row-major) and its type. A scalar beside a tensor
// has one element.
type Datum struct {
	Type Type
	Data []float64
}

// ops is filled by init functions of the ops_*.go files: a composite literal at package level
// would be an initialisation cycle, since rules call the builder and the builder reads the table.
var ops [NumOps]Info

func register(rows ...Info) {
	for _, r := range rows {
		if ops[r.Op].Name != "" {
			panic("ir: operator " + r.Name + " has two rows")
		}
		ops[r.Op] = r
	}
}

// Plain says that the operator is a function of the elements of its operands: no node, and no body of its own.
func (i *Info) Plain() bool { return i.Eval != nil && i.Define == nil }

// Info is the operator's row.
func (op Op) Info() *Info { return &ops[op] }

func (op Op) String() string {
	if op < NumOps && ops[op].Name != "" {
		return ops[op].Name
	}
	return "op?"
}

// OpByName finds an operator by its name in the text form; OpInvalid if there is none.
func OpByName(name string) Op {
	for i := range ops {
		if ops[i].Name == name {
			return Op(i)
		}
	}
	return OpInvalid
}
