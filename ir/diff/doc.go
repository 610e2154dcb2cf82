// Package diff differentiates the IR. After it no derivative node and no sensitivity choice is
// left: there are only more functions, recorded solves and reverse sweeps.
//
// Everything follows from the operators' rows. A forward sweep carries tangents (x_dot) from
// operands to results, a reverse sweep cotangents (x_bar) from results to operands; a rule is
// IR, so that what a sweep writes can be differentiated again, to any order. A zero is a missing
// value and is written out only where a signature asks for it.
package diff
