package report

// iperf prints zeros for numbers that it did not measure and did not get from the other end. They
// are left out. A zero that the printing end did measure is kept, and so is the zero that a
// receiver sent over.

// dropUnmeasured drops what the printing end cannot know from the totals of a flow of iperf 3, or of
// a stream. sends reports whether that end sends, carried whether an interval has bytes.
func (t *test) dropUnmeasured(sent, received, unlabelled **Total, sends, carried bool) {
	if u := *unlabelled; u.isZero() && (u.UDP == nil || u.UDP.Packets == 0 && carried) {
		*unlabelled = nil // the row was cut before the word that tells whose zero it is
	}
	if sends && (*received).isZero() && !(t.rep.Protocol == ProtocolUDP && t.gotResults()) {
		*received = nil // what TCP sends arrives, or the test fails
	}
	if !sends && (*sent).isZero() {
		*sent = nil
	}
	if s := *sent; s != nil {
		if s.UDP != nil {
			s.UDP.keep(Packets | PacketRate)
			if s.UDP.Packets == 0 && s.Bytes > 0 {
				s.UDP.keep(PacketRate) // the other end did not say how many
			}
		}
		if !sends && s.TCP != nil {
			s.TCP.keep(Retransmits) // the rest is not sent over: it is zero, or of this end's kernel
		}
		s.dropEmpty()
	}
	if u := *unlabelled; u != nil && u.UDP != nil && sends {
		if u.UDP.OutOfOrder == 0 {
			u.UDP.keep(^OutOfOrder) // is not sent over
		}
		if u.UDP.Jitter == 0 && u.UDP.Lost == 0 && !t.gotResults() {
			u.UDP.keep(^(Jitter | Lost))
		}
		u.dropEmpty()
	}
}

// gotResults reports whether the end that printed a test of iperf 3 got the other end's results,
// its processor time among them. A client gets them after the test. A server prints before it gets
// them.
func (t *test) gotResults() bool {
	return t.rep.Role != RoleServer && len(t.said) == 0 && (t.done || t.json && t.rep.CPU != nil && t.rep.CPU.Remote != nil)
}

func (t *Total) isZero() bool { return t != nil && t.Bytes == 0 && t.Rate == 0 }

// dropEmpty drops what has no number.
func (t *Total) dropEmpty() {
	if t.TCP != nil && t.TCP.Has == 0 {
		t.TCP = nil
	}
	if t.UDP != nil && t.UDP.Has == 0 {
		t.UDP = nil
	}
}

// dropUnmeasured drops what a row of iperf 2 prints where nothing was measured.
func (r *row) dropUnmeasured() {
	if r.bytes > 0 {
		switch {
		case r.enh.Has.Has(Writes) && r.enh.Writes == 0:
			r.tcp, r.enh = TCP{}, Enhanced{} // the totals of iperf 2.0.14: it does not know
		case r.enh.Has.Has(Reads) && r.enh.Reads == 0:
			r.enh.Has &^= Reads // a server's report
		}
		if r.udp.Has.Has(PacketRate) && r.udp.PacketRate == 0 {
			// No datagram came after another one, or iperf 2.2 did not compute the rate. The jitter is of the
			// same datagrams.
			r.udp.Has &^= PacketRate
			if r.udp.Jitter == 0 {
				r.udp.Has &^= Jitter
			}
		}
	}
	if r.enh.Has.Has(Latency) && r.enh.Latency == (LatencyStats{}) {
		r.enh.Has &^= Latency
	}
}

// dropRelayed drops the jitter of a server's report if it is 0. iperf 2.2 does not send the number
// over by which it decides whether to print the jitter. Versions whose times have two digits as
// well are not told apart.
func (r *row) dropRelayed() {
	if r.decimals == 2 && r.udp.Has&(Jitter|PacketRate) == Jitter && r.udp.Jitter == 0 {
		r.udp.Has &^= Jitter
	}
}

// keep drops the numbers that are not among fields.
func (t *TCP) keep(fields TCPFields) {
	was := *t
	*t = TCP{Has: was.Has & fields}
	if t.Has.Has(Retransmits) {
		t.Retransmits = was.Retransmits
	}
	if t.Has.Has(CongestionWindow) {
		t.CongestionWindow = was.CongestionWindow
	}
	if t.Has.Has(SendWindow) {
		t.SendWindow = was.SendWindow
	}
	if t.Has.Has(RTT) {
		t.RTT = was.RTT
	}
	if t.Has.Has(RTTVar) {
		t.RTTVar = was.RTTVar
	}
	if t.Has.Has(PMTU) {
		t.PMTU = was.PMTU
	}
	if t.Has.Has(Reorder) {
		t.Reorder = was.Reorder
	}
	if t.Has.Has(RTTRange) {
		t.MinRTT, t.MaxRTT = was.MinRTT, was.MaxRTT
	}
}

// keep drops the numbers that are not among fields.
func (u *UDP) keep(fields UDPFields) {
	was := *u
	*u = UDP{Has: was.Has & fields}
	if u.Has.Has(Jitter) {
		u.Jitter = was.Jitter
	}
	if u.Has.Has(Lost) {
		u.Lost = was.Lost
	}
	if u.Has.Has(Packets) {
		u.Packets = was.Packets
	}
	if u.Has.Has(OutOfOrder) {
		u.OutOfOrder = was.OutOfOrder
	}
	if u.Has.Has(PacketRate) {
		u.PacketRate = was.PacketRate
	}
}
