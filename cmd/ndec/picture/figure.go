package picture

import (
	"bytes"
	"fmt"
	"image"
	"image/color"
	"image/png"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/font"
	"gonum.org/v1/plot/text"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
	"gonum.org/v1/plot/vg/vgimg"
	"gonum.org/v1/plot/vg/vgsvg"
)

// Figure is one picture: a title, a legend that never lies over data, panels in rows, and notes about
// what is not shown.
type Figure struct {
	Title  string
	Legend []Entry
	Rows   [][]*plot.Plot // of equal lengths; nil leaves a place empty
	Notes  []string
	W, H   float64 // of a panel with its axes, in centimetres
}

// Entry is a sample of a style and what it means.
type Entry struct {
	Name string
	Draw func(c *draw.Canvas)
}

// Formats are the kinds of files that Save writes.
var Formats = []string{"png", "svg"}

const (
	dpi    = 120
	margin = vg.Length(8)
)

// Save writes path.png, path.svg and so on through temporary names, and gives the names.
func (f *Figure) Save(path string, formats ...string) (out []string, err error) {
	defer func() {
		if r := recover(); r != nil { // the plotting package panics about ranges that it cannot draw
			err = fmt.Errorf("drawing %s: %v", path, r)
		}
	}()
	for _, format := range formats {
		write := map[string]func(io.Writer) error{"png": f.png, "svg": f.svg}[format]
		if write == nil {
			return out, fmt.Errorf("no format %q: there is %s", format, strings.Join(Formats, ", "))
		}
		var text bytes.Buffer
		if err := write(&text); err != nil {
			return out, err
		}
		name := path + "." + format
		if err := replace(name, text.Bytes()); err != nil {
			return out, err
		}
		out = append(out, name)
	}
	return out, nil
}

// replace writes a file through a temporary name, so that it is the old one or whole.
func replace(name string, text []byte) error {
	tmp, err := os.CreateTemp(filepath.Dir(name), "."+filepath.Base(name)+".*")
	if err != nil {
		return err
	}
	_, err = tmp.Write(text)
	if err == nil {
		err = tmp.Chmod(0o644)
	}
	if cerr := tmp.Close(); err == nil {
		err = cerr
	}
	if err == nil {
		err = os.Rename(tmp.Name(), name)
	}
	if err != nil {
		os.Remove(tmp.Name())
	}
	return err
}

func (f *Figure) svg(w io.Writer) error {
	width, height := f.size()
	c := vgsvg.New(width, height)
	f.draw(draw.New(c))
	_, err := c.WriteTo(w)
	return err
}

func (f *Figure) png(w io.Writer) error {
	width, height := f.size()
	c := vgimg.NewWith(vgimg.UseWH(width, height), vgimg.UseDPI(dpi))
	f.draw(draw.New(c))
	return png.Encode(w, paletted(c.Image()))
}

// size is the size of the whole figure: the panels, and what is above and below them.
func (f *Figure) size() (w, h vg.Length) {
	w = vg.Length(f.W)*vg.Centimeter*vg.Length(len(f.Rows[0])) + 2*margin
	h = vg.Length(f.H)*vg.Centimeter*vg.Length(len(f.Rows)) + f.above(w) + f.below(w)
	return w, h
}

var (
	titleStyle  = style(12.5, ink)
	legendStyle = style(9.5, ink)
	noteStyle   = style(8.5, mute)
)

const (
	titleHeight  = vg.Length(24)
	legendHeight = vg.Length(16)
	noteHeight   = vg.Length(12)
	sampleWidth  = vg.Length(30)
	entryGap     = vg.Length(16)
	gap          = vg.Length(6)
)

func (f *Figure) above(w vg.Length) vg.Length {
	return margin + titleHeight + vg.Length(len(f.legendLines(w)))*legendHeight + gap
}

func (f *Figure) below(w vg.Length) vg.Length {
	return margin + vg.Length(len(f.noteLines(w)))*noteHeight
}

// legendLines breaks the legend into lines that fit.
func (f *Figure) legendLines(w vg.Length) [][]Entry {
	var lines [][]Entry
	used := vg.Length(0)
	for _, e := range f.Legend {
		need := entryWidth(e) + entryGap
		if len(lines) == 0 || used+need > w-2*margin {
			lines, used = append(lines, nil), 0
		}
		lines[len(lines)-1] = append(lines[len(lines)-1], e)
		used += need
	}
	return lines
}

func entryWidth(e Entry) vg.Length { return sampleWidth + 4 + legendStyle.Width(e.Name) }

// noteLines breaks the notes where they do not fit.
func (f *Figure) noteLines(w vg.Length) []string {
	var lines []string
	for _, n := range f.Notes {
		lines = append(lines, wrap(n, noteStyle, w-2*margin)...)
	}
	return lines
}

// wrap breaks a text at spaces into lines of a width.
func wrap(s string, in text.Style, width vg.Length) []string {
	var lines []string
	line := ""
	for _, word := range strings.Fields(s) {
		if line != "" && in.Width(line+" "+word) > width {
			lines, line = append(lines, line), ""
		}
		line = strings.TrimSpace(line + " " + word)
	}
	return append(lines, line)
}

