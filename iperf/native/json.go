package native

import (
	"encoding/json"
	"errors"
	"fmt"
	"time"
)

// jsonOutput prints one document when the test is over, or with --json-stream an event a line as they happen.
type jsonOutput struct {
	lineWriter
	settings settings
	stream   bool
	doc      document
	rows     int
}

// maxRows bounds what a server keeps for its document: more is a test that no client in good faith asks for.
const maxRows = 1 << 20

// document is the whole output, with the C program's keys.
type document struct {
	Start      jsonStart       `json:"start"`
	Intervals  []jsonInterval  `json:"intervals"`
	End        jsonEnd         `json:"end"`
	Title      string          `json:"title,omitempty"`
	Error      string          `json:"error,omitempty"`
	ServerText string          `json:"server_output_text,omitempty"`
	ServerJSON json.RawMessage `json:"server_output_json,omitempty"`
}

type jsonStart struct {
	Connected     []jsonConnection `json:"connected"`
	Version       string           `json:"version"`
	SystemInfo    string           `json:"system_info"`
	Timestamp     *jsonTime        `json:"timestamp,omitempty"`
	ConnectingTo  *jsonAddress     `json:"connecting_to,omitempty"`
	Accepted      *jsonAddress     `json:"accepted_connection,omitempty"`
	Cookie        string           `json:"cookie,omitempty"`
	MSS           *int             `json:"tcp_mss,omitempty"`
	MSSDefault    *int             `json:"tcp_mss_default,omitempty"`
	TargetBitrate *int64           `json:"target_bitrate,omitempty"`
	SockBufsize   *int             `json:"sock_bufsize,omitempty"`
	SndbufActual  *int             `json:"sndbuf_actual,omitempty"`
	RcvbufActual  *int             `json:"rcvbuf_actual,omitempty"`
	TestStart     *jsonTestStart   `json:"test_start,omitempty"`
}

type jsonConnection struct {
	Socket     int    `json:"socket"`
	LocalHost  string `json:"local_host"`
	LocalPort  int    `json:"local_port"`
	RemoteHost string `json:"remote_host"`
	RemotePort int    `json:"remote_port"`
}

type jsonTime struct {
	Time     string `json:"time"`
	Timesecs int64  `json:"timesecs"`
}

type jsonAddress struct {
	Host string `json:"host"`
	Port int    `json:"port"`
}

type jsonTestStart struct {
	Protocol      string `json:"protocol"`
	NumStreams    int    `json:"num_streams"`
	Blksize       int    `json:"blksize"`
	Omit          int64  `json:"omit"`
	Duration      int64  `json:"duration"`
	Bytes         int64  `json:"bytes"`
	Blocks        int64  `json:"blocks"`
	Reverse       int    `json:"reverse"`
	TOS           int    `json:"tos"`
	TargetBitrate int64  `json:"target_bitrate"`
}

type jsonInterval struct {
	Streams []jsonRow `json:"streams"`
	Sum     *jsonRow  `json:"sum,omitempty"`
	Reverse *jsonRow  `json:"sum_bidir_reverse,omitempty"`
}

// jsonRow is a row of an interval or of the end. Which fields it has depends on the protocol and the place.
type jsonRow struct {
	Socket        *int     `json:"socket,omitempty"`
	Start         float64  `json:"start"`
	End           float64  `json:"end"`
	Seconds       float64  `json:"seconds"`
	Bytes         int64    `json:"bytes"`
	BitsPerSecond float64  `json:"bits_per_second"`
	Retransmits   *int64   `json:"retransmits,omitempty"`
	SndCwnd       *int64   `json:"snd_cwnd,omitempty"`
	SndWnd        *int64   `json:"snd_wnd,omitempty"`
	RTT           *int64   `json:"rtt,omitempty"`
	RTTVar        *int64   `json:"rttvar,omitempty"`
	PMTU          *int64   `json:"pmtu,omitempty"`
	JitterMS      *float64 `json:"jitter_ms,omitempty"`
	LostPackets   *int64   `json:"lost_packets,omitempty"`
	Packets       *int64   `json:"packets,omitempty"`
	LostPercent   *float64 `json:"lost_percent,omitempty"`
	OutOfOrder    *int64   `json:"out_of_order,omitempty"`
	MaxSndCwnd    *int64   `json:"max_snd_cwnd,omitempty"`
	MaxSndWnd     *int64   `json:"max_snd_wnd,omitempty"`
	MaxRTT        *int64   `json:"max_rtt,omitempty"`
	MinRTT        *int64   `json:"min_rtt,omitempty"`
	MeanRTT       *int64   `json:"mean_rtt,omitempty"`
	Omitted       *bool    `json:"omitted,omitempty"`
	Sender        bool     `json:"sender"`
}

