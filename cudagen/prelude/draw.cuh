
// Philox4x32-10 (Salmon, Moraes, Dror, Shaw, SC 2011)
struct ndec_u4 {
	unsigned v[4];
};

NDEC_D ndec_u4 ndec_philox(unsigned c0, unsigned c1, unsigned c2, unsigned c3, unsigned k0, unsigned k1) {
	for (int r = 0; r < 10; r++) {
		unsigned long long a = 0xD2511F53ull * c0, b = 0xCD9E8D57ull * c2;
		unsigned n0 = (unsigned)(b >> 32) ^ c1 ^ k0, n2 = (unsigned)(a >> 32) ^ c3 ^ k1;
		c0 = n0, c1 = (unsigned)b, c2 = n2, c3 = (unsigned)a;
		k0 += 0x9E3779B9u, k1 += 0xBB67AE85u;
	}
	ndec_u4 r = {{c0, c1, c2, c3}};
	return r;
}

NDEC_D unsigned ndec_low(double x) { return (unsigned)(unsigned long long)x; }
NDEC_D unsigned ndec_high(double x) { return (unsigned)((unsigned long long)x >> 32); }

// The uniform number of [0, 1) that is draw i at a key (seed low, seed high, row, step, path, scope) and site; of is ndec_drawn of the key.
template <class K> NDEC_D ndec_u4 ndec_drawn(K key) {
	return ndec_philox(ndec_low(key[2]), ndec_high(key[2]), ndec_low(key[3]), ndec_high(key[3]), ndec_low(key[0]), ndec_low(key[1]));
}
template <class K> NDEC_D double ndec_draw_one(ndec_u4 of, K key, unsigned site, unsigned long long i) {
	ndec_u4 b = ndec_philox((unsigned)(i >> 1), ndec_low(key[4]), site ^ ndec_low(key[5]), of.v[2], of.v[0], of.v[1]);
	unsigned hi = i & 1 ? b.v[2] : b.v[0], lo = i & 1 ? b.v[3] : b.v[1];
	return (double)(((unsigned long long)hi << 32 | lo) >> 11) * 1.1102230246251565e-16; // 2^-53
}

// Draws offset, offset+1, … of them, and that with number e alone.
template <class K> NDEC_D void ndec_draw(double *to, int n, K key, unsigned site, double offset) {
	ndec_u4 of = ndec_drawn(key);
	unsigned long long i = (unsigned long long)offset;
	for (int e = 0; e < n; e++, i++) to[e] = ndec_draw_one(of, key, site, i);
}
template <class K> NDEC_D double ndec_draw_at(K key, unsigned site, double offset, int e) {
	return ndec_draw_one(ndec_drawn(key), key, site, (unsigned long long)offset + e);
}
