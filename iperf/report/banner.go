package report

import (
	"bytes"
	"unicode"

	"github.com/tunaperf/tuna/iperf/report/internal/scan"
)

// banners are the lines that are no rows, by a text in them. The first that matches decides. If
// read is nil, the kind is all that there is to know; if it returns false, the line is none after
// all.
var banners = []struct {
	text string
	item itemKind // how the line begins within another one
	kind eventKind
	read func(e *event, b []byte, at int) bool
}{
	{" connected ", itemNone, eventConn, readConn},
	{"Connecting to host ", itemPlain, eventConnecting3, func(e *event, b []byte, at int) bool {
		e.port = intAfter(b, "port ")
		return true
	}},
	{"Server listening on TCP port", itemNone, eventListening2, readListening2},
	{"Server listening on UDP port", itemNone, eventListening2, readListening2},
	{"Client connecting to ", itemPlain, eventConnecting2, func(e *event, b []byte, at int) bool {
		e.udp, e.port, e.flows = bytes.Contains(b, []byte("UDP port")), intAfter(b, " port "), intAfter(b, " (")
		e.host = string(address(b[at+len("Client connecting to "):]))
		return true
	}},
	{"Server listening on ", itemPlain, eventListening3, func(e *event, b []byte, at int) bool {
		e.port = intAfter(b[at:], "listening on ")
		return true
	}},
	{"Accepted connection from ", itemPlain, eventAccepted3, nil},
	{"Reverse mode, remote host ", itemPlain, eventReverse3, nil},
	{"Starting Test: protocol: ", itemPlain, eventSetting, func(e *event, b []byte, at int) bool {
		b = bytes.Clone(b[at+len("Starting Test: protocol: "):])
		e.set = func(rep *Report) { readStarting(rep, b) }
		return true
	}},
	{"Test Complete. Summary Results:", itemWhole, eventSummary3, nil},
	{"Server output:", itemWhole, eventServerOutput, atEnd("Server output:")},
	{"Server JSON output:", itemNone, eventServerJSON, atEnd("Server JSON output:")},
	{"iperf Done.", itemWhole, eventDone3, atEnd("iperf Done.")},
	{"Usage: iperf", itemNone, eventUsage, func(e *event, b []byte, at int) bool {
		if e.program = programIperf2; scan.HasPrefix(b[at:], "Usage: iperf3") {
			e.program = programIperf3
		}
		return true
	}},
	{"iperf ", itemNone, eventVersion, readVersion},
	{"Time: ", itemApart, eventSetting, func(e *event, b []byte, at int) bool {
		start := parseTime(b[at+len("Time: "):])
		e.set = func(rep *Report) { rep.Start = start }
		return !start.IsZero()
	}},
	{"CPU Utilization: ", itemPlain, eventSetting, func(e *event, b []byte, at int) bool {
		cpu := readCPU(b[at+len("CPU Utilization: "):])
		e.set = func(rep *Report) {
			if cpu != nil {
				rep.CPU = cpu
			}
		}
		return true
	}},
	{"TCP window size:", itemPlain, eventSetting, readWindow},
	{"UDP buffer size:", itemPlain, eventSetting, readWindow},
	{"TCP MSS: ", itemPlain, eventSetting, readMSS},
	{"MSS size ", itemPlain, eventSetting, readMSS},
	{"Sending ", itemPlain, eventSetting, func(e *event, b []byte, at int) bool {
		length := int64(intAfter(b[at:], "Sending "))
		e.set = func(rep *Report) { rep.Settings.Length = length }
		return bytes.Contains(b, []byte(" byte datagrams"))
	}},
	{"snd_tcp_congestion ", itemPlain, eventSetting, readCongestion},
	{"TCP congestion control using ", itemNone, eventSetting, readCongestion},
}

// knownLines are what further lines of iperf begin with. They are of no use.
var knownLines = []struct {
	text string
	item itemKind
}{
	{"-----", itemNone}, {"=====", itemNone}, {"rcv_tcp_congestion ", itemPlain}, {"Cookie: ", itemApart},
	{"Target Bitrate: ", itemPlain}, {"Linux ", itemNone}, {"Control connection MSS ", itemPlain},
	{"Read buffer size:", itemPlain}, {"Write buffer size:", itemPlain}, {"TOS ", itemNone}, {"Receiving ", itemNone},
	{"Binding to ", itemNone}, {"Joining multicast group ", itemNone}, {"Setting multicast ", itemNone},
	{"Server set to ", itemNone}, {"Bursting:", itemNone}, {"Bounce-back test", itemNone}, {"Enabled ", itemNone},
	{"FQ-pacing rate ", itemNone},
}

// recogniseBanner recognises the line b if it is one that iperf prints before, between or after the
// rows.
func (e *event) recogniseBanner(b []byte) bool {
	for i := range banners {
		banner := &banners[i]
		at := bytes.Index(b, []byte(banner.text))
		if at < 0 {
			continue
		}
		if e.kind = banner.kind; banner.read == nil || banner.read(e, b, at) {
			if at > 0 && e.beginsTest() {
				e.title, e.titleAt = titleOf(b[:at])
			}
			return true
		}
	}
	for _, known := range knownLines {
		if scan.HasPrefix(b, known.text) {
			e.kind = eventKnown
			return true
		}
	}
	e.kind = eventOther
	return false
}

