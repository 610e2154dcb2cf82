// Package plan decides how a module is computed, and back ends print what it decided: which
// functions exist and in which order, which values live in registers, local arrays, arguments
// or running sums, and which operators share a loop.
//
// Input: *ir.Module after ir/opt. Output: *Plan. A back end takes a Plan to a list of File.
//
// The grain of this plan is one sample. A function is a list of nests; a nest is a loop over an
// extent whose steps all run at the same index, so that a chain such as
// matvec |> add bias |> tanh |> (small) matvec is one loop without an array in between.
package plan
