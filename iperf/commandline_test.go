package iperf

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tunaperf/tuna/internal/shquote"
	"github.com/tunaperf/tuna/iperf/report"
)

// The exact command lines, for each version that differs.
func TestCommandLines(t *testing.T) {
	v2_0_5 := Version{Program: "iperf", Number: "2.0.5", Major: 2, Minor: 0, Patch: 5}
	v2_1_8 := Version{Program: "iperf", Number: "2.1.8", Major: 2, Minor: 1, Patch: 8}
	v3_0_7 := Version{Program: "iperf3", Number: "3.0.7", Major: 3, Minor: 0, Patch: 7}
	v3_1_3 := Version{Program: "iperf3", Number: "3.1.3", Major: 3, Minor: 1, Patch: 3}
	v3_12 := Version{Program: "iperf3", Number: "3.12", Major: 3, Minor: 12}
	udp := Iperf{Client: ClientSettings{Protocol: report.ProtocolUDP, Rate: 50 * report.MbitPerSecond, Length: 1200, Time: 2 * time.Second}}
	full := Iperf{
		Client: ClientSettings{Time: 3 * time.Second, Interval: 500 * time.Millisecond, Parallel: 4, Window: 1 << 18, Reverse: true, Extra: []string{"--title", "two words"}},
		Server: ServerSettings{Extra: []string{"-V"}},
	}
	for _, test := range []struct {
		name           string
		x              Iperf
		v              Version
		addr           string
		client, server string
	}{
		{"zero value on 3.12", Iperf{}, v3_12, "192.0.2.1",
			"-c 192.0.2.1 -p 7 -t 10 -i 1 --connect-timeout 5000 -f k --forceflush", "-s -p 7 -i 1 -1 -f k --forceflush"},
		{"zero value on 3.1.3", Iperf{}, v3_1_3, "192.0.2.1", "-c 192.0.2.1 -p 7 -t 10 -i 1 -f k", "-s -p 7 -i 1 -1 -f k"},
		{"zero value on 3.0.7", Iperf{}, v3_0_7, "192.0.2.1", "-c 192.0.2.1 -p 7 -t 10 -i 1 -f k", "-s -p 7 -i 1 -f k"},
		{"zero value on 2.1.8", Iperf{}, v2_1_8, "192.0.2.1", "-c 192.0.2.1 -p 7 -t 10 -i 1 -f b", "-s -p 7 -i 1 -P 1 -f b"},
		{"IPv6 on 3.12", Iperf{}, v3_12, "2001:db8::1",
			"-c 2001:db8::1 -p 7 -t 10 -i 1 --connect-timeout 5000 -6 -f k --forceflush", "-s -p 7 -i 1 -1 -6 -f k --forceflush"},
		{"IPv6 on 2.0.5", Iperf{}, v2_0_5, "2001:db8::1", "-c 2001:db8::1 -p 7 -t 10 -i 1 -V -f b", "-s -p 7 -i 1 -P 1 -V -f b"},
		{"UDP on 3.12", udp, v3_12, "192.0.2.1",
			"-c 192.0.2.1 -p 7 -u -t 2 -i 1 -b 50000000 -l 1200 --connect-timeout 5000 -f k --forceflush", "-s -p 7 -i 1 -1 -f k --forceflush"},
		{"UDP on 2.0.5", udp, v2_0_5, "192.0.2.1", "-c 192.0.2.1 -p 7 -u -t 2 -i 1 -b 50000000 -l 1200 -f b", "-s -p 7 -i 1 -P 1 -u -f b"},
		{"bytes in place of time", Iperf{Client: ClientSettings{Bytes: 1e6}}, v2_1_8, "192.0.2.1", "-c 192.0.2.1 -p 7 -n 1000000 -i 1 -f b", "-s -p 7 -i 1 -P 1 -f b"},
		{"many settings on 3.12", full, v3_12, "192.0.2.1",
			"-c 192.0.2.1 -p 7 -t 3 -i 0.5 -P 4 -w 262144 -R --connect-timeout 5000 -f k --forceflush --title 'two words'", "-s -p 7 -i 0.5 -1 -f k --forceflush -V"},
		{"many settings on 2.1.8", full, v2_1_8, "192.0.2.1",
			"-c 192.0.2.1 -p 7 -t 3 -i 0.5 -P 4 -w 262144 -R -f b --title 'two words'", "-s -p 7 -i 0.5 -P 4 -f b -V"},
	} {
		t.Run(test.name, func(t *testing.T) {
			if err := test.x.Check(); err != nil {
				t.Fatal(err)
			}
			client, err := test.x.clientArgs(test.v, test.addr, 7)
			if err != nil {
				t.Error(err)
			}
			server, err := test.x.serverArgs(test.v, test.addr, 7)
			if err != nil {
				t.Error(err)
			}
			if diff := cmp.Diff([]string{test.client, test.server}, []string{shquote.Join(client), shquote.Join(server)}); diff != "" {
				t.Errorf("(-want +got)\n%s", diff)
			}
		})
	}
}