func (f *Figure) draw(c draw.Canvas) {
	c.FillPolygon(color.White, []vg.Point{c.Min, {X: c.Max.X, Y: c.Min.Y}, c.Max, {X: c.Min.X, Y: c.Max.Y}})
	w := c.Max.X - c.Min.X
	y := c.Max.Y - margin
	centred := titleStyle
	centred.XAlign, centred.YAlign = text.XCenter, text.YTop
	for centred.Width(f.Title) > w-2*margin && centred.Font.Size > 7 {
		centred.Font.Size -= font.Points(0.5)
	}
	c.FillText(centred, vg.Point{X: c.Min.X + w/2, Y: y}, f.Title)
	y -= titleHeight
	for _, line := range f.legendLines(w) {
		total := -entryGap
		for _, e := range line {
			total += entryWidth(e) + entryGap
		}
		x := c.Min.X + (w-total)/2
		for _, e := range line {
			e.Draw(&draw.Canvas{Canvas: c.Canvas, Rectangle: vg.Rectangle{Min: vg.Point{X: x, Y: y - legendHeight + 4}, Max: vg.Point{X: x + sampleWidth, Y: y - 2}}})
			left := legendStyle
			left.YAlign = text.YCenter
			c.FillText(left, vg.Point{X: x + sampleWidth + 4, Y: y - legendHeight/2 + 1}, e.Name)
			x += entryWidth(e) + entryGap
		}
		y -= legendHeight
	}
	notes := f.noteLines(w)
	for i, n := range notes {
		c.FillText(noteStyle, vg.Point{X: c.Min.X + margin, Y: c.Min.Y + margin/2 + vg.Length(len(notes)-1-i)*noteHeight}, n)
	}
	inner := draw.Crop(c, margin, -margin, f.below(w), -f.above(w))
	tiles := draw.Tiles{Rows: len(f.Rows), Cols: len(f.Rows[0]), PadX: vg.Points(10), PadY: vg.Points(8)}
	for j, row := range plot.Align(f.Rows, tiles, inner) {
		for i, cell := range row {
			if f.Rows[j][i] != nil {
				f.Rows[j][i].Draw(cell)
			}
		}
	}
}

// arrange puts panels into rows of at most three and chooses their size: large when alone. Panels with
// the same axes are labelled at the left and below only.
func (f *Figure) arrange(panels []*plot.Plot) {
	cols := min(len(panels), 3)
	if len(panels) == 4 {
		cols = 2
	}
	for len(panels)%cols != 0 {
		panels = append(panels, nil)
	}
	f.Rows = slices.Collect(slices.Chunk(panels, cols))
	for j, row := range f.Rows {
		for i, p := range row {
			if p == nil {
				continue
			}
			if i > 0 && p.Y.Min == row[0].Y.Min && p.Y.Max == row[0].Y.Max && p.Y.Label.Text == row[0].Y.Label.Text {
				p.Y.Label.Text, p.Y.Tick.Marker = "", bare{p.Y.Tick.Marker}
			}
			if j+1 < len(f.Rows) && f.Rows[j+1][i] != nil && f.Rows[j+1][i].X.Min == p.X.Min && f.Rows[j+1][i].X.Max == p.X.Max {
				p.X.Label.Text, p.X.Tick.Marker = "", bare{p.X.Tick.Marker}
			}
		}
	}
	f.W, f.H = []float64{14.5, 10.5, 8.5}[cols-1], []float64{12, 9.5, 8}[cols-1]
	for _, p := range panels {
		if p != nil {
			p.Title.Text = strings.Join(wrap(p.Title.Text, p.Title.TextStyle, vg.Length(f.W-1.6)*vg.Centimeter), "\n")
		}
	}
}

// lineEntry is a legend entry of a line, with a marker if shape is not nil.
func lineEntry(name string, l draw.LineStyle, g *draw.GlyphStyle) Entry {
	return Entry{name, func(c *draw.Canvas) {
		y := (c.Min.Y + c.Max.Y) / 2
		c.StrokeLine2(l, c.Min.X, y, c.Max.X, y)
		if g != nil {
			c.DrawGlyphNoClip(*g, vg.Point{X: (c.Min.X + c.Max.X) / 2, Y: y})
		}
	}}
}

// wayEntry is a legend entry of a path: a mark at its start, a line, a mark at its end.
func wayEntry(name string, start draw.GlyphStyle, l draw.LineStyle, end draw.GlyphStyle) Entry {
	return Entry{name, func(c *draw.Canvas) {
		y := (c.Min.Y + c.Max.Y) / 2
		c.StrokeLine2(l, c.Min.X+3, y, c.Max.X-3, y)
		c.DrawGlyphNoClip(start, vg.Point{X: c.Min.X + 3, Y: y})
		c.DrawGlyphNoClip(end, vg.Point{X: c.Max.X - 3, Y: y})
	}}
}

// glyphEntry is a legend entry of a marker.
func glyphEntry(name string, g draw.GlyphStyle) Entry {
	return Entry{name, func(c *draw.Canvas) {
		c.DrawGlyphNoClip(g, vg.Point{X: (c.Min.X + c.Max.X) / 2, Y: (c.Min.Y + c.Max.Y) / 2})
	}}
}

// imageEntry is a legend entry of a coloured area.
func imageEntry(name string, img image.Image) Entry {
	return Entry{name, func(c *draw.Canvas) {
		c.DrawImage(c.Rectangle, img)
		c.StrokeLines(draw.LineStyle{Color: mute, Width: vg.Points(0.4)}, []vg.Point{c.Min, {X: c.Max.X, Y: c.Min.Y}, c.Max, {X: c.Min.X, Y: c.Max.Y}, c.Min})
	}}
}
