
// Updates of weights: the formulas and the order of operations of rt/optim.go and rt/schedule.go, with the same bits. What
// depends on the step alone, powers and schedules, is computed on the host.

// out[i] = in[i] / n, the mean over the rows of a batch
template <class T> NDEC_D void ndec_mean(const T *in, T *out, long long len, double n) {
	long long i = (long long)blockIdx.x * blockDim.x + threadIdx.x;
	if (i < len) out[i] = (T(0) + in[i]) / T(n);
}

// Sums of squares over blocks of 256 numbers, each in the order of its numbers.
template <class T> NDEC_D void ndec_norm_parts(const T *g, long long len, double *parts) {
	long long j = (long long)blockIdx.x * blockDim.x + threadIdx.x;
	if (j * 256 >= len) return;
	long long end = (j + 1) * 256 < len ? (j + 1) * 256 : len;
	double s = 0;
	for (long long i = j * 256; i < end; i++) s += (double)g[i] * (double)g[i];
	parts[j] = s;
}

// The norm of a gradient from its parts, in their order; one thread.
NDEC_D void ndec_norm(const double *parts, long long count, double *norm) {
	if (threadIdx.x != 0 || blockIdx.x != 0) return;
	double s = 0;
	for (long long j = 0; j < count; j++) s += parts[j];
	*norm = sqrt(s);
}

// How a gradient is bounded: 1 by its norm, 2 number by number.
struct ndec_clip {
	double norm, kind, most;

	template <class T> __device__ __forceinline__ T operator()(T g) const {
		if (kind == 1) {
			double f = most / (norm + 1e-6);
			if (f < 1) g *= T(f);
		} else if (kind == 2) {
			g = ndec_min(ndec_max(g, T(-most)), T(most));
		}
		return g;
	}
};

// a + t (b - a), in the form that torch.lerp takes for either half of t
template <class T> NDEC_D T ndec_lerp(T a, T b, double t) {
	if (t < 0.5) return a + T(t) * (b - a);
	return b - (b - a) * T(1 - t);
}

template <class T> NDEC_D void ndec_sgd(T &w, T d, T &m, double lr, double momentum, double dampening, double nesterov, double decay, double first) {
	if (decay != 0) d += T(decay) * w;
	if (momentum != 0) {
		m = first != 0 ? d : T(momentum) * m + T(1 - dampening) * d;
		d = nesterov != 0 ? d + T(momentum) * m : m;
	}
	w -= T(lr) * d;
}

template <class T> NDEC_D void ndec_adam(T &w, T d, T &m, T &v, double shrink, double decay, double beta1, double beta2, double eps, double size, double root) {
	w *= T(shrink);
	if (decay != 0) d += T(decay) * w;
	m = ndec_lerp(m, d, 1 - beta1);
	v = v * T(beta2) + T(1 - beta2) * d * d;
	w += T(size) * m / (ndec_sqrt(v) / T(root) + T(eps));
}

template <class T> NDEC_D void ndec_rmsprop(T &w, T d, T &sq, T &mom, T &avg, double lr, double alpha, double eps, double decay, double momentum, double centered) {
	if (decay != 0) d += T(decay) * w;
	sq = sq * T(alpha) + T(1 - alpha) * d * d;
	T v = sq;
	if (centered != 0) {
		avg = ndec_lerp(avg, d, 1 - alpha);
		v -= avg * avg;
	}
	T den = ndec_sqrt(v) + T(eps);
	if (momentum > 0) {
		mom = mom * T(momentum) + d / den;
		w -= T(lr) * mom;
	} else {
		w -= T(lr) * d / den;
	}
}

// mean += share (w - mean), the running average of weights
template <class T> NDEC_D void ndec_average(T &mean, T w, double share) { mean += T(share) * (w - mean); }
