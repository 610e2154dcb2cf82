// Package method is the table of solver methods. A row holds a method's name, its options and its
// Butcher tableau in exact rationals; everything else (order, stages, FSAL, evaluations, step
// function, error norm, dense output, control) is derived from the row. Tableaux check themselves:
// see Check. A new explicit Runge-Kutta method is one row.
package method
