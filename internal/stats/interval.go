package stats

import "math"

// MedianInterval returns the narrowest interval, from the k-th lowest to the k-th highest of n
// numbers, that holds the median of their distribution with the given confidence or more, and its
// actual confidence. k is 0 if there is none. The median is outside if fewer than k numbers lie on
// one of its sides, and their count is binomial with 1/2: H. A. David, H. N. Nagaraja, Order
// Statistics, 3rd edition, section 7.1.
func MedianInterval(n int, confidence float64) (k int, actual float64) {
	tail, term := 0.0, 0.0
	logN, _ := math.Lgamma(float64(n + 1))
	for i := range n / 2 {
		logI, _ := math.Lgamma(float64(i + 1))
		logRest, _ := math.Lgamma(float64(n - i + 1))
		term = math.Exp(logN - logI - logRest - float64(n)*math.Ln2)
		if 2*(tail+term) > 1-confidence {
			break
		}
		tail += term
		k, actual = i+1, 1-2*tail
	}
	return k, actual
}

// ShiftInterval returns the narrowest interval, from the k-th lowest to the k-th highest of the n*m
// differences between two samples, that holds the shift between their distributions with the given
// confidence or more, and its actual confidence. k is 0 if there is none. What holds for differences
// of logarithms holds for ratios. M. Hollander, D. A. Wolfe, E. Chicken, Nonparametric Statistical
// Methods, 3rd edition, section 4.3.
//
// Above ExactLimit numbers the normal approximation is used, and the confidence asked for returned.
func ShiftInterval(n, m int, confidence float64) (k int, actual float64) {
	if n == 0 || m == 0 {
		return 0, 0
	}
	if n+m > ExactLimit {
		z := math.Sqrt2 * math.Erfinv(confidence)
		nm := float64(n * m)
		k = int(nm/2 - z*math.Sqrt(nm*float64(n+m+1)/12))
		return max(k, 0), confidence
	}
	ranks := make([]int, n+m)
	for i := range ranks {
		ranks[i] = i + 1
	}
	counts := rankSums(ranks, n)
	var total, tail float64
	for _, c := range counts {
		total += c
	}
	for u, c := range counts[n*(n+1)/2:] {
		if 2*(tail+c) > (1-confidence)*total || 2*(u+1) > n*m {
			break
		}
		tail += c
		k, actual = u+1, 1-2*tail/total
	}
	return k, actual
}
