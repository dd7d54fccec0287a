package report

import (
	"bytes"
	"math"
	"strings"
	"time"
)

// jsonStart gives where a JSON document begins on a line, -1: nowhere.
func jsonStart(b []byte) int {
	i := 0
	if hasPrefix(b, "\uFEFF") {
		i = len("\uFEFF")
	}
	i += spaces(b[i:])
	if i == len(b) || b[i] != '{' {
		return -1
	}
	rest := b[i+1:]
	rest = rest[spaces(rest):]
	if len(rest) == 0 || rest[0] == '"' || rest[0] == '}' {
		return i
	}
	return -1
}

// A document reads one JSON document, or one event of --json-stream, into a test.
type document struct {
	scanner
	r     *reader
	t     *test
	event string // of --json-stream
	keyed bool   // it had one of the keys of iperf 3
}

// readJSON reads the document that begins at byte i of the line that the source handed out last.
func (r *reader) readJSON(i int) {
	r.src.back(i)
	d := &document{r: r, scanner: scanner{source: &r.src}}
	d.warn = func(err error) {
		if d.t != nil {
			d.t.warning(err)
		}
	}
	d.pos++ // {
	for d.more('}') {
		switch key := string(d.key()); key {
		case "event":
			d.event = string(d.string())
		case "data":
			d.data()
		case "start":
			d.begin(true)
			d.start()
		case "intervals":
			d.begin(false)
			if d.open('[') {
				for d.more(']') {
					d.interval()
				}
			}
		case "end":
			d.begin(false)
			d.end()
		case "error":
			d.begin(false)
			d.fail(d.string())
		case "server_output_text":
			d.begin(false)
			d.peerText(d.string())
		case "server_output_json":
			d.begin(false)
			d.peerJSON()
		default:
			d.skip()
		}
	}
	if d.t == nil {
		if d.cut && d.event == "" {
			t := r.begin(false)
			t.lines++
			t.cut = true
			t.rep.Program = programIperf3
		}
		return
	}
	d.t.cut = d.t.cut || d.cut
	if d.event == "" && !d.t.stream {
		r.end()
	}
}

// data is what an event of --json-stream brings.
func (d *document) data() {
	switch d.event {
	case "start":
		d.begin(true)
		d.t.stream = true
		d.start()
	case "interval":
		d.begin(false)
		d.t.stream = true
		d.interval()
	case "end":
		d.begin(false)
		d.t.stream = true
		d.t.ended = true
		d.end()
	case "error":
		d.begin(false)
		d.t.stream = true
		d.fail(d.string())
	case "server_output_text":
		d.begin(false)
		d.peerText(d.string())
	case "server_output_json":
		d.begin(false)
		d.peerJSON()
	default:
		d.skip()
	}
}

// begin says which test what follows is of.
func (d *document) begin(fresh bool) {
	if d.t == nil {
		if d.event == "" && d.r.cur != nil && d.r.cur.stream {
			// A document after events: --json-stream-full-output says the same again.
			again := d.r.cur
			d.t = d.r.newTest(nil)
			d.t.again = again
		} else {
			d.t = d.r.begin(fresh)
		}
	} else if fresh && d.event != "" {
		d.t = d.r.begin(true)
	}
	d.t.lines++
	d.t.json = true
	d.t.rep.Program = programIperf3
}

func (d *document) fail(text []byte) {
	s := strings.TrimSpace(string(text))
	err := classifyLine([]byte(s))
	if err == nil {
		err = saidError([]byte(s), ErrReported)
	}
	if s != "" {
		d.t.fail(err)
	}
}

