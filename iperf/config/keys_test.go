package config

import (
	"cmp"
	"net"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	gocmp "github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/tunaperf/tuna/iperf"
	"github.com/tunaperf/tuna/iperf/internal/settings"
	"github.com/tunaperf/tuna/iperf/report"
)

func TestOptionsOfASection(t *testing.T) {
	const udp = report.ProtocolUDP
	for _, test := range []struct {
		name, text string
		client     iperf.ClientSettings
		server     iperf.ServerSettings
	}{
		{"iperf 2's names", "program = iperf\nformat = M\ninterval = 0.5\nlen = 8K\nprint_mss = yes\nport = 5010\nwindow = 64k\ncompatibility = on\nmss = 1000\nnodelay = true\nIPv6Version = yes\nreportexclude = CV\nreportstyle = C",
			iperf.ClientSettings{Format: "M", Interval: time.Second / 2, Length: 8192, PrintMSS: true, Port: 5010, Window: 64000, Compatibility: true, MSS: 1000, NoDelay: true, IPVersion: 6, ReportExclude: "CV", ReportStyle: "C"},
			iperf.ServerSettings{Format: "M", Interval: time.Second / 2, Length: 8192, PrintMSS: true, Port: 5010, Window: 64000, Compatibility: true, MSS: 1000, NoDelay: true, ReportExclude: "CV", ReportStyle: "C"}},
		{"iperf 2's names for the client", "program = iperf\nudp = on\nbandwidth = 10M\ndualtest = yes\nnum = 8G\ntradeoff = no\nfileinput = /data\nlistenport = 6000\nparallel = 4\nttl = 3",
			iperf.ClientSettings{Protocol: udp, Rate: 10 << 20, Dualtest: true, Bytes: 8 << 30, File: "/data", ListenPort: 6000, Parallel: 4, TTL: 3},
			iperf.ServerSettings{Protocol: udp}},
		{"iperf 2's name of congestion control", "program = iperf\nlinux-congestion = bbr", iperf.ClientSettings{Congestion: "bbr"}, iperf.ServerSettings{Congestion: "bbr"}},
		{"iperf 2's names for the server", "udp = yes\nsingle_udp = yes\ndaemon = off", iperf.ClientSettings{Protocol: udp}, iperf.ServerSettings{Protocol: udp, SingleUDP: true}},
		{"iperf 3 reads letters its own way", "bandwidth = 10M\nwindow = 64k", iperf.ClientSettings{Rate: 10e6, Window: 65536}, iperf.ServerSettings{Window: 65536}},
		{"a burst", "bitrate = 1g/100", iperf.ClientSettings{Rate: 1e9, Burst: 100}, iperf.ServerSettings{}},
		{"a deviation", "program = iperf\nbandwidth = 10m,2m", iperf.ClientSettings{Rate: 10e6, RateDeviation: 2e6}, iperf.ServerSettings{}},
		{"datagrams a second", "program = iperf\nudp=yes\nbandwidth = 1kpps", iperf.ClientSettings{Protocol: udp, PacketRate: 1000}, iperf.ServerSettings{Protocol: udp}},
		{"no limit", "udp = on\nbandwidth = 0", iperf.ClientSettings{Protocol: udp, Unlimited: true}, iperf.ServerSettings{Protocol: udp}},
		{"TCP has none anyway", "bandwidth = 0", iperf.ClientSettings{}, iperf.ServerSettings{}},
		{"for one end", "verbose = yes\nserver_verbose = no\nclient_port = 7\nserver-bandwidth = 5M\nserver_bind = 192.0.2.1\nbind = 192.0.2.2",
			iperf.ClientSettings{Verbose: true, Port: 7, Bind: "192.0.2.2"}, iperf.ServerSettings{Rate: 5e6, Bind: "192.0.2.1"}},
		{"milliseconds", "rcv-timeout = 500\nsnd_timeout = 2 s\nserver_rcv_timeout = 1000\nconnect-timeout = 300ms\npacing-timer = 200",
			iperf.ClientSettings{RcvTimeout: time.Second / 2, SndTimeout: 2 * time.Second, ConnectTimeout: 300 * time.Millisecond, PacingTimer: 200 * time.Microsecond},
			iperf.ServerSettings{RcvTimeout: time.Second, SndTimeout: 2 * time.Second}},
		{"seconds", "omit = 2\nidle-timeout = 1 minute\nserver-max-duration = 60\ntime-skew-threshold = 3", iperf.ClientSettings{Omit: 2 * time.Second},
			iperf.ServerSettings{IdleTimeout: time.Minute, MaxDuration: time.Minute, TimeSkewThreshold: 3 * time.Second}},
		{"a limit of the server", "server-bitrate-limit = 1G/5", iperf.ClientSettings{}, iperf.ServerSettings{BitrateLimit: 1e9, BitrateLimitInterval: 5 * time.Second}},
		{"type of service", "dscp = ef\nserver_tos = 0x10\ntos-override = cs2", iperf.ClientSettings{TOS: 184}, iperf.ServerSettings{TOS: 16, TOSOverride: 64}},
		{"isochronous", "isochronous = 60:100m,5M", iperf.ClientSettings{Isochronous: iperf.Isochronous{FramesPerSecond: 60, Mean: 1e8, Deviation: 5 << 20}}, iperf.ServerSettings{}},
		{"histograms on", "histograms = yes", iperf.ClientSettings{Histograms: iperf.Histograms{Enable: true}}, iperf.ServerSettings{Histograms: iperf.Histograms{Enable: true}}},
		{"histograms' bins", "server_histograms = 100u,10000", iperf.ClientSettings{}, iperf.ServerSettings{Histograms: iperf.Histograms{Enable: true, BinWidth: 100 * time.Microsecond, Bins: 10000}}},
		{"histograms' bins without a unit", "client_histograms = 2,50", iperf.ClientSettings{Histograms: iperf.Histograms{Enable: true, BinWidth: 2 * time.Millisecond, Bins: 50}}, iperf.ServerSettings{}},
		{"bounceback", "bounceback = 5\nbounceback-hold = 0.5\nbounceback_period = 0.25\nbounceback-no-quickack = yes\nworking-load = up,2",
			iperf.ClientSettings{Bounceback: iperf.Bounceback{Enable: true, Writes: 5, Hold: 500 * time.Microsecond, Period: time.Second / 4, NoQuickACK: true}, WorkingLoad: "up,2"}, iperf.ServerSettings{}},
		{"start time", "txstart-time = 1536014418.5", iperf.ClientSettings{TxStartTime: time.Unix(1536014418, 5e8)}, iperf.ServerSettings{}},
		{"keep alive", "cntl-ka = 300//3\nserver_cntl-ka = yes", iperf.ClientSettings{ControlKeepAlive: net.KeepAliveConfig{Enable: true, Idle: 300 * time.Second, Count: 3}},
			iperf.ServerSettings{ControlKeepAlive: net.KeepAliveConfig{Enable: true}}},
		{"SCTP", "sctp = yes\nxbind = 192.0.2.1, 192.0.2.2\nnstreams = 4", iperf.ClientSettings{Protocol: report.ProtocolSCTP, XBind: []string{"192.0.2.1", "192.0.2.2"}, NStreams: 4},
			iperf.ServerSettings{Protocol: report.ProtocolSCTP}},
		{"a comment behind a value", "time = 5 ; seconds\nparallel = 2 # streams\ntitle = \"a # b\"", iperf.ClientSettings{Time: 5 * time.Second, Parallel: 2, Title: "a # b"}, iperf.ServerSettings{}},
		{"flags that are off", "udp = off\nreverse = No\nnodelay = FALSE", iperf.ClientSettings{}, iperf.ServerSettings{}},
	} {
		t.Run(test.name, func(t *testing.T) {
			c, err := Read(strings.NewReader("[iperf]\n"+test.text+"\n"), "")
			if err != nil {
				t.Fatal(err)
			}
			if diff := gocmp.Diff(test.client, c.ClientSettings, cmpopts.EquateComparable()); diff != "" {
				t.Errorf("client (-want +got)\n%s", diff)
			}
			if diff := gocmp.Diff(test.server, c.ServerSettings, cmpopts.EquateComparable()); diff != "" {
				t.Errorf("server (-want +got)\n%s", diff)
			}
			if len(c.Unused) > 0 {
				t.Errorf("left over: %q", c.Unused)
			}
		})
	}
}

