package iperf_test

import (
	"fmt"
	"math"
	"slices"
	"testing"

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
