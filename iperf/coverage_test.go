package iperf_test

import (
	"cmp"
	"errors"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/tunaperf/tuna/internal/testbed"
	"github.com/tunaperf/tuna/iperf"
	"github.com/tunaperf/tuna/iperf/report"
	"github.com/tunaperf/tuna/sshhost"
)

var interrupted = []error{iperf.ErrInterrupted, iperf.ErrIncomplete}

// TestCutShort ends one program of iperf 2 after its first interval: it exits with 0, and what it printed looks whole.
func TestCutShort(t *testing.T) {
	testbed.Need(t, "iperf")
	udp := report.ProtocolUDP
	for _, test := range []struct {
		name   string
		end    iperf.Role // whose program is ended; zero: none
		signal syscall.Signal
		client iperf.ClientSettings
		want   []error
	}{
		{"client", iperf.RoleClient, syscall.SIGINT, iperf.ClientSettings{}, interrupted},
		{"client near its end", iperf.RoleClient, syscall.SIGTERM, iperf.ClientSettings{Time: 2500 * time.Millisecond}, interrupted},
		{"server", iperf.RoleServer, syscall.SIGTERM, iperf.ClientSettings{}, []error{iperf.ErrPeerLost}},
		{"sending server", iperf.RoleServer, syscall.SIGTERM, iperf.ClientSettings{Reverse: true}, interrupted},
		{"client of UDP", iperf.RoleClient, syscall.SIGTERM, iperf.ClientSettings{Protocol: udp}, interrupted},
		{"server of UDP", iperf.RoleServer, syscall.SIGINT, iperf.ClientSettings{Protocol: udp}, interrupted},
		{"receiving client", iperf.RoleClient, syscall.SIGTERM, iperf.ClientSettings{Reverse: true}, interrupted},
		{"nobody", 0, 0, iperf.ClientSettings{Time: time.Second}, nil},
		{"nobody of UDP", 0, 0, iperf.ClientSettings{Time: time.Second, Protocol: udp}, nil},
		{"nobody in reverse", 0, 0, iperf.ClientSettings{Time: time.Second, Reverse: true}, nil},
		{"nobody at a few datagrams", 0, 0, iperf.ClientSettings{Time: 2 * time.Second, Protocol: udp, Rate: 30e3}, nil},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			program := filepath.Join(dir, "iperf")
			script := "#!/bin/sh\necho $$ > \"" + dir + "/pid$1\"\nexec iperf \"$@\"\n"
			if err := os.WriteFile(program, []byte(script), 0o755); err != nil {
				t.Fatal(err)
			}
			x := iperf.Iperf{
				Program: program, ClientServer: iperf.Hosts{DUT: sshhost.Local{}, TrafficServer: sshhost.Local{}},
				Client: test.client, Server: iperf.ServerSettings{AutoPort: true},
			}
			x.Client.Interval, x.Client.Time = time.Second, cmp.Or(test.client.Time, 4*time.Second)
			if x.Client.Rate == 0 {
				x.Client.Rate = 10e6
			}
			end := sync.OnceFunc(func() {
				file := filepath.Join(dir, map[iperf.Role]string{iperf.RoleClient: "pid-c", iperf.RoleServer: "pid-s"}[test.end])
				text, _ := os.ReadFile(file)
				pid, _ := strconv.Atoi(strings.TrimSpace(string(text)))
				process, err := os.FindProcess(pid)
				if err == nil {
					err = process.Signal(test.signal)
				}
				if err != nil {
					t.Error(err)
				}
			})
			x.OnInterval = func(r iperf.Role, _ report.Interval) {
				if r == test.end {
					end()
				}
			}
			res, err := x.Upstream(t.Context(), "")
			if res == nil || res.Bandwidth < 1e4 || (err == nil) != (test.want == nil) {
				t.Errorf("got %+v, %v, want %v and the bandwidth so far", res, err, test.want)
			}
			for _, want := range test.want {
				if !errors.Is(err, want) {
					t.Errorf("got %v, want %v", err, want)
				}
			}
		})
	}
}
