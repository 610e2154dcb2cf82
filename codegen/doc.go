// Package codegen prints a plan as a Go package: the scalar back end, portable and the oracle of
// the others. It takes no decision of its own; what is computed where is in the plan.
//
// Input: *plan.Plan. Output: []plan.File. jennifer makes files, imports and declarations; the
// arithmetic inside functions is statement text from the spelling table (spell.go).
package codegen
