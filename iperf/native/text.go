package native

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"
)

// textOutput prints tables.
type textOutput struct {
	lineWriter
	server  bool
	headed  bool // the intervals' columns are named
	several bool // an interval has been printed that a line separates from the next
}

func newTextOutput(w lineWriter, s settings) *textOutput {
	return &textOutput{lineWriter: w, server: s.server}
}

func (o *textOutput) printf(format string, args ...any) { o.print(fmt.Sprintf(format, args...)) }

const (
	banner    = "-----------------------------------------------------------\n"
	separator = "- - - - - - - - - - - - - - - - - - - - - - - - -\n"
)

// about is the first thing that -V prints.
func (o *textOutput) about() {
	o.printf("%s\n%s\n", versionLine(), systemInfo())
}

func (o *textOutput) listening(port, number int) {
	// All of it at once, so that who reads the first line can count on the port.
	o.printf("%sServer listening on %d (test #%d)\n%s", banner, port, number, banner)
}

func (o *textOutput) begun(t *test) {
	if t.server && t.getServerOutput {
		o.kept = &strings.Builder{}
	}
	if t.verbose {
		if !t.server {
			o.printf("Control connection MSS %d\n", t.mss)
			if t.udp && !t.lengthSet {
				o.printf("Setting UDP block size to %d\n", t.length)
			}
		}
		o.printf("Time: %s\n", t.begun.UTC().Format(timeFormat))
	}
	if t.server {
		a, p := hostPort(t.control.RemoteAddr())
		o.printf("Accepted connection from %s, port %d\n", a, p)
	} else {
		o.printf("Connecting to host %s, port %d\n", t.host, t.port)
		if t.reverse {
			o.printf("Reverse mode, remote host %s is sending\n", t.host)
		}
	}
	if t.verbose {
		o.printf("      Cookie: %s\n", t.cookie.String())
		if !t.udp {
			if t.settings.mss > 0 {
				o.printf("      TCP MSS: %d\n", t.settings.mss)
			} else {
				o.printf("      TCP MSS: %d (default)\n", t.mss)
			}
		}
		if t.rate > 0 {
			o.printf("      Target Bitrate: %d\n", t.rate)
		}
	}
}

// timeFormat is HTTP's.
const timeFormat = "Mon, 02 Jan 2006 15:04:05 GMT"

func (o *textOutput) connected(t *test) {
	for _, s := range t.streams {
		la, lp := hostPort(s.conn.LocalAddr())
		ra, rp := hostPort(s.conn.RemoteAddr())
		o.printf("[%3d] local %s port %d connected to %s port %d\n", s.socket, la, lp, ra, rp)
	}
	if !t.verbose {
		return
	}
	what := "%d second test, tos %d\n"
	n := int64(t.duration / time.Second)
	switch {
	case t.bytes > 0:
		what, n = "%d bytes to send, tos %d\n", t.bytes
	case t.blocks > 0:
		what, n = "%d blocks to send, tos %d\n", t.blocks
	}
	o.printf("Starting Test: protocol: %s, %d streams, %d byte blocks, omitting %d seconds, "+what,
		t.protocolName(), t.parallel, t.length, int64(t.omit/time.Second), n, t.tos)
}

func (s *settings) protocolName() string {
	if s.udp {
		return "UDP"
	}
	return "TCP"
}

// id is the first column of a row; s is nil in a sum's.
func id(t *test, s *stream, sender bool) string {
	first := "SUM"
	if s != nil {
		first = fmt.Sprintf("%3d", s.socket)
	}
	if !t.bidir {
		return "[" + first + "]"
	}
	way, end := "RX", "C"
	if sender {
		way = "TX"
	}
	if t.server {
		end = "S"
	}
	return "[" + first + "][" + way + "-" + end + "]"
}

func (o *textOutput) columns(t *test, rest string) {
	role := ""
	if t.bidir {
		role = "[Role]"
	}
	o.printf("[ ID]%s Interval           Transfer     Bitrate%s\n", role, rest)
}

