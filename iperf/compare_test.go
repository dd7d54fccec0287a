package iperf

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/tunaperf/tuna/iperf/report"
)

func TestCompareRates(t *testing.T) {
	around := func(rate float64, n int) (rates []report.BitRate) {
		for i := range n {
			rates = append(rates, report.BitRate(rate*(1+0.002*float64(i-n/2))))
		}
		return rates
	}
	for _, test := range []struct {
		name                          string
		before, after                 []report.BitRate
		changed, slower3, faster, few bool
		text                          string
	}{
		{
			name: "5 % slower", before: around(100e6, 8), after: around(95e6, 8), changed: true, slower3: true,
			text: "99.9 Mbit/s to 94.9 Mbit/s: -5.0 % (-5.6 % to -4.4 % with 95 %), p=0.00016, n=8+8",
		},
		{
			name: "1 % slower", before: around(100e6, 12), after: around(99e6, 12), changed: true,
			text: "99.9 Mbit/s to 98.9 Mbit/s: -1.0 % (-1.6 % to -0.4 % with 95.5 %), p=0.0031, n=12+12",
		},
		{
			name: "faster", before: around(100e6, 5), after: around(140e6, 5), changed: true, faster: true,
			text: "100 Mbit/s to 140 Mbit/s: +40.0 % (+39.2 % to +40.8 % with 96.8 %), p=0.0079, n=5+5",
		},
		{
			name: "the same", before: around(100e6, 10), after: around(100e6, 10),
			text: "99.9 Mbit/s to 99.9 Mbit/s: +0.0 % (-0.6 % to +0.6 % with 95.7 %), p=1, n=10+10",
		},
		{
			name: "one run each", before: around(100e6, 1), after: around(50e6, 1), few: true,
			text: "100 Mbit/s to 50.0 Mbit/s: -50.0 %, p=1, n=1+1: too few to tell",
		},
		{
			name: "three runs each cannot tell", before: around(100e6, 3), after: around(50e6, 3), few: true,
			text: "100 Mbit/s to 50.0 Mbit/s: -50.0 %, p=0.1, n=3+3: too few to tell",
		},
		{
			name: "all rates equal", before: slices.Repeat([]report.BitRate{5e6}, 6), after: slices.Repeat([]report.BitRate{5e6}, 6),
			text: "5.00 Mbit/s to 5.00 Mbit/s: +0.0 % (+0.0 % to +0.0 % with 95.9 %), p=1, n=6+6",
		},
		{
			name: "nothing before and after", before: make([]report.BitRate, 4), after: make([]report.BitRate, 4),
			text: "0 bit/s to 0 bit/s: +0.0 % (+0.0 % to +0.0 % with 97.1 %), p=1, n=4+4",
		},
		{
			name: "more runs than are counted out", before: around(100e6, 70), after: around(90e6, 60), changed: true, slower3: true,
			text: "99.9 Mbit/s to 89.9 Mbit/s: -10.0 % (-11.3 % to -8.7 % with 95 %), p=4.3e-21, n=70+60",
		},
		{
			name: "nothing before", before: make([]report.BitRate, 4), after: around(1e6, 4), changed: true, faster: true,
			text: "0 bit/s to 999 kbit/s: +Inf % (+Inf % to +Inf % with 97.1 %), p=0.029, n=4+4",
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			c, err := CompareRates(test.before, test.after)
			if err != nil {
				t.Fatal(err)
			}
			got := []bool{c.Changed(), c.SlowerBy(0.03), c.FasterBy(0.1), c.TooFew()}
			if want := []bool{test.changed, test.slower3, test.faster, test.few}; !slices.Equal(got, want) {
				t.Errorf("changed, slower by 3 %%, faster by 10 %%, too few: got %v, want %v", got, want)
			}
			if c.String() != test.text {
				t.Errorf("got  %s\nwant %s", c, test.text)
			}
		})
	}
	for _, test := range [][2][]report.BitRate{{nil, {1}}, {{1}, nil}, {nil, nil}} {
		if _, err := CompareRates(test[0], test[1]); err == nil {
			t.Errorf("%v: no error", test)
		}
	}
}

// The intervals must hold the truth as often as they say. Skewed rates are the usual ones below a link's limit.
func TestIntervalsHoldTheTruth(t *testing.T) {
	random := rand.New(rand.NewPCG(5, 6))
	draw := func(n int, scale float64) (rates []report.BitRate) {
		for range n {
			rates = append(rates, report.BitRate(scale*(100-random.ExpFloat64())))
		}
		return rates
	}
	const rounds, n = 2000, 10
	median := report.BitRate(100 - math.Ln2)
	heldMedian, heldChange, falseAlarms := 0, 0, 0
	for range rounds {
		before, after := draw(n, 1), draw(n, 0.98)
		if s := SpreadOf(before); s.MedianLow <= median && median <= s.MedianHigh {
			heldMedian++
		}
		if c, _ := CompareRates(before, after); c.ChangeLow <= -0.02 && -0.02 <= c.ChangeHigh {
			heldChange++
		}
		if c, _ := CompareRates(before, draw(n, 1)); c.Changed() {
			falseAlarms++
		}
	}
	// Three standard errors of 2000 draws are 1.5 %.
	if got := float64(heldMedian) / rounds; got < 0.96 { // its level is 97.9 %
		t.Errorf("the median's interval holds it in %g of all cases", got)
	}
	if got := float64(heldChange) / rounds; got < 0.935 {
		t.Errorf("the change's interval holds it in %g of all cases", got)
	}
	if got := float64(falseAlarms) / rounds; got > 0.065 {
		t.Errorf("a change is seen in %g of all cases without one", got)
	}
}

func TestCompareMeasurements(t *testing.T) {
	series := func(d Direction, rates ...report.BitRate) *Series {
		s := &Series{Direction: d, Attempts: []Attempt{
			{Result: &Result{Bandwidth: 1}},                                    // a warm-up
			{Repetition: 1, Result: &Result{Bandwidth: 2}, Err: ErrServerBusy}, // tried again
		}}
		for i, r := range rates {
			s.Attempts = append(s.Attempts, Attempt{Repetition: i + 1, Result: &Result{Bandwidth: r}})
		}
		return s
	}
	before := &Measurement{Series: []*Series{series(Upstream, 10, 11, 12, 13), series(Downstream, 20, 21)}}
	after := &Measurement{Series: []*Series{series(Upstream, 5, 6, 7, 8, 9), series(Downstream)}}
	all, err := Compare(before, after)
	if err == nil || err.Error() != "downstream: compare: no rates after" {
		t.Errorf("got error %v", err)
	}
	if len(all) != 1 || all[0].Direction != Upstream || all[0].Before.N != 4 || all[0].After.N != 5 || !all[0].Changed() {
		t.Errorf("got %v", all)
	}
	if all, err := Compare(before, before); err != nil || len(all) != 2 || !strings.HasPrefix(fmt.Sprint(all[1]), "downstream: ") {
		t.Errorf("got %v, %v", all, err)
	}
	if _, err := Compare(&Measurement{Series: before.Series[1:]}, before); err == nil || err.Error() != "upstream: compare: no rates before" {
		t.Errorf("a direction that was not measured before: got %v", err)
	}
	if _, err := Compare(before, nil); err == nil {
		t.Error("a measurement that is nil: no error")
	}
	if _, err := Compare(&Measurement{}, &Measurement{}); err == nil {
		t.Error("measurements of nothing: no error")
	}
}
