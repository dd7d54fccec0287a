package report

import "slices"

// The default size of what iperf 2 writes at once over TCP, and more than the header that its first
// write may have.
const (
	tcpBlock  = 128 << 10
	tcpHeader = 256
)

// noteBlocks follows whether the amounts of intervals are whole writes, as a sender's are. A
// receiver's are that, too, when it waits at the end of an interval: on a loopback device one in
// three is, and with -b every one.
func (f *flow) noteBlocks(v int64, first, tail bool) {
	rest := v % tcpBlock
	if !first && !tail {
		f.blocks.divided++
		if c := f.blocks.common; c == 0 || c >= leastLength && v%c != 0 {
			f.blocks.common = commonDivisor(v, c)
		}
	}
	switch whole := rest == 0 || first && rest < tcpHeader; {
	case !whole:
		f.blocks.other++
	case v >= 100*tcpBlock:
		if f.blocks.whole++; f.blocks.whole == 1 {
			f.blocks.least = v
		}
		f.blocks.least, f.blocks.most = min(f.blocks.least, v), max(f.blocks.most, v)
	}
}

// finishCSV decides which way each flow went and which end counted it.
func (t *test) finishCSV() {
	if !t.csv.seen {
		return
	}
	// Rows without addresses are those that iperf 2.0.9's server prints of the connections it
	// accepted.
	for _, f := range t.flows {
		if f.key.class == classOnly && t.rep.Role == 0 && len(f.streams) > 0 && !t.csv.sender {
			t.rep.Role = RoleServer
		}
	}
	t.socketSide()
	first := t.firstCSV()
	for _, f := range t.flows {
		if f.key.class != classToServer && f.key.class != classFromServer {
			continue
		}
		if t.csv.sender {
			f.own = t.csvCounted(f)
			if f.own == totalSent {
				f.dropLoss()
			}
			continue
		}
		if len(t.flows) == 1 && t.rep.Protocol == ProtocolTCP && f.key.class == classFromServer && f.key.port >= leastEphemeral && f.has(3) {
			// A client's, which may send to a high port, or receive from one.
			t.rep.Role, f.own = RoleClient, totalUnlabelled
			continue
		}
		// Before 2.1: this end's address, then the other's. Data goes to the port that listens.
		if f.key.class == classToServer {
			f.own = totalSent
		} else {
			f.own = totalReceived
		}
		if f.own == totalSent && t.rep.Role == RoleServer && len(t.flows) == 1 || t.doubtfulCSV(f) {
			f.own = t.csvCounted(f)
			continue
		}
		if !t.bareCSV() && first == f && t.rep.Role == 0 {
			if t.rep.Role = RoleClient; f.key.class == classFromServer {
				t.rep.Role = RoleServer
			}
		}
	}
	t.sideCSV()
	for _, f := range t.flows {
		if t.csv.sender && f.own == totalUnlabelled && t.rep.Role != 0 {
			f.own = t.csvCounted(f) // another flow told the role
		}
	}
}

// socketSide concludes from iperf 2.0.14's ids which end printed them. A client's first connection
// over TCP is socket 3, which is the one that a server listens at; but with -d a client listens,
// too.
func (t *test) socketSide() {
	if !t.csv.sender || t.csv.counted || t.rep.Role != 0 || t.rep.Protocol != ProtocolTCP {
		return
	}
	for _, f := range t.flows {
		if f.key.class == classFromServer {
			t.rep.Role = RoleServer
		}
	}
	for _, f := range t.flows {
		if f.has(3) {
			t.rep.Role = RoleClient
		}
	}
}

// sideCSV concludes from who counted the traffic which end that is.
func (t *test) sideCSV() {
	var role Role
	for _, f := range t.flows {
		if f.own == 0 || f.own == totalUnlabelled {
			continue
		}
		s := RoleServer
		if (f.own == totalSent) == t.forwardCSV(f) {
			s = RoleClient
		}
		if role != 0 && role != s {
			t.contradictory()
			return
		}
		role = s
	}
	if t.rep.Role == 0 {
		t.rep.Role = role
	}
}

// contradictory takes back whose counts the totals are where only the amounts told that, as they
// tell different sides.
func (t *test) contradictory() {
	for _, f := range t.flows {
		if t.rep.Role == 0 && t.csv.sender && !f.counts.sender && !f.counts.receiver && t.rep.Protocol == ProtocolTCP {
			f.own = totalUnlabelled
		}
	}
}

// firstCSV is the flow that tells the server's port, which is 5001 as a rule, or that of the first
// row.
func (t *test) firstCSV() (first *flow) {
	for _, f := range t.flows {
		switch f.key.class {
		case classToServer, classFromServer:
			switch {
			case first == nil, f.key.port == defaultPort2 && first.key.port != defaultPort2:
				first = f
			case f.key.port == first.key.port && f.key.back != first.key.back && t.csv.counted && f.leastID() < first.leastID():
				first = f // the client connects before the server does
			}
		}
	}
	return first
}

