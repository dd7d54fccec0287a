package sshhost_test

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tunaperf/tuna/internal/testbed"
	"github.com/tunaperf/tuna/sshhost"
)

// TestDaemonsOutput has commands leave daemons that go on printing. Nothing of that is in another command's output, and the
// daemons live on unless the server ends their streams.
func TestDaemonsOutput(t *testing.T) {
	t.Parallel()
	everywhere(t, func(t *testing.T, r runner) {
		if _, ok := r.(sshhost.Local); ok {
			return // each of its commands has streams of its own
		}
		for _, test := range []struct{ name, command string }{
			{"stdout", "setsid sh -c '%s' &"},
			{"stderr", "setsid sh -c '%s' >/dev/null &"},
			{"cleared environment", "env -i /usr/bin/setsid /bin/sh -c '%s' &"},
			{"two forks", "(setsid sh -c '(%s) & exit' &)"},
			{"another descriptor", "setsid sh -c 'exec 7>&1 >/dev/null; (%s) >&7' &"},
		} {
			nap := napper()
			began := filepath.Join(t.TempDir(), "began") // which shows that the daemon has a session of its own
			loop := "while :; do echo foreign; echo foreign >&2; : >" + began + "; sleep 0.05; [ -e /proc/self ] || " + nap + "; done"
			command := strings.ReplaceAll(test.command, "%s", loop) + "\nuntil [ -e " + began + " ]; do sleep 0.01; done"
			if err := r.Run(t.Context(), command, nil, nil); err != nil {
				t.Errorf("%s: %v", test.name, err)
			}
			for range 5 {
				var out, errs strings.Builder
				if err := r.Run(t.Context(), "echo mine; sleep 0.02; echo mine >&2", &out, &errs); err != nil || out.String() != "mine\n" || errs.String() != "mine\n" {
					t.Errorf("%s: the next command: got %q, %q (%v)", test.name, &out, &errs, err)
				}
			}
			pids := processes(t, nap)
			// Dropbear closes a session when its shell has ended, so a daemon that prints gets SIGPIPE.
			if len(pids) == 0 && !strings.HasSuffix(t.Name(), "/dropbear") {
				t.Errorf("%s: the daemon does not live on", test.name)
			}
			for _, pid := range pids {
				testbed.Signal(pid, syscall.SIGKILL)
			}
		}
	})
}

// TestSupervisorStopped stops one process of a supervisor, run's or its own, and cancels the command.
func TestSupervisorStopped(t *testing.T) {
	s := testbed.StartSSHD(t, testbed.SSHDConfig{})
	var g group
	defer g.Wait()
	for _, name := range []string{"run", "supervisor", "both"} {
		g.Run(t, name, func(t *testing.T) {
			h, nap := dial(t, config(s)), napper()
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			ended := make(chan error, 1)
			go func() { ended <- h.Run(ctx, nap+" & wait", nil, nil) }()
			waitRuns(t, nap)
			command := processes(t, nap)[0] // its shell
			run, _ := strconv.Atoi(parentOf(command))
			supervisor, _ := strconv.Atoi(parentOf(run))
			if name != "supervisor" {
				testbed.Signal(run, testbed.SIGSTOP)
			}
			if name != "run" {
				testbed.Signal(supervisor, testbed.SIGSTOP)
			}
			cancel()
			if err := <-ended; !errors.Is(err, context.Canceled) || errors.Is(err, sshhost.ErrNotEnded) {
				t.Errorf("got %v, want context.Canceled alone", err)
			}
			waitGone(t, nap, time.Second)
		})
	}
}

// TestTimeLimitOfRead has a login whose shells end a read after a second. The command sees that variable, and others that the
// supervisor might change, as the login has them.
func TestTimeLimitOfRead(t *testing.T) {
	t.Parallel()
	var g group
	defer g.Wait()
	for _, shell := range shellNames {
		g.Run(t, shell, func(t *testing.T) {
			s := startShell(t, shell, "TMOUT=1", "SHELLOPTS=errexit:nounset:noclobber", "name=a", "root=b", "status=c", "_=d")
			var out strings.Builder
			if err := s.Run(t.Context(), `sleep 2; echo "$TMOUT $name $root $status"`, &out, nil); err != nil || out.String() != "1 a b c\n" {
				t.Errorf("got %q (%v)", &out, err)
			}
		})
	}
}

// TestEnvironment has a login with few variables. The command gets these, TUNA_RUN and what its own shell exports.
func TestEnvironment(t *testing.T) {
	testbed.Need(t, "env")
	for _, shell := range shellNames {
		t.Run(shell, func(t *testing.T) {
			sh := linkShell(t, shell)
			names := func(environ string) (names []string) {
				for line := range strings.Lines(environ) {
					name, _, _ := strings.Cut(line, "=")
					switch name {
					case "TUNA_RUN": // ours
					case "SHLVL", "_AST_FEATURES": // which bash and zsh, and ksh93, add at times
					default:
						names = append(names, name)
					}
				}
				slices.Sort(names)
				return names
			}
			cmd := exec.Command(sh, "-c", `sh -c "env; :"; :`) // the supervisor's shell is ours, the command's its child
			cmd.Env = shellEnv(sh)
			want, err := cmd.Output()
			if err != nil {
				t.Fatal(err)
			}
			var out strings.Builder
			if err := startShell(t, shell).Run(t.Context(), "env; :", &out, nil); err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(names(string(want)), names(out.String())); diff != "" {
				t.Errorf("variables without tuna -, in a command of tuna +\n%s", diff)
			}
		})
	}
}

// TestWholeMarks has printf be toybox's, which writes a line in pieces, under shells that do not have their own.
func TestWholeMarks(t *testing.T) {
	testbed.Need(t, "toybox")
	for _, shell := range []string{"mksh", "posh"} {
		dir := t.TempDir()
		if err := os.Symlink("/usr/bin/toybox", dir+"/printf"); err != nil {
			t.Fatal(err)
		}
		s := startShell(t, shell, "PATH="+dir+":"+os.Getenv("PATH"))
		for i := range 30 {
			var out strings.Builder
			err := s.Run(t.Context(), "echo "+strconv.Itoa(i)+"; exit "+strconv.Itoa(i), &out, nil)
			if out.String() != strconv.Itoa(i)+"\n" || exitStatus(err) != i {
				t.Errorf("%s, command %d: got %q (%v)", shell, i, &out, err)
			}
		}
	}
}
