package iperf_test

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tunaperf/tuna/iperf"
	"github.com/tunaperf/tuna/iperf/iperftest"
	"github.com/tunaperf/tuna/iperf/report"
)

// A metricScript is two scripted hosts and a metric that measures between them.
type metricScript struct {
	dut, server *iperftest.Host
	iperf.Metric
}

func newMetricScript(tb testing.TB) *metricScript {
	s := &metricScript{dut: iperftest.NewHost(tb, "192.0.2.50"), server: iperftest.NewHost(tb, "192.0.2.60")}
	s.Iperf = &iperf.Iperf{ClientServer: iperf.Hosts{DUT: s.dut, TrafficServer: s.server}}
	return s
}

// upstream and downstream script further tests, each of one interval of a second.
func (s *metricScript) upstream(mbits ...float64)   { s.expect(s.dut, s.server, mbits) }
func (s *metricScript) downstream(mbits ...float64) { s.expect(s.server, s.dut, mbits) }

func (s *metricScript) expect(client, server *iperftest.Host, mbits []float64) {
	for _, m := range mbits {
		test := iperftest.TCP(report.BitRate(m) * report.MbitPerSecond)
		test.Every = time.Second
		test.Expect(client, server)
	}
}

// failing scripts a test whose client reaches no server, or whose server does not start, for the given reason.
func (s *metricScript) failing(client, server *iperftest.Host, reason string) {
	test := iperftest.Test{Server: iperftest.TCP(1e6).Server, ClientErr: reason, ClientStatus: 1}
	test.Expect(client, server)
}

const (
	busy        = "iperf3: error - the server is busy running a test. try again later\n"
	unreachable = "iperf3: error - unable to connect to server: No route to host\n"
)

// mbits are rates as they were scripted.
func mbits(rates []report.BitRate) []float64 {
	var all []float64
	for _, r := range rates {
		all = append(all, math.Round(float64(r)/1e4)/100)
	}
	return all
}

func mbit(r report.BitRate) float64 { return mbits([]report.BitRate{r})[0] }

func TestMeasure(t *testing.T) {
	for _, test := range []struct {
		name     string
		metric   iperf.Metric
		up, down []float64 // the tests that come, in Mbit/s
		values   []float64 // of the series
		rates    [][]float64
		precise  bool
		value    float64
		took     time.Duration
	}{
		{
			name: "the zero value is one test in each direction", up: []float64{20}, down: []float64{100},
			values: []float64{20, 100}, rates: [][]float64{{20}, {100}}, value: 60, took: 2 * time.Second,
		},
		{
			name: "medians of repetitions", metric: iperf.Metric{Repetitions: 3}, up: []float64{20, 21, 10}, down: []float64{100, 90, 94},
			values: []float64{20, 94}, rates: [][]float64{{20, 21, 10}, {100, 90, 94}}, value: 57, took: 6 * time.Second,
		},
		{
			name: "warm-ups do not count", metric: iperf.Metric{Directions: iperf.Upstream, WarmUp: 2, Repetitions: 2}, up: []float64{1, 2, 50, 52},
			values: []float64{51}, rates: [][]float64{{50, 52}}, value: 51, took: 4 * time.Second,
		},
		{
			name:   "the weaker direction",
			metric: iperf.Metric{Repetitions: 3, Combine: iperf.Min}, up: []float64{20, 10, 30}, down: []float64{15, 16, 17},
			values: []float64{20, 16}, rates: [][]float64{{20, 10, 30}, {15, 16, 17}}, value: 16, took: 6 * time.Second,
		},
		{
			name:   "one aggregator for all is what it would be of all runs together",
			metric: iperf.Metric{Repetitions: 2, Aggregator: iperf.Max}, up: []float64{20, 10}, down: []float64{15, 16},
			values: []float64{20, 16}, rates: [][]float64{{20, 10}, {15, 16}}, value: 20, took: 4 * time.Second,
		},
		{
			name:   "precise at the first look",
			metric: iperf.Metric{Directions: iperf.Downstream, Precision: 0.01}, down: []float64{95.6, 95.5, 95.6, 95.7, 95.6, 95.6},
			values: []float64{95.6}, rates: [][]float64{{95.6, 95.5, 95.6, 95.7, 95.6, 95.6}}, precise: true, value: 95.6, took: 6 * time.Second,
		},
		{
			name:   "precise after 9, from when on the lowest and the highest are outside the interval",
			metric: iperf.Metric{Directions: iperf.Upstream, Precision: 0.01, MaxRepetitions: 20},
			up:     []float64{100, 50, 100, 100, 100.5, 100, 100.4, 100.3, 100.2},
			values: []float64{100}, rates: [][]float64{{100, 50, 100, 100, 100.5, 100, 100.4, 100.3, 100.2}}, precise: true, value: 100, took: 9 * time.Second,
		},
		{
			name:   "never precise",
			metric: iperf.Metric{Directions: iperf.Upstream, Precision: 0.001, MaxRepetitions: 7},
			up:     []float64{10, 20, 30, 40, 50, 60, 70},
			values: []float64{40}, rates: [][]float64{{10, 20, 30, 40, 50, 60, 70}}, value: 40, took: 7 * time.Second,
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := newMetricScript(t)
				test.metric.Iperf = s.Iperf
				s.Metric = test.metric
				s.upstream(test.up...)
				s.downstream(test.down...)
				got, err := s.Measure(t.Context(), "a name")
				if err != nil {
					t.Fatal(err)
				}
				var values []float64
				var rates [][]float64
				for _, one := range got.Series {
					values = append(values, mbit(one.Value))
					rates = append(rates, mbits(one.Rates()))
					if one.Precise != test.precise {
						t.Errorf("%v: precise is %v", one.Direction, one.Precise)
					}
					if one.Spread != iperf.SpreadOf(one.Rates()) {
						t.Errorf("%v: spread %v", one.Direction, one.Spread)
					}
					for _, a := range one.Attempts {
						if a.Err != nil || a.Result.Direction != one.Direction || a.Result.Name != "a name" {
							t.Errorf("%v: attempt %+v", one.Direction, a)
						}
					}
				}
				if diff := cmp.Diff([]any{test.values, test.rates, test.value}, []any{values, rates, mbit(got.Value)}); diff != "" {
					t.Errorf("(-want +got)\n%s", diff)
				}
				if got.Elapsed != test.took || got.Name != "a name" {
					t.Errorf("%q took %v, want %v", got.Name, got.Elapsed, test.took)
				}
			})
		})
	}
}

