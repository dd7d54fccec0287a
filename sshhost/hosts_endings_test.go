package sshhost_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"slices"
	"syscall"
	"testing"
	"time"

	"github.com/tunaperf/tuna/internal/testbed"
	"github.com/tunaperf/tuna/sshhost"
)

// within waits until list is empty, for a minute at most, and returns what is left in it.
func within(list func() []testbed.Process) (left []testbed.Process) {
	asks(100*time.Millisecond, time.Minute, func() bool {
		left = list()
		return len(left) == 0
	})
	return left
}

// checkControllerKilled kills a program that runs a command on the host.
func checkControllerKilled(t *testing.T, h hostTrial) {
	nap := napper()
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), holdEnv+"=sh -c '"+nap+"; :' & wait", "TUNA_TEST_ADDR="+h.Addr, "TUNA_TEST_USER="+h.User,
		"TUNA_TEST_KEY="+h.KeyFile, "TUNA_TEST_KNOWN="+h.KnownHosts)
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	waitRuns(t, nap)
	cmd.Process.Kill()
	cmd.Wait()
	waitGone(t, nap, 15*time.Second)
}

// checkConnectionKilled kills the server's process of the connection while a command runs.
func checkConnectionKilled(t *testing.T, h hostTrial) {
	r, nap := h.dial(t), napper()
	ended := make(chan error, 1)
	go func() { ended <- r.Run(t.Context(), "(sh -c '"+nap+"; :') & wait", nil, nil) }()
	waitRuns(t, nap)
	connections := h.Connections()
	if len(connections) == 0 {
		t.Fatal("the server has no process of the connection")
	}
	for _, p := range connections {
		testbed.Signal(p.PID, syscall.SIGKILL)
	}
	if err := <-ended; !errors.Is(err, sshhost.ErrLost) {
		t.Errorf("got %v, want ErrLost", err)
	}
	waitGone(t, nap, 15*time.Second)
	expect(t, r, "echo well", "well\n", "", 0)
}

// checkShellStopped stops, one after the other, each shell between the server and a command, and ends the command or the
// connection.
func checkShellStopped(t *testing.T, h hostTrial) {
	for above := 1; ; above++ {
		for _, end := range []string{"cancelled", "closed"} {
			c := h.config()
			c.KeepAlive = time.Second // so that the lease is short
			r, nap := dial(t, c), napper()
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			ended := make(chan error, 1)
			go func() { ended <- r.Run(ctx, "sh -c '"+nap+"; :'; :", nil, nil) }()
			waitRuns(t, nap)
			shells := h.above(processes(t, nap)[0])
			if above >= len(shells) { // the command's own sh is the first
				cancel()
				<-ended
				return
			}
			testbed.Signal(shells[above].PID, testbed.SIGSTOP)
			if end == "cancelled" {
				cancel()
				if err := <-ended; !errors.Is(err, context.Canceled) {
					t.Errorf("%s: got %v, want context.Canceled", end, err)
				}
			}
			r.Close()
			if left := within(h.Added); len(left) > 0 {
				t.Errorf("%s with %v stopped: left on the host: %v", end, shells[above], left)
				for _, p := range left {
					testbed.Signal(p.PID, syscall.SIGKILL)
				}
			}
		}
	}
}

// above returns the processes of ours between a process and the SSH server, the nearest first.
func (h hostTrial) above(pid int) (shells []testbed.Process) {
	all := h.Ours()
	for {
		i := slices.IndexFunc(all, func(p testbed.Process) bool { return p.PID == pid })
		if i < 0 {
			return shells
		}
		shells = append(shells, all[i])
		pid = all[i].Parent
	}
}

// checkPrefixes runs commands behind prefixes, and ends them there.
func checkPrefixes(t *testing.T, h hostTrial) {
	prefixes := []string{"PATH=/usr/bin;", "env X=1"}
	if h.userland != "minimal" {
		for _, name := range []string{"sudo", "doas"} {
			if h.Spec.Suite.Has("/usr/bin/" + name) {
				prefixes = append(prefixes, name+" -n")
			}
		}
	}
	for _, prefix := range prefixes {
		t.Run(prefix, func(t *testing.T) {
			c := h.config()
			c.Prefix = prefix
			r := dial(t, c)
			expect(t, r, "echo 'it'\\''s'; echo err >&2; exit 3", "it's\n", "err\n", 3)
			expect(t, r, "sleep 0", "", "", 0)
			endsWell(t, r, `sh -c '%s; :'; :`)
			nap := napper()
			expect(t, r, fmt.Sprintf("%s &", nap), "", "", 0)
			if pids := processes(t, nap); pids != nil {
				t.Errorf("background: processes %v live on", pids)
			}
		})
	}
}
