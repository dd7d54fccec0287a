package iperf

import (
	"errors"
	"fmt"
	"slices"

	"github.com/tunaperf/tuna/internal/stats"
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

// CompareRates compares the rates of runs, which it does not change. It is an error if there are none before or after, or
// if one of them is negative, infinite or not a number.
func CompareRates(before, after []report.BitRate) (Comparison, error) {
	c := Comparison{Before: SpreadOf(before), After: SpreadOf(after)}
	switch {
	case len(before) == 0:
		return c, errors.New("compare: no rates before")
	case len(after) == 0:
		return c, errors.New("compare: no rates after")
	}
	for i, r := range slices.Concat(before, after) {
		side := "before"
		if i >= len(before) {
			i, side = i-len(before), "after"
		}
		if !isRate(r) {
			return Comparison{}, fmt.Errorf("compare: rate %d %s is %v: must be 0 or more and finite", i+1, side, float64(r))
		}
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
	if k, level := stats.ShiftInterval(len(before), len(after), confidenceLevel); k > 0 {
		c.ChangeLow, c.ChangeHigh, c.Confidence = changes[k-1], changes[n-k], level
	}
	c.P = stats.MannWhitney(before, after)
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
	k, _ := stats.ShiftInterval(c.Before.N, c.After.N, confidenceLevel)
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
