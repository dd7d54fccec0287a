package report

import (
	"bytes"

	"github.com/tunaperf/tuna/iperf/report/internal/scan"
)

// parseTail reads the columns after the rate. They are told apart by their form, as their headings
// may be lost or, in iperf 2, belong to another row.
func (r *row) parseTail(b []byte, cut bool) rowKind {
	r.delay = -1
	if len(b) > 0 && b[0] != ' ' && b[0] != '\t' {
		if bytes.IndexByte([]byte(`"',<|)`), b[0]) >= 0 {
			r.odd = true
			return rowData // what another program put after it
		}
		return rowBad
	}
	for {
		b = b[scan.Spaces(b):]
		if len(b) == 0 {
			return rowData
		}
		if cut {
			if n := token(b); n == len(b) && !endsWhole(b) {
				if b[0] == '(' || beginsRole(b) {
					return rowBad // "(omitted)" or "receiver" without its end
				}
				return rowData
			}
		}
		switch {
		case b[0]-'0' <= 9 || b[0] == '-' && len(b) > 1 && b[1]-'0' <= 9:
			b = r.parseColumn(b)
		case b[0] == '(':
			b = r.parseParentheses(b)
		case scan.HasPrefix(b, "-/-"): // delays that cannot be computed
			b = b[token(b):]
			b = bytes.TrimPrefix(b[scan.Spaces(b):], []byte("ms"))
		default:
			n := token(b)
			r.parseWord(b[:n])
			if b = b[n:]; r.by != 0 {
				r.odd = r.odd || len(b) > scan.Spaces(b)
				return rowData // nothing of the row follows
			}
		}
	}
}

// isWord reports whether tok is the word, perhaps with a quotation mark or the like after it.
func isWord(tok []byte, word string) bool {
	return scan.HasPrefix(tok, word) && (len(tok) == len(word) || (tok[len(word)]|0x20)-'a' >= 26)
}

// token gives the length of what stands before the next space. A slash at the end of it joins what
// follows: older versions of iperf 2 pad the numbers between slashes.
func token(b []byte) (n int) {
	for n < len(b) {
		if b[n] == ' ' || b[n] == '\t' {
			if n == 0 || b[n-1] != '/' {
				return n
			}
			n += scan.Spaces(b[n:])
			continue
		}
		n++
	}
	return n
}

// parseParentheses takes a percentage, "(omitted)", or "(3937/131072)", and gives what follows it.
func (r *row) parseParentheses(b []byte) []byte {
	if scan.HasPrefix(b, "(omitted)") && isWord(b[:token(b)], "(omitted)") {
		r.omitted = true
		return b[token(b):]
	}
	i := 1
	for i < len(b) && b[i] != ')' {
		i++
	}
	if i == len(b) {
		r.odd = true
		return b[token(b):]
	}
	if b[i-1] == '%' && !r.udp.Has.Has(Packets) {
		r.dropLoss()
	}
	if scan.HasPrefix(b, "(0)") || scan.HasPrefix(b, "(0/") {
		r.enh.Has &^= Latency // of no call at all
		r.enh.Latency = LatencyStats{}
	}
	return b[i+1:]
}

// parseWord takes a column that does not begin with a number.
func (r *row) parseWord(tok []byte) {
	switch {
	case scan.HasPrefix(tok, "sender"):
		r.by, r.odd = 's', r.odd || len(tok) > len("sender")
	case scan.HasPrefix(tok, "receiver"):
		r.by, r.odd = 'r', r.odd || len(tok) > len("receiver")
	case scan.HasPrefix(tok, "Unknown/"):
		// iperf 3 where it cannot tell the loss of the omitted time from that of the test.
		if v, n := scan.Int(tok[len("Unknown/"):]); n > 0 && r.delay >= 0 {
			r.udp.Has |= Packets | Jitter
			r.udp.Packets, r.udp.Jitter = v, r.delay
		}
	case string(tok) == "NAN", string(tok) == "nan": // what cannot be computed
	case string(tok) == "us": // its unit
	case string(tok) == "ms":
		r.dropped |= nonsenseJitter // its number cannot be read
	case scan.HasPrefix(tok, "NA/"):
		// No congestion window, but perhaps a round-trip time.
		p := &r.parts
		if p.parseAll(bytes.TrimSuffix(tok[len("NA/"):], []byte("us"))) && p.count == 1 {
			r.windowAndRTT(&part{Decimal: scan.Decimal{Mant: -1}}, &p.n[0])
		}
	default:
		r.odd = true
	}
}

