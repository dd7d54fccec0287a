package iperf

import (
	"errors"
	"fmt"
	"net"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tunaperf/tuna/iperf/report"
)

// ver makes a version of either program from "2.0.14" or "3.7".
func ver(number string) Version {
	program := "iperf"
	if number[0] == '3' {
		program = "iperf3"
	}
	v, err := ParseVersion(program + " version " + number)
	if err != nil {
		panic(err)
	}
	return v
}

// A clientCase is a client's setting, and what it becomes in the first version of each program that has it. Before is
// the last version that lacks it; none where all have it.
type clientCase struct {
	setting              string
	settings             ClientSettings
	two, first2, before2 string
	three, first3        string
	before3              string
}

const udp, sctp = report.ProtocolUDP, report.ProtocolSCTP

// A time that is soon enough for real programs.
var soon = time.Now().Add(time.Second).Truncate(time.Second)

var clientCases = []clientCase{
	{setting: "Protocol", settings: ClientSettings{Protocol: udp}, two: "-u", first2: "1.7.0", three: "-u", first3: "3.0.1"},
	{setting: "Protocol SCTP", settings: ClientSettings{Protocol: sctp}, three: "--sctp", first3: "3.1", before3: "3.0.11"},
	{setting: "Time", settings: ClientSettings{Time: 2 * time.Second}, two: "-t 2", first2: "1.7.0", three: "-t 2", first3: "3.0.1"},
	{setting: "Omit", settings: ClientSettings{Omit: time.Second}, three: "-O 1", first3: "3.0.1"},
	{setting: "Bytes", settings: ClientSettings{Bytes: 100000}, two: "-n 100000", first2: "1.7.0", three: "-n 100000", first3: "3.0.1"},
	{setting: "Blocks", settings: ClientSettings{Blocks: 3, Length: 1000}, three: "-k 3", first3: "3.0.1", before3: "3.0"},
	{setting: "Interval", settings: ClientSettings{Interval: 500 * time.Millisecond}, two: "-i 0.5", first2: "1.7.0", three: "-i 0.5", first3: "3.0.1"},
	{setting: "Parallel", settings: ClientSettings{Parallel: 2}, two: "-P 2", first2: "1.7.0", three: "-P 2", first3: "3.0.1"},
	{setting: "Rate", settings: ClientSettings{Rate: 2e6}, two: "-b 2000000", first2: "1.7.0", three: "-b 2000000", first3: "3.0.1"},
	{setting: "Length", settings: ClientSettings{Length: 1000}, two: "-l 1000", first2: "1.7.0", three: "-l 1000", first3: "3.0.1"},
	{setting: "Window", settings: ClientSettings{Window: 65536}, two: "-w 65536", first2: "1.7.0", three: "-w 65536", first3: "3.0.1"},
	{setting: "Reverse", settings: ClientSettings{Reverse: true}, two: "-R", first2: "2.0.14", before2: "2.0.13", three: "-R", first3: "3.0.1"},
	{setting: "Bidir", settings: ClientSettings{Bidir: true}, three: "--bidir", first3: "3.7", before3: "3.6"},
	{setting: "FullDuplex", settings: ClientSettings{FullDuplex: true}, two: "--full-duplex", first2: "2.1.0", before2: "2.0.14"},
	{setting: "Dualtest", settings: ClientSettings{Dualtest: true}, two: "-d", first2: "1.7.0"},
	{setting: "Tradeoff", settings: ClientSettings{Tradeoff: true}, two: "-r", first2: "1.7.0"},
	{setting: "ListenPort", settings: ClientSettings{Dualtest: true, ListenPort: 5003}, two: "-d -L 5003", first2: "1.7.0"},
	{setting: "Unlimited", settings: ClientSettings{Protocol: udp, Unlimited: true}, two: "-b 0", first2: "2.2.0", before2: "2.1.9", three: "-b 0", first3: "3.0.7", before3: "3.0.6"},
	{setting: "RateDeviation", settings: ClientSettings{Rate: 9e6, RateDeviation: 1e6}, two: "-b 9000000,1000000", first2: "2.0.12", before2: "2.0.11"},
	{setting: "PacketRate", settings: ClientSettings{Protocol: udp, PacketRate: 100}, two: "-b 100pps", first2: "2.0.8", before2: "2.0.5"},
	{setting: "Burst", settings: ClientSettings{Rate: 1e6, Burst: 10}, three: "-b 1000000/10", first3: "3.0.1"},
	{setting: "FQRate", settings: ClientSettings{FQRate: 1e7}, two: "--fq-rate 10000000", first2: "2.0.13", before2: "2.0.12", three: "--fq-rate 10000000", first3: "3.1.5", before3: "3.1.4"},
	{setting: "PacingTimer", settings: ClientSettings{PacingTimer: 2 * time.Millisecond}, three: "--pacing-timer 2000", first3: "3.2", before3: "3.1.7"},
	{setting: "BurstSize", settings: ClientSettings{BurstSize: 1 << 20, BurstPeriod: time.Second / 2}, two: "--burst-size 1048576 --burst-period 0.5", first2: "2.1.1", before2: "2.1.0"},
	{setting: "BurstPeriod", settings: ClientSettings{BurstPeriod: time.Second / 2, BurstSize: 1 << 20}, two: "--burst-size 1048576 --burst-period 0.5", first2: "2.1.1", before2: "2.1.0"},
	{setting: "Isochronous", settings: ClientSettings{Isochronous: Isochronous{60, 1e8, 5e6}}, two: "--isochronous=60:100000000,5000000", first2: "2.0.12", before2: "2.0.11"},
	{setting: "Bounceback", settings: ClientSettings{Bounceback: Bounceback{Enable: true}}, two: "--bounceback", first2: "2.1.7", before2: "2.1.6"},
	{setting: "Bounceback.Period", settings: ClientSettings{Bounceback: Bounceback{true, 5, time.Second / 2, 500 * time.Microsecond, true}},
		two: "--bounceback=5 --bounceback-period 0.5 --bounceback-hold 0.5 --bounceback-no-quickack", first2: "2.1.8", before2: "2.1.7"},
	{setting: "WorkingLoad", settings: ClientSettings{Bounceback: Bounceback{Enable: true}, WorkingLoad: "up,2"}, two: "--bounceback --bounceback-congest=up,2", first2: "2.1.8", before2: "2.1.7"},
	{setting: "TxStartTime", settings: ClientSettings{TxStartTime: soon}, two: fmt.Sprintf("--txstart-time %d.000000", soon.Unix()), first2: "2.0.13", before2: "2.0.12"},
	{setting: "TxDelayTime", settings: ClientSettings{TxDelayTime: time.Second / 4}, two: "--txdelay-time 0.25", first2: "2.0.14", before2: "2.0.13"},
	{setting: "File", settings: ClientSettings{File: "/etc/hosts"}, two: "-F /etc/hosts", first2: "1.7.0", three: "-F /etc/hosts", first3: "3.0.1"},
	{setting: "XBind", settings: ClientSettings{Protocol: sctp, XBind: []string{"127.0.0.1", "127.0.0.2"}}, three: "-X 127.0.0.1 -X 127.0.0.2", first3: "3.1", before3: "3.0.11"},
	{setting: "NStreams", settings: ClientSettings{Protocol: sctp, NStreams: 4}, three: "--nstreams 4", first3: "3.1", before3: "3.0.11"},
	{setting: "Bind", settings: ClientSettings{Bind: "127.0.0.1"}, two: "-B 127.0.0.1", first2: "1.7.0", three: "-B 127.0.0.1", first3: "3.0.1"},
	{setting: "BindDev", settings: ClientSettings{BindDev: "lo"}, three: "--bind-dev lo", first3: "3.10", before3: "3.9"},
	{setting: "ClientPort", settings: ClientSettings{Bind: "127.0.0.1", ClientPort: 15001}, two: "-B 127.0.0.1:15001", first2: "2.0.7", before2: "2.0.5", three: "--cport 15001 -B 127.0.0.1", first3: "3.1", before3: "3.0.11"},
	{setting: "IncrDstIP", settings: ClientSettings{IncrDstIP: true}, two: "--incr-dstip", first2: "2.0.11", before2: "2.0.10"},
	{setting: "IncrDstPort", settings: ClientSettings{IncrDstPort: true}, two: "--incr-dstport", first2: "2.1.5", before2: "2.1.4"},
	{setting: "IncrSrcIP", settings: ClientSettings{Bind: "127.0.0.1", IncrSrcIP: true}, two: "-B 127.0.0.1 --incr-srcip", first2: "2.1.1", before2: "2.1.0"},
	{setting: "LocalOnly", settings: ClientSettings{LocalOnly: true}, two: "--local-only", first2: "2.0.14", before2: "2.0.13"},
	{setting: "IPVersion", settings: ClientSettings{IPVersion: 4}, two: "", first2: "1.7.0", three: "-4", first3: "3.0.1"},
	{setting: "MSS", settings: ClientSettings{MSS: 1000}, two: "-M 1000", first2: "1.7.0", three: "-M 1000", first3: "3.0.1"},
	{setting: "NoDelay", settings: ClientSettings{NoDelay: true}, two: "-N", first2: "1.7.0", three: "-N", first3: "3.0.1"},
	{setting: "TOS", settings: ClientSettings{TOS: 184}, two: "-S 184", first2: "1.7.0", three: "-S 184", first3: "3.0.1"},
	{setting: "TTL", settings: ClientSettings{TTL: 64}, two: "-T 64", first2: "1.7.0"},
	{setting: "FlowLabel", settings: ClientSettings{FlowLabel: 99}, three: "-L 99", first3: "3.0.1", before3: "3.0"},
	{setting: "DontFragment", settings: ClientSettings{Protocol: udp, DontFragment: true}, three: "--dont-fragment", first3: "3.10", before3: "3.9"},
	{setting: "Congestion", settings: ClientSettings{Congestion: "cubic"}, two: "-Z cubic", first2: "2.0.4", before2: "2.0.2", three: "-C cubic", first3: "3.0.1", before3: "3.0"},
	{setting: "MPTCP", settings: ClientSettings{MPTCP: true}, three: "-m", first3: "3.19", before3: "3.18"},
	{setting: "NearCongestion", settings: ClientSettings{NearCongestion: 0.5}, two: "--near-congestion=0.5", first2: "2.0.14", before2: "2.0.13"},
	{setting: "TCPQuickACK", settings: ClientSettings{TCPQuickACK: true}, two: "--tcp-quickack", first2: "2.1.8", before2: "2.1.7"},
	{setting: "TCPWritePrefetch", settings: ClientSettings{TCPWritePrefetch: 16384}, two: "--tcp-write-prefetch 16384", first2: "2.1.4", before2: "2.1.3"},
	{setting: "ZeroCopy", settings: ClientSettings{ZeroCopy: true}, three: "-Z", first3: "3.0.1"},
	{setting: "SkipRxCopy", settings: ClientSettings{SkipRxCopy: true}, three: "--skip-rx-copy", first3: "3.19", before3: "3.18"},
	{setting: "GSRO", settings: ClientSettings{Protocol: udp, GSRO: true}, three: "--gsro", first3: "3.21", before3: "3.20"},
	{setting: "RepeatingPayload", settings: ClientSettings{RepeatingPayload: true}, three: "--repeating-payload", first3: "3.6", before3: "3.5"},
	{setting: "UDPCounters64Bit", settings: ClientSettings{Protocol: udp, UDPCounters64Bit: true}, three: "--udp-counters-64bit", first3: "3.1", before3: "3.0.11"},
	{setting: "NoConnectSync", settings: ClientSettings{Parallel: 2, NoConnectSync: true}, two: "--no-connect-sync", first2: "2.0.14", before2: "2.0.13"},
	{setting: "NoUDPFin", settings: ClientSettings{Protocol: udp, NoUDPFin: true}, two: "--no-udp-fin", first2: "2.0.14", before2: "2.0.13"},
	{setting: "Affinity", settings: ClientSettings{Affinity: "0,1"}, three: "-A 0,1", first3: "3.0.1"},
	{setting: "Realtime", settings: ClientSettings{Realtime: true}, two: "-z", first2: "2.0.8", before2: "2.0.5"},
	{setting: "ConnectTimeout", settings: ClientSettings{ConnectTimeout: time.Second}, two: "", first2: "1.7.0", three: "--connect-timeout 1000", first3: "3.2", before3: "3.1.7"},
	{setting: "RcvTimeout", settings: ClientSettings{Reverse: true, RcvTimeout: time.Second / 2}, three: "--rcv-timeout 500", first3: "3.10", before3: "3.9"},
	{setting: "SndTimeout", settings: ClientSettings{SndTimeout: time.Second / 2}, three: "--snd-timeout 500", first3: "3.12", before3: "3.11"},
	{setting: "ControlKeepAlive", settings: ClientSettings{ControlKeepAlive: net.KeepAliveConfig{Enable: true, Idle: 300 * time.Second, Count: 3}}, three: "--cntl-ka=300//3", first3: "3.19", before3: "3.18"},
	{setting: "Username", settings: ClientSettings{Username: "u", RSAPublicKeyPath: "/k.pem"}, three: "--username u --rsa-public-key-path /k.pem", first3: "3.2", before3: "3.1.7"},
	{setting: "RSAPublicKeyPath", settings: ClientSettings{Username: "u", RSAPublicKeyPath: "/k.pem"}, three: "--rsa-public-key-path /k.pem", first3: "3.2", before3: "3.1.7"},
	{setting: "UsePKCS1Padding", settings: ClientSettings{UsePKCS1Padding: true}, three: "--use-pkcs1-padding", first3: "3.17", before3: "3.16"},
	{setting: "PermitKey", settings: ClientSettings{PermitKey: "open sesame"}, two: "--permit-key=open sesame", first2: "2.1.0", before2: "2.0.14"},
	{setting: "Compatibility", settings: ClientSettings{Compatibility: true}, two: "-C", first2: "1.7.0"},
	{setting: "PeerDetect", settings: ClientSettings{PeerDetect: true}, two: "-X", first2: "2.0.10", before2: "2.0.9"},
	{setting: "Format", settings: ClientSettings{Format: "M"}, two: "-f M", first2: "1.7.0", three: "-f M", first3: "3.0.1"},
	{setting: "Verbose", settings: ClientSettings{Verbose: true}, three: "-V", first3: "3.0.1"},
	{setting: "Enhanced", settings: ClientSettings{Enhanced: true}, two: "-e", first2: "2.0.8", before2: "2.0.5"},
	{setting: "JSON", settings: ClientSettings{JSON: true}, three: "-J", first3: "3.0.1"},
	{setting: "JSONStream", settings: ClientSettings{JSONStream: true}, three: "--json-stream", first3: "3.17", before3: "3.16"},
	{setting: "JSONStreamFullOutput", settings: ClientSettings{JSONStream: true, JSONStreamFullOutput: true}, three: "--json-stream --json-stream-full-output", first3: "3.20", before3: "3.19"},
	{setting: "ReportStyle", settings: ClientSettings{ReportStyle: "C"}, two: "-y C", first2: "2.0.0", before2: "1.7.0"},
	{setting: "ReportExclude", settings: ClientSettings{ReportExclude: "CS"}, two: "-x CS", first2: "2.0.0", before2: "1.7.0"},
	{setting: "SumOnly", settings: ClientSettings{Parallel: 2, SumOnly: true}, two: "--sum-only", first2: "2.0.14", before2: "2.0.13"},
	{setting: "PrintMSS", settings: ClientSettings{PrintMSS: true}, two: "-m", first2: "1.7.0"},
	{setting: "TripTimes", settings: ClientSettings{TripTimes: true}, two: "--trip-time", first2: "2.0.13", before2: "2.0.12"},
	{setting: "TCPWriteTimes", settings: ClientSettings{TCPWriteTimes: true}, two: "--tcp-write-times", first2: "2.1.8", before2: "2.1.7"},
	{setting: "Histograms", settings: ClientSettings{Histograms: Histograms{true, 100 * time.Microsecond, 1000}}, two: "--histograms=100u,1000", first2: "2.1.4", before2: "2.1.3"},
	{setting: "Title", settings: ClientSettings{Title: "two words"}, three: "-T two words", first3: "3.0.1"},
	{setting: "Timestamps", settings: ClientSettings{Timestamps: "%s "}, three: "--timestamps=%s ", first3: "3.9", before3: "3.8"},
	{setting: "ExtraData", settings: ClientSettings{ExtraData: "x"}, three: "--extra-data x", first3: "3.6", before3: "3.5"},
	{setting: "GetServerOutput", settings: ClientSettings{GetServerOutput: true}, three: "--get-server-output", first3: "3.0.5", before3: "3.0.3"},
	{setting: "SyncTransferID", settings: ClientSettings{SyncTransferID: true}, two: "--sync-transfer-id", first2: "2.2.0", before2: "2.1.9"},
	{setting: "HideIPs", settings: ClientSettings{HideIPs: true}, two: "--hide-ips", first2: "2.1.4", before2: "2.1.3"},
	{setting: "UTC", settings: ClientSettings{UTC: true}, two: "--utc", first2: "2.1.9", before2: "2.1.8"},
	{setting: "Extra", settings: ClientSettings{Extra: []string{"-x y"}}, two: "-x y", first2: "1.7.0", three: "-x y", first3: "3.0.1"},
}

