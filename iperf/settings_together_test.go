package iperf

import (
	"errors"
	"math"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tunaperf/tuna/iperf/report"
)

// Combinations that iperf refuses, or of which it would ignore one.
func TestCheckFindsWhatDoesNotGoTogether(t *testing.T) {
	for _, test := range []struct {
		name   string
		client ClientSettings
		server ServerSettings
		want   []string
	}{
		{"reverse and bidir", ClientSettings{Reverse: true, Bidir: true}, ServerSettings{}, []string{"Client.Reverse is true: must be unset if Client.Bidir (true) is set"}},
		{"every way to send back", ClientSettings{Reverse: true, Bidir: true, FullDuplex: true, Dualtest: true, Tradeoff: true}, ServerSettings{},
			[]string{"Client.Reverse is true: must be unset if Client.Bidir (true), Client.FullDuplex (true), Client.Dualtest (true) or Client.Tradeoff (true) is set"}},
		{"two ends of a test", ClientSettings{Time: time.Second, Blocks: 1}, ServerSettings{}, []string{"Client.Time is 1s: must be unset if Client.Blocks (1) is set"}},
		{"two rates", ClientSettings{Protocol: udp, Rate: 1e6, PacketRate: 5, Unlimited: true}, ServerSettings{},
			[]string{"Client.Rate is 1.00 Mbit/s: must be unset if Client.PacketRate (5) or Client.Unlimited (true) is set"}},
		{"compatibility", ClientSettings{Compatibility: true, Enhanced: true, TripTimes: true}, ServerSettings{},
			[]string{"Client.Compatibility is true: must be unset if Client.TripTimes (true) is set", "Client.Compatibility is true: must be unset if Client.Enhanced (true) is set"}},
		{"compatibility of later settings", ClientSettings{Compatibility: true, TxStartTime: time.Unix(1, 0).UTC(), TCPWritePrefetch: 8192, Bounceback: Bounceback{Enable: true}}, ServerSettings{},
			[]string{"Client.Compatibility is true: must be unset if Client.Bounceback.Enable (true) is set", "Client.Compatibility is true: must be unset if Client.TxStartTime (1970-01-01T00:00:01Z) is set",
				"Client.Compatibility is true: must be unset if Client.TCPWritePrefetch (8192) is set"}},
		{"the server's", ClientSettings{}, ServerSettings{Compatibility: true, Enhanced: true, Histograms: Histograms{Enable: true}}, []string{
			"Server.Compatibility is true: must be unset if Server.Enhanced (true) is set", "Server.Compatibility is true: must be unset if Server.Histograms.Enable (true) is set"}},
		{"two ways to acknowledge", ClientSettings{TCPQuickACK: true, Bounceback: Bounceback{Enable: true, NoQuickACK: true}}, ServerSettings{},
			[]string{"Client.Bounceback.NoQuickACK is true: must be unset if Client.TCPQuickACK (true) is set"}},
		{"what needs another", ClientSettings{Burst: 1, BurstSize: 1 << 20, RateDeviation: 1, IncrSrcIP: true, ListenPort: 1, RcvTimeout: time.Second, WorkingLoad: "up"}, ServerSettings{},
			[]string{"Client.RateDeviation is 1.00 bit/s: must be unset unless Client.Rate (0 bit/s) is set", "Client.Burst is 1: must be unset unless Client.Rate (0 bit/s) is set", "Client.BurstSize is 1048576: must be unset unless Client.BurstPeriod (0s) is set", `Client.IncrSrcIP is true: must be unset unless Client.Bind ("") is set`,
				"Client.ListenPort is 1: must be unset unless Client.Dualtest (false) or Client.Tradeoff (false) is set", "Client.RcvTimeout is 1s: must be unset unless Client.Reverse (false) or Client.Bidir (false) is set", `Client.WorkingLoad is "up": must be unset unless Client.Bounceback.Enable (false) is set`}},
		{"settings of a thing that is not enabled", ClientSettings{Bounceback: Bounceback{Writes: 1}, Histograms: Histograms{BinWidth: time.Second}}, ServerSettings{},
			[]string{"Client.Bounceback is set: must be unset unless Client.Bounceback.Enable (false) is set", "Client.Histograms is set: must be unset unless Client.Histograms.Enable (false) is set"}},
		{"not over UDP", ClientSettings{Protocol: udp, MPTCP: true, PermitKey: "abcd", PeerDetect: true}, ServerSettings{},
			[]string{"Client.MPTCP is true: must be unset unless Client.Protocol (UDP) is TCP", "Client.PermitKey is of 4 characters: must be unset unless Client.Protocol (UDP) is TCP", "Client.PeerDetect is true: must be unset unless Client.Protocol (UDP) is TCP"}},
		{"of segments and streams, not over UDP", ClientSettings{Protocol: udp, MSS: 1000, NoDelay: true, Congestion: "reno", ZeroCopy: true, SkipRxCopy: true},
			ServerSettings{MSS: 1000, NoDelay: true, Congestion: "reno", Rate: 1e6, TCPRxWindowClamp: 20000}, []string{
				"Client.MSS is 1000: must be unset unless Client.Protocol (UDP) is TCP or SCTP", "Client.NoDelay is true: must be unset unless Client.Protocol (UDP) is TCP or SCTP",
				`Client.Congestion is "reno": must be unset unless Client.Protocol (UDP) is TCP`, "Client.ZeroCopy is true: must be unset unless Client.Protocol (UDP) is TCP",
				"Client.SkipRxCopy is true: must be unset unless Client.Protocol (UDP) is TCP",
				"Server.MSS is 1000: must be unset unless Client.Protocol (UDP) is TCP or SCTP", "Server.NoDelay is true: must be unset unless Client.Protocol (UDP) is TCP or SCTP",
				`Server.Congestion is "reno": must be unset unless Client.Protocol (UDP) is TCP`, "Server.Rate is 1.00 Mbit/s: must be unset unless Client.Protocol (UDP) is TCP",
				"Server.TCPRxWindowClamp is 20000: must be unset unless Client.Protocol (UDP) is TCP"}},
		{"the server's only over UDP", ClientSettings{}, ServerSettings{SingleUDP: true, SSMHost: "192.0.2.1", JitterHistograms: true}, []string{
			"Server.SingleUDP is true: must be unset unless Client.Protocol (TCP) is UDP", `Server.SSMHost is "192.0.2.1": must be unset unless Client.Protocol (TCP) is UDP`,
			"Server.JitterHistograms is true: must be unset unless Client.Protocol (TCP) is UDP"}},
		{"options that MPTCP's sockets do not have", ClientSettings{MPTCP: true, FQRate: 1e6, FlowLabel: 9, SndTimeout: time.Second, TOS: 8}, ServerSettings{SndTimeout: time.Second}, []string{
			"Client.MPTCP is true: must be unset if Client.FQRate (1.00 Mbit/s) is set", "Client.MPTCP is true: must be unset if Client.FlowLabel (9) is set",
			"Client.MPTCP is true: must be unset if Client.SndTimeout (1s) is set", "Client.TOS is 8: must be 0 with Client.MPTCP (true) unless Client.IPVersion (0) is 4",
			"Server.SndTimeout is 1s: must be 0 with Client.MPTCP (true)"}},
		{"JSON is the same with them", ClientSettings{JSON: true, Verbose: true, Timestamps: "%s"}, ServerSettings{JSONStream: true, Verbose: true, Timestamps: "%s"}, []string{
			"Client.JSON is true: must be unset if Client.Verbose (true) is set", `Client.JSON is true: must be unset if Client.Timestamps ("%s") is set`,
			"Server.JSONStream is true: must be unset if Server.Verbose (true) is set", `Server.JSONStream is true: must be unset if Server.Timestamps ("%s") is set`}},
		{"two forms of JSON", ClientSettings{JSON: true, JSONStream: true}, ServerSettings{JSON: true, JSONStream: true}, []string{
			"Client.JSON is true: must be unset if Client.JSONStream (true) is set", "Server.JSON is true: must be unset if Server.JSONStream (true) is set"}},
		{"a title that no event has", ClientSettings{JSONStream: true, Title: "t"}, ServerSettings{}, []string{
			`Client.Title is "t": must be empty with Client.JSONStream (true) unless Client.JSONStreamFullOutput (false) is set`}},
		{"a burst without a rate", ClientSettings{Protocol: udp, Unlimited: true, Burst: 10}, ServerSettings{}, []string{"Client.Burst is 10: must be unset unless Client.Rate (0 bit/s) is set"}},
		{"datagrams that are too large", ClientSettings{Protocol: udp, Length: 65508}, ServerSettings{},
			[]string{"Client.Length is 65508: must be 65507 bytes or less with Client.Protocol (UDP)"}},
		{"only over UDP", ClientSettings{PacketRate: 1, NoUDPFin: true, GSRO: true}, ServerSettings{},
			[]string{"Client.PacketRate is 1: must be unset unless Client.Protocol (TCP) is UDP", "Client.NoUDPFin is true: must be unset unless Client.Protocol (TCP) is UDP", "Client.GSRO is true: must be unset unless Client.Protocol (TCP) is UDP"}},
		{"only over SCTP", ClientSettings{NStreams: 2, XBind: []string{"x"}}, ServerSettings{},
			[]string{"Client.NStreams is 2: must be unset unless Client.Protocol (TCP) is SCTP", "Client.XBind is [x]: must be unset unless Client.Protocol (TCP) is SCTP"}},
		{"values", ClientSettings{
			Burst: 1001, Rate: 1e6, TOS: 256, TTL: -1, FlowLabel: 1 << 20, IPVersion: 5, Affinity: "a", WorkingLoad: "sideways", Bounceback: Bounceback{Enable: true},
			PermitKey: "abc", Username: "u", ReportExclude: "CD", ReportStyle: "J", Format: "kk", SndTimeout: 25 * time.Hour, FQRate: -1,
			ControlKeepAlive: net.KeepAliveConfig{Idle: time.Millisecond}, JSONStreamFullOutput: true, BurstPeriod: 0,
		}, ServerSettings{}, []string{
			"Client.FQRate is -1: must be 0, or 1 bit/s or more", "Client.Burst is 1001: must be from 0 to 1000", `Client.WorkingLoad is sideways: must be "up", "down" or "bidir", with a number as in "up,4"`,
			"Client.IPVersion is 5: must be 0, 4 or 6", "Client.TOS is 256: must be from 0 to 255", "Client.TTL is -1: must be from 0 to 255", "Client.FlowLabel is 1048576: must be from 0 to 1048575",
			`Client.Affinity is a: must be a processor's number, or two as in "0,1"`, "Client.SndTimeout is 25h0m0s: must be 24h0m0s or less", "Client.ControlKeepAlive is 1ms, 0s: must be whole seconds",
			"Client.PermitKey is of 3 characters: must be empty, or of 4 to 128 characters", "Client.PermitKey is of 3 characters: must be unset if Client.Bounceback.Enable (true) is set", "Client.Format is kk: must be one letter",
			"Client.ReportStyle is J: must be C", "Client.ReportExclude is CD: must be without D, as the data are what is measured", "Client.JSONStreamFullOutput is true: must be unset unless Client.JSONStream (false) is set", `Client.Username is "u": must be unset unless Client.RSAPublicKeyPath ("") is set`}},
		{"a burst of less than a block", ClientSettings{BurstSize: 131071, BurstPeriod: time.Second}, ServerSettings{},
			[]string{"Client.BurstSize is 131071: must be 0, or Client.Length or more, which is 131072"}},
		{"a burst of less than a datagram", ClientSettings{Protocol: udp, BurstSize: 1469, BurstPeriod: time.Second}, ServerSettings{},
			[]string{"Client.BurstSize is 1469: must be 0, or Client.Length or more, which is 1470"}},
		{"a burst of less than the caller's block", ClientSettings{Length: 2000, BurstSize: 1999, BurstPeriod: time.Second}, ServerSettings{},
			[]string{"Client.BurstSize is 1999: must be 0, or Client.Length or more, which is 2000"}},
		{"fragments of what the server sends", ClientSettings{Protocol: udp, DontFragment: true, Reverse: true}, ServerSettings{},
			[]string{"Client.DontFragment is true: must be unset if Client.Reverse (true) is set"}},
		{"probes that take longer than the idle time, by the kernel's", probesOf(10, 0, 0), ServerSettings{},
			[]string{"Client.ControlKeepAlive.Idle is 10s: must be 0, or more than Interval x Count, which are 1m15s x 9"}},
		{"by the caller's", probesOf(10, 5, 5), ServerSettings{},
			[]string{"Client.ControlKeepAlive.Idle is 10s: must be 0, or more than Interval x Count, which are 5s x 5"}},
		{"by just a second", probesOf(75*3, 0, 3), ServerSettings{},
			[]string{"Client.ControlKeepAlive.Idle is 3m45s: must be 0, or more than Interval x Count, which are 1m15s x 3"}},
		{"more probes than the kernel sends", probesOf(32768, 1, 128), ServerSettings{},
			[]string{"Client.ControlKeepAlive is 9h6m8s, 1s, 128: must be 9h6m7s, 9h6m7s and 127 at most"}},
		{"the server's probes", ClientSettings{}, ServerSettings{ControlKeepAlive: probesOf(10, 5, 5).ControlKeepAlive},
			[]string{"Server.ControlKeepAlive.Idle is 10s: must be 0, or more than Interval x Count, which are 5s x 5"}},
		{"numbers that are none", ClientSettings{NearCongestion: math.NaN(), Isochronous: Isochronous{FramesPerSecond: math.Inf(1)}}, ServerSettings{},
			[]string{"Client.Isochronous.FramesPerSecond is +Inf: must be 0 or more", "Client.NearCongestion is NaN: must be 0 or more"}},
		{"the server's values", ClientSettings{}, ServerSettings{
			TOS: 300, RcvTimeout: 1, IdleTimeout: 500 * time.Millisecond, BitrateLimitInterval: 1001 * time.Second, AuthorizedUsersPath: "x", ReportExclude: "Q",
			Histograms: Histograms{Enable: true, Bins: 5}, JSONStreamFullOutput: true, Affinity: "x",
		}, []string{
			"Server.Affinity is x: must be a processor's number", "Server.TOS is 300: must be from 0 to 255", "Server.RcvTimeout is 1ns: must be 0, or 100ms or more",
			"Server.IdleTimeout is 500ms: must be 0, or a multiple of 1s", "Server.BitrateLimitInterval is 16m41s: must be 16m40s or less",
			"Server.ReportExclude is Q: must be of the letters C, M, S and V", "Server.Histograms.Bins is 5: must be unset unless Server.Histograms.BinWidth (0s) is set",
			`Server.AuthorizedUsersPath is "x": must be unset unless Server.RSAPrivateKeyPath ("") is set`, "Server.JSONStreamFullOutput is true: must be unset unless Server.JSONStream (false) is set",
			"Server.BitrateLimitInterval is 16m41s: must be unset unless Server.BitrateLimit (0 bit/s) is set"}},
		{"requests that no amount ends", ClientSettings{Bytes: 1e6, Bounceback: Bounceback{Enable: true}}, ServerSettings{},
			[]string{"Client.Bytes is 1000000: must be unset if Client.Bounceback.Enable (true) is set"}},
		{"the server's settings of a thing that is not enabled", ClientSettings{}, ServerSettings{Histograms: Histograms{Bins: 5}}, []string{
			"Server.Histograms is set: must be unset unless Server.Histograms.Enable (false) is set"}},
		{"the two ends' protocols", ClientSettings{}, ServerSettings{Protocol: udp}, []string{"Server.Protocol is UDP: must be unset, or as Client.Protocol (TCP)"}},
		{"a port that is the first of several", ClientSettings{Port: 65535, IncrDstPort: true, Parallel: 2}, ServerSettings{}, []string{
			"Client.Port is 65535: must be from 0 to 65534 with Client.IncrDstPort (true) and Client.Parallel (2)"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			x := Iperf{Client: test.client, Server: test.server}
			err := x.Check()
			if !errors.Is(err, ErrSettings) {
				t.Fatalf("got %v", err)
			}
			if diff := cmp.Diff(test.want, strings.Split(strings.ReplaceAll(err.Error(), "bad settings: ", ""), "\n"), inAnyOrder); diff != "" {
				t.Errorf("(-want +got)\n%s", diff)
			}
			// Each is a SettingError that names the settings by the fields that they have.
			all := map[string]end{"Client": clientEnd(&x.Client), "Server": serverEnd(&x.Server)}
			for _, err := range err.(interface{ Unwrap() []error }).Unwrap() {
				fault, ok := err.(*SettingError)
				if !ok {
					t.Fatalf("got a %T: %v", err, err)
				}
				for _, name := range append([]string{fault.Field}, fault.Together...) {
					side, field, _ := strings.Cut(name, ".")
					if !all[side].value(field).IsValid() || !strings.Contains(err.Error(), field) && !strings.HasPrefix(field, "ControlKeepAlive.") {
						t.Errorf("%v: no field %s", err, name)
					}
				}
				if len(fault.Together) == 0 && strings.Contains(fault.Allowed, " (") {
					t.Errorf("%v: names no other field", err)
				}
			}
		})
	}
}

