package ivp

import "math"

const (
	real128 = "; end value from an integration in 113-bit arithmetic by Taylor series of order above 30, tolerance 1e-26"
	hnw     = "Hairer, Nørsett, Wanner, Solving Ordinary Differential Equations I"
)

func others() []Problem {
	vanDerPol := func(mu float64) func(t float64, y, dy []float64) {
		return func(_ float64, y, dy []float64) { dy[0], dy[1] = y[1], mu*(1-y[0]*y[0])*y[1]-y[0] }
	}
	lorenz := func(t1 float64, end ...float64) Problem {
		return Problem{Name: map[float64]string{1: "lorenz", 5: "lorenz5", 10: "lorenz10", 20: "lorenz20"}[t1], T1: t1, Y0: []float64{1, 1, 1}, End: end,
			Source: "Lorenz 1963" + real128, F: func(_ float64, y, dy []float64) {
				dy[0], dy[1], dy[2] = 10*(y[1]-y[0]), y[0]*(28-y[2])-y[1], y[0]*y[1]-8.0/3*y[2]
			}}
	}
	return []Problem{
		{Name: "arenstorf", T1: 17.0652165601579625588917206249, Y0: []float64{.994, 0, 0, -2.00158510637908252240537862224},
			End: []float64{.994, 0, 0, -2.00158510637908252240537862224}, F: arenstorf,
			Source: "Arenstorf 1963; " + hnw + ", II.0: a closed orbit"},
		{Name: "arenstorf_small", T1: 11.124340337266085134999734047, Y0: []float64{.994, 0, 0, -2.0317326295573368357302057924},
			End: []float64{.994, 0, 0, -2.0317326295573368357302057924}, F: arenstorf,
			Source: "Arenstorf 1963; " + hnw + ", II.0: a closed orbit"},
		{Name: "pleiades", T1: 3, Y0: []float64{3, 3, -1, -3, 2, -2, 2, 3, -3, 2, 0, 0, -4, 4, 0, 0, 0, 0, 0, 1.75, -1.5, 0, 0, 0, -1.25, 1, 0, 0},
			End: []float64{0.370613914397051290094, 3.2372840920572330928, -3.2225590324183233471, 0.659709145577530835935,
				0.342558170715657979038, 1.56217210140063101605, -0.700309292221249538515, -3.94343758551739205528,
				-3.27138097397254992802, 5.22508184345654419244, -2.59061243497746951081, 1.19821369339227463751,
				-0.242968234493582340916, 1.09144924042897974788, 3.41700380631431475229, 1.35458450162550122148,
				-2.59006559781077541962, 2.02505373471424110649, -1.15581510016044909271, -0.807298817022302172566,
				0.595239635420871876661, -3.7412449612340084712, 0.377345968575062903656, 0.938685886955107888695,
				0.36679222272005698667, -0.347404635380849436601, 2.34491544818093692314, -1.94702043426329190067},
			F: pleiades, Positions: 14, Source: hnw + ", II.10; test set for IVP solvers" + real128},
		lorenz(1, -9.37857001092506236084, -8.35703378842664473290, 29.3623253373634281803),
		lorenz(5, -6.51211369941959904701, -6.97404278841707613426, 23.9241295721033703513),
		lorenz(10, -4.90268754113464573190, -3.74387292180291961631, 24.6908581027905554532),
		lorenz(20, 13.7931995951286188316, 12.9518039361898985400, 34.9016086811351429071),
		{Name: "kepler", T1: 20, Y0: []float64{.5, 0, 0, math.Sqrt(3)}, F: kepler, Positions: 2, Source: "two bodies, eccentricity 1/2 (DETEST D3)" + real128,
			End: []float64{-.578043295303536123273, .863384000919419280134, -.959508373038073072736, -.0650491512671209016772}},
		{Name: "rigid_body", T1: 20, Y0: []float64{1, 0, .9}, Source: "Euler's equations" + real128,
			F:   func(_ float64, y, dy []float64) { dy[0], dy[1], dy[2] = -2*y[1]*y[2], 1.25*y[0]*y[2], -.5*y[0]*y[1] },
			End: []float64{.606203853964812221788, .628747210450177970375, .807385148575602575542}},
		{Name: "three_bodies", T1: 6.32591398, Y0: []float64{.97000436, -.97000436, 0, -.24308753, .24308753, 0,
			.93240737 / 2, .93240737 / 2, -.93240737, .86473146 / 2, .86473146 / 2, -.86473146}, F: threeBodies, Positions: 6,
			End: []float64{0.970004344431125316632, -0.97000437448629560777, 3.00551702911370721129e-08,
				-0.243087543456793790024, 0.243087515537224619352, 2.79195691706713037794e-08,
				0.466203723963919192799, 0.46620364679536235681, -0.932407370759281549609,
				0.432365720512007769035, 0.432365739916925724669, -0.864731460428933493704}, Source: "Chenciner, Montgomery 2000: the figure of eight" + real128},
		{Name: "van_der_pol", T1: 20, Y0: []float64{2, 0}, F: vanDerPol(1), Source: "Van der Pol 1926, mu 1" + real128,
			End: []float64{2.00814976217494859201, -.0425088752732021469860}},
		{Name: "van_der_pol5", T1: 20, Y0: []float64{2, 0}, F: vanDerPol(5), Source: "Van der Pol 1926, mu 5" + real128,
			End: []float64{-1.60129687954285390882, .198326676338662084550}},
		{Name: "brusselator", T1: 20, Y0: []float64{1.5, 3}, Source: "Lefever, Nicolis 1971; " + hnw + ", I.16" + real128,
			F: func(_ float64, y, dy []float64) {
				r := y[0] * y[0] * y[1]
				dy[0], dy[1] = 1+r-4*y[0], 3*y[0]-r
			},
			End: []float64{.498637071268347848650, 4.59678034945201118320}},
		{Name: "lotka_volterra", T1: 10, Y0: []float64{1, 1}, Source: "Lotka 1925" + real128,
			F: func(_ float64, y, dy []float64) {
				dy[0], dy[1] = 1.5*y[0]-y[0]*y[1], y[0]*y[1]-3*y[1]
			},
			End: []float64{1.02634476757508931914, .909691078136041617548}},
		{Name: "planets", T1: 20, Y0: planets(1.65699966404), F: fiveBodies, Positions: 15, Source: hull + ", C5 with Neptune in its place" + extrapolated,
			End: []float64{-4.79526686978558111032, -4.21275486383290634036, 4.03451223877078952048, -29.9907832169640768185, -24.4243583699907298548,
				-2.42010384246495882849, 7.39336039149289618026, 17.2237049607375114199, -4.08487893247858652849, 23.8375096221721630407,
				-0.920973293652058794046, 3.23898016616367016193, 7.48970445437093052258, -0.918050261885922049637, 14.9308715098198285337,
				0.349473936042662721581, -0.524926339100029162062, -0.388462095490147741385, 0.04017465495043107496, -0.152357795411465059097,
				-0.574815627312217400207, -0.245657679226792669376, 0.0583954902246556333505, -0.284645538103235132886, -0.244350656749827663863,
				-0.255148327314773436088, -0.0789076613602472830515, 0.0310811929671594685154, -0.11759516746053375143, -0.0311553085061322552868}},
	}
}

