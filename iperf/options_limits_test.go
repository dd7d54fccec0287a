package iperf

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// What a version refuses, or would silently take for something else, is found before it is started.
func TestLimitsOfVersions(t *testing.T) {
	for _, test := range []struct {
		name    string
		client  ClientSettings
		server  ServerSettings
		version string
		want    []string // empty: all is well
	}{
		{name: "3.12's limits are kept", version: "3.12",
			client: ClientSettings{Time: 24 * time.Hour, Omit: time.Minute, Interval: 100 * time.Millisecond, Parallel: 128, Length: 1 << 20, Window: 512 << 20, MSS: 9216}},
		{name: "3.12's limits are broken", version: "3.12",
			client: ClientSettings{Time: 25 * time.Hour, Omit: 61 * time.Second, Interval: 61 * time.Second, Parallel: 129, Length: 1<<20 + 1, Window: 512<<20 + 1, MSS: 9217},
			want: []string{"Client.Time is 25h0m0s: must be 24h0m0s or less", "Client.Omit is 1m1s: must be 1m0s or less", "Client.Parallel is 129: must be 128 or less",
				"Client.MSS is 9217: must be 9216 or less", "Client.Interval is 1m1s: must be from 100ms to 1m0s", "Client.Length is 1048577: must be 1048576 bytes or less",
				"Client.Window is 536870913: must be 536870912 bytes or less", "Server.Interval is 1m1s: must be from 100ms to 1m0s"}},
		{name: "3.18 omits for longer", version: "3.18", client: ClientSettings{Omit: 10 * time.Minute}},
		{name: "and for too long", version: "3.18", client: ClientSettings{Omit: 601 * time.Second}, want: []string{"Client.Omit is 10m1s: must be 10m0s or less"}},
		{name: "3.21 has longer segments", version: "3.21", client: ClientSettings{MSS: 32767}},
		{name: "3.17 has a timer for its pace", version: "3.17", client: ClientSettings{Rate: 1e6, PacingTimer: time.Millisecond}},
		{name: "and 3.18 takes it without using it", version: "3.18", client: ClientSettings{Rate: 1e6, PacingTimer: time.Millisecond},
			want: []string{"Client.PacingTimer is 1ms: must be unset, as it has no effect"}},
		{name: "3.19 pads as older ones", version: "3.19", client: ClientSettings{UsePKCS1Padding: true}},
		{name: "3.20 does that on the server only", version: "3.20", client: ClientSettings{UsePKCS1Padding: true},
			want: []string{"Client.UsePKCS1Padding is true: must be unset, as only the server takes it"}},
		{name: "3.0.4 runs for an hour", version: "3.0.4", client: ClientSettings{Time: 2 * time.Hour}, want: []string{"Client.Time is 2h0m0s: must be 1h0m0s or less"}},
		{name: "parts of a second", version: "3.12", client: ClientSettings{Time: 1500 * time.Millisecond, Omit: time.Millisecond},
			want: []string{"Client.Time is 1.5s: must be whole seconds", "Client.Omit is 1ms: must be whole seconds"}},
		{name: "a file over UDP", version: "3.20", client: ClientSettings{Protocol: udp, File: "x"}, want: []string{"Client.File is x: must be empty with Client.Protocol (UDP)"}},
		{name: "at whose end older ones crash", version: "3.12", client: ClientSettings{Protocol: udp, File: "x"}, want: []string{"Client.File is x: must be empty with Client.Protocol (UDP)"}},
		{name: "3.17 sends bursts above a rate", version: "3.17", client: ClientSettings{Rate: 1e6, Burst: 10}},
		{name: "3.18 has no rate then", version: "3.18", client: ClientSettings{Rate: 1e6, Burst: 10}, want: []string{"Client.Burst is 10: must be unset, as its client ignores Rate with it"}},
		{name: "3.19 has one again", version: "3.19", client: ClientSettings{Rate: 1e6, Burst: 1000}},
		{name: "a file that the client would write", version: "3.12", client: ClientSettings{File: "x", Reverse: true},
			want: []string{"Client.File is x: must be empty with Client.Reverse (true) or Client.Bidir (false), as the client would write what it receives into it,"}},
		{name: "a format of later versions", version: "3.1.3", client: ClientSettings{Format: "t"}, want: []string{"Client.Format is t: must be one of kmgKMG"}},
		{name: "iperf 2's format for iperf 3", version: "3.12", client: ClientSettings{Format: "b"}, server: ServerSettings{Format: "a"},
			want: []string{"Client.Format is b: must be one of kmgtKMGT", "Server.Format is a: must be one of kmgtKMGT"}},
		{name: "a server on two processors", version: "3.12", server: ServerSettings{Affinity: "0,1"}, want: []string{"Server.Affinity is 0,1: must be one number"}},
		{name: "iperf 2 writes more than a second's rate", version: "2.1.8", client: ClientSettings{Rate: 500000, Length: 128 << 10},
			want: []string{"Client.Rate is 500 kbit/s: must be 1.05 Mbit/s or more with blocks of Client.Length (131072), or that 62500 or less,"}},
		{name: "but not by itself", version: "2.1.8", client: ClientSettings{Rate: 500000}},
		{name: "as slow as may be", version: "2.1.8", client: ClientSettings{Rate: 1000}},
		{name: "less than a datagram of iperf 2", version: "2.1.5", client: ClientSettings{Protocol: udp, Bytes: 1469},
			want: []string{"Client.Bytes is 1469: must be 0, or 1470 or more, as with less than a datagram of Client.Length (0) the test would not end,"}},
		{name: "of the caller's length", version: "2.2.1", client: ClientSettings{Protocol: udp, Bytes: 1999, Length: 2000},
			want: []string{"Client.Bytes is 1999: must be 0, or 2000 or more, as with less than a datagram of Client.Length (2000) the test would not end,"}},
		{name: "a datagram", version: "2.1.8", client: ClientSettings{Protocol: udp, Bytes: 1470}},
		{name: "one of the caller's length", version: "2.1.8", client: ClientSettings{Protocol: udp, Bytes: 1000, Length: 1000}},
		{name: "a part of a datagram that ends", version: "2.1.4", client: ClientSettings{Protocol: udp, Bytes: 1469}},
		{name: "a part of a block", version: "2.1.8", client: ClientSettings{Bytes: 1469}},
		{name: "a part of a datagram of iperf 3", version: "3.12", client: ClientSettings{Protocol: udp, Bytes: 1000}},
		{name: "by as little as may be", version: "2.1.8", client: ClientSettings{Rate: 1 << 20, Length: 131073},
			want: []string{"Client.Rate is 1.05 Mbit/s: must be 1.05 Mbit/s or more with blocks of Client.Length (131073), or that 131072 or less,"}},
		{name: "iperf 2 with a block that fits", version: "2.1.8", client: ClientSettings{Rate: 500000, Length: 62500}},
		{name: "older ones do not mind", version: "2.0.13", client: ClientSettings{Rate: 500000}},
		{name: "a datagram in two minutes", version: "2.1.8", client: ClientSettings{Protocol: udp, Rate: 1000, Length: 60000}, want: []string{"Client.Rate is 1.00 kbit/s: must be a datagram a minute or more with Client.Length (60000)"}},
		{name: "2.0.5 would use half a second", version: "2.0.5", client: ClientSettings{Interval: 100 * time.Millisecond},
			want: []string{"Client.Interval is 100ms: must be from 500ms to 1h11m34.967295s", "Server.Interval is 100ms: must be from 500ms to 1h11m34.967295s"}},
		{name: "2.0.7 is finer", version: "2.0.7", client: ClientSettings{Interval: 100 * time.Millisecond}},
		{name: "more than an int holds", version: "2.1.8", client: ClientSettings{Length: 1 << 31, Window: 1 << 31},
			want: []string{"Client.Length is 2147483648: must be 2147483647 bytes or less", "Client.Window is 2147483648: must be 2147483647 bytes or less"}},
		{name: "2.1.7 leaves out the server's report", version: "2.1.7", client: ClientSettings{ReportExclude: "V"}},
		{name: "2.1.8 does not", version: "2.1.8", client: ClientSettings{ReportExclude: "cV"}, server: ServerSettings{ReportExclude: "M"}, want: []string{
			"Client.ReportExclude is cV: must be of the letters C and S, as M and V have no effect", "Server.ReportExclude is M: must be of the letters C and S, as M and V have no effect"}},
		{name: "congestion control of the sender", version: "2.1.8", client: ClientSettings{Reverse: true, Congestion: "reno"},
			want: []string{"Client.Congestion is reno: must be empty with Client.Reverse (true), in place of Server.Congestion,"}},
		{name: "which 2.2.1 passes on", version: "2.2.1", client: ClientSettings{Reverse: true, Congestion: "reno"}},
		{name: "congestion control of two senders", version: "2.1.8", client: ClientSettings{Dualtest: true, Congestion: "reno"},
			want: []string{"Client.Congestion is reno: must be empty with Client.Dualtest (true) or Client.Tradeoff (false), as the client crashes,"}},
		{name: "by which 2.2.1 does not crash", version: "2.2.1", client: ClientSettings{Tradeoff: true, Congestion: "reno"}},
		{name: "a server that crashes", version: "2.1.8", server: ServerSettings{HideIPs: true}, want: []string{"Server.HideIPs is true: must be unset, as the server crashes at its end"}},
		{name: "and one that does not", version: "2.2.1", server: ServerSettings{HideIPs: true}, client: ClientSettings{HideIPs: true}},
		{name: "a server that waits", version: "2.1.8", client: ClientSettings{Bounceback: Bounceback{Enable: true, Hold: time.Millisecond}}},
		{name: "and one that does not", version: "2.2.1", client: ClientSettings{Bounceback: Bounceback{Enable: true, Hold: time.Millisecond}},
			want: []string{"Client.Bounceback.Hold is 1ms: must be unset, as the server does not wait"}},
		{name: "numbers that are not the same", version: "2.2.1", client: ClientSettings{SyncTransferID: true}, want: []string{"Client.SyncTransferID is true: must be unset, as it has no effect"}},
		{name: "bursts of the usual size", version: "2.1.8", client: ClientSettings{BurstPeriod: time.Second}},
		{name: "which 2.2.1 wants to be told", version: "2.2.1", client: ClientSettings{BurstPeriod: time.Second}, want: []string{"Client.BurstPeriod is 1s: must be 0 unless Client.BurstSize (0) is set"}},
		{name: "and is", version: "2.2.1", client: ClientSettings{BurstPeriod: time.Second, BurstSize: 1 << 20}},
		{name: "a port without an address", version: "2.1.8", client: ClientSettings{ClientPort: 5}, want: []string{`Client.Bind is "": must be an address with Client.ClientPort (5)`}},
		{name: "a label of IPv6 for IPv4", version: "3.12", client: ClientSettings{FlowLabel: 9},
			want: []string{"Client.FlowLabel is 9: must be 0 with Client.IPVersion (0) and the address for test traffic (192.0.2.1), as it is of IPv6,"}},
		{name: "an address of the other version", version: "3.12", client: ClientSettings{Bind: "2001:db8::1"},
			want: []string{"Client.Bind is 2001:db8::1: must be of the same version of IP as the address for test traffic (192.0.2.1)"}},
		{name: "which iperf 2 does not reach either", version: "2.1.8", client: ClientSettings{Bind: "2001:db8::1"},
			want: []string{"Client.Bind is 2001:db8::1: must be of the same version of IP as the address for test traffic (192.0.2.1)"}},
		{name: "the wrong kind of address", version: "3.12", client: ClientSettings{IPVersion: 6}, want: []string{"Client.IPVersion is 6: must be 0 or 4 with the address for test traffic (192.0.2.1)"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			x := Iperf{Client: test.client, Server: test.server}
			if err := x.Check(); err != nil {
				t.Fatal(err)
			}
			v := ver(test.version)
			err := x.checkVersions(v, v, "192.0.2.1")
			var got []string
			if err != nil {
				if !errors.Is(err, ErrSettings) {
					t.Errorf("got %v, want ErrSettings", err)
				}
				if _, ok := errors.AsType[*SettingError](err); !ok && test.client.IPVersion == 0 {
					t.Errorf("got %v, want a SettingError", err)
				}
				for line := range strings.Lines(err.Error()) {
					line = strings.TrimPrefix(strings.TrimSpace(line), "bad settings: ")
					got = append(got, strings.TrimSuffix(line, " for "+v.String()))
				}
			}
			if diff := cmp.Diff(test.want, got, inAnyOrder); diff != "" {
				t.Errorf("(-want +got)\n%s", diff)
			}
		})
	}
}
