package iperf_test

import (
	"math"
	"testing"
	"time"

	"github.com/tunaperf/tuna/internal/testbed"
	"github.com/tunaperf/tuna/iperf"
	"github.com/tunaperf/tuna/sshhost"
)

// TestMeasureOnAShapedLink measures a link before and after it became slower by a fifth. Each run is held against what the
// kernel counted at its receiver, and the change against the change of that.
func TestMeasureOnAShapedLink(t *testing.T) {
	t.Parallel()
	testbed.Need(t, "iperf3")
	link := testbed.NewLink(t, "20mbit", "100mbit")
	dut, server := &sshhost.Local{Addr: link.A.Addr, Prefix: soon + link.A.Prefix}, &sshhost.Local{Addr: link.B.Addr, Prefix: soon + link.B.Prefix}
	b := bed{Hosts: iperf.Hosts{DUT: dut, TrafficServer: server}, link: link}
	m := iperf.Metric{
		Iperf: &iperf.Iperf{
			ClientServer: b.Hosts,
			Client:       iperf.ClientSettings{Time: 2 * time.Second, Interval: 500 * time.Millisecond, Length: 16 << 10},
		},
		Repetitions: 3,
	}
	measure := func(rates map[iperf.Direction]float64) (_ *iperf.Measurement, low, high map[iperf.Direction]float64) {
		var w *testbed.Witness
		low, high = map[iperf.Direction]float64{}, map[iperf.Direction]float64{}
		m.OnProgress = func(p iperf.Progress) {
			if p.Attempt == nil {
				w = b.receiver(p.Direction).Watch(t)
				return
			}
			w.Stop()
			if p.Attempt.Err != nil {
				return
			}
			b.carried(t, w, m.Iperf, rates[p.Direction], p.Attempt.Result, p.Direction)
			l, h := w.Rates(testbed.Streams, 500*time.Millisecond)
			if low[p.Direction] == 0 || l < low[p.Direction] {
				low[p.Direction] = l
			}
			high[p.Direction] = max(high[p.Direction], h)
		}
		got, err := m.Measure(t.Context(), "")
		if err != nil {
			t.Fatalf("%+v", err)
		}
		return got, low, high
	}
	before, low, high := measure(linkRates)
	up, down := before.Of(iperf.Upstream), before.Of(iperf.Downstream)
	if up.Spread.N != 3 || len(up.Attempts) != 3 || down.Spread.N != 3 || len(down.Attempts) != 3 {
		t.Errorf("got upstream %+v, downstream %+v", up, down)
	}

	link.B.Shape(t, "80mbit")
	m.Directions, m.Repetitions = iperf.Downstream, 5
	after, lowAfter, highAfter := measure(map[iperf.Direction]float64{iperf.Downstream: 80e6})
	all, err := iperf.Compare(&iperf.Measurement{Series: []*iperf.Series{down}}, after)
	if err != nil || len(all) != 1 {
		t.Fatalf("got %v, %v", all, err)
	}
	least, most := lowAfter[iperf.Downstream]/high[iperf.Downstream]-1, highAfter[iperf.Downstream]/low[iperf.Downstream]-1
	if got := all[0].Change; got < least-0.02 || got > most+0.02 {
		t.Errorf("change: got %+.3f, and what the kernel counted changed by %+.3f to %+.3f", got, least, most)
	}
	if most < -0.18 && !all[0].SlowerBy(0.15) || math.IsNaN(all[0].P) {
		t.Errorf("after the link became slower by 20 %%: got %v", all[0])
	}
}
