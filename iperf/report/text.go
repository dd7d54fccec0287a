package report

import (
	"bytes"
	"time"
)

// heading is what the last line of column names says about the numbers that have no unit.
type heading uint8

const (
	headingNone        heading = iota
	headingPlain               // transfer and rate only
	headingRetransmits         // Retr
	headingDatagrams           // Total Datagrams
	headingLoss                // Jitter, Lost/Total
)

// longRow is longer than any row.
const longRow = 400

// readLine takes one line of text.
func (r *reader) readLine(b []byte) {
	r.row.line = r.src.lines
	if len(r.before) > 0 && r.readAfterBrace(b) {
		return
	}
	if len(r.held) > 0 {
		var whole bool
		if b, whole = r.unwrap(b); whole {
			r.readRow(b, r.src.noEnd || r.src.tooLong, true)
			return
		}
	}
	if len(b) > 0 && b[0]-'0' <= 9 || len(b) > 5 && (b[0] == '+' || b[0] == '-') && b[5] == ':' {
		if r.readCSV(b) {
			return
		}
	}
	if len(b) > 0 && b[0] == 't' && r.readCSVHeader(b) {
		return
	}
	if len(b) > longRow && r.readBehind(b) {
		return
	}
	r.readRow(withoutEnd(b), r.src.noEnd || r.src.tooLong, false)
}

// readRow takes a line of text, of which cut says that it may have lost its end, and unwrapped that it has got it back.
func (r *reader) readRow(b []byte, cut, unwrapped bool) {
	kind := r.row.parse(b, cut)
	if kind == rowNone && len(b) <= longRow && !unwrapped && r.readBehind(b) {
		return
	}
	if kind == rowNone || kind == rowBad || kind == rowPassed {
		if plain, ok := tidied(b); ok {
			b = plain
			kind = r.row.parse(b, cut)
		}
		if kind == rowNone && bytes.HasSuffix(b[:min(len(b), bytes.Index(b, []byte("/sec"))+len("/sec"))], []byte("s/sec")) {
			// Of an iperf that prints no ids.
			r.row.reset(r.src.lines)
			if r.row.parseAfterLabel(b, cut) == rowData {
				kind = rowData
			}
		}
	}
	if !cut && !unwrapped && r.row.isWrapped(kind, b) {
		r.held, r.heldLine = append(r.held[:0], b...), r.src.lines
		return
	}
	switch kind {
	case rowNone:
		r.readOther(b)
	case rowBad:
		r.begin(false)
		r.cur.lines++
		r.cur.broken = cut
		r.cur.warning(syntaxError(r.row.line, b, "an interval with its transfer and rate"))
	case rowPassed:
	default:
		if r.row.side == 'C' {
			r.endPeer() // a client's rows of --bidir go on after the server's output
		}
		t := r.begin(false)
		if r.outer == nil && t.repeats(&r.row) {
			t = r.another()
		}
		t.lines++
		if t.async || r.isAsync(t) {
			t.async = true
			if len(t.waiting) > 0 && kind == rowData {
				t = r.waitOver(&r.row)
			}
			if kind == rowData && t.startsOver(&r.row) {
				t = r.follow()
				t.lines = 1
			}
			t.asyncRow(&r.row, kind)
		} else {
			t.syncRow(&r.row, kind)
		}
	}
}

// isAsync decides which of the two programs prints a test that has not said so: iperf 3 pads before "sec" and prints
// two decimals.
func (r *reader) isAsync(t *test) bool {
	switch t.rep.Program {
	case programIperf3:
		return false
	case programIperf2:
		return true
	}
	t.guessed = true
	row := &r.row
	sync := row.by != 0 || row.role != 0
	if !sync && row.decimals == 2 && !row.star && row.kind != labelMixed && row.enh.Has == 0 {
		// "0.00-1.00   sec" is iperf 3's, "0.00-1.00 sec" is iperf 2's.
		sync = r.wide || row.padded
	}
	if t.rep.Program = programIperf2; sync {
		t.rep.Program = programIperf3
	}
	return !sync
}

// becomeSync takes back the guess that the rows so far are iperf 2's.
func (t *test) becomeSync() {
	if !t.async || !t.guessed || len(t.conns) > 0 || len(t.flows) != 1 {
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
	t.rep.Program, t.async, t.guessed = programIperf3, false, false
}

// repeats reports whether a row of iperf 3 is another test's: it is a total that there is already, the rows so far were
// of a test in both directions, or it is an interval after the totals.
func (t *test) repeats(row *row) bool {
	if t.async || t.json {
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
			i, ok := f.index[streamKey{id: row.id}]
			if !ok {
				continue
			}
			s = f.streams[i]
		}
		if was := s.totals[k]; was != nil && (was.end != row.end || was.bytes != row.bytes || was.rate != row.rate) {
			return true
		}
	}
	return false
}

