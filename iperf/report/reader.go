package report

import (
	"bytes"

	"github.com/tunaperf/tuna/iperf/report/internal/lines"
	"github.com/tunaperf/tuna/iperf/report/internal/scan"
)

// A reader reads one output in three steps:
//
//	bytes → package lines → clean lines, or tokens of JSON
//	      → recognition   → events: row.go and banner.go for text, csv.go for CSV, json.go for documents. Its only
//	                        state is a heading of columns.
//	      → assembly      → segment.go and what is named after it decide which test an event is of. That test takes it
//	                        in iperf2.go or iperf3.go into the flows of flow.go and group.go, and becomes a Report in
//	                        iperf2finish.go, iperf3finish.go and finish.go.
//
// The reader itself finds a line that is within another one, or goes on in the next: embedded.go
// and wrap.go.
type reader struct {
	src   *lines.Source
	tests segmenter
	row   row
	rows  event // of row, as most events are
	event event // any other

	fields   csvFields // of the last row of CSV
	time     []byte    // its time
	held     []byte    // a row without its end, which the next line may bring
	heldLine int       // its number
	wraps    bool      // lines are wrapped
	folds    int       // the width at which they are broken in the midst of words; 0: they are not
	rowLine  int       // the number of the last row's line
	rowEnd   byte      // the last byte of that line
	head     []byte    // the last heading
	headLine int       // its number
	record   record    // that is read
	before   []byte    // what stood before the brace that the last line ended with
	depth    int       // of a text within a text, or of a document within a document
	spare    *document // to be used again
}

func newReader(p *options, src *lines.Source) *reader {
	r := &reader{src: src, tests: segmenter{p: p, src: src}}
	r.rows = event{kind: eventRow, row: &r.row}
	return r
}

// next returns the next test, nil at the end.
func (r *reader) next() *test {
	for !r.tests.isReady() && r.step() {
	}
	return r.tests.next()
}

// step reads a line, or a document. It returns false at the end.
func (r *reader) step() bool {
	b, ok := r.src.Next()
	if !ok {
		if len(r.held) > 0 {
			r.unwrap(nil)
			return true
		}
		if len(r.record.text) > 0 && r.depth == 0 {
			r.record.read(r)
			return true
		}
		return false
	}
	if i := documentStart(b); i >= 0 {
		if len(r.held) > 0 {
			r.release(false)
		}
		r.readJSON(i)
		return true
	}
	if r.src.TooLong {
		r.tests.begin(false).warning(syntaxError(r.src.Lines, b, "a line of at most 64 KiB"))
	}
	r.readLine(b)
	if r.src.HasZeros(b) {
		r.tests.begin(false).warning(syntaxError(r.src.Lines, b, "a line without bytes of zero"))
	}
	r.tests.endDone()
	return true
}

// within reads text that is within a line or a string.
func (r *reader) within(text []byte) {
	if r.depth == maxDepth {
		return
	}
	outer := r.src
	r.src = outer.Within(text)
	r.depth++
	for r.step() {
	}
	r.depth--
	r.src = outer
}

// maxDepth is how deep texts and documents may be within each other.
const maxDepth = 8

// longRow is longer than a row is as a rule. What is longer may have another output within it.
const longRow = 160

// readLine recognises one line of text.
func (r *reader) readLine(b []byte) {
	r.row.line = r.src.Lines
	if len(r.tests.aside) > 0 || r.tests.doubt > 0 {
		if len(r.held) > 0 && len(r.tests.aside) > 0 {
			r.unwrap(nil) // it is of the current output, b perhaps of another
		}
		r.tests.turnTo(b)
	}
	if len(r.before) > 0 && r.readAfterBrace(b) {
		return
	}
	if len(r.held) > 0 && r.unwrap(b) {
		return
	}
	if len(b) > 0 && b[0]-'0' <= 9 || len(b) > 5 && (b[0] == '+' || b[0] == '-') && b[5] == ':' {
		if r.readCSV(b, r.src.NoEnd, nil, 0) {
			return
		}
	}
	if len(b) > 0 && b[0] == 't' && r.readCSVHeader(b) {
		return
	}
	if isRule(b) {
		r.event = event{kind: eventRule}
		r.tests.take(&r.event)
		return
	}
	if len(b) > longRow && r.readBehind(b) {
		return
	}
	r.readText(withoutEnd(b), r.src.IsCut(), false)
}

// mayHaveMore reports whether a line may have more than what was recognised of it.
func (r *reader) mayHaveMore(kind rowKind, b []byte) bool {
	switch kind {
	case rowData:
		return r.row.behind || r.row.odd
	case rowNone, rowBad:
		return true
	case rowOutOfOrder:
		return !bytes.HasSuffix(b, []byte("out-of-order"))
	}
	return bytes.IndexByte(b[bytes.IndexByte(b, '[')+1:], '[') >= 0
}

// isRule reports whether a line is the one that iperf 3 draws after an interval, and nothing else.
func isRule(b []byte) bool {
	const rule = "- - - - - - - - - - - - - - - - - - - - - - - - -"
	return len(b) > 0 && b[0] == '-' && string(b) == rule
}

