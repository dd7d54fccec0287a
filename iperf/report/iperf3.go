package report

// An iperf3Test is the state of the assembler of iperf 3. It prints the streams of an interval in
// turn, then their sum, and the totals under a heading of their own.
type iperf3Test struct {
	reverse   bool    // the server sends
	mirrored  bool    // the server prints to the same output
	heading   heading // of the rows that follow
	sendsHere bool    // the heading is a sender's
	ruled     bool    // the line before the totals came
	summary   bool    // the rows that follow are totals
	unruled   bool    // only a heading tells that
	labelled  bool    // a total came that tells its side
	section   byte    // 's' or 'r': the totals that follow are the sender's or the receiver's
	wrapped   *stream // the stream of the last total, which lacks its side

	json   bool     // it is a document, or events
	stream bool     // it comes as events
	ended  bool     // with its totals
	start  bool     // its start came
	early  []func() // take the totals that came before the start
	cookie string   // names the test
	again  *test    // the document repeats that test
}

// takeRule takes the line between the intervals and the totals.
func (t *test) takeRule() {
	t.becomeIperf3()
	if t.iperf2 {
		return
	}
	for _, f := range t.flows {
		f.closeAll()
	}
	t.ruled = true
}

// takeHeading takes the names of columns. Those of iperf 3 tell which end sends, over what, and
// where the totals begin.
func (t *test) takeHeading(h heading) {
	t.lines++
	t.heading = h
	if t.iperf2 {
		return
	}
	if t.ruled || t.gathered() && !t.mirrored {
		// A second heading is that of the totals, also if the line above it was lost.
		t.unruled = !t.ruled && !t.summary
		t.summary = true
	}
	t.ruled = false
	if t.summary {
		return
	}
	switch h {
	case headingLoss:
		t.rep.Protocol = ProtocolUDP
	case headingDatagrams:
		t.rep.Protocol, t.sendsHere = ProtocolUDP, true
	case headingRetransmits:
		t.rep.Protocol, t.sendsHere = ProtocolTCP, true
	}
}

// becomeIperf3 takes back the guess that the rows so far are iperf 2's.
func (t *test) becomeIperf3() {
	if !t.iperf2 || !t.guessed || len(t.conns) > 0 || len(t.flows) != 1 {
		return
	}
	f := t.flows[0]
	for _, s := range append(f.streams[:len(f.streams):len(f.streams)], &f.sum) {
		if s.holds {
			f.release(&s.held)
		}
	}
	clear(f.index)
	for i, s := range f.streams {
		s.key.from = 0
		f.index[s.key] = i
	}
	f.key.class = classOnly
	t.rep.Program, t.iperf2, t.guessed = programIperf3, false, false
}

// repeats reports whether a row of iperf 3 is another test's: it is a total that there is already,
// the rows so far were of a test in both directions, or it is an interval after the totals.
func (t *test) repeats(row *row) bool {
	if t.iperf2 || t.json {
		return false
	}
	if row.by == 0 {
		return t.labelled && row.start == 0 && row.kind == labelStream && 2*row.end < t.longest
	}
	k := totalReceived
	if row.by == 's' {
		k = totalSent
	}
	for _, f := range t.flows {
		if (f.key.class == classOnly) != (row.role == 0) {
			return true
		}
		if row.role != 0 && (row.role == 'T') != (f.key.class == classSends) {
			continue
		}
		s := &f.sum
		if row.kind != labelSum {
			if s.totals[k] != nil {
				return true // the sum comes last
			}
			i, ok := f.index[streamKey{id: row.id}]
			if !ok {
				continue
			}
			s = f.streams[i]
		} else if f.endsOtherwise(k, &row.cell) {
			return true
		}
		if was := s.totals[k]; was != nil && (was.end != row.end || was.bytes != row.bytes || was.rate != row.rate) {
			return true
		}
	}
	return false
}

// endsOtherwise reports whether a stream has a total of that kind that is of another time than c.
func (f *flow) endsOtherwise(k totalKind, c *cell) bool {
	for _, s := range f.streams {
		if t := s.totals[k]; t != nil && 10*(t.end-c.end).Abs() > max(t.end, c.end) {
			return true
		}
	}
	return false
}

