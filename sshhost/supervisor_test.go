package sshhost_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/tunaperf/tuna/internal/shquote"
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
					return sshhost.StartSupervisor(t, "", []string{"PATH=" + path, "HOME=/"}, argv...)
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
	// Under nohup the shells would ignore HUP. Those of a program that takes it do not.
	hup := make(chan os.Signal, 1)
	signal.Notify(hup, syscall.SIGHUP)
	defer signal.Stop(hup)
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
				waitEnd(t, s.Process.Process.Pid)
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

// TestHungUp gives a command to a supervisor that has got HUP. One that has not begun can be run by another supervisor; one that
// has is ended, and then there is nothing to run it again.
func TestHungUp(t *testing.T) {
	hup := make(chan os.Signal, 1)
	signal.Notify(hup, syscall.SIGHUP)
	defer signal.Stop(hup)
	t.Run("as it starts", func(t *testing.T) {
		shells(t, func(t *testing.T, start func() *sshhost.Supervisor) {
			s := start()
			s.Process.Process.Signal(syscall.SIGHUP)
			// bash may forget a signal that it has not acted on when it sets the trap anew.
			if err := s.Run(t.Context(), ":", nil, nil); !sshhost.NotBegun(err) && err != nil || s.Reusable() != (err == nil) {
				t.Errorf("got %v, reusable %v; want none, or the error of a command that has not begun", err, s.Reusable())
			}
		})
	})
	t.Run("between commands", func(t *testing.T) {
		shells(t, func(t *testing.T, start func() *sshhost.Supervisor) {
			s := start()
			if err := s.Run(t.Context(), ":", nil, nil); err != nil {
				t.Fatal(err)
			}
			s.Process.Process.Signal(syscall.SIGHUP)
			if err := s.Run(t.Context(), ":", nil, nil); !sshhost.NotBegun(err) || s.Reusable() {
				t.Errorf("got %v, reusable %v; want the error of a command that has not begun", err, s.Reusable())
			}
			waitEnd(t, s.Process.Process.Pid)
		})
	})
	t.Run("in a command", func(t *testing.T) {
		shells(t, func(t *testing.T, start func() *sshhost.Supervisor) {
			s, nap := start(), napper()
			ended := make(chan error, 1)
			go func() { ended <- s.Run(t.Context(), nap+" & wait", nil, nil) }()
			waitRuns(t, nap)
			s.Process.Process.Signal(syscall.SIGHUP)
			if err := <-ended; err == nil || sshhost.NotBegun(err) {
				t.Errorf("got %v, want an error, and not that of a command that has not begun", err)
			}
			waitEnd(t, s.Process.Process.Pid)
			// The end of its streams may still be on its way to us. A command that comes before it has not begun, as above.
			eventually(t, 10*time.Second, "the session is known to be over", func() bool { return !s.Reusable() })
		})
	})
}

// TestHungUpAsItsLeaseBegins has a supervisor get HUP while it starts the processes of leases, which end with it.
func TestHungUpAsItsLeaseBegins(t *testing.T) {
	hup := make(chan os.Signal, 1)
	signal.Notify(hup, syscall.SIGHUP)
	defer signal.Stop(hup)
	shells(t, func(t *testing.T, start func() *sshhost.Supervisor) {
		for round := range 2 {
			s := start()
			lease := 1000000 + 100*s.Process.Process.Pid%1e8
			for n := range 20 {
				if err := s.Lease(lease + n%2); err != nil { // another one starts processes, and the same one does not
					t.Fatal(err)
				}
			}
			if round > 0 { // not at once, but when the first one has begun
				eventually(t, 20*time.Second, "a lease begins", func() bool {
					return processes(t, fmt.Sprint("sleep ", lease)) != nil || processes(t, fmt.Sprint("sleep ", lease+1)) != nil
				})
			}
			s.Process.Process.Signal(syscall.SIGHUP)
			s.EndInput()
			waitEnd(t, s.Process.Process.Pid)
			for _, text := range []string{fmt.Sprint("sleep ", lease), fmt.Sprint("sleep ", lease+1)} {
				if pids := processes(t, text); pids != nil {
					t.Errorf("round %d: processes %v of the lease live on", round, pids)
				}
			}
		}
	})
}

// TestRenewedLease renews a lease of 2 s while a command of 4 s runs. When the renewals stop, the supervisor ends.
func TestRenewedLease(t *testing.T) {
	t.Parallel()
	var g group
	defer g.Wait()
	for _, shell := range shellNames {
		g.Run(t, shell, func(t *testing.T) {
			s := startShell(t, shell)
			over, ended := make(chan struct{}), make(chan struct{})
			go func() {
				defer close(ended)
				every := time.NewTicker(300 * time.Millisecond)
				defer every.Stop()
				for {
					select {
					case <-every.C:
						if err := s.Lease(2); err != nil {
							t.Error(err)
						}
					case <-over:
						return
					}
				}
			}()
			var out strings.Builder
			if err := s.Run(t.Context(), "sleep 4; echo over", &out, nil); err != nil || out.String() != "over\n" {
				t.Errorf("got %q (%v), want over", &out, err)
			}
			close(over)
			<-ended
			// A busy machine may still have renewals to read. This command comes after them.
			if err := s.Run(t.Context(), "true", nil, nil); err != nil {
				t.Errorf("the command after the last renewal: %v", err)
			}
			waitEnd(t, s.Process.Process.Pid)
		})
	}
}