// endsWhole reports whether a token at the end of a line can be told to be complete.
func endsWhole(tok []byte) bool {
	return tok[len(tok)-1] == ')' || string(tok) == "sender" || string(tok) == "receiver"
}

// parseColumn reads the column that b begins with, a number or several, and gives what follows it.
func (r *row) parseColumn(b []byte) []byte {
	n, length := scan.Number(b)
	switch {
	case length == 0:
	case length == len(b) || b[length] == ' ' || b[length] == '\t':
		return r.parseSingle(n, b[length+scan.Spaces(b[length:]):])
	case b[length] == '=' && n.Frac == 0 && b[0] != '-':
		l := token(b)
		rest := b[l+scan.Spaces(b[l:]):]
		word := unitWord(rest)
		r.parseEqual(n.Mant, b[length+1:l], word)
		return withoutUnit(rest, word)
	default:
		l := r.parts.parse(b, n, length)
		if l == 0 {
			break
		}
		rest := b[l+scan.Spaces(b[l:]):]
		word := unitWord(rest)
		r.parseParts(word)
		return withoutUnit(rest, word)
	}
	r.odd = true
	return b[token(b):]
}

// unitWord returns the word that b begins with if that may be the unit of the number before it, or its first byte.
func unitWord(b []byte) []byte {
	if len(b) == 0 || b[0] <= '9' {
		return b[:min(len(b), 1)]
	}
	return b[:scan.Word(b)]
}

// withoutUnit returns what follows the unit of several numbers, if word is one.
func withoutUnit(rest, word []byte) []byte {
	if u, _ := unitOf(word); u.isTime() || u == unitCount {
		return rest[len(word):]
	}
	return rest
}

// parseEqual takes a number of calls and what is said of them: "8388=4:3:2" reads,
// "10=1.2/1.0/1.5/0.1" round trips.
func (r *row) parseEqual(calls int64, said, word []byte) {
	r.odd = r.odd || r.hasBare || r.enh.Has&(NetPower|Latency) == NetPower
	if bytes.IndexByte(said, ':') >= 0 {
		r.enh.Has |= Reads
		r.enh.Reads = calls
		return
	}
	r.enh.Has |= RoundTrips
	r.enh.RoundTrips = calls
	if r.parts.parseAll(said) {
		r.parseParts(word)
	}
}

// parseSingle takes a number that stands alone, and perhaps its unit, which is the next word. It
// returns what follows.
func (r *row) parseSingle(n scan.Decimal, rest []byte) []byte {
	if len(rest) > 0 && rest[0] > '9' {
		end := scan.Word(rest)
		if r.parseUnit(n, rest[:end]) {
			return rest[end:]
		}
		if letters := leadingLetters(rest[:end]); letters > 0 && letters < end && r.parseUnit(n, rest[:letters]) {
			r.odd = true // what another program put after it, such as "<br/>"
			return rest[end:]
		}
		if isUnknownUnit(rest[:end]) {
			r.odd = true
			return rest[end:]
		}
	}
	switch {
	case (r.enh.Has.Has(Writes) || r.enh.Has.Has(RoundTrips)) && n.Frac == 0 && n.Mant >= 0 && r.tcp.Has&(Retransmits|RTT) == 0:
		r.tcp.Has |= Retransmits
		r.tcp.Retransmits = n.Mant
	case r.enh.Has != 0 || r.udp.Has.Has(PacketRate) || r.tcp.Has.Has(RTT):
		r.odd = r.odd || r.enh.Has.Has(NetPower) // the last column is another number's end
		r.enh.Has |= NetPower
		r.enh.NetPower = n.Float(0)
	case n.Frac == 0 && n.Mant >= 0 && !r.hasBare:
		r.bare, r.hasBare = n.Mant, true
	default:
		r.odd = true
	}
	return rest
}

// isUnknownUnit reports whether the word after a number may be its unit, of which nothing is known. What says whose row it is may
// stand there, too, if its end is cut.
func isUnknownUnit(word []byte) bool {
	return leadingLetters(word) == len(word) && !beginsRole(word) && !scan.HasPrefix(word, "sender") && !scan.HasPrefix(word, "receiver")
}

// leadingLetters returns how many letters and slashes a word begins with.
func leadingLetters(word []byte) int {
	for i, c := range word {
		if (c|0x20)-'a' >= 26 && c != '/' {
			return i
		}
	}
	return len(word)
}

