package iperf_test

import (
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/tunaperf/tuna/internal/testbed"
	"github.com/tunaperf/tuna/iperf"
	"github.com/tunaperf/tuna/iperf/report"
)

// programs returns the named program of this machine and those of TUNA_PROGRAMS, a list of paths, that have its name.
func programs(name string) []string {
	all := []string{name}
	for _, path := range filepath.SplitList(os.Getenv("TUNA_PROGRAMS")) {
		if filepath.Base(path) == name {
			all = append(all, path)
		}
	}
	return all
}

// TestRateIsOfTheTimeInWhichDataMoved has tests in which the programs are silent for a part of the time.
func TestRateIsOfTheTimeInWhichDataMoved(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "data")
	if err := os.WriteFile(file, make([]byte, 20e6), 0o644); err != nil {
		t.Fatal(err)
	}
	b := newBed(t, "300mbit", "300mbit")
	for _, test := range []struct {
		name, program string
		client        iperf.ClientSettings
	}{
		{"bytes", "iperf3", iperf.ClientSettings{Bytes: 20e6}},
		{"bytes in reverse", "iperf3", iperf.ClientSettings{Bytes: 20e6, Reverse: true}},
		{"blocks of two streams", "iperf3", iperf.ClientSettings{Blocks: 160, Parallel: 2}},
		{"a file", "iperf3", iperf.ClientSettings{File: file}},
		{"datagrams", "iperf3", iperf.ClientSettings{Protocol: report.ProtocolUDP, Bytes: 2e6, Rate: 50e6}},
		{"bytes", "iperf", iperf.ClientSettings{Bytes: 20e6}},
		{"a delay", "iperf", iperf.ClientSettings{Time: 2 * time.Second, TxDelayTime: 1500 * time.Millisecond}},
		{"datagrams after a delay", "iperf", iperf.ClientSettings{Protocol: report.ProtocolUDP, Rate: 50e6, Time: 2 * time.Second, TxDelayTime: 2 * time.Second}},
		{"a port for each stream", "iperf", iperf.ClientSettings{Time: 2 * time.Second, Parallel: 2, IncrDstPort: true}},
		{"terabits", "iperf3", iperf.ClientSettings{Time: 2 * time.Second, Format: "t"}},
	} {
		for _, program := range programs(test.program) {
			if test.client.Format == "t" && program != test.program {
				continue // the same arithmetic
			}
			t.Run(program+"/"+test.name, func(t *testing.T) {
				x := iperf.Iperf{ClientServer: b.Hosts, Program: program, Client: test.client, LogWriter: t.Output()}
				x.Logger = slog.New(slog.NewTextHandler(t.Output(), &slog.HandlerOptions{Level: slog.LevelDebug})) // seen if it fails
				count := testbed.Streams
				if test.client.Protocol == report.ProtocolUDP {
					count = testbed.Datagrams
				}
				w := b.receiver(iperf.Upstream).Watch(t)
				res, err := x.Upstream(t.Context(), "")
				w.Stop()
				if err != nil {
					t.Fatalf("%+v", err)
				}
				const tolerance = 0.03
				low, high := w.Rates(count, 100*time.Millisecond)
				if got := float64(res.Bandwidth); high == 0 || got < low*(1-tolerance) || got > high*(1+tolerance) {
					t.Errorf("got %v from %v; the kernel counted %v to %v", res.Bandwidth, res.Source, report.BitRate(low), report.BitRate(high))
				}
				if err := errors.Join(res.Warnings...); err != nil {
					t.Errorf("warnings: %v", err)
				}
				if f := res.Server.Forward; test.client.IncrDstPort && (f == nil || len(f.Streams) != 2) {
					t.Errorf("the server reports not two streams: %v", f)
				}
			})
		}
	}
}

// TestLowRates has rates that carry less than a second's block or datagram of the programs' own lengths.
func TestLowRates(t *testing.T) {
	for _, program := range append(programs("iperf"), programs("iperf3")...) {
		for _, c := range []iperf.ClientSettings{{Rate: 300e3}, {Rate: 2e3}, {Protocol: report.ProtocolUDP, Rate: 8e3}} {
			t.Run(program+"/"+c.Protocol.String()+"/"+c.Rate.String(), func(t *testing.T) {
				t.Parallel()
				b := newBed(t, "", "")
				x := iperf.Iperf{ClientServer: b.Hosts, Program: program, Client: c, Server: iperf.ServerSettings{AutoPort: true}}
				x.Client.Time = 5 * time.Second
				res, err := x.Upstream(t.Context(), "")
				if err != nil {
					t.Fatalf("%+v", err)
				}
				// An interval has one block more or less.
				if got := res.Bandwidth; got < c.Rate*3/4 || got > c.Rate*5/4 || len(res.Warnings) > 0 {
					t.Errorf("got %v of %v, %v", got, c.Rate, res.Warnings)
				}
			})
		}
	}
}

// TestNothingArrives has UDP that cannot be sent, and links on which large packets vanish.
func TestNothingArrives(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name    string
		program string
		drop    string // the protocol whose large packets vanish
		client  iperf.ClientSettings
		field   string // to look at
	}{
		{"too large to be sent", "iperf3", "", iperf.ClientSettings{Protocol: report.ProtocolUDP, DontFragment: true, Length: 4000}, "Client.Length"},
		{"datagrams", "iperf3", "udp", iperf.ClientSettings{Protocol: report.ProtocolUDP, Rate: 10e6}, "Client.Length"},
		{"datagrams", "iperf", "udp", iperf.ClientSettings{Protocol: report.ProtocolUDP, Rate: 10e6}, "Client.Length"},
		{"segments", "iperf3", "tcp", iperf.ClientSettings{}, "Client.MSS"},
		{"segments", "iperf", "tcp", iperf.ClientSettings{}, "Client.MSS"},
	} {
		for _, program := range programs(test.program) {
			t.Run(program+"/"+test.name, func(t *testing.T) {
				t.Parallel()
				testbed.Need(t, "iptables")
				b := newBed(t, "", "")
				if test.drop != "" {
					b.link.B.Command(t, "iptables", "-w", "-I", "INPUT", "-p", test.drop, "-m", "length", "--length", "1000:65535", "-j", "DROP")
				}
				x := iperf.Iperf{ClientServer: b.Hosts, Program: program, Client: test.client, EventTimer: &iperf.EventTimer{Time: 2 * time.Second}}
				x.Client.Time = time.Second
				res, err := x.Upstream(t.Context(), "")
				var said error
				if res != nil {
					said = errors.Join(res.Warnings...)
				}
				if text := fmt.Sprint(err, said); !strings.Contains(text, test.field) {
					t.Errorf("got %v and the warnings %v, which do not name %s", err, said, test.field)
				}
				switch {
				case err != nil && (res == nil || res.Bandwidth == 0):
				case res.Bandwidth == 0 && said != nil && strings.Contains(said.Error(), "nothing arrived"):
				default:
					t.Errorf("got %+v, %v; want an error, or 0 and a warning that nothing arrived", res, err)
				}
			})
		}
	}
}