func TestOptionsThatAVersionLacks(t *testing.T) {
	v2 := Version{Program: "iperf", Number: "2.0.5", Major: 2, Minor: 0, Patch: 5}
	x := Iperf{Client: ClientSettings{Reverse: true, Omit: time.Second, Protocol: report.ProtocolSCTP}}
	_, err := x.clientArgs(v2, "192.0.2.1", 5001)
	want := strings.Join([]string{
		"Client.Protocol SCTP: option is not supported by iperf 2.0.5: no version of iperf has it, iperf3 has --sctp since 3.1",
		"Client.Omit: option is not supported by iperf 2.0.5: no version of iperf has it, iperf3 has -O since 3.0",
		"Client.Reverse: option is not supported by iperf 2.0.5: iperf has -R since 2.0.14",
	}, "\n")
	if err == nil || err.Error() != want || !errors.Is(err, ErrUnsupported) {
		t.Errorf("got %v\nwant %v", err, want)
	}
	x = Iperf{Client: ClientSettings{Time: 1500 * time.Millisecond}, Server: ServerSettings{Window: 1}}
	v3 := Version{Program: "iperf3", Number: "3.12", Major: 3, Minor: 12}
	if _, err := x.clientArgs(v3, "192.0.2.1", 1); !errors.Is(err, ErrSettings) {
		t.Errorf("a part of a second on iperf 3: got %v", err)
	}
	if _, err := x.serverArgs(v3, "192.0.2.1", 1); !errors.Is(err, ErrUnsupported) {
		t.Errorf("the window of an iperf 3 server: got %v", err)
	}
}

// A server that nobody comes to ends by itself when the run is over, where its version can.
func TestServerEndsUnused(t *testing.T) {
	own := ServerSettings{IdleTimeout: 9 * time.Second}
	for _, test := range []struct {
		name   string
		server ServerSettings
		v      Version
		limit  time.Duration
		want   string
	}{
		{"the run's time", ServerSettings{}, Version{Major: 3, Minor: 11}, 25200 * time.Millisecond, "--idle-timeout 26"},
		{"a time of its own", own, Version{Major: 3, Minor: 12}, 25 * time.Second, "--idle-timeout 9"},
		{"a run of weeks", ServerSettings{}, Version{Major: 3, Minor: 22}, 1000 * time.Hour, "--idle-timeout 86400"},
		{"would start again", ServerSettings{}, Version{Major: 3, Minor: 10}, 25 * time.Second, ""},
		{"iperf 2", ServerSettings{}, Version{Major: 2, Minor: 2}, 25 * time.Second, ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			x := &Iperf{Server: test.server}
			args, err := x.endingUnused(test.v, test.limit).serverArgs(test.v, "192.0.2.1", 7)
			if err != nil {
				t.Fatal(err)
			}
			got := ""
			if i := slices.Index(args, "--idle-timeout"); i >= 0 {
				got = shquote.Join(args[i : i+2])
			}
			if got != test.want || x.Server.IdleTimeout != test.server.IdleTimeout {
				t.Errorf("got %q, want %q; the Iperf has %v", got, test.want, x.Server.IdleTimeout)
			}
		})
	}
}
