package picture

import (
	"math"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// streamLines draws evenly spaced stream lines of a field with arrows along it. A line ends where
// another one is near, so that none lies on another (after Jobard and Lefer 1997, with a mask of cells
// in place of distances).
type streamLines struct {
	grid Grid
	line draw.LineStyle
}

const (
	streamCells = 26    // of the mask, along each side
	streamStep  = 0.004 // of the length of a side
	streamShort = 0.11  // shorter lines are left out
	streamLong  = 1.5   // longest in each direction
)

// Plot draws the lines.
func (s streamLines) Plot(c draw.Canvas, p *plot.Plot) {
	trX, trY := p.Transforms(&c)
	x0, x1 := s.grid.X[0], s.grid.X[len(s.grid.X)-1]
	y0, y1 := s.grid.Y[0], s.grid.Y[len(s.grid.Y)-1]
	at := func(q [2]float64) vg.Point { return vg.Point{X: trX(x0 + q[0]*(x1-x0)), Y: trY(y0 + q[1]*(y1-y0))} }
	for _, line := range s.grid.streams() {
		var pts []vg.Point
		for k := 0; k < len(line); k += 3 {
			pts = append(pts, at(line[k]))
		}
		pts = append(pts, at(line[len(line)-1]))
		c.StrokeLines(s.line, pts)
		m := len(line) / 2
		arrow(c, s.line, at(line[max(m-4, 0)]), at(line[min(m+4, len(line)-1)]))
	}
}

// arrow draws an arrowhead at the middle of a to b.
func arrow(c draw.Canvas, l draw.LineStyle, a, b vg.Point) {
	dx, dy := float64(b.X-a.X), float64(b.Y-a.Y)
	n := math.Hypot(dx, dy)
	if !(n > 0) {
		return
	}
	const size = 5.0
	ux, uy := dx/n*size, dy/n*size
	tip := vg.Point{X: (a.X+b.X)/2 + vg.Length(ux)/2, Y: (a.Y+b.Y)/2 + vg.Length(uy)/2}
	back := vg.Point{X: tip.X - vg.Length(ux), Y: tip.Y - vg.Length(uy)}
	c.FillPolygon(l.Color, []vg.Point{tip, {X: back.X - vg.Length(uy)*0.4, Y: back.Y + vg.Length(ux)*0.4}, {X: back.X + vg.Length(uy)*0.4, Y: back.Y - vg.Length(ux)*0.4}})
}

// streams are lines along the field in the unit square.
func (g Grid) streams() [][][2]float64 {
	var taken [streamCells][streamCells]bool
	cell := func(q [2]float64) (int, int) {
		return min(int(q[0]*streamCells), streamCells-1), min(int(q[1]*streamCells), streamCells-1)
	}
	walk := func(q [2]float64, sign float64, own map[[2]int]bool) [][2]float64 {
		var out [][2]float64
		for n := 0; n < streamLong/streamStep; n++ {
			// Midpoint rule with steps of equal length.
			d, ok := g.direction(q)
			if !ok {
				break
			}
			h := sign * streamStep
			if d, ok = g.direction([2]float64{q[0] + h/2*d[0], q[1] + h/2*d[1]}); !ok {
				break
			}
			q = [2]float64{q[0] + h*d[0], q[1] + h*d[1]}
			if q[0] < 0 || q[0] > 1 || q[1] < 0 || q[1] > 1 {
				break
			}
			i, j := cell(q)
			if taken[i][j] && !own[[2]int{i, j}] {
				break
			}
			own[[2]int{i, j}] = true
			out = append(out, q)
		}
		return out
	}
	var lines [][][2]float64
	for _, start := range starts() {
		q := [2]float64{(float64(start[0]) + 0.5) / streamCells, (float64(start[1]) + 0.5) / streamCells}
		if taken[start[0]][start[1]] {
			continue
		}
		own := map[[2]int]bool{start: true}
		back, ahead := walk(q, -1, own), walk(q, 1, own)
		if float64(len(back)+len(ahead))*streamStep < streamShort {
			continue
		}
		var line [][2]float64
		for k := len(back) - 1; k >= 0; k-- {
			line = append(line, back[k])
		}
		lines = append(lines, append(append(line, q), ahead...))
		for c := range own {
			taken[c[0]][c[1]] = true
		}
	}
	return lines
}

// starts are the cells of the mask from the border inwards: lines from the border are long.
func starts() [][2]int {
	var out [][2]int
	for ring := 0; ring < streamCells/2; ring++ {
		lo, hi := ring, streamCells-1-ring
		for i := lo; i <= hi; i++ {
			out = append(out, [2]int{i, lo}, [2]int{i, hi})
		}
		for j := lo + 1; j < hi; j++ {
			out = append(out, [2]int{lo, j}, [2]int{hi, j})
		}
	}
	return out
}

// direction is the field in the unit square, of length one; false where it is not finite or almost zero.
func (g Grid) direction(q [2]float64) ([2]float64, bool) {
	if q[0] < 0 || q[0] > 1 || q[1] < 0 || q[1] > 1 {
		return q, false
	}
	nx, ny := len(g.X), len(g.Y)
	fx, fy := q[0]*float64(nx-1), q[1]*float64(ny-1)
	i, j := min(int(fx), nx-2), min(int(fy), ny-2)
	fx, fy = fx-float64(i), fy-float64(j)
	mix := func(a [][]float64) float64 {
		return (1-fy)*((1-fx)*a[j][i]+fx*a[j][i+1]) + fy*((1-fx)*a[j+1][i]+fx*a[j+1][i+1])
	}
	u, v := mix(g.U)/(g.X[nx-1]-g.X[0]), mix(g.V)/(g.Y[ny-1]-g.Y[0])
	n := math.Hypot(u, v)
	if !finite(n) || n < 1e-12 {
		return q, false
	}
	return [2]float64{u / n, v / n}, true
}
