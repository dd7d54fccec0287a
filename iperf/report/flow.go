package report

import (
	"cmp"
	"fmt"
	"slices"
	"time"
)

// A totalKind says whose count a total is.
type totalKind uint8

const (
	totalOwn        totalKind = iota // of the end that printed it: iperf 2 does not say which one that is
	totalFar                         // of the other end, which sent it over: iperf 2's Server Report
	totalSent                        // iperf 3 says so
	totalReceived                    // iperf 3 says so
	totalUnlabelled                  // iperf 3 does not say
	totalKinds
)

type totals [totalKinds]*cell

// A flow gathers the traffic of one direction while its rows arrive.
type flow struct {
	t         *test
	key       flowKey
	streams   []*stream
	index     map[streamKey]int // into streams
	near      [64]uint16        // into streams, by the end of their ids: most likely it is that one
	intervals []Interval
	early     []*group // intervals that were given out before their sum came
	groups    []*group // intervals that more streams, or their sum, may still come for; in order of start
	free      []*group // those that are done with
	serial    int
	first     time.Duration // the first interval's length
	emitted   int
	carried   int64         // bytes of all intervals but the omitted ones
	until     time.Duration // the end of the last of them
	tally     tally         // of their datagrams
	sum       stream        // what iperf itself printed of the sum
	closed    int           // how many streams have their total
	lastStart time.Duration
	unordered bool            // an interval began before one that was given out already
	recent    [maxGroups]span // what was given out last, in a ring
	expect    int             // how many connections it has
	expectGen int             // as of that many connections introduced
	reverse   bool            // iperf 2: its direction
	forward   bool            // its direction, once the test is over
	known     int             // as of that many connections and flows

	// In CSV only.
	blocks struct {
		whole, other int   // how many intervals are of whole writes, and are not
		least, most  int64 // of those that are
		common       int64 // the greatest divisor of all but the first and the tail
		divided      int   // how many these are
	}
	bare    bool                            // its rows have columns of the loss
	counts  struct{ sender, receiver bool } // it has columns that only such a one prints
	own     totalKind
	ends    [2]string // the addresses of its first row
	counted totalKind // the count of the end that printed it, once that is known
}

// flowKey tells the directions apart before it is known which is which.
type flowKey struct {
	class flowClass
	port  int  // the server's, in CSV
	back  bool // CSV: its rows have the addresses of another flow to that port the other way round
}

type flowClass uint8

const (
	classOnly      flowClass = iota // there is but one
	classSends                      // this end sends: [TX-C]
	classReceives                   // this end receives: [RX-C]
	classInitiated                  // iperf 2: this end made the connection
	classAccepted                   // iperf 2: this end accepted the connection
	classStar                       // iperf 2 says that it is the reverse direction: [ *1]
	classMirror                     // the receiver's view of what this end sends, in the same output
	classToServer                   // CSV: the second port is the server's
	classFromServer
	classMixed
)

// streamKey tells streams apart. In CSV two directions may share an id.
type streamKey struct{ id, from, to int }

type stream struct {
	key       streamKey
	intervals []Interval
	n         int  // how many intervals came
	first     cell // the first of them
	held      cell // the first row, which only the next one tells to be an interval or the total
	holds     bool
	prev      span  // of the last interval
	carried   int64 // and its bytes
	serial    int   // of the group that it was in last
	report    bool  // its next row is the server's report
	lastTotal totalKind
	totals    totals

	histograms    []Histogram
	outOfOrder    int64 // printed before the total that it belongs to
	hasOutOfOrder bool
}

type span struct {
	start, end time.Duration
	omitted    bool
}

// maxStreams is more than iperf can make.
const maxStreams = 1 << 12

// stream gives the stream of that key, which it makes when there is none.
func (f *flow) stream(k streamKey) *stream {
	near := &f.near[uint(k.id)%uint(len(f.near))]
	if i := int(*near); i < len(f.streams) && f.streams[i].key == k {
		return f.streams[i]
	}
	i, ok := f.index[k]
	if !ok && len(f.streams) == maxStreams {
		i, ok = maxStreams-1, true // the last one takes the rest: this is no output of iperf's
	}
	if !ok {
		i = len(f.streams)
		f.streams = append(f.streams, &stream{key: k})
		if f.index == nil {
			f.index = make(map[streamKey]int)
		}
		f.index[k] = i
	}
	*near = uint16(i)
	return f.streams[i]
}

