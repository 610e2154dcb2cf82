// Package golden pins what the compiler emits: the text of small models, counts for large ones, the
// import policy, and the packages in generated/, which must come back byte for byte.
package golden
