package main

import (
	"bytes"
	"os"
	"testing"
)

// TestRecord: the files that are committed are those that the program writes.
func TestRecord(t *testing.T) {
	files, err := record()
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range files {
		got, err := os.ReadFile("../../" + name)
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(got, want) {
			t.Errorf("%s is not what go run ./generated/recordings/record writes", name)
		}
	}
}
