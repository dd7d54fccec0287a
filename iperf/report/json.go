package report

import (
	"bytes"

	"github.com/tunaperf/tuna/iperf/report/internal/lines"
	"github.com/tunaperf/tuna/iperf/report/internal/scan"
)

// documentStart returns the index at which a JSON document begins on a line, or -1.
func documentStart(b []byte) int {
	if len(b) > 1 && b[0] == '[' && b[1] != '{' {
		return -1 // mostly a row of text
	}
	i := 0
	for i < len(b) && (b[i] == ' ' || b[i] == '\t' || b[i] == '[' || b[i] == ',') {
		i++ // within an array
	}
	if i == len(b) || b[i] != '{' {
		return -1
	}
	rest := b[i+1:]
	rest = rest[scan.Spaces(rest):]
	if len(rest) == 0 || rest[0] == '"' || rest[0] == '}' {
		return i
	}
	return -1
}

// A document recognises the members of one JSON document, or one event of --json-stream.
type document struct {
	lines.Scanner
	r      *reader
	tests  *segmenter
	event  string // of --json-stream; empty: a document
	events string // the last of them, as most have the same name
	found  bool   // a document or a text within it was iperf's
	cell   jsonCell
}

// readJSON reads the document that begins at byte i of the last line.
func (r *reader) readJSON(i int) {
	d := r.spare
	if r.spare = nil; d == nil {
		d = newDocument(r, lines.Scanner{})
	}
	d.event, d.found, d.Source = "", false, r.src
	d.Document(i)
	if r.tests.beginDocument() {
		d.peerJSON()
	} else {
		d.Enter()
		d.members()
	}
	r.spare = d
	d.EndDocument()
}

func newDocument(r *reader, s lines.Scanner) *document {
	s.Warn = func(line int, text []byte, expected string) {
		if t := r.tests.doc; t != nil {
			t.warning(syntaxError(line, text, expected))
		}
	}
	return &document{Scanner: s, r: r, tests: &r.tests}
}

// members reads the document from its first member on.
func (d *document) members() {
	for d.More('}') {
		switch key := string(d.Key()); key {
		case "event":
			if name := d.Text(); string(name) != d.events {
				d.events = string(name)
			}
			d.event = d.events
		case "data":
			d.data()
		case "start", "intervals", "end", "error", "server_output_text", "server_output_json":
			d.tests.beginMember(key, d.event)
			d.member(key)
		default:
			d.other()
		}
	}
	isUnknown := d.event == "" && !d.found && d.r.depth == 0
	if d.tests.endDocument(d.event, d.Cut, d.Cut && isUnknown) {
		d.found = true
	}
}

// member reads a member of iperf's.
func (d *document) member(key string) {
	switch key {
	case "start":
		if start := d.start(); start != nil {
			d.tests.takeStart(start)
		}
	case "intervals":
		if d.Open('[') {
			for d.More(']') {
				d.interval()
			}
		}
	case "end":
		d.end()
	case "error":
		d.tests.doc.takeError(d.Text())
	case "server_output_text":
		d.peerText(d.Text())
	case "server_output_json":
		d.peerJSON()
	}
}

// data reads what an event of --json-stream brings.
func (d *document) data() {
	switch d.event {
	case "start", "end", "error", "server_output_text", "server_output_json":
		d.tests.beginMember(d.event, d.event)
		d.member(d.event)
	case "interval":
		d.tests.beginMember(d.event, d.event)
		d.interval()
	case "":
		d.other()
	default:
		d.Skip()
	}
}

// other reads a member that is not iperf's. Before any that is, it may hold what iperf printed, as
// the results of other programs do.
func (d *document) other() {
	switch c := d.Peek(); {
	case d.tests.doc != nil || d.r.depth == maxDepth || c != '{' && c != '[' && c != '"':
		d.Skip()
	case c == '"':
		if s := d.Text(); bytes.Contains(s, []byte("bits/sec")) || bytes.Contains(s, []byte("bits_per_second")) {
			d.found = true
			d.r.within(append(bytes.Clone(s), '\n'))
		}
	case c == '[':
		d.r.depth++
		for d.Enter(); d.More(']'); {
			d.other()
		}
		d.r.depth--
	default:
		d.r.depth++
		in := newDocument(d.r, d.Scanner)
		in.Enter()
		in.members()
		d.r.depth--
		d.Leave(&in.Scanner)
		d.found = d.found || in.found
	}
}

// interval reads one interval.
func (d *document) interval() {
	if !d.Open('{') {
		return
	}
	var sums [4]jsonCell
	n := 0
	for d.More('}') {
		key := d.Key()
		reverse := string(key) == "sum_bidir_reverse"
		switch {
		case string(key) == "streams":
			if d.Open('[') {
				for d.More(']') {
					if d.readCell() {
						d.tests.doc.takeStream(&d.cell)
					}
				}
			}
		case reverse, string(key) == "sum":
			if d.readCell() && n < len(sums) {
				sums[n], sums[n].reverse = d.cell, reverse
				n++
			}
		default:
			d.Skip()
		}
	}
	d.tests.doc.takeSums(sums[:n], d.Cut)
}

// peerText reads the server's own output, which came as a string.
func (d *document) peerText(text []byte) {
	in := newReader(d.tests.p, lines.New(bytes.NewReader(bytes.Clone(text))), d.tests.sums)
	in.tests.cur = in.tests.newPeer(d.tests.doc)
	if t := in.next(); t != nil && t.lines > 0 {
		d.tests.doc.rep.Peer, _ = t.finish()
	}
}

// peerJSON reads the server's own output, which came as a document within this one.
func (d *document) peerJSON() {
	if d.Peek() != '{' {
		d.Skip()
		return
	}
	d.Enter()
	d.peerMembers()
}

// peerMembers reads that document from its first member on.
func (d *document) peerMembers() {
	outer := d.tests.beginPeerDocument()
	for d.More('}') {
		switch key := string(d.Key()); key {
		case "start", "intervals", "end", "error":
			d.member(key)
		default:
			d.Skip()
		}
	}
	d.tests.endPeerDocument(outer, d.Cut)
}
