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
	b = withoutEnd(b)
	kind := r.row.parse(b, r.src.noEnd || r.src.tooLong)
	if kind == rowNone && len(b) <= longRow && r.readBehind(b) {
		return
	}
	if kind == rowNone || kind == rowBad || kind == rowPassed {
		if plain, ok := tidied(b); ok {
			b = plain
			kind = r.row.parse(b, r.src.noEnd || r.src.tooLong)
		}
	}
	switch kind {
	case rowNone:
		r.readOther(b)
	case rowBad:
		r.begin(false)
		r.cur.lines++
		r.cur.broken = r.src.noEnd
		r.cur.warning(syntaxError(r.src.lines, b, "an interval with its transfer and rate"))
	case rowPassed:
	default:
		if r.row.side == 'C' {
			r.endPeer() // a client's rows of --bidir go on after the server's output
		}
		t := r.begin(false)
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
	isSum := row.kind == labelSum
	k := totalUnlabelled
	switch {
	case row.by == 's':
		k = totalSent
	case row.by == 'r':
		k = totalReceived
	case !t.summary:
		if isSum {
			f.sumSync(c)
		} else {
			f.addSync(streamKey{id: row.id}, c)
		}
		return
	}
	f.closeAll()
	if isSum {
		f.total(&f.sum, k, c)
	} else {
		f.total(f.stream(streamKey{id: row.id}), k, c)
	}
}

// outOfOrderSync takes "[  5] 0.0-2.0 sec  53 datagrams received out-of-order", which stands beside the totals.
func (t *test) outOfOrderSync(f *flow, row *row) {
	s := &f.sum
	if row.kind != labelSum {
		s = f.stream(streamKey{id: row.id})
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
	if isRule(b) {
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
	if t.ruled {
		t.summary = true
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
