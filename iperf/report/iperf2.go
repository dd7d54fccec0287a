package report

import "time"

// An iperf2Test is the state of the assembler of iperf 2. Its rows come as each stream is ready, do
// not tell totals from intervals, and name the connections that earlier lines introduce.
type iperf2Test struct {
	listens      []int           // the ports that this end listens on
	connects     []int           // the ports that it connects to
	serves       bool            // it accepted a connection before it made one
	here, there  string          // the addresses of this end of the first connection and of the other end
	flowsPrinted int             // how many flows the client announces
	waiting      []conn          // of this test or of the next one, as the next row tells
	connAt       map[connKey]int // into conns, the last one of each
	lastConn     int             // the connection of the last row
	near         [64]rowStream   // the streams of the last rows, by the end of their ids

	intervals bool          // its rows are intervals, with totals after them
	first     time.Duration // the length of the first interval
	bursts    bool          // the rows are of bursts
	unstarred bool          // it has connections whose rows do not tell which end sends
	ownStars  bool          // the rows of both directions have a star, as those of the server of 2.1.3
	untold    bool          // it was warned of these
	untimed   bool          // it was warned of sums without a time
	rated     bool          // it was warned of a packet rate
	csv       csvLayout
}

// iperf2Row takes a row of iperf 2.
func (t *test) iperf2Row(row *row, kind rowKind) {
	c := &row.cell
	if kind == rowHistogram {
		t.takeHistogram(row)
		return
	}
	if row.kind == labelMixed && kind == rowData && t.isUntimed(c) {
		return
	}
	if row.kind == labelSum {
		if kind == rowData {
			t.iperf2Sum(row)
		} else if kind == rowSent {
			if f := t.one(); f != nil {
				t.sentIperf2(f, &f.sum, row.bare)
			}
		}
		return
	}
	if kind == rowSent && t.listens != nil && t.connects == nil {
		row.star = row.star || t.isBoth(row.id) // a server says so of what it sends, without the star
	}
	if t.ownStars && row.star && row.enh.Has&(Writes|Reads) == 0 {
		t.dropUntold(row)
		return
	}
	f, s := t.iperf2Stream(row, kind)
	switch kind {
	case rowReport:
		s.report = true
	case rowSent:
		t.sentIperf2(f, s, row.bare)
	case rowOutOfOrder:
		t.outOfOrderIperf2(f, s, row)
	case rowData:
		t.iperf2Protocol(row)
		if s.report {
			row.dropRelayed()
		}
		f.rowIperf2(s, c, false)
	}
}

func (t *test) iperf2Protocol(row *row) {
	row.hasBare = false
	row.dropUnmeasured()
	t.checkPacketRate(&row.cell)
	if row.udp.Has != 0 {
		t.rep.Protocol = ProtocolUDP
	} else if row.tcp.Has != 0 && t.rep.Protocol == 0 {
		t.rep.Protocol = ProtocolTCP
	}
}

// iperf2Stream finds the stream that a row is of.
func (t *test) iperf2Stream(row *row, kind rowKind) (*flow, *stream) {
	if row.kind == labelMixed {
		f := t.flow(flowKey{class: classMixed})
		return f, f.stream(streamKey{id: row.id})
	}
	if t.unstarred && !t.csv.seen {
		if f, s := t.unstarredStream(row, kind); s != nil {
			return f, s
		}
	}
	if t.csv.seen {
		// "[  3] Server Report:" stands between the rows of CSV.
		for _, f := range t.flows {
			if kind == rowSent && len(t.flows) > 1 && !f.counts.sender {
				continue
			}
			for _, s := range f.streams {
				if s.key.id == row.id {
					return f, s
				}
			}
		}
	}
	known := 1 + len(t.conns) + len(t.flows)*maxConns + (len(t.listens)+len(t.connects))*maxConns*maxFlows
	near := &t.near[uint(row.id)%uint(len(t.near))]
	if near.known == known && near.id == row.id && near.star == row.star {
		return near.f, near.s
	}
	at := t.connOf(row.id, row.star)
	f := t.flow(flowKey{class: t.classOf(at, row.star)})
	s := f.stream(streamKey{id: row.id, from: at})
	*near = rowStream{id: row.id, star: row.star, known: known, f: f, s: s}
	return f, s
}

