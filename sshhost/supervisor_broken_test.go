package sshhost_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/tunaperf/tuna/internal/testbed"
	"github.com/tunaperf/tuna/sshhost"
)

// TestSupervisorLosesItsJob kills the process that waits for a command, as a host does that has no memory left. Whoever
// ends the command, or the session, or renews its lease, ends it all the same.
func TestSupervisorLosesItsJob(t *testing.T) {
	for _, shell := range [][]string{{"dash"}, {"bash"}, {"busybox", "ash"}} {
		testbed.Need(t, shell[0])
		for _, test := range []struct {
			name string
			end  func(*sshhost.Supervisor, context.CancelFunc)
		}{
			{"cancelled", func(_ *sshhost.Supervisor, cancel context.CancelFunc) { cancel() }},
			{"end of input", func(s *sshhost.Supervisor, _ context.CancelFunc) { s.EndInput() }},
			{"lease", func(s *sshhost.Supervisor, _ context.CancelFunc) { s.Renew() }},
			{"TERM", func(s *sshhost.Supervisor, _ context.CancelFunc) {
				eventually(t, 10*time.Second, "the supervisor has ended", func() bool {
					testbed.Signal(s.Process.Process.Pid, syscall.SIGTERM) // bash may miss one right after its child's end
					return !isRunning(s.Process.Process.Pid)
				})
			}},
		} {
			t.Run(shell[0]+"/"+test.name, func(t *testing.T) {
				s, nap := sshhost.StartSupervisor(t, "", os.Environ(), shell...), napper()
				ctx, cancel := context.WithCancel(t.Context())
				defer cancel()
				ended := make(chan error, 1)
				go func() { ended <- s.Run(ctx, nap+" & wait", nil, nil) }()
				waitRuns(t, nap)
				job := parentOf(processes(t, nap)[0])
				for parent := job; parent != fmt.Sprint(s.Process.Process.Pid); parent = parentOf(atoi(t, parent)) {
					job = parent
				}
				testbed.Signal(atoi(t, job), syscall.SIGKILL)
				waitExit(t, atoi(t, job))
				test.end(s, cancel)
				if err := <-ended; err == nil || test.name != "end of input" && test.name != "TERM" && errors.Is(err, sshhost.ErrNotEnded) {
					t.Errorf("got %v, want an error, and an end that is confirmed", err)
				}
				waitGone(t, nap, 5*time.Second)
			})
		}
	}
}

// TestNobodyReads closes the server's ends of a supervisor's streams, as a server does whose connection breaks: before it
// has answered, while its input is still open, and while it runs a command.
func TestNobodyReads(t *testing.T) {
	var g group
	defer g.Wait()
	for _, shell := range shellNames {
		g.Run(t, shell+"/before it answers", func(t *testing.T) {
			sh := linkShell(t, shell)
			waitEnd(t, sshhost.StartUnread(t, shellEnv(sh), sh).Pid)
		})
		g.Run(t, shell+"/while a command runs", func(t *testing.T) {
			s, nap := startShell(t, shell), napper()
			ended := make(chan error, 1)
			go func() { ended <- s.Run(t.Context(), nap+"; :", nil, nil) }()
			waitRuns(t, nap)
			s.EndOutput()
			if err := <-ended; !errors.Is(err, sshhost.ErrLost) {
				t.Errorf("got %v, want ErrLost", err)
			}
			for _, pid := range processes(t, nap) {
				testbed.Signal(pid, syscall.SIGKILL) // so that the supervisor prints
			}
			s.EndInput()
			waitEnd(t, s.Process.Process.Pid)
		})
	}
}

