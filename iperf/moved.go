package iperf

import (
	"cmp"
	"math"
	"slices"
	"time"

	"github.com/tunaperf/tuna/iperf/report"
)

// A reading says how the intervals of a run are read: which of its time data moved in.
type reading struct {
	client ClientSettings
	server ServerSettings
	idles  bool  // the sender waits for the end of an interval when its data are sent; see idlesAtEnd
	block  int64 // how much is sent or received at once
}

// reading returns how the reports of a run with x's settings are read.
func (x *Iperf) reading(client Version) reading {
	c := x.Client
	return reading{c, x.Server, c.idlesAtEnd(client), c.block(client)}
}

// delayed reports whether the client connects some time before it sends.
func (c *ClientSettings) delayed() bool { return c.TxDelayTime > 0 || !c.TxStartTime.IsZero() }

// A moved is the part of a flow's time in which data moved.
type moved struct {
	spans  []report.Interval
	whole  bool // the spans are not only a short tail
	partly bool // in the only span there is, data moved for an unknown part of the time
}

// moved returns the intervals that count. Those that are omitted do not, nor a short tail, unless it is all there is.
// Where data begin or end at moments that the intervals do not show, those in which they did count only if there are no
// others. Intervals that are too short for the size of a block are joined.
func (r reading) moved(intervals []report.Interval) moved {
	counted := slices.DeleteFunc(slices.Clone(intervals), func(i report.Interval) bool { return i.Omitted })
	for i := range counted {
		counted[i].Rate = r.rate(counted[i])
	}
	var partly bool
	if r.client.delayed() {
		counted, partly = r.afterDelay(counted)
	}
	if r.idles {
		var last bool
		counted, last = r.whileSent(counted)
		partly = partly || last
	}
	spans, whole := withoutTail(counted)
	return moved{r.join(spans), whole, partly}
}

// rate returns an interval's rate: the printed one, or the one of its bytes if the unit that the caller asked for leaves
// less than three digits of it. iperf 3 prints bytes in a unit that suits them.
func (r reading) rate(i report.Interval) report.BitRate {
	unit := max(formatUnits[r.client.Format], formatUnits[r.server.Format])
	if i.Rate >= unit || i.Bytes == 0 || i.End <= i.Start {
		return i.Rate
	}
	return rateIn(i.Bytes, i.End-i.Start)
}

// formatUnits are the units of rates that iperf 3 does not print kilobits in. Without a Format, rates are exact enough.
var formatUnits = map[string]report.BitRate{
	"m": 1e6, "g": 1e9, "t": 1e12, "K": 8 << 10, "M": 8 << 20, "G": 8 << 30, "T": 8 << 40,
}

func rateIn(bytes int64, d time.Duration) report.BitRate {
	return report.BitRate(float64(bytes) * 8 / d.Seconds())
}

// afterDelay cuts the time before the sender began: intervals in which no more came than what opens a connection, and
// the one in which the data began. If no other is left, it is cut where the delay ended; partly reports that this moment
// is not known.
func (r reading) afterDelay(all []report.Interval) (rest []report.Interval, partly bool) {
	first := slices.IndexFunc(all, func(i report.Interval) bool { return i.Bytes > r.opening() })
	switch {
	case first < 0:
		return all, false
	case first+1 < len(all) && all[first+1].Bytes > 0:
		return all[first+1:], false
	}
	i, d := all[first], r.client.TxDelayTime
	if d < i.Start || d >= i.End {
		return all[first:], true
	}
	i.Start, i.Rate = d, rateIn(i.Bytes, i.End-d)
	return append([]report.Interval{i}, all[first+1:]...), false
}

// opening is how many bytes the streams of iperf 2 carry at once when they are connected: a header of each stream of TCP,
// or its first datagram.
func (r reading) opening() int64 {
	each := int64(128)
	if r.client.protocol() == report.ProtocolUDP {
		each = max(r.client.Length, udpLength2)
	}
	return each * int64(max(1, r.client.Parallel))
}

// whileSent cuts the time before the first data and after the last, and the intervals in which they began and ended if
// enough are left without. If no whole one is left, partly reports that they may have ended at any moment of it.
func (r reading) whileSent(all []report.Interval) (rest []report.Interval, partly bool) {
	for len(all) > 0 && all[len(all)-1].Bytes == 0 {
		all = all[:len(all)-1]
	}
	begun := slices.IndexFunc(all, func(i report.Interval) bool { return i.Bytes > 0 })
	if begun == len(all)-1 {
		return all, true
	}
	bytes, _ := carriedBy(all)
	whole := all[:len(all)-1]
	// If a block takes longer than an interval, those without one before it are part of its time.
	if bytes < 2*r.block*int64(len(all)) {
		for whole[len(whole)-1].Bytes == 0 {
			whole = whole[:len(whole)-1]
		}
		return whole, false
	}
	// Data that began late in their first interval left it less full than the next one.
	if whole = whole[begun:]; len(whole) > 1 && (begun > 0 || whole[0].Rate < whole[1].Rate*3/4) {
		whole = whole[1:]
	}
	return whole, false
}