// keep adds an interval to a stream's own. It is false for a repetition of the one before.
func (f *flow) keep(s *stream, c *cell) bool {
	if s.n > 0 && s.prev == (span{c.start, c.end, c.omitted}) {
		f.t.warn(c.line, "an interval is printed twice")
		return false
	}
	f.t.checkInterval(c)
	f.noteInterval(s, c)
	if f.t.csv.seen {
		f.noteBlocks(c.bytes, c.start == 0, (c.end-c.start)*10 < f.t.first*9)
	}
	if !f.t.discard() {
		s.intervals = append(f.t.room(s.intervals), Interval{})
		f.t.slabs.fill(&s.intervals[len(s.intervals)-1], c)
	}
	return true
}

// rowIperf2 takes a row of iperf 2 that may be an interval or a total.
func (f *flow) rowIperf2(s *stream, c *cell, isSum bool) {
	if s.report {
		s.report = false
		f.total(s, totalFar, c)
		return
	}
	if c.start == c.end && c.bytes == 0 {
		f.t.warn(c.line, "an interval of no length")
		return
	}
	if s.holds {
		if f.t.bursts && c.start == 0 {
			s.held = *c // iperf 2 counts bursts from the start of the test; the last row is the total
			return
		}
		f.release(&s.held)
	}
	switch {
	case c.start > 0:
		f.interval(s, c, isSum)
	case s.n > 0, isSum && f.endsWith(c):
		f.total(s, totalOwn, c)
	case f.t.intervals && (c.end-c.start)*2 > f.t.first*3:
		f.total(s, totalOwn, c)
	case f.t.intervals && (c.end-c.start)*10 >= f.t.first*9:
		f.interval(s, c, isSum)
	default:
		s.held, s.holds = *c, true
	}
}

// endsWith reports whether a sum is that of the streams' totals, which all came, rather than that
// of their first interval, for which iperf 2 left it out.
func (f *flow) endsWith(c *cell) bool {
	var end, first time.Duration
	for _, s := range f.streams {
		if s.n == 0 || s.totals[totalOwn] == nil {
			return false
		}
		end, first = max(end, s.totals[totalOwn].end), max(first, s.first.end)
	}
	return (c.end - end).Abs() < (c.end - first).Abs()
}

// release gives out the rows that are held and end with c, which is now known to be an interval.
func (f *flow) release(c *cell) {
	end := c.end
	for i := range len(f.streams) + 1 {
		s, isSum := &f.sum, i == len(f.streams)
		if !isSum {
			s = f.streams[i]
		}
		if s.holds && 10*(s.held.end-end).Abs() <= end {
			s.holds = false
			f.interval(s, &s.held, isSum)
		}
	}
}

// releaseBefore gives out the first row of a stream, which is held, if another row of the stream
// follows that cannot be read: so it was not the total.
func (t *test) releaseBefore(row *row) {
	for _, f := range t.flows {
		s := &f.sum
		if row.kind != labelSum {
			i, ok := f.index[streamKey{id: row.id, from: t.connOf(row.id, row.star)}]
			if !ok {
				continue
			}
			s = f.streams[i]
		}
		if s.holds {
			f.release(&s.held)
			t.cut = true
		}
	}
}

// releaseCut gives out the rows that are held and are no totals, as this end would have printed more after those.
func (t *test) releaseCut() {
	for _, f := range t.flows {
		for _, s := range f.streams {
			if f.isCutSender(s) {
				f.release(&s.held)
			}
		}
	}
}

// isCutSender reports whether the row that a stream of iperf 2 holds is not its total, as this end
// sends over UDP: it says how many datagrams it sent after its total.
func (f *flow) isCutSender(s *stream) bool {
	t := f.t
	return s.holds && s != &f.sum && t.iperf2 && !t.csv.seen && t.rep.Protocol == ProtocolUDP && f.key.class == classInitiated &&
		t.connects != nil && t.listens == nil && s.held.udp.Has&(Packets|Lost) == 0 && s.totals == (totals{})
}

