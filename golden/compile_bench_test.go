package golden

import (
	"maps"
	"slices"
	"testing"

	"ndec.dev/ndec/cmd/ndec/driver"
)

// BenchmarkCompile is the way from source to emitted text of each example, as `ndec build -n` goes it.
func BenchmarkCompile(b *testing.B) {
	for _, name := range slices.Sorted(maps.Keys(examples)) {
		b.Run(name, func(b *testing.B) {
			files := sourceOf(b, name, false)
			b.ReportAllocs()
			for b.Loop() {
				if _, ds := driver.Compile(files, driver.Options{Unverified: true}); ds.HasErrors() {
					b.Fatal(ds)
				}
			}
		})
	}
}