func (d *document) start() {
	if !d.open('{') {
		return
	}
	rep := d.t.rep
	for d.more('}') {
		switch string(d.key()) {
		case "connected":
			if d.open('[') {
				for d.more(']') {
					d.t.conns = append(d.t.conns, conn{})
					d.skip()
				}
			}
		case "version":
			rep.Version = strings.TrimPrefix(string(d.string()), "iperf ")
		case "cookie":
			d.t.cookie = string(d.string())
		case "timestamp":
			if d.open('{') {
				for d.more('}') {
					if string(d.key()) != "timesecs" {
						d.skip()
					} else if v, ok := d.int(); ok && v > 0 && v < 1<<40 {
						rep.Start = time.Unix(v, 0).UTC()
					}
				}
			}
		case "connecting_to":
			rep.Side = ClientSide
			d.port()
		case "accepted_connection":
			rep.Side = ServerSide
			d.skip()
		case "tcp_mss", "tcp_mss_default":
			rep.Settings.MSS, _ = d.int()
		case "sock_bufsize":
			rep.Settings.Window, _ = d.int()
		case "target_bitrate":
			if v, ok := d.float(); ok {
				rep.Settings.Rate = BitRate(v)
			}
		case "test_start":
			d.testStart(rep)
		default:
			d.skip()
		}
	}
	if again := d.t.again; again != nil && again.cookie != d.t.cookie {
		// It is another test after all.
		d.t.again = nil
		d.r.end()
		was := d.t
		d.t = d.r.begin(false)
		d.t.rep, d.t.conns, d.t.cookie, d.t.json, d.t.lines = was.rep, was.conns, was.cookie, true, 1
	}
}

func (d *document) port() {
	if d.open('{') {
		for d.more('}') {
			if string(d.key()) != "port" {
				d.skip()
			} else if v, ok := d.int(); ok {
				d.t.rep.Settings.Port = int(v)
			}
		}
	}
}

func (d *document) testStart(rep *Report) {
	if !d.open('{') {
		return
	}
	s := &rep.Settings
	for d.more('}') {
		key := string(d.key())
		if key == "protocol" {
			switch string(d.string()) {
			case "TCP":
				rep.Protocol = ProtocolTCP
			case "UDP":
				rep.Protocol = ProtocolUDP
			case "SCTP":
				rep.Protocol = ProtocolSCTP
			}
			continue
		}
		if c := d.peek(); c != '-' && c-'0' > 9 && c != 't' && c != 'f' {
			d.skip()
			continue
		}
		f, ok := d.float()
		if !ok {
			continue
		}
		v := int64(f)
		switch key {
		case "num_streams":
			s.Streams = int(v)
		case "blksize":
			s.Length = v
		case "omit":
			s.Omit = seconds(f)
		case "duration":
			s.Duration = seconds(f)
		case "bytes":
			s.Bytes = v
		case "blocks":
			s.Blocks = v
		case "reverse":
			s.Reverse = v != 0
			d.t.reverse = s.Reverse
		case "bidir":
			s.Bidir = v != 0
		case "tos":
			s.TOS = int(v)
		case "target_bitrate":
			s.Rate = BitRate(f)
		case "interval":
			s.Interval = seconds(f)
		}
	}
}

// seconds gives a Duration of what JSON counts in seconds.
func seconds(f float64) time.Duration {
	f *= float64(time.Second)
	if math.Abs(f) >= math.MaxInt64 {
		return 0
	}
	return time.Duration(math.Round(f))
}

// A jsonCell is one of the objects that hold numbers of traffic.
type jsonCell struct {
	cell
	id        int
	sender    bool // this end sends
	hasSender bool
	some      bool // it has bytes and a rate
}