const lossColumns = "         Jitter    Lost/Total Datagrams"

func (o *textOutput) interval(t *test, i *interval) error {
	if !o.headed {
		o.headed = true
		switch known := t.knowsRetransmits(); {
		case t.udp && t.receives():
			o.columns(t, lossColumns)
		case t.udp:
			o.columns(t, "         Total Datagrams")
		case known:
			o.columns(t, "         Retr  Cwnd")
		default:
			o.columns(t, "")
		}
	}
	if o.several {
		o.print(separator)
	}
	o.several = t.parallel > 1
	mark := ""
	if i.omitted {
		mark = "(omitted)"
	}
	o.direction(t, i, i.sum, mark)
	if i.reverse != nil {
		o.direction(t, i, i.reverse, mark)
	}
	return nil
}

// direction prints the rows that belong to a sum, and the sum where there are several.
func (o *textOutput) direction(t *test, i *interval, sum *row, mark string) {
	if sum == nil {
		return
	}
	for _, r := range i.rows {
		if r.sender == sum.sender {
			o.row(t, r, mark)
		}
	}
	if sum.streams > 1 {
		o.row(t, *sum, mark)
	}
}

func (o *textOutput) row(t *test, r row, mark string) {
	rate := 0.0
	if d := r.end - r.start; d > 0 {
		rate = float64(r.bytes) / d.Seconds()
	}
	rest := ""
	switch {
	case t.udp && r.sender:
		gap := ""
		if t.bidir {
			gap = "          "
		}
		rest = fmt.Sprintf(" %s %d  %s", gap, r.packets, mark)
	case t.udp:
		rest = loss(r.counts) + "  " + mark
	case r.info != nil && r.info.retransmits >= 0 && r.stream != nil:
		rest = fmt.Sprintf("  %3d   %s       %s", r.info.retransmits, transfer(r.info.cwnd), mark)
	case r.info != nil && r.info.retransmits >= 0:
		rest = fmt.Sprintf("  %3d             %s", r.info.retransmits, mark)
	default:
		rest = "                  " + mark
	}
	o.line(t, id(t, r.stream, r.sender), r.start.Seconds(), r.end.Seconds(), r.bytes, rate, rest)
}

func (o *textOutput) line(t *test, id string, start, end float64, bytes int64, rate float64, rest string) {
	o.printf("%s %6.2f-%-6.2f sec  %s  %s/sec%s\n", id, start, end, transfer(bytes), t.rateText(rate), rest)
}

func loss(c counts) string {
	percent := 0.0
	if c.packets > 0 {
		percent = 100 * float64(c.lost) / float64(c.packets)
	}
	return fmt.Sprintf("  %5.3f ms  %d/%d (%.2g%%)", c.jitter*1000, c.lost, c.packets, percent)
}

func (o *textOutput) finished(t *test) {
	o.print(separator)
	if t.verbose {
		o.print("Test Complete. Summary Results:\n")
	}
	retransmits := t.knowsRetransmits()
	for _, s := range t.streams {
		sent, _ := t.totals(s)
		retransmits = retransmits || sent.retransmits >= 0
	}
	switch {
	case t.udp:
		o.columns(t, lossColumns)
	case retransmits:
		o.columns(t, "         Retr")
	default:
		o.columns(t, "")
	}
	for _, ours := range []bool{!t.server, t.server} { // first what the client sends
		sum := summary{}
		for _, s := range t.streams {
			if s.sender != ours {
				continue
			}
			sent, received := t.totals(s)
			sum.add(sent, received)
			o.totals(t, s, s.sender, sent, received)
		}
		if sum.streams > 1 {
			o.totals(t, nil, ours, sum.sent, sum.received)
		}
	}
	if t.verbose && t.peerKnown {
		o.processors(t)
	}
	if t.verbose && !t.udp {
		sender, receiver := t.congestions()
		if t.server && t.bidir {
			receiver = sender
		}
		if sender != "" {
			o.printf("snd_tcp_congestion %s\n", sender)
		}
		if receiver != "" {
			o.printf("rcv_tcp_congestion %s\n", receiver)
		}
	}
	if s := t.serverOutput.ServerOutputText; s != "" {
		o.printf("\nServer output:\n%s\n", cleanText(s))
	}
	if s := t.serverOutput.ServerOutputJSON; len(s) > 0 {
		o.printf("\nServer JSON output:\n%s\n", cleanText(string(s)))
	}
	if t.peerKnown && !t.server {
		o.print("\niperf Done.\n")
	}
}

