package iperf_test

import (
	"cmp"
	"errors"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/tunaperf/tuna/internal/testbed"
	"github.com/tunaperf/tuna/iperf"
	"github.com/tunaperf/tuna/iperf/report"
	"github.com/tunaperf/tuna/sshhost"
)

// TestCutShort has somebody end one program of iperf 2 in the middle: it exits with 0, and what it printed looks whole.
func TestCutShort(t *testing.T) {
	testbed.Need(t, "iperf")
	for _, test := range []struct {
		name, side, signal string
		client             iperf.ClientSettings
		want               error
	}{
		{"client", "-c", "INT", iperf.ClientSettings{}, iperf.ErrInterrupted},
		{"client near its end", "-c", "TERM", iperf.ClientSettings{Time: 2 * time.Second}, iperf.ErrInterrupted},
		{"server", "-s", "TERM", iperf.ClientSettings{}, iperf.ErrPeerLost},
		{"client of UDP", "-c", "TERM", iperf.ClientSettings{Protocol: report.ProtocolUDP}, iperf.ErrInterrupted},
		{"server of UDP", "-s", "INT", iperf.ClientSettings{Protocol: report.ProtocolUDP}, iperf.ErrInterrupted},
		{"receiving client", "-c", "TERM", iperf.ClientSettings{Reverse: true}, iperf.ErrInterrupted},
		{"nobody", "-x", "", iperf.ClientSettings{Time: time.Second}, nil},
		{"nobody of UDP", "-x", "", iperf.ClientSettings{Time: time.Second, Protocol: report.ProtocolUDP}, nil},
		{"nobody in reverse", "-x", "", iperf.ClientSettings{Time: time.Second, Reverse: true}, nil},
		{"nobody at a few datagrams", "-x", "", iperf.ClientSettings{Time: 2 * time.Second, Protocol: report.ProtocolUDP, Rate: 30e3}, nil},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			program := filepath.Join(t.TempDir(), "iperf")
			script := "#!/bin/sh\niperf \"$@\" & pid=$!\n[ \"$1\" = " + test.side + " ] && sleep 1.5 && kill -" + test.signal + " $pid\nwait $pid\n"
			if err := os.WriteFile(program, []byte(script), 0o755); err != nil {
				t.Fatal(err)
			}
			x := iperf.Iperf{
				Program: program, ClientServer: iperf.Hosts{DUT: sshhost.Local{}, TrafficServer: sshhost.Local{}},
				Client: test.client, Server: iperf.ServerSettings{AutoPort: true},
			}
			x.Client.Interval, x.Client.Time = 500*time.Millisecond, cmp.Or(test.client.Time, 4*time.Second)
			if x.Client.Rate == 0 {
				x.Client.Rate = 10e6
			}
			res, err := x.Upstream(t.Context(), "")
			if !errors.Is(err, test.want) || res == nil || res.Bandwidth < 1e4 {
				t.Errorf("got %+v, %v, want %v and the bandwidth so far", res, err, test.want)
			}
		})
	}
}