// withoutTail leaves out short tails. A short tail says little about the rate, but of a test that is shorter than one
// interval, which has no whole ones, it is all there is.
func withoutTail(intervals []report.Interval) (rest []report.Interval, whole bool) {
	usual := usualLength(intervals)
	tail := func(i report.Interval) bool { return i.Short && (i.End-i.Start)*10 < usual*9 }
	rest = slices.DeleteFunc(slices.Clone(intervals), tail)
	if len(rest) == 0 {
		return intervals, false
	}
	return rest, true
}

// usualLength is how long the intervals are in most of their time. A first one that came late, as on a machine that is
// busy, does not make the others short. Where all are short, or none has a length, that is as it is.
func usualLength(intervals []report.Interval) time.Duration {
	var lengths []time.Duration
	var all time.Duration
	short := 0
	for _, i := range intervals {
		if i.Short {
			short++
		}
		lengths = append(lengths, i.End-i.Start)
		all += i.End - i.Start
	}
	if short == len(lengths) || all == 0 {
		return math.MaxInt64 / 9
	}
	slices.Sort(lengths)
	for _, l := range lengths {
		if all -= 2 * l; all <= 0 {
			return l
		}
	}
	return 0
}

// fewBlocks is how many blocks an interval must hold at least: with fewer, its rate tells when the blocks ended, not how
// fast they were. iperf counts a block when it is complete.
const fewBlocks, enoughBlocks = 4, 10

// join joins neighbouring intervals: those that were made short to see when an amount was sent, to about a second each,
// and those that hold few blocks until they hold enough, if they differ by a block or more.
func (r reading) join(all []report.Interval) []report.Interval {
	bytes, d := carriedBy(all)
	if len(all) < 2 || bytes == 0 || d <= 0 {
		return all
	}
	var length time.Duration
	if r.client.Interval == 0 && all[0].End-all[0].Start < defaultInterval/2 {
		length = defaultInterval
	}
	block := r.block
	size := func(a, b report.Interval) int { return cmp.Compare(a.Bytes, b.Bytes) }
	uneven := slices.MaxFunc(all, size).Bytes-slices.MinFunc(all, size).Bytes >= block
	if blocks := float64(bytes) / float64(block); uneven && blocks < fewBlocks*float64(len(all)) {
		length = max(length, time.Duration(min(1, enoughBlocks/blocks)*float64(d)))
	}
	if length == 0 {
		return all
	}
	groups := int(max(1, min(d/length, time.Duration(len(all)))))
	joined := make([]report.Interval, groups)
	for g := range joined {
		joined[g] = joinAll(all[g*len(all)/groups : (g+1)*len(all)/groups])
	}
	return joined
}

// joinAll returns one interval for some. Its rate is their mean, as a printed rate has more digits than bytes have.
func joinAll(some []report.Interval) report.Interval {
	one := report.Interval{Start: some[0].Start, End: some[len(some)-1].End, Reverse: some[0].Reverse}
	var bits, seconds float64
	for _, i := range some {
		d := (i.End - i.Start).Seconds()
		one.Bytes += i.Bytes
		bits += float64(i.Rate) * d
		seconds += d
	}
	if one.Rate = some[0].Rate; seconds > 0 {
		one.Rate = report.BitRate(bits / seconds)
	}
	return one
}

// carriedBy returns how many bytes intervals have, and how long they are.
func carriedBy(all []report.Interval) (bytes int64, d time.Duration) {
	for _, i := range all {
		bytes += i.Bytes
		d += max(0, i.End-i.Start)
	}
	return bytes, d
}

// block returns how much is sent or received at once: Length, or the program's usual one, or a burst or a frame.
func (c *ClientSettings) block(v Version) int64 {
	length, _ := c.blocks(v)
	frame := int64(0)
	if f := c.Isochronous.FramesPerSecond; f > 0 {
		frame = int64(float64(c.Isochronous.Mean) / 8 / f)
	}
	return max(cmp.Or(length, c.usualLength()), c.BurstSize, frame)
}

// blockLength is how much both programs write to TCP at once, unless they are told otherwise.
const blockLength = 128 << 10
