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
	b.carried(t, w, x, rate, res, d)
	return res
}

// carried compares a bandwidth with the rate at which the receiver read, by the kernel's count. On an idle machine the link carries its rate all
// the time, so the two bounds are equal. On a busy one it carries less at times, which iperf must have measured too.
func (b bed) carried(t *testing.T, w *testbed.Witness, x *iperf.Iperf, rate float64, res *iperf.Result, d iperf.Direction) {
	t.Helper()
	got, from := res.Bandwidth, res.Source
	if d != res.Direction {
		if res.Opposite == nil {
			t.Fatal("the other way was not reported")
		}
		got, from = *res.Opposite, res.OppositeSource
	}
	packets, readable := testbed.Segments, testbed.Streams
	if x.Client.Protocol == report.ProtocolUDP {
		packets, readable = testbed.Datagrams, testbed.Datagrams
	}
	const frame = 1514
	most := rate * float64(frame-packets.Headers()) / frame
	interval := cmp.Or(x.Client.Interval, time.Second)
	if low, high := w.Rates(packets, interval); high == 0 || low > 1.05*most {
		t.Errorf("the link carried at least %v of payload, and its rate allows %v", report.BitRate(low), report.BitRate(most))
	}
	shortest, longest := intervalsOf(res, from.Role, interval)
	low, high := w.Rates(readable, longest)
	low2, high2 := w.Rates(readable, shortest)
	low, high = min(low, low2), max(high, high2)
	// On a busy machine the receiver may look at the clock up to 20 ms after it has read, and reads UDP as late, so an
	// interval has up to 20 ms of traffic more or less.
	tolerance := 0.005 + 0.02/interval.Seconds()
	if x.Client.Protocol != report.ProtocolUDP && (x.Program != "iperf" || x.Client.Parallel > 1) {
		// A receiver of iperf 3 counts a block when it is complete. One of iperf 2 ends each stream's interval with a read.
		block := cmp.Or(x.Client.Length, 128<<10) * int64(max(x.Client.Parallel, 1))
		tolerance += 8 * float64(block) / (high * interval.Seconds())
	}
	// A receiver's first interval begins as its connection does (iperf 2.1.8, iperf 3.12), also when the sender does not.
	waited := w.Waited(readable).Seconds() / (interval.Seconds() * float64(max(from.Intervals, 1)))
	if f := float64(got); f < low*(1-tolerance-waited) || f > high*(1+tolerance) {
		t.Errorf("got %v, from %v; the kernel counted %v to %v in %v to %v, the tolerance is %.1f %%, and the sender came %.1f %% late",
			got, from, report.BitRate(low), report.BitRate(high), shortest, longest, 100*tolerance, 100*waited)
		for _, end := range []*report.Report{res.Client, res.Server} {
			if end != nil {
				t.Logf("the %v reports %+v and %+v", end.Role, end.Forward, end.Reverse)
			}
		}
	}
}

// intervalsOf returns the lengths of the shortest and the longest interval of an end's report. On a busy machine one
// begins late, so the next is shorter than it was asked to be. A tail at the end of a test is not taken for one.
func intervalsOf(res *iperf.Result, end iperf.Role, asked time.Duration) (shortest, longest time.Duration) {
	rep := res.Server
	if end == iperf.RoleClient {
		rep = res.Client
	}
	shortest, longest = asked, asked
	for _, flow := range []*report.Flow{rep.Forward, rep.Reverse} {
		if flow == nil {
			continue
		}
		for _, i := range flow.Intervals {
			if length := i.End - i.Start; length > asked/2 {
				shortest, longest = min(shortest, length), max(longest, length)
			}
		}
	}
	return shortest, longest
}