// arenstorf is the restricted three-body problem in rotating coordinates: y = (x, y, x', y').
func arenstorf(_ float64, y, dy []float64) {
	const mu = .012277471
	p, q := y[0]+mu, y[0]-(1-mu)
	earth := (1 - mu) / math.Pow(p*p+y[1]*y[1], 1.5)
	moon := mu / math.Pow(q*q+y[1]*y[1], 1.5)
	dy[0], dy[1] = y[2], y[3]
	dy[2] = y[0] + 2*y[3] - earth*p - moon*q
	dy[3] = y[1] - 2*y[2] - (earth+moon)*y[1]
}

// pleiades are seven stars of masses 1 to 7 in the plane: x of all, y of all, then velocities.
func pleiades(_ float64, y, dy []float64) {
	copy(dy[:14], y[14:])
	for i := range 7 {
		ax, ay := 0.0, 0.0
		for j := range 7 {
			if j == i {
				continue
			}
			dx, dz := y[j]-y[i], y[7+j]-y[7+i]
			w := float64(j+1) / math.Pow(dx*dx+dz*dz, 1.5)
			ax += w * dx
			ay += w * dz
		}
		dy[14+i], dy[21+i] = ax, ay
	}
}

// threeBodies are three bodies of mass 1 in the plane: x of all, y of all, then velocities.
func threeBodies(_ float64, y, dy []float64) {
	copy(dy[:6], y[6:])
	for i := range 3 {
		ax, ay := 0.0, 0.0
		for j := range 3 {
			if j == i {
				continue
			}
			dx, dz := y[j]-y[i], y[3+j]-y[3+i]
			w := 1 / math.Pow(dx*dx+dz*dz, 1.5)
			ax += w * dx
			ay += w * dz
		}
		dy[6+i], dy[9+i] = ax, ay
	}
}
