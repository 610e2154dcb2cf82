#!/usr/bin/env bash
# Writes the programs that are timed on a GPU: programs.sh OUT. A net of each size, solved by 40 steps of rk4 and trained with three
# sizes of batch, two with adaptive steps, an ensemble of Lorenz systems, and the quickstart of docs/peers/run.py.
set -euo pipefail
out=$1
net() { # NAME, numbers of a state, layers, a solver
	mkdir -p "$out/$1"
	cat >"$out/$1/$1.nde" <<-END
		package $1

		net f(x [$2]real) [$2]real {
			return x |> $3 |> Linear($2)
		}

		system S {
			state x [$2]real
			der(x) = f(x)
		}

		model Net(x [$2]real) [$2]real {
			return solve(S{x}, over: 0..1, with: $4).x
		}
	END
	for n in 512 4096 65536; do
		cat >>"$out/$1/$1.nde" <<-END

			data Points$n {
				x [$2]real
				source: gaussians{n: $n, k: 1, radius: 0, std: 1, seed: 1}
			}

			train Fit$n {
				data: Points$n
				batch: full
				minimize sqnorm(Net(x))
				optimizer: adam{lr: 1e-4}
				steps: 20
			}
		END
	done
}
two() { echo "Linear($1) |> tanh |> Linear($1) |> tanh"; }
net d2h32 2 "Linear(32) |> tanh" "rk4{steps: 40}"
net d4h64 4 "$(two 64)" "rk4{steps: 40}"
net d8h128 8 "$(two 128)" "rk4{steps: 40}"
net d16h256 16 "$(two 256)" "rk4{steps: 40}"
net d2h32a 2 "Linear(32) |> tanh" "dopri5{rtol: 1e-4, atol: 1e-4}"
net d4h64a 4 "$(two 64)" "dopri5{rtol: 1e-4, atol: 1e-4}"
mkdir -p "$out/lorenz"
cat >"$out/lorenz/lorenz.nde" <<-END
	package lorenz

	system Lorenz {
		state x [3]real
		der(x) = [10 * (x[1] - x[0]), x[0]*(28-x[2]) - x[1], x[0]*x[1] - 8.0/3*x[2]]
	}

	model Ensemble(x [3]real) [3]real {
		return solve(Lorenz{x}, over: 0..1, with: tsit5{steps: 1000}).x
	}
END
mkdir -p "$out/quick"
cat >"$out/quick/quick.nde" <<-END
	package quick

	net f(x [2]real) [2]real {
		return x |> Linear(16) |> tanh |> Linear(2)
	}

	system Flow {
		state x [2]real
		der(x) = f(x)
	}

	model Moons(x [2]real) [2]real {
		return solve(Flow{x}, over: 0..1, with: rk4{steps: 20}).x
	}

	data Points {
		x [2]real
		y label[2]
		source: moons{n: 512, noise: 0.1, seed: 1}
	}

	train Fit {
		data: Points
		batch: full
		minimize cross_entropy(Moons(x), y)
		metric acc = accuracy(Moons(x), y)
		epochs: 300
		optimizer: adam{lr: 0.01}
	}
END
