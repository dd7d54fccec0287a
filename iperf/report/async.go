package report

import (
	"math"
	"slices"
)

// asyncRow takes a row of iperf 2.
func (t *test) asyncRow(row *row, kind rowKind) {
	c := &row.cell
	if row.kind == labelSum {
		if kind == rowData {
			t.asyncSum(c)
		} else if kind == rowSent {
			if f := t.one(); f != nil {
				t.sentAsync(f, &f.sum, row.bare)
			}
		}
		return
	}
	f, s := t.asyncStream(row)
	switch kind {
	case rowReport:
		s.report = true
	case rowSent:
		t.sentAsync(f, s, row.bare)
	case rowOutOfOrder:
		t.outOfOrderAsync(s, row)
	case rowData:
		t.asyncProtocol(row)
		f.rowAsync(s, c, false)
	}
}

func (t *test) asyncProtocol(row *row) {
	if row.hasBare {
		row.hasBare = false
	}
	if row.udp.Has != 0 {
		t.rep.Protocol = ProtocolUDP
	} else if row.tcp.Has != 0 && t.rep.Protocol == 0 {
		t.rep.Protocol = ProtocolTCP
	}
}

// asyncStream finds the stream that a row is of.
func (t *test) asyncStream(row *row) (*flow, *stream) {
	if row.kind == labelMixed {
		f := t.flow(flowKey{class: classMixed})
		return f, f.stream(streamKey{id: row.id})
	}
	at := t.connOf(row.id, row.star)
	class := classOnly
	switch {
	case row.star, at >= 0 && t.conns[at].reverse && !t.conns[at].both:
		class = classStar
	case at >= 0 && t.initiated(&t.conns[at]):
		class = classInitiated
	case at >= 0:
		class = classAccepted
	case t.connects != nil:
		class = classInitiated
	case t.listens != nil:
		class = classAccepted
	}
	f := t.flow(flowKey{class: class})
	return f, f.stream(streamKey{id: row.id, from: at})
}

// maxConns is how many connections of a test are told apart. iperf itself stops at 128, or does so in effect.
const maxConns = 1024

// connKey is what stands between a connection's brackets.
type connKey struct {
	id   int
	star bool
}

// introduce takes a connection, which later rows name by its id.
func (t *test) introduce(c conn) {
	if len(t.conns) == maxConns {
		return
	}
	k := connKey{c.id, c.star}
	if at, ok := t.connAt[k]; ok {
		t.conns[at].reused = true
	}
	if t.connAt == nil {
		t.connAt = make(map[connKey]int)
	}
	t.connAt[k] = len(t.conns)
	t.conns = append(t.conns, c)
}

// connOf finds the connection that was introduced last with an id, and with a star if there is one; -1: none was.
func (t *test) connOf(id int, star bool) int {
	// Rows come in turn as a rule.
	for at := t.lastConn; at < len(t.conns) && at < t.lastConn+2; at++ {
		if c := &t.conns[at]; c.id == id && c.star == star && !c.reused {
			t.lastConn = at
			return at
		}
	}
	at, ok := t.connAt[connKey{id, star}]
	if other, found := t.connAt[connKey{id, !star}]; found && !ok {
		at, ok = other, true
	}
	if !ok {
		return -1
	}
	t.lastConn = at
	return at
}

// initiated reports whether this end made the connection.
func (t *test) initiated(c *conn) bool {
	to, from := slices.Contains(t.connects, c.remote), slices.Contains(t.listens, c.local)
	switch {
	case to != from:
		return to
	case c.remote == defaultPort2, c.local == defaultPort2:
		return c.local != defaultPort2
	case !to && len(t.connects)+len(t.listens) > 0 && (t.connects == nil || t.listens == nil):
		return t.listens == nil
	}
	// Of the two ports the server's is the lower one: the other is from those that the system hands out.
	return c.remote <= c.local
}

const defaultPort2 = 5001

