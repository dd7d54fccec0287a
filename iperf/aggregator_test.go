package iperf_test

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/tunaperf/tuna/iperf"
	"github.com/tunaperf/tuna/iperf/report"
)

func ExampleParseAggregator() {
	rates := []report.BitRate{94.1e6, 95.6e6, 95.7e6, 12e6}
	for _, name := range []string{"median", "min", "p95"} {
		aggregate, err := iperf.ParseAggregator(name)
		if err != nil {
			panic(err)
		}
		fmt.Println(name, aggregate(rates))
	}
	// Output:
	// median 94.8 Mbit/s
	// min 12.0 Mbit/s
	// p95 95.7 Mbit/s
}

func TestAggregators(t *testing.T) {
	odd := []report.BitRate{5, 1, 3}
	even := []report.BitRate{4, 1, 3, 2}
	for _, test := range []struct {
		name string
		in   []report.BitRate
		want report.BitRate
	}{
		{"median", odd, 3},
		{"median", even, 2.5},
		{"median", []report.BitRate{7}, 7},
		{"mean", odd, 3},
		{"Average", even, 2.5},
		{"min", odd, 1},
		{"max", odd, 5},
		{"sum", even, 10},
		{"p0", odd, 1},
		{"p100", odd, 5},
		{"p25", odd, 2},
		{" P50 ", even, 2.5},
	} {
		t.Run(fmt.Sprint(test.name, test.in), func(t *testing.T) {
			aggregate, err := iperf.ParseAggregator(test.name)
			if err != nil {
				t.Fatal(err)
			}
			in := slices.Clone(test.in)
			if got := aggregate(in); got != test.want {
				t.Errorf("got %v, want %v", float64(got), float64(test.want))
			}
			if !slices.Equal(in, test.in) {
				t.Errorf("the input was changed to %v", in)
			}
			if got := aggregate(nil); !math.IsNaN(float64(got)) {
				t.Errorf("of nothing: got %v, want NaN", float64(got))
			}
		})
	}
	for _, name := range []string{"", "mode", "p101", "p-1", "pNaN", "p"} {
		if _, err := iperf.ParseAggregator(name); err == nil {
			t.Errorf("ParseAggregator(%q): no error", name)
		}
	}
}

// TestAggregatorWithoutABandwidth has aggregators of the caller's that return what no rates can have: the error names the
// field and the value, and neither the result nor the measurement has a number.
func TestAggregatorWithoutABandwidth(t *testing.T) {
	inf := report.BitRate(math.Inf(1))
	for _, value := range []report.BitRate{-4, 0, report.BitRate(math.NaN()), inf, -inf} {
		fixed := func([]report.BitRate) report.BitRate { return value }
		for field, set := range map[string]func(*iperf.Metric){
			"Iperf.Aggregator":  func(m *iperf.Metric) { m.Iperf.Aggregator = fixed },
			"Metric.Aggregator": func(m *iperf.Metric) { m.Aggregator = fixed },
			"Metric.Combine":    func(m *iperf.Metric) { m.Combine = fixed },
		} {
			t.Run(fmt.Sprint(field, " ", float64(value)), func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					s := newMetricScript(t)
					s.upstream(20)
					s.Directions = iperf.Upstream
					set(&s.Metric)
					got, err := s.Measure(t.Context(), "")
					want := fmt.Sprintf("%s returned %v for rates from 20.0 Mbit/s to 20.0 Mbit/s", field, float64(value))
					if !errors.Is(err, iperf.ErrNoBandwidth) || !strings.Contains(fmt.Sprint(err), want) || strings.Count(err.Error(), "returned") != 1 {
						t.Errorf("got %v, want %q once", err, want)
					}
					if got.Value != 0 {
						t.Errorf("got the value %v", got.Value)
					}
				})
			})
		}
	}
}
