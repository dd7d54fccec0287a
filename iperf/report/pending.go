package report

import "bytes"

// A server's banner after a client's output is either the same client's, which older versions print with -r when it is
// the server's turn to send, or another program's. Only the connection that follows tells: the client's is at its own
// address. Until then the lines wait.

// maxPending is more lines than a banner has.
const maxPending = 8

// holdBanner keeps a server's banner until the connection comes. It is false when there is no doubt whose it is.
func (r *reader) holdBanner(b []byte) bool {
	t := r.cur
	if t == nil || r.outer != nil || !t.async || t.connects == nil || t.listens != nil || t.there == "" || t.here == t.there || !t.over() {
		return false
	}
	r.pending = append(r.pending[:0], bytes.Clone(b))
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
	} else if len(lines) > 0 {
		lines = lines[:1]
	}
	r.same = same
	for _, b := range lines {
		r.readBanner(b)
	}
	r.same = false
}
