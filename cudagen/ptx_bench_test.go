//go:build unix

package cudagen_test

import (
	"bytes"
	"syscall"
	"testing"

	"ndec.dev/ndec/cmd/ndec/driver"
	"ndec.dev/ndec/cmd/ndec/nvcc"
)

// BenchmarkPTX makes what `ndec build --target cuda` does of every example: lines of the kernels' text and of their PTX, and the processor time
// of all that nvcc starts, by image. Others on the machine do not count in it, but slow it down.
func BenchmarkPTX(b *testing.B) {
	compiler := nvcc.Find()
	if compiler == "" {
		b.Skip("there is no nvcc on the PATH or below CUDA_HOME")
	}
	for name, files := range examples(b) {
		res, ds := driver.Compile(files, driver.Options{CUDA: true})
		if ds.HasErrors() {
			b.Fatal(ds)
		}
		images := nvcc.Images(res.CUDA)
		for i, m := range images {
			if nvcc.First(images, i) != i {
				continue
			}
			b.Run(name+"/sm_"+m.Arch(), func(b *testing.B) {
				lines, begin := 0, children(b)
				for b.Loop() {
					text, err := nvcc.Compile(compiler, res.CUDA, m)
					if err != nil {
						b.Fatal(err)
					}
					lines = bytes.Count(text, []byte("\n"))
				}
				b.ReportMetric((children(b)-begin)/float64(b.N), "cpu-s/op")
				b.ReportMetric(float64(bytes.Count(res.CUDA.Files[0].Text, []byte("\n"))), "lines")
				b.ReportMetric(float64(lines), "PTX-lines")
			})
		}
	}
}

// children is the processor time of processes that have ended, in seconds.
func children(b *testing.B) float64 {
	b.Helper()
	var use syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_CHILDREN, &use); err != nil {
		b.Fatal(err)
	}
	return float64(use.Utime.Nano()+use.Stime.Nano()) / 1e9
}
