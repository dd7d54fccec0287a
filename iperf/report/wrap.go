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
		if last := b[len(b)-1]; last-'0' <= 9 || last == '.' {
			return true // an amount without its unit, or datagrams without theirs
		}
		word := b[bytes.LastIndexAny(b, " \t")+1:]
		return beginsRole(word) || beginsUnit(word) || len(word) > 0 && word[0] == '('
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

// hasTags reports whether a line introduces a connection of iperf 2, which may have more behind its ports.
func hasTags(b []byte) bool {
	i := bytes.Index(b, []byte("] local "))
	return i >= 0 && bytes.Contains(b[i:], []byte(" connected with "))
}

// isTag reports whether a line can be the rest of one that introduces a connection.
func isTag(b []byte) bool {
	return len(b) > 3 && (b[0] == '(' || scan.HasPrefix(b, "on ") && b[3]-'0' <= 9)
}

// isRestOfPort reports whether a line can be the rest of one that introduces a connection and was broken within a port.
func isRestOfPort(b []byte) bool {
	_, n := scan.Int(b)
	return n > 0 && (n == len(b) || scan.HasPrefix(b[n:], " ("))
}

func isNumber(b []byte) bool {
	_, n := scan.Number(b)
	return n > 0 && n == len(b)
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

// maxJoined is how long a line may become of which the rest comes in others.
const maxJoined = 64 << 10

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
	tags := !conn && hasTags(r.held)
	switch {
	case len(r.held) > maxJoined:
		r.release(false)
		return false
	case tags && isTag(next):
		r.held = append(append(r.held, ' '), next...)
		return true
	case tags && isRestOfPort(b):
		r.held = append(r.held, b...)
		return true
	case !tags && !soft && !conn && !histogram && r.unfold(b):
		return true
	}
	if histogram && isHistogramPart(next) || (soft || conn) && len(next) > 0 && bytes.IndexByte(next, '[') < 0 && !startsItem(next) || !tags && isContinuation(next) {
		joined := bytes.TrimSuffix(held, []byte("="))
		if soft || conn && r.isFoldedConn(b) {
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
	r.release(r.src.IsCut() && b == nil)
	return b == nil
}

// release reads the row that is held as it is.
func (r *reader) release(cut bool) {
	alone := bytes.Clone(r.held)
	r.held = r.held[:0]
	line := r.row.line
	r.row.line = r.heldLine
	r.readText(alone, cut, true)
	r.row.line = line
}

// unfold joins the row that is held with the next line if that goes on in the midst of a word or a number, as it does where lines
// are broken at one width. It returns false if it does not, or if the line may as well begin with another column.
func (r *reader) unfold(b []byte) bool {
	if len(b) == 0 || b[0] == ' ' || b[0] == '\t' || bytes.IndexByte(b, '[') >= 0 {
		return false
	}
	width := len(r.held)
	if last := r.held[width-1]; last == ' ' || last == '\t' || leadingLetters(r.held[width-1:]) > 0 && b[0]-'0' <= 9 {
		return false // no number stands behind a letter
	}
	line := r.row.line
	isRow := func(text []byte) bool {
		return r.row.parse(text, false) == rowData && !r.row.odd && r.row.dropped == 0
	}
	folded := append(bytes.Clone(r.held), b...)
	isFolded := isRow(folded)
	isEither := isFolded && width != r.folds && isContinuation(b) && isRow(append(append(bytes.Clone(r.held), ' '), b...))
	r.row.line = line
	if isEither {
		if t := r.tests.begin(false); !t.torn {
			t.torn = true
			t.warn(r.heldLine, "a row is broken between what may be two columns or one, and is read as two")
		}
		return false
	}
	if isFolded {
		r.folds, r.wraps = width, true
		r.held = append(r.held[:0], folded...)
	}
	return isFolded
}

// isFoldedConn reports whether the line that is held, which introduces a connection, goes on with b in the midst of a word.
func (r *reader) isFoldedConn(b []byte) bool {
	if len(b) == 0 || b[0] == ' ' || b[0] == '\t' || r.held[len(r.held)-1] == ' ' {
		return false
	}
	open := bytes.LastIndexByte(r.held, '(')
	if open > bytes.LastIndexByte(r.held, ')') && !scan.HasPrefix(r.held[open:], "(peer") {
		return true // only this tag has a space
	}
	isWhole := func(space string) bool {
		text := append(append(bytes.Clone(r.held), space...), b...)
		i := bytes.Index(text, []byte(" connected "))
		return i >= 0 && (scan.HasPrefix(text[i:], " connected with ") || scan.HasPrefix(text[i:], " connected to ")) && intAfter(text[i:], " port ") > 0
	}
	return isWhole("") && !isWhole(" ")
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

// isColumns reports whether a line after a row can only be the rest of it. endsInDigit says that the row's line ends with
// a number, of which the line may have the end.
func isColumns(b []byte, endsInDigit bool) bool {
	b = bytes.TrimSpace(bytes.TrimLeft(b, " >\t"))
	if string(b) == "(omitted)" || string(b) == "pps" {
		return true
	}
	if !isContinuation(b) {
		return false
	}
	if bytes.ContainsAny(b[:scan.Word(b)], "/=") || bytes.Contains(b, []byte("%)")) || endsInDigit && isNumber(b) {
		return true
	}
	for word := range bytes.FieldsSeq(b) {
		if beginsWithUnit(word) {
			return true
		}
	}
	return false
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
