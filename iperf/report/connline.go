package report

import (
	"bytes"
	"time"

	"github.com/tunaperf/tuna/iperf/report/internal/scan"
)

// readConn takes "[  5] local 10.0.0.1 port 35936 connected to 10.0.0.2 port 5201".
func (r *reader) readConn(b []byte) bool {
	i := bytes.Index(b, []byte("local "))
	j := bytes.Index(b, []byte(" connected "))
	if j < i {
		return false
	}
	c := conn{id: -1, local: intAfter(b[i:j], " port "), remote: intAfter(b[j:], " port ")}
	if open := bytes.LastIndexByte(b[:i], '['); open >= 0 {
		if l, n := parseLabel(b[open:]); n > 0 {
			c.id, c.star = l.id, l.star
		}
	}
	tags := b[j:]
	c.here = r.cur.known(address(b[i+len("local "):]))
	if k := bytes.Index(tags, []byte(" with ")); k >= 0 {
		c.there = r.cur.known(address(tags[k+len(" with "):]))
	}
	to := scan.HasPrefix(tags, " connected to ")
	if len(r.pending) > 0 {
		r.releaseBanner(r.cur.isOwn(&c))
	}
	if t := r.cur; t != nil && r.outer == nil {
		switch {
		case t.csv.seen:
			r.end()
		case !to && t.isOther():
			if r.dropOther(); r.cur != nil {
				r.end()
			}
		case to && t.iperf2 && !t.guessed && !t.csv.seen:
			r.end()
		case !t.iperf2 && !t.json && t.total():
			r.another()
		}
	}
	c.peer = bytes.Contains(tags, []byte("(peer "))
	c.reverse = c.star || bytes.Contains(tags, []byte("(reverse)"))
	c.both = bytes.Contains(tags, []byte("(full-duplex)"))
	r.counts = r.counts || c.id == 1 || c.id == 2
	c.unstarred = c.both && !c.star && c.id > 2 && !r.counts && !bytes.Contains(tags, []byte("icwnd"))
	t := r.cur
	if t != nil {
		if at := t.mirrorOf(&c); at >= 0 {
			switch {
			case !t.iperf2:
				t.mirrored, t.rep.Side = true, ClientSide
				return true
			case t.over():
				r.otherEnd(&c)
				return true
			case t.conns[at].id == c.id:
				// Nothing tells whose the rows are.
			case !t.initiated(&c):
				c.mirror = true
			default:
				t.conns[at].mirror = true
			}
		}
	}
	if t != nil && t.iperf2 && !t.awaits(&c) {
		over := len(t.waiting) > 0 || t.over()
		ours := len(t.waiting) > 0 || t.accepts(&c) && !t.initiatedFirst() || t.reconnects(&c) || t.connectsAlike(&c)
		switch {
		case over && ours:
			if len(t.waiting) > 0 || !t.closed() {
				t.wait(c)
				return true
			}
			r.follow()
		case over && t.connectsLate(&c):
			c.late = true
			t.wait(c)
			return true
		}
	}
	t = r.begin(false)
	t.lines++
	if to {
		t.rep.Program = programIperf3
	} else if t.rep.Program == "" {
		t.rep.Program, t.iperf2 = programIperf2, true
	}
	if k := bytes.LastIndex(tags, []byte(" on ")); k >= 0 && t.iperf2 && t.rep.Start.IsZero() {
		if at, err := time.Parse("2006-01-02 15:04:05 (MST)", string(tags[k+len(" on "):])); err == nil {
			t.rep.Start = at.UTC()
		}
	}
	t.introduce(c)
	return true
}

// isOwn reports whether c is between the two ends that the test's first connection is between, as seen from this one.
func (t *test) isOwn(c *conn) bool {
	return t != nil && c.there != "" && c.here == t.here && c.there == t.there && t.mirrorOf(c) < 0
}

// known is the string of an address, which is that of an end of the first connection as a rule.
func (t *test) known(address []byte) string {
	switch {
	case t != nil && string(address) == t.here:
		return t.here
	case t != nil && string(address) == t.there:
		return t.there
	}
	return string(address)
}

// address gives the address that b begins with, without the interface that it is of.
func address(b []byte) []byte {
	if i := bytes.IndexAny(b, " %,"); i >= 0 {
		b = b[:i]
	}
	return b
}

// callsBack reports whether a client's banner may be that of a server that sends back, as with -r. It is not when the
// client connects to another host than the one that the server was called by.
func (t *test) callsBack(b []byte) bool {
	if len(t.conns) == 0 || t.listens == nil || t.there == "" {
		return true
	}
	to := address(b[bytes.Index(b, []byte("connecting to "))+len("connecting to "):])
	return string(to) == t.there
}
