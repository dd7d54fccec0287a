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
	event  string   // of --json-stream; empty: a document
	events string   // the last of them, as most have the same name
	key    string   // of the member that is read, until something of iperf is found in it; empty: nothing is awaited
	found  bool     // a document or a text within it was iperf's
	warned []error  // that is for the test that the member begins
	texts  []uint64 // hashes of the texts that were read of it and of those around it
	offers bool     // a window that the receiver offers was read
	cell   jsonCell
}

// readJSON reads the document that begins at byte i of the last line.
func (r *reader) readJSON(i int) {
	d := r.spare
	if r.spare = nil; d == nil {
		d = newDocument(r, lines.Scanner{})
	}
	d.event, d.key, d.found, d.warned, d.texts, d.Source = "", "", false, nil, d.texts[:0], r.src
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
	d := &document{Scanner: s, r: r, tests: &r.tests}
	d.Warn = func(line int, text []byte, expected string) { d.warn(syntaxError(line, text, expected)) }
	return d
}

// warn adds a warning to the test, or to the one that the member begins.
func (d *document) warn(err error) {
	if t := d.tests.doc; t != nil {
		t.warning(err)
	} else if len(d.warned) < maxWarnings {
		d.warned = append(d.warned, err)
	}
}

// members reads the document from its first member on. Other programs have members of the same
// names: what is in them tells whose they are.
func (d *document) members() {
	var failure []byte
	n := 0
	for ; d.More('}'); n++ {
		switch key := string(d.Key()); key {
		case "event":
			if name := d.Text(); string(name) != d.events {
				d.events = string(name)
			}
			d.event = d.events
		case "data":
			d.data()
		case "error":
			if d.Peek() == '"' && d.tests.doc == nil {
				failure = bytes.Clone(d.Text())
				continue
			}
			fallthrough
		case "start", "intervals", "end", "server_output_text", "server_output_json":
			d.member(key)
		default:
			d.other(key)
		}
	}
	d.takeFailure(failure, n == 1)
	isUnknown := d.event == "" && !d.found && d.r.depth == 0
	if d.tests.endDocument(d.event, d.Cut, d.Cut && isUnknown) {
		d.found = true
	}
}

// takeFailure takes an error that came before any member of iperf. If none came after it, it may be
// another program's.
func (d *document) takeFailure(text []byte, alone bool) {
	if len(bytes.TrimSpace(text)) == 0 {
		return
	}
	if d.tests.doc == nil {
		if d.found || d.r.depth > 0 || !alone && classifyLine(text) == nil {
			return
		}
		d.key = "error"
	}
	d.test().takeError(text)
}

// member reads a member with a name that iperf uses.
func (d *document) member(key string) {
	c := d.Peek()
	if is := memberTypes[key]; d.tests.doc == nil && c != is && c != 0 {
		d.other(key)
		return
	}
	d.key = key
	switch key {
	case "start":
		d.start()
	case "intervals":
		if d.Open('[') {
			for d.More(']') {
				d.interval()
			}
		}
	case "interval":
		d.interval()
	case "end":
		d.end()
	case "error":
		d.test().takeError(d.Text())
	case "server_output_text":
		d.peerText(d.Text())
	case "server_output_json":
		d.peerJSON()
	}
	if d.Cut && !d.found && d.r.depth == 0 {
		d.test()
	}
	d.key = ""
}

// memberTypes are the first bytes of the members that begin a test.
var memberTypes = map[string]byte{"start": '{', "intervals": '[', "interval": '{', "end": '{', "error": '"'}

// memberNames are the events of --json-stream that are members of a document.
var memberNames = map[string]bool{
	"start": true, "interval": true, "end": true, "error": true, "server_output_text": true, "server_output_json": true,
}

// test returns the test that the member is of. The first thing of iperf in a member begins it.
func (d *document) test() *test {
	if d.key != "" {
		d.tests.beginMember(d.key, d.event)
		d.key = ""
		for _, w := range d.warned {
			d.tests.doc.warning(w)
		}
		d.warned = nil
	}
	return d.tests.doc
}

// data reads what an event of --json-stream brings.
func (d *document) data() {
	switch {
	case memberNames[d.event]:
		d.member(d.event)
	case d.event == "":
		// Programs that sort the members have the event's name behind its data.
		if name, ok := d.Ahead("event"); ok && memberNames[name] {
			d.event, d.events = name, name
			d.member(name)
			return
		}
		d.other("data")
	default:
		d.Skip()
	}
}

// interval reads one interval.
func (d *document) interval() {
	if !d.Open('{') {
		return
	}
	var sums [4]jsonCell
	n := 0
	for key, ok := d.Member(); ok; key, ok = d.Member() {
		reverse := string(key) == "sum_bidir_reverse"
		switch {
		case string(key) == "streams":
			if d.Open('[') {
				for d.More(']') {
					if d.readCell() {
						d.test().takeStream(&d.cell)
					}
				}
			}
		case reverse, string(key) == "sum":
			if d.readCell() && n < len(sums) {
				d.test()
				sums[n], sums[n].reverse = d.cell, reverse
				n++
			}
		default:
			d.Skip()
		}
	}
	if t := d.tests.doc; t != nil {
		t.takeSums(sums[:n], d.Cut)
	}
}

// peerText reads the server's own output, which came as a string.
func (d *document) peerText(text []byte) {
	if d.tests.doc == nil {
		d.text("", text)
		return
	}
	in := newReader(d.tests.p, lines.New(bytes.NewReader(bytes.Clone(text))))
	in.tests.cur = in.tests.newPeer(d.tests.doc)
	if t := in.next(); t != nil && t.lines > 0 {
		d.tests.doc.rep.Peer, _ = t.finish()
	}
}

// peerJSON reads the server's own output, which came as a document within this one.
func (d *document) peerJSON() {
	if d.Peek() != '{' || d.tests.doc == nil {
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
