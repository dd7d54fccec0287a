package iperf

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/tunaperf/tuna/iperf/report"
)

// A rate of less than a block a second is sent in smaller ones.
func TestCommandLineOfALowRate(t *testing.T) {
	for _, test := range []struct {
		name     string
		version  string
		settings ClientSettings
		want     string
	}{
		{"half a megabit", "2.1.8", ClientSettings{Rate: 500e3}, "-b 500000 -l 6250 -f b"},
		{"the same over iperf 3", "3.12", ClientSettings{Rate: 500e3}, "-b 500000 -l 6250 --connect"},
		{"the least", "2.0.14", ClientSettings{Rate: 1000}, "-b 1000 -l 64 -f b"},
		{"datagrams", "2.1.8", ClientSettings{Protocol: udp, Rate: 11759}, "-b 11759 -l 146 -f b"},
		{"a datagram a second", "2.1.8", ClientSettings{Protocol: udp, Rate: 11760}, "-b 11760 -f b"},
		{"a block a second", "2.1.8", ClientSettings{Rate: 1 << 20}, "-b 1048576 -f b"},
		{"the caller's length", "2.1.8", ClientSettings{Rate: 500e3, Length: 62500}, "-b 500000 -l 62500 -f b"},
		{"an amount", "3.12", ClientSettings{Rate: 500e3, Bytes: 10 << 20}, "-n 10485760 -i 0.1 -b 500000 -l 8192 --connect"},
		{"an amount of iperf 2", "2.1.8", ClientSettings{Rate: 500e3, Bytes: 10 << 20}, "-n 10485760 -i 1 -b 500000 -l 6250 -f b"},
		{"datagrams by number", "3.12", ClientSettings{Protocol: udp, Rate: 5e3, Blocks: 7}, "-k 7 -i 0.1 -b 5000 --connect"},
	} {
		t.Run(test.name, func(t *testing.T) {
			writes(t, test.version, test.settings, test.want)
			if err := test.settings.tooSlow(ver(test.version)); err != nil {
				t.Error(err)
			}
		})
	}
}

// writes checks that the client's command line for a version has some words.
func writes(t *testing.T, version string, c ClientSettings, want string) {
	t.Helper()
	x := Iperf{Client: c}
	args, err := x.clientArgs(ver(version), "192.0.2.1", 5001)
	if err != nil {
		t.Fatal(err)
	}
	if got := strings.Join(args, " "); !strings.Contains(got, want) {
		t.Errorf("got %s, want %s in it", got, want)
	}
}

// An amount is sent in many blocks and reported in short intervals, unless the caller says otherwise.
func TestCommandLineOfAnAmount(t *testing.T) {
	for _, test := range []struct {
		name     string
		version  string
		settings ClientSettings
		want     string
	}{
		{"10 MiB", "3.18", ClientSettings{Bytes: 10 << 20}, "-n 10485760 -i 0.1 -l 8192"},
		{"100 kB", "3.18", ClientSettings{Bytes: 100e3}, "-n 100000 -i 0.1 -l 1024"},
		{"10 GB", "3.18", ClientSettings{Bytes: 10e9}, "-n 10000000000 -i 0.1 --connect"},
		{"all of the numbers", "3.18", ClientSettings{Bytes: 1<<63 - 1}, "-n 9223372036854775807 -i 0.1 --connect"},
		{"blocks of the program's length", "3.18", ClientSettings{Blocks: 80}, "-k 1280 -i 0.1 -l 8192"},
		{"many of them", "3.18", ClientSettings{Blocks: 1<<63 - 1}, "-k 9223372036854775807 -i 0.1 --connect"},
		{"blocks of the caller's length", "3.18", ClientSettings{Blocks: 80, Length: 1000}, "-k 80 -i 0.1 -l 1000"},
		{"datagrams", "3.18", ClientSettings{Protocol: udp, Blocks: 80}, "-k 80 -i 0.1 --connect"},
		{"a file", "3.18", ClientSettings{File: "x"}, "-t 10 -i 0.1 -l 32768 -F x"},
		{"the caller's interval", "3.18", ClientSettings{Bytes: 10 << 20, Interval: time.Second}, "-n 10485760 -i 1 -l 8192"},
		{"no amount", "3.18", ClientSettings{}, "-t 10 -i 1 --connect"},
		{"iperf 2", "2.1.8", ClientSettings{Bytes: 10 << 20}, "-n 10485760 -i 1 -f"},
	} {
		t.Run(test.name, func(t *testing.T) {
			writes(t, test.version, test.settings, test.want)
			x := Iperf{Client: test.settings}
			if server, err := x.serverArgs(ver(test.version), "192.0.2.1", 5001); err != nil {
				t.Error(err)
			} else if i := strings.Fields(test.want)[3]; !strings.Contains(strings.Join(server, " "), "-i "+i) {
				t.Errorf("the server is run with %v, want -i %s", server, i)
			}
		})
	}
}

// TestAmountThatIsTooShort has one datagram, after which the test is over before the server has read it: the 0 that iperf
// 3 prints then says nothing about the path.
func TestAmountThatIsTooShort(t *testing.T) {
	udp := report.ProtocolUDP
	sent := func(d time.Duration) *report.Report {
		return &report.Report{Protocol: udp, Forward: &report.Flow{
			Intervals: []report.Interval{{End: d, Bytes: 1000, Rate: 9}}, Sent: &report.Total{End: d, Bytes: 1000, Rate: 9},
		}}
	}
	for _, test := range []struct {
		name   string
		client ClientSettings
		took   time.Duration
		want   error
	}{
		{"one datagram", ClientSettings{Protocol: udp, Bytes: 1000}, 0, ErrNoBandwidth},
		{"some", ClientSettings{Protocol: udp, Bytes: 1000}, 99 * time.Millisecond, ErrNoBandwidth},
		{"long enough", ClientSettings{Protocol: udp, Bytes: 1000}, time.Second, nil},
		{"a time", ClientSettings{Protocol: udp, Time: time.Second}, time.Second, nil},
	} {
		t.Run(test.name, func(t *testing.T) {
			res := Result{Client: sent(test.took), Server: &report.Report{Protocol: udp, Forward: &report.Flow{Received: &report.Total{End: test.took}}}}
			from, err := res.aggregate(reading{client: test.client}, Median)
			if !errors.Is(err, test.want) || err != nil && !strings.Contains(err.Error(), "too short") || (err == nil) != (from.zero != nil) {
				t.Errorf("got %v, warning %v, want %v", err, from.zero, test.want)
			}
		})
	}
}
