package report

import "bytes"

// parseTail reads the columns after the rate. They are told apart by their form, as their headings may be lost or, in
// iperf 2, belong to another row.
func (r *row) parseTail(b []byte, cut bool) rowKind {
	r.delay = -1
	if len(b) > 0 && b[0] != ' ' && b[0] != '\t' {
		if bytes.IndexByte([]byte(`"',<|)`), b[0]) >= 0 {
			return rowData // what another program put after it
		}
		return rowBad
	}
	for {
		b = b[spaces(b):]
		if len(b) == 0 {
			return rowData
		}
		n, slash, equal := token(b)
		tok, rest := b[:n], b[n:]
		if cut && len(rest) == 0 && !endsWhole(tok) {
			if b[0] == '(' || b[0]-'a' < 26 {
				return rowBad // "(omitted)" or "receiver" without its end
			}
			return rowData
		}
		switch {
		case tok[0]-'0' <= 9 || tok[0] == '-' && len(tok) > 1 && tok[1]-'0' <= 9:
			rest = r.parseColumn(tok, rest, slash, equal)
		case tok[0] == '(':
			if len(tok) > 1 && tok[1] == 'o' && isWord(tok, "(omitted)") {
				r.omitted = true
			} else if i := bytes.IndexByte(b, ')'); i >= 0 {
				if hasPrefix(b, "(0)") || hasPrefix(b, "(0/") {
					r.enh.Has &^= Latency // of no call at all
					r.enh.Latency = LatencyStats{}
				}
				rest = b[i+1:] // a percentage, or "(3937/131072)"
			}
		case tok[0] == 's' && isWord(tok, "sender"):
			r.by = 's'
		case tok[0] == 'r' && isWord(tok, "receiver"):
			r.by = 'r'
		case hasPrefix(tok, "Unknown/"):
			// iperf 3 where it cannot tell the loss of the omitted time from that of the test.
			if v, n := parseInt(tok[len("Unknown/"):]); n > 0 && r.delay >= 0 {
				r.udp.Has |= Packets | Jitter
				r.udp.Packets, r.udp.Jitter = v, r.delay
			}
		case hasPrefix(tok, "NA/"):
			// No congestion window, but perhaps a round-trip time.
			var p parts
			if p.parse(bytes.TrimSuffix(tok[len("NA/"):], []byte("us"))) && p.count == 1 {
				r.windowAndRTT(&part{number: number{mant: -1}}, &p.n[0])
			}
		}
		b = rest
	}
}

// isWord reports whether tok is the word, perhaps with a quotation mark or the like after it.
func isWord(tok []byte, word string) bool {
	return hasPrefix(tok, word) && (len(tok) == len(word) || (tok[len(word)]|0x20)-'a' >= 26)
}

// token gives the length of what stands before the next space, and whether there is a slash or an equals sign in it. A
// slash at the end of it joins what follows: older versions of iperf 2 pad the numbers between slashes.
func token(b []byte) (n int, slash, equal bool) {
	for n = 0; n < len(b); n++ {
		c := b[n]
		if c-'0' <= 9 {
			continue
		}
		switch c {
		case ' ', '\t':
			if n == 0 || b[n-1] != '/' {
				return n, slash, equal
			}
			n += spaces(b[n:]) - 1
		case '/':
			slash = true
		case '=':
			equal = true
		}
	}
	return n, slash, equal
}

// endsWhole reports whether a token at the end of a line can be told to be complete.
func endsWhole(tok []byte) bool {
	switch string(tok) {
	case "sender", "receiver", "(omitted)", "ms", "pps", "rps", "us", "pkts", "KBytes", "MBytes", "GBytes", "Bytes":
		return true
	}
	return tok[len(tok)-1] == ')'
}