// atEnd returns a function that reports whether a line ends with text, but for what stands around a
// string or a cell.
func atEnd(text string) func(*event, []byte, int) bool {
	return func(_ *event, b []byte, at int) bool {
		rest := b[at+len(text):]
		return len(rest) == 0 || bytes.IndexByte([]byte(`"'<`), rest[0]) >= 0 || !bytes.ContainsFunc(rest, unicode.IsLetter)
	}
}

// readListening2 reads "Server listening on TCP port 5001", or "ports 5001-5004" instead.
func readListening2(e *event, b []byte, _ int) bool {
	e.udp, e.port = bytes.Contains(b, []byte("UDP port")), intAfter(b, " port ")
	e.first, e.last = e.port, e.port
	if i := bytes.Index(b, []byte(" ports ")); i >= 0 {
		e.first, e.last = intAfter(b[i:], " ports "), intAfter(b[i:], "-")
	}
	return true
}

// readConn reads "[  5] local 10.0.0.1 port 35936 connected to 10.0.0.2 port 5201".
func readConn(e *event, b []byte, at int) bool {
	local := bytes.Index(b, []byte("local "))
	if local < 0 || at < local {
		return false
	}
	tags := b[at:]
	c := conn{id: -1, local: intAfter(b[local:at], " port "), remote: intAfter(tags, " port ")}
	if open := bytes.LastIndexByte(b[:local], '['); open >= 0 {
		if l, n := parseLabel(b[open:]); n > 0 {
			c.id, c.star = l.id, l.star
			e.title, e.titleAt = titleOf(b[:open])
		}
	}
	c.here = string(address(b[local+len("local "):]))
	if k := bytes.Index(tags, []byte(" with ")); k >= 0 {
		c.there = string(address(tags[k+len(" with "):]))
	}
	c.to = scan.HasPrefix(tags, " connected to ")
	c.peer = bytes.Contains(tags, []byte("(peer "))
	c.reverse = c.star || bytes.Contains(tags, []byte("(reverse)"))
	c.both = bytes.Contains(tags, []byte("(full-duplex)"))
	// Without a star, and without what later versions print of each connection.
	c.unstarred = c.both && !c.star && c.id > 2 && !bytes.Contains(tags, []byte("icwnd"))
	if k := bytes.LastIndex(tags, []byte(" on ")); k >= 0 {
		e.start = parseZoned("2006-01-02 15:04:05 (MST)", tags[k+len(" on "):])
	}
	e.conn = c
	return true
}

// address returns the address that b begins with, without the interface that it is of.
func address(b []byte) []byte {
	if i := bytes.IndexAny(b, " %,"); i >= 0 {
		b = b[:i]
	}
	return b
}

// readVersion reads "iperf 3.12" or "iperf version 2.1.8 (12 August 2022) pthreads".
func readVersion(e *event, b []byte, at int) bool {
	if at > 0 && bytes.IndexByte([]byte(" \t:|>]\"'"), b[at-1]) < 0 {
		return false
	}
	v := b[at+len("iperf "):]
	named := scan.HasPrefix(v, "version ")
	v = bytes.TrimPrefix(v, []byte("version "))
	n := scan.Word(v)
	three := scan.HasPrefix(v, "3.")
	if !three && !named && !scan.HasPrefix(v, "2.") || n == 0 || v[0]-'0' > 9 || n < len(v) && v[n+1:][0] != '(' {
		return false
	}
	e.version = string(v[:n])
	if e.program = programIperf2; three {
		e.program = programIperf3
	}
	return true
}

func readWindow(e *event, b []byte, at int) bool {
	b = b[at+len("TCP window size:"):]
	size, n := scan.Bytes(b[scan.Spaces(b):])
	if e.set = func(rep *Report) { rep.Settings.Window = size }; n == 0 || size <= 0 {
		e.kind = eventKnown
	}
	return true
}

func readMSS(e *event, b []byte, at int) bool {
	mss := int64(intAfter(b[at:], "MSS: ") + intAfter(b[at:], "MSS size "))
	e.set = func(rep *Report) { rep.Settings.MSS = mss }
	return true
}

func readCongestion(e *event, b []byte, at int) bool {
	name := bytes.TrimPrefix(b[at:], []byte("snd_tcp_congestion "))
	name = bytes.TrimPrefix(name, []byte("TCP congestion control using "))
	congestion := string(name[:scan.Word(name)])
	e.set = func(rep *Report) { rep.Settings.Congestion = congestion }
	return true
}

// intAfter returns the number that stands in b after s, or 0.
func intAfter(b []byte, s string) int {
	i := bytes.Index(b, []byte(s))
	if i < 0 {
		return 0
	}
	v, _ := scan.Int(b[i+len(s):])
	return int(v)
}
