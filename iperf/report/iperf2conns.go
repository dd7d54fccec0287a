package report

import "slices"

// A conn is a connection that the text introduces: "[  5] local 10.0.0.1 port 35936 connected to
// 10.0.0.2 port 5201".
type conn struct {
	id            int
	star          bool
	local, remote int    // ports
	here, there   string // addresses; there is empty in iperf 3
	peer          bool
	to            bool // "connected to", as iperf 3 prints it
	reverse       bool // the server sends
	both          bool // both ends send
	unstarred     bool // they do, and its rows do not tell which one it is by a star
	reused        bool // a later one has the same id
	late          bool // it is this test's unless a banner follows
	mirror        bool // it is one that is there already, as the other end sees it, which accepted it
}

// maxConns is how many connections of a test are told apart. iperf itself stops at 128, or does so
// in effect.
const maxConns = 1024

// connKey is what stands between a connection's brackets.
type connKey struct {
	id   int
	star bool
}

// introduce takes a connection, which later rows name by its id.
func (t *test) introduce(c conn) {
	if len(t.conns) == maxConns {
		return
	}
	k := connKey{c.id, c.star}
	if at, ok := t.connAt[k]; ok {
		t.conns[at].reused = true
	}
	if len(t.conns) == 0 {
		t.here, t.there = c.here, c.there
	}
	if t.connAt == nil {
		t.connAt = make(map[connKey]int)
	}
	t.connAt[k] = len(t.conns)
	t.conns = append(t.conns, c)
	t.unstarred = t.unstarred || c.unstarred
	t.ownStars = t.ownStars || c.star && c.both
	t.adopt(len(t.conns) - 1)
}

// awaits reports whether rows of c came before the line that introduces it, as iperf 2's threads
// print at once.
func (t *test) awaits(c *conn) bool {
	for _, f := range t.flows {
		if _, ok := f.index[streamKey{id: c.id, from: -1}]; ok {
			return true
		}
	}
	return false
}

// reconnects reports whether c is the connection of another client, with a number of one that had
// its total.
func (t *test) reconnects(c *conn) bool {
	if t.listens != nil || t.connects == nil || c.star {
		return false
	}
	for _, f := range t.flows {
		i, ok := f.index[streamKey{id: c.id, from: t.connOf(c.id, false)}]
		if ok && (f.streams[i].holds || f.streams[i].totals[totalOwn] != nil) {
			return true
		}
	}
	return false
}

// connectsAlike reports whether c is as those of a test that is over, of which no banner is there:
// the one of a test that runs the other way after it is not.
func (t *test) connectsAlike(c *conn) bool {
	return t.listens == nil && t.connects == nil && len(t.conns) > 0 && !c.star && t.initiated(c) == t.initiatedFirst()
}

// mirrorOf gives the index of the connection that c is, seen from the other end, as where both
// programs print to one terminal; -1: none.
func (t *test) mirrorOf(c *conn) int {
	if c.local == c.remote || c.local == 0 || c.remote == 0 {
		return -1
	}
	return slices.IndexFunc(t.conns, func(o conn) bool { return o.local == c.remote && o.remote == c.local && !o.star })
}

// wait keeps a connection of which only the next row tells whether it is this test's: the rows so
// far may have been its total, or its first intervals.
func (t *test) wait(c conn) {
	if len(t.waiting) < maxConns {
		t.waiting = append(t.waiting, c)
	}
}

// connectsLate reports whether c is one more connection where all that came are over. It is the
// test's own, of parallel streams that have little to send or of a server that sends back, unless a
// banner follows that says otherwise.
func (t *test) connectsLate(c *conn) bool {
	return t.connects != nil && t.listens == nil || t.connects == nil && t.listens != nil && t.initiated(c)
}

// adopt gives the connection at that index the stream that it came too late for.
func (t *test) adopt(at int) {
	c := &t.conns[at]
	was, is := streamKey{id: c.id, from: -1}, streamKey{id: c.id, from: at}
	for _, f := range t.flows {
		i, ok := f.index[was]
		if !ok {
			continue
		}
		delete(f.index, was)
		f.index[is] = i
		if c.unstarred && len(f.streams) == 1 && !t.has(classMixed) && f.streams[i].first.enh.Has|f.streams[i].held.enh.Has == 0 {
			is, f.key.class = streamKey{id: c.id}, classMixed
			delete(f.index, streamKey{id: c.id, from: at})
			f.index[is] = i
		}
		f.streams[i].key = is
		if class := t.classOf(at, c.star); len(f.streams) == 1 && f.key.class != classMixed && !t.has(class) {
			f.key.class = class
		}
	}
}

// connOf finds the connection that was introduced last with an id, and with a star if there is one;
// -1: none was.
func (t *test) connOf(id int, star bool) int {
	// Rows come in turn as a rule.
	for at := t.lastConn; at < len(t.conns) && at < t.lastConn+2; at++ {
		if c := &t.conns[at]; c.id == id && c.star == star && !c.reused {
			t.lastConn = at
			return at
		}
	}
	at, ok := t.connAt[connKey{id, star}]
	if !ok {
		at, ok = t.connAt[connKey{id, !star}]
	}
	if !ok {
		return -1
	}
	t.lastConn = at
	return at
}

// initiated reports whether this end made the connection.
func (t *test) initiated(c *conn) bool {
	to, from := slices.Contains(t.connects, c.remote), slices.Contains(t.listens, c.local)
	switch {
	case to != from:
		return to
	case c.remote == defaultPort2, c.local == defaultPort2:
		return c.local != defaultPort2
	case !to && (t.connects == nil) != (t.listens == nil):
		return true // from no port that it listens on
	}
	// Of the two ports the server's is the lower one: the other is from those that the system hands
	// out.
	return c.remote <= c.local
}

const defaultPort2 = 5001

// accepted reports whether a connection has come in already.
func (t *test) accepted() bool {
	for i := range t.conns {
		if !t.initiated(&t.conns[i]) {
			return true
		}
	}
	return false
}

// accepts reports whether c came in on a port that this end listens on.
func (t *test) accepts(c *conn) bool {
	return slices.Contains(t.listens, c.local) && !c.star && !t.initiated(c)
}

// initiatedFirst reports whether the test's first connection was made by this end.
func (t *test) initiatedFirst() bool { return len(t.conns) > 0 && t.initiated(&t.conns[0]) }

// classes is how many directions the connections have that were introduced.
func (t *test) classes() int {
	var seen [classMixed]bool
	for i := range t.conns {
		c := &t.conns[i]
		switch {
		case c.both:
			return 2
		case c.mirror:
		case c.reverse:
			seen[classStar] = true
		case t.initiated(c):
			seen[classInitiated] = true
		default:
			seen[classAccepted] = true
		}
	}
	n := 0
	for _, s := range seen {
		if s {
			n++
		}
	}
	return n
}

// expectedIperf2 is how many of the connections that were introduced belong to f.
func (t *test) expectedIperf2(f *flow) int {
	if f.expectGen == len(t.conns)+1 {
		return f.expect
	}
	n := 0
	for i := range t.conns {
		c := &t.conns[i]
		switch f.key.class {
		case classStar:
			if c.reverse || c.both {
				n++
			}
		case classInitiated:
			if !c.reverse && t.initiated(c) {
				n++
			}
		case classAccepted:
			if !c.reverse && !c.mirror && !t.initiated(c) {
				n++
			}
		case classMirror:
			if c.mirror {
				n++
			}
		}
	}
	if t.flowsPrinted > n && f.key.class != classMixed {
		n = t.flowsPrinted
	}
	f.expect, f.expectGen = n, len(t.conns)+1
	return n
}
