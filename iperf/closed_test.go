package iperf_test

import (
	"errors"
	"testing"
	"time"

	"github.com/tunaperf/tuna/internal/testbed"
	"github.com/tunaperf/tuna/iperf"
	"github.com/tunaperf/tuna/iperf/report"
	"github.com/tunaperf/tuna/sshhost"
)

// TestClosedHost closes the host of a server while a test runs, and runs another one then. Closing is the caller's own doing:
// trying again does not help.
func TestClosedHost(t *testing.T) {
	testbed.Need(t, "iperf3")
	s := testbed.StartSSHD(t, testbed.SSHDConfig{})
	h, err := sshhost.Dial(t.Context(), sshhost.Config{Addr: s.Addr, User: s.User, KeyFiles: []string{s.KeyFile},
		KnownHosts: []string{s.KnownHosts}, Agent: "none"})
	if err != nil {
		t.Fatal(err)
	}
	defer h.Close()
	x := iperf.Iperf{ClientServer: iperf.Hosts{DUT: sshhost.Local{}, TrafficServer: h}, Client: iperf.ClientSettings{Time: 5 * time.Second},
		OnInterval: func(iperf.Role, report.Interval) { go h.Close() }}
	for _, when := range []string{"while it runs", "before it starts"} {
		_, err := x.Upstream(t.Context(), "")
		if !errors.Is(err, iperf.ErrCanceled) || !errors.Is(err, sshhost.ErrClosed) || errors.Is(err, iperf.ErrHostLost) || iperf.Transient(err) {
			t.Errorf("%s: got %v (transient: %v), want ErrCanceled and ErrClosed", when, err, iperf.Transient(err))
		}
	}
}
