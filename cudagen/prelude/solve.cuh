
// How a solve of one sample ended; the numbers are those of rt.Status.
enum {
	NDEC_OK = 0,
	NDEC_MAX_STEPS = 1,
	NDEC_STEP_TOO_SMALL = 2,
	NDEC_NON_FINITE = 3,
	NDEC_EVENT_STOP = 4, // an event has ended it, as the program asks
	NDEC_MAX_EVENTS = 5,
	NDEC_BAD_TIMES = 7,
	NDEC_TAPE_FULL = 100, // more accepted steps than the tape holds: the launcher gives more room and runs again
};

// What one solve of one sample did.
struct ndec_stats {
	int nfe, accepted, rejected, status, run, run_steps;
	double time, h;

	__device__ __forceinline__ void start(double t) { nfe = accepted = rejected = 0, status = NDEC_OK, run = run_steps = 0, time = t, h = 0; }
	__device__ __forceinline__ void fail(int why, double t, double step) { status = why, time = t, h = step; }
	__device__ __forceinline__ bool failed() const { return status != NDEC_OK && status != NDEC_EVENT_STOP; }

	// adds a run of a loop, of the number from 1; the first failure stays
	__device__ __forceinline__ void join(const ndec_stats &r, int number) {
		nfe += r.nfe, accepted += r.accepted, rejected += r.rejected;
		if (failed()) return;
		status = r.status, time = r.time, h = r.h;
		if (r.failed()) run = number, run_steps = r.accepted;
	}
};

template <int N> NDEC_D bool ndec_failed(const ndec_stats *st) {
	bool bad = false;
#pragma unroll
	for (int i = 0; i < N; i++) bad = bad || st[i].failed();
	return bad;
}

// How finely a solve steps: a number or a length of fixed steps, or tolerances and a limit of attempts.
struct ndec_stepping {
	double step, rtol, atol;
	long long steps, max_steps;
};

// The signed step and the number of steps of a length from t0 to t1; the last one is shorter. Where they would be more than 1e9 there are
// none; where the span is not finite the step is NaN, so that the solve fails.
NDEC_D int ndec_fixed_steps(double t0, double t1, double step, double &h) {
	double span = t1 - t0, n = ceil(fabs(span) / step - 1e-9);
	if (!(span - span == 0)) {
		h = ndec_nan64();
		return 16;
	}
	h = ndec_signed(step, span);
	if (n > 1e9) return 0;
	return n < 1 ? 1 : (int)n;
}

// Whether output times go one way from t0 on.
template <class T> NDEC_D bool ndec_in_order(double t0, T ts, int n) {
	bool up = true, down = true;
	for (int i = 0; i < n; i++) {
		up = up && ts[i] >= t0, down = down && ts[i] <= t0;
		t0 = ts[i];
	}
	return up || down;
}

NDEC_D bool ndec_long_enough(double h, double t, double t1) {
	return fabs(h) >= 16 * 2.220446049250313e-16 * fmax(fabs(t), fabs(t1));
}

NDEC_D int ndec_too_small(double err, double h) { return err - err != 0 || h - h != 0 ? NDEC_NON_FINITE : NDEC_STEP_TOO_SMALL; }

NDEC_D double ndec_longer(double a, double b) { return fabs(a) >= fabs(b) ? a : b; }

// Those of the stop times between t0 and t1, as a range of ts, the gap that steps keep from them, and where the field is
// first evaluated: t0, or beside it where a stop lies there.
template <class X> NDEC_D void ndec_stops(X ts, int n, double t0, double t1, int &first, int &end, double &gap, double &begin) {
	gap = ndec_signed(4 * 2.220446049250313e-16 * fmax(fabs(t0), fabs(t1)), t1 - t0);
	double dir = ndec_signed(1, t1 - t0);
	first = 0, end = n, begin = t0;
	for (; first < end && !((ts[first] - gap - gap - t0) * dir > 0); first++)
		if (fabs(ts[first] - t0) <= fabs(gap + gap)) begin = t0 + gap;
	while (end > first && !((t1 - gap - gap - ts[end - 1]) * dir > 0)) end--;
}

// Room on a tape: bytes of a device buffer, dealt out array by array; neighbouring samples are neighbours.
struct ndec_room {
	char *at;
	int samples, sample;

	template <class T> __device__ __forceinline__ T *take(long long rows) {
		T *p = (T *)at + sample;
		long long bytes = (long long)sizeof(T) * rows * samples;
		at += bytes + 7 & ~7ll;
		return p;
	}
};