func (f *flow) interval(s *stream, c *cell, isSum bool) {
	if !isSum {
		f.addIperf2(s, c)
		return
	}
	f.t.checkInterval(c)
	f.noteInterval(s, c)
	f.sumIperf2(c)
}

func (f *flow) noteInterval(s *stream, c *cell) {
	if s.n++; s.n == 1 {
		s.first = *c
	}
	s.prev, s.carried = span{c.start, c.end, c.omitted}, c.bytes
	f.t.intervals = true
	if f.t.first == 0 {
		f.t.first = c.end - c.start
	}
}

func (f *flow) total(s *stream, k totalKind, c *cell) {
	if s.totals == (totals{}) && s != &f.sum {
		f.closed++
	}
	f.t.longest = max(f.t.longest, c.end)
	f.t.check(c)
	kept := *c
	if s.hasOutOfOrder && k != totalSent {
		kept.udp.Has |= OutOfOrder
		kept.udp.OutOfOrder, s.hasOutOfOrder = s.outOfOrder, false
	}
	s.totals[k] = &kept
	s.lastTotal = k
}

// settle decides what the rows that are held are, when no more will come.
func (f *flow) settle() {
	for _, s := range append(f.streams[:len(f.streams):len(f.streams)], &f.sum) {
		isSum := s == &f.sum || f.key.class == classMixed
		switch {
		case s.holds && (f.t.broken || f.t.untimed && isSum || s == &f.sum && f.sumIsShort() || f.t.isFirst(&s.held)):
			f.release(&s.held) // there was more
		case s.holds:
			s.holds = false
			f.total(s, totalOwn, &s.held)
		case f.t.iperf2 && s.n == 1 && s.totals[totalOwn] == nil && s.first.start == 0 && f.endsAlike(&s.first):
			f.total(s, totalOwn, &s.first) // the only row of a stream where another's was printed twice
		}
	}
	f.closeAll()
	f.dropEarly(len(f.early))
	f.warnUneven()
	if f.unordered && f.t.iperf2 {
		slices.SortStableFunc(f.intervals, func(a, b Interval) int { return cmp.Compare(a.Start, b.Start) })
	}
}

// isFirst reports whether a row from 0 on is a first interval and no total: it is as long as the intervals of other
// streams, and no total of such a time came. The output was cut before the next row of its stream.
func (t *test) isFirst(c *cell) bool {
	length := c.end - c.start
	return t.intervals && 10*length >= 9*t.first && 2*length <= 3*t.first && (t.longest == 0 || 3*c.end < 2*t.longest)
}

// sumIsShort reports whether the sum that is held is not of the whole test, as it ends with the
// first interval.
func (f *flow) sumIsShort() bool {
	if !f.sum.holds || 3*f.sum.held.end >= 2*f.t.longest {
		return false
	}
	for _, g := range f.t.flows {
		for _, s := range g.streams {
			if s.n > 0 {
				return true
			}
		}
	}
	return false
}

// endsAlike reports whether a stream has a total of the same time as c.
func (f *flow) endsAlike(c *cell) bool {
	for _, s := range f.streams {
		if t := s.totals[totalOwn]; t != nil && 10*(t.end-c.end).Abs() <= c.end {
			return true
		}
	}
	return false
}

// warnUneven says which streams have fewer intervals than the others. One may be missing at either
// end, as streams begin and stop at moments of their own.
func (f *flow) warnUneven() {
	most := 0
	for _, s := range f.streams {
		most = max(most, s.n)
	}
	for _, s := range f.streams {
		if s.n < most-2 && !f.t.full() {
			f.t.warn(0, fmt.Sprintf("stream %d has %d intervals, another %d", s.key.id, s.n, most))
		}
	}
}

// totals reports how many streams have a total of that kind, and whether any has, or their sum.
func (f *flow) totals(k totalKind) (n int, any bool) {
	for _, s := range f.streams {
		if s.totals[k] != nil {
			n++
		}
	}
	return n, n > 0 || f.sum.totals[k] != nil
}
