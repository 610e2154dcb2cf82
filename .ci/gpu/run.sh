#!/usr/bin/env bash
# Runs on a machine with a GPU what build.sh made: KIT/run [RESULTS], in the root of a copy of this repository. It needs a driver, and
# compute-sanitizer for the last part; nothing is compiled but what NVRTC compiles, and nothing is downloaded. Logs and a table go to
# RESULTS (default gpu-results). NDEC_GPU_PARTS chooses parts: "tests times peers command sanitizers"; peers are
# PyTorch and JAX, where python3 has them.
set -uo pipefail
kit=$(cd "$(dirname "$0")" && pwd)
mkdir -p "${1:-gpu-results}"
results=$(cd "${1:-gpu-results}" && pwd)
begun=$(date +%s) failed=0
parts=${NDEC_GPU_PARTS:-tests times peers command sanitizers}
wants() { [[ " $parts " == *" $1 "* ]]; }
# part NAME SECONDS COMMAND...: a log of its own, and a line.
part() {
	local name=$1 limit=$2 status=0
	shift 2
	timeout "$limit" "$@" >"$results/$name.log" 2>&1 || status=$?
	echo "[$(($(date +%s) - begun)) s] $name: $([ $status = 0 ] && echo good || echo "exit $status, see $name.log")"
	return $status
}
nvidia-smi --query-gpu=name,driver_version,memory.total,clocks.max.sm --format=csv,noheader | tee "$results/device.txt" || exit 1
# NVRTC, where it is not on the loader's path.
for lib in /usr/local/cuda*/lib64/libnvrtc.so.1[23] /usr/local/cuda*/targets/*/lib/libnvrtc.so.1[23] ${NDEC_NVRTC:-}; do
	[ -e "$lib" ] && export LD_LIBRARY_PATH=$(dirname "$lib"):${LD_LIBRARY_PATH:-}
done
export NDEC_TEST_IMAGES=$kit/images

if wants tests; then # what does not time anything goes side by side
	(cd rt/cuda && NDEC_TEST_HUGE=16777217 part launcher 120 "$kit/cuda.test" -test.v -test.timeout 115s) &
	one=$!
	(cd cudagen && NDEC_TEST_DEVICE=cuda:0 NDEC_TEST_EXAMPLES=1 NDEC_TEST_MODULES=10 part kernels 150 "$kit/cudagen.test" -test.v -test.timeout 145s) &
	two=$!
	wait $one || failed=1
	wait $two || failed=1
fi
if wants times; then
	python3 docs/peers/gpu.py --write "$results/peers" 2>/dev/null || echo "no numpy: the nets have weights of their own, not those of the peers"
	part times 150 "$kit/gpu" -kernels -weights "$results/peers" || failed=1
	part launch 20 bash -c "cd rt/cuda && '$kit/cuda.test' -test.run '^$' -test.bench Launch" || failed=1
fi
if wants peers && python3 -c 'import importlib.util as u; exit(not (u.find_spec("torch") or u.find_spec("jax")))' 2>/dev/null; then
	part peers 130 python3 docs/peers/gpu.py --budget 110 --out "$results/peers.json" || failed=1
fi
if wants command; then
	# A program that was built beside the kit, without PTX: NVRTC compiles its kernels. No nvcc may be on the PATH, which would make another program.
	quiet=(env -u CUDA_HOME "PATH=/usr/bin:/bin" "XDG_CACHE_HOME=$kit/cache")
	part train 60 "${quiet[@]}" "$kit/ndec" train generated/moons --recipe Fit --device cuda:0 --no-pictures --out "$results/run" || failed=1
	part train-cpu 60 "${quiet[@]}" "$kit/ndec" train generated/moons --recipe Fit --no-pictures --out "$results/run-cpu" || failed=1
	rm -rf "$results/run" "$results/run-cpu"
fi
if wants sanitizers && command -v compute-sanitizer >/dev/null; then
	for tool in memcheck racecheck synccheck; do
		(cd rt/cuda && part $tool 60 compute-sanitizer --tool $tool --error-exitcode 1 "$kit/cuda.test" -test.run 'TestTraining|TestGroups|TestLayers') || failed=1
	done
fi
for log in launcher kernels; do
	[ -e "$results/$log.log" ] && echo "-- $log: $(grep -c '^--- PASS' "$results/$log.log") tests pass" && grep -E '^( *--- FAIL|panic|FAIL)' "$results/$log.log" | head -40
done
[ -e "$results/times.log" ] && cat "$results/times.log" "$results/launch.log" | cut -c1-220
if [ -e "$results/peers.json" ]; then
	[ -e "$results/times.log" ] && beside=(--ndec "$results/times.log") || beside=()
	python3 docs/peers/gpu.py --show "$results/peers.json" "${beside[@]}" | tee "$results/peers.md"
fi
for log in train train-cpu; do [ -e "$results/$log.log" ] && echo "-- $log" && tail -4 "$results/$log.log"; done
exit $failed