type jsonEnd struct {
	Streams             []jsonEndStream `json:"streams,omitempty"`
	Sum                 *jsonRow        `json:"sum,omitempty"`
	SumSent             *jsonRow        `json:"sum_sent,omitempty"`
	SumReceived         *jsonRow        `json:"sum_received,omitempty"`
	SumReverse          *jsonRow        `json:"sum_bidir_reverse,omitempty"`
	SumSentReverse      *jsonRow        `json:"sum_sent_bidir_reverse,omitempty"`
	SumReceivedReverse  *jsonRow        `json:"sum_received_bidir_reverse,omitempty"`
	CPU                 *jsonCPU        `json:"cpu_utilization_percent,omitempty"`
	SenderCongestion    string          `json:"sender_tcp_congestion,omitempty"`
	ReceivingCongestion string          `json:"receiver_tcp_congestion,omitempty"`
}

type jsonEndStream struct {
	UDP      *jsonRow `json:"udp,omitempty"`
	Sender   *jsonRow `json:"sender,omitempty"`
	Receiver *jsonRow `json:"receiver,omitempty"`
}

type jsonCPU struct {
	HostTotal    float64 `json:"host_total"`
	HostUser     float64 `json:"host_user"`
	HostSystem   float64 `json:"host_system"`
	RemoteTotal  float64 `json:"remote_total"`
	RemoteUser   float64 `json:"remote_user"`
	RemoteSystem float64 `json:"remote_system"`
}

func newJSONOutput(w lineWriter, s settings) *jsonOutput {
	return &jsonOutput{lineWriter: w, settings: s, stream: s.stream, doc: document{
		Start:     jsonStart{Connected: []jsonConnection{}, Version: "iperf " + protocolVersion, SystemInfo: systemInfo()},
		Intervals: []jsonInterval{},
		Title:     s.title,
	}}
}

func (o *jsonOutput) listening(int, int) {}

func (o *jsonOutput) begun(t *test) {
	s := &o.doc.Start
	o.doc.Title = t.title
	s.Timestamp = &jsonTime{t.begun.UTC().Format(timeFormat), t.begun.Unix()}
	if t.server {
		a, p := hostPort(t.control.RemoteAddr())
		s.Accepted = &jsonAddress{a, p}
	} else {
		s.ConnectingTo = &jsonAddress{t.host, t.port}
	}
	s.Cookie = t.cookie.String()
	if !t.udp {
		if t.settings.mss > 0 {
			s.MSS = &t.settings.mss
		} else {
			s.MSSDefault = &t.mss
		}
	}
	s.TargetBitrate = &t.rate
}

func (o *jsonOutput) connected(t *test) {
	start := &o.doc.Start
	for _, s := range t.streams {
		c := jsonConnection{Socket: s.socket}
		c.LocalHost, c.LocalPort = hostPort(s.conn.LocalAddr())
		c.RemoteHost, c.RemotePort = hostPort(s.conn.RemoteAddr())
		start.Connected = append(start.Connected, c)
	}
	snd, rcv := buffers(t.streams[0].conn)
	start.SockBufsize, start.SndbufActual, start.RcvbufActual = &t.window, &snd, &rcv
	reverse := 0
	if t.reverse {
		reverse = 1
	}
	start.TestStart = &jsonTestStart{
		t.protocolName(), t.parallel, t.length, int64(t.omit / time.Second), int64(t.duration / time.Second),
		t.bytes, t.blocks, reverse, t.tos, t.rate,
	}
	if o.stream {
		o.event("start", o.doc.Start)
	}
}

func (o *jsonOutput) interval(t *test, i *interval) error {
	j := jsonInterval{Streams: []jsonRow{}}
	for _, r := range i.rows {
		j.Streams = append(j.Streams, intervalRow(t, r, i.omitted))
	}
	for _, s := range []struct {
		from *row
		to   **jsonRow
	}{{i.sum, &j.Sum}, {i.reverse, &j.Reverse}} {
		if s.from != nil {
			r := intervalRow(t, *s.from, i.omitted)
			*s.to = &r
		}
	}
	if o.stream {
		o.event("interval", j)
	}
	o.rows += len(i.rows)
	switch {
	case o.stream && (!t.server || !t.getServerOutput || o.rows > maxRows):
		return nil // what is printed is not kept but for the client
	case t.server && o.rows > maxRows:
		return errTooMuch
	}
	o.doc.Intervals = append(o.doc.Intervals, j)
	return nil
}

func intervalRow(t *test, r row, omitted bool) jsonRow {
	j := jsonRow{Start: seconds(r.start), End: seconds(r.end), Seconds: (r.end - r.start).Seconds(), Bytes: r.bytes, Sender: r.sender, Omitted: &omitted}
	if j.Seconds > 0 {
		j.BitsPerSecond = float64(r.bytes) * 8 / j.Seconds
	}
	if r.stream != nil {
		j.Socket = &r.stream.socket
	}
	switch {
	case t.udp && r.sender:
		j.Packets = &r.packets
	case t.udp:
		j.loss(r.counts)
	case r.info != nil && r.info.retransmits >= 0:
		i := *r.info
		j.Retransmits = &i.retransmits
		if r.stream != nil {
			j.SndCwnd, j.SndWnd, j.RTT, j.RTTVar, j.PMTU = &i.cwnd, &i.wnd, &i.rtt, &i.rttvar, &i.pmtu
		}
	}
	return j
}

