package evidence

import (
	"slices"
	"strconv"
	"strings"
	"time"
)

// readSockets reads the answer of "ss -tinm". A socket is one line, or two of which the second
// begins with blanks.
func readSockets(text string) (all []Socket) {
	open := false // the second line belongs to the last socket
	for line := range strings.Lines(text) {
		f := strings.Fields(line)
		if len(f) == 0 {
			continue
		}
		if line[0] == ' ' || line[0] == '\t' {
			if open {
				all[len(all)-1].readInfo(f)
			}
			continue
		}
		s, info, ok := readAddresses(f)
		if open = ok; ok {
			s.readInfo(info)
			all = append(all, s)
		}
	}
	return all
}

// readAddresses reads the columns of a socket, and returns the words after them. The protocol is a
// column of its own in some versions, so the two queues are the first numbers. ok is false for a
// line of titles and for sockets without a peer.
func readAddresses(f []string) (s Socket, info []string, ok bool) {
	for i := range f {
		recv, ok := number(f[i])
		if !ok {
			continue
		}
		if i == 0 || i > 2 || i+3 >= len(f) || slices.Contains([]string{"LISTEN", "UNCONN", "TIME-WAIT"}, f[i-1]) {
			break
		}
		send, ok := number(f[i+1])
		local, ok2 := port(f[i+2])
		peer, ok3 := port(f[i+3])
		return Socket{LocalPort: local, PeerPort: peer, RecvQ: recv, SendQ: send}, f[i+4:], ok && ok2 && ok3
	}
	return s, nil, false
}

// port returns the port of an address, which may hold colons and the name of a device.
func port(address string) (int, bool) {
	n, err := strconv.ParseUint(address[strings.LastIndexByte(address, ':')+1:], 10, 16)
	return int(n), err == nil && strings.Contains(address, ":")
}

// flags are words of ss that may stand where the name of the congestion control does.
var flags = []string{"ts", "sack", "ecn", "ecnseen", "fastopen"}

// readInfo reads the words of a socket's TCP information.
func (s *Socket) readInfo(words []string) {
	for i, w := range words {
		name, value, ok := strings.Cut(w, ":")
		if !ok {
			next := ""
			if i+1 < len(words) {
				next = words[i+1]
			}
			s.readWord(w, next)
			continue
		}
		switch name {
		case "skmem":
			for part := range strings.SplitSeq(strings.Trim(value, "()"), ",") {
				if n, ok := strings.CutPrefix(part, "tb"); ok {
					set(&s.SendBuffer, n)
				}
			}
		case "rtt":
			value, _, _ = strings.Cut(value, "/")
			setTime(&s.RTT, value+"ms")
		case "minrtt":
			setTime(&s.MinRTT, value+"ms")
		case "busy":
			setTime(&s.Busy, value)
		case "rwnd_limited":
			setTime(&s.RwndLimited, value)
		case "sndbuf_limited":
			setTime(&s.SndbufLimited, value)
		case "mss":
			set(&s.MSS, value)
		case "cwnd":
			set(&s.CWND, value)
		case "ssthresh":
			set(&s.SSThresh, value)
		case "unacked":
			set(&s.Unacked, value)
		case "snd_wnd":
			set(&s.SendWindow, value)
		case "notsent":
			set(&s.NotSent, value)
		case "bytes_sent":
			set(&s.BytesSent, value)
		case "bytes_retrans":
			set(&s.BytesRetransmitted, value)
		case "bytes_acked":
			set(&s.BytesAcked, value)
		case "bytes_received":
			set(&s.BytesReceived, value)
		}
	}
}

// readWord reads a word without a colon.
func (s *Socket) readWord(w, next string) {
	switch w {
	case "app_limited":
		s.AppLimited = true
	case "delivery_rate":
		s.DeliveryRate = rate(next)
	case "pacing_rate":
		s.PacingRate = rate(next)
	default:
		// The name of the congestion control stands before "wscale", which a peer may not use, or
		// before "rto".
		if s.CongestionControl == "" && (strings.HasPrefix(next, "wscale:") || strings.HasPrefix(next, "rto:")) &&
			!slices.Contains(flags, w) && !strings.ContainsAny(w, "()") {
			s.CongestionControl = w
		}
	}
}

// set sets a count that ss printed.
func set(to *int64, value string) {
	if n, ok := number(value); ok {
		*to = n
	}
}

// setTime sets a time that ss printed, such as "32ms(4.9%)".
func setTime(to *time.Duration, value string) {
	value, _, _ = strings.Cut(value, "(")
	if d, err := time.ParseDuration(value); err == nil && d >= 0 {
		*to = d
	}
}

// rate reads a rate that ss printed: "26214400000bps", or "26.2Gbps" in old versions. It is 0 if s
// is none.
func rate(s string) int64 {
	s, ok := strings.CutSuffix(s, "bps")
	unit := 1.0
	switch {
	case strings.HasSuffix(s, "K"):
		unit = 1e3
	case strings.HasSuffix(s, "M"):
		unit = 1e6
	case strings.HasSuffix(s, "G"):
		unit = 1e9
	}
	f, err := strconv.ParseFloat(strings.TrimRight(s, "KMG"), 64)
	if f *= unit; !ok || err != nil || !(0 <= f && f < 1<<60) {
		return 0
	}
	return int64(f)
}