func (d *document) cell() (c jsonCell) {
	c.line = d.lines
	if !d.open('{') {
		return c
	}
	has := 0
	for d.more('}') {
		key := d.key()
		switch string(key) {
		case "omitted":
			c.omitted = d.bool()
			continue
		case "sender":
			c.sender, c.hasSender = d.bool(), true
			continue
		}
		switch string(key) {
		case "socket":
			v, _ := d.int()
			c.id = int(v)
		case "start":
			if v, ok := d.float(); ok {
				c.start = seconds(v)
			}
		case "end":
			if v, ok := d.float(); ok {
				c.end = seconds(v)
			}
		case "bytes":
			if v, ok := d.int(); ok {
				c.bytes = v
				has |= 1
			}
		case "bits_per_second":
			if v, ok := d.float(); ok {
				c.rate = BitRate(v)
				has |= 2
			}
		case "retransmits":
			d.field(&c.tcp.Retransmits, &c.tcp.Has, Retransmits)
		case "snd_cwnd", "max_snd_cwnd":
			d.field(&c.tcp.CongestionWindow, &c.tcp.Has, CongestionWindow)
		case "snd_wnd", "max_snd_wnd":
			d.field(&c.tcp.SendWindow, &c.tcp.Has, SendWindow)
		case "rtt", "mean_rtt":
			d.micros(&c.tcp.RTT, &c.tcp.Has, RTT)
		case "rttvar":
			d.micros(&c.tcp.RTTVar, &c.tcp.Has, RTTVar)
		case "min_rtt":
			d.micros(&c.tcp.MinRTT, &c.tcp.Has, RTTRange)
		case "max_rtt":
			d.micros(&c.tcp.MaxRTT, &c.tcp.Has, RTTRange)
		case "pmtu":
			d.field(&c.tcp.PMTU, &c.tcp.Has, PMTU)
		case "reorder":
			d.field(&c.tcp.Reorder, &c.tcp.Has, Reorder)
		case "jitter_ms":
			if v, ok := d.float(); ok && v >= 0 && v < 1e12 {
				c.udp.Jitter = time.Duration(math.Round(v * float64(time.Millisecond)))
				c.udp.Has |= Jitter
			}
		case "lost_packets":
			d.field(&c.udp.Lost, &c.udp.Has, Lost)
		case "packets":
			d.field(&c.udp.Packets, &c.udp.Has, Packets)
		case "out_of_order":
			d.field(&c.udp.OutOfOrder, &c.udp.Has, OutOfOrder)
		default:
			d.skip()
		}
	}
	c.some = has == 3 && !d.cut
	return c
}

func (d *document) field(to *int64, has *Fields, f Fields) {
	if v, ok := d.int(); ok {
		*to = v
		*has |= f
	}
}

func (d *document) micros(to *time.Duration, has *Fields, f Fields) {
	if v, ok := d.int(); ok && v >= 0 && v < math.MaxInt64/1000 {
		*to = time.Duration(v) * time.Microsecond
		*has |= f
	}
}

// flow finds the flow that an interval is of. From 3.7 on each says whether this end sends.
func (d *document) flow(c *jsonCell) *flow {
	k := classOnly
	if c.hasSender {
		if k = classReceives; c.sender {
			k = classSends
		}
		if !d.t.has(k) {
			// A program that sorted the keys put the totals before the intervals: theirs is that flow.
			for _, f := range d.t.flows {
				if f.key.class == classOnly {
					f.key.class = k
				}
			}
		}
	}
	return d.t.flow(flowKey{class: k})
}

// endFlow finds the flow that a total is of. Totals' own word on who sends changed its meaning between versions.
func (d *document) endFlow(reverse bool) *flow {
	t := d.t
	if !reverse && len(t.flows) == 1 {
		return t.flows[0]
	}
	if !reverse && len(t.flows) == 0 {
		return t.flow(flowKey{class: classOnly})
	}
	k := classSends
	if reverse == (t.rep.Side != ServerSide) {
		k = classReceives
	}
	return t.flow(flowKey{class: k})
}

// interval reads one interval, and gives it out when it is complete.
func (d *document) interval() {
	if !d.open('{') {
		return
	}
	var sums [4]jsonCell
	n := 0
	for d.more('}') {
		switch key := d.key(); {
		case string(key) == "streams":
			if d.open('[') {
				for d.more(']') {
					if c := d.cell(); c.some {
						d.flow(&c).addSync(streamKey{id: c.id}, &c.cell)
					}
				}
			}
		case string(key) == "sum":
			if c := d.cell(); c.some && n < len(sums) {
				sums[n] = c
				n++
			}
		case string(key) == "sum_bidir_reverse":
			if c := d.cell(); c.some && n < len(sums) {
				if !c.hasSender {
					c.hasSender, c.sender = true, d.t.rep.Side == ServerSide
				}
				sums[n] = c
				n++
			}
		default:
			d.skip()
		}
	}
	if d.cut {
		for _, f := range d.t.flows {
			f.groups = f.groups[:0]
		}
		return
	}
	for i := range sums[:n] {
		d.flow(&sums[i]).sumSync(&sums[i].cell)
	}
	for _, f := range d.t.flows {
		f.closeAll()
	}
}