// bareCSV reports whether a server prints the connections that it accepted without addresses, so
// that those with addresses are its own, of -d and -r.
func (t *test) bareCSV() bool { return t.rep.Role == RoleServer && t.has(classOnly) }

// forwardCSV reports whether a flow of CSV goes to the server.
func (t *test) forwardCSV(f *flow) bool {
	first := t.firstCSV()
	switch {
	case t.csv.sender && f.key.class == classFromServer && f.key.port == first.key.port:
		return false // since 2.1: the sender's address, then the receiver's, at both ends
	case !t.csv.sender && t.bareCSV(), f.key.port == first.key.port && f.key.back != first.key.back:
		return false
	}
	if !t.csv.sender && f.key.class != first.key.class && f.key.port == first.key.port && f.key.port != 0 {
		return false // of -d, to the same port at this end as at the other
	}
	return f.key.port == 0 || f.key.port == first.key.port
}

// doubtfulCSV reports whether the only flow, to the server, may be what its server prints: iperf
// 2.0.14 has the sender's address first, too. A client of TCP alone has the first scan.Decimal that
// the system hands out, 3.
func (t *test) doubtfulCSV(f *flow) bool {
	if t.rep.Role != 0 || len(t.flows) > 1 || f.key.class != classToServer {
		return false
	}
	return !f.has(3)
}

// has reports whether a stream has that id.
func (f *flow) has(id int) bool {
	return slices.ContainsFunc(f.streams, func(s *stream) bool { return s.key.id == id })
}

// leastID returns the least id of the streams, 0 if there are none.
func (f *flow) leastID() int {
	id := 0
	for i, s := range f.streams {
		if i == 0 || s.key.id < id {
			id = s.key.id
		}
	}
	return id
}

// dropLoss takes out of a sender's intervals what only a receiver can know: the columns are there
// all the same. Calls that were taken for reads are writes.
func (f *flow) dropLoss() {
	drop := func(intervals []Interval) {
		for i := range intervals {
			if u := intervals[i].UDP; u != nil {
				u.keep(Packets | PacketRate)
			}
			if e := intervals[i].Enhanced; e != nil {
				e.sends()
			}
		}
	}
	drop(f.intervals)
	for _, s := range append(f.streams[:len(f.streams):len(f.streams)], &f.sum) {
		drop(s.intervals)
		if c := s.totals[totalOwn]; c != nil {
			c.udp.keep(Packets | PacketRate)
			c.enh.sends()
		}
	}
}

// sends makes writes of reads, of an end that only sends.
func (e *Enhanced) sends() {
	if e.Has.Has(Reads) {
		e.Has = e.Has&^Reads | Writes
		e.Writes, e.Reads = e.Reads, 0
	}
}

// csvCounted tells from the numbers of a flow whether its sender or its receiver counted.
func (t *test) csvCounted(f *flow) totalKind {
	if t.rep.Role != 0 {
		if (t.rep.Role == RoleClient) == t.forwardCSV(f) {
			return totalSent
		}
		return totalReceived
	}
	switch {
	case f.counts.sender:
		return totalSent
	case f.counts.receiver, t.rep.Protocol == ProtocolUDP:
		return totalReceived
	case f.blocks.common > 0 && !f.isOneLength():
		return totalReceived
	case f.blocks.other == 0 && f.blocks.least < f.blocks.most/16*15 && (f.blocks.whole > 4 || f.blocks.whole > 1 && f.endsByWrite()):
		return totalSent
	}
	return totalUnlabelled
}

// isOneLength reports whether the intervals, and what came after them, can be made of writes of one
// length, as a sender's are.
func (f *flow) isOneLength() bool {
	common := f.blocks.common
	// With -n the last write may be shorter.
	if sum, n := f.added(totalOwn); f.blocks.divided == 1 && n == len(f.streams) {
		common = commonDivisor(common, max(0, sum.bytes-f.carried))
	}
	// What a receiver gets may be whole segments of an Ethernet, with IPv4 or IPv6.
	return common >= leastLength && common%1448 != 0 && common%1428 != 0
}

// leastLength is less than anybody writes at once over TCP.
const leastLength = 64

func commonDivisor(a, b int64) int64 {
	for b != 0 {
		a, b = b, a%b
	}
	return a
}

// endsByWrite reports whether each stream wrote once more after its last interval, as a sender does
// that stops by the time. A receiver gets what was on its way.
func (f *flow) endsByWrite() bool {
	sum, n := f.added(totalOwn)
	return n > 0 && n == len(f.streams) && sum.bytes-f.carried == int64(n)*tcpBlock
}
