package iperf

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/tunaperf/tuna/iperf/report"
)

// TestValuesWithoutTheirUnit has values that lack their unit, or have another one's: a line says so with the value in its
// unit. The least and the greatest values that are taken are beside them.
func TestValuesWithoutTheirUnit(t *testing.T) {
	for _, test := range []struct {
		name string
		x    Iperf
		want string // begins the error's text after the kind; empty: no error
	}{
		{"50 for 50 Mbit/s", Iperf{Client: ClientSettings{Rate: 50}}, "Client.Rate is 50 bit/s: must be 0, or 1.00 kbit/s or more, as in 50e6 for 50 Mbit/s"},
		{"the least rate", Iperf{Client: ClientSettings{Rate: 1000}}, ""},
		{"the unit twice", Iperf{Client: ClientSettings{Rate: 50e6 * 1e9}}, "Client.Rate is 50000 Tbit/s: must be 100 Tbit/s or less; its unit is bit/s"},
		{"a fair queue's rate", Iperf{Client: ClientSettings{FQRate: 100}}, "Client.FQRate is 100 bit/s: "},
		{"a limit of 10 for 10 Mbit/s", Iperf{Server: ServerSettings{BitrateLimit: 10}}, "Server.BitrateLimit is 10 bit/s: "},
		{"10 for 10 s", Iperf{Client: ClientSettings{Time: 10}}, "Client.Time is 10ns: must be 0, or 1ms or more: a number without a unit is nanoseconds, as in 10*time.Second for 10 s"},
		{"the least time", Iperf{Client: ClientSettings{Time: time.Millisecond}}, ""},
		{"omitting 1 for 1 s", Iperf{Client: ClientSettings{Omit: 1}}, "Client.Omit is 1ns: "},
		{"an interval of 1 for 1 s", Iperf{Client: ClientSettings{Interval: 1}}, "Client.Interval is 1ns: "},
		{"the server's", Iperf{Server: ServerSettings{Interval: 1}}, "Server.Interval is 1ns: "},
		{"60 for 60 s", Iperf{Timeout: 60}, "Timeout is 60ns: "},
		{"5 for 5 s", Iperf{EventTimer: &EventTimer{Time: 5}}, "EventTimer.Time is 5ns: "},
		{"64 for 64 KiB", Iperf{Client: ClientSettings{Window: 64}}, "Client.Window is 64 bytes: must be 0, or 1024 bytes or more, as in 64<<10 for 64 KiB"},
		{"the server's window", Iperf{Server: ServerSettings{Window: 256}}, "Server.Window is 256 bytes: "},
		{"the least window", Iperf{Client: ClientSettings{Window: 1024}}, ""},
		{"1 for 1 KiB", Iperf{Client: ClientSettings{Length: 1}}, "Client.Length is 1 bytes: must be 0, or 16 bytes or more"},
		{"the least length", Iperf{Client: ClientSettings{Length: 16}}, ""},
		{"10 for 10 MiB", Iperf{Client: ClientSettings{Bytes: 10}}, "Client.Bytes is 10 bytes: must be 0, or 1000 bytes or more"},
		{"an MSS of 1 for 1 KiB", Iperf{Client: ClientSettings{MSS: 1}}, "Client.MSS is 1 bytes: must be 0, or 88 bytes or more"},
		{"the least MSS", Iperf{Client: ClientSettings{MSS: 88}}, ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			err := test.x.Check()
			switch {
			case test.want == "":
				if err != nil {
					t.Errorf("got %v", err)
				}
			case !errors.Is(err, ErrSettings) || !strings.HasPrefix(err.Error(), "bad settings: "+test.want) || strings.Contains(err.Error(), "\n"):
				t.Errorf("got %v, want %s", err, test.want)
			}
		})
	}
}

// TestTooSlow has rates that carry less than a block in the test's time.
func TestTooSlow(t *testing.T) {
	for _, test := range []struct {
		name string
		c    ClientSettings
		slow bool
	}{
		{"blocks that are small by themselves", ClientSettings{Rate: 50e3}, false},
		{"half a block", ClientSettings{Rate: 50e3, Length: 128 << 10}, true},
		{"more than one", ClientSettings{Rate: 105e3}, false},
		{"a smaller block", ClientSettings{Rate: 50e3, Length: 1000}, false},
		{"less than a datagram", ClientSettings{Protocol: report.ProtocolUDP, Rate: 1000, Length: 1470}, true},
		{"a datagram", ClientSettings{Protocol: report.ProtocolUDP, Rate: 1200, Length: 1470}, false},
		{"an amount", ClientSettings{Rate: 1000, Bytes: 1 << 20}, false},
		{"as fast as it goes", ClientSettings{}, false},
	} {
		if err := test.c.tooSlow(ver("3.12")); (err != nil) != test.slow {
			t.Errorf("%s: got %v", test.name, err)
		}
	}
}
