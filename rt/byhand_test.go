package rt

import "math"

// byHand is what somebody would write for one problem: Lorenz' equations by tsit5 with its controller, everything in one function, to compare Solve
// with. It returns the end and the number of attempted steps.
func byHand(f Field, y0 [3]float64, t1, tol float64) (y [3]float64, steps int) {
	var k1, k2, k3, k4, k5, k6, k7, at, y1, e [3]float64
	root := rootOf(5)
	norm := func(e, y, y1 *[3]float64) float64 {
		sum := 0.0
		for i, x := range e {
			r := x / (tol + float64(tol*max(math.Abs(y[i]), math.Abs(y1[i]))))
			sum += float64(r * r)
		}
		return math.Sqrt(sum / 3)
	}
	y = y0
	f(0, y[:], k1[:])
	d0, d1 := norm(&y, &y, &y), norm(&k1, &y, &y)
	h := 0.01 * d0 / d1
	for i := range at {
		at[i] = y[i] + float64(h*k1[i])
	}
	f(h, at[:], k2[:])
	for i := range at {
		at[i] = k2[i] - k1[i]
	}
	h = min(100*h, Pow64(0.01/max(d1, norm(&at, &y, &y)/h), 1.0/5))
	rejected := false
	for t := 0.0; t != t1; steps++ {
		last := t+float64(1.01*h) >= t1
		if last {
			h = t1 - t
		}
		at[0] = y[0] + float64(h*0.161*k1[0])
		at[1] = y[1] + float64(h*0.161*k1[1])
		at[2] = y[2] + float64(h*0.161*k1[2])
		f(t+float64(h*0.161), at[:], k2[:])
		at[0] = y[0] + float64(h*-0.008480655492356989*k1[0]) + float64(h*0.335480655492357*k2[0])
		at[1] = y[1] + float64(h*-0.008480655492356989*k1[1]) + float64(h*0.335480655492357*k2[1])
		at[2] = y[2] + float64(h*-0.008480655492356989*k1[2]) + float64(h*0.335480655492357*k2[2])
		f(t+float64(h*0.327), at[:], k3[:])
		at[0] = y[0] + float64(h*2.8971530571054935*k1[0]) + float64(h*-6.359448489975075*k2[0]) + float64(h*4.3622954328695815*k3[0])
		at[1] = y[1] + float64(h*2.8971530571054935*k1[1]) + float64(h*-6.359448489975075*k2[1]) + float64(h*4.3622954328695815*k3[1])
		at[2] = y[2] + float64(h*2.8971530571054935*k1[2]) + float64(h*-6.359448489975075*k2[2]) + float64(h*4.3622954328695815*k3[2])
		f(t+float64(h*0.9), at[:], k4[:])
		at[0] = y[0] + float64(h*5.325864828439257*k1[0]) + float64(h*-11.748883564062828*k2[0]) + float64(h*7.4955393428898365*k3[0]) + float64(h*-0.09249506636175525*k4[0])
		at[1] = y[1] + float64(h*5.325864828439257*k1[1]) + float64(h*-11.748883564062828*k2[1]) + float64(h*7.4955393428898365*k3[1]) + float64(h*-0.09249506636175525*k4[1])
		at[2] = y[2] + float64(h*5.325864828439257*k1[2]) + float64(h*-11.748883564062828*k2[2]) + float64(h*7.4955393428898365*k3[2]) + float64(h*-0.09249506636175525*k4[2])
		f(t+float64(h*0.9800255409045097), at[:], k5[:])
		at[0] = y[0] + float64(h*5.86145544294642*k1[0]) + float64(h*-12.92096931784711*k2[0]) + float64(h*8.159367898576159*k3[0]) + float64(h*-0.071584973281401*k4[0]) + float64(h*-0.028269050394068383*k5[0])
		at[1] = y[1] + float64(h*5.86145544294642*k1[1]) + float64(h*-12.92096931784711*k2[1]) + float64(h*8.159367898576159*k3[1]) + float64(h*-0.071584973281401*k4[1]) + float64(h*-0.028269050394068383*k5[1])
		at[2] = y[2] + float64(h*5.86145544294642*k1[2]) + float64(h*-12.92096931784711*k2[2]) + float64(h*8.159367898576159*k3[2]) + float64(h*-0.071584973281401*k4[2]) + float64(h*-0.028269050394068383*k5[2])
		f(t+h, at[:], k6[:])
		y1[0] = y[0] + float64(h*0.09646076681806523*k1[0]) + float64(h*0.01*k2[0]) + float64(h*0.4798896504144996*k3[0]) + float64(h*1.379008574103742*k4[0]) + float64(h*-3.290069515436081*k5[0]) + float64(h*2.324710524099774*k6[0])
		y1[1] = y[1] + float64(h*0.09646076681806523*k1[1]) + float64(h*0.01*k2[1]) + float64(h*0.4798896504144996*k3[1]) + float64(h*1.379008574103742*k4[1]) + float64(h*-3.290069515436081*k5[1]) + float64(h*2.324710524099774*k6[1])
		y1[2] = y[2] + float64(h*0.09646076681806523*k1[2]) + float64(h*0.01*k2[2]) + float64(h*0.4798896504144996*k3[2]) + float64(h*1.379008574103742*k4[2]) + float64(h*-3.290069515436081*k5[2]) + float64(h*2.324710524099774*k6[2])
		f(t+h, y1[:], k7[:])
		e[0] = float64(h*0.001317208178647071*k1[0]) + float64(h*0.0006041615001459927*k2[0]) + float64(h*-0.005831849727593877*k3[0]) + float64(h*0.10708614530821454*k4[0]) + float64(h*-0.43094430243489085*k5[0]) + float64(h*0.33898075838759834*k6[0]) + float64(h*-0.011212121212121211*k7[0])
		e[1] = float64(h*0.001317208178647071*k1[1]) + float64(h*0.0006041615001459927*k2[1]) + float64(h*-0.005831849727593877*k3[1]) + float64(h*0.10708614530821454*k4[1]) + float64(h*-0.43094430243489085*k5[1]) + float64(h*0.33898075838759834*k6[1]) + float64(h*-0.011212121212121211*k7[1])
		e[2] = float64(h*0.001317208178647071*k1[2]) + float64(h*0.0006041615001459927*k2[2]) + float64(h*-0.005831849727593877*k3[2]) + float64(h*0.10708614530821454*k4[2]) + float64(h*-0.43094430243489085*k5[2]) + float64(h*0.33898075838759834*k6[2]) + float64(h*-0.011212121212121211*k7[2])
		err := norm(&e, &y, &y1)
		factor := 10.0
		if err != 0 {
			factor = min(10, max(0.2, 0.9*root.at(err)))
		}
		if !(err <= 1) {
			h *= min(factor, 1)
			rejected = true
			continue
		}
		if rejected {
			factor = min(factor, 1)
		}
		rejected = false
		if t += h; last {
			t = t1
		}
		h *= factor
		y, k1 = y1, k7
	}
	return y, steps
}
