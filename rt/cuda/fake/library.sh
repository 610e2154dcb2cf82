#!/usr/bin/env bash
# Compiles the kernels of a generated package into a library for the stand-in: library.sh NAME.cu OUT.so. The prelude
# lies beside NAME.cu, the emulation header in the folder EMULATION.
set -euo pipefail
cu=$(realpath "$1") out=$2 tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
{
	echo "#include \"$cu\""
	for k in $(grep -hoE '^NDEC_KERNEL void __launch_bounds__\([0-9, ]+\) [a-z_0-9]+' "$cu" | awk '{print $NF}') ndec_sum_rows_f32 ndec_sum_rows_f64 ndec_efforts; do
		echo "extern \"C\" int ndec_launch_$k(unsigned grid, unsigned block, unsigned shared, void **args) { ndec_emu::launch_packed(&$k, grid, block, shared, args); return ndec_emu::broken ? 719 : 0; }"
		echo "extern \"C\" int ndec_arity_$k() { return ndec_emu::arity(&$k); }"
	done
	for s in $(grep -hoE '^__constant__ [A-Za-z]+ ndec_[a-z]+;' "$cu" | awk '{print $3}' | tr -d ';'); do
		echo "extern \"C\" void *ndec_symbol_$s(size_t *bytes) { *bytes = sizeof $s; return &$s; }"
	done
} >"$tmp/main.cc"
g++ -std=c++17 -O1 -w -ffp-contract=off -DNDEC_EMULATE -shared -fPIC -I"$(dirname "$cu")" -I"$EMULATION" -o "$out" "$tmp/main.cc"
