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

// TestServerThatSaysSoEarly starts clients of an iperf 2 server that prints its banner half a second before it listens. A real
// one does so for less than a millisecond.
func TestServerThatSaysSoEarly(t *testing.T) {
	testbed.Need(t, "iperf")
	const early = `case "$1" in -s) echo "Server listening on TCP port $3"; `
	for _, test := range []struct {
		name, server string
		wait         time.Duration // for its port
		want         error
	}{
		// A busy machine may be asked for its ports only every few seconds.
		{name: "it listens a moment later", server: "sleep 0.5;; esac\n", wait: 20 * time.Second},
		{name: "it ends", server: "sleep 0.5; exit;; esac\n", wait: 20 * time.Second, want: iperf.ErrRefused},
		{name: "it never listens", server: "exec sleep 60;; esac\n", wait: 2 * time.Second, want: iperf.ErrRefused},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			program := filepath.Join(t.TempDir(), "perf")
			if err := os.WriteFile(program, []byte("#!/bin/sh\n"+early+test.server+`exec iperf "$@"`), 0o755); err != nil {
				t.Fatal(err)
			}
			here := sshhost.Local{Addr: "127.0.0.1"}
			x := iperf.Iperf{
				ClientServer: iperf.Hosts{DUT: here, TrafficServer: here}, Program: program, Retries: -1,
				Client: iperf.ClientSettings{Time: time.Second}, Server: iperf.ServerSettings{AutoPort: true},
				EventTimer: &iperf.EventTimer{Time: test.wait},
			}
			res, err := x.Upstream(t.Context(), "")
			if !errors.Is(err, test.want) {
				t.Errorf("got %v, want %v", err, test.want)
			}
			if test.want == nil && err == nil && res.Bandwidth <= 0 {
				t.Errorf("got %v", res.Bandwidth)
			}
			srv, err := x.StartServer(t.Context(), here, "")
			if err != nil {
				if test.want == nil {
					t.Fatalf("%+v", err)
				}
				return
			}
			defer srv.Stop(t.Context())
			x.Server = iperf.ServerSettings{Port: srv.Port}
			if _, err := x.RunClient(t.Context(), here, "127.0.0.1", ""); !errors.Is(err, test.want) {
				t.Errorf("a client by itself: got %v, want %v", err, test.want)
			}
		})
	}
}
