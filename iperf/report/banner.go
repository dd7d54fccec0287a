package report

import (
	"bytes"
	"slices"
	"time"

	"github.com/tunaperf/tuna/iperf/report/internal/scan"
)

// readBanner takes a line that says something about the test. It is false when it is none that is known.
func (r *reader) readBanner(b []byte) bool {
	switch {
	case bytes.Contains(b, []byte(" connected ")) && bytes.Contains(b, []byte("local ")):
		return r.readConn(b)
	case bytes.Contains(b, []byte("Connecting to host ")):
		r.entitle(titleOf(b[:bytes.Index(b, []byte("Connecting to host "))]))
		t := r.begin(true)
		t.setIperf3(ClientSide)
		t.rep.Settings.Port = intAfter(b, "port ")
	case bytes.Contains(b, []byte("Server listening on TCP port")), bytes.Contains(b, []byte("Server listening on UDP port")):
		if r.dropOther(); r.holdBanner(b, false) {
			break
		}
		t := r.begin(r.cur != nil && (r.cur.over() && !r.same || r.cur.isOther())) // of -d and -r both banners come before the rows
		t.setIperf2(b)
		addPort(&t.listens, intAfter(b, " port "))
		if i := bytes.Index(b, []byte(" ports ")); i >= 0 {
			from := intAfter(b[i:], " ports ")
			for p := from; p <= intAfter(b[i:], "-") && p < from+maxFlows; p++ {
				addPort(&t.listens, p)
			}
		}
	case bytes.Contains(b, []byte("Client connecting to ")):
		if r.dropOther(); r.holdBanner(b, true) {
			break
		}
		r.bannerOfWaiting(b)
		t := r.begin(r.cur != nil && (r.cur.isOther() || r.cur.over() && !r.same && (r.cur.connects != nil && !r.cur.serves || !r.cur.callsBack(b))))
		t.setIperf2(b)
		t.serves = t.serves || t.connects == nil && t.listens != nil && t.accepted()
		addPort(&t.connects, intAfter(b, " port "))
		t.flowsPrinted = max(t.flowsPrinted, intAfter(b, " ("))
	case bytes.Contains(b, []byte("Server listening on ")):
		if r.cur != nil && (r.cur.lines == 0 || r.cur.foretold()) {
			r.cur.setIperf3(ServerSide)
			r.cur.rep.Settings.Port = intAfter(b, "listening on ")
			break
		}
		r.end()
		t := r.begin(false)
		t.setIperf3(ServerSide)
		t.rep.Settings.Port = intAfter(b, "listening on ")
	case bytes.Contains(b, []byte("Accepted connection from ")):
		t := r.begin(r.cur != nil && r.cur.lines > 0 && len(r.cur.flows) > 0)
		t.setIperf3(ServerSide)
		t.lines++
	case bytes.Contains(b, []byte("Reverse mode, remote host ")):
		t := r.begin(false)
		t.setIperf3(ClientSide)
		t.reverse = true
		t.rep.Settings.Reverse = true
	case bytes.Contains(b, []byte("Starting Test: protocol: ")):
		r.readStarting(b[bytes.Index(b, []byte("protocol: "))+len("protocol: "):])
	case bytes.Contains(b, []byte("Test Complete. Summary Results:")):
		t := r.begin(false)
		t.ruled = true
	case bytes.HasSuffix(b, []byte("Server output:")):
		r.readServerOutput()
	case bytes.HasSuffix(b, []byte("Server JSON output:")):
		r.begin(false)
		r.peerNext = true
	case bytes.HasSuffix(b, []byte("iperf Done.")):
		r.endPeer()
		if r.cur != nil {
			r.cur.setIperf3(ClientSide)
			r.cur.done = true
		}
	case bytes.Contains(b, []byte("Usage: iperf")):
		t := r.begin(false)
		t.lines++
		t.usage = true
		if t.rep.Program = programIperf2; bytes.Contains(b, []byte("Usage: iperf3")) {
			t.rep.Program = programIperf3
		}
	case r.readVersion(b):
	case bytes.Contains(b, []byte("Time: ")):
		i := bytes.Index(b, []byte("Time: "))
		at := parseTime(b[i+len("Time: "):])
		if at.IsZero() {
			return false
		}
		r.begin(false).rep.Start = at
	case bytes.Contains(b, []byte("CPU Utilization: ")):
		r.readCPU(b[bytes.Index(b, []byte("CPU Utilization: "))+len("CPU Utilization: "):])
	case bytes.Contains(b, []byte("TCP window size:")):
		r.setSize(b, "TCP window size:", func(s *Settings) *int64 { return &s.Window })
	case bytes.Contains(b, []byte("UDP buffer size:")):
		r.setSize(b, "UDP buffer size:", func(s *Settings) *int64 { return &s.Window })
	case bytes.Contains(b, []byte("TCP MSS: ")):
		r.begin(false).rep.Settings.MSS = int64(intAfter(b, "TCP MSS: "))
	case bytes.Contains(b, []byte("MSS size ")):
		r.begin(false).rep.Settings.MSS = int64(intAfter(b, "MSS size "))
	case bytes.Contains(b, []byte(" byte datagrams")) && bytes.Contains(b, []byte("Sending ")):
		r.begin(false).rep.Settings.Length = int64(intAfter(b, "Sending "))
	case bytes.Contains(b, []byte("snd_tcp_congestion ")):
		r.begin(false).rep.Settings.Congestion = wordAfter(b, "snd_tcp_congestion ")
	case bytes.Contains(b, []byte("TCP congestion control using ")):
		r.begin(false).rep.Settings.Congestion = wordAfter(b, "TCP congestion control using ")
	default:
		return isKnown(b)
	}
	return true
}

