#!/usr/bin/env bash
# Builds libcuda.so.1, the stand-in for the driver: build.sh CUDA_INCLUDE OUT. Entry points are those of the cuda.h there.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
include=$1 out=$2
jobs=
mkdir -p "$out"
echo '#include <cuda.h>' | gcc -E -P -I"$here/../include" -I"$include" - | grep -oE '\bcu[A-Z][A-Za-z0-9_]*\(' | tr -d '(' | sort -u >"$out/all"
grep -oE '^int cu[A-Za-z0-9_]+' "$here/driver.c" | awk '{print $2}' | sort -u >"$out/own"
comm -23 "$out/all" "$out/own" | awk '{print "int " $1 "(void) { return 801; }"}' >"$out/rest.c"
# The interpreter of PTX: lanes go by vectors of the processor; nothing is contracted to one rounding, and directions of rounding are obeyed.
objects=()
for part in "$here"/ptx/*.cc; do
	object=$out/ptx-$(basename "$part" .cc).o
	objects+=("$object")
	g++ -std=c++17 -O2 -ftree-vectorize -march=native -ffp-contract=off -frounding-math -fvisibility=hidden -fPIC -w -c -o "$object" "$part" &
	jobs+=" $!"
done
for job in $jobs; do wait "$job"; done
gcc -O1 -w -fPIC -c -o "$out/driver.o" "$here/driver.c"
gcc -O1 -w -fPIC -c -o "$out/rest.o" "$out/rest.c"
g++ -shared -Wl,-soname,libcuda.so.1 -o "$out/libcuda.so.1" "$out/driver.o" "$out/rest.o" "${objects[@]}" -ldl -lpthread
ln -sf libcuda.so.1 "$out/libcuda.so"
