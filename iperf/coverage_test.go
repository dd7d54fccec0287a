package iperf_test

import (
	"errors"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/tunaperf/tuna/internal/testbed"
	"github.com/tunaperf/tuna/iperf"
	"github.com/tunaperf/tuna/sshhost"
)

// TestCutShort has somebody end one program of iperf 2 in the middle: it exits with 0, and what it printed looks whole.
func TestCutShort(t *testing.T) {
	testbed.Need(t, "iperf")
	for _, test := range []struct {
		name, side string
		time       time.Duration
		want       error
	}{
		{"client", "-c", 4 * time.Second, iperf.ErrIncomplete},
		{"server", "-s", 4 * time.Second, iperf.ErrIncomplete},
		{"nobody", "-x", time.Second, nil},
	} {
		t.Run(test.name, func(t *testing.T) {
			program := filepath.Join(t.TempDir(), "iperf")
			script := "#!/bin/sh\niperf \"$@\" & pid=$!\n[ \"$1\" = " + test.side + " ] && sleep 1.5 && kill -INT $pid\nwait $pid\n"
			if err := os.WriteFile(program, []byte(script), 0o755); err != nil {
				t.Fatal(err)
			}
			x := iperf.Iperf{
				Program: program, ClientServer: iperf.Hosts{DUT: sshhost.Local{}, TrafficServer: sshhost.Local{}},
				Client: iperf.ClientSettings{Time: test.time, Interval: 500 * time.Millisecond}, Server: iperf.ServerSettings{AutoPort: true},
			}
			res, err := x.Upstream(t.Context(), "")
			if err != nil {
				t.Fatal(err)
			}
			if warned := errors.Join(res.Warnings...); !errors.Is(warned, test.want) {
				t.Errorf("got warnings %v, want %v", warned, test.want)
			}
		})
	}
}
