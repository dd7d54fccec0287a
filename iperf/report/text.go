package report

import (
	"bytes"
	"time"

	"github.com/tunaperf/tuna/iperf/report/internal/scan"
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

// longRow is longer than a row is as a rule. What is longer may have another output within it.
const longRow = 160

// readLine takes one line of text.
func (r *reader) readLine(b []byte) {
	r.row.line = r.src.Lines
	if len(r.titles) > 0 {
		r.turnTo(b)
	}
	if len(r.before) > 0 && r.readAfterBrace(b) {
		return
	}
	if len(r.held) > 0 {
		var whole bool
		if b, whole = r.unwrap(b); whole {
			r.readRow(b, r.src.IsCut(), true)
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
	r.readRow(withoutEnd(b), r.src.IsCut(), false)
}

// readRow takes a line of text, of which cut says that it may have lost its end, and unwrapped that it has got it back.
func (r *reader) readRow(b []byte, cut, unwrapped bool) {
	kind := r.row.parse(b, cut)
	if kind == rowNone || kind == rowBad || kind == rowPassed {
		if kind == rowNone && len(b) <= longRow && !unwrapped && r.readBehind(b) {
			return
		}
		if plain, ok := tidied(b); ok {
			b = plain
			kind = r.row.parse(b, cut)
		}
		if kind == rowNone && bytes.HasSuffix(b[:min(len(b), bytes.Index(b, []byte("/sec"))+len("/sec"))], []byte("s/sec")) {
			// Of an iperf that prints no ids.
			r.row.reset(r.src.Lines)
			if r.row.parseAfterLabel(b, cut) == rowData {
				kind = rowData
			}
		}
	}
	if (kind == rowBad || kind == rowData && r.row.isWrapped(b)) && !cut && !unwrapped {
		r.held, r.heldLine = append(r.held[:0], b...), r.src.Lines
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
		if len(r.pending) > 0 {
			r.releaseBanner(false)
		}
		if t := r.cur; t != nil && t.csv.seen && r.outer == nil && kind == rowData && !t.reports(&r.row) {
			r.end()
		}
		t := r.begin(false)
		if (r.row.by != 0 || t.labelled) && r.outer == nil && t.repeats(&r.row) {
			t = r.another()
		}
		t.lines++
		if t.iperf2 || t.rep.Program != programIperf3 && r.isIperf2(t) {
			t.iperf2 = true
			if len(t.waiting) > 0 && kind == rowData {
				t = r.waitOver(&r.row)
			}
			if kind == rowData && t.startsOver(&r.row) {
				t = r.follow()
				t.lines = 1
			}
			if len(r.chain) > 0 && kind == rowData && r.row.kind == labelSum {
				t = r.joinParts(t, &r.row.cell)
			}
			t.iperf2Row(&r.row, kind)
		} else {
			t.iperf3Row(&r.row, kind)
		}
	}
}

// isIperf2 decides which of the two programs prints a test that has not said so: iperf 3 pads before "sec" and prints
// two decimals.
func (r *reader) isIperf2(t *test) bool {
	switch t.rep.Program {
	case programIperf3:
		return false
	case programIperf2:
		return true
	}
	t.guessed = true
	row := &r.row
	three := row.by != 0 || row.role != 0
	if !three && row.decimals == 2 && !row.star && row.kind != labelMixed && row.enh.Has == 0 {
		// "0.00-1.00   sec" is iperf 3's, "0.00-1.00 sec" is iperf 2's.
		three = r.wide || row.padded
	}
	if t.rep.Program = programIperf2; three {
		t.rep.Program = programIperf3
	}
	return !three
}

// readOther takes a line that has no numbers of traffic.
func (r *reader) readOther(b []byte) {
	b = bytes.TrimSpace(b)
	if len(b) == 0 || len(r.pending) > 0 && r.waitBanner(b) {
		return
	}
	if r.cur != nil && !(r.cur.iperf2 && len(r.cur.flows) > 0) && r.cur.readSide(bytes.TrimLeft(b, "> \t")) {
		return
	}
	if isRule(b) {
		if r.cur != nil {
			r.cur.becomeIperf3()
		}
		if t := r.cur; t != nil && !t.iperf2 {
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
	if scan.HasPrefix(b, "Interval  ") && bytes.Contains(b, []byte("Transfer ")) {
		r.readHeading(b)
		return
	}
	if bytes.Contains(b, []byte("[ ID] Burst (start-end)")) {
		t := r.begin(false)
		t.rep.Program, t.iperf2, t.bursts = programIperf2, true, true
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
	return scan.HasPrefix(b, "- - - - -") || bytes.HasSuffix(b, []byte("- - - - -"))
}

func (r *reader) readHeading(b []byte) {
	t := r.begin(false)
	if r.outer == nil && !t.iperf2 && !t.ruled && t.total() {
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
	if t.iperf2 {
		return
	}
	if t.ruled || t.gathered() && !t.mirrored {
		// A second heading is the summary's, also where the line above it was lost.
		t.unruled = !t.ruled && !t.summary
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
