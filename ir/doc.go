// Package ir is the hub of the compiler: single-assignment values of static shape, functions
// over one sample, and structured nodes (Solve, Reverse, Map) instead of control flow.
//
// The road: dsl/lower makes a Module in which nets are still calls and derivatives are still
// single nodes; ir/diff replaces the derivatives and adds what training needs; ir/opt
// simplifies and finds rates; ir/plan decides storage and loops; back ends print. The meaning of
// everything here is what ir/interp computes in float64.
//
// Operators are integers; an operator is one row of a table (ops_*.go) that holds its shape
// rule, its value and its derivative. A defined operator holds a body instead.
package ir
