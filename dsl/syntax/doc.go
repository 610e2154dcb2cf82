// Package syntax reads and writes the text of .nde files: scanner, parser, syntax tree, formatter.
//
// The tree keeps everything a later phase or the formatter needs and nothing that has to be
// computed: names are not resolved, sizes are not evaluated. Every node knows its source span.
// The grammar stands above the node structs in nodes.go and exprs.go; precedences are a table in
// token.go.
package syntax
