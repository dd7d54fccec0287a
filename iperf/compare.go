package iperf

import (
	"errors"
	"fmt"
	"math"
	"slices"

	"github.com/tunaperf/tuna/iperf/report"
)

// A Comparison tells whether rates changed, by how much, and how sure that is. It assumes only that each rate is of a
// run of its own: the intervals within one run depend on each other, and are no sample.
type Comparison struct {
	Direction     Direction // zero when only rates were compared
	Before, After Spread

	// Change is the change in rate as a part of what it was: -0.05 is 5 % less. It is the median of the ratios of every
	// rate after to every rate before (the estimate of Hodges and Lehmann), which one odd run hardly moves. It may
	// differ a little from the change of the median. From a rate of zero it is +Inf.
	Change float64

	// ChangeLow and ChangeHigh are a confidence interval of Change, and Confidence is its level, at least 0.95. When
	// there were too few runs for one, all three are zero.
	ChangeLow, ChangeHigh float64
	Confidence            float64

	// P is the p-value of the Mann-Whitney U test, two-sided: how likely the two would be at least as far apart by
	// chance alone. It is exact, also for rates that are equal, up to 100 runs in all, and a close approximation above.
	P float64
}

// Compare compares two measurements, direction by direction. Every counted repetition is used, outliers too. An error
// says that a direction was measured in only one of them, or has no counted repetition; the other directions are
// compared all the same.
func Compare(before, after *Measurement) ([]Comparison, error) {
	if before == nil || after == nil {
		return nil, errors.New("compare: a measurement is nil")
	}
	var all []Comparison
	var errs []error
	for d := range Both.Each() {
		b, a := before.Of(d), after.Of(d)
		if b == nil && a == nil {
			continue
		}
		c, err := CompareRates(b.Rates(), a.Rates())
		if err != nil {
			errs = append(errs, fmt.Errorf("%v: %w", d, err))
			continue
		}
		c.Direction = d
		all = append(all, c)
	}
	if len(all) == 0 && len(errs) == 0 {
		return nil, errors.New("compare: no direction was measured")
	}
	return all, errors.Join(errs...)
}

// CompareRates compares the rates of runs, which it does not change. It is an error when there are none before or after.
func CompareRates(before, after []report.BitRate) (Comparison, error) {
	c := Comparison{Before: SpreadOf(before), After: SpreadOf(after)}
	switch {
	case len(before) == 0:
		return c, errors.New("compare: no rates before")
	case len(after) == 0:
		return c, errors.New("compare: no rates after")
	}
	changes := make([]float64, 0, len(before)*len(after))
	for _, b := range before {
		for _, a := range after {
			change := float64(a/b) - 1
			if a == b { // both may be zero
				change = 0
			}
			changes = append(changes, change)
		}
	}
	slices.Sort(changes)
	n := len(changes)
	c.Change = (changes[(n-1)/2] + changes[n/2]) / 2
	if k, level := shiftOrder(len(before), len(after)); k > 0 {
		c.ChangeLow, c.ChangeHigh, c.Confidence = changes[k-1], changes[n-k], level
	}
	c.P = mannWhitney(before, after)
	return c, nil
}

// Changed reports whether the rates differ by more than chance would explain: P is below 0.05.
func (c Comparison) Changed() bool { return c.P < 1-confidenceLevel }

// SlowerBy reports whether the rates went down by more than a part of what they were, 0.03 for 3 %, with all of Change's
// confidence interval. It is what a gate asks that should not fail by chance. When there are TooFew runs it is false.
func (c Comparison) SlowerBy(part float64) bool { return c.Confidence > 0 && c.ChangeHigh < -part }

// FasterBy is the same for rates that went up.
func (c Comparison) FasterBy(part float64) bool { return c.Confidence > 0 && c.ChangeLow > part }

// TooFew reports whether there are so few runs that Changed, SlowerBy and FasterBy are false whatever the rates. 4 runs
// before and 4 after are enough.
func (c Comparison) TooFew() bool {
	k, _ := shiftOrder(c.Before.N, c.After.N)
	return k == 0
}

