package stats

import (
	"math"
	"slices"
)

// ExactLimit is the number of values, both samples together, up to which the distribution of rank
// sums is counted out. Two samples of 50 take some 20 ms.
const ExactLimit = 100

// MannWhitney returns the two-sided p-value of the Mann-Whitney U test of two samples: how likely
// they would be at least as far apart by chance alone. It is exact up to ExactLimit values, also
// with ties, and the normal approximation above. H. B. Mann, D. R. Whitney, On a Test of Whether one
// of Two Random Variables is Stochastically Larger than the Other, Annals of Mathematical Statistics
// 18 (1947). It is 1 if a sample is empty.
func MannWhitney[F ~float64](x, y []F) float64 {
	if len(x) == 0 || len(y) == 0 {
		return 1
	}
	ranks, sum := rank(x, y)
	if len(ranks) <= ExactLimit {
		return exactP(ranks, len(x), sum)
	}
	return normalP(ranks, len(x), sum)
}

// rank returns the ranks of all values in ascending order, and the sum of those of x. Ranks are
// doubled so that the mean rank that equal values share is an integer.
func rank[F ~float64](x, y []F) (ranks []int, sum int) {
	all := slices.Sorted(slices.Values(slices.Concat(x, y)))
	doubled := func(v F) int {
		first, _ := slices.BinarySearch(all, v)
		next, _ := slices.BinarySearchFunc(all, v, func(a, v F) int {
			if a <= v {
				return -1
			}
			return 1
		})
		return first + 1 + next
	}
	for _, v := range all {
		ranks = append(ranks, doubled(v))
	}
	for _, v := range x {
		sum += doubled(v)
	}
	return ranks, sum
}

// fromMean returns the distance of a sum of n ranks from the mean of all such sums.
func fromMean(ranks []int, n, sum int) int {
	mean := n * (len(ranks) + 1)
	return max(sum-mean, mean-sum)
}

// exactP returns the part of all ways to choose n of the ranks whose sum is at least as far from the
// mean as the given one: E. L. Lehmann, Nonparametrics, sections 1.2 and, for ties, 1.4.
func exactP(ranks []int, n, sum int) float64 {
	var extreme, total float64
	for s, c := range rankSums(ranks, n) {
		total += c
		if fromMean(ranks, n, s) >= fromMean(ranks, n, sum) {
			extreme += c
		}
	}
	return extreme / total
}

// normalP approximates exactP, with the corrections for ties and for continuity: Lehmann, sections
// 1.3 and 1.4.
func normalP(ranks []int, n, sum int) float64 {
	counts := map[int]float64{}
	for _, r := range ranks {
		counts[r]++
	}
	var ties float64
	for _, t := range counts {
		ties += t*t*t - t
	}
	all := float64(len(ranks))
	sigma := math.Sqrt(float64(n*(len(ranks)-n)) / 12 * (all + 1 - ties/(all*(all-1))))
	if sigma == 0 {
		return 1 // all values are equal
	}
	z := max(0, float64(fromMean(ranks, n, sum))/2-0.5) / sigma
	return math.Erfc(z / math.Sqrt2)
}

// rankSums returns, for every sum, how many choices of size of the ranks have it.
func rankSums(ranks []int, size int) []float64 {
	highest := 0
	for _, r := range slices.Sorted(slices.Values(ranks))[len(ranks)-size:] {
		highest += r
	}
	counts := make([][]float64, size+1) // by number of ranks chosen, then by their sum
	for i := range counts {
		counts[i] = make([]float64, highest+1)
	}
	counts[0][0] = 1
	for i, r := range ranks {
		for chosen := min(i+1, size); chosen > 0; chosen-- {
			without, with := counts[chosen-1], counts[chosen][r:]
			for s := range with {
				with[s] += without[s]
			}
		}
	}
	return counts[size]
}
