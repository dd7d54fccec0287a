package sshhost_test

import (
	"context"
	"errors"
	"slices"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/tunaperf/tuna/internal/testbed"
	"github.com/tunaperf/tuna/sshhost"
)

// TestCloseWithStoppedShells stops every shell of ours on a host, and what watches over them, before the host is closed.
func TestCloseWithStoppedShells(t *testing.T) {
	var g group
	defer g.Wait()
	for _, server := range servers {
		for _, test := range []struct {
			name    string
			runs    bool // a command runs
			stopped func(*testbed.SSHServer) []int
		}{
			{"idle", false, ours},
			{"idle, without what watches", false, supervisors},
			{"a command runs", true, ours},
		} {
			g.Run(t, server.name+"/"+test.name, func(t *testing.T) {
				s := server.start(t)
				h := dial(t, config(s))
				ended := make(chan error, 1)
				if test.runs {
					nap := napper()
					go func() { ended <- h.Run(t.Context(), nap+" & wait", nil, nil) }()
					waitRuns(t, nap)
				} else {
					ended <- errors.Join(sshhost.ErrLost, sshhost.ErrClosed)
				}
				eventually(t, 5*time.Second, "the leases have begun", func() bool { return len(leases(s)) == 2*len(supervisors(s)) })
				all, stopped := ours(s), test.stopped(s)
				if len(stopped) == 0 {
					t.Fatal("no shell of ours runs")
				}
				for _, pid := range stopped {
					testbed.Signal(pid, testbed.SIGSTOP)
				}
				if err := h.Close(); err != nil {
					t.Error(err)
				}
				if err := <-ended; !errors.Is(err, sshhost.ErrLost) || !errors.Is(err, sshhost.ErrClosed) || errors.Is(err, sshhost.ErrNotEnded) {
					t.Errorf("the command: got %v, want ErrLost and ErrClosed", err)
				}
				eventually(t, time.Second, "all of ours have ended", func() bool { return !slices.ContainsFunc(all, isRunning) })
			})
		}
	}
}

// TestCloseWithDaemons closes a host on which a command has left a daemon that holds its streams, and perhaps prints. The
// daemon lives on while the host is open, longer than a session that ends is waited for.
func TestCloseWithDaemons(t *testing.T) {
	t.Parallel()
	var g group
	defer g.Wait()
	for _, server := range servers {
		for _, does := range []string{"is silent", "prints", "has ended"} {
			g.Run(t, server.name+"/"+does, func(t *testing.T) {
				h, nap := dial(t, config(server.start(t))), napper()
				loop := nap
				if does == "prints" {
					loop = "while :; do echo foreign; sleep 0.2; : " + nap + "; done"
				}
				if err := h.Run(t.Context(), "setsid sh -c '"+loop+"; :' & sleep 0.3", nil, nil); err != nil {
					t.Fatal(err)
				}
				end := func() {
					for _, pid := range processes(t, nap) {
						testbed.Signal(pid, syscall.SIGKILL)
					}
				}
				t.Cleanup(end)
				switch ended := func() bool { return processes(t, nap) == nil }; {
				case does == "has ended":
					end()
					waitGone(t, nap, time.Second)
					if err := h.Run(t.Context(), "true", nil, nil); err != nil {
						t.Error(err)
					}
				case server.name == "dropbear" && does == "prints": // it closes the streams when the shell has ended
				case asks(200*time.Millisecond, 8*time.Second, ended):
					t.Error("the daemon does not live on")
				}
				began := time.Now()
				if err := h.Close(); err != nil {
					t.Errorf("Close: %v", err)
				}
				if took := time.Since(began); took > 5*time.Second {
					t.Errorf("Close took %v", took)
				}
			})
		}
	}
}

// ours lists the processes under the server that are not the server's own.
func ours(s *testbed.SSHServer) []int { return slices.DeleteFunc(testbed.Descendants(s.PID), isServer) }

// TestStartGivenUp has commands end at every moment of a shell's start on the host, and closes the host. Dropbear kills the
// shell alone, and not what watches its lease.
func TestStartGivenUp(t *testing.T) {
	s := testbed.StartDropbear(t, testbed.DropbearConfig{})
	before := allLeases(t)
	h, nap := dial(t, config(s)), napper()
	var naps sync.WaitGroup
	ctx, cancel := context.WithCancel(t.Context())
	for range 2 { // the shells that Dial has started are busy
		naps.Go(func() { h.Run(ctx, nap, nil, nil) })
	}
	eventually(t, 20*time.Second, "two commands run", func() bool { return len(processes(t, nap)) == 2 })
	for i := range 30 {
		short, end := context.WithTimeout(t.Context(), time.Duration(i)*5*time.Millisecond)
		h.Run(short, nap, nil, nil) // in a further shell
		end()
	}
	cancel()
	naps.Wait()
	if err := h.Close(); err != nil {
		t.Error(err)
	}
	eventually(t, 3*time.Second, "what watched the leases has ended", func() bool {
		return !slices.ContainsFunc(allLeases(t), func(pid int) bool { return !slices.Contains(before, pid) })
	})
}

// allLeases lists the processes of every lease on this machine.
func allLeases(t *testing.T) []int {
	return slices.DeleteFunc(processes(t, "sleep"), func(pid int) bool { return !isLease(pid) })
}
