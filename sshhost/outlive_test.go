package sshhost_test

import (
	"errors"
	"slices"
	"strconv"
	"syscall"
	"testing"
	"time"

	"github.com/tunaperf/tuna/internal/testbed"
	"github.com/tunaperf/tuna/sshhost"
)

// A trial is a host whose commands have left daemons.
type trial struct {
	*sshhost.Host
	server   *testbed.SSHServer
	link     *link
	watchers []int // of the leases, while they are renewed
}

// TestDaemonsOutliveSessions ends the sessions of a host in several ways, while a command runs in one and another is idle. The
// command is ended with its own daemon, and the daemons of earlier commands live on.
func TestDaemonsOutliveSessions(t *testing.T) {
	t.Parallel()
	kill := func(pids []int) {
		for _, pid := range pids {
			testbed.Signal(pid, syscall.SIGKILL)
		}
	}
	var g group
	defer g.Wait()
	for _, server := range servers[:2] {
		for _, end := range []struct {
			name   string
			inject func(h trial)
			silent bool // the link is cut first, so that only the leases end the sessions
		}{
			{"the connection breaks", func(h trial) { h.link.drop() }, false},
			{"the host is closed", func(h trial) { h.Close() }, false},
			{"the supervisors are killed", func(h trial) { kill(supervisors(h.server)) }, false},
			{"the leases end", func(trial) {}, true},
			{"the leases of killed supervisors end", func(h trial) { kill(supervisors(h.server)) }, true},
			{"only the processes of the leases are left", func(h trial) {
				var all []int
				for _, s := range supervisors(h.server) {
					all = append(all, s)
					for _, pid := range testbed.Descendants(s) {
						if runsSupervisor(strconv.Itoa(pid)) && !slices.Contains(h.watchers, pid) {
							all = append(all, pid) // which waits for the command
						}
					}
				}
				kill(all)
			}, true},
		} {
			g.Run(t, server.name+"/"+end.name, func(t *testing.T) {
				s := server.start(t)
				k := startLink(t, s.Addr)
				c := behind(t, k, s)
				if end.silent {
					c.KeepAlive = 500 * time.Millisecond
				}
				h := trial{Host: dial(t, c), server: s, link: k}
				daemons := []string{leaveDaemon(t, h), leaveDaemon(t, h)}
				nap, own := napper(), napper()
				lost := make(chan error, 1)
				go func() { lost <- h.Run(t.Context(), "(setsid "+own+" &); (sh -c '"+nap+"; :') & wait", nil, nil) }()
				waitRuns(t, nap)
				waitRuns(t, own)
				daemons = append(daemons, leaveDaemon(t, h)) // in the other session
				// A watcher is known by its sleep. Once the link is cut a busy machine may look at the processes only after the
				// lease is over, and the sleep too.
				eventually(t, 20*time.Second, "two processes watch each lease", func() bool {
					h.watchers = nil
					for _, sleep := range leases(s) {
						if watcher, err := strconv.Atoi(parentOf(sleep)); err == nil {
							h.watchers = append(h.watchers, watcher)
						}
					}
					return len(h.watchers) == 2*len(supervisors(s))
				})
				if end.silent {
					k.cut.Lock()
					defer k.cut.Unlock()
				}
				end.inject(h)
				if err := <-lost; !errors.Is(err, sshhost.ErrLost) {
					t.Errorf("got %v, want ErrLost", err)
				}
				if !end.silent && end.name != "the host is closed" {
					if err := h.Run(t.Context(), "true", nil, nil); err != nil {
						t.Errorf("the next command: %v", err)
					}
				} else {
					eventually(t, 20*time.Second, "the sessions have ended", func() bool {
						return len(supervisors(s))+len(leases(s)) == 0
					})
				}
				waitGone(t, nap, 10*time.Second)
				waitGone(t, own, 10*time.Second)
				for i, daemon := range daemons {
					if processes(t, daemon) == nil {
						t.Errorf("daemon %d, of a command that had ended, does not live on", i)
					}
				}
			})
		}
	}
}

// leaveDaemon runs a command that leaves a daemon with the returned text in its command line. It is killed when the test ends.
func leaveDaemon(t *testing.T, r runner) (text string) {
	t.Helper()
	text = napper()
	t.Cleanup(func() {
		for _, pid := range processes(t, text) {
			testbed.Signal(pid, syscall.SIGKILL)
		}
	})
	up := t.TempDir() + "/up" // which shows that the daemon has a session of its own
	command := "setsid sh -c ': >" + up + "; exec " + text + "' </dev/null >/dev/null 2>&1 & until [ -e " + up + " ]; do sleep 0.02; done"
	if err := r.Run(t.Context(), command, nil, nil); err != nil {
		t.Fatal(err)
	}
	waitRuns(t, text)
	return text
}

// TestLostRun has a supervisor sweep what its first command has left. What the twelfth has left lives on.
func TestLostRun(t *testing.T) {
	for _, shell := range shellNames {
		t.Run(shell, func(t *testing.T) {
			t.Parallel()
			s := startShell(t, shell)
			first := leaveDaemon(t, s)
			for range 10 {
				if err := s.Run(t.Context(), "true", nil, nil); err != nil {
					t.Fatal(err)
				}
			}
			twelfth := leaveDaemon(t, s)
			s.Lost(1)
			if err := s.Run(t.Context(), "true", nil, nil); err != nil {
				t.Fatal(err)
			}
			if processes(t, first) != nil || processes(t, twelfth) == nil {
				t.Errorf("of the first command %v is left, of the twelfth %v", processes(t, first), processes(t, twelfth))
			}
		})
	}
}
