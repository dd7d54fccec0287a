package report

import (
	"strings"
	"time"
)

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
		var f float64
		switch c := d.peek(); {
		case c == '"':
			text := d.string()
			n, l := parseNumber(text)
			if l == 0 || l != len(text) {
				continue
			}
			f = n.float(0)
		case c == '-', c-'0' <= 9, c == 't', c == 'f':
			var ok bool
			if f, ok = d.float(); !ok {
				continue
			}
		default:
			d.skip()
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
