package report

import (
	"bytes"
	"io"
)

// Logs put something before every line, of JSON as of everything else: a time, a name, "> ". In text that is passed
// over; a document or a row of CSV has to be found behind it.

// readBehind reads a document, a row of CSV or a text that stands behind something else on a line that is no row. It
// is false when there is none.
func (r *reader) readBehind(b []byte) bool {
	if i := bytes.IndexByte(b, '{'); i > 0 {
		rest := b[i+1:]
		rest = rest[spaces(rest):]
		switch {
		case len(rest) == 0:
			r.before = append(r.before[:0], bytes.TrimRight(b[:i], " \t")...) // the next line tells
			return false
		case isMember(rest):
			r.readJSON(i)
			return true
		}
	}
	if i := bytes.IndexByte(b, ','); i > 0 {
		if j := bytes.LastIndexAny(b[:i], " \t\"'"); j >= 0 && (r.readCSV(b[j+1:]) || r.readCSVHeader(b[j+1:])) {
			return true
		}
	}
	if bytes.IndexByte(b, '\\') >= 0 && bytes.Contains(b, []byte("\\n")) && bytes.Contains(b, []byte("bits/sec")) {
		text := bytes.ReplaceAll(b, []byte("\\r"), nil)
		text = bytes.ReplaceAll(text, []byte("\\n"), []byte("\n"))
		r.within(append(text, '\n'))
		return true
	}
	return false
}

// isMember reports whether b begins with a member of one of iperf 3's documents.
func isMember(b []byte) bool {
	for _, name := range [...]string{"start", "event", "intervals", "end", "error", "title", "extra_data"} {
		if len(b) > len(name)+2 && b[0] == '"' && hasPrefix(b[1:], name) && b[len(name)+1] == '"' {
			return true
		}
	}
	return false
}

// readAfterBrace reads a document of which the line before had only the brace, behind something that may stand before
// its other lines, too.
func (r *reader) readAfterBrace(b []byte) bool {
	prefix := r.before
	r.before = r.before[:0]
	n := len(prefix)
	if !sameForm(b, prefix) {
		n = 0
	}
	at := n + spaces(b[n:])
	if !isMember(b[at:]) {
		return false
	}
	r.src.back(0)
	was := r.src
	r.src = source{r: &unprefixed{src: &was, prefix: bytes.Clone(prefix[:n])}, lines: was.lines, encoding: encodingUTF8}
	if d := newDocument(r, scanner{source: &r.src}); r.peerNext {
		r.peerNext = false
		d.t = r.begin(false)
		d.peerMembers()
	} else {
		d.members()
	}
	was.lines = r.src.lines
	r.src = was
	return true
}

// An unprefixed gives the lines of a source without what stands before each, one at a time.
type unprefixed struct {
	src    *source
	prefix []byte
	line   []byte // what is not read yet
}

func (u *unprefixed) Read(p []byte) (int, error) {
	if len(u.line) == 0 {
		b, ok := u.src.line()
		if !ok {
			return 0, io.EOF
		}
		if sameForm(b, u.prefix) {
			b = b[len(u.prefix):]
		}
		u.line = append(append(u.line, b...), '\n')
	}
	n := copy(p, u.line)
	u.line = u.line[n:]
	return n, nil
}

// sameForm reports whether b begins as prefix does, any digit being like another.
func sameForm(b, prefix []byte) bool {
	if len(b) < len(prefix) {
		return false
	}
	for i, c := range prefix {
		if b[i] != c && (b[i]-'0' > 9 || c-'0' > 9) {
			return false
		}
	}
	return true
}
