package report

import (
	"fmt"
	"time"
)

// pick gives a flow's total of that kind: the sum that was printed, or that of the streams.
func (t *test) pick(f *flow, k totalKind) *Total {
	c := f.sum.totals[k]
	sum, n := f.added(k)
	switch {
	case t.p.sums == sumAdded && len(f.streams) > 0:
		c = nil
	case t.p.sums == sumPrinted && len(f.streams) > 1:
		if n > 0 && c == nil {
			t.unsummed = true
			t.warn(sum.line, "no sum of the totals is printed")
		}
		n = 0
	}
	switch {
	case c == nil && n == 0:
		return nil
	case c == nil:
		if n > 1 {
			t.warnAdded(sum.line)
		}
		if n < len(f.streams) {
			t.warn(sum.line, fmt.Sprintf("only %d of %d streams have a total", n, len(f.streams)))
		}
		c = &sum
	case n > 0 && n == len(f.streams):
		t.completeSum(c, &sum, n)
		// The rates are of times that may differ, and the bytes of few digits.
		if differs(float64(c.bytes), float64(sum.bytes)) && differs(float64(c.rate), float64(sum.rate)) {
			t.warn(c.line, fmt.Sprintf("the sum says %d bytes, its streams together %d", c.bytes, sum.bytes))
			if t.p.sums == sumAsPrinted && t.csv.seen && !differs(float64(f.carried), float64(sum.bytes)) {
				c = &sum // as the intervals say, too: iperf 2.0.13 counts the first one twice at times
			}
		}
	}
	if fine := t.checkRate(c); fine {
		for _, s := range f.streams {
			if st := s.totals[k]; st != nil && st.line != c.line {
				t.checkRate(st)
			}
		}
	}
	if k == totalOwn || k == f.counted {
		t.checkIntervals(f, c)
	}
	if k == totalOwn || k == totalReceived && k == f.counted {
		t.checkTally(f, c)
	}
	return c.total()
}

// added adds up the streams' totals of that kind, of which there are n.
func (f *flow) added(k totalKind) (sum cell, n int) {
	for _, s := range f.streams {
		if s.totals[k] == nil {
			continue
		}
		if n++; n == 1 {
			sum = *s.totals[k]
		} else {
			sum.add(s.totals[k])
		}
	}
	return sum, n
}

// completeSum gives a printed sum what it lacks of its streams' numbers. iperf 2 leaves the loss
// out of its sums, prints it under the heading of writes, or counts too little of it.
func (t *test) completeSum(c, streams *cell, n int) {
	if both := Lost | Packets; streams.udp.Has.Has(both) && c.udp.Has.Has(both) && c.udp.Lost < streams.udp.Lost {
		t.warn(c.line, fmt.Sprintf("the sum says that %d datagrams were lost, its streams %d", c.udp.Lost, streams.udp.Lost))
		c.udp.Lost = streams.udp.Lost
		c.udp.Packets = max(c.udp.Packets, streams.udp.Packets)
	}
	c.complete(streams)
	if n == 1 {
		c.fill(streams)
	}
}

// checkRate warns of a rate that is not what the bytes and the time give. It is true when there was
// no need to.
func (t *test) checkRate(c *cell) bool {
	d := c.end - c.start
	if d < 100*time.Millisecond || c.bytes == 0 {
		return true
	}
	rate := float64(c.bytes) * 8 / d.Seconds()
	// The interval's end may have been rounded to a tenth of a second, the amount to three digits.
	if off := float64(c.rate) / rate; off < 0.8 || off > 1.25 {
		t.warn(c.line, fmt.Sprintf("the printed rate %v is not that of the bytes and the time, %v", c.rate, BitRate(rate)))
		return false
	}
	return true
}

// checkIntervals warns of a total of the end that printed the intervals, when it is not what they
// make up.
func (t *test) checkIntervals(f *flow, c *cell) {
	if f.carried == 0 || c.bytes == 0 || (c.end-f.until).Abs() > c.end/100 {
		return
	}
	if over := c.bytes - f.carried; t.iperf2 && t.rep.Protocol != ProtocolUDP && over > 0 && over <= tcpBlock*int64(max(1, len(f.streams))) {
		return // what iperf 2 wrote after the last interval
	}
	if off := float64(f.carried) / float64(c.bytes); off < 0.97 || off > 1.03 {
		t.warn(c.line, fmt.Sprintf("the total says %d bytes, the intervals together %d", c.bytes, f.carried))
	}
}

// checkStreams warns when a flow has another number of streams than the test was to have.
func (t *test) checkStreams(f *flow) {
	want := max(t.rep.Settings.Streams, t.flowsPrinted)
	switch n, opened := len(f.streams), t.expected(f); {
	case n == 0:
	case want > 0 && n != want:
		t.warn(0, fmt.Sprintf("%d streams were asked for, there are %d", want, n))
	case n < opened:
		t.warn(0, fmt.Sprintf("%d connections were opened, and there are rows of %d", opened, n))
	}
}

// checkPacketRate warns of a packet rate that is not what the datagrams and the time give. iperf 2.2
// counts an interval twice at times.
func (t *test) checkPacketRate(c *cell) {
	if !c.udp.Has.Has(PacketRate) || t.rated {
		return
	}
	n := c.udp.Packets - c.udp.Lost
	if c.enh.Has.Has(Writes) {
		n = c.enh.Writes
	}
	d := c.end - c.start
	if n < 100 || d < 500*time.Millisecond {
		return
	}
	printed, counted := c.udp.PacketRate*float64(d), float64(n)*float64(time.Second)
	if printed < 0.8*counted || printed > 1.25*counted {
		t.rated = true
		t.warn(c.line, fmt.Sprintf("the printed packet rate %.0f is not that of the datagrams and the time, %.0f", c.udp.PacketRate, float64(n)/d.Seconds()))
	}
}
