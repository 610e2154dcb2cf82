// Matrices in the registers of a warp. Of a matrix of 8 by 8 halves, lane l has numbers 2 (l % 4) and 2 (l % 4) + 1 of row l / 4; fragments are made of
// such matrices.
#include "tensor.h"

namespace ptx {

void products(const float (*a)[16], const float *b, int n, float *c, float sign) {
	static const bool oneByOne = getenv("NDEC_FAKE_SUMS") && atoi(getenv("NDEC_FAKE_SUMS")) == 1;
	for (int i = 0; i < 16; i++) {
		double sum[256] = {};
		for (int k = 0; k < 16; k++) {
			double x = sign * a[i][k];
			if (oneByOne)
				for (int j = 0; j < n; j++) c[i * n + j] = (float)(c[i * n + j] + x * b[k * n + j]);
			else
				for (int j = 0; j < n; j++) sum[j] += x * b[k * n + j];
		}
		for (int j = 0; j < n; j++) c[i * n + j] = (float)(sum[j] + c[i * n + j]);
	}
}

float bf16Value(uint16_t x) {
	uint32_t b = (uint32_t)x << 16;
	float f;
	memcpy(&f, &b, 4);
	return f;
}
float f16Value(uint16_t x) {
	int e = x >> 10 & 31, m = x & 1023;
	float f = e == 31 ? (m ? NAN : INFINITY) : e == 0 ? std::ldexp((float)m, -24) : std::ldexp((float)(m + 1024), e - 25);
	return x >> 15 ? -f : f;
}

// The fragment of a matrix A of 16 by 16: registers 0 and 2 have rows 0 to 7, 1 and 3 rows 8 to 15; the latter two columns 8 to 15.
void fragmentA(Warp &w, const Ref *rows, Value value, float (*a)[16]) {
	for (int r = 0; r < 4; r++)
		for (int lane = 0; lane < LANES; lane++) {
			uint32_t x = w.row<uint32_t>(rows[r])[lane];
			int row = lane / 4 + 8 * (r & 1), column = lane % 4 * 2 + 8 * (r >> 1);
			a[row][column] = value((uint16_t)x), a[row][column + 1] = value((uint16_t)(x >> 16));
		}
}

namespace {

// mma.sync d, a, b, c: m16n8k16
template <Value value> void multiply(Warp &w, const Op &op, Mask) {
	const Ref *d = &w.m.more[op.more], *a = d + 4, *b = a + 4, *c = b + 2;
	float A[16][16], B[16][8], C[16][8];
	fragmentA(w, a, value, A);
	for (int lane = 0; lane < LANES; lane++) {
		for (int r = 0; r < 2; r++) { // a column of B in four lanes, two rows of it side by side
			uint32_t x = w.row<uint32_t>(b[r])[lane];
			int k = lane % 4 * 2 + 8 * r;
			B[k][lane / 4] = value((uint16_t)x), B[k + 1][lane / 4] = value((uint16_t)(x >> 16));
		}
		for (int r = 0; r < 4; r++) C[lane / 4 + 8 * (r >> 1)][lane % 4 * 2 + (r & 1)] = w.row<float>(c[r])[lane];
	}
	products(A, B[0], 8, C[0]);
	for (int lane = 0; lane < LANES; lane++)
		for (int r = 0; r < 4; r++) w.row<float>(d[r])[lane] = C[lane / 4 + 8 * (r >> 1)][lane % 4 * 2 + (r & 1)];
}
void decodeMultiply(Decoder &d, const Statement &s, Op &op, const Row &) {
	d.expect(s, 4);
	const size_t counts[] = {4, 4, 2, 4};
	const Type types[] = {Type::f32, Type::b32, Type::b32, Type::f32};
	op.more = d.m.more.size(), op.mores = 14;
	for (int i = 0; i < 4; i++) {
		const Operand &o = s.operands[i];
		if (o.kind != Operand::VECTOR || o.parts.size() != counts[i]) d.wrong(s, "a fragment of another size");
		for (auto &p : o.parts) {
			Ref r = d.ref(p, types[i], i == 0);
			d.m.more.push_back(r);
		}
	}
}

uint32_t transposed(const uint32_t *x, int lane) { // of a matrix of 8 by 8
	auto half = [&](int row, int column) { return x[row * 4 + column / 2] >> 16 * (column & 1) & 0xffff; };
	int row = lane / 4, column = lane % 4 * 2;
	return half(column, row) | half(column + 1, row) << 16;
}
void movmatrix(Warp &w, const Op &op, Mask) {
	uint32_t x[LANES];
	memcpy(x, w.row<uint32_t>(op.a), sizeof x);
	for (int lane = 0; lane < LANES; lane++) w.row<uint32_t>(op.d)[lane] = transposed(x, lane);
}

// ldmatrix and stmatrix: lanes 8 i to 8 i + 7 say where the rows of matrix i lie, each of 16 bytes
template <bool store, bool turn> void matrices(Warp &w, const Op &op, Mask) {
	for (uint32_t i = 0; i < op.mores; i++) {
		Ref r = w.m.more[op.more + i];
		uint32_t x[LANES];
		uint8_t *rows[8];
		for (int k = 0; k < 8; k++) rows[k] = w.find(op.space, 8 * i + k, w.get(op.a, 8 * i + k) + op.offset, 16, store);
		if (store) {
			for (int lane = 0; lane < LANES; lane++) x[lane] = turn ? transposed(w.row<uint32_t>(r), lane) : w.row<uint32_t>(r)[lane];
			for (int lane = 0; lane < LANES; lane++) memcpy(rows[lane / 4] + lane % 4 * 4, &x[lane], 4);
		} else {
			for (int lane = 0; lane < LANES; lane++) memcpy(&x[lane], rows[lane / 4] + lane % 4 * 4, 4);
			for (int lane = 0; lane < LANES; lane++) w.row<uint32_t>(r)[lane] = turn ? transposed(x, lane) : x[lane];
		}
	}
}
template <bool store> void decodeMatrices(Decoder &d, const Statement &s, Op &op, const Row &row) {
	d.expect(s, 2);
	const Operand &data = s.operands[store];
	d.address(s.operands[!store], op);
	if (data.kind != Operand::VECTOR || data.parts.size() != row.count) d.wrong(s, "another number of matrices");
	op.more = d.m.more.size(), op.mores = row.count, op.flag = store;
	for (auto &p : data.parts) {
		Ref r = d.ref(p, Type::b32, !store);
		d.m.more.push_back(r);
	}
}
} // namespace

void addTensor(Table &t) {
	t["mma.sync.aligned.m16n8k16.row.col.f32.bf16.bf16.f32"] = {multiply<bf16Value>, Kind::ALIGNED, {}, decodeMultiply, 70};
	t["mma.sync.aligned.m16n8k16.row.col.f32.f16.f16.f32"] = {multiply<f16Value>, Kind::ALIGNED, {}, decodeMultiply, 70};
	t["movmatrix.sync.aligned.m8n8.trans.b16"] = {movmatrix, Kind::ALIGNED, {Type::b32, Type::b32}, nullptr, 78};
	for (int n : {1, 2, 4})
		for (bool turn : {false, true})
			for (const char *space : {".shared", ".shared::cta"}) {
				std::string e = ".sync.aligned.m8n8.x" + std::to_string(n) + (turn ? ".trans" : "") + space + ".b16";
				t["ldmatrix" + e] = {turn ? matrices<false, true> : matrices<false, false>, Kind::ALIGNED, {}, decodeMatrices<false>, 65, Space::shared, (uint8_t)n};
				t["stmatrix" + e] = {turn ? matrices<true, true> : matrices<true, false>, Kind::ALIGNED, {}, decodeMatrices<true>, 78, Space::shared, (uint8_t)n};
			}
}
} // namespace ptx
