// Package driver strings the phases together; nobody else does.
//
//	parse   dsl/syntax  bytes            → *syntax.File
//	check   dsl/sema    *syntax.File     → *sema.Program
//	lower   dsl/lower   *sema.Program    → *ir.Module, derivatives still single nodes
//	prepare ir/opt      equal calls merged, calls inlined, defined operators expanded
//	diff    ir/diff     no derivative nodes left, gradients of recipes added
//	opt     ir/opt      simplified, rates known
//	plan    ir/plan     *ir.Module       → *plan.Plan
//	emit    codegen     *plan.Plan       → []plan.File
//
// Compile does no input or output and keeps every form. Write puts files on disk.
package driver