// dropUntold leaves out a row that may be of either direction.
func (t *test) dropUntold(row *row) {
	if !t.untold {
		t.untold = true
		t.warn(row.line, "the rows of both directions have one name: only their sums are read")
	}
}

// isBoth reports whether the connection with that id is of --full-duplex.
func (t *test) isBoth(id int) bool {
	at := t.connOf(id, false)
	return at >= 0 && t.conns[at].both && !t.conns[at].unstarred
}

// A rowStream is the stream of a row, as was found when that many connections, flows and ports were
// known.
type rowStream struct {
	id    int
	star  bool
	known int
	f     *flow
	s     *stream
}

// classOf tells the direction of the connection at that index, -1: of one that is not introduced.
func (t *test) classOf(at int, star bool) flowClass {
	switch {
	case star, at >= 0 && t.conns[at].reverse && !t.conns[at].both:
		return classStar
	case at >= 0 && t.conns[at].mirror:
		return classMirror
	case at >= 0 && t.initiated(&t.conns[at]):
		return classInitiated
	case at >= 0:
		return classAccepted
	case t.announcesOwn():
		return classAccepted
	case t.connects != nil:
		return classInitiated
	case t.listens != nil:
		return classAccepted
	}
	return classOnly
}

// announcesOwn reports whether only the connections are introduced that this end made, though it
// listens: the server of iperf 2.0.9 does not announce those that it accepts with -d.
func (t *test) announcesOwn() bool {
	if t.listens == nil || t.connects == nil || len(t.conns) == 0 {
		return false
	}
	for i := range t.conns {
		if !t.initiated(&t.conns[i]) {
			return false
		}
	}
	return true
}

// over reports whether every connection has its total, as far as can be told.
func (t *test) over() bool {
	n := 0
	for _, f := range t.flows {
		for _, s := range f.streams {
			if s.totals == (totals{}) && !s.holds {
				return false
			}
			n++
		}
		switch sum := &f.sum; {
		case len(f.streams) == 1 && (sum.holds || sum.n > 0 || sum.totals != totals{}):
			return false // a sum of one stream: there will be more
		case len(f.streams) == 0 && sum.totals != totals{}:
			n++ // only sums are printed
		}
	}
	return n > 0 && n >= len(t.conns)
}

// closed reports whether every stream has its total for certain.
func (t *test) closed() bool {
	for _, f := range t.flows {
		if f.closed < len(f.streams) {
			return false
		}
	}
	return true
}

// startsOver reports whether a row of a stream begins another test, where no connection is printed
// to tell, or its line comes late: after the sum of the totals, or at a server after the stream's
// own total.
func (t *test) startsOver(row *row) bool {
	if row.start > 0 || row.kind != labelStream || t.bursts || !t.over() || t.reports(row) {
		return false
	}
	f := t.one()
	if f == nil {
		return false
	}
	if len(t.conns) == 0 && (f.sum.holds || f.sum.totals[totalOwn] != nil) {
		return true
	}
	i, ok := f.index[streamKey{id: row.id, from: t.connOf(row.id, row.star)}]
	return ok && !row.star && t.listens != nil && t.connects == nil && f.streams[i].totals[totalOwn] != nil
}

// reports reports whether a row is the server's report of its stream.
func (t *test) reports(row *row) bool {
	for _, f := range t.flows {
		for _, s := range f.streams {
			if s.key.id == row.id && s.report {
				return true
			}
		}
	}
	return false
}

// one is the flow of a test in one direction, nil when there are two.
func (t *test) one() *flow {
	var one *flow
	for _, f := range t.flows {
		if f.key.class == classMixed {
			return nil
		}
		if f.key.class == classMirror {
			continue
		}
		if one != nil {
			return nil
		}
		one = f
	}
	if one == nil || t.classes() > 1 {
		return nil
	}
	return one
}

