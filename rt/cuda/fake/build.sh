#!/usr/bin/env bash
# Builds libcuda.so.1, the stand-in for the driver: build.sh CUDA_INCLUDE OUT. Entry points are those of the cuda.h there.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
include=$1 out=$2
mkdir -p "$out"
echo '#include <cuda.h>' | gcc -E -P -I"$here/../include" -I"$include" - | grep -oE '\bcu[A-Z][A-Za-z0-9_]*\(' | tr -d '(' | sort -u >"$out/all"
grep -oE '^int cu[A-Za-z0-9_]+' "$here/driver.c" | awk '{print $2}' | sort -u >"$out/own"
comm -23 "$out/all" "$out/own" | awk '{print "int " $1 "(void) { return 801; }"}' >"$out/rest.c"
gcc -O1 -w -shared -fPIC -Wl,-soname,libcuda.so.1 -o "$out/libcuda.so.1" "$here/driver.c" "$out/rest.c" -ldl
ln -sf libcuda.so.1 "$out/libcuda.so"
