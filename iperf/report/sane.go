package report

import (
	"fmt"
	"time"
)

// Numbers that cannot be are given out as they are printed, with a warning for the first of each
// kind: iperf prints them if a counter overflows, if its kernel does not tell, or if a host's clock
// is set.

// A nonsense is one kind of number that cannot be.
type nonsense uint8

const (
	nonsenseLength nonsense = 1 << iota
	nonsenseNegative
	nonsenseRate
	nonsenseLost
	nonsenseJitter
	nonsenseRetransmits
	nonsenseWindow
	nonsenseLate
)

// The least payload of a segment that hosts use, the least that TCP can have, retransmits that are
// few whatever was carried, and a jitter that no queue has.
const (
	usualSegment   = 536
	leastSegment   = 88
	fewRetransmits = 1000
	mostJitter     = time.Minute
)

// checkInterval warns if an interval has numbers that cannot be.
func (t *test) checkInterval(c *cell) {
	if d := c.end - c.start; d >= time.Second/2 && c.rate >= 0 && !t.nonsense.has(nonsenseRate) {
		t.checkIntervalRate(c, d)
	}
	t.check(c)
}

// check warns if c has numbers that cannot be, of which its rate alone is left to others.
func (t *test) check(c *cell) {
	switch d := c.end - c.start; {
	case d < 0:
		t.warnOnce(c, nonsenseLength, "an interval that ends before it begins")
	case d == 0 && (c.bytes > 0 || c.rate > 0):
		t.warnOnce(c, nonsenseLength, "an interval of no length")
	}
	if c.bytes < 0 || c.rate < 0 {
		t.warnOnce(c, nonsenseNegative, fmt.Sprintf("%d bytes at %v", c.bytes, c.rate))
	}
	if c.dropped.has(nonsenseJitter) {
		t.warnOnce(c, nonsenseJitter, "a jitter that cannot be is left out")
	}
	if c.dropped.has(nonsenseLost) {
		t.warnOnce(c, nonsenseLost, "lost datagrams that cannot be counted are left out")
	}
	if u := &c.udp; u.Has != 0 {
		if u.Lost < 0 {
			t.warnOnce(c, nonsenseLate, "datagrams that are counted as lost came later")
		}
		if u.Has.Has(Lost|Packets) && u.Lost > u.Packets {
			t.warnOnce(c, nonsenseLost, fmt.Sprintf("%d of %d datagrams are lost", u.Lost, u.Packets))
		}
		if u.Jitter > mostJitter {
			t.warnOnce(c, nonsenseJitter, fmt.Sprintf("a jitter of %v", u.Jitter))
		}
	}
	if tcp := &c.tcp; tcp.Has != 0 {
		if tcp.Retransmits > c.bytes/usualSegment+fewRetransmits {
			t.warnOnce(c, nonsenseRetransmits, fmt.Sprintf("%d segments of %d bytes are sent again", tcp.Retransmits, c.bytes))
		}
		if w := tcp.CongestionWindow; tcp.Has.Has(CongestionWindow) && w < leastSegment {
			t.warnOnce(c, nonsenseWindow, fmt.Sprintf("a congestion window of %d bytes", w))
		}
	}
}

// checkIntervalRate warns of a rate that is far from what the bytes and the time give, whatever
// their digits. Totals have a check of their own.
func (t *test) checkIntervalRate(c *cell, d time.Duration) {
	const rounded = 6 << 20 // may be printed as 0.00 GBytes
	const second = float64(time.Second)
	carried, printed := float64(c.bytes)*8*second, float64(c.rate)*float64(d) // compared without a division
	if c.bytes > 0 && (2*printed < carried || printed > 2*carried) || c.bytes == 0 && printed > 8*rounded*second {
		rate := float64(c.bytes) * 8 / d.Seconds()
		t.warnOnce(c, nonsenseRate, fmt.Sprintf("the printed rate %v is not that of the bytes and the time, %v", c.rate, BitRate(rate)))
	}
}

func (n nonsense) has(kind nonsense) bool { return n&kind != 0 }

// warnOnce warns of the first number of a kind that cannot be.
func (t *test) warnOnce(c *cell, kind nonsense, text string) {
	if !t.nonsense.has(kind) {
		t.nonsense |= kind
		t.warn(c.line, text)
	}
}

// A tally is what the intervals of a flow say of datagrams.
type tally struct {
	lost, packets int64
}

// add adds an interval, or takes it out if by is -1.
func (y *tally) add(c *cell, by int64) {
	if c.udp.Has.Has(Lost | Packets) {
		y.lost += by * c.udp.Lost
		y.packets = addBytes(y.packets, by*c.udp.Packets)
	}
}

// checkTally warns if a receiver's total does not count the datagrams that its intervals do.
func (t *test) checkTally(f *flow, c *cell) {
	if !c.udp.Has.Has(Lost|Packets) || f.tally.packets == 0 || (c.end-f.until).Abs() > c.end/100 {
		return
	}
	const few = 10 // that came after the last interval
	off := func(a, b int64) bool { return max(a-b, b-a) > few+max(a, b)/10 }
	if off(f.tally.packets, c.udp.Packets) || off(f.tally.lost, c.udp.Lost) {
		t.warn(c.line, fmt.Sprintf("the total says that %d of %d datagrams are lost, the intervals together %d of %d",
			c.udp.Lost, c.udp.Packets, f.tally.lost, f.tally.packets))
	}
}