// iperf2Sum takes a SUM row. In a test of two directions it may be the sum of one or of both.
func (t *test) iperf2Sum(row *row) {
	c := &row.cell
	if c.udp.Has != 0 {
		t.rep.Protocol = ProtocolUDP
	}
	f := t.one()
	if f == nil && row.decimals == 1 && !t.csv.seen {
		f = t.flowOfSum(c)
	}
	if f == nil {
		if len(t.flows) == 0 && t.classes() < 2 {
			k := classOnly
			switch {
			case t.connects != nil:
				k = classInitiated
			case t.listens != nil:
				k = classAccepted
			}
			f = t.flow(flowKey{class: k})
		} else {
			f = t.flow(flowKey{class: classMixed})
		}
	}
	if t.isUntimed(c) {
		return
	}
	f.rowIperf2(&f.sum, c, true)
}

// flowOfSum returns the flow that a sum is of by its amount: before 2.0.14 each direction of -d -P
// has its own, and times one digit. It is nil if the sum may be that of both directions.
func (t *test) flowOfSum(c *cell) (of *flow) {
	var all int64
	every, directions := true, 0
	best := c.bytes / 100 // its digits
	for _, f := range t.flows {
		if f.key.class == classMixed || f.key.class == classMirror {
			continue
		}
		n, ok := f.amountOf(c)
		all, every, directions = addBytes(all, n), every && ok, directions+1
		if off := max(n-c.bytes, c.bytes-n); ok && len(f.streams) > 1 && off <= best {
			of, best = f, off
		}
	}
	if every && directions >= t.classes() && max(all-c.bytes, c.bytes-all) <= best {
		return nil
	}
	return of
}

// amountOf returns the bytes of all streams in the interval of c, or in all of the test. It returns
// false unless every stream has its row.
func (f *flow) amountOf(c *cell) (n int64, ok bool) {
	alike := func(start, end time.Duration) bool {
		return (start-c.start).Abs()+(end-c.end).Abs() <= max((c.end-c.start)/5, time.Millisecond)
	}
	ok = true
	for _, s := range f.streams {
		switch total := s.totals[totalOwn]; {
		case s.holds && alike(s.held.start, s.held.end):
			n = addBytes(n, s.held.bytes)
		case total != nil && alike(total.start, total.end):
			n = addBytes(n, total.bytes)
		case s.n > 0 && alike(s.prev.start, s.prev.end):
			n = addBytes(n, s.carried)
		default:
			ok = false
		}
	}
	return n, ok
}

// isUntimed reports whether a sum is of a time that cannot be, and warns of it. With -n and -i
// iperf 2.1 counts the time of its sums from a clock's zero, and 2.0.14 that of both directions at
// times.
func (t *test) isUntimed(c *cell) bool {
	const years = 10 * 365 * 24 * time.Hour
	if c.start >= 0 && c.end >= c.start && c.end < years {
		return false
	}
	if !t.untimed {
		t.untimed = true
		t.warn(c.line, "a sum of no time that can be is left out")
	}
	return true
}

func (t *test) sentIperf2(f *flow, s *stream, n int64) {
	c := s.totals[totalOwn]
	if c == nil && s.holds {
		c = &s.held
	}
	if c == nil || c.udp.Has.Has(Lost) {
		return
	}
	c.udp.Has |= Packets
	c.udp.Packets = n
}

// outOfOrderIperf2 takes "[  4] 0.00-2.00 sec  1 datagrams received out-of-order", which follows
// the row it is about.
func (t *test) outOfOrderIperf2(f *flow, s *stream, row *row) {
	var udp *UDP
	switch c := s.totals[s.lastTotal]; {
	case c != nil:
		udp = &c.udp
	case s.holds:
		udp = &s.held.udp
	case len(s.intervals) > 0:
		last := &s.intervals[len(s.intervals)-1]
		udp = last.UDP
		if n := len(f.intervals); n > 0 && len(f.streams) == 1 && f.intervals[n-1].End == last.End && f.intervals[n-1].UDP != nil {
			f.intervals[n-1].UDP.Has |= OutOfOrder
			f.intervals[n-1].UDP.OutOfOrder = row.bare
		}
	}
	if udp != nil {
		udp.Has |= OutOfOrder
		udp.OutOfOrder = row.bare
	}
}