// Every setting can be set from a file, and every key sets one.
func TestKeysAndSettingsMatch(t *testing.T) {
	reachable := []string{ // by the key of another one
		"Unlimited", "RateDeviation", "PacketRate", "Burst", "BitrateLimitInterval",
		"Extra", // not from a file
	}
	inRange := map[string]string{"WorkingLoad": "up", "PermitKey": "1234", "RcvTimeout": "100", "Window": "64K", "TCPRxWindowClamp": "64K",
		"Length": "128K", "MSS": "1400", "FQRate": "1M", "Rate": "1M", "BitrateLimit": "1M", "Bytes": "1M", "BurstSize": "1M", "ReportStyle": "C", "ReportExclude": "C",
		"Isochronous": "60:100m,5m", "ControlKeepAlive": "yes", "Bounceback.Period": "1"}
	for key, option := range options() {
		for _, s := range []*settings.Setting{option.client, option.server} {
			if s == nil {
				continue
			}
			reachable = append(reachable, s.Field)
			value := cmp.Or(inRange[s.Field], "1")
			if _, err := Read(strings.NewReader("[iperf]\n"+key+" = "+value+"\n"), ""); err != nil {
				t.Errorf("key %s = %s: %v", key, value, err)
			}
		}
		if strings.ToLower(key) != key || strings.Contains(key, "_") {
			t.Errorf("key %s: must be in lower case with -", key)
		}
	}
	for key := range specials {
		if !slices.Contains(optionKeys, key) {
			t.Errorf("key %s is not in the tables of settings", key)
		}
	}
	for _, end := range []struct {
		of    reflect.Type
		table []settings.Setting
	}{{reflect.TypeFor[iperf.ClientSettings](), settings.Client}, {reflect.TypeFor[iperf.ServerSettings](), settings.Server}} {
		for i := range end.of.NumField() {
			if name := end.of.Field(i).Name; !slices.Contains(reachable, name) {
				t.Errorf("%v.%s has no key", end.of, name)
			}
		}
		for _, s := range end.table {
			if !settings.Value(reflect.New(end.of).Elem(), s.Field).IsValid() {
				t.Errorf("%v has no field %s", end.of, s.Field)
			}
		}
	}
}

func TestParseTime(t *testing.T) {
	for _, test := range []struct {
		s    string
		want time.Duration
	}{
		{"1 minute 30 seconds", 90 * time.Second},
		{"2 hours, 3 min and 4 sec", 2*time.Hour + 3*time.Minute + 4*time.Second},
		{"1m30s", 90 * time.Second},
		{"1.5 Days", 36 * time.Hour},
		{"500ms", 500 * time.Millisecond},
		{"20 us", 20 * time.Microsecond},
		{"90", 90 * time.Second},
		{"0.25", 250 * time.Millisecond},
	} {
		if got, err := parseTime(test.s, time.Second); got != test.want || err != nil {
			t.Errorf("%q: got %v, %v", test.s, got, err)
		}
	}
	for _, s := range []string{"", "soon", "-1", "1 fortnight", "1e300", "NaN", "5 ss", "1..2 s", "and", "9999999999 days 9999999999 days"} {
		if got, err := parseTime(s, time.Second); err == nil {
			t.Errorf("%q: got %v", s, got)
		}
	}
}
