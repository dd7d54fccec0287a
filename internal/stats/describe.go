// Package stats is the arithmetic behind the spread and the comparison of rates: order statistics
// and rank tests over plain numbers. Nothing here assumes a distribution. The functions neither
// change nor keep their arguments, and a NaN among the numbers is the caller's to exclude.
package stats

import (
	"math"
	"slices"
)

// Percentile returns the p-th percentile of x, p from 0 to 100, with linear interpolation between
// the two closest ranks: R's type 7, which NumPy and most spreadsheets use too. It is NaN if x is
// empty.
func Percentile[F ~float64](x []F, p float64) F {
	if len(x) == 0 {
		return F(math.NaN())
	}
	sorted := slices.Sorted(slices.Values(x))
	at := p / 100 * float64(len(sorted)-1)
	below := int(at)
	above := min(below+1, len(sorted)-1)
	share := F(at - float64(below))
	return sorted[below]*(1-share) + sorted[above]*share
}

// Sum returns the sum of x. It is NaN if x is empty.
func Sum[F ~float64](x []F) F {
	if len(x) == 0 {
		return F(math.NaN())
	}
	var sum F
	for _, v := range x {
		sum += v
	}
	return sum
}

// Mean returns the arithmetic mean of x. It is NaN if x is empty.
func Mean[F ~float64](x []F) F { return Sum(x) / F(len(x)) }

// StdDev returns the standard deviation of the sample x, with n-1. It is 0 for fewer than two
// numbers.
func StdDev[F ~float64](x []F) F {
	if len(x) < 2 {
		return 0
	}
	mean := Mean(x)
	var squares float64
	for _, v := range x {
		squares += float64(v-mean) * float64(v-mean)
	}
	return F(math.Sqrt(squares / float64(len(x)-1)))
}
