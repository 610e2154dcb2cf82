package rt

import (
	"archive/zip"
	"bytes"
	"compress/gzip"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"testing"
)

// archive is a zip file of members.
func archive(t testing.TB, members map[string]string) string {
	t.Helper()
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	for name, text := range members {
		w, err := z.Create(name)
		if err == nil {
			_, err = io.WriteString(w, text)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// npyText is an .npy file with a head that may lie.
func npyText(shape, descr, body string) string {
	head := fmt.Sprintf("{'descr': '%s', 'fortran_order': False, 'shape': (%s), }\n", descr, shape)
	return "\x93NUMPY\x01\x00" + string([]byte{byte(len(head)), byte(len(head) >> 8)}) + head + body
}

// stored is a safetensors file with this header and these bytes of tensors.
func stored(head, body string) string {
	return string(binary.LittleEndian.AppendUint64(nil, uint64(len(head)))) + head + body
}

// zipped is the text, gzipped.
func zipped(t *testing.T, text string) string {
	t.Helper()
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	if _, err := z.Write([]byte(text)); err != nil {
		t.Fatal(err)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// TestBadData: whatever is wrong with a file is said with its place, and takes no more memory than the file.
func TestBadData(t *testing.T) {
	dir := t.TempDir()
	one, pair, label := []ColumnSpec{{Name: "x"}}, []ColumnSpec{{Name: "x", Shape: []int{2}}}, []ColumnSpec{{Name: "y", Classes: 3}}
	eight := strings.Repeat("\x00", 8)
	bomb := archive(t, map[string]string{"x.npy": npyText("2,", "<f8", strings.Repeat("\x00", 64<<20))})
	if len(bomb) > 1<<18 {
		t.Fatalf("a bomb of %d bytes", len(bomb))
	}
	var files = map[string]string{
		"empty.csv": "", "head.csv": "x,y\n", "columns.csv": "a,b\n1,2\n", "cell.csv": "x,y\n1,2\n3,four\n",
		"utf16.csv": "\xff\xfex\x00\n\x001\x00\n\x00", "packed.csv": zipped(t, "x\n1\n"),
		"large.csv": "x\n3.4e38\n-3.5e38\n", "large.npy": npyText("2,", "<f8", eight+"\x9c\x75\x00\x88\x3c\xe4\x37\x7e"),
		"nan.csv": "x\n1\nNaN\n", "gap.csv": "x,y\n1,2\n,3\n", "inf.csv": "x\n1\n-Inf\n", "ragged.csv": "x,y\n1,2\n3\n", "quote.csv": "x\n\"1\n",
		"rows.csv": "x\n1\n2\n3\n", "semi.csv": "x;y\n1;2\n", "runs.csv": "x,run\n1,a\n2,b\n3,a\n", "labels.csv": "y\n0\n2\n3\n", "half.csv": "y\n0.5\n", "ints.csv": "x\n3\n2.5\n", "bools.csv": "x\ntrue\nFalse\n2\n",
		"labels.npy": npyText("3,", "<i4", "\x00\x00\x00\x00\x02\x00\x00\x00\xff\xff\xff\xff"),
		"short.npy":  npyText("2,", "<f8", eight), "long.npy": npyText("1,", "<f8", eight+eight), "lie.npy": npyText("1000000000,", "<f8", eight),
		"none.npy": "hello", "objects.npy": npyText("1,", "|O8", eight), "matrix.npy": npyText("1, 3", "<f8", eight+eight+eight),
		"a.npz":    archive(t, map[string]string{"x.npy": npyText("2,", "<f8", eight+eight), "y.npy": npyText("1,", "<i4", "\x00\x00\x00\x00")}),
		"bomb.npz": bomb, "lie.npz": archive(t, map[string]string{"x.npy": npyText("100000, 100000", "<f8", eight)}),
		"overflow.npz": archive(t, map[string]string{"x.npy": npyText("4294967296, 4294967296, 4294967296", "<f8", eight)}),
		"none.npz":     "PK", "broken.npz": bomb[:len(bomb)-30],
		"nan.npy": npyText("2,", "<f4", "\x00\x00\x80\x3f\x00\x00\xc0\x7f"), "inf.npy": npyText("1, 2", "<f2", "\x00\x3c\x00\x7c"), "version.npy": "\x93NUMPY\x02\x00\xff\xff\xff\xff{}",
		"labels.npz":        archive(t, map[string]string{"x.npy": npyText("2,", "<f8", eight+eight), "y.npy": npyText("2,", "<i4", "\x01\x00\x00\x00\x07\x00\x00\x00")}),
		"x.safetensors":     stored(`{"x":{"dtype":"F64","shape":[2],"data_offsets":[0,16]},"y":{"dtype":"I64","shape":[2],"data_offsets":[16,32]}}`, eight+"\x00\x00\x00\x00\x00\x00\xf8\x7f"+eight+"\x05"+eight[1:]),
		"three.safetensors": stored(`{"x":{"dtype":"F64","shape":[1],"data_offsets":[0,8]},"y":{"dtype":"U8","shape":[8],"data_offsets":[8,16]}}`, eight+eight),
		"lie.safetensors":   stored(`{"x":{"dtype":"F64","shape":[4000000000],"data_offsets":[0,32000000000]}}`, eight), "wide.safetensors": stored(`{"x":{"dtype":"F64","shape":[9223372036854775807,2],"data_offsets":[0,8]}}`, eight),
		"short.safetensors": stored(`{"x":{"dtype":"F64","shape":[2],"data_offsets":[0,8]}}`, eight), "hole.safetensors": stored(`{"x":{"dtype":"F64","shape":[1],"data_offsets":[8,16]}}`, eight+eight),
		"more.safetensors": stored(`{"x":{"dtype":"F64","shape":[1],"data_offsets":[0,8]}}`, eight+eight), "twice.safetensors": stored(`{"x":{"dtype":"F64","shape":[1],"data_offsets":[0,8]},"x":{"dtype":"F64","shape":[1],"data_offsets":[0,8]}}`, eight),
		"head.safetensors": "\x00\x00\x00\x00\x00\x00\x00\x01" + eight, "cut.safetensors": "\x00\x01\x00\x00\x00\x00\x00\x00{", "text.safetensors": stored("[]", eight),
		"none.idx": "hello", "cut.idx": "\x00\x00\x08\x02\x00", "short.idx": "\x00\x00\x08\x01\x00\x00\x00\x09abc", "labels.idx": "\x00\x00\x08\x01\x00\x00\x00\x02\x00\x09", "bomb.idx.gz": zipped(t, "\x00\x00\x08\x01\x40\x00\x00\x00"+strings.Repeat("\x00", 8<<20)), "broken.idx.gz": "\x1f\x8b\x08",
		"none.safetensors": "x", "huge.idx": "\x00\x00\x08\x04\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff",
	}
	write(t, dir, files)
	if err := os.Mkdir(filepath.Join(dir, "folder.csv"), 0o755); err != nil {
		t.Fatal(err)
	}
	idx := func(file string) Source { return IDX{Columns: []string{"y"}, Files: []string{file}} }
	xy := []ColumnSpec{{Name: "x"}, {Name: "y"}}
	for _, c := range []struct {
		source Source
		cols   []ColumnSpec
		want   string
	}{
		{CSV{File: "empty.csv"}, one, "empty.csv: the file is empty, a header line is needed"},
		{CSV{File: "columns.csv"}, xy, `columns.csv: line 1: column "x" is missing; the header has a, b`},
		{CSV{File: "cell.csv"}, xy, `cell.csv: line 3, column "y": "four" is not a finite number`},
		{CSV{File: "nan.csv"}, one, `nan.csv: line 3, column "x": "NaN" is not a finite number; with another column of the same shape, real or bool, that is present(x), it may be missing`},
		{CSV{File: "gap.csv"}, xy, `gap.csv: line 3, column "x": "" is not a finite number; with another column`},
		{CSV{File: "inf.csv"}, one, `inf.csv: line 3, column "x": "-Inf" is not a finite number`},
		{CSV{File: "large.csv"}, []ColumnSpec{{Name: "x", Single: true}}, `large.csv: line 3, column "x": -3.5e+38 is beyond the numbers of float32, up to 3.4e38; --precision f64 has larger ones`},
		{NPY{File: "large.npy"}, []ColumnSpec{{Name: "x", Single: true}}, `large.npy: column "x", row 1: 1e+300 is beyond the numbers of float32`},
		{CSV{File: "utf16.csv"}, one, "utf16.csv: line 1: this is text in UTF-16: save it as UTF-8"},
		{CSV{File: "packed.csv"}, one, "packed.csv: line 1: this is no text"},
		{CSV{File: "ragged.csv"}, xy, "ragged.csv: line 3: the number of fields differs from the header"},
		{CSV{File: "quote.csv"}, one, "quote.csv: "},
		{CSV{File: "rows.csv", Window: 4}, []ColumnSpec{{Name: "x", Shape: []int{4}, Fields: []string{"x"}}}, "rows.csv: 3 rows are too few for a window of 4"},
		{CSV{File: "runs.csv", Window: 2, Run: "run"}, []ColumnSpec{{Name: "x", Shape: []int{2}, Fields: []string{"x"}}}, `runs.csv: 3 rows, in recordings that "run" tells apart, are too few for a window of 2`},
		{CSV{File: "semi.csv"}, xy, `semi.csv: line 1: column "x" is missing; the header has x;y; fields are separated by commas`},
		{CSV{File: "labels.csv"}, label, `labels.csv: line 4, column "y": 3 is not a label 0..2`},
		{CSV{File: "half.csv"}, label, `half.csv: line 2, column "y": 0.5 is not a label 0..2`},
		{CSV{File: "ints.csv"}, []ColumnSpec{{Name: "x", Whole: true}}, `ints.csv: line 3, column "x": 2.5 is not an integer of 32 bits`},
		{CSV{File: "bools.csv"}, []ColumnSpec{{Name: "x", Classes: 2}}, `bools.csv: line 4, column "x": 2 is not a label 0..1`},
		{NPY{File: "labels.npy"}, label, `labels.npy: column "y", row 2: -1 is not a label 0..2`},
		{NPY{File: "short.npy"}, one, "short.npy: shape [2] of f8 needs 16 bytes, 8 are there"},
		{NPY{File: "long.npy"}, one, "long.npy: more follows the 8 bytes that shape [1] of f8 needs"},
		{NPY{File: "lie.npy"}, one, "lie.npy: shape [1000000000] of f8 needs 8000000000 bytes, 8 are there"},
		{NPY{File: "none.npy"}, one, "none.npy: not an .npy file"},
		{NPY{File: "objects.npy"}, one, "objects.npy: "},
		{NPY{File: "matrix.npy"}, pair, `matrix.npy: column "x" has shape [1 3], want rows of [2]`},
		{NPZ{File: "a.npz"}, xy, `a.npz: column "y" has 1 rows, "x" has 2`},
		{NPZ{File: "a.npz"}, []ColumnSpec{{Name: "x"}, {Name: "z"}}, `a.npz: array "z" is missing; the archive has `},
		{NPZ{File: "bomb.npz"}, one, `bomb.npz: array "x": more follows the 16 bytes that shape [2] of f8 needs`},
		{NPZ{File: "lie.npz"}, one, `lie.npz: array "x": an array of shape [100000 100000] has more than the 268435456 numbers that a packed file may have`},
		{NPZ{File: "overflow.npz"}, one, `overflow.npz: array "x": an array of shape [4294967296 4294967296 4294967296] is no array`},
		{NPZ{File: "none.npz"}, one, "none.npz: "},
		{NPZ{File: "broken.npz"}, one, "broken.npz: "},
		{NPY{File: "nan.npy"}, one, `nan.npy: column "x", row 1: NaN is not finite; with another column of the same shape, real or bool, that is present(x), it may be missing`},
		{NPY{File: "inf.npy"}, pair, `inf.npy: column "x", row 0: +Inf is not finite`},
		{NPY{File: "version.npy"}, one, "version.npy: .npy header is truncated"},
		{NPY{File: "nan.npy"}, xy, "nan.npy: an .npy file holds one column, 2 are declared"},
		{NPZ{File: "labels.npz"}, []ColumnSpec{{Name: "x"}, {Name: "y", Classes: 3}}, `labels.npz: column "y", row 1: 7 is not a label 0..2`},
		{SafeTensors{File: "x.safetensors"}, one, `x.safetensors: column "x", row 1: NaN is not finite; with another column of the same shape`},
		{SafeTensors{File: "x.safetensors"}, label, `x.safetensors: column "y", row 1: 5 is not a label 0..2`},
		{SafeTensors{File: "x.safetensors"}, pair, `x.safetensors: column "x" has shape [2], want rows of [2]`},
		{SafeTensors{File: "three.safetensors"}, xy, `three.safetensors: column "y" has 8 rows, "x" has 1`},
		{SafeTensors{File: "three.safetensors"}, []ColumnSpec{{Name: "z"}}, `three.safetensors: tensor "z" is missing; the file has x, y`},
		{SafeTensors{File: "lie.safetensors"}, one, `lie.safetensors: tensor "x": shape [4000000000] does not fit into the file`},
		{SafeTensors{File: "wide.safetensors"}, one, `wide.safetensors: tensor "x": shape [9223372036854775807 2] does not fit into the file`},
		{SafeTensors{File: "short.safetensors"}, one, `short.safetensors: tensor "x": 8 bytes for shape [2] of F64`},
		{SafeTensors{File: "hole.safetensors"}, one, `hole.safetensors: tensor "x" starts at byte 8, want 0`},
		{SafeTensors{File: "more.safetensors"}, one, "more.safetensors: 8 bytes follow the last tensor"},
		{SafeTensors{File: "twice.safetensors"}, one, `twice.safetensors: header: name "x" appears twice`},
		{SafeTensors{File: "head.safetensors"}, one, "head.safetensors: header of 72057594037927936 bytes is larger than 100 MB"},
		{SafeTensors{File: "cut.safetensors"}, one, "cut.safetensors: file is truncated: header of 256 bytes, 1 are there"},
		{SafeTensors{File: "text.safetensors"}, one, "text.safetensors: header does not start with {"},
		{idx("none.idx"), label, "none.idx: not an IDX file"},
		{idx("cut.idx"), label, "cut.idx: IDX file is truncated"},
		{idx("short.idx"), label, "short.idx: shape [9] of u1 needs 9 bytes, 3 are there"},
		{idx("labels.idx"), label, `column "y", row 1: 9 is not a label 0..2`},
		{idx("bomb.idx"), label, "bomb.idx.gz: an array of shape [1073741824] has more than the 268435456 numbers that a packed file may have"},
		{idx("broken.idx"), label, "broken.idx.gz: "},
		{IDX{Columns: []string{"x"}, Files: []string{"labels.idx"}}, label, `no file is given for column "y"`},
		{CSV{File: "[.csv"}, one, "[.csv is no pattern for files"},
		{CSV{File: "folder.csv"}, one, "folder.csv: no file but a folder"},
		{SafeTensors{File: "none.safetensors"}, one, "none.safetensors: file of 1 bytes is too short for safetensors"},
		{IDX{Columns: []string{"x"}, Files: []string{"huge.idx"}}, one, "huge.idx: an array of shape [4294967295 4294967295 4294967295 4294967295] is no array"},
		{CSV{File: "../none/*.csv"}, one, "no file fits ../none/*.csv"},
	} {
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		entry := DataEntry{Name: "D", Source: c.source, Columns: c.cols}
		_, err := entry.Load(dir)
		runtime.ReadMemStats(&after)
		if err == nil || !errors.Is(err, ErrData) && !errors.Is(err, ErrShape) || !strings.HasPrefix(err.Error(), "data D: ") ||
			!strings.Contains(err.Error(), c.want) {
			t.Errorf("%+v: %v, want %s", c.source, err, c.want)
		}
		if mb := (after.TotalAlloc - before.TotalAlloc) >> 20; mb > 4 {
			t.Errorf("%+v takes %d MB", c.source, mb)
		}
	}
	// A table without rows is one; the recipe that would train on it says so.
	if tab, err := (CSV{File: "head.csv"}).Load(dir, xy); err != nil || tab.Rows != 0 {
		t.Errorf("a file of a header alone: %v, %v", tab, err)
	}
	if tab, err := (CSV{File: "bools.csv"}).Load(dir, []ColumnSpec{{Name: "x", Classes: 3}}); err == nil {
		t.Errorf("true is a label of three classes: %v", tab)
	}
}

// lines is a file of left bytes that is never whole in memory; it sees at times how much is.
type lines struct {
	row, rest []byte
	left      int64
	reads     int
	live      uint64 // bytes, the most
}

func (l *lines) Read(p []byte) (int, error) {
	if len(l.rest) == 0 {
		if l.left <= 0 {
			return 0, io.EOF
		}
		l.rest, l.left = l.row, l.left-int64(len(l.row))
		if l.reads++; l.reads%4096 == 0 {
			l.live = max(l.live, live())
		}
	}
	n := copy(p, l.rest)
	l.rest = l.rest[n:]
	return n, nil
}

// live is how many bytes are in use.
func live() uint64 {
	var m runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}

// TestLargeFile: a file is read in one pass and takes 8 bytes for each number of a declared column, whatever else is in
// it. NDEC_TEST_CSV_GB says how large it is.
func TestLargeFile(t *testing.T) {
	size := int64(16 << 20)
	if gb, err := strconv.Atoi(os.Getenv("NDEC_TEST_CSV_GB")); err == nil {
		size = int64(gb) << 30
	}
	const fields = 100
	row := strings.Repeat("3.14159265,", fields-1) + "2.5\n"
	head := ""
	for i := range fields {
		head += fmt.Sprintf("c%d,", i)
	}
	file := &lines{row: []byte(row), left: size}
	before := live()
	tab, err := ReadCSV(io.MultiReader(strings.NewReader(strings.TrimSuffix(head, ",")+"\n"), file), []ColumnSpec{{Name: "last", Fields: []string{"c99"}}})
	if err != nil {
		t.Fatal(err)
	}
	if want := (size + int64(len(row)) - 1) / int64(len(row)); int64(tab.Rows) != want || tab.Columns[0].Data[tab.Rows-1] != 2.5 {
		t.Errorf("%d rows, want %d", tab.Rows, want)
	}
	// A list that grows has room for half as much again, and half a megabyte is for buffers.
	if took, bound := int64(file.live)-int64(before), int64(12*tab.Rows+1<<19); file.reads < 1000 || took > bound {
		t.Errorf("%d bytes in use for %d numbers of a file of %d", took, tab.Rows, size)
	}
}

// TestEndlessRow: a file without an end of line, as a device or a file of another kind, or with a quote that is not closed, is no reason to fill the memory.
func TestEndlessRow(t *testing.T) {
	for _, c := range []struct{ start, row, want string }{{"", "1", "the header"}, {"x\n3\n", "1", "row 1"}, {"x\n1\n2\n\"", "1\n", "row 2"}} {
		file := &lines{row: bytes.Repeat([]byte(c.row), 1<<16), left: 1 << 26}
		before := live()
		_, err := ReadCSV(io.MultiReader(strings.NewReader(c.start), file), []ColumnSpec{{Name: "x"}})
		if err == nil || !errors.Is(err, ErrData) || !strings.Contains(err.Error(), c.want+" is longer than 16 MB: an end of line or the second quote of a field is missing") {
			t.Errorf("after %q: %v", c.start, err)
		}
		if took := int64(live()) - int64(before); took > 1<<20 || file.left < 1<<24 {
			t.Errorf("%d bytes stay, %d are not read", took, file.left)
		}
	}
}

// TestPathsOfData: a path starts at the folder of the program, may leave it and may be absolute, and may go through links; what leads nowhere is named.
func TestPathsOfData(t *testing.T) {
	dir := t.TempDir()
	write(t, dir, map[string]string{"data/a.csv": "x\n1\n", "program/b.csv": "x\n2\n"})
	for path, want := range map[string]float64{"../data/a.csv": 1, "b.csv": 2, filepath.Join(dir, "data", "a.csv"): 1} {
		tab, err := CSV{File: path}.Load(filepath.Join(dir, "program"), []ColumnSpec{{Name: "x"}})
		if err != nil || tab.Columns[0].Data[0] != want {
			t.Errorf("%s: %v %v", path, tab, err)
		}
	}
	if _, err := (CSV{File: "../a.csv"}).Load(filepath.Join(dir, "program"), []ColumnSpec{{Name: "x"}}); !errors.Is(err, os.ErrNotExist) || !strings.Contains(err.Error(), filepath.Join(dir, "a.csv")) {
		t.Errorf("a missing file: %v", err)
	}
	for from, to := range map[string]string{"program/in.csv": "../data/a.csv", "linked": "data", "program/round.csv": "round.csv", "program/lost.csv": "../data/none.csv"} {
		if err := os.Symlink(to, filepath.Join(dir, from)); err != nil {
			if runtime.GOOS == "windows" {
				t.Skip(err) // making links takes a privilege there
			}
			t.Fatal(err)
		}
	}
	for path, want := range map[string]string{"in.csv": "", "../linked/a.csv": "", "round.csv": "round.csv", "lost.csv": "lost.csv"} {
		_, err := CSV{File: path}.Load(filepath.Join(dir, "program"), []ColumnSpec{{Name: "x"}})
		if (err == nil) != (want == "") || err != nil && !strings.Contains(err.Error(), filepath.Join(dir, "program", want)) {
			t.Errorf("%s: %v", path, err)
		}
	}
}
