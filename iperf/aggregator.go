package iperf

import (
	"context"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/tunaperf/tuna/internal/stats"
	"github.com/tunaperf/tuna/iperf/report"
)

// An Aggregator reduces the rates of a run's intervals, or of a metric's repetitions, to one. It gets at least one
// rate, and must not change the slice. The ones in this package give NaN for none.
type Aggregator func([]report.BitRate) report.BitRate

// of returns the aggregator's reduction of rates, or an error if it is no bandwidth that they can have: not a number,
// infinite, negative, or 0 though none of them is. field is where the aggregator is from.
func (a Aggregator) of(field string, rates []report.BitRate) (report.BitRate, error) {
	rate := a(rates)
	if !isRate(rate) || rate == 0 && Min(rates) > 0 {
		return 0, fmt.Errorf("%w: %s returned %v for rates from %v to %v", errReduction, field, float64(rate), Min(rates), Max(rates))
	}
	return rate, nil
}

// isRate reports whether a rate is not negative and finite.
func isRate(r report.BitRate) bool { return r >= 0 && !math.IsInf(float64(r), 0) }

// errReduction is the ErrNoBandwidth of an aggregator.
var errReduction = fmt.Errorf("%w", ErrNoBandwidth)

// unlessPanic returns err, the error of an aggregator's value, or the panic of the caller's code if that ended ctx: an
// aggregator that has panicked has no value.
func unlessPanic(ctx context.Context, err error) error {
	if caught := safeCause(ctx); err != nil && isAny(caught, ErrPanic) {
		return caught
	}
	return err
}

// Median is the middle one, or the mean of the two in the middle.
func Median(rates []report.BitRate) report.BitRate { return Percentile(50)(rates) }

// Mean is the arithmetic mean.
func Mean(rates []report.BitRate) report.BitRate { return stats.Mean(rates) }

// Min is the lowest.
func Min(rates []report.BitRate) report.BitRate {
	if len(rates) == 0 {
		return report.BitRate(math.NaN())
	}
	return slices.Min(rates)
}

// Max is the highest.
func Max(rates []report.BitRate) report.BitRate {
	if len(rates) == 0 {
		return report.BitRate(math.NaN())
	}
	return slices.Max(rates)
}

// Sum adds them up.
func Sum(rates []report.BitRate) report.BitRate { return stats.Sum(rates) }

// Percentile gives an Aggregator for the p-th percentile, p from 0 (the lowest) to 100 (the highest), with linear
// interpolation between the two closest ranks, as most spreadsheets and NumPy do it. It panics for another p.
func Percentile(p float64) Aggregator {
	if !(p >= 0 && p <= 100) {
		panic(fmt.Sprintf("iperf: Percentile(%v): must be from 0 to 100", p))
	}
	return func(rates []report.BitRate) report.BitRate { return stats.Percentile(rates, p) }
}

// ParseAggregator finds an aggregator by its name, in either case: median, mean (or average), min, max, sum, or a
// percentile such as p95.
func ParseAggregator(name string) (Aggregator, error) {
	switch n := strings.ToLower(strings.TrimSpace(name)); n {
	case "median":
		return Median, nil
	case "mean", "average":
		return Mean, nil
	case "min":
		return Min, nil
	case "max":
		return Max, nil
	case "sum":
		return Sum, nil
	default:
		if digits, ok := strings.CutPrefix(n, "p"); ok {
			if p, err := strconv.ParseFloat(digits, 64); err == nil && p >= 0 && p <= 100 {
				return Percentile(p), nil
			}
		}
	}
	return nil, fmt.Errorf("aggregator %q: must be median, mean, min, max, sum, or p0 to p100", name)
}