// syncRow takes a row of iperf 3.
func (t *test) syncRow(row *row, kind rowKind) {
	key := flowKey{class: classOnly}
	switch row.role {
	case 'T':
		key.class = classSends
	case 'R':
		key.class = classReceives
	}
	if row.side == 'C' {
		t.rep.Side = ClientSide
	} else if row.side == 'S' {
		t.rep.Side = ServerSide
	}
	f := t.flow(key)
	switch kind {
	case rowOutOfOrder:
		t.outOfOrderSync(f, row)
		return
	case rowData:
	default:
		return
	}
	c := &row.cell
	if row.hasBare {
		switch t.heading {
		case headingRetransmits:
			c.tcp.Has |= Retransmits
			c.tcp.Retransmits = row.bare
		case headingDatagrams, headingLoss:
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
			f.sumSync(c)
		} else {
			f.addSync(streamKey{id: row.id}, c)
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

// readSide takes a line that has only the side of a total: above the total, as before iperf 3.0.1, or what mail has
// wrapped of the line before. It is false when it is none.
func (t *test) readSide(b []byte) bool {
	k := totalSent
	switch string(b) {
	case "sender":
	case "receiver":
		k = totalReceived
	case "Sent", "Total sent":
		t.rep.Program, t.async, t.summary, t.section = programIperf3, false, true, 's'
		return true
	case "Received", "Total received":
		t.rep.Program, t.async, t.summary, t.section = programIperf3, false, true, 'r'
		return true
	default:
		return false
	}
	if s := t.wrapped; s != nil && s.totals[totalUnlabelled] != nil && s.totals[k] == nil {
		s.totals[k], s.totals[totalUnlabelled], s.lastTotal = s.totals[totalUnlabelled], nil, k
	} else if !t.summary && len(t.flows) > 0 {
		t.firstIsTotal(k)
	}
	t.wrapped = nil
	return true
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

// outOfOrderSync takes "[  5] 0.0-2.0 sec  53 datagrams received out-of-order", which stands beside the totals.
func (t *test) outOfOrderSync(f *flow, row *row) {
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

// readOther takes a line that has no numbers of traffic.
func (r *reader) readOther(b []byte) {
	b = bytes.TrimSpace(b)
	if len(b) == 0 {
		return
	}
	if r.cur != nil && !(r.cur.async && len(r.cur.flows) > 0) && r.cur.readSide(b[bytes.LastIndexByte(b, '>')+1:]) {
		return
	}
	if isRule(b) {
		if r.cur != nil {
			r.cur.becomeSync()
		}
		if t := r.cur; t != nil && !t.async {
			for _, f := range t.flows {
				f.closeAll()
			}
			t.ruled = true
		}
		return
	}
	if i := bytes.Index(b, []byte("] Interval")); i >= 0 {
		r.readHeading(b[i:])
		return
	}
	if hasPrefix(b, "Interval  ") && bytes.Contains(b, []byte("Transfer ")) {
		r.readHeading(b)
		return
	}
	if bytes.Contains(b, []byte("[ ID] Burst (start-end)")) {
		t := r.begin(false)
		t.rep.Program, t.async, t.bursts = programIperf2, true, true
		return
	}
	if r.readBanner(b) {
		return
	}
	if r.cur != nil && r.cur.usage {
		return
	}
	if err := classifyLine(b); err != nil {
		if r.first > 1 && (r.cur == nil || r.cur.lines == 0) || r.cur == nil && r.given+len(r.ready) > 0 {
			return // said after a test and before the next
		}
		t := r.begin(false)
		t.lines++
		t.fail(err)
		return
	}
	r.other++
}

// isRule reports whether b is one of the lines that iperf 3 draws between intervals.
func isRule(b []byte) bool {
	return hasPrefix(b, "- - - - -") || bytes.HasSuffix(b, []byte("- - - - -"))
}

func (r *reader) readHeading(b []byte) {
	t := r.begin(false)
	if r.outer == nil && !t.async && !t.ruled && t.total() {
		t = r.another()
	}
	t.lines++
	r.wide = bytes.Contains(b, []byte("Interval           "))
	switch {
	case bytes.Contains(b, []byte("Lost/Total")):
		t.heading = headingLoss
	case bytes.Contains(b, []byte("Datagrams")):
		t.heading = headingDatagrams
	case bytes.Contains(b, []byte("Retr")):
		t.heading = headingRetransmits
	default:
		t.heading = headingPlain
	}
	if t.async {
		return
	}
	if t.ruled || t.gathered() && !t.mirrored {
		t.summary = true // a second heading is the summary's, also where the line above it was lost
	}
	t.ruled = false
	if t.summary {
		return
	}
	switch t.heading {
	case headingLoss:
		t.rep.Protocol = ProtocolUDP
	case headingDatagrams:
		t.rep.Protocol = ProtocolUDP
		t.sendsHere = true
	case headingRetransmits:
		t.rep.Protocol = ProtocolTCP
		t.sendsHere = true
	}
}

// The programs' names in a report.
const (
	programIperf2 = "iperf"
	programIperf3 = "iperf3"
)

// iperfTime is how both programs print a time.
const iperfTime = "Mon, 02 Jan 2006 15:04:05 MST"

func parseTime(b []byte) time.Time {
	at, err := time.Parse(iperfTime, string(b))
	if err != nil {
		return time.Time{}
	}
	return at.UTC()
}
