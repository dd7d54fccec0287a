package report

import (
	"strings"
	"time"

	"github.com/tunaperf/tuna/iperf/report/internal/scan"
)

func (d *document) start() {
	if !d.Open('{') {
		return
	}
	rep := d.t.rep
	for d.More('}') {
		switch string(d.Key()) {
		case "connected":
			if d.Open('[') {
				for d.More(']') {
					d.t.conns = append(d.t.conns, conn{})
					d.Skip()
				}
			}
		case "version":
			rep.Version = strings.TrimPrefix(string(d.Text()), "iperf ")
		case "cookie":
			d.t.cookie = string(d.Text())
		case "timestamp":
			if d.Open('{') {
				for d.More('}') {
					if string(d.Key()) != "timesecs" {
						d.Skip()
					} else if v, ok := d.Int(); ok && v > 0 && v < 1<<40 {
						rep.Start = time.Unix(v, 0).UTC()
					}
				}
			}
		case "connecting_to":
			rep.Side = ClientSide
			d.port()
		case "accepted_connection":
			rep.Side = ServerSide
			d.Skip()
		case "tcp_mss", "tcp_mss_default":
			rep.Settings.MSS, _ = d.Int()
		case "sock_bufsize":
			rep.Settings.Window, _ = d.Int()
		case "target_bitrate":
			if v, ok := d.Float(); ok {
				rep.Settings.Rate = BitRate(v)
			}
		case "test_start":
			d.testStart(rep)
		default:
			d.Skip()
		}
	}
	if again := d.t.again; again != nil && again.cookie != d.t.cookie {
		// It is another test after all.
		d.t.again = nil
		d.r.tests.end()
		was := d.t
		d.t = d.r.tests.begin(false)
		d.t.rep, d.t.conns, d.t.cookie, d.t.json, d.t.lines = was.rep, was.conns, was.cookie, true, 1
	}
}

func (d *document) port() {
	if d.Open('{') {
		for d.More('}') {
			if string(d.Key()) != "port" {
				d.Skip()
			} else if v, ok := d.Int(); ok {
				d.t.rep.Settings.Port = int(v)
			}
		}
	}
}

func (d *document) testStart(rep *Report) {
	if !d.Open('{') {
		return
	}
	s := &rep.Settings
	for d.More('}') {
		key := string(d.Key())
		if key == "protocol" {
			switch string(d.Text()) {
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
		switch c := d.Peek(); {
		case c == '"':
			text := d.Text()
			n, l := scan.Number(text)
			if l == 0 || l != len(text) {
				continue
			}
			f = n.Float(0)
		case c == '-', c-'0' <= 9, c == 't', c == 'f':
			var ok bool
			if f, ok = d.Float(); !ok {
				continue
			}
		default:
			d.Skip()
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
