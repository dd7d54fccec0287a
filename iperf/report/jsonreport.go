package report

import (
	"bytes"
	"strings"

	"github.com/tunaperf/tuna/iperf/report/internal/lines"
	"github.com/tunaperf/tuna/iperf/report/internal/scan"
)

// jsonStart gives where a JSON document begins on a line, -1: nowhere.
func jsonStart(b []byte) int {
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

// A document reads one JSON document, or one event of --json-stream, into a test.
type document struct {
	lines.Scanner
	r      *reader
	t      *test
	event  string // of --json-stream
	events string // the last of them, as most have the same name
	found  bool   // a document within it was iperf's
}

// readJSON reads the document that begins at byte i of the line that the source handed out last.
func (r *reader) readJSON(i int) {
	d := r.spare
	if r.spare = nil; d == nil {
		d = newDocument(r, lines.Scanner{})
	}
	d.t, d.event, d.found, d.Source = nil, "", false, r.src
	d.Document(i)
	if r.tests.peerNext {
		r.tests.peerNext = false
		d.t = r.tests.begin(false)
		d.peerJSON()
	} else {
		d.Enter()
		d.members()
	}
	r.spare = d
	d.EndDocument()
}

func newDocument(r *reader, s lines.Scanner) *document {
	d := &document{r: r, Scanner: s}
	d.Warn = func(line int, text []byte, expected string) {
		if d.t != nil {
			d.t.warning(syntaxError(line, text, expected))
		}
	}
	return d
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
		case "start":
			d.begin(true)
			d.start()
		case "intervals":
			d.begin(false)
			if d.Open('[') {
				for d.More(']') {
					d.interval()
				}
			}
		case "end":
			d.begin(false)
			d.end()
		case "error":
			d.begin(false)
			d.fail(d.Text())
		case "server_output_text":
			d.begin(false)
			d.peerText(d.Text())
		case "server_output_json":
			d.begin(false)
			d.peerJSON()
		default:
			d.other()
		}
	}
	if d.t == nil {
		if d.Cut && d.event == "" && !d.found && d.r.depth == 0 {
			t := d.r.tests.begin(false)
			t.lines++
			t.cut = true
			t.rep.Program = programIperf3
		}
		return
	}
	d.t.cut = d.t.cut || d.Cut
	if d.event == "" && !d.t.stream {
		d.r.tests.end()
	}
}

// other reads a member that is not iperf's. Before any that is, it may hold what iperf printed, as in the results of
// those who ran it.
func (d *document) other() {
	switch c := d.Peek(); {
	case d.t != nil || d.r.depth == maxDepth || c != '{' && c != '[' && c != '"':
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
		d.found = d.found || in.found || in.t != nil
	}
}

// data is what an event of --json-stream brings.
func (d *document) data() {
	switch d.event {
	case "start":
		d.begin(true)
		d.t.stream = true
		d.start()
	case "interval":
		d.begin(false)
		d.t.stream = true
		d.interval()
	case "end":
		d.begin(false)
		d.t.stream = true
		d.end()
		d.t.ended = d.t.total()
	case "error":
		d.begin(d.r.tests.cur != nil && d.r.tests.cur.ended) // said of the server after a test is over
		d.t.stream = true
		d.fail(d.Text())
	case "server_output_text":
		d.begin(false)
		d.peerText(d.Text())
	case "server_output_json":
		d.begin(false)
		d.peerJSON()
	case "":
		d.other()
	default:
		d.Skip()
	}
}

// begin says which test what follows is of.
func (d *document) begin(fresh bool) {
	if d.t == nil {
		if d.event == "" && d.r.tests.cur != nil && d.r.tests.cur.stream {
			// A document after events: --json-stream-full-output says the same again.
			again := d.r.tests.cur
			d.t = d.r.tests.newTest(nil)
			d.t.again = again
		} else {
			d.t = d.r.tests.begin(fresh)
		}
	} else if fresh && d.event != "" {
		d.t = d.r.tests.begin(true)
	}
	d.t.lines++
	d.t.json = true
	d.t.rep.Program = programIperf3
}

func (d *document) fail(text []byte) {
	s := strings.TrimSpace(string(text))
	err := classifyLine([]byte(s))
	if err == nil {
		err = saidError([]byte(s), ErrReported)
	}
	if s != "" {
		d.t.fail(err)
	}
}

// flow finds the flow that an interval is of. From 3.7 on each says whether this end sends.
func (d *document) flow(c *jsonCell) *flow {
	k := classOnly
	if c.hasSender {
		if k = classReceives; c.sender {
			k = classSends
		}
		if !d.t.has(k) {
			// A program that sorted the keys put the totals before the intervals: theirs is that flow.
			for _, f := range d.t.flows {
				if f.key.class == classOnly {
					f.key.class = k
				}
			}
		}
	}
	return d.t.flow(flowKey{class: k})
}

// interval reads one interval, and gives it out when it is complete.
func (d *document) interval() {
	if !d.Open('{') {
		return
	}
	var sums [4]jsonCell
	n := 0
	for d.More('}') {
		switch key := d.Key(); {
		case string(key) == "streams":
			if d.Open('[') {
				for d.More(']') {
					if c := d.cell(); c.some {
						f := d.flow(&c)
						d.t.moveTo(f, c.id)
						f.addIperf3(streamKey{id: c.id}, &c.cell)
					}
				}
			}
		case string(key) == "sum":
			if c := d.cell(); c.some && n < len(sums) {
				sums[n] = c
				n++
			}
		case string(key) == "sum_bidir_reverse":
			if c := d.cell(); c.some && n < len(sums) {
				if !c.hasSender {
					c.hasSender, c.sender = true, d.t.rep.Side == ServerSide
				}
				sums[n] = c
				n++
			}
		default:
			d.Skip()
		}
	}
	if d.Cut {
		for _, f := range d.t.flows {
			f.groups = f.groups[:0]
		}
		return
	}
	for i := range sums[:n] {
		d.flow(&sums[i]).sumIperf3(&sums[i].cell)
	}
	for _, f := range d.t.flows {
		f.closeAll()
	}
}
