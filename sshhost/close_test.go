package sshhost_test

import (
	"errors"
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"
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
				eventually(t, time.Second, "all of ours have ended", func() bool { return !slices.ContainsFunc(all, runsStill) })
			})
		}
	}
}

// ours lists the processes under the server that are not the server's own.
func ours(s *testbed.SSHServer) []int {
	return slices.DeleteFunc(testbed.Descendants(s.PID), func(pid int) bool {
		name, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/comm")
		return err != nil || slices.Contains([]string{"sshd", "sshd-session", "sshd-auth", "dropbear", "tinysshd", "tcpserver"}, strings.TrimSpace(string(name)))
	})
}

// runsStill reports whether a process has not ended. What has lost its parent may stay as a zombie.
func runsStill(pid int) bool {
	line, err := os.ReadFile(fmt.Sprintf("/proc/%d/cmdline", pid))
	return err == nil && len(line) > 0
}
