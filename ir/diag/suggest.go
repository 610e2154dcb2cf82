package diag

// Suggest is the candidate that name was probably meant to be, or "". It allows two single-letter
// changes (insert, delete, replace, or swap of neighbours), one for names of up to four letters.
// Of equally near candidates the first in the list wins, so the answer is deterministic when the
// list is.
func Suggest(name string, candidates []string) string {
	limit := 2
	if n := len([]rune(name)); n <= 4 {
		limit = min(1, n-1) // any other letter is near a single one
	}
	best, bestDist := "", limit+1
	for _, c := range candidates {
		if c == name {
			continue
		}
		if d := editDistance([]rune(name), []rune(c), limit); d < bestDist {
			best, bestDist = c, d
		}
	}
	return best
}

// editDistance is the optimal string alignment distance (Damerau 1964, without repeated edits of a
// place), or limit+1 when the lengths alone exceed the limit.
func editDistance(a, b []rune, limit int) int {
	if len(a)-len(b) > limit || len(b)-len(a) > limit {
		return limit + 1
	}
	prev2, prev, cur := make([]int, len(b)+1), make([]int, len(b)+1), make([]int, len(b)+1)
	for j := range prev {
		prev[j] = j
	}
	for i := 1; i <= len(a); i++ {
		cur[0] = i
		for j := 1; j <= len(b); j++ {
			cost := 1
			if a[i-1] == b[j-1] {
				cost = 0
			}
			cur[j] = min(prev[j]+1, cur[j-1]+1, prev[j-1]+cost)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				cur[j] = min(cur[j], prev2[j-2]+1)
			}
		}
		prev2, prev, cur = prev, cur, prev2
	}
	return prev[len(b)]
}
