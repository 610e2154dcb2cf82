// Package opt holds the passes from module to module that keep the meaning: Prepare runs before
// differentiation and leaves flat functions of primitives; Run runs after it and simplifies,
// merges equal values, drops what nobody reads, and moves values to the rate at which they change.
//
// A pass is a row of a table; which pass must run before which other one is a second table.
// Meaning is what ir/interp computes in float64; where a rewrite changes how a number rounds, its
// rule says so. Products with zero stay (0*NaN is NaN); ir/diff makes no zeros in the first place.
package opt
