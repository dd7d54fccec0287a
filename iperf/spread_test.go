package iperf

import (
	"math"
	"slices"
	"testing"

	"github.com/tunaperf/tuna/iperf/report"
)

func TestSpread(t *testing.T) {
	rates := []report.BitRate{9, 2, 4, 4, 5, 5, 7, 4} // the usual example of a standard deviation: mean 5, squares 32
	before := slices.Clone(rates)
	s := SpreadOf(rates)
	want := Spread{
		N: 8, Min: 2, Q1: 4, Median: 4.5, Q3: 5.5, Max: 9, Mean: 5, StdDev: report.BitRate(math.Sqrt(32. / 7)),
		MedianLow: 2, MedianHigh: 9, Confidence: 1 - 2./256,
	}
	if math.Abs(s.Confidence-want.Confidence) > 1e-12 {
		t.Errorf("confidence: got %g, want %g", s.Confidence, want.Confidence)
	}
	s.Confidence = want.Confidence
	if s != want {
		t.Errorf("got %+v, want %+v", s, want)
	}
	if !slices.Equal(rates, before) {
		t.Errorf("the input was changed to %v", rates)
	}
	if got, want := s.CV(), math.Sqrt(32./7)/5; got != want {
		t.Errorf("CV: got %g, want %g", got, want)
	}
	if got := s.Precision(); got != 1 { // 9 is twice the median
		t.Errorf("precision: got %g, want 1", got)
	}
	if low, high := s.Fences(); low != 1.75 || high != 7.75 {
		t.Errorf("fences: got %v and %v", float64(low), float64(high))
	}
	for r, want := range map[report.BitRate]bool{1.7: true, 1.75: false, 2: false, 7.75: false, 9: true} {
		if s.Outlier(r) != want {
			t.Errorf("outlier %v: got %v", float64(r), !want)
		}
	}
	for n, want := range map[int]string{
		0: "n=0", 1: "95.0 Mbit/s, n=1", 2: "95.5 Mbit/s, CV 0.74 %, n=2",
		6: "97.5 Mbit/s (95.0 Mbit/s to 100 Mbit/s with 96.9 %), CV 1.9 %, n=6",
	} {
		var rates []report.BitRate
		for i := range n {
			rates = append(rates, report.BitRate(95+i)*report.MbitPerSecond)
		}
		if got := SpreadOf(rates).String(); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
	steady := SpreadOf([]report.BitRate{1000, 1000, 1000, 1000, 1000, 1009, 985})
	if steady.Outlier(1009) || !steady.Outlier(985) {
		low, high := steady.Fences()
		t.Errorf("fences of steady rates: got %v and %v", float64(low), float64(high))
	}
	one := SpreadOf(rates[:1])
	if !math.IsNaN(one.CV()) || !math.IsInf(one.Precision(), 1) || one.StdDev != 0 || one.Outlier(9) {
		t.Errorf("of one rate: got %+v", one)
	}
}