// processors prints both ends' use of their processors.
func (o *textOutput) processors(t *test) {
	local, remote := "sender", "receiver"
	if !t.sends() {
		local, remote = remote, local
	}
	if t.bidir {
		local, remote = "sender/receiver", "sender/receiver"
	}
	o.printf("CPU Utilization: local/%s %.1f%% (%.1f%%u/%.1f%%s), remote/%s %.1f%% (%.1f%%u/%.1f%%s)\n",
		local, t.cpu.total, t.cpu.user, t.cpu.system, remote, t.peerCPU.total, t.peerCPU.user, t.peerCPU.system)
}

// totals prints what both ends counted of one stream, or of all. What is not known is not printed.
func (o *textOutput) totals(t *test, s *stream, sender bool, sent, received total) {
	name := id(t, s, sender)
	print := func(n total, end string) {
		rest := "                  "
		switch {
		case t.udp:
			rest = loss(n.counts) + "  "
		case n.retransmits >= 0:
			rest = fmt.Sprintf("  %3d             ", n.retransmits)
		}
		o.line(t, name, 0, n.end, n.bytes, n.rate(), rest+end)
	}
	if sent.known {
		print(sent, "sender")
	} else if t.verbose && (s != nil || !t.udp) {
		o.printf("%s (sender statistics not available)\n", name[:5])
	}
	if received.known {
		print(received, "receiver")
	} else if t.verbose && (s != nil || !t.udp) {
		o.printf("%s (receiver statistics not available)\n", name[:5])
	}
	if t.udp && received.outOfOrder > 0 {
		o.printf("%s %4.1f-%4.1f sec  %d datagrams received out-of-order\n", name, 0.0, received.end, received.outOfOrder)
	}
}

// all is what was printed of the test, for the client to show.
func (o *textOutput) all() (string, json.RawMessage) {
	if o.kept == nil {
		return "", nil
	}
	return o.kept.String(), nil
}

func (o *textOutput) ended(error) {}

// A summary adds the totals of a direction's streams.
type summary struct {
	streams        int
	sent, received total
}

func (s *summary) add(sent, received total) {
	if s.streams == 0 {
		s.sent.retransmits, s.received.retransmits = -1, -1
	}
	s.streams++
	s.sent.add(sent)
	s.received.add(received)
}

// knowsRetransmits reports whether this end sends and its system counts them.
func (t *test) knowsRetransmits() bool {
	for _, s := range t.streams {
		if s.info != nil && s.info.retransmits >= 0 {
			return true
		}
	}
	return false
}

// congestions are the algorithms of sender and receiver, as far as they are known.
func (t *test) congestions() (sender, receiver string) {
	if t.udp {
		return "", ""
	}
	if t.server {
		if t.sends() {
			return t.congestionUsed, ""
		}
		return "", t.congestionUsed
	}
	if t.sends() && !t.bidir {
		return t.congestionUsed, t.peerCongestion
	}
	return t.peerCongestion, t.congestionUsed
}

// errorText is how an error stands in the output.
func errorText(s *settings, err error) string {
	var p parameterError
	switch {
	case errors.Is(err, errInterrupted) && s.server:
		return "interrupt - the server has terminated"
	case errors.Is(err, errInterrupted):
		return "interrupt - the client has terminated"
	case s.server && (errors.Is(err, errClientTerminated) || errors.Is(err, errClientGone)):
		return err.Error()
	case errors.As(err, &p):
		return "parameter error - " + err.Error()
	}
	return "error - " + err.Error()
}
