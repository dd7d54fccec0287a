package iperf_test

import (
	"cmp"
	"testing"
	"time"

	"github.com/tunaperf/tuna/internal/testbed"
	"github.com/tunaperf/tuna/iperf"
	"github.com/tunaperf/tuna/iperf/report"
)

// receiver returns the host at which a direction's traffic arrives.
func (b bed) receiver(d iperf.Direction) testbed.Netns {
	if d == iperf.Downstream {
		return b.link.A
	}
	return b.link.B
}

// measure makes one run, and holds its bandwidth against what the kernel counted at the receiver over
// the same time. rate is the link's, in bits per second of whole frames.
func (b bed) measure(t *testing.T, x *iperf.Iperf, d iperf.Direction, rate float64) *iperf.Result {
	t.Helper()
	w := b.receiver(d).Watch(t)
	res, err := x.Run(t.Context(), d, "")
	w.Stop()
	if err != nil {
		t.Fatalf("%+v", err)
	}
	b.carried(t, w, x, rate, res.Bandwidth, res.Source)
	return res
}

// carried compares a bandwidth with the rate at which the receiver read, by the kernel's count. On an idle machine the link carries its rate all
// the time, so the two bounds are equal. On a busy one it carries less at times, which iperf must have measured too.
func (b bed) carried(t *testing.T, w *testbed.Witness, x *iperf.Iperf, rate float64, got report.BitRate, from iperf.Source) {
	t.Helper()
	interval := cmp.Or(x.Client.Interval, time.Second)
	packets, readable := testbed.Segments, testbed.Streams
	if x.Client.Protocol == report.ProtocolUDP {
		packets, readable = testbed.Datagrams, testbed.Datagrams
	}
	const frame = 1514
	most := rate * float64(frame-packets.Headers()) / frame
	// Packets that waited for a busy receiver may arrive together.
	if _, high := w.Rates(packets, interval); high == 0 || high > 1.05*most {
		t.Errorf("the link carried up to %v of payload, and its rate allows %v", report.BitRate(high), report.BitRate(most))
	}
	low, high := w.Rates(readable, interval)
	// On a busy machine the receiver may look at the clock up to 20 ms after it has read, and reads UDP as late, so an
	// interval has up to 20 ms of traffic more or less.
	tolerance := 0.005 + 0.02/interval.Seconds()
	if x.Client.Protocol != report.ProtocolUDP && (x.Program != "iperf" || x.Client.Parallel > 1) {
		// A receiver of iperf 3 counts a block when it is complete. One of iperf 2 ends each stream's interval with a read.
		block := cmp.Or(x.Client.Length, 128<<10) * int64(max(x.Client.Parallel, 1))
		tolerance += 8 * float64(block) / (high * interval.Seconds())
	}
	if f := float64(got); f < low*(1-tolerance) || f > high*(1+tolerance) {
		t.Errorf("got %v, from %v; the kernel counted %v to %v, and the tolerance is %.1f %%",
			got, from, report.BitRate(low), report.BitRate(high), 100*tolerance)
	}
}