func probesOf(idle, interval time.Duration, count int) ClientSettings {
	return ClientSettings{ControlKeepAlive: net.KeepAliveConfig{Enable: true, Idle: idle * time.Second, Interval: interval * time.Second, Count: count}}
}

func TestCheckTakesWhatGoesTogether(t *testing.T) {
	for name, c := range map[string]ClientSettings{
		"a burst of a block":                {BurstSize: 131072, BurstPeriod: time.Second},
		"a burst of a datagram":             {Protocol: udp, BurstSize: 1470, BurstPeriod: time.Second},
		"an idle time longer than probes":   probesOf(26, 5, 5),
		"longer than the kernel's probes":   probesOf(676, 0, 0),
		"the kernel's idle time":            probesOf(0, 5, 5),
		"a test without keepalives":         {ControlKeepAlive: net.KeepAliveConfig{Idle: time.Second}},
		"MPTCP of IPv4 with a TOS":          {MPTCP: true, TOS: 8, IPVersion: 4},
		"a title in the whole of a stream":  {JSONStream: true, JSONStreamFullOutput: true, Title: "t"},
		"small segments of SCTP":            {Protocol: report.ProtocolSCTP, MSS: 1000, NoDelay: true},
		"datagrams that are not fragmented": {Protocol: udp, DontFragment: true},
	} {
		if err := (&Iperf{Client: c}).Check(); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestDurationOfATest(t *testing.T) {
	for _, test := range []struct {
		name     string
		c        ClientSettings
		want     time.Duration
		wantOpen bool
	}{
		{name: "the default", want: 10 * time.Second},
		{name: "omitted and delayed", c: ClientSettings{Time: 5 * time.Second, Omit: 2 * time.Second, TxDelayTime: time.Second}, want: 8 * time.Second},
		{name: "one way and then the other", c: ClientSettings{Time: 5 * time.Second, Tradeoff: true}, want: 10 * time.Second},
		{name: "by data", c: ClientSettings{Bytes: 1}, want: 10 * time.Second, wantOpen: true},
		{name: "a start in the past", c: ClientSettings{TxStartTime: time.Unix(1, 0)}, want: 10 * time.Second},
	} {
		if got, closed := test.c.duration(); got != test.want || closed == test.wantOpen {
			t.Errorf("%s: got %v, %v", test.name, got, closed)
		}
	}
}

func TestPrintsBanner(t *testing.T) {
	for _, test := range []struct {
		version string
		args    string
		want    bool
	}{
		{"2.1.8", "-s -f b", true},
		{"2.1.8", "-s -y C", false},
		{"2.1.8", "-s -x MV", true},
		{"2.1.8", "-s -x sv", false},
		{"2.1.8", "-c x --reportexclude C", false},
		{"2.1.8", "-c x -xC", false},
		{"2.1.8", "-c x --reportexclude=V", true},
		{"3.12", "-s --forceflush", true},
		{"3.1.3", "-s", false},
		{"3.12", "-s -J --forceflush", false},
		{"3.17", "-s --json-stream --forceflush", false},
		{"3.12", "-c x --forceflush -X CS", true},
	} {
		if got := printsBanner(ver(test.version), strings.Fields(test.args)); got != test.want {
			t.Errorf("%s %s: got %v", test.version, test.args, got)
		}
	}
}