func (j *jsonRow) loss(c counts) {
	jitter, percent := c.jitter*1000, 0.0
	if c.packets > 0 {
		percent = 100 * float64(c.lost) / float64(c.packets)
	}
	j.JitterMS, j.LostPackets, j.Packets, j.LostPercent = &jitter, &c.lost, &c.packets, &percent
}

func (o *jsonOutput) finished(t *test) {
	end := &o.doc.End
	for _, fromClient := range []bool{true, false} {
		sum := summary{}
		sender := fromClient != t.server
		for _, s := range t.streams {
			if s.sender != sender {
				continue
			}
			sent, received := t.totals(s)
			sum.add(sent, received)
		}
		if sum.streams == 0 {
			continue
		}
		sent, received := sumRow(t, sum.sent, sender), sumRow(t, sum.received, sender)
		var whole *jsonRow
		if t.udp {
			sent.Sender, received.Sender = true, false
			whole = udpRow(sum.sent, sum.received)
			whole.Sender = sender
		}
		if t.bidir && !fromClient {
			end.SumReverse, end.SumSentReverse, end.SumReceivedReverse = whole, sent, received
		} else {
			end.Sum, end.SumSent, end.SumReceived = whole, sent, received
		}
	}
	for _, s := range t.streams {
		sent, received := t.totals(s)
		if t.udp {
			r := udpRow(sent, received)
			r.Socket, r.Sender, r.OutOfOrder = &s.socket, s.sender, &received.outOfOrder
			end.Streams = append(end.Streams, jsonEndStream{UDP: r})
			continue
		}
		a, b := totalRow(sent), totalRow(received)
		a.Socket, a.Sender, b.Socket, b.Sender = &s.socket, s.sender, &s.socket, s.sender
		if sent.retransmits >= 0 {
			a.Retransmits = &sent.retransmits
			i := tcpInfo{}
			if s.info != nil {
				i = *s.info
			}
			mean := int64(0)
			if i.samples > 0 {
				mean = i.sumRTT / i.samples
			}
			a.MaxSndCwnd, a.MaxSndWnd, a.MaxRTT, a.MinRTT, a.MeanRTT = &i.maxCwnd, &i.maxWnd, &i.maxRTT, &i.minRTT, &mean
		}
		end.Streams = append(end.Streams, jsonEndStream{Sender: a, Receiver: b})
	}
	end.CPU = &jsonCPU{t.cpu.total, t.cpu.user, t.cpu.system, t.peerCPU.total, t.peerCPU.user, t.peerCPU.system}
	end.SenderCongestion, end.ReceivingCongestion = t.congestions()
	o.doc.ServerText, o.doc.ServerJSON = t.serverOutput.ServerOutputText, t.serverOutput.ServerOutputJSON
}

func totalRow(n total) *jsonRow {
	return &jsonRow{End: n.end, Seconds: n.end, Bytes: n.bytes, BitsPerSecond: n.rate() * 8}
}

func sumRow(t *test, n total, sender bool) *jsonRow {
	j := totalRow(n)
	j.Sender = sender
	if t.udp {
		j.loss(n.counts)
	} else if n.retransmits >= 0 {
		j.Retransmits = &n.retransmits
	}
	return j
}

// udpRow joins what the sender and the receiver counted, as far as they are known.
func udpRow(sent, received total) *jsonRow {
	n := sent
	if !sent.known {
		n = received
	}
	j := totalRow(n)
	c := received.counts
	if !received.known || c.packets < n.packets {
		c.packets = n.packets
	}
	j.loss(c)
	return j
}

func (o *jsonOutput) all() (string, json.RawMessage) {
	text, err := json.Marshal(o.doc)
	if err != nil || len(text) > maxKept {
		return "", nil
	}
	return "", text
}

func (o *jsonOutput) ended(err error) {
	if err == errNoClient {
		return
	}
	if err != nil {
		o.doc.Error = err.Error()
		if errors.Is(err, errInterrupted) {
			o.doc.Error = errorText(&o.settings, err)
		}
	}
	if !o.stream {
		text, err := json.MarshalIndent(o.doc, "", "\t")
		if err != nil {
			text = fmt.Appendf(nil, `{"error": %q}`, err)
		}
		o.print(string(text) + "\n")
		return
	}
	if o.doc.Error != "" {
		o.event("error", o.doc.Error)
	}
	if o.doc.ServerText != "" {
		o.event("server_output_text", o.doc.ServerText)
	}
	if len(o.doc.ServerJSON) > 0 {
		o.event("server_output_json", o.doc.ServerJSON)
	}
	o.event("end", o.doc.End)
}

// event prints one line of --json-stream.
func (o *jsonOutput) event(name string, data any) {
	text, err := json.Marshal(struct {
		Event string `json:"event"`
		Data  any    `json:"data"`
	}{name, data})
	if err == nil {
		o.print(string(text) + "\n")
	}
}
