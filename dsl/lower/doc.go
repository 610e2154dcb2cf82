// Package lower turns a checked program into the IR. Nothing is decided here that a reader of the
// program could not see: every net and fn is a function, every system a field function per solve,
// every solve a method.Build, every model and recipe a function over one sample. Derivatives stay
// single nodes, calls stay calls, and what nobody reads is left to ir/opt.
//
// Conventions that later phases rely on:
//
//   - The field of a solve is (t, states…, integrals…, contexts…, starts…) -> derivatives of states
//     and integrals; starts are the values of initial(x), in the order of sema.System.Initials.
//     The operands of the OpSolve value are in the same order after the times.
//   - An integral is a scalar state that starts at zero and does not count in the error norm.
//   - Outputs of a system are one function "Flow.outputs" of (t, states…, contexts…, starts…),
//     called at the end of a solve or mapped over its output times.
//   - A recipe's objective gives the loss, then the terms of its metrics, then five statistics per
//     solve. A metric without avg is the mean of its one term; Combine exists only when a metric
//     uses avg, and then gives all metrics from the means of the terms.
package lower
