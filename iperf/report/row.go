package report

import (
	"bytes"
	"time"

	"github.com/tunaperf/tuna/iperf/report/internal/scan"
)

// A label says whose row a row is: what stands between its brackets.
type label struct {
	id   int
	kind labelKind
	star bool // iperf 2 marks the traffic from server to client with it
	role byte // iperf 3's --bidir: 'T' or 'R', for what this end does; 0: not there
	side byte // 'C' or 'S', with role
}

type labelKind uint8

const (
	labelStream labelKind = iota
	labelSum
	labelMixed  // both directions of one connection: FD1
	labelHeader // of the columns: ID
	labelOther
)

// A row is a line of text, or of CSV, with numbers in it.
type row struct {
	label
	cell
	by        byte  // 's' or 'r': iperf 3 says that it is the sender's or the receiver's
	bare      int64 // a lone number, which the heading tells to be retransmits or datagrams
	hasBare   bool
	decimals  int           // of the interval's end
	delay     time.Duration // milliseconds that may be a jitter; negative: none
	padded    bool          // more than one space stands before "sec", as iperf 3 prints it
	histogram *Histogram    // rowHistogram; nil: it cannot be read
	either    bool          // CSV: its reads are writes if its end sends
	behind    bool          // something stands before it on its line
	odd       bool          // it has a column that no iperf prints

	last  interval // of the row before: parallel streams have the same
	parts parts    // of its last column that has slashes
}

// An interval is what a row begins with, such as "0.00-1.00   sec", and what it says.
type interval struct {
	text       [40]byte
	length     int // of the text; 0: none
	start, end time.Duration
	decimals   int
	padded     bool
}

type rowKind uint8

const (
	rowNone       rowKind = iota // not a row
	rowData                      // an interval with its numbers
	rowOutOfOrder                // "53 datagrams received out-of-order"
	rowSent                      // "Sent 893 datagrams"
	rowBad                       // an interval whose numbers cannot be read
	rowPassed                    // something without a rate
	rowHistogram                 // "T8-PDF: bin(w=100us):cnt(447)=1:447 …"
	rowReport                    // "Server Report:"
)

// parse reads a line of text into r. What stands before the brackets, such as a time or a title, is
// passed over. cut says that the line may have lost its end.
func (r *row) parse(line []byte, cut bool) rowKind {
	for at := 0; ; {
		if at == len(line) || line[at] != '[' {
			i := bytes.IndexByte(line[at:], '[')
			if i < 0 {
				return rowNone
			}
			at += i
		}
		l, n := parseLabel(line[at:])
		if n == 0 {
			at++
			continue
		}
		r.reset(r.line)
		if r.label = l; at > 0 {
			r.behind = true
			if text := quoted(line, at); text != nil {
				line = line[:at+len(text)]
			}
		}
		if kind := r.parseAfterLabel(line[at+n:], cut); kind != rowNone {
			return kind
		}
		at++
	}
}

// reset clears r for another line.
func (r *row) reset(line int) {
	r.label = label{}
	r.cell = cell{}
	r.line = line
	r.by, r.bare, r.hasBare, r.decimals, r.delay, r.padded, r.behind, r.odd = 0, 0, false, 0, 0, false, false, false
}

// parseLabel reads "[  5]", "[ *1]", "[SUM]", "[SUM-3]", "[FD1]", "[mytest(1)]", each perhaps
// followed by a role such as "[TX-C]". It gives the length, 0 when there is no label.
func parseLabel(b []byte) (l label, length int) {
	end := 1 + scan.Spaces(b[1:])
	if id, n := scan.Int(b[end:]); n > 0 && end+n+1 < len(b) && b[end+n] == ']' && b[end+n+1] == ' ' {
		return label{id: int(id)}, end + n + 1
	}
	end = 1
	for end < len(b) && b[end] != ']' {
		if end++; end > 64 {
			return label{}, 0
		}
	}
	if end >= len(b) {
		return label{}, 0
	}
	in := b[1:end]
	in = in[scan.Spaces(in):]
	if len(in) > 0 && in[0] == '*' {
		l.star = true
		in = in[1:]
	}
	switch id, n := scan.Int(in); {
	case n > 0 && n == len(in):
		l.id = int(id)
	case string(in) == "-1":
		l.kind = labelSum // of a histogram
	case string(in) == "ID":
		l.kind = labelHeader
	case isSumLabel(in):
		l.kind = labelSum
		if scan.HasPrefix(in, "SUM-cnt") {
			l.kind = labelHeader
		}
	case isMixedLabel(in):
		id, _ := scan.Int(in[2:])
		l.kind, l.id = labelMixed, int(id)
	default:
		// iperf 2 with a title: the number stands in parentheses.
		open := bytes.LastIndexByte(in, '(')
		if open < 0 || in[len(in)-1] != ')' {
			return label{}, 0
		}
		id, n := scan.Int(in[open+1:])
		if n == 0 || open+1+n != len(in)-1 {
			return label{}, 0
		}
		l.id = int(id)
	}
	length = end + 1
	if role := b[length:]; len(role) >= 6 && role[0] == '[' && role[2] == 'X' && role[3] == '-' && role[5] == ']' {
		l.role, l.side = role[1], role[4]
		length += 6
	}
	return l, length
}

