package report

import (
	"math"
	"slices"
)

// roleIperf2 decides which end of a test iperf 2 printed it.
func (t *test) roleIperf2() Role {
	if t.p.Role != 0 {
		return t.p.Role
	}
	switch {
	case t.csv.client:
		return RoleClient
	case t.csv.seen && t.connects != nil:
		return RoleServer // of -d or -r: a client prints no banner with CSV
	case t.connects != nil && t.listens == nil:
		return RoleClient
	case t.listens != nil && t.connects == nil:
		return RoleServer
	}
	for i := range t.conns {
		if c := &t.conns[i]; c.peer && !c.reverse {
			if t.initiated(c) {
				return RoleClient
			}
			return RoleServer
		}
	}
	switch {
	case slices.Contains(t.connects, defaultPort2) && !slices.Contains(t.listens, defaultPort2):
		return RoleClient
	case slices.Contains(t.listens, defaultPort2) && !slices.Contains(t.connects, defaultPort2):
		return RoleServer
	case len(t.conns) == 0 && t.hasServerReport():
		return RoleClient
	case len(t.conns) == 0:
		return 0
	case t.serves:
		return RoleServer
	case t.connects != nil && t.listens != nil, t.initiated(&t.conns[0]):
		return RoleClient // of -d or -r it prints both banners before it connects
	}
	return RoleServer
}

// hasServerReport reports whether the server's report of what the client sent came.
func (t *test) hasServerReport() bool {
	for _, f := range t.flows {
		if n, _ := f.totals(totalFar); n > 0 && f.key.class == classOnly {
			return true
		}
	}
	return false
}

// finishIperf2 gives the directions of iperf 2 their names.
func (t *test) finishIperf2() {
	t.rep.Role = t.roleIperf2()
	t.finishCSV()
	role := t.rep.Role
	for _, f := range t.flows {
		if f.key.class == classMixed || f.key.class == classMirror {
			continue
		}
		forward := t.forwardIperf2(f, role)
		f.forward = forward
		own := totalUnlabelled
		switch {
		case f.own != 0:
			own = f.own
		case role == 0:
			if f.lossCounted() {
				own = totalReceived
			}
		case (role == RoleClient) == forward:
			own = totalSent
		default:
			own = totalReceived
		}
		t.checkStreams(f)
		out := t.output(f)
		t.place(out.totalAt(own), t.pick(f, totalOwn))
		t.place(out.totalAt(totalReceived), t.pick(f, totalFar))
		for i, s := range f.streams {
			st := &out.Streams[i]
			t.place(st.totalAt(own), s.totals[totalOwn].total())
			t.place(st.totalAt(totalReceived), s.totals[totalFar].total())
		}
		t.set(forward, out)
	}
	t.finishMirror()
	t.finishMixed()
}

// finishMirror gives what this end sent the count of the end that received it, where both are in
// one output.
func (t *test) finishMirror() {
	for _, f := range t.flows {
		if f.key.class != classMirror || t.rep.Forward == nil {
			continue
		}
		if total := t.pick(f, totalOwn); t.rep.Forward.Received == nil {
			t.rep.Forward.Received = total
		}
	}
}

// forwardIperf2 reports whether a flow of iperf 2, which that role printed, goes to the server.
func (t *test) forwardIperf2(f *flow, role Role) bool {
	switch f.key.class {
	case classStar:
		return false
	case classInitiated:
		return role != RoleServer
	case classAccepted:
		return role != RoleClient
	case classToServer, classFromServer:
		return t.forwardCSV(f)
	}
	return true
}

// reverseNow reports whether a flow goes to the client, as far as its lines have told by now.
func (t *test) reverseNow(f *flow) bool {
	if !t.iperf2 {
		return !t.forwardIperf3(f)
	}
	known := 1 + len(t.conns) + len(t.flows)*maxConns
	if t.csv.sender {
		known = -known
	}
	if f.known != known {
		f.known, f.reverse = known, !t.forwardIperf2(f, t.roleIperf2())
	}
	return f.reverse
}

// lossCounted reports whether the end that printed f counted the datagrams that were lost, as only
// a receiver can.
func (f *flow) lossCounted() bool {
	for _, s := range f.streams {
		if c := s.totals[totalOwn]; c == nil || !c.udp.Has.Has(Lost|Jitter) {
			return false
		}
	}
	return len(f.streams) > 0
}

func (t *test) place(to **Total, v *Total) {
	if v != nil {
		*to = v
	}
}

func (f *Flow) totalAt(k totalKind) **Total {
	switch k {
	case totalSent:
		return &f.Sent
	case totalReceived:
		return &f.Received
	}
	return &f.Unlabelled
}

func (s *Stream) totalAt(k totalKind) **Total {
	switch k {
	case totalSent:
		return &s.Sent
	case totalReceived:
		return &s.Received
	}
	return &s.Unlabelled
}

// finishMixed decides what a sum of a test in two directions is of.
func (t *test) finishMixed() {
	for _, f := range t.flows {
		if f.key.class != classMixed {
			continue
		}
		total := t.pick(f, totalOwn)
		if len(f.streams) > 0 {
			out := t.output(f)
			out.Unlabelled = total
			for i, s := range f.streams {
				out.Streams[i].Unlabelled = s.totals[totalOwn].total()
			}
			t.rep.Mixed = out
			return
		}
		if total == nil && f.emitted == 0 {
			return
		}
		forward, reverse := t.rep.Forward.anyTotal(), t.rep.Reverse.anyTotal()
		both := Total{Bytes: addBytes(forward.Bytes, reverse.Bytes), Rate: forward.Rate + reverse.Rate}
		switch {
		case total != nil && (total.near(&forward) || total.near(&reverse)) && !total.near(&both):
			// The sum of one direction, of which there is one already.
		case total == nil, total.near(&both), t.untold:
			t.rep.Mixed = &Flow{Intervals: f.intervals, Unlabelled: total}
		default:
			t.warn(0, "the printed sum is of neither direction nor of both")
		}
		return
	}
}

// anyTotal is a flow's total, whoever counted it, or an empty one.
func (f *Flow) anyTotal() Total {
	if f != nil {
		for _, t := range []*Total{f.Received, f.Sent, f.Unlabelled} {
			if t != nil {
				return *t
			}
		}
	}
	return Total{}
}

// near reports whether two totals are of the same traffic, perhaps over times that differ.
func (t *Total) near(o *Total) bool {
	alike := func(a, b float64) bool { return b > 0 && math.Abs(a/b-1) < 0.05 }
	return alike(float64(t.Rate), float64(o.Rate)) || alike(float64(t.Bytes), float64(o.Bytes))
}
