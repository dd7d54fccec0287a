package sshhost_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/tunaperf/tuna/internal/testbed"
	"github.com/tunaperf/tuna/sshhost"
)

// shells calls test with each kind of host that a supervisor may meet: the shell, and the programs that there are.
func shells(t *testing.T, test func(t *testing.T, start func() *sshhost.Supervisor)) {
	var g group
	defer g.Wait()
	for _, shell := range []string{"dash", "bash", "busybox"} {
		for _, kind := range []struct {
			name  string
			tools []string // besides the shell itself; nil: all there are
		}{
			{name: "all programs"},
			{name: "no setsid", tools: []string{"sleep", "grep"}},
			{name: "no setsid, no grep", tools: []string{"sleep"}},
		} {
			g.Run(t, shell+"/"+kind.name, func(t *testing.T) {
				testbed.Need(t, shell)
				path := os.Getenv("PATH")
				switch file, err := exec.LookPath(shell); {
				case err != nil:
					t.Fatal(err)
				case shell == "busybox" || kind.tools != nil:
					path = tools(t, file, kind.tools)
				}
				argv := []string{shell}
				if shell == "busybox" {
					argv = append(argv, "ash")
				}
				test(t, func() *sshhost.Supervisor {
					return sshhost.StartSupervisor(t, []string{"PATH=" + path, "HOME=/"}, argv...)
				})
			})
		}
	}
}

// tools makes a directory in which sh is the given shell and the other programs are BusyBox's or, for another shell, those
// of the machine.
func tools(t *testing.T, shell string, names []string) string {
	t.Helper()
	dir := t.TempDir()
	link := func(name, file string) {
		if err := os.Symlink(file, filepath.Join(dir, name)); err != nil {
			t.Fatal(err)
		}
	}
	link("sh", shell)
	busy := filepath.Base(shell) == "busybox"
	if busy && names == nil {
		names = []string{"sleep", "grep", "setsid"}
	}
	for _, name := range names {
		if file, err := exec.LookPath(name); busy {
			link(name, shell)
		} else if err != nil {
			t.Fatal(err)
		} else {
			link(name, file)
		}
	}
	return dir
}

func TestSupervisorRuns(t *testing.T) {
	shells(t, func(t *testing.T, start func() *sshhost.Supervisor) {
		s := start()
		for i, test := range []struct {
			command, stdout, stderr string
			status                  int
		}{
			{"echo a; echo b >&2; exit 3", "a\n", "b\n", 3},
			{"printf '%s' \"it's\nhere\"", "it's\nhere", "", 0},
			{"kill -KILL $$", "", "", 137},
			{"kill -TERM $$", "", "", 143},
			{"tuna-no-such-program 2>/dev/null", "", "", 127},
			{"exit 127", "", "", 127},
			{"read line || echo none", "none\n", "", 0},
			{"echo $TUNA_RUN | { read x; case $x in '') exit 1; esac; }", "", "", 0},
			{"echo $-", "", "", -1},
		} {
			var stdout, stderr strings.Builder
			err := s.Run(t.Context(), test.command, &stdout, &stderr)
			if test.status == -1 {
				if strings.Contains(stdout.String(), "m") {
					t.Errorf("command %d: the command's shell has job control: %q", i, &stdout)
				}
				continue
			}
			if stdout.String() != test.stdout || stderr.String() != test.stderr || exitStatus(err) != test.status {
				t.Errorf("command %d: got %q, %q, %v; want %q, %q, %d", i, &stdout, &stderr, err, test.stdout, test.stderr, test.status)
			}
		}
	})
}

func TestSupervisorEnds(t *testing.T) {
	for _, test := range []struct{ name, command string }{
		{"exec", "exec %s"},
		{"simple", "%s"},
		{"compound", "%s; :"},
		{"background", "%s & wait"},
		{"ignores TERM", "trap '' TERM; %s & while :; do wait; done"},
		{"stopped", "%s & kill -STOP $!; wait"},
		{"shell of its own", "sh -c 'sh -c \"%s; :\"; :'; :"},
	} {
		t.Run(test.name, func(t *testing.T) {
			shells(t, func(t *testing.T, start func() *sshhost.Supervisor) {
				if strings.HasSuffix(t.Name(), "no_grep") && !strings.Contains(t.Name(), "bash") && test.name != "exec" {
					t.Skip("without setsid, grep and job control only the command's own process is known")
				}
				s, nap := start(), napper()
				ctx, cancel := context.WithCancel(t.Context())
				defer cancel()
				ended := make(chan error, 1)
				go func() { ended <- s.Run(ctx, fmt.Sprintf(test.command, nap), nil, nil) }()
				waitRuns(t, nap)
				cancel()
				if err := <-ended; !errors.Is(err, context.Canceled) || errors.Is(err, sshhost.ErrNotEnded) {
					t.Errorf("got %v, want context.Canceled alone", err)
				}
				if pids := processes(t, nap); pids != nil {
					t.Errorf("processes %v live on", pids)
				}
				if err := s.Run(t.Context(), "exit 7", nil, nil); exitStatus(err) != 7 {
					t.Errorf("the next command: got %v, want exit status 7", err)
				}
			})
		})
	}
}

// TestSupervisorEndsWithItsInput is what happens when the connection breaks or this program is killed.
func TestSupervisorEndsWithItsInput(t *testing.T) {
	silence := map[string]func(*sshhost.Supervisor){
		"end of input": (*sshhost.Supervisor).EndInput,
		"TERM":         func(s *sshhost.Supervisor) { s.Process.Process.Signal(syscall.SIGTERM) },
		"HUP":          func(s *sshhost.Supervisor) { s.Process.Process.Signal(syscall.SIGHUP) },
		"lease":        (*sshhost.Supervisor).Expire,
	}
	for name, end := range silence {
		t.Run(name, func(t *testing.T) {
			shells(t, func(t *testing.T, start func() *sshhost.Supervisor) {
				s, nap := start(), napper()
				ended := make(chan error, 1)
				go func() { ended <- s.Run(t.Context(), nap+" & wait", nil, nil) }()
				waitRuns(t, nap)
				end(s)
				waitExit(t, s.Process.Process.Pid)
				if strings.HasSuffix(t.Name(), "no_grep") && !strings.Contains(t.Name(), "bash") {
					for _, p := range processes(t, nap) {
						syscall.Kill(p, syscall.SIGKILL) // nobody knew of it
					}
				}
				if err := <-ended; err == nil || exitStatus(err) == 0 && !errors.Is(err, sshhost.ErrLost) {
					t.Errorf("got %v, want an exit status or ErrLost", err)
				}
				if pids := processes(t, nap); pids != nil {
					t.Errorf("processes %v live on", pids)
				}
			})
		})
	}
}

// waitExit waits until a child has become a zombie, which it stays until the test's clean-up.
func waitExit(t *testing.T, pid int) {
	t.Helper()
	eventually(t, 10*time.Second, "the supervisor has ended", func() bool {
		b, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
		return err != nil || strings.Contains(string(b), ") Z ")
	})
}