// to returns which of two addresses a client connects to for the case: the one of IPv6 if the setting is of that.
func (c clientCase) to(addr4, addr6 string) string {
	if c.settings.FlowLabel > 0 {
		return addr6
	}
	return addr4
}

func TestClientOptionsPerVersion(t *testing.T) {
	for _, test := range clientCases {
		for _, program := range []struct{ name, want, first, before string }{
			{"iperf", test.two, test.first2, test.before2}, {"iperf3", test.three, test.first3, test.before3},
		} {
			t.Run(test.setting+" of "+program.name, func(t *testing.T) {
				x := Iperf{Client: test.settings}
				if err := x.Check(); err != nil {
					t.Fatal(err)
				}
				args := func(c ClientSettings, v string) ([]string, error) {
					x := Iperf{Client: c}
					return x.clientArgs(ver(v), test.to("192.0.2.1", "2001:db8::1"), 7)
				}
				if program.first == "" {
					lacks(t, test.setting, args, test.settings, map[string]string{"iperf": "2.2.1", "iperf3": "3.21"}[program.name])
					return
				}
				got, err := args(test.settings, program.first)
				if err != nil {
					t.Fatal(err)
				}
				if line := strings.Join(got, " "); !strings.Contains(line+" ", " "+program.want+" ") && program.want != "" {
					t.Errorf("%s %s: got %s, want %s in it", program.name, program.first, line, program.want)
				}
				if program.before != "" {
					lacks(t, test.setting, args, test.settings, program.before)
				}
			})
		}
	}
}

