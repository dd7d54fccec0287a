package report

import (
	"bytes"

	"github.com/tunaperf/tuna/iperf/report/internal/scan"
)

// Mail and narrow terminals wrap long lines. A row that may go on in the next line is held until
// that line tells. Rows that seem whole are held, too, once a line has shown that lines are
// wrapped.

// isWhole reports whether a row stands alone on its line, with all of its columns. Most rows do.
func (r *row) isWhole(b []byte) bool {
	last := b[len(b)-1]
	return !r.behind && !r.odd && (r.padded || last != ' ' && last != '\t') && last != '=' &&
		(r.delay < 0 || r.udp.Has.Has(Packets)) && (r.enh.Has == 0 || !r.mayLackUnit())
}

// mayLackUnit reports whether the number that a row ends with may be of the datagrams a second,
// whose unit is in the next line.
func (r *row) mayLackUnit() bool {
	return r.kind == labelStream && r.enh.Has.Has(Writes) && r.tcp.Has == Retransmits
}

// isWrapped reports whether a row seems to go on in the next line: it ends as lines do that mail
// has broken, or lacks the end of a column.
func (r *row) isWrapped(b []byte) bool {
	switch last := b[len(b)-1]; {
	case last == '=', !r.padded && (last == ' ' || last == '\t'): // iperf 3 ends rows with spaces itself
		return true
	case r.odd, r.mayLackUnit():
		b = bytes.TrimRight(b, " \t")
		return b[len(b)-1]-'0' <= 9 // an amount without its unit, or datagrams without theirs
	}
	return r.isLossCut(b)
}

// isWrappedConn reports whether a line introduces a connection and seems to go on in the next line.
func isWrappedConn(b []byte) bool {
	i := bytes.Index(b, []byte("] local "))
	if i < 0 {
		return false
	}
	b = b[i:]
	peer := b[bytes.Index(b, []byte(" connected "))+1:]
	return b[len(b)-1] == ' ' || bytes.Count(b, []byte("(")) > bytes.Count(b, []byte(")")) || intAfter(peer, " port ") == 0
}

// isLossCut reports whether a row ends after the jitter, or before the percentage of the loss.
func (r *row) isLossCut(b []byte) bool {
	if r.delay < 0 || r.udp.Has.Has(Packets) {
		return false
	}
	b = bytes.TrimRight(b, " \t")
	word := b[bytes.LastIndexAny(b, " \t")+1:]
	return string(word) == "ms" || r.enh.Has.Has(Writes)
}

// hold keeps a row until the next line tells whether it goes on there.
func (r *reader) hold(b []byte) {
	r.held, r.heldLine = append(r.held[:0], b...), r.src.Lines
}

// unwrap decides with the next line what the row is that is held. It reports whether it took that
// line.
func (r *reader) unwrap(b []byte) bool {
	held := bytes.TrimRight(r.held, " ")
	next := bytes.TrimLeft(b, " >\t")
	if len(next) == 0 && b != nil {
		return true // mail may be double-spaced
	}
	soft := bytes.HasSuffix(held, []byte("="))
	conn := isWrappedConn(r.held) || r.wraps && bytes.Contains(held, []byte("] local "))
	histogram := bytes.Contains(held, []byte(histogramMark))
	if histogram && isHistogramPart(next) || (soft || conn) && len(next) > 0 && bytes.IndexByte(next, '[') < 0 && !startsItem(next) || isContinuation(next) {
		joined := bytes.TrimSuffix(held, []byte("="))
		if soft {
			next = b // in the midst of a word, perhaps
		} else {
			joined = append(joined, ' ')
		}
		r.held = append(joined, next...)
		if r.wraps || conn || histogram {
			return true // it may go on once more
		}
		b = nil
	}
	alone := bytes.Clone(r.held)
	r.held = r.held[:0]
	line := r.row.line
	r.row.line = r.heldLine
	r.readText(alone, r.src.IsCut() && b == nil, true)
	r.row.line = line
	return b == nil
}

// isContinuation reports whether a line can be the rest of a row.
func isContinuation(b []byte) bool {
	b = bytes.TrimRight(b, " ")
	if len(b) == 0 || bytes.ContainsAny(b, "[,{") {
		return false
	}
	digits := bytes.TrimPrefix(b, []byte("-"))
	if (len(digits) == 0 || digits[0]-'0' > 9) && b[0] != '(' && !beginsWithUnit(b) &&
		!scan.HasPrefix(b, "sec ") && !scan.HasPrefix(b, "NA/") {
		return false
	}
	for word := range bytes.FieldsSeq(b) {
		colon, dash := bytes.IndexByte(word, ':'), bytes.LastIndexByte(word, '-')
		if colon >= 0 && bytes.IndexByte(word[:colon], '=') < 0 || dash > 0 && word[dash-1]-'0' <= 9 {
			return false // a time or a date
		}
	}
	return true
}

// isColumns reports whether a line after a row can only be the rest of it.
func isColumns(b []byte) bool {
	b = bytes.TrimSpace(bytes.TrimLeft(b, " >\t"))
	if string(b) == "(omitted)" || string(b) == "pps" {
		return true
	}
	if !isContinuation(b) {
		return false
	}
	n := scan.Word(b)
	rest := b[n+scan.Spaces(b[n:]):]
	return bytes.ContainsAny(b[:n], "/=") || beginsWithUnit(b) || beginsWithUnit(rest)
}

// headingEnds are what the rest of a heading begins with if it is wrapped.
var headingEnds = []string{
	"Cwnd", "InF(pkts)/Cwnd", "InF/Cwnd", "Retr", "Rtry", "NetPwr", "Datagrams", "Lost/Total", "Jitter ", "Latency avg",
	"Burst Latency", "avg/min/max/stdev", "(cnt/size)", "inP ", "Reads=Dist", "Reads ", "Dist(bin", "PPS", "Write/Err", "Err ",
}

// isHeadingEnd reports whether a line is the rest of a heading.
func isHeadingEnd(b []byte) bool {
	b = bytes.TrimLeft(b, " >\t")
	for _, s := range headingEnds {
		if scan.HasPrefix(b, s) {
			return true
		}
	}
	return false
}
