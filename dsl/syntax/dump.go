package syntax

import (
	"bytes"
	"fmt"
	"io"
	"reflect"
	"strings"
)

// Dump writes the tree as indented text: a line per node with its type, place and names, its
// parts below it. The error is that of w.
func Dump(w io.Writer, f *File) error {
	var b bytes.Buffer
	dump(&b, f, 0)
	_, err := w.Write(b.Bytes())
	return err
}

func dump(b *bytes.Buffer, n Node, depth int) {
	at := n.Span().Start
	fmt.Fprintf(b, "%s%s %d:%d%s\n", strings.Repeat("  ", depth), reflect.TypeOf(n).Elem().Name(), at.Line, at.Col, attributes(n))
	for _, child := range Children(n) {
		dump(b, child, depth+1)
	}
}

// attributes are the fields of a node that are no nodes and not at their zero value.
func attributes(n Node) string {
	var b strings.Builder
	v := reflect.ValueOf(n).Elem()
	for i := range v.NumField() {
		field := v.Field(i)
		if field.IsZero() {
			continue
		}
		switch x := field.Interface().(type) {
		case string:
			fmt.Fprintf(&b, " %s=%q", v.Type().Field(i).Name, x)
		case bool:
			fmt.Fprintf(&b, " %s", v.Type().Field(i).Name)
		case Token, EquationKind, QuantityKind:
			fmt.Fprintf(&b, " %v", x)
		case FuncKind:
			b.WriteString(" net")
		}
	}
	return b.String()
}