// isSumLabel tells SUM, SUM-3 and the like from a title that begins so.
func isSumLabel(in []byte) bool {
	return scan.HasPrefix(in, "SUM") && (len(in) == len("SUM") || in[len("SUM")] == '-' || in[len("SUM")]-'0' <= 9)
}

// isMixedLabel tells FD1 from a title that begins so.
func isMixedLabel(in []byte) bool {
	if !scan.HasPrefix(in, "FD") {
		return false
	}
	_, n := scan.Int(in[len("FD"):])
	return n > 0 && n+len("FD") == len(in)
}

func (r *row) parseAfterLabel(b []byte, cut bool) rowKind {
	if r.kind == labelHeader {
		return rowNone
	}
	b = b[scan.Spaces(b):]
	if l := &r.last; l.length > 0 && len(b) > l.length && string(b[:l.length]) == string(l.text[:l.length]) {
		r.start, r.end, r.decimals, r.padded = l.start, l.end, l.decimals, l.padded
		b = b[l.length:]
	} else {
		n, kind := r.parseInterval(b)
		if kind != rowData {
			return kind
		}
		b = b[n:]
	}
	b = b[scan.Spaces(b):]
	var n int
	if r.bytes, n = scan.Bytes(b); n == 0 {
		return r.parseWithoutBytes(b)
	}
	b = b[n:]
	b = b[scan.Spaces(b):]
	rate, n := scan.Rate(b)
	if n == 0 {
		return rowBad
	}
	r.rate = BitRate(rate)
	return r.parseTail(b[n:], cut)
}

// parseInterval reads what a row begins with up to "sec" and gives its length; or it tells what
// else the row is.
func (r *row) parseInterval(b []byte) (length int, kind rowKind) {
	begin := b
	from, n := scan.Number(b)
	if n == 0 {
		switch {
		case scan.HasPrefix(b, "Sent "):
			v, n := scan.Int(b[len("Sent "):])
			if n == 0 || !scan.HasPrefix(b[len("Sent ")+n:], " datagrams") {
				return 0, rowNone
			}
			r.bare = v
			return 0, rowSent
		case scan.HasPrefix(b, "Server Report:"):
			return 0, rowReport
		}
		return 0, rowNone
	}
	b = b[n:]
	if len(b) == 0 || b[0] != '-' {
		return 0, rowNone
	}
	b = b[1:]
	b = b[scan.Spaces(b):]
	to, n := scan.Number(b)
	if n == 0 {
		return 0, rowNone
	}
	b = b[n:]
	if len(b) > 0 && b[0] == '(' {
		return 0, rowPassed // iperf 2's frames, each with its transit time
	}
	n = scan.Spaces(b)
	r.padded = n > 1
	b = b[n:]
	if !scan.HasPrefix(b, "sec") {
		return 0, rowNone
	}
	var ok, ok2 bool
	r.start, ok = from.Duration(scan.Seconds)
	r.end, ok2 = to.Duration(scan.Seconds)
	r.decimals = to.Frac
	if !ok || !ok2 || r.start < 0 && r.kind != labelSum {
		return 0, rowBad
	}
	length = len(begin) - len(b) + len("sec")
	if l := &r.last; length <= len(l.text) {
		l.length = copy(l.text[:], begin[:length])
		l.start, l.end, l.decimals, l.padded = r.start, r.end, r.decimals, r.padded
	}
	return length, rowData
}

// parseWithoutBytes tells the lines apart that have an interval and something else than a transfer
// after it.
func (r *row) parseWithoutBytes(b []byte) rowKind {
	v, n := scan.Int(b)
	if n == 0 {
		if len(b) == 0 {
			return rowBad
		}
		if isHistogram(b) {
			if h, ok := parseHistogram(b); ok {
				h.Start, h.End = r.start, r.end
				r.histogram = &h
			}
			return rowHistogram
		}
		return rowPassed
	}
	if scan.HasPrefix(b[n:], " datagrams ") && bytes.Contains(b, []byte("received out-of-o")) {
		r.bare = v
		return rowOutOfOrder
	}
	return rowBad
}