// parseColumn reads the column that starts with tok, a number or several, and gives what follows it.
func (r *row) parseColumn(tok, rest []byte, slash, equal bool) []byte {
	next := rest[spaces(rest):]
	next = next[:tokenEnd(next)]
	if equal {
		eq := bytes.IndexByte(tok, '=')
		count, n := parseInt(tok)
		if n != eq {
			return rest
		}
		if bytes.IndexByte(tok, ':') > 0 {
			r.enh.Has |= Reads
			r.enh.Reads = count
			return rest
		}
		r.enh.Has |= RoundTrips
		r.enh.RoundTrips = count
		r.parseSlashes(tok[eq+1:], next)
		return rest
	}
	if slash {
		r.parseSlashes(tok, next)
		return rest
	}
	n, length := parseNumber(tok)
	if length != len(tok) {
		return rest
	}
	switch string(next) {
	case "ms":
		// The jitter, if the loss follows; else it is how long a burst took.
		if d, ok := n.duration(ofMilli); ok && n.mant >= 0 {
			r.delay = d
		}
		return after(rest, next)
	case "pps":
		r.udp.Has |= PacketRate
		r.udp.PacketRate = n.float(0)
		if r.hasBare {
			r.udp.Has |= Packets
			r.udp.Packets, r.hasBare = r.bare, false
		}
		return after(rest, next)
	case "rps", "us":
		return after(rest, next)
	}
	if bytes.HasSuffix(next, []byte("s/sec")) {
		return after(rest, next) // the rate that the socket is paced at
	}
	if v, ok := amount(n, next); ok {
		if next[len(next)-1] == 's' {
			r.tcp.Has |= CongestionWindow
			r.tcp.CongestionWindow = v
		} else {
			r.enh.Has |= InFlight
			r.enh.InFlight = v
		}
		return after(rest, next)
	}
	switch {
	case (r.enh.Has.Has(Writes) || r.enh.Has.Has(RoundTrips)) && n.frac == 0 && n.mant >= 0 && r.tcp.Has&(Retransmits|RTT) == 0:
		r.tcp.Has |= Retransmits
		r.tcp.Retransmits = n.mant
	case r.enh.Has != 0 || r.udp.Has.Has(PacketRate) || r.tcp.Has.Has(RTT):
		r.enh.Has |= NetPower
		r.enh.NetPower = n.float(0)
	case n.frac == 0 && n.mant >= 0 && !r.hasBare:
		r.bare, r.hasBare = n.mant, true
	}
	return rest
}

// amount reads the unit of a number of bytes: "KBytes", "MByte".
func amount(n number, unit []byte) (int64, bool) {
	shift := 0
	if len(unit) > 0 && unit[0] != 'B' {
		_, two, ok := prefix(unit[0])
		if !ok {
			return 0, false
		}
		shift = two
		unit = unit[1:]
	}
	if string(unit) != "Byte" && string(unit) != "Bytes" {
		return 0, false
	}
	return n.bytes(shift), true
}

func (r *row) parseSlashes(tok, next []byte) {
	unit := ofMilli
	switch string(next) {
	case "us":
		unit = ofMicro
	case "pkts":
		return // received and in progress
	}
	// These two forms are in every line of UDP.
	if a, b, ok := counts(tok); ok {
		r.takeCounts(a, b, next)
		return
	}
	if l, ok := delays(tok, unit); ok {
		if !r.enh.Has.Has(Latency) { // the second is of whole frames
			r.enh.Has |= Latency
			r.enh.Latency = l
		}
		return
	}
	var p parts
	if !p.parse(tok) {
		return
	}
	switch {
	case p.count == 3 && p.n[0].frac+p.n[1].frac+p.n[2].frac == 0 && p.n[1].unit == 0:
		// Write/Err/Timeo or Read/Timeo/Trunc; after the window it is isoch:tx/miss/slip.
		switch a, b := p.n[0].mant, p.n[1].mant; {
		case a < 0 || b < 0 || r.enh.Has.Has(Writes):
		case r.udp.Has.Has(Lost):
			r.enh.Has |= Reads
			r.enh.Reads = a
		default:
			r.enh.Has |= Writes
			r.enh.Writes, r.enh.WriteErrors = a, b
		}
	case p.count == 3 && p.n[1].unit != 0:
		r.enh.Has |= InFlight
		r.enh.InFlight = p.n[0].size()
		r.windowAndRTT(&p.n[1], &p.n[2])
	case p.count == 2 && p.n[0].unit != 0:
		r.windowAndRTT(&p.n[0], &p.n[1])
	}
}

// takeCounts takes two numbers that the column's neighbours tell the meaning of.
func (r *row) takeCounts(a, b int64, next []byte) {
	switch {
	case len(next) > 0 && next[0] == '(' && !r.udp.Has.Has(Lost):
		r.udp.Has |= Lost | Packets
		r.udp.Lost, r.udp.Packets = a, b
		if r.delay >= 0 {
			r.udp.Has |= Jitter
			r.udp.Jitter = r.delay
		}
	case r.udp.Has.Has(Lost):
		// Frames received and lost.
	case a >= 0:
		r.enh.Has |= Writes
		r.enh.Writes, r.enh.WriteErrors = a, b
	}
}

// windowAndRTT takes the columns Cwnd/RTT(var), whose numbers are negative where the system does not tell them.
func (r *row) windowAndRTT(window, rtt *part) {
	if window.mant >= 0 {
		r.tcp.Has |= CongestionWindow
		r.tcp.CongestionWindow = window.size()
	}
	if d, ok := rtt.duration(ofMicro); ok && d >= 0 {
		r.tcp.Has |= RTT
		r.tcp.RTT = d
		if v, ok := rtt.paren.duration(ofMicro); ok && rtt.pair {
			r.tcp.Has |= RTTVar
			r.tcp.RTTVar = v
		}
	}
}

func tokenEnd(b []byte) int {
	for i, c := range b {
		if c == ' ' || c == '\t' {
			return i
		}
	}
	return len(b)
}

// after gives what follows next in rest.
func after(rest, next []byte) []byte { return rest[spaces(rest)+len(next):] }