// TestRecycledNumber ends a session whose last command's number is somebody else's by now.
func TestRecycledNumber(t *testing.T) {
	for _, shell := range [][]string{{"dash"}, {"bash"}, {"busybox", "ash"}} {
		t.Run(shell[0], func(t *testing.T) {
			testbed.Need(t, shell[0])
			stranger := exec.Command("sleep", "987654")
			if err := stranger.Start(); err != nil {
				t.Fatal(err)
			}
			s := sshhost.StartSupervisor(t, "", os.Environ(), shell...)
			if err := s.Run(t.Context(), "true", nil, nil); err != nil {
				t.Error(err)
			}
			s.Recycle(stranger.Process.Pid)
			s.EndInput()
			waitEnd(t, s.Process.Process.Pid)
			stranger.Process.Kill() // the first signal counts
			stranger.Wait()
			if signal := stranger.ProcessState.Sys().(syscall.WaitStatus).Signal(); signal != syscall.SIGKILL {
				t.Errorf("it got %v", signal)
			}
		})
	}
}

// TestSupervisorCannotFork has a user who may have so and so many processes only. A command fails or not, but its end is
// told, and nothing is left.
func TestSupervisorCannotFork(t *testing.T) {
	testbed.NeedRoot(t)
	testbed.Need(t, "prlimit", "setpriv", "dash", "busybox")
	uids := 65100 // nobody else's: the limit is for all of a user's processes, zombies among them
	var g group
	defer g.Wait()
	for _, shell := range [][]string{{"dash"}, {"busybox", "ash"}} {
		for limit := 2; limit <= 7; limit++ {
			uids++
			uid := fmt.Sprint(uids)
			g.Run(t, fmt.Sprintf("%s/%d", shell[0], limit), func(t *testing.T) {
				argv := append([]string{"setpriv", "--reuid=" + uid, "--regid=" + uid, "--clear-groups", "prlimit", fmt.Sprintf("--nproc=%d", limit)}, shell...)
				s, err := sshhost.TryStartSupervisor(t, "", os.Environ(), argv...)
				if err != nil {
					if !errors.Is(err, sshhost.ErrNoShell) || !strings.Contains(err.Error(), "cannot start a process") {
						t.Error("got", err)
					}
					return
				}
				nap := napper()
				ctx, cancel := context.WithTimeout(t.Context(), 2*time.Second)
				defer cancel()
				err = s.Run(ctx, "sh -c 'sleep 0.1; :' & "+nap+" & wait $!", nil, nil)
				if errors.Is(err, context.DeadlineExceeded) && len(processes(t, nap)) == 0 {
					err = errors.New("it ran, and was ended")
				}
				t.Log(err)
				if err == nil || errors.Is(err, context.DeadlineExceeded) {
					t.Errorf("got %v, want an error", err)
				}
				s.EndInput()
				eventually(t, 10*time.Second, "all have ended", func() bool {
					out, err := exec.Command("ps", "-u", uid, "-o", "stat=").Output()
					return err != nil || !strings.ContainsAny(string(out), "SRDT")
				})
			})
		}
	}
}

// TestSupervisorStartedDeaf has a login that ignores the signals by which commands are ended.
func TestSupervisorStartedDeaf(t *testing.T) {
	for _, shell := range []string{"dash", "bash"} {
		testbed.Need(t, shell, "env")
		s := sshhost.StartSupervisor(t, "", os.Environ(), shell, "-c", `trap "" TERM USR1 HUP; exec "$0" "$@"`, shell)
		nap := napper()
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		ended := make(chan error, 1)
		go func() { ended <- s.Run(ctx, nap+" & wait", nil, nil) }()
		waitRuns(t, nap)
		cancel()
		if err := <-ended; !errors.Is(err, context.Canceled) || errors.Is(err, sshhost.ErrNotEnded) {
			t.Errorf("%s: got %v, want context.Canceled alone", shell, err)
		}
		waitGone(t, nap, time.Second)
	}
}

func atoi(t *testing.T, s string) (n int) {
	t.Helper()
	if _, err := fmt.Sscan(s, &n); err != nil || n < 2 {
		t.Fatalf("%q is no process", s)
	}
	return n
}
