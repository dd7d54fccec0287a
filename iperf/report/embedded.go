package report

import (
	"bytes"

	"github.com/tunaperf/tuna/iperf/report/internal/lines"
	"github.com/tunaperf/tuna/iperf/report/internal/scan"
)

// Logs put something before every line, of JSON as of everything else: a time, a name, "> ". In
// text that is passed over; a document or a row of CSV has to be found behind it.

// readBehind reads a document, a row of CSV or a text that stands behind something else on a line
// that is no row. It returns false if there is none.
func (r *reader) readBehind(b []byte) bool {
	if i := bytes.IndexByte(b, '{'); i > 0 {
		rest := b[i+1:]
		rest = rest[scan.Spaces(rest):]
		switch {
		case len(rest) == 0:
			r.before = append(r.before[:0], bytes.TrimRight(b[:i], " \t")...) // the next line tells
			return false
		case isMember(rest), isName(rest) && (isOutput(rest) || brackets(b[i:]) == 0):
			r.readJSON(i)
			return true
		}
	}
	if bytes.IndexByte(b, '\\') >= 0 && bytes.Contains(b, []byte("\\n")) {
		if text := unescaped(nil, b); isOutput(text) {
			r.within(append(text, '\n'))
			return true
		}
	}
	if r.readRows(b, r.src.NoEnd) {
		return true
	}
	if i := bytes.IndexByte(b, ','); i > 0 {
		j := bytes.LastIndexAny(b[:i], " \t\"'")
		return j >= 0 && r.readCSV(b[j+1:], r.src.NoEnd, nil, 0)
	}
	return false
}

// isMember reports whether b begins with a member of one of iperf 3's documents.
func isMember(b []byte) bool {
	for _, name := range [...]string{"start", "event", "intervals", "end", "error", "title", "extra_data"} {
		if len(b) > len(name)+2 && b[0] == '"' && scan.HasPrefix(b[1:], name) && b[len(name)+1] == '"' {
			return true
		}
	}
	return false
}

// readAfterBrace reads a document of which the line before had only the brace, behind something
// that may stand before its other lines, too.
func (r *reader) readAfterBrace(b []byte) bool {
	prefix := r.before
	r.before = r.before[:0]
	n := len(prefix)
	if !lines.SameForm(b, prefix) {
		n = 0
	}
	at := n + scan.Spaces(b[n:])
	opens := len(prefix) > 0 && bytes.IndexByte([]byte(">=:,(["), prefix[len(prefix)-1]) >= 0
	if !isMember(b[at:]) && !(opens && isName(b[at:])) {
		return false
	}
	outer := r.src
	r.src = outer.Without(prefix[:n])
	if d := newDocument(r, lines.Scanner{Source: r.src}); r.tests.beginDocument() {
		d.peerMembers()
	} else {
		d.members()
	}
	outer.Lines = r.src.Lines
	r.src = outer
	return true
}