// readVersion takes "iperf 3.12" or "iperf version 2.1.8 (12 August 2022) pthreads".
func (r *reader) readVersion(b []byte) bool {
	i := bytes.Index(b, []byte("iperf "))
	if i < 0 || i > 0 && b[i-1] != ' ' {
		return false
	}
	v := b[i+len("iperf "):]
	named := scan.HasPrefix(v, "version ")
	v = bytes.TrimPrefix(v, []byte("version "))
	n := scan.Word(v)
	three := scan.HasPrefix(v, "3.")
	if !three && !named && !scan.HasPrefix(v, "2.") || n == 0 || v[0]-'0' > 9 || n < len(v) && v[n+1:][0] != '(' {
		return false
	}
	t := r.begin(three && r.outer == nil && r.cur != nil && len(r.cur.flows) > 0)
	t.rep.Version = string(v[:n])
	if t.rep.Program = programIperf3; !three {
		t.rep.Program, t.iperf2 = programIperf2, true
	}
	return true
}

// addPort adds a port of a test, which has few.
func addPort(ports *[]int, port int) {
	if port > 0 && !slices.Contains(*ports, port) && len(*ports) < maxFlows {
		*ports = append(*ports, port)
	}
}

// isKnown reports whether b is a line of iperf's that says nothing of use here.
func isKnown(b []byte) bool {
	for _, s := range [...]string{
		"-----", "=====", "rcv_tcp_congestion ", "Cookie: ", "Target Bitrate: ", "Linux ", "Control connection MSS ",
		"Read buffer size:", "Write buffer size:", "TOS ", "Receiving ", "Binding to ", "Joining multicast group ",
		"Setting multicast ", "Server set to ", "Bursting:", "Bounce-back test", "Enabled ", "FQ-pacing rate ",
	} {
		if scan.HasPrefix(b, s) {
			return true
		}
	}
	return false
}

// isOther reports whether a banner of iperf 2 cannot be of this test.
func (t *test) isOther() bool { return t.rep.Program == programIperf3 || t.json }

// bannerOfWaiting gives connections that were there before their client's banner to the test that it begins.
func (r *reader) bannerOfWaiting(b []byte) {
	t := r.cur
	if t == nil || len(t.waiting) == 0 || !t.waiting[0].late {
		return
	}
	if t.connects == nil && t.callsBack(b) {
		cs := t.waiting
		t.waiting = nil
		for _, c := range cs {
			t.introduce(c)
		}
		return
	}
	r.end()
	r.cur.connects, r.cur.listens, r.cur.rep.Settings = nil, nil, Settings{}
}

// dropOther forgets the banner of a server of iperf 3 that waited for one more test.
func (r *reader) dropOther() {
	if t := r.cur; t != nil && r.outer == nil && t.isOther() && t.lines == 0 && t.said == nil {
		r.cur = nil
		r.first-- // the next one takes its place
	}
}