// TestSupervisorMayNot has a user whose command runs as root, which the user may not send signals to.
func TestSupervisorMayNot(t *testing.T) {
	testbed.NeedRoot(t)
	testbed.Need(t, "setpriv", "cp")
	dir, err := os.MkdirTemp("", "tuna") // that of t.TempDir is closed to others
	if err != nil {
		t.Fatal(err)
	}
	defer os.RemoveAll(dir)
	// sudo here is setpriv with its bit set, behind a script that gives it the options to become root.
	for _, step := range []string{"chmod 755 .", "cp $(command -v setpriv) become", "chmod 4755 become",
		`printf '#!/bin/sh\n[ "$1" = -n ] && shift\nexec %s/become --reuid=0 --regid=0 --clear-groups "$@"\n' "$PWD" >sudo`, "chmod 755 sudo"} {
		cmd := exec.Command("sh", "-c", step)
		cmd.Dir = dir
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("%s: %v\n%s", step, err, out)
		}
	}
	sudo := filepath.Join(dir, "sudo")
	user := []string{"setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", "sh"}
	for _, test := range []struct {
		name, prefix string
		ended        bool
	}{{"without help", "", false}, {"through sudo", sudo, true}} {
		t.Run(test.name, func(t *testing.T) {
			s, nap := sshhost.StartSupervisor(t, test.prefix, os.Environ(), user...), napper()
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			ended := make(chan error, 1)
			go func() { ended <- s.Run(ctx, sudo+" -n sh -c '"+nap+"; :'", nil, nil) }()
			waitRuns(t, nap)
			eventually(t, 5*time.Second, "it runs as root", func() bool {
				for _, pid := range processes(t, nap) {
					status, _ := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
					if !strings.Contains(string(status), "Uid:\t0\t0\t0\t0") {
						return false
					}
				}
				return true
			})
			cancel()
			if err := <-ended; !errors.Is(err, context.Canceled) || errors.Is(err, sshhost.ErrNotEnded) == test.ended {
				t.Errorf("got %v, want context.Canceled, and ErrNotEnded: %v", err, !test.ended)
			}
			left := processes(t, nap)
			if (left == nil) != test.ended {
				t.Errorf("processes %v live on: want that: %v", left, !test.ended)
			}
			for _, pid := range left {
				testbed.Signal(pid, syscall.SIGKILL)
			}
		})
	}
}

// waitExit waits until a child has become a zombie, which it stays until the test's clean-up.
func waitExit(t *testing.T, pid int) {
	t.Helper()
	eventually(t, 10*time.Second, "the supervisor has ended", func() bool { return !isRunning(pid) })
}

// waitEnd waits until a supervisor has ended, and everything in its process group: its watchers and their sleeps.
func waitEnd(t *testing.T, pid int) {
	t.Helper()
	var left []string
	defer func() {
		if len(left) > 0 {
			t.Logf("left in the group: %v", left)
		}
	}()
	eventually(t, 10*time.Second, "the supervisor's group has ended", func() bool {
		if left = []string{strconv.Itoa(pid)}; isRunning(pid) {
			return false // it may still start processes, which the list below would lack
		}
		dirs, err := filepath.Glob("/proc/[0-9]*")
		if err != nil {
			t.Fatal(err)
		}
		left = slices.DeleteFunc(dirs, func(dir string) bool {
			state, _, group := statOf(filepath.Base(dir))
			return state == "Z" || group != strconv.Itoa(pid)
		})
		return len(left) == 0
	})
}

func isRunning(pid int) bool {
	state, _, _ := statOf(strconv.Itoa(pid))
	return state != "" && state != "Z"
}

// FuzzCommand runs a command that prints a text in one of the shells. The text passes the request's quoting and the
// command's own.
func FuzzCommand(f *testing.F) {
	for _, seed := range []string{"", "a", "it's", "a\nb\n\n", "$nl'\"$nl\"'", "\r\\n\\", "\x1e\x1f", "\xff\xfe", "é", "`id`$(id)", "\n"} {
		for shell := range shellNames {
			f.Add(seed, uint8(shell))
		}
	}
	var all []*sshhost.Supervisor
	for _, shell := range shellNames {
		all = append(all, startShell(f, shell, "LC_ALL=C.UTF-8"))
	}
	f.Fuzz(func(t *testing.T, text string, number uint8) {
		if strings.Contains(text, "\x00") {
			t.Skip("no shell can pass on a zero byte")
		}
		i := int(number) % len(all)
		shell, s := shellNames[i], all[i]
		var out, errs strings.Builder
		err := s.Run(context.Background(), ": "+shquote.Quote(text)+"; printf %s "+shquote.Quote(text), &out, &errs)
		if shell == "yash" && !utf8.ValidString(text) {
			if err == nil || exitStatus(err) != 0 || errors.Is(err, sshhost.ErrLost) || !strings.Contains(err.Error(), "cannot take byte 0x") {
				t.Errorf("yash, which cannot hold %q: got %q, %v, want an error that names a byte", text, &out, err)
			}
			return
		}
		if err != nil || out.String() != text || errs.Len() > 0 {
			t.Errorf("%s: got %q, %q (%v), want %q", shell, &out, &errs, err, text)
		}
	})
}