// beginsRole reports whether a word is the beginning of "sender" or "receiver", or one of them.
func beginsRole(word []byte) bool {
	return scan.HasPrefix([]byte("sender"), string(word)) || scan.HasPrefix([]byte("receiver"), string(word))
}

// parseUnit takes a number with a unit. It is false when that is none.
func (r *row) parseUnit(n scan.Decimal, word []byte) bool {
	u, shift := unitOf(word)
	switch u {
	case unitNone, unitCount:
		return false
	case unitMicros:
		r.odd = true // these stand behind a slash
	case unitMillis:
		// The jitter, if the loss follows; else it is how long a burst took.
		if d, ok := n.Duration(scan.Milliseconds); ok && n.Mant >= 0 {
			r.delay = d
		} else {
			r.dropped |= nonsenseJitter
		}
	case unitPackets:
		r.udp.Has |= PacketRate
		r.udp.PacketRate = n.Float(0)
		r.odd = r.odd || r.tcp.Has != 0
		if r.hasBare {
			r.udp.Has |= Packets
			r.udp.Packets, r.hasBare = r.bare, false
		}
	case unitBytes:
		switch v := n.Bytes(shift); {
		case word[len(word)-1] == 's':
			r.tcp.Has |= CongestionWindow
			r.tcp.CongestionWindow = v
		case r.enh.Has == 0:
			r.odd = true // a window, without the end of its unit
		default:
			r.enh.Has |= InFlight
			r.enh.InFlight = v
		}
	}
	return true // of a rate, the one that the socket is paced at
}

// parseParts takes numbers with slashes between them. Their count and their units tell what they
// are.
func (r *row) parseParts(word []byte) {
	switch p := &r.parts; {
	case string(word) == "pkts": // received and in progress
	case p.count == 2 && p.counts():
		r.takeCounts(p.n[0].Mant, p.n[1].Mant, word)
	case p.count == 2 && p.plain && r.delay >= 0 && !r.udp.Has.Has(Lost):
		r.dropLoss()
	case p.count == 4 && p.plain:
		if r.enh.Has.Has(Latency) {
			break // the second is of whole frames
		}
		of := scan.Milliseconds
		if string(word) == "us" {
			of = scan.Microseconds
		}
		if l, ok := p.delays(of); ok {
			r.enh.Has |= Latency
			r.enh.Latency = l
		}
	case p.count == 3 && p.n[0].Frac+p.n[1].Frac+p.n[2].Frac == 0 && p.n[1].unit == 0:
		// Write/Err/Timeo or Read/Timeo/Trunc; after the window it is isoch:tx/miss/slip.
		switch a, b := p.n[0].Mant, p.n[1].Mant; {
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
	case !r.udp.Has.Has(Lost) && (len(next) > 0 && next[0] == '(' || r.delay >= 0):
		// Beside a jitter it is the loss, also if the percentage is cut off.
		r.odd = r.odd || len(next) > 0 && next[0]-'0' <= 9
		r.udp.Has |= Lost | Packets
		r.udp.Lost, r.udp.Packets = a, b
		if r.delay >= 0 {
			r.udp.Has |= Jitter
			r.udp.Jitter = r.delay
		}
	case r.udp.Has.Has(Lost):
		// Frames received and lost.
	case a >= 0:
		r.odd = r.odd || r.hasBare
		r.enh.Has |= Writes
		r.enh.Writes, r.enh.WriteErrors = a, b
	}
}

// dropLoss leaves out a loss that cannot be, but not the jitter before it.
func (r *row) dropLoss() {
	r.dropped |= nonsenseLost
	if r.delay >= 0 {
		r.udp.Has |= Jitter
		r.udp.Jitter = r.delay
	}
}

// windowAndRTT takes the columns Cwnd/RTT(var), whose numbers are negative or zero if the system does
// not tell them.
func (r *row) windowAndRTT(window, rtt *part) {
	if window.Mant > 0 {
		r.tcp.Has |= CongestionWindow
		r.tcp.CongestionWindow = window.size()
	}
	if d, ok := rtt.Duration(scan.Microseconds); ok && d > 0 {
		r.tcp.Has |= RTT
		r.tcp.RTT = d
		if v, ok := rtt.paren.Duration(scan.Microseconds); ok && rtt.pair {
			r.tcp.Has |= RTTVar
			r.tcp.RTTVar = v
		}
	}
}
