package report

import "bytes"

// A server's banner after a client's output is either the same client's, which older versions print with -r when it is
// the server's turn to send, or another program's. A client's banner after a server's output is either that of a server
// that sends back, or another program's. Where the addresses in it do not tell, the connection that follows does: that
// of the same program is between the same ends, and is not the first one seen from the other end. Until then the lines
// wait.

// maxPending is more lines than a banner has.
const maxPending = 8

// holdBanner keeps a banner until the connection comes. It is false when there is no doubt whose it is.
func (r *reader) holdBanner(b []byte, client bool) bool {
	t := r.cur
	if t != nil && t.csv.seen && r.outer == nil && r.pending == nil && !r.same {
		r.pending = append(r.pending, bytes.Clone(b)) // a server's with -d or -r, or that of a text
		return true
	}
	if t == nil || r.outer != nil || r.pending != nil || r.same || !t.iperf2 || len(t.waiting) > 0 || t.there == "" || !t.over() {
		return false
	}
	if client && (t.listens == nil || t.connects != nil || t.here != t.there) || !client && (t.connects == nil || t.listens != nil) {
		return false
	}
	r.pending = append(r.pending, bytes.Clone(b))
	return true
}

// waitBanner keeps a further line of such a banner. It is false for one that ends it.
func (r *reader) waitBanner(b []byte) bool {
	if len(r.pending) == maxPending || bytes.Contains(b, []byte(" connected ")) {
		return false
	}
	if bytes.Contains(b, []byte("onnecting to ")) || bytes.Contains(b, []byte("listening on ")) {
		r.releaseBanner(false)
		return false
	}
	r.pending = append(r.pending, bytes.Clone(b))
	return true
}

// releaseBanner gives the lines that wait to the test that is there, or to another one.
func (r *reader) releaseBanner(same bool) {
	lines := r.pending
	r.pending = nil
	if !same {
		r.end()
	} else if len(lines) > 0 && bytes.Contains(lines[0], []byte("listening on ")) {
		lines = lines[:1] // the rest is not of the client's own settings
	}
	r.same = same
	for _, b := range lines {
		r.readBanner(b)
	}
	r.same = false
}