// accepts reports whether c came in on a port that this end listens on.
func (t *test) accepts(c *conn) bool {
	return slices.Contains(t.listens, c.local) && !c.star && !t.initiated(c)
}

// initiatedFirst reports whether the test's first connection was made by this end.
func (t *test) initiatedFirst() bool { return len(t.conns) > 0 && t.initiated(&t.conns[0]) }

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
	}
	return n > 0 && n >= len(t.conns)
}

// startsOver reports whether a row of a stream begins another test, where no connections are printed to tell: after
// the sum of the totals.
func (t *test) startsOver(row *row) bool {
	if len(t.conns) > 0 || row.start > 0 || row.kind != labelStream || !t.over() {
		return false
	}
	f := t.one()
	return f != nil && (f.sum.holds || f.sum.totals[totalOwn] != nil)
}

// one is the flow of a test in one direction, nil when there are two.
func (t *test) one() *flow {
	var one *flow
	for _, f := range t.flows {
		if f.key.class == classMixed {
			return nil
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

// classes is how many directions the connections have that were introduced.
func (t *test) classes() int {
	var seen [classMixed]bool
	for i := range t.conns {
		c := &t.conns[i]
		switch {
		case c.both:
			return 2
		case c.reverse:
			seen[classStar] = true
		case t.initiated(c):
			seen[classInitiated] = true
		default:
			seen[classAccepted] = true
		}
	}
	n := 0
	for _, s := range seen {
		if s {
			n++
		}
	}
	return n
}

// asyncSum takes a SUM row. In a test of two directions it may be the sum of one or of both.
func (t *test) asyncSum(c *cell) {
	if c.udp.Has != 0 {
		t.rep.Protocol = ProtocolUDP
	}
	f := t.one()
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
	f.rowAsync(&f.sum, c, true)
}

func (t *test) sentAsync(f *flow, s *stream, n int64) {
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

// outOfOrderAsync takes "[  4] 0.00-2.00 sec  1 datagrams received out-of-order", which follows the row it is about.
func (t *test) outOfOrderAsync(s *stream, row *row) {
	var udp *UDP
	switch c := s.totals[s.lastTotal]; {
	case c != nil:
		udp = &c.udp
	case s.holds:
		udp = &s.held.udp
	case len(s.intervals) > 0:
		udp = s.intervals[len(s.intervals)-1].UDP
	}
	if udp != nil {
		udp.Has |= OutOfOrder
		udp.OutOfOrder = row.bare
	}
}

// sideAsync decides which end of a test iperf 2 printed it.
func (t *test) sideAsync() Side {
	if t.p.Side != 0 {
		return t.p.Side
	}
	switch {
	case t.csv.seen && t.connects != nil:
		return ServerSide // of -d or -r: a client prints no banner with CSV
	case t.connects != nil && t.listens == nil:
		return ClientSide
	case t.listens != nil && t.connects == nil:
		return ServerSide
	}
	for i := range t.conns {
		if c := &t.conns[i]; c.peer && !c.reverse {
			if t.initiated(c) {
				return ClientSide
			}
			return ServerSide
		}
	}
	switch {
	case slices.Contains(t.connects, defaultPort2) && !slices.Contains(t.listens, defaultPort2):
		return ClientSide
	case slices.Contains(t.listens, defaultPort2) && !slices.Contains(t.connects, defaultPort2):
		return ServerSide
	case len(t.conns) == 0:
		return 0
	case t.initiated(&t.conns[0]):
		return ClientSide
	}
	return ServerSide
}

// finishAsync gives the directions of iperf 2 their names.
func (t *test) finishAsync() {
	t.rep.Side = t.sideAsync()
	t.finishCSV()
	side := t.rep.Side
	for _, f := range t.flows {
		if f.key.class == classMixed {
			continue
		}
		forward := true
		switch f.key.class {
		case classStar:
			forward = false
		case classInitiated:
			forward = side != ServerSide
		case classAccepted:
			forward = side != ClientSide
		case classToServer, classFromServer:
			forward = f.forward
		}
		own := totalUnlabelled
		switch {
		case f.own != 0:
			own = f.own
		case side == 0:
			if f.lossCounted() {
				own = totalReceived
			}
		case (side == ClientSide) == forward:
			own = totalSent
		default:
			own = totalReceived
		}
		out := t.output(f)
		t.place(out.totalAt(own), t.pick(f, totalOwn))
		t.place(out.totalAt(totalReceived), t.pick(f, totalFar))
		for i, s := range f.streams {
			st := &out.Streams[i]
			t.place(st.totalAt(own), s.totals[totalOwn].total())
			t.place(st.totalAt(totalReceived), s.totals[totalFar].total())
		}
		t.set(forward, out)
	}
	t.finishMixed()
}

// lossCounted reports whether the end that printed f counted the datagrams that were lost, as only a receiver can.
func (f *flow) lossCounted() bool {
	for _, s := range f.streams {
		if c := s.totals[totalOwn]; c == nil || !c.udp.Has.Has(Lost|Jitter) {
			return false
		}
	}
	return len(f.streams) > 0
}

func (t *test) place(to **Total, v *Total) {
	if v != nil {
		*to = v
	}
}

func (f *Flow) totalAt(k totalKind) **Total {
	switch k {
	case totalSent:
		return &f.Sent
	case totalReceived:
		return &f.Received
	}
	return &f.Unlabelled
}

func (s *Stream) totalAt(k totalKind) **Total {
	switch k {
	case totalSent:
		return &s.Sent
	case totalReceived:
		return &s.Received
	}
	return &s.Unlabelled
}

// finishMixed decides what a sum of a test in two directions is of.
func (t *test) finishMixed() {
	for _, f := range t.flows {
		if f.key.class != classMixed {
			continue
		}
		total := t.pick(f, totalOwn)
		if len(f.streams) > 0 {
			out := t.output(f)
			out.Unlabelled = total
			t.rep.Mixed = out
			return
		}
		var forward, reverse BitRate
		if t.rep.Forward != nil {
			forward = t.rep.Forward.anyRate()
		}
		if t.rep.Reverse != nil {
			reverse = t.rep.Reverse.anyRate()
		}
		if total == nil && f.emitted == 0 {
			return
		}
		near := func(a, b BitRate) bool { return b > 0 && math.Abs(float64(a/b)-1) < 0.05 }
		switch {
		case total != nil && near(total.Rate, forward) && !near(total.Rate, forward+reverse),
			total != nil && near(total.Rate, reverse) && !near(total.Rate, forward+reverse):
			// The sum of one direction, of which there is one already.
		case total == nil, near(total.Rate, forward+reverse):
			t.rep.Mixed = &Flow{Intervals: f.intervals, Unlabelled: total}
		default:
			t.warn(0, "the printed sum is of neither direction nor of both")
		}
		return
	}
}

// anyRate is a flow's rate, whoever counted it.
func (f *Flow) anyRate() BitRate {
	for _, t := range []*Total{f.Received, f.Sent, f.Unlabelled} {
		if t != nil {
			return t.Rate
		}
	}
	return 0
}

// expectedAsync is how many of the connections that were introduced belong to f.
func (t *test) expectedAsync(f *flow) int {
	if f.expectGen == len(t.conns)+1 {
		return f.expect
	}
	n := 0
	for i := range t.conns {
		c := &t.conns[i]
		switch f.key.class {
		case classStar:
			if c.reverse || c.both {
				n++
			}
		case classInitiated:
			if !c.reverse && t.initiated(c) {
				n++
			}
		case classAccepted:
			if !c.reverse && !t.initiated(c) {
				n++
			}
		}
	}
	if t.flowsPrinted > n && f.key.class != classMixed {
		n = t.flowsPrinted
	}
	f.expect, f.expectGen = n, len(t.conns)+1
	return n
}