// iperf3Row takes a row of iperf 3.
func (t *test) iperf3Row(row *row, kind rowKind) {
	key := flowKey{class: classOnly}
	switch row.role {
	case 'T':
		key.class = classSends
	case 'R':
		key.class = classReceives
	}
	if row.side == 'C' {
		t.rep.Role = RoleClient
	} else if row.side == 'S' {
		t.rep.Role = RoleServer
	}
	f := t.flow(key)
	switch kind {
	case rowOutOfOrder:
		t.outOfOrderIperf3(f, row)
		return
	case rowData:
	default:
		return
	}
	c := &row.cell
	if row.hasBare {
		switch {
		case t.heading == headingRetransmits, c.tcp.Has.Has(CongestionWindow), t.heading <= headingPlain && row.by == 's':
			c.tcp.Has |= Retransmits
			c.tcp.Retransmits = row.bare
		case t.heading >= headingDatagrams:
			c.udp.Has |= Packets
			c.udp.Packets = row.bare
		}
	}
	if c.udp.Has != 0 {
		t.rep.Protocol = ProtocolUDP
	} else if c.tcp.Has != 0 {
		t.rep.Protocol = ProtocolTCP
	}
	if t.mirrored && row.by == 0 && c.tcp.Has == 0 && (c.udp.Has == 0 || c.udp.Has.Has(Jitter)) {
		return // the receiver's own
	}
	isSum := row.kind == labelSum
	if t.unruled {
		// A server whose client went away prints the last interval again, at times with its heading.
		t.unruled = false
		t.summary = !f.repeats(row)
	}
	k := totalUnlabelled
	if row.by == 0 && t.summary {
		row.by = t.section
	} else if row.by != 0 {
		t.labelled, t.summary = true, true
	}
	switch {
	case row.by == 's':
		k = totalSent
	case row.by == 'r':
		k = totalReceived
	case !t.summary, k == totalUnlabelled && row.start > 0:
		if isSum {
			f.sumIperf3(c)
		} else {
			f.addIperf3(streamKey{id: row.id}, c)
		}
		return
	}
	f.closeAll()
	s := &f.sum
	if !isSum {
		s = f.stream(streamKey{id: row.id})
	}
	f.total(s, k, c)
	t.wrapped = nil
	if k == totalUnlabelled {
		t.wrapped = s
	}
}

// repeats reports whether a row is a stream's last one again.
func (f *flow) repeats(row *row) bool {
	i, ok := f.index[streamKey{id: row.id}]
	if !ok || row.kind != labelStream || row.by != 0 {
		return false
	}
	s := f.streams[i]
	return s.prev == span{row.start, row.end, row.omitted} && s.carried == row.bytes
}

// takeSide takes the side of a total, which is on a line above it or, as mail wraps lines, below
// it.
func (t *test) takeSide(e *event) {
	if e.above {
		t.rep.Program, t.iperf2, t.summary, t.section = programIperf3, false, true, e.side
		return
	}
	k := totalReceived
	if e.side == 's' {
		k = totalSent
	}
	if s := t.wrapped; s != nil && s.totals[totalUnlabelled] != nil && s.totals[k] == nil {
		s.totals[k], s.totals[totalUnlabelled], s.lastTotal = s.totals[totalUnlabelled], nil, k
	} else if !t.summary && len(t.flows) > 0 {
		t.firstIsTotal(k)
	}
	t.wrapped = nil
}

// firstIsTotal makes a total of the first row, which was taken for an interval.
func (t *test) firstIsTotal(k totalKind) {
	f := t.flows[len(t.flows)-1]
	if len(t.flows) > 2 || len(f.streams) != 1 || len(f.groups) != 1 || f.emitted > 0 || f.streams[0].n != 1 || f.groups[0].start > 0 {
		return
	}
	c := f.groups[0].cell
	f.groups = f.groups[:0]
	s := f.streams[0]
	s.intervals, s.n, s.prev, s.serial = nil, 0, span{}, 0
	t.summary = true
	f.total(s, k, &c)
}

// outOfOrderIperf3 takes "[  5] 0.0-2.0 sec  53 datagrams received out-of-order", which stands
// beside the totals.
func (t *test) outOfOrderIperf3(f *flow, row *row) {
	s := &f.sum
	switch {
	case row.kind != labelSum:
		s = f.stream(streamKey{id: row.id})
	case len(f.streams) == 1:
		s = f.streams[0] // iperf 3 prints it as a sum of one stream, too
	}
	for _, k := range []totalKind{totalReceived, totalUnlabelled} {
		if c := s.totals[k]; c != nil {
			c.udp.Has |= OutOfOrder
			c.udp.OutOfOrder = row.bare
			return
		}
	}
	s.outOfOrder, s.hasOutOfOrder = row.bare, true
}