// Directions that have their precision get no more runs, while the others go on.
func TestPrecisionIsOfEachDirection(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newMetricScript(t)
		s.Precision, s.MaxRepetitions = 0.02, 8
		s.upstream(50, 50, 50, 50, 50, 50)
		s.downstream(10, 20, 30, 40, 50, 60, 70, 80)
		got, err := s.Measure(t.Context(), "")
		if err != nil {
			t.Fatal(err)
		}
		up, down := got.Of(iperf.Upstream), got.Of(iperf.Downstream)
		if len(up.Results()) != 6 || !up.Precise || len(down.Results()) != 8 || down.Precise {
			t.Errorf("got %d runs (precise: %v) and %d (precise: %v)", len(up.Results()), up.Precise, len(down.Results()), down.Precise)
		}
	})
}

func TestDirectionsTakeTurns(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newMetricScript(t)
		s.WarmUp, s.Repetitions = 1, 2
		s.upstream(1, 2, 3)
		s.downstream(1, 2, 3)
		var turns []string
		s.OnProgress = func(p iperf.Progress) {
			if p.Attempt == nil {
				turns = append(turns, fmt.Sprint(p.Direction, p.Repetition))
			}
		}
		if _, err := s.Measure(t.Context(), ""); err != nil {
			t.Fatal(err)
		}
		want := []string{"upstream 0", "downstream 0", "upstream 1", "downstream 1", "upstream 2", "downstream 2"}
		if diff := cmp.Diff(want, turns); diff != "" {
			t.Errorf("(-want +got)\n%s", diff)
		}
	})
}

func TestOutliersAreMarkedAndCounted(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newMetricScript(t)
		s.Directions, s.Repetitions, s.WarmUp = iperf.Upstream, 6, 1
		s.upstream(1, 95.5, 95.6, 12, 95.4, 95.7, 95.6)
		got, err := s.Measure(t.Context(), "")
		if err != nil {
			t.Fatal(err)
		}
		var marked []int
		for _, a := range got.Series[0].Attempts {
			if a.Outlier {
				marked = append(marked, a.Repetition)
			}
		}
		if !slices.Equal(marked, []int{3}) || got.Series[0].Spread.N != 6 || mbit(got.Series[0].Spread.Min) != 12 {
			t.Errorf("outliers: repetitions %v of %v", marked, got.Series[0].Spread)
		}
	})
}

func TestMetricSettings(t *testing.T) {
	want := []string{
		"bad settings: Metric.Iperf is nil: it must make the runs",
		"bad settings: Metric.Directions is 4: must be Upstream, Downstream or Both",
		"bad settings: Metric.Repetitions is -1: must be 0 or more",
		"bad settings: Metric.WarmUp is -1: must be 0 or more",
		"bad settings: Metric.Precision is 1: must be 0, or a part below 1",
		"bad settings: Metric.MaxRepetitions is 5: must be 0, or at least 6",
	}
	m := iperf.Metric{Directions: 4, Repetitions: -1, WarmUp: -1, Precision: 1, MaxRepetitions: 5}
	got, err := m.Measure(t.Context(), "")
	if got != nil || !errors.Is(err, iperf.ErrSettings) {
		t.Fatalf("got %v, %v", got, err)
	}
	if diff := cmp.Diff(want, strings.Split(err.Error(), "\n")); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
	m = iperf.Metric{Precision: math.NaN(), Iperf: &iperf.Iperf{}}
	if _, err := m.Measure(t.Context(), ""); !errors.Is(err, iperf.ErrSettings) {
		t.Errorf("a precision of NaN: got %v", err)
	}
	// What is wrong with the runs' settings ends all directions at once.
	m = iperf.Metric{Repetitions: 5, Iperf: &iperf.Iperf{}}
	got, err = m.Measure(t.Context(), "")
	if !errors.Is(err, iperf.ErrSettings) || got == nil || len(got.Series[0].Attempts) != 1 || len(got.Series[1].Attempts) != 0 {
		t.Errorf("an Iperf without hosts: got %+v, %v", got, err)
	}
}
