package iperf

import (
	"cmp"
	"fmt"
	"math"
	"time"

	"github.com/tunaperf/tuna/iperf/report"
)

// The least values that are taken for meant. A smaller one has most likely lost its unit, such as 50 for 50 Mbit/s.
const (
	leastRate   = report.BitRate(1000)
	leastTime   = time.Millisecond
	leastWindow = 1 << 10 // bytes; Linux takes no smaller socket buffer
	leastLength = 16      // bytes; the least datagram of iperf 3
	leastBytes  = 1000
	leastMSS    = 88 // bytes; Linux takes no smaller one
	leastNumber = 0.001
)

// The greatest values, by what the programs and Linux hold in their variables. Others are far above all that is meant.
const (
	mostRate        = report.BitRate(100e12)
	longestTime     = math.MaxInt32 * 10 * time.Millisecond // iperf 2 tells its server hundredths of a second in 32 bits
	longestTimer    = math.MaxInt32 * time.Microsecond      // microseconds are an int in both programs
	leastInterval   = 5 * time.Millisecond                  // of iperf 2
	longestInterval = math.MaxUint32 * time.Microsecond
	mostBytes       = 1 << 53         // both programs read a double
	mostBlocks      = mostBytes >> 20 // of the longest block of iperf 3
	mostStreams     = math.MaxUint16  // each has a port
	mostMSS         = math.MaxInt16   // of Linux, MAX_TCP_WINDOW
	lastCPU         = 1023            // of a cpu_set_t
	longestText     = 4096            // bytes, of a path
	mostBins        = 1e6             // which iperf 2 allocates for each stream
	mostFrames      = 1e6             // per second
	mostRoundTrips  = 1000
)

// withoutUnit finds values of settings with a unit that no test can be meant to have, and that iperf would replace by
// another one without a word.
func (f *faults) withoutUnit(x *Iperf) {
	c, s := &x.Client, &x.Server
	for _, v := range []struct {
		field string
		rate  report.BitRate
	}{
		{"Client.Rate", c.Rate}, {"Client.FQRate", c.FQRate}, {"Client.Isochronous.Mean", c.Isochronous.Mean},
		{"Server.Rate", s.Rate}, {"Server.BitrateLimit", s.BitrateLimit},
	} {
		if v.rate >= 1 && v.rate < leastRate {
			f.bad(v.field, fmt.Sprintf("%g bit/s", float64(v.rate)), fmt.Sprintf("0, or %v or more, as in 50e6 for 50 Mbit/s", leastRate))
		}
	}
	for _, v := range []struct {
		field string
		time  time.Duration
	}{
		{"Timeout", x.Timeout}, {"EventTimer.Time", x.EventTimer.time()},
		{"Client.Time", c.Time}, {"Client.Omit", c.Omit}, {"Client.Interval", c.Interval}, {"Client.TxDelayTime", c.TxDelayTime},
		{"Client.ConnectTimeout", c.ConnectTimeout}, {"Client.Bounceback.Period", c.Bounceback.Period}, {"Server.Interval", s.Interval},
	} {
		if v.time > 0 && v.time < leastTime {
			f.bad(v.field, v.time, fmt.Sprintf("0, or %v or more: a number without a unit is nanoseconds, as in 10*time.Second for 10 s", leastTime))
		}
	}
	for _, v := range []struct {
		field string
		bytes int64
		least int64
	}{
		{"Client.Window", c.Window, leastWindow}, {"Server.Window", s.Window, leastWindow},
		{"Server.TCPRxWindowClamp", s.TCPRxWindowClamp, leastWindow},
		{"Client.Length", c.Length, leastLength}, {"Server.Length", s.Length, leastLength}, {"Client.BurstSize", c.BurstSize, leastLength},
		{"Client.Bytes", c.Bytes, leastBytes}, {"Client.MSS", int64(c.MSS), leastMSS}, {"Server.MSS", int64(s.MSS), leastMSS},
	} {
		if v.bytes > 0 && v.bytes < v.least {
			f.bad(v.field, fmt.Sprintf("%d bytes", v.bytes), fmt.Sprintf("0, or %d bytes or more, as in 64<<10 for 64 KiB", v.least))
		}
	}
}

// time returns Time, also of a nil EventTimer.
func (t *EventTimer) time() time.Duration {
	if t == nil {
		return 0
	}
	return t.Time
}

// tooSlow returns a warning if the rate carries less than one block, or datagram, in the test's time: the first one is
// sent at once, and is more than the rate allows.
func (c *ClientSettings) tooSlow(v Version) error {
	length, _ := c.blocks(v)
	length = cmp.Or(length, c.usualLength())
	carried := float64(c.Rate) * c.time().Seconds()
	if block := float64(length * 8); c.Rate > 0 && c.Bytes == 0 && c.Blocks == 0 && carried < block {
		return fmt.Errorf("Client.Rate is %v: in %v it carries less than one block of %d bytes, so the rate cannot be kept: set a smaller Client.Length",
			c.Rate, c.time(), length)
	}
	return nil
}
