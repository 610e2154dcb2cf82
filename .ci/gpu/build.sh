#!/usr/bin/env bash
# Builds what a machine with a GPU runs: build.sh OUT. Needs Go, gcc and nvcc (on the PATH, or below CUDA_HOME; minutes, the first time); the machine with the GPU
# needs a driver, and compute-sanitizer for a part. OUT/run runs all of it there, in a copy of this repository.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
repo=$(cd "$here/../.." && pwd)
mkdir -p "$1"
out=$(cd "$1" && pwd)
export GOFLAGS="${GOFLAGS:-} -buildvcs=false"
nvcc=$(command -v nvcc || echo "${CUDA_HOME:?there is no nvcc on the PATH, and CUDA_HOME is not set}/bin/nvcc")
home=$(dirname "$(dirname "$nvcc")")
work=$out/work # what was compiled is kept there by its hash
mkdir -p "$work"

cd "$repo"
go build -o "$work/ndec" ./cmd/ndec
# A stub to link with, where the toolkit has none.
if [ -e "$home/lib64/stubs/libcuda.so" ]; then stubs=$home/lib64/stubs; else rt/cuda/fake/build.sh "$home/include" "$work/fake"; stubs=$work/fake; fi
export CGO_ENABLED=1 CGO_CFLAGS="-I$repo/rt/cuda/include -I$home/include" CGO_LDFLAGS="-L$stubs"

echo "-- the programs that are timed"
"$here/programs.sh" "$work/src"
mkdir -p "$work/src/moons" "$work/kit/images"
cp generated/moons/*.nde "$work/src/moons"
cp go.sum "$work/kit"
rm -f "$work/kit/images"/*
{
	sed "s|^module .*|module ndec.dev/kit|; /^tool (/,/^)/d" go.mod
	printf 'require ndec.dev/ndec v0.0.0\nreplace ndec.dev/ndec => %s\n' "$repo"
} >"$work/kit/go.mod"
cp "$here/main.go" "$work/kit"
packages=$(cd "$work/src" && ls)
for p in $packages; do
	CUDA_HOME=$home "$work/ndec" build -q --target go,cuda -o "$work/kit/$p" "$work/src/$p" >/dev/null
	rm -f "$work/kit/$p"/*_test.go
	for ptx in "$work/kit/$p/$p".sm_*.ptx; do
		group=$(case $ptx in *a.ptx) echo a ;; esac)
		code=$work/$(sha256sum <"$ptx" | cut -c1-32).sm_90$group
		[ -e "$code" ] || { "$home/bin/ptxas" -arch="sm_90$group" -o "$code.new" "$ptx" 2>/dev/null && mv "$code.new" "$code"; }
		cp "$code" "$work/kit/images/$p.sm_90$group"
	done
done
{
	echo 'package main'
	for p in $packages; do echo "import \"ndec.dev/kit/$p\""; done
	echo 'func programs() []program { return []program{'
	for p in $packages; do echo "of[float32]{$p.Program()},"; done
	echo '}}'
} >"$work/kit/packages.go"
(cd "$work/kit" && GOFLAGS="$GOFLAGS -mod=mod" go build -tags cuda -trimpath -ldflags='-s -w' -o "$out/gpu" .)

echo "-- tests, and machine code of their programs"
go test -tags cuda -c -trimpath -ldflags='-s -w' -o "$out/cuda.test" ./rt/cuda
go test -tags cuda -c -trimpath -ldflags='-s -w' -o "$out/cudagen.test" ./cudagen
rt/cuda/fake/build.sh "$home/include" "$work/fake"
export NDEC_TEST_IMAGES=$out/images NDEC_TEST_DEVICE=images
(cd rt/cuda && LD_LIBRARY_PATH=$work/fake PATH=$home/bin:$PATH "$out/cuda.test" >/dev/null)
(cd cudagen && LD_LIBRARY_PATH=$work/fake PATH=$home/bin:$PATH NDEC_TEST_EXAMPLES=1 NDEC_TEST_MODULES=10 "$out/cudagen.test" -test.timeout 2h >/dev/null)

echo "-- the command, with its programs"
cp "$work/ndec" "$out/ndec"
for device in cpu cuda:0; do # without PTX: NVRTC compiles the kernels where they run
	env -u CUDA_HOME "PATH=$(dirname "$(command -v go)"):/usr/bin:/bin" XDG_CACHE_HOME="$out/cache" CGO_CFLAGS="-I$home/include" LD_LIBRARY_PATH="$work/fake" NDEC_FAKE_DEVICES=0 \
		"$out/ndec" train generated/moons --recipe Fit --epochs 1 --no-pictures --device $device --out "$work/run" >/dev/null 2>&1 || true
done
find "$out/cache" -type f ! -name program -delete
cp "$here/run.sh" "$out/run"
chmod +x "$out/run"
echo "$out is ready: copy it with this repository to a machine with a GPU, and call its run there"
