
// Events of a solve, as ir.Event specifies them: where along its steps guards are to be looked at, and where events
// happen. The loop evaluates guards and resets.
enum { NDEC_RISING, NDEC_FALLING, NDEC_CROSSING, NDEC_EVERY };

NDEC_D double ndec_side(double x) { return x > 0 ? 1.0 : x < 0 ? -1.0 : 0.0; }

struct ndec_event {
	int kind;
	double length; // of NDEC_EVERY
	double g;      // the guard where the search looks; the loop of the solve sets it

	double theta;        // where it fires in the step, 2 if nowhere
	double side;         // of the guard before the present look: -1, 1, or 0 where it waits
	double value, begun; // of the guard there, and where it began to wait
	double after;        // of the guard where its change has shown
	double last;         // direction in which one that waits has fired, 0 of others
	bool turned;         // it has turned back since

	__device__ __forceinline__ bool fires() const { return theta <= 1; }

	// whether the guard has changed its side in the direction of the event
	__device__ __forceinline__ bool crosses() const {
		bool up = side < 0 && g >= 0, down = side > 0 && g <= 0;
		return up && kind != NDEC_FALLING || down && kind != NDEC_RISING;
	}
};

// Chandrupatla's method (1997) on its way: it narrows [a, b], over which a function changes its sign from that of fa.
struct ndec_narrowing {
	double x; // where the function is wanted
	double b, fa, tol, x1, x2, f1, f2;
	int rounds;

	__device__ __forceinline__ void start(double from, double f_from, double f_to, double width) {
		fa = f_from, tol = width, x1 = b, x2 = from, f1 = f_to, f2 = f_from, rounds = 0;
		x = x1 + 0.5 * (x2 - x1);
	}
	__device__ __forceinline__ bool changed(double f) const { return f == 0 || (f > 0) != (fa > 0); }

	// takes the function at x; true if it is wanted at another x
	__device__ __forceinline__ bool see(double f) {
		double x3 = x2, f3 = f2;
		if (changed(f) == changed(f1)) x3 = x1, f3 = f1;
		else x2 = x1, f2 = f1;
		x1 = x, f1 = f;
		double limit = tol / fabs(x2 - x1);
		rounds++;
		if (f == 0 || limit >= 1 || rounds == 100) return false;
		double xi = (x1 - x2) / (x3 - x2), phi = (f1 - f2) / (f3 - f2), t = 0.5;
		if (phi * phi < xi && (1 - phi) * (1 - phi) < 1 - xi)
			t = f1 / (f2 - f1) * f3 / (f2 - f3) + (x3 - x1) / (x2 - x1) * f1 / (f3 - f1) * f2 / (f3 - f2);
		t = ndec_min(1 - limit / 2, ndec_max(limit / 2, t));
		x = x1 + t * (x2 - x1);
		return true;
	}
	__device__ __forceinline__ double end_of() const { return changed(f1) ? x1 : x2; }
};

