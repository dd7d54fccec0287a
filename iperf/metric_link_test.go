package iperf_test

import (
	"math"
	"testing"
	"time"

	"github.com/tunaperf/tuna/internal/testbed"
	"github.com/tunaperf/tuna/iperf"
	"github.com/tunaperf/tuna/iperf/report"
	"github.com/tunaperf/tuna/sshhost"
)

func TestMeasureOnAShapedLink(t *testing.T) {
	t.Parallel()
	testbed.Need(t, "iperf3")
	link := testbed.NewLink(t, "20mbit", "100mbit")
	dut, server := &sshhost.Local{Addr: link.A.Addr, Prefix: link.A.Prefix}, &sshhost.Local{Addr: link.B.Addr, Prefix: link.B.Prefix}
	m := iperf.Metric{
		Iperf: &iperf.Iperf{
			ClientServer: iperf.Hosts{DUT: dut, TrafficServer: server},
			Client:       iperf.ClientSettings{Time: 2 * time.Second, Interval: 500 * time.Millisecond},
		},
		Repetitions: 3,
	}
	got, err := m.Measure(t.Context(), "")
	if err != nil {
		t.Fatalf("%+v", err)
	}
	// 1448 bytes of each frame of 1514 are TCP's.
	for d, rate := range map[iperf.Direction]float64{iperf.Upstream: 20e6, iperf.Downstream: 100e6} {
		s := got.Of(d)
		if want := rate * 1448 / 1514; math.Abs(float64(s.Value)-want) > 0.01*want || s.Spread.N != 3 || len(s.Attempts) != 3 {
			t.Errorf("%v: got %v (%v) in %d attempts, want %v", d, s.Value, s.Spread, len(s.Attempts), report.BitRate(want))
		}
	}
	link.B.Shape(t, "80mbit")
	m.Directions, m.Repetitions = iperf.Downstream, 5
	slower, err := m.Measure(t.Context(), "")
	if err != nil {
		t.Fatalf("%+v", err)
	}
	all, err := iperf.Compare(&iperf.Measurement{Series: []*iperf.Series{got.Of(iperf.Downstream)}}, slower)
	if err != nil || len(all) != 1 || !all[0].SlowerBy(0.15) || math.Abs(all[0].Change+0.2) > 0.02 {
		t.Errorf("after the link became slower by 20 %%: got %v, %v", all, err)
	}
}
