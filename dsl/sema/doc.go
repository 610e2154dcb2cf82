// Package sema checks a parsed package and makes the typed program that lowering reads.
//
// The road: collect declarations of all files; evaluate constants and sizes; check nets,
// systems, solvers, models, data and recipes on demand, each once, so that declarations may
// stand in any order. Whatever the language has but the compiler cannot translate yet is an
// NDE08xx diagnostic of the table in limits.go.
package sema