// The search of N events along the steps of a solve:
//
//	for (ev.step(t, h, t_next); ev.next();) {
//		// the guards ev.e[i].g for time ev.time and the states at place ev.at of the step
//	}
//
// and the step is cut at place ev.end and time ev.time if ev.hit.
template <int N> struct ndec_events {
	double tol;  // how close in time events are located
	int most;    // times at which events happen, before the solve gives up
	double at;   // place of the look in the step, from 0 to 1
	double time; // of the look, and then of the events
	bool hit;    // events happen in the step
	double end;  // the place where they do
	ndec_event e[N];

	double dir, since, wait, t, h, to, before;
	int count, phase, look, of;
	ndec_narrowing place;

	__device__ __forceinline__ ndec_events(double tolerance, int bound) : tol(tolerance), most(bound), hit(false), end(2), count(0) {}
	__device__ __forceinline__ void kind(int i, int k, double length) { e[i].kind = k, e[i].length = length, e[i].g = 0; }

	// readies the events of a solve from t0 to t1; the guards are set
	__device__ __forceinline__ void start(double t0, double t1) {
		dir = ndec_signed(1, t1 - t0);
#pragma unroll
		for (int i = 0; i < N; i++) e[i].theta = 2, e[i].last = 0, e[i].side = 0;
		again(t0);
	}

	// goes on after events at now; the guards are set from the states after them
	__device__ __forceinline__ void again(double now) {
#pragma unroll
		for (int i = 0; i < N; i++) {
			double was = e[i].side;
			e[i].side = ndec_side(e[i].g), e[i].last = 0, e[i].turned = false;
			if (e[i].theta <= 1) e[i].side = 0, e[i].last = -was;
			e[i].value = e[i].begun = e[i].g;
		}
		since = now, wait = 2 * tol;
	}

	// begins the step of length length from now to next_time
	__device__ __forceinline__ void step(double now, double length, double next_time) {
		t = now, h = length, to = next_time, phase = 0, hit = false;
#pragma unroll
		for (int i = 0; i < N; i++) {
			e[i].theta = 2;
			if (e[i].kind != NDEC_EVERY) continue;
			double k = floor(t * dir / e[i].length) + 1;
			double when = dir * k * e[i].length;
			if ((when - t) * dir <= 0) when = dir * (k + 1) * e[i].length;
			if (when == to) e[i].theta = 1;
			else if ((when - to) * dir < 0) e[i].theta = (when - t) / h;
		}
	}

	// the next place to look at; false when the search is over
	__device__ __forceinline__ bool next() {
		if (phase == 0) { // the beginning
			before = 0, look = 1;
			bool guards = false;
#pragma unroll
			for (int i = 0; i < N; i++) guards = guards || e[i].kind != NDEC_EVERY;
			if (!guards) return found();
			if (waiting() && since == t) {
				phase = 1;
				return look_at((since + dir * tol / 4 - t) / h);
			}
		} else if (phase == 1) { // whether guards have turned back after their events
#pragma unroll
			for (int i = 0; i < N; i++) e[i].turned = (e[i].g - e[i].begun) * e[i].last < 0;
		} else if (phase == 2) { // places one after the other
			if (scan()) return narrow(0);
			if (endless()) return false;
		} else { // what has changed is located
			double g = 0;
#pragma unroll
			for (int i = 0; i < N; i++) { // values are chosen, not places: an index that varies would need memory
				double own = e[i].g;
				g = i == of ? own : g;
			}
			if (place.see(g)) return look_at(place.x);
			double found_at = place.end_of();
#pragma unroll
			for (int i = 0; i < N; i++) {
				double own = e[i].theta;
				e[i].theta = i == of ? found_at : own;
			}
			return narrow(of + 1);
		}
		phase = 2;
		if (look > 8) return found();
		double theta = look / 8.0;
		if (waiting()) {
			double early = (since + dir * wait - t) / h;
			if (early < theta) {
				theta = ndec_max(early, before);
				wait *= 2;
			}
		}
		if (theta == look / 8.0) look++;
		return look_at(theta);
	}

	__device__ __forceinline__ bool look_at(double theta) {
		at = theta, time = theta == 1 ? to : t + theta * h;
		return true;
	}

	// takes what a look has seen; true if some event fires before it
	__device__ __forceinline__ bool scan() {
		bool changed = false;
#pragma unroll
		for (int i = 0; i < N; i++)
			if (e[i].kind != NDEC_EVERY && e[i].crosses()) e[i].theta = -1, changed = true;
		if (changed) return true;
#pragma unroll
		for (int i = 0; i < N; i++) {
			if (e[i].kind == NDEC_EVERY) continue;
			if (e[i].side != 0) {
				if (e[i].g != 0) e[i].side = ndec_side(e[i].g);
			} else if (!e[i].turned || e[i].g * e[i].last < 0) {
				e[i].side = ndec_side(e[i].g);
			} else if ((e[i].g - e[i].begun) * e[i].last > 0) {
				count = most + 1;
				return false;
			}
			e[i].value = e[i].g;
		}
		before = at;
		return false;
	}

	// goes on to locate events from number first on
	__device__ __forceinline__ bool narrow(int first) {
		if (phase == 2) { // the look that has shown them
			phase = 3;
			place.b = at;
#pragma unroll
			for (int i = 0; i < N; i++) e[i].after = e[i].g;
		}
		of = N;
		double from = 0, to_value = 0;
#pragma unroll
		for (int i = N - 1; i >= 0; i--)
			if (i >= first && e[i].theta == -1) of = i, from = e[i].value, to_value = e[i].after;
		if (of == N) return found();
		place.start(before, from, to_value, tol / fabs(h));
		return look_at(place.x);
	}

	// settles what happens in the step
	__device__ __forceinline__ bool found() {
		end = 2;
#pragma unroll
		for (int i = 0; i < N; i++) end = ndec_min(end, e[i].theta);
		if (end == 2) return false;
		double near = ndec_min(1.0, end + tol / fabs(h)); // what is nowhere in the step is not near either
#pragma unroll
		for (int i = 0; i < N; i++) {
			if (e[i].theta <= near) end = ndec_max(end, e[i].theta);
			else e[i].theta = 2;
		}
		hit = true, time = to;
		count++;
		if (end < 1) {
			time = t + end * h;
#pragma unroll
			for (int i = 0; i < N; i++) // exactly at its multiple
				if (e[i].kind == NDEC_EVERY && e[i].theta == end) time = dir * round(dir * time / e[i].length) * e[i].length; // halves away from 0
		}
		return false;
	}

	__device__ __forceinline__ double part() const { return hit ? end : 1.0; } // how much of the step counts
	__device__ __forceinline__ int firing(int first) const { // how many events before this one fire
		int n = 0;
#pragma unroll
		for (int i = 0; i < N; i++) n += i < first && e[i].fires();
		return n;
	}
	__device__ __forceinline__ bool endless() const { return count > most; }
	__device__ __forceinline__ bool waiting() const {
		bool some = false;
#pragma unroll
		for (int i = 0; i < N; i++) some = some || e[i].kind != NDEC_EVERY && e[i].side == 0;
		return some;
	}
};