func (t *test) setIperf3(s Side) {
	t.rep.Program = programIperf3
	t.rep.Side = s
}

func (t *test) setIperf2(b []byte) {
	t.rep.Program, t.iperf2 = programIperf2, true
	if bytes.Contains(b, []byte("UDP port")) {
		t.rep.Protocol = ProtocolUDP
	} else {
		t.rep.Protocol = ProtocolTCP
	}
	if t.rep.Settings.Port == 0 {
		t.rep.Settings.Port = intAfter(b, " port ")
	}
}

// intAfter gives the number that stands in b after s; 0: none.
func intAfter(b []byte, s string) int {
	i := bytes.Index(b, []byte(s))
	if i < 0 {
		return 0
	}
	v, _ := scan.Int(b[i+len(s):])
	return int(v)
}

// wordAfter gives the word that stands in b after s.
func wordAfter(b []byte, s string) string {
	b = b[bytes.Index(b, []byte(s))+len(s):]
	return string(b[:scan.Word(b)])
}

func (r *reader) setSize(b []byte, s string, field func(*Settings) *int64) {
	b = b[bytes.Index(b, []byte(s))+len(s):]
	if v, n := scan.Bytes(b[scan.Spaces(b):]); n > 0 && v > 0 {
		*field(&r.begin(false).rep.Settings) = v
	}
}

// readStarting takes "TCP, 1 streams, 131072 byte blocks, omitting 0 seconds, 2 second test, tos 0".
func (r *reader) readStarting(b []byte) {
	rep := r.begin(false).rep
	switch {
	case scan.HasPrefix(b, "TCP"):
		rep.Protocol = ProtocolTCP
	case scan.HasPrefix(b, "UDP"):
		rep.Protocol = ProtocolUDP
	case scan.HasPrefix(b, "SCTP"):
		rep.Protocol = ProtocolSCTP
	}
	s := &rep.Settings
	for part := range bytes.SplitSeq(b, []byte(", ")) {
		n, l := scan.Int(part)
		switch string(part[l:]) {
		case " streams":
			s.Streams = int(n)
		case " byte blocks":
			s.Length = n
		case " second test":
			s.Duration = time.Duration(min(n, maxSeconds)) * time.Second
		case " bytes to send":
			s.Bytes = n
		case " blocks to send":
			s.Blocks = n
		}
		if scan.HasPrefix(part, "omitting ") {
			s.Omit = time.Duration(min(intAfter(part, "omitting "), maxSeconds)) * time.Second
		} else if scan.HasPrefix(part, "tos ") {
			s.TOS = intAfter(part, "tos ")
		}
	}
}

// maxSeconds is what a Duration has room for.
const maxSeconds = 9e9

// readCPU takes "local/sender 76.1% (1.4%u/74.7%s), remote/receiver 51.8% (1.7%u/50.2%s)".
func (r *reader) readCPU(b []byte) {
	t := r.begin(false)
	cpu := &CPU{}
	for part := range bytes.SplitSeq(b, []byte(", ")) {
		var use CPUUse
		i := bytes.IndexByte(part, ' ')
		if i < 0 {
			continue
		}
		rest := part[i+1:]
		ok := true
		for _, f := range []struct {
			to    *float64
			after string
		}{{&use.Total, "% ("}, {&use.User, "%u/"}, {&use.System, "%s)"}} {
			n, l := scan.Number(rest)
			if l == 0 || !scan.HasPrefix(rest[l:], f.after) {
				ok = false
				break
			}
			*f.to = n.Float(0)
			rest = rest[l+len(f.after):]
		}
		switch {
		case !ok:
		case scan.HasPrefix(part, "local/"):
			cpu.Local = &use
		case scan.HasPrefix(part, "remote/") && use != CPUUse{}:
			cpu.Remote = &use
		}
	}
	if cpu.Local != nil || cpu.Remote != nil {
		t.rep.CPU = cpu
	}
}

// readServerOutput gives the rest up to "iperf Done." to a test of its own.
func (r *reader) readServerOutput() {
	t := r.begin(false)
	if r.outer != nil {
		return
	}
	peer := r.newTest(nil)
	peer.setIperf3(ServerSide)
	peer.reverse = t.reverse
	r.outer, r.cur = t, peer
}
