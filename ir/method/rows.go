package method

import (
	"math/big"
	"sync"
)

// table builds the rows once; nothing writes to them afterwards.
var table = sync.OnceValue(func() []*Row {
	return []*Row{
		{Name: "euler", Group: Solver, Family: FixedStep, Options: fixedOptions(), Tableau: euler(),
			Doc: "Euler's method, order 1, 1 evaluation a step", Source: "Euler 1768"},
		{Name: "midpoint", Group: Solver, Family: FixedStep, Options: fixedOptions(), Tableau: midpoint(),
			Doc: "explicit midpoint rule, order 2, 2 evaluations a step", Source: "Runge 1895"},
		{Name: "heun", Aliases: []string{"heun2"}, Group: Solver, Family: FixedStep, Options: fixedOptions(), Tableau: heun(),
			Doc: "Heun's method (trapezoidal predictor-corrector), order 2, 2 evaluations a step", Source: "Heun 1900"},
		{Name: "ralston", Group: Solver, Family: FixedStep, Options: fixedOptions(), Tableau: ralston(),
			Doc: "Ralston's method, order 2 with the smallest error bound, 2 evaluations a step", Source: "Ralston 1962"},
		{Name: "alpha", Group: Solver, Family: FixedStep, Options: append([]Option{alphaOption()}, fixedOptions()...), Make: alphaOf, Tableau: alpha(big.NewRat(2, 3)),
			Doc: "the methods of order 2 with two stages, the second at t + a h: midpoint for a = 1/2, Ralston's for 2/3, Heun's for 1", Source: "Kutta 1901; Hairer, Nørsett, Wanner I, II.1"},
		{Name: "heun3", Group: Solver, Family: FixedStep, Options: fixedOptions(), Tableau: heun3(),
			Doc: "Heun's third-order method, 3 evaluations a step", Source: "Heun 1900"},
		{Name: "ssprk33", Aliases: []string{"SSPRK33", "tvdrk3"}, Group: Solver, Family: FixedStep, Options: fixedOptions(), Tableau: ssprk33(),
			Doc: "strong stability preserving, order 3, 3 evaluations a step, for discretised conservation laws", Source: "Shu, Osher 1988"},
		{Name: "rk4", Aliases: []string{"rk-4", "RungeKutta4"}, Group: Solver, Family: FixedStep, Options: fixedOptions(), Tableau: rk4(),
			Doc: "the classical Runge-Kutta method, order 4, 4 evaluations a step", Source: "Kutta 1901"},
		{Name: "rk4_38", Aliases: []string{"rk4_3_8"}, Group: Solver, Family: FixedStep, Options: fixedOptions(), Tableau: rk4_38(),
			Doc: "Kutta's 3/8 rule, order 4, 4 evaluations a step (torchdiffeq's rk4)", Source: "Kutta 1901"},
		{Name: "heun_euler", Aliases: []string{"adaptive_heun", "HeunEuler21"}, Group: Solver, Family: AdaptiveStep, Options: adaptiveOptions(), Tableau: heunEuler(),
			Doc: "Heun's method with Euler's embedded, 2(1), 2 evaluations a step (torchdiffeq's adaptive_heun)", Source: "Heun 1900"},
		{Name: "fehlberg2", Aliases: []string{"RKF12"}, Group: Solver, Family: AdaptiveStep, Options: adaptiveOptions(), Tableau: fehlberg2(),
			Doc: "Fehlberg 2(1), 3 evaluations a step", Source: "Fehlberg 1969"},
		{Name: "bosh3", Aliases: []string{"BogackiShampine", "ode23"}, Group: Solver, Family: AdaptiveStep, Options: adaptiveOptions(), Tableau: bosh3(),
			Doc: "Bogacki-Shampine 3(2), 3 evaluations a step", Source: "Bogacki, Shampine 1989"},
		{Name: "fehlberg45", Aliases: []string{"RKF45", "rkf45"}, Group: Solver, Family: AdaptiveStep, Options: adaptiveOptions(), Tableau: fehlberg45(),
			Doc: "Fehlberg 5(4) with the solution of order 5, 6 evaluations a step", Source: "Fehlberg 1969"},
		{Name: "cashkarp", Aliases: []string{"CashKarp54"}, Group: Solver, Family: AdaptiveStep, Options: adaptiveOptions(), Tableau: cashkarp(),
			Doc: "Cash-Karp 5(4), 6 evaluations a step", Source: "Cash, Karp 1990"},
		{Name: "dopri5", Aliases: []string{"DormandPrince45", "DormandPrince5", "ode45"}, Group: Solver, Family: AdaptiveStep, Options: adaptiveOptions(), Tableau: dopri5(),
			Doc: "Dormand-Prince 5(4), 6 evaluations a step", Source: "Dormand, Prince 1980; embedded weights Shampine 1986"},
		{Name: "tsit5", Aliases: []string{"Tsitouras45", "Tsitouras5"}, Group: Solver, Family: AdaptiveStep, Options: adaptiveOptions(), Tableau: tsit5(),
			Doc: "Tsitouras 5(4), 6 evaluations a step", Source: "Tsitouras 2011"},
		{Name: "vern7", Aliases: []string{"Verner76"}, Group: Solver, Family: AdaptiveStep, Options: adaptiveOptions(), Tableau: vern7(),
			Doc: "Verner's efficient 7(6), 10 evaluations a step, for tolerances below 1e-7", Source: "Verner 2010"},
		{Name: "dopri8", Aliases: []string{"DormandPrince8", "RK8713M"}, Group: Solver, Family: AdaptiveStep, Options: adaptiveOptions(), Tableau: dopri8(),
			Doc: "Prince-Dormand 8(7), 13 evaluations a step, for tolerances below 1e-8", Source: "Prince, Dormand 1981"},
		{Name: "vern9", Aliases: []string{"Verner98"}, Group: Solver, Family: AdaptiveStep, Options: adaptiveOptions(), Tableau: vern9(),
			Doc: "Verner's efficient 9(8), 16 evaluations a step, for tolerances below 1e-10", Source: "Verner 2010"},

		{Name: "alf", Aliases: []string{"AsynchronousLeapfrog"}, Group: Solver, Family: Reversible, Later: true, Doc: "asynchronous leapfrog, reversible"},
		{Name: "leapfrog", Group: Solver, Family: Symplectic, Later: true, Doc: "leapfrog for separable systems"},
		{Name: "implicit_euler", Aliases: []string{"ieuler"}, Group: Solver, Family: Implicit, Later: true, Doc: "implicit Euler"},
		{Name: "bdf", Group: Solver, Family: Implicit, Later: true, Doc: "backward differentiation formulas"},
		{Name: "euler_maruyama", Group: Solver, Family: Stochastic, Later: true, Doc: "Euler-Maruyama, Ito"},
		{Name: "euler_heun", Aliases: []string{"eulerHeun"}, Group: Solver, Family: Stochastic, Later: true, Doc: "Euler-Heun, Stratonovich"},
		{Name: "milstein", Group: Solver, Family: Stochastic, Later: true, Doc: "derivative-free Milstein"},
		{Name: "shooting", Aliases: []string{"parareal", "mszero", "msbackward"}, Group: Solver, Family: Shooting, Later: true, Doc: "multiple shooting"},

		{Name: "i", Group: Controller, Options: controlOptions(0, 1, 0, 3),
			Doc:    "safety * err^(-1/order) between min and max; an accepted step never makes the next one shorter",
			Source: "Hairer, Nørsett, Wanner I, section II.4"},
		{Name: "pi", Group: Controller, Options: controlOptions(0.4, 0.3, 0, 5),
			Doc:    "safety * err^(-(i+p)/order) * errPrev^(p/order) between min and max",
			Source: "Gustafsson 1991"},
		{Name: "pid", Group: Controller, Options: controlOptions(0.01, 0.47, 0.1, 6),
			Doc:    "safety * err^(-(i+p+d)/order) * errPrev^((p+2d)/order) * errPrev2^(-d/order) between min and max",
			Source: "Söderlind 2003; numbers of Kennedy, Carpenter 2003"},

		{Name: "backprop", Aliases: []string{"autograd"}, Group: Sensitivity, Doc: "differentiates the accepted steps, with their sizes as constants"},
		{Name: "checkpoint", Group: Sensitivity, Later: true, Doc: "backprop that recomputes between kept steps"},
		{Name: "adjoint", Group: Sensitivity, Options: adjointOptions(),
			Doc:    "solves the adjoint equation backwards; parameters are integrals of it",
			Source: "Pontryagin et al. 1962; Chen, Rubanova, Bettencourt, Duvenaud 2018"},
		{Name: "interpolated", Aliases: []string{"interpolated_adjoint"}, Group: Sensitivity, Later: true, Doc: "adjoint along the stored dense output"},
		{Name: "forward", Group: Sensitivity, Later: true, Doc: "solves the variational equations, for few parameters"},
		{Name: "reversible", Group: Sensitivity, Later: true, Doc: "runs a reversible method backwards"},
	}
})