// lacks checks that an option that a version lacks is an error that names it and the version.
func lacks[S any](t *testing.T, setting string, args func(S, string) ([]string, error), s S, version string) {
	t.Helper()
	_, err := args(s, version)
	if !errors.Is(err, ErrUnsupported) {
		t.Fatalf("%s: got %v, want ErrUnsupported", version, err)
	}
	name, _, _ := strings.Cut(setting, ".")
	if msg := err.Error(); !strings.Contains(msg, "."+name) || !strings.Contains(msg, "by "+ver(version).String()+": ") || !strings.Contains(msg, " since ") {
		t.Errorf("%s: got %q", version, msg)
	}
}

// Every field must have a row above, so that none is forgotten in the tables of options.
func TestEveryClientSettingHasACase(t *testing.T) {
	missing(t, reflect.TypeFor[ClientSettings](), []string{"Port"}, func(yield func(string) bool) {
		for _, c := range clientCases {
			if !yield(c.setting) {
				return
			}
		}
	})
}

func missing(t *testing.T, s reflect.Type, elsewhere []string, cases func(func(string) bool)) {
	t.Helper()
	have := elsewhere
	for c := range cases {
		have = append(have, c)
	}
	var want []string
	for f := range s.NumField() {
		if name := s.Field(f).Name; !slices.Contains(have, name) {
			want = append(want, name)
		}
	}
	if diff := cmp.Diff([]string(nil), want); diff != "" {
		t.Errorf("fields without a case:\n%s", diff)
	}
}

func TestFlagsThatChangedTheirNames(t *testing.T) {
	x := Iperf{Client: ClientSettings{TripTimes: true, Bounceback: Bounceback{Enable: true}, WorkingLoad: "down"}}
	got, err := x.clientArgs(ver("2.1.9"), "192.0.2.1", 7)
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"--trip-times", "--working-load=down"} {
		if !slices.Contains(got, want) {
			t.Errorf("got %q, want %s in it", got, want)
		}
	}
}