// end reads the totals.
func (d *document) end() {
	if !d.open('{') {
		return
	}
	seen := make(map[string]bool)
	for d.more('}') {
		key := string(d.key())
		kind, isSum := totalUnlabelled, true
		switch {
		case strings.HasPrefix(key, "sum_sent"):
			kind = totalSent
		case strings.HasPrefix(key, "sum_received"):
			kind = totalReceived
		case key == "sum", key == "sum_bidir_reverse":
		default:
			isSum = false
		}
		if isSum {
			if c := d.cell(); c.some {
				// Before 3.11 a second object with the same key is of the reverse direction.
				f := d.endFlow(seen[key] || strings.HasSuffix(key, "_bidir_reverse"))
				seen[key] = true
				f.total(&f.sum, kind, &c.cell)
			}
			continue
		}
		switch key {
		case "streams":
			if d.open('[') {
				for d.more(']') {
					d.endStream()
				}
			}
		case "cpu_utilization_percent":
			d.cpu()
		case "sender_tcp_congestion":
			d.t.rep.Settings.Congestion = string(d.string())
		default:
			d.skip()
		}
	}
}

func (d *document) endStream() {
	if !d.open('{') {
		return
	}
	for d.more('}') {
		kind := totalUnlabelled
		switch string(d.key()) {
		case "sender":
			kind = totalSent
		case "receiver":
			kind = totalReceived
		case "udp":
		default:
			d.skip()
			continue
		}
		if c := d.cell(); c.some {
			f := d.t.flowOf(c.id)
			if f == nil {
				f = d.endFlow(false)
			}
			f.total(f.stream(streamKey{id: c.id}), kind, &c.cell)
		}
	}
}

func (d *document) cpu() {
	if !d.open('{') {
		return
	}
	var local, remote CPUUse
	for d.more('}') {
		var to *float64
		switch string(d.key()) {
		case "host_total":
			to = &local.Total
		case "host_user":
			to = &local.User
		case "host_system":
			to = &local.System
		case "remote_total":
			to = &remote.Total
		case "remote_user":
			to = &remote.User
		case "remote_system":
			to = &remote.System
		default:
			d.skip()
			continue
		}
		*to, _ = d.float()
	}
	if d.cut {
		return
	}
	cpu := &CPU{Local: &local}
	if remote != (CPUUse{}) {
		cpu.Remote = &remote
	}
	d.t.rep.CPU = cpu
}

// peerText takes the server's own output, which came as a string.
func (d *document) peerText(text []byte) {
	in := reader{p: d.r.p, sums: d.r.sums, src: source{r: bytes.NewReader(bytes.Clone(text))}}
	peer := in.newTest(nil)
	peer.isIperf3(ServerSide)
	peer.reverse = d.t.reverse
	in.cur = peer
	if t := in.next(); t != nil && t.lines > 0 {
		d.t.rep.Peer, _ = t.finish()
	}
}

// peerJSON takes the server's own output, which came as a document within this one.
func (d *document) peerJSON() {
	if d.peek() != '{' {
		d.skip()
		return
	}
	outer := d.t
	d.t = d.r.newTest(nil)
	d.t.lines, d.t.json = 1, true
	d.t.rep.Program = programIperf3
	d.open('{')
	for d.more('}') {
		switch string(d.key()) {
		case "start":
			d.start()
		case "intervals":
			if d.open('[') {
				for d.more(']') {
					d.interval()
				}
			}
		case "end":
			d.end()
		case "error":
			d.fail(d.string())
		default:
			d.skip()
		}
	}
	peer := d.t
	d.t = outer
	if outer.again == nil && !d.cut {
		outer.rep.Peer, _ = peer.finish()
	}
}

// flowOf finds the flow with that stream, nil when none has it.
func (t *test) flowOf(id int) *flow {
	for _, f := range t.flows {
		if _, ok := f.index[streamKey{id: id}]; ok {
			return f
		}
	}
	return nil
}
