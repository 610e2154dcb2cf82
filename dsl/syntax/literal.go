package syntax

import (
	"fmt"
	"strconv"
	"strings"
)

// Int is the value of an integer literal.
func (b *BasicLit) Int() (int64, error) {
	if b.Kind != IntLit {
		return 0, fmt.Errorf("%s is not an integer", b.Text)
	}
	return strconv.ParseInt(strings.ReplaceAll(b.Text, "_", ""), 10, 64)
}

// Float is the value of a number literal, integer or not; an error for what float64 cannot hold.
func (b *BasicLit) Float() (float64, error) {
	if b.Kind != IntLit && b.Kind != FloatLit {
		return 0, fmt.Errorf("%s is not a number", b.Text)
	}
	return strconv.ParseFloat(strings.ReplaceAll(b.Text, "_", ""), 64)
}

// Str is the value of a string literal.
func (b *BasicLit) Str() (string, error) {
	if b.Kind != StringLit {
		return "", fmt.Errorf("%s is not a string", b.Text)
	}
	return unquote(b.Text)
}

// Bool is the value of true and false.
func (b *BasicLit) Bool() bool { return b.Kind == BoolLit && b.Text == "true" }

// unquote interprets a string as Go does; carriage returns in raw strings are dropped.
func unquote(text string) (string, error) { return strconv.Unquote(text) }