// String gives for example "upstream: 95.6 Mbit/s to 90.1 Mbit/s: -5.7 % (-6.0 % to -5.5 % with 95.6 %), p=0.0002,
// n=8+8".
func (c Comparison) String() string {
	text := fmt.Sprintf("%v to %v: %+.1f %%", c.Before.Median, c.After.Median, 100*c.Change)
	if c.Direction != 0 {
		text = c.Direction.String() + ": " + text
	}
	if c.Confidence > 0 {
		text += fmt.Sprintf(" (%+.1f %% to %+.1f %% with %.3g %%)", 100*c.ChangeLow, 100*c.ChangeHigh, 100*c.Confidence)
	}
	text = fmt.Sprintf("%s, p=%.2g, n=%d+%d", text, c.P, c.Before.N, c.After.N)
	if c.TooFew() {
		text += ": too few to tell"
	}
	return text
}

// exactLimit is the number of values, both samples together, up to which the distribution of ranks is counted out. It
// takes some 20 ms for two samples of 50.
const exactLimit = 100

// mannWhitney is the two-sided p-value of the test of H. B. Mann and D. R. Whitney, On a Test of Whether one of Two
// Random Variables is Stochastically Larger than the Other, Annals of Mathematical Statistics 18 (1947).
func mannWhitney(x, y []report.BitRate) float64 {
	ranks, sum := rank(x, y)
	if len(ranks) <= exactLimit {
		return exactP(ranks, len(x), sum)
	}
	return normalP(ranks, len(x), sum)
}

// rank gives the ranks of all values, in their order, doubled so that the mean rank that equal values share is whole,
// and the sum of those of x.
func rank(x, y []report.BitRate) (ranks []int, sum int) {
	all := slices.Sorted(slices.Values(slices.Concat(x, y)))
	doubled := func(r report.BitRate) int {
		first, _ := slices.BinarySearch(all, r)
		next, _ := slices.BinarySearchFunc(all, r, func(a, r report.BitRate) int {
			if a <= r {
				return -1
			}
			return 1
		})
		return first + 1 + next
	}
	for _, r := range all {
		ranks = append(ranks, doubled(r))
	}
	for _, r := range x {
		sum += doubled(r)
	}
	return ranks, sum
}

// fromMean is how far a sum of n ranks is from the mean of all such sums.
func fromMean(ranks []int, n, sum int) int {
	mean := n * (len(ranks) + 1)
	return max(sum-mean, mean-sum)
}

// exactP is the part of all ways to choose n of the ranks whose sum is at least as far from the mean as the given one:
// E. L. Lehmann, Nonparametrics, sections 1.2 and, for ties, 1.4.
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

// normalP approximates exactP, with the corrections for ties and for continuity: Lehmann, sections 1.3 and 1.4.
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
		return 1 // all are equal
	}
	z := max(0, float64(fromMean(ranks, n, sum))/2-0.5) / sigma
	return math.Erfc(z / math.Sqrt2)
}

// rankSums counts for every sum how many choices of size of the ranks have it.
func rankSums(ranks []int, size int) []float64 {
	highest := 0
	for _, r := range slices.Sorted(slices.Values(ranks))[len(ranks)-size:] {
		highest += r
	}
	counts := make([][]float64, size+1) // by how many were chosen, and their sum
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

// shiftOrder finds the narrowest interval from the k-th lowest to the k-th highest of the differences between two
// samples that holds the shift between their distributions with confidenceLevel or more, and its level; k is 0 where
// there is none. What holds for differences of logarithms holds for ratios. M. Hollander, D. A. Wolfe, E. Chicken,
// Nonparametric Statistical Methods, 3rd edition, section 4.3.
func shiftOrder(n, m int) (k int, level float64) {
	if n == 0 || m == 0 {
		return 0, 0
	}
	if n+m > exactLimit {
		// 1.96 is the normal distribution's 97.5th percentile.
		nm := float64(n * m)
		k = int(nm/2 - 1.959964*math.Sqrt(nm*float64(n+m+1)/12))
		return max(k, 0), confidenceLevel
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
		if 2*(tail+c) > (1-confidenceLevel)*total || 2*(u+1) > n*m {
			break
		}
		tail += c
		k, level = u+1, 1-2*tail/total
	}
	return k, level
}
