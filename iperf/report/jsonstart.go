package report

import (
	"strings"
	"time"

	"github.com/tunaperf/tuna/iperf/report/internal/scan"
)

// A jsonStart is what a document says of a test before its intervals.
type jsonStart struct {
	set     []func(*Report) // enter it in the report
	known   bool            // it has a member that only iperf prints
	cookie  string
	conns   int
	reverse *bool // nil: not stated
}

func (s *jsonStart) add(set func(*Report)) { s.set = append(s.set, set) }

// start reads the start of a document.
func (d *document) start() {
	if !d.Open('{') {
		return
	}
	start := new(jsonStart)
	d.offers = false
	for d.More('}') {
		key := string(d.Key())
		switch key {
		case "connected", "system_info", "connecting_to", "accepted_connection", "cookie", "tcp_mss", "tcp_mss_default",
			"sock_bufsize", "target_bitrate", "test_start":
			start.known = true
		}
		switch key {
		case "connected":
			if d.Open('[') {
				for d.More(']') {
					start.conns++
					d.Skip()
				}
			}
		case "version":
			version, named := strings.CutPrefix(string(d.Text()), "iperf ")
			start.known = start.known || named
			start.add(func(rep *Report) { rep.Version = version })
		case "cookie":
			start.cookie = string(d.Text())
		case "timestamp":
			if d.Open('{') {
				for d.More('}') {
					if string(d.Key()) != "timesecs" {
						d.Skip()
					} else if v, ok := d.Int(); ok && v > 0 && v < 1<<40 {
						start.add(func(rep *Report) { rep.Start = time.Unix(v, 0).UTC() })
					}
				}
			}
		case "connecting_to":
			start.add(func(rep *Report) { rep.Role = RoleClient })
			d.port(start)
		case "accepted_connection":
			start.add(func(rep *Report) { rep.Role = RoleServer })
			d.Skip()
		case "tcp_mss", "tcp_mss_default":
			v, _ := d.Int()
			start.add(func(rep *Report) { rep.Settings.MSS = v })
		case "sock_bufsize":
			v, _ := d.Int()
			start.add(func(rep *Report) { rep.Settings.Window = v })
		case "target_bitrate":
			if v, ok := d.Float(); ok {
				start.add(func(rep *Report) { rep.Settings.Rate = BitRate(v) })
			}
		case "test_start":
			d.testStart(start)
		default:
			d.Skip()
		}
	}
	if start.known || d.key == "" {
		d.test()
		d.tests.takeStart(start)
	}
}

func (d *document) port(start *jsonStart) {
	if d.Open('{') {
		for d.More('}') {
			if string(d.Key()) != "port" {
				d.Skip()
			} else if v, ok := d.Int(); ok {
				start.add(func(rep *Report) { rep.Settings.Port = int(v) })
			}
		}
	}
}

func (d *document) testStart(start *jsonStart) {
	if !d.Open('{') {
		return
	}
	for d.More('}') {
		key := string(d.Key())
		if key == "protocol" {
			if p := protocolOf(d.Text()); p != 0 {
				start.add(func(rep *Report) { rep.Protocol = p })
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
		if set := settings[key]; set != nil {
			start.add(func(rep *Report) { set(&rep.Settings, f) })
		}
		if key == "reverse" {
			reverse := int64(f) != 0
			start.reverse = &reverse
		}
	}
}

// settings are the members of test_start that a report has.
var settings = map[string]func(*Settings, float64){
	"num_streams":    func(s *Settings, f float64) { s.Streams = int(int64(f)) },
	"blksize":        func(s *Settings, f float64) { s.Length = int64(f) },
	"omit":           func(s *Settings, f float64) { s.Omit = seconds(f) },
	"duration":       func(s *Settings, f float64) { s.Duration = seconds(f) },
	"bytes":          func(s *Settings, f float64) { s.Bytes = int64(f) },
	"blocks":         func(s *Settings, f float64) { s.Blocks = int64(f) },
	"reverse":        func(s *Settings, f float64) { s.Reverse = int64(f) != 0 },
	"bidir":          func(s *Settings, f float64) { s.Bidir = int64(f) != 0 },
	"tos":            func(s *Settings, f float64) { s.TOS = int(int64(f)) },
	"target_bitrate": func(s *Settings, f float64) { s.Rate = BitRate(f) },
	"interval":       func(s *Settings, f float64) { s.Interval = seconds(f) },
}
