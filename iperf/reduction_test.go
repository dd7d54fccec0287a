package iperf

import (
	"errors"
	"testing"

	"github.com/tunaperf/tuna/iperf/report"
)

// TestReductionToZero has rates that an aggregator reduces to 0: that is a bandwidth only if one of them is 0.
func TestReductionToZero(t *testing.T) {
	zero := func([]report.BitRate) report.BitRate { return 0 }
	for _, test := range []struct {
		name  string
		a     Aggregator
		rates []report.BitRate
		want  error
	}{
		{"the least of some", Min, []report.BitRate{5, 0, 5}, nil},
		{"the median of mostly none", Median, []report.BitRate{0, 0, 5}, nil},
		{"a made up 0", zero, []report.BitRate{5, 6}, ErrNoBandwidth},
	} {
		t.Run(test.name, func(t *testing.T) {
			if rate, err := test.a.of("Iperf.Aggregator", test.rates); rate != 0 || !errors.Is(err, test.want) {
				t.Errorf("got %v, %v, want 0 and %v", rate, err, test.want)
			}
		})
	}
}
