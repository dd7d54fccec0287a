package iperf

import (
	"cmp"
	"fmt"
	"math/bits"
	"time"

	"github.com/tunaperf/tuna/iperf/report"
)

// amount reports whether data end a test, be it before its time is over.
func (c *ClientSettings) amount() bool { return c.Bytes > 0 || c.Blocks > 0 || c.File != "" }

// idlesAtEnd reports whether a client of this version looks only at the end of each interval whether its amount is sent,
// as iperf 3.16 and later do. At a Rate it goes on sending until then, unless a File has ended.
func (c *ClientSettings) idlesAtEnd(v Version) bool {
	return v.AtLeast(3, 16, 0) && (c.File != "" || c.amount() && c.Rate == 0)
}

// amountInterval is iperf 3's shortest interval.
const amountInterval = 100 * time.Millisecond

// intervalFor returns the time between reports of a program of this version. What an amount takes is not known, so iperf 3
// has the shortest interval: the one in which the data end is then the least part of it. iperf 2 tells when they ended.
func (c *ClientSettings) intervalFor(v Version) time.Duration {
	if c.Interval == 0 && c.amount() && v.Major >= 3 {
		return amountInterval
	}
	return c.interval()
}

// A receiver of iperf 3.16 or later counts a block when it is complete. In an interval of amountInterval, only few blocks
// of blockLength arrive on most links, so an amount of TCP is sent in a thousand blocks or more, and a File, whose size is
// unknown, in blocks of fileBlock.
const (
	amountBlocks = 1 << 10
	leastBlock   = 1 << 10
	fileBlock    = 32 << 10
)

// At a rate that carries less than one block of the usual length a second, the intervals have a whole block or nothing, and
// iperf 2 refuses it over TCP since 2.0.14. So such a rate is sent in slowBlocks a second, but of leastSlowBlock or more,
// since servers of iperf 2.0.14 read a header of 60 bytes.
const (
	slowBlocks     = 10
	leastSlowBlock = 64
)

// blocks returns the length of blocks or datagrams, and the number of blocks of an amount, for a program of this version.
// Zero: the program's own length, or an amount that is not in blocks.
func (c *ClientSettings) blocks(v Version) (length, number int64) {
	switch amount := v.Major >= 3 && c.amount() && c.protocol() == report.ProtocolTCP; {
	case c.Length > 0:
		return c.Length, c.Blocks
	case !amount && c.Blocks == 0 && c.Rate > 0 && float64(c.Rate) < float64(8*c.usualLength()):
		return max(leastSlowBlock, int64(c.Rate/8/slowBlocks)), 0
	case !amount:
		return 0, c.Blocks
	}
	bytes := c.Bytes
	switch {
	case c.Blocks > 0:
		bytes = min(c.Blocks, amountBlocks) * blockLength
	case c.File != "":
		bytes = fileBlock * amountBlocks
	}
	if bytes >= amountBlocks*blockLength {
		return 0, c.Blocks
	}
	length = max(leastBlock, int64(1)<<bits.Len64(uint64(bytes/amountBlocks))>>1)
	return length, c.Blocks * (blockLength / length)
}

// sentLength returns the length of the blocks or datagrams that a program of this version sends.
func (c *ClientSettings) sentLength(v Version) int64 {
	length, _ := c.blocks(v)
	return cmp.Or(length, c.usualLength())
}

// usualLength returns the length of a block, or of a datagram of iperf 2, if none is given.
func (c *ClientSettings) usualLength() int64 {
	if c.protocol() == report.ProtocolUDP {
		return udpLength2
	}
	return blockLength
}

// tooSlow returns a warning if the rate carries less than one block, or datagram, in the test's time: the first one is
// sent at once, and is more than the rate allows.
func (c *ClientSettings) tooSlow(v Version) error {
	length := c.sentLength(v)
	carried := float64(c.Rate) * c.time().Seconds()
	if block := float64(length * 8); c.Rate > 0 && c.Bytes == 0 && c.Blocks == 0 && carried < block {
		return fmt.Errorf("Client.Rate is %v: in %v it carries less than one block of %d bytes, so the rate cannot be kept: set a smaller Client.Length",
			c.Rate, c.time(), length)
	}
	return nil
}
