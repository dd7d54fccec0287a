package iperf

import (
	"net"
	"reflect"
	"strings"
	"testing"
	"time"
)

// A serverCase is a server's setting, like a clientCase.
type serverCase struct {
	setting              string
	settings             ServerSettings
	client               ClientSettings
	two, first2, before2 string
	three, first3        string
	before3              string
}

var serverCases = []serverCase{
	{setting: "Protocol", settings: ServerSettings{Protocol: udp}, client: ClientSettings{Protocol: udp}, two: "-u", first2: "1.7.0", three: "", first3: "3.0.1"},
	{setting: "Interval", settings: ServerSettings{Interval: 500 * time.Millisecond}, two: "-i 0.5", first2: "1.7.0", three: "-i 0.5", first3: "3.0.1"},
	{setting: "Length", settings: ServerSettings{Length: 8192}, two: "-l 8192", first2: "1.7.0"},
	{setting: "Window", settings: ServerSettings{Window: 65536}, two: "-w 65536", first2: "1.7.0"},
	{setting: "Extra", settings: ServerSettings{Extra: []string{"-x y"}}, two: "-x y", first2: "1.7.0", three: "-x y", first3: "3.0.1"},
	{setting: "Bind", settings: ServerSettings{Bind: "127.0.0.1"}, two: "-B 127.0.0.1", first2: "1.7.0", three: "-B 127.0.0.1", first3: "3.0.1"},
	{setting: "BindDev", settings: ServerSettings{BindDev: "lo"}, three: "--bind-dev lo", first3: "3.10", before3: "3.9"},
	{setting: "File", settings: ServerSettings{File: "/dev/null"}, three: "-F /dev/null", first3: "3.0.1"},
	{setting: "Affinity", settings: ServerSettings{Affinity: "0"}, three: "-A 0", first3: "3.0.1"},
	{setting: "MSS", settings: ServerSettings{MSS: 1000}, two: "-M 1000", first2: "1.7.0"},
	{setting: "NoDelay", settings: ServerSettings{NoDelay: true}, two: "-N", first2: "1.7.0"},
	{setting: "TOS", settings: ServerSettings{TOS: 184}, two: "-S 184", first2: "1.7.0"},
	{setting: "TOSOverride", settings: ServerSettings{TOSOverride: 32}, two: "--tos-override 32", first2: "2.1.5", before2: "2.1.4"},
	{setting: "Congestion", settings: ServerSettings{Congestion: "cubic"}, two: "-Z cubic", first2: "2.0.4", before2: "2.0.2"},
	{setting: "Rate", settings: ServerSettings{Rate: 5e6}, two: "-b 5000000", first2: "2.0.11", before2: "2.0.10"},
	{setting: "TCPRxWindowClamp", settings: ServerSettings{TCPRxWindowClamp: 4096}, two: "--tcp-rx-window-clamp 4096", first2: "2.1.4", before2: "2.1.3"},
	{setting: "SingleUDP", settings: ServerSettings{SingleUDP: true}, client: ClientSettings{Protocol: udp}, two: "-U", first2: "1.7.0"},
	{setting: "SSMHost", settings: ServerSettings{SSMHost: "192.0.2.1"}, client: ClientSettings{Protocol: udp}, two: "-H 192.0.2.1", first2: "2.0.11", before2: "2.0.10"},
	{setting: "Compatibility", settings: ServerSettings{Compatibility: true}, two: "-C", first2: "1.7.0"},
	{setting: "Realtime", settings: ServerSettings{Realtime: true}, two: "-z", first2: "2.0.8", before2: "2.0.5"},
	{setting: "PermitKeyTimeout", settings: ServerSettings{PermitKeyTimeout: 5 * time.Second}, client: ClientSettings{PermitKey: "open sesame"},
		two: "--permit-key-timeout 5 --permit-key=open sesame", first2: "2.1.0", before2: "2.0.14"},
	{setting: "RcvTimeout", settings: ServerSettings{RcvTimeout: time.Second / 2}, three: "--rcv-timeout 500", first3: "3.10", before3: "3.9"},
	{setting: "SndTimeout", settings: ServerSettings{SndTimeout: time.Second / 2}, three: "--snd-timeout 500", first3: "3.12", before3: "3.11"},
	{setting: "IdleTimeout", settings: ServerSettings{IdleTimeout: 9 * time.Second}, three: "--idle-timeout 9", first3: "3.10", before3: "3.9"},
	{setting: "MaxDuration", settings: ServerSettings{MaxDuration: 90 * time.Second}, three: "--server-max-duration 90", first3: "3.20", before3: "3.19"},
	{setting: "BitrateLimit", settings: ServerSettings{BitrateLimit: 1e9}, three: "--server-bitrate-limit 1000000000", first3: "3.9", before3: "3.8"},
	{setting: "BitrateLimitInterval", settings: ServerSettings{BitrateLimit: 1e9, BitrateLimitInterval: 2 * time.Second}, three: "--server-bitrate-limit 1000000000/2", first3: "3.9"},
	{setting: "ControlKeepAlive", settings: ServerSettings{ControlKeepAlive: net.KeepAliveConfig{Enable: true}}, three: "--cntl-ka", first3: "3.19", before3: "3.18"},
	{setting: "RSAPrivateKeyPath", settings: ServerSettings{RSAPrivateKeyPath: "/k", AuthorizedUsersPath: "/u"}, three: "--rsa-private-key-path /k --authorized-users-path /u", first3: "3.2", before3: "3.1.7"},
	{setting: "AuthorizedUsersPath", settings: ServerSettings{RSAPrivateKeyPath: "/k", AuthorizedUsersPath: "/u"}, three: "--authorized-users-path /u", first3: "3.2", before3: "3.1.7"},
	{setting: "TimeSkewThreshold", settings: ServerSettings{TimeSkewThreshold: 5 * time.Second}, three: "--time-skew-threshold 5", first3: "3.10", before3: "3.9"},
	{setting: "Format", settings: ServerSettings{Format: "M"}, two: "-f M", first2: "1.7.0", three: "-f M", first3: "3.0.1"},
	{setting: "Verbose", settings: ServerSettings{Verbose: true}, three: "-V", first3: "3.0.1"},
	{setting: "Enhanced", settings: ServerSettings{Enhanced: true}, two: "-e", first2: "2.0.8", before2: "2.0.5"},
	{setting: "JSON", settings: ServerSettings{JSON: true}, three: "-J", first3: "3.0.1"},
	{setting: "JSONStream", settings: ServerSettings{JSONStream: true}, three: "--json-stream", first3: "3.17", before3: "3.16"},
	{setting: "JSONStreamFullOutput", settings: ServerSettings{JSONStream: true, JSONStreamFullOutput: true}, three: "--json-stream --json-stream-full-output", first3: "3.20", before3: "3.19"},
	{setting: "ReportStyle", settings: ServerSettings{ReportStyle: "C"}, two: "-y C", first2: "2.0.0", before2: "1.7.0"},
	{setting: "ReportExclude", settings: ServerSettings{ReportExclude: "CS"}, two: "-x CS", first2: "2.0.0", before2: "1.7.0"},
	{setting: "SumOnly", settings: ServerSettings{SumOnly: true}, two: "--sum-only", first2: "2.0.14", before2: "2.0.13"},
	{setting: "SumDstIP", settings: ServerSettings{SumDstIP: true}, two: "--sum-dstip", first2: "2.0.14", before2: "2.0.13"},
	{setting: "PrintMSS", settings: ServerSettings{PrintMSS: true}, two: "-m", first2: "1.7.0"},
	{setting: "Histograms", settings: ServerSettings{Histograms: Histograms{Enable: true}}, two: "--histograms", first2: "2.0.14"},
	{setting: "Histograms", settings: ServerSettings{Histograms: Histograms{Enable: true}}, two: "--udp-histogram", first2: "2.0.11", before2: "2.0.10"},
	{setting: "JitterHistograms", settings: ServerSettings{JitterHistograms: true}, client: ClientSettings{Protocol: udp}, two: "--jitter-histograms", first2: "2.1.9", before2: "2.1.8"},
	{setting: "Timestamps", settings: ServerSettings{Timestamps: "%s "}, three: "--timestamps=%s ", first3: "3.9", before3: "3.8"},
	{setting: "HideIPs", settings: ServerSettings{HideIPs: true}, two: "--hide-ips", first2: "2.1.4", before2: "2.1.3"},
	{setting: "UTC", settings: ServerSettings{UTC: true}, two: "--utc", first2: "2.1.9", before2: "2.1.8"},
	// What the client's settings give the server.
	{setting: "Client.MPTCP", client: ClientSettings{MPTCP: true}, three: "-m", first3: "3.19", before3: "3.18"},
	{setting: "Client.UsePKCS1Padding", client: ClientSettings{UsePKCS1Padding: true}, three: "--use-pkcs1-padding", first3: "3.17", before3: "3.16"},
	{setting: "Client.PermitKey", client: ClientSettings{PermitKey: "abcd"}, two: "--permit-key=abcd", first2: "2.1.0", before2: "2.0.14"},
	{setting: "Client.Length", client: ClientSettings{Protocol: udp, Length: 8000}, two: "-u -l 8000", first2: "1.7.0", three: "", first3: "3.0.1"},
	{setting: "Client.Parallel", client: ClientSettings{Parallel: 4, Dualtest: true}, two: "-P 4", first2: "1.7.0"},
	{setting: "Client.WorkingLoad", client: ClientSettings{Bounceback: Bounceback{Enable: true}, WorkingLoad: "down"}, two: "-P 2", first2: "2.1.8"},
	{setting: "Client.WorkingLoad", client: ClientSettings{Parallel: 2, Bounceback: Bounceback{Enable: true}, WorkingLoad: "bidir,3"}, two: "-P 5", first2: "2.1.8"},
	{setting: "the same as the client's", settings: ServerSettings{Length: 9000, Window: 65536, MSS: 1000, NoDelay: true, TOS: 8, Congestion: "reno"},
		client: ClientSettings{Length: 9000, Window: 65536, MSS: 1000, NoDelay: true, TOS: 8, Congestion: "reno"},
		two:    "-l 9000 -w 65536 -M 1000 -N -S 8 -Z reno", first2: "2.0.4", three: "", first3: "3.0.1"},
}

