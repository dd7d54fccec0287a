package report

import (
	"bytes"
	"hash/maphash"
	"slices"

	"github.com/tunaperf/tuna/iperf/report/internal/scan"
)

// Logs and the results of other programs hold what iperf printed in strings: all of it in one, a
// line in each of a list, or a line in each of many documents.

// other reads a member that is not iperf's. Before any that is, it may hold what iperf printed.
func (d *document) other(key string) {
	switch c := d.Peek(); {
	case d.tests.doc != nil || d.r.depth == maxDepth || c != '{' && c != '[' && c != '"':
		d.Skip()
	case c == '"':
		d.text(key, d.Text())
	case c == '[':
		d.r.depth++
		d.Enter()
		d.list(key)
		d.r.depth--
	default:
		d.r.depth++
		in := newDocument(d.r, d.Scanner)
		in.texts = append(in.texts, d.texts...)
		in.Enter()
		in.members()
		d.r.depth--
		d.Leave(&in.Scanner)
		d.found = d.found || in.found
	}
}

// list reads a list that is not iperf's. Its strings are lines of one text.
func (d *document) list(key string) {
	var text []byte
	for d.More(']') {
		if d.Peek() == '"' && len(text) < maxRecord {
			text = append(append(text, d.Text()...), '\n')
			continue
		}
		d.text(key, text)
		text = nil
		d.other(key)
	}
	d.text(key, text)
}

// text reads a string if it is what iperf printed. It does not read one again that is in the same
// document twice, as a text and as a list of lines.
func (d *document) text(key string, s []byte) {
	if d.r.record.take(d.r, key, s) {
		d.found = true
		return
	}
	if !isOutput(s) {
		return
	}
	d.found = true
	if h := maphash.Bytes(textSeed, bytes.TrimRight(s, "\n")); !slices.Contains(d.texts, h) {
		d.texts = append(d.texts, h)
		d.r.within(append(bytes.Clone(s), '\n'))
	}
}

var textSeed = maphash.MakeSeed()

// isOutput reports whether a string of another program's is something that iperf printed.
func isOutput(s []byte) bool {
	if bytes.Contains(s, []byte("bits/sec")) || bytes.Contains(s, []byte("bits_per_second")) {
		return true
	}
	for rest := s; ; rest = rest[1:] {
		i := bytes.IndexByte(rest, '{')
		if i < 0 {
			break
		}
		if rest = rest[i:]; isMember(bytes.TrimLeft(rest[1:], " \t\r\n")) {
			return true
		}
	}
	if at, _ := nextCSV(s, 0); at >= 0 {
		return true
	}
	_, ok := nextItem(s, 0)
	return ok
}

// A record is a document of iperf of which each line is a string of a document of its own, as in
// the logs of containers.
type record struct {
	key   string // of the strings
	text  []byte // its lines so far; empty: there is none
	open  int    // how many brackets are open
	lines int
}

// maxRecord is how much of a record or of a list is kept.
const maxRecord = 16 << 20

// take takes a string if it is a line of a record, which it reads when the record is whole.
func (c *record) take(r *reader, key string, s []byte) bool {
	line := bytes.TrimSpace(s)
	if len(c.text) == 0 {
		if string(line) != "{" {
			return false
		}
		*c = record{key: key, text: append(c.text, "{\n"...), open: 1, lines: 1}
		return true
	}
	if key != c.key {
		return false
	}
	if c.lines == 1 && !isName(line) {
		c.text = c.text[:0] // it is no document
		return false
	}
	c.lines++
	c.text = append(append(c.text, line...), '\n')
	if c.open += brackets(line); c.open <= 0 || len(c.text) > maxRecord {
		c.read(r)
	}
	return true
}

// read reads what came of a record.
func (c *record) read(r *reader) {
	text := c.text
	c.text = nil
	r.within(text)
}

// brackets returns how many more brackets a line of JSON opens than it closes.
func brackets(line []byte) (n int) {
	in := false
	for i := 0; i < len(line); i++ {
		switch c := line[i]; {
		case c == '\\':
			i++
		case c == '"':
			in = !in
		case in:
		case c == '{' || c == '[':
			n++
		case c == '}' || c == ']':
			n--
		}
	}
	return n
}

// isName reports whether b begins with the name of a member.
func isName(b []byte) bool {
	if len(b) == 0 || b[0] != '"' {
		return false
	}
	n := bytes.IndexByte(b[1:], '"')
	if n <= 0 || bytes.IndexByte(b[1:n+1], '\\') >= 0 {
		return false
	}
	rest := b[n+2:]
	rest = rest[scan.Spaces(rest):]
	return len(rest) > 0 && rest[0] == ':'
}
