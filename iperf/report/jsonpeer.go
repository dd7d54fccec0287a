package report

import (
	"bytes"

	"github.com/tunaperf/tuna/iperf/report/internal/lines"
)

// peerText takes the server's own output, which came as a string.
func (d *document) peerText(text []byte) {
	in := newReader(d.r.tests.p, lines.New(bytes.NewReader(bytes.Clone(text))), d.r.tests.sums)
	peer := in.tests.newTest(nil)
	peer.setIperf3(ServerSide, 0)
	peer.reverse = d.t.reverse
	in.tests.cur = peer
	if t := in.next(); t != nil && t.lines > 0 {
		d.t.rep.Peer, _ = t.finish()
	}
}

// peerJSON takes the server's own output, which came as a document within this one.
func (d *document) peerJSON() {
	if d.Peek() != '{' {
		d.Skip()
		return
	}
	d.Open('{')
	d.peerMembers()
}

// peerMembers reads that document from its first member on.
func (d *document) peerMembers() {
	outer := d.t
	d.t = d.r.tests.newTest(nil)
	d.t.lines, d.t.json = 1, true
	d.t.rep.Program = programIperf3
	for d.More('}') {
		switch string(d.Key()) {
		case "start":
			d.start()
		case "intervals":
			if d.Open('[') {
				for d.More(']') {
					d.interval()
				}
			}
		case "end":
			d.end()
		case "error":
			d.fail(d.Text())
		default:
			d.Skip()
		}
	}
	peer := d.t
	d.t = outer
	if outer.again == nil && !d.Cut {
		outer.rep.Peer, _ = peer.finish()
	}
}