// readText recognises a line of text and hands it to its test. cut says that it may have lost its
// end, unwrapped that it got it back.
func (r *reader) readText(b []byte, cut, unwrapped bool) {
	kind := r.row.parse(b, cut)
	if kind == rowData && !r.wraps && r.row.isWhole(b) {
		r.rowLine, r.rowEnd = r.row.line, b[len(b)-1]
		r.tests.takeRow(&r.row, rowData)
		return
	}
	if kind == rowNone || r.row.behind && bytes.IndexByte(b, '{') >= 0 {
		if len(b) <= longRow && !unwrapped && r.readBehind(b) {
			return
		}
	}
	if r.mayHaveMore(kind, b) && r.split(b, cut) {
		return
	}
	if kind != rowData && bytes.IndexByte(b, '\t') >= 0 {
		plain := untabbed(b)
		was := kind
		if kind = r.row.parse(plain, cut); kind != was || kind == rowHistogram {
			b = plain
		}
	}
	if kind == rowNone || kind == rowBad || kind == rowPassed {
		if plain, ok := tidied(b); ok {
			b = plain
			if r.split(b, cut) {
				return
			}
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
	if (kind == rowBad || kind == rowData && (r.wraps || r.row.isWrapped(b)) || kind == rowHistogram && (r.wraps || r.row.histogram == nil)) &&
		!cut && !unwrapped {
		r.hold(b)
		return
	}
	e := &r.event
	switch kind {
	case rowNone:
		if !cut && !unwrapped && (isWrappedConn(b) || hasTags(b)) {
			r.wraps = r.wraps || isWrappedConn(b) && b[len(b)-1] == ' '
			r.hold(b)
			return
		}
		if b = bytes.TrimSpace(b); len(b) == 0 {
			return
		}
		if len(r.head) > 0 && r.row.line-r.headLine <= 2 && isHeadingEnd(b) {
			r.wraps = true
			b = append(append(bytes.Clone(r.head), ' '), b...)
		}
		if !r.wraps && r.rowLine > 0 && r.row.line-r.rowLine <= 2 && isColumns(b, r.rowEnd-'0' <= 9) {
			r.wraps = true
			r.tests.begin(false).warn(r.row.line, "the columns that are on a line after that of their row are left out")
		}
		*e = event{text: b, line: r.row.line}
		e.recognise()
		if e.kind == eventOther && bytes.IndexByte(b, '\t') >= 0 {
			*e = event{text: untabbed(b), line: r.row.line}
			if e.recognise(); e.title != nil {
				e.title = b[e.titleAt : e.titleAt+len(e.title)] // as it stands before other lines
			}
		}
		if e.kind == eventHeading {
			r.head, r.headLine = append(r.head[:0], b...), r.row.line
		}
	case rowBad:
		*e = event{kind: eventBadRow, row: &r.row, text: b, line: r.row.line, cut: cut}
	case rowPassed:
		return
	case rowHistogram:
		if r.row.histogram == nil {
			r.tests.begin(false).warning(syntaxError(r.row.line, b, "a histogram"))
			return
		}
		fallthrough
	default:
		e = &r.rows
		e.rowKind, r.rowLine, r.rowEnd = kind, r.row.line, b[len(b)-1]
	}
	r.tests.take(e)
}

// recognise recognises a line that is no row.
func (e *event) recognise() {
	b := e.text
	if e.readSide(bytes.TrimLeft(b, "> \t")) {
		return
	}
	if scan.HasPrefix(b, "- - - - -") || bytes.HasSuffix(b, []byte("- - - - -")) {
		e.kind = eventRule
		return
	}
	heading := bytes.Index(b, []byte("] Interval"))
	if heading < 0 && scan.HasPrefix(b, "Interval  ") && bytes.Contains(b, []byte("Transfer ")) {
		heading = 0
	}
	if heading >= 0 {
		e.readHeading(b[heading:])
		return
	}
	if bytes.Contains(b, []byte("[ ID] Burst (start-end)")) {
		e.kind = eventBursts
		return
	}
	if e.recogniseBanner(b) {
		return
	}
	if e.err = classifyLine(b); e.err != nil {
		e.kind = eventFailure
	} else if isOddity(b) {
		e.kind = eventOddity
	}
}

// heading is what the last line of column names says about the numbers that have no unit.
type heading uint8

const (
	headingNone        heading = iota
	headingPlain               // transfer and rate only
	headingRetransmits         // Retr
	headingDatagrams           // Total Datagrams
	headingLoss                // Jitter, Lost/Total
)

func (e *event) readHeading(b []byte) {
	e.kind, e.wide = eventHeading, bytes.Contains(b, []byte("Interval           "))
	switch {
	case bytes.Contains(b, []byte("Lost/Total")):
		e.heading = headingLoss
	case bytes.Contains(b, []byte("Datagrams")):
		e.heading = headingDatagrams
	case bytes.Contains(b, []byte("Retr")):
		e.heading = headingRetransmits
	default:
		e.heading = headingPlain
	}
}

// readSide recognises a line that has only the side of a total: above the total, as before iperf
// 3.0.1, or what mail has wrapped of the line before.
func (e *event) readSide(b []byte) bool {
	const indent = "      "
	for _, side := range [...]struct {
		text  string
		side  byte
		above bool
	}{
		{"Sent", 's', true}, {"Total sent", 's', true}, {"Received", 'r', true}, {"Total received", 'r', true},
		{"sender", 's', false}, {"receiver", 'r', false},
	} {
		if string(b) == side.text || side.above && bytes.HasSuffix(b, []byte(indent+side.text)) {
			e.kind, e.side, e.above = eventSide, side.side, side.above
			return true
		}
	}
	return false
}
