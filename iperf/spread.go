package iperf

import (
	"fmt"
	"math"
	"slices"

	"github.com/tunaperf/tuna/internal/stats"
	"github.com/tunaperf/tuna/iperf/report"
)

// confidenceLevel is the least level of every confidence interval here, and 1 minus it is the p-value under which two
// samples are taken to differ.
const confidenceLevel = 0.95

// A Spread tells how far rates lie apart. Nothing in it assumes that they are normally distributed: what limits a
// link's rate cuts its distribution off on one side.
type Spread struct {
	N                        int
	Min, Q1, Median, Q3, Max report.BitRate // the quartiles are Percentile(25) and (75)
	Mean                     report.BitRate
	StdDev                   report.BitRate // of the sample, with N-1; one rate has none, and zero

	// MedianLow and MedianHigh are a confidence interval of the median of all the rates that there might have been. Both
	// are among the rates that there were. Confidence is its level, at least 0.95. Fewer than 6 rates have no such
	// interval; all three are zero then.
	MedianLow, MedianHigh report.BitRate
	Confidence            float64
}

// SpreadOf describes rates, which it does not change. Of none it gives the zero value.
func SpreadOf(rates []report.BitRate) Spread {
	n := len(rates)
	if n == 0 {
		return Spread{}
	}
	sorted := slices.Sorted(slices.Values(rates))
	s := Spread{
		N: n, Min: sorted[0], Q1: stats.Percentile(sorted, 25), Median: Median(sorted),
		Q3: stats.Percentile(sorted, 75), Max: sorted[n-1], Mean: Mean(sorted), StdDev: stats.StdDev(sorted),
	}
	if k, level := stats.MedianInterval(n, confidenceLevel); k > 0 {
		s.MedianLow, s.MedianHigh, s.Confidence = sorted[k-1], sorted[n-k], level
	}
	return s
}

// CV is the coefficient of variation, the standard deviation as a part of the mean: 0.01 is 1 %. It is NaN for fewer
// than two rates.
func (s Spread) CV() float64 {
	if s.N < 2 {
		return math.NaN()
	}
	return float64(s.StdDev / s.Mean)
}

// Precision is how far the median's confidence interval reaches from the median, on the side where it reaches further,
// as a part of the median: 0.01 is 1 %. It is +Inf where there is no interval.
func (s Spread) Precision() float64 {
	if s.Confidence == 0 {
		return math.Inf(1)
	}
	return float64(max(s.MedianHigh-s.Median, s.Median-s.MedianLow) / s.Median)
}

// Fences are Tukey's: one and a half times the distance of the quartiles, below the first and above the third. But they
// are at least 1 % of the median away from them, as on a steady link the quartiles meet and would leave no room at all.
func (s Spread) Fences() (low, high report.BitRate) {
	reach := max(1.5*(s.Q3-s.Q1), s.Median/100)
	return s.Q1 - reach, s.Q3 + reach
}

// Outlier reports whether a rate lies outside the Fences. Of fewer than 4 rates none does.
func (s Spread) Outlier(r report.BitRate) bool {
	low, high := s.Fences()
	return r < low || r > high
}

// String gives for example "95.6 Mbit/s (95.4 to 95.7 Mbit/s with 97.9 %), CV 0.2 %, n=10": the median, its confidence
// interval, the coefficient of variation and the number of rates.
func (s Spread) String() string {
	if s.N == 0 {
		return "n=0"
	}
	text := s.Median.String()
	if s.Confidence > 0 {
		text += fmt.Sprintf(" (%v to %v with %.3g %%)", s.MedianLow, s.MedianHigh, 100*s.Confidence)
	}
	if s.N > 1 {
		text += fmt.Sprintf(", CV %.2g %%", 100*s.CV())
	}
	return fmt.Sprintf("%s, n=%d", text, s.N)
}
