package golden

import "strings"

// Events of systems with noise, by each kind of method for it. Where a gradient is wanted they happen at given times (NDE0837).
func init() {
	for _, method := range []string{"euler_maruyama", "euler_heun"} {
		calculus := map[string]string{"euler_maruyama": "ito", "euler_heun": "stratonovich"}[method]
		bothWays["events_"+method] = strings.NewReplacer("\tder(h) = v", "\tcalculus: "+calculus+"\n\tder(h) = v\n\tnoise(h) = 0\n\tnoise(v) = 0.1 + 0.05*tanh(loss)", "falling(h)", "every(0.3)", "rising(h - 3)", "every(1.9)", "\tintegral path = v^2\n", "", " + path.path[3]", "").
			Replace(bouncingBy(method + "{steps: 40}"))
	}
}