func TestServerOptionsPerVersion(t *testing.T) {
	for _, test := range serverCases {
		for _, program := range []struct{ name, want, first, before string }{
			{"iperf", test.two, test.first2, test.before2}, {"iperf3", test.three, test.first3, test.before3},
		} {
			t.Run(test.setting+" of "+program.name, func(t *testing.T) {
				x := Iperf{Client: test.client, Server: test.settings}
				if err := x.Check(); err != nil {
					t.Fatal(err)
				}
				args := func(s ServerSettings, v string) ([]string, error) {
					x := Iperf{Client: test.client, Server: s}
					return x.serverArgs(ver(v), "192.0.2.1", 7)
				}
				if program.first != "" {
					got, err := args(test.settings, program.first)
					if err != nil {
						t.Fatal(err)
					}
					if line := strings.Join(got, " "); !strings.Contains(line+" ", " "+program.want+" ") && program.want != "" {
						t.Errorf("%s %s: got %s, want %s in it", program.name, program.first, line, program.want)
					}
				}
				if program.before != "" {
					_, setting, shared := strings.Cut(test.setting, ".")
					if !shared {
						setting = test.setting
					}
					lacks(t, setting, args, test.settings, program.before)
				}
			})
		}
	}
}

func TestEveryServerSettingHasACase(t *testing.T) {
	missing(t, reflect.TypeFor[ServerSettings](), []string{"Port", "AutoPort"}, func(yield func(string) bool) {
		for _, c := range serverCases {
			if !yield(c.setting) {
				return
			}
		}
	})
}

func TestWhatAnIperf3ServerTakesFromItsClient(t *testing.T) {
	x := Iperf{
		Client: ClientSettings{MSS: 1000},
		Server: ServerSettings{Length: 1, Window: 2, MSS: 3, NoDelay: true, TOS: 4, Congestion: "reno"},
	}
	_, err := x.serverArgs(ver("3.12"), "192.0.2.1", 1)
	if err == nil {
		t.Fatal("no error")
	}
	for line := range strings.Lines(err.Error()) {
		if !strings.HasSuffix(strings.TrimSpace(line), "option is not supported by iperf3 3.12: its server takes the client's") {
			t.Errorf("got %q", line)
		}
	}
	if n := strings.Count(err.Error(), "\n") + 1; n != 6 {
		t.Errorf("got %d faults, want 6:\n%v", n, err)
	}
}
