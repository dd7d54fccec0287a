package sshhost_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tunaperf/tuna/internal/testbed"
	"github.com/tunaperf/tuna/sshhost"
)

type runner interface {
	Run(ctx context.Context, command string, stdout, stderr io.Writer) error
}

// config returns what logs in to s.
func config(s *testbed.SSHServer) sshhost.Config {
	return sshhost.Config{Addr: s.Addr, User: s.User, KeyFiles: []string{s.KeyFile}, KnownHosts: []string{s.KnownHosts}, Agent: "none"}
}

func dial(t testing.TB, c sshhost.Config) *sshhost.Host {
	t.Helper()
	h, err := sshhost.Dial(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { h.Close() })
	return h
}

// servers start what Run is tested with.
var servers = []struct {
	name  string
	start func(testing.TB) *testbed.SSHServer
}{
	{"openssh", func(tb testing.TB) *testbed.SSHServer { return testbed.StartSSHD(tb, testbed.SSHDConfig{}) }},
	{"dropbear", func(tb testing.TB) *testbed.SSHServer { return testbed.StartDropbear(tb, testbed.DropbearConfig{}) }},
	{"tinyssh", func(tb testing.TB) *testbed.SSHServer { return testbed.StartTinySSH(tb, testbed.Login{}) }},
}

// everywhere runs a test on each kind of host.
func everywhere(t *testing.T, test func(t *testing.T, r runner)) {
	var g group
	defer g.Wait()
	g.Run(t, "local", func(t *testing.T) { test(t, sshhost.Local{}) })
	for _, s := range servers {
		g.Run(t, s.name, func(t *testing.T) { test(t, dial(t, config(s.start(t)))) })
	}
}

func exitStatus(err error) int {
	if e, ok := errors.AsType[interface {
		error
		ExitStatus() int
	}](err); ok {
		return e.ExitStatus()
	}
	return 0
}

func TestRunOutputAndStatus(t *testing.T) {
	dir := t.TempDir()
	noExec := filepath.Join(dir, "no-exec")
	if err := os.WriteFile(noExec, []byte("x"), 0o644); err != nil {
		t.Fatal(err)
	}
	everywhere(t, func(t *testing.T, r runner) {
		for _, test := range []struct {
			name, command  string
			stdout, stderr string
			status         int
		}{
			{name: "nothing", command: "true"},
			{name: "empty command", command: ""},
			{name: "both streams", command: "echo out; echo err >&2", stdout: "out\n", stderr: "err\n"},
			{name: "no newline", command: "printf a; printf b >&2", stdout: "a", stderr: "b"},
			{name: "binary", command: `printf '\000\377\036\n\r\001'`, stdout: "\x00\xff\x1e\n\r\x01"},
			{name: "many lines of text", command: "echo one\necho two\n# a comment\necho 'three\nfour'", stdout: "one\ntwo\nthree\nfour\n"},
			{name: "quotes", command: `printf '%s|' "it's" 'a "b"' \$x '\n' "$(printf '\047')"`, stdout: `it's|a "b"|$x|\n|'|`},
			{name: "not ASCII", command: "printf '%s' 'é – \xff'", stdout: "é – \xff"},
			{name: "status", command: "exit 3", status: 3},
			{name: "highest status", command: "exit 255", status: 255},
			{name: "syntax error", command: "echo a; (", status: 2, stderr: "*"},
			{name: "not found", command: "tuna-no-such-program", status: 127, stderr: "*"},
			{name: "not executable", command: noExec, status: 126, stderr: "*"},
			{name: "ended by TERM", command: "kill -TERM $$", status: 143},
			{name: "ended by KILL", command: "kill -KILL $$", status: 137},
			{name: "killed its own group", command: "kill -KILL 0", status: 137},
			{name: "no standard input", command: "cat; read x || echo none", stdout: "none\n"},
			{name: "status of a pipeline", command: "echo a | cat", stdout: "a\n"},
			{name: "exec", command: "exec echo a", stdout: "a\n"},
			{name: "its own pid", command: `sh -c 'test $PPID = '$$' && echo same'; :`, stdout: "same\n"},
			{name: "closed streams", command: "exec >&- 2>&-; exit 4", status: 4},
			{name: "default traps", command: "kill -USR1 $$; echo not reached", status: 138},
		} {
			t.Run(test.name, func(t *testing.T) {
				var stdout, stderr bytes.Buffer
				err := r.Run(t.Context(), test.command, &stdout, &stderr)
				if got := exitStatus(err); got != test.status || (err != nil) != (test.status != 0) {
					t.Errorf("got exit status %d (%v), want %d", got, err, test.status)
				}
				if diff := cmp.Diff(test.stdout, stdout.String()); diff != "" {
					t.Errorf("stdout (-want +got):\n%s", diff)
				}
				if got := stderr.String(); test.stderr == "*" && got == "" || test.stderr != "*" && got != test.stderr {
					t.Errorf("stderr: got %q, want %q", got, test.stderr)
				}
			})
		}
	})
}

func TestRunWritesAsOutputArrives(t *testing.T) {
	everywhere(t, func(t *testing.T, r runner) {
		proceed := filepath.Join(t.TempDir(), "go")
		out, in := io.Pipe()
		ended := make(chan error, 1)
		go func() {
			ended <- r.Run(t.Context(), "printf a; until test -e "+proceed+"; do sleep 0.01; done; printf b", in, nil)
			in.Close()
		}()
		b := make([]byte, 1)
		if _, err := io.ReadFull(out, b); err != nil || b[0] != 'a' {
			t.Fatalf("got %q (%v), want a", b, err)
		}
		if err := os.WriteFile(proceed, nil, 0o644); err != nil {
			t.Fatal(err)
		}
		if rest, err := io.ReadAll(out); err != nil || string(rest) != "b" {
			t.Errorf("got %q (%v), want b", rest, err)
		}
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
}

func TestRunOneWriterForBoth(t *testing.T) {
	everywhere(t, func(t *testing.T, r runner) {
		var both bytes.Buffer // which the race detector watches
		if err := r.Run(t.Context(), "for i in 1 2 3 4 5 6 7 8 9; do echo o; echo e >&2; done", &both, &both); err != nil {
			t.Fatal(err)
		}
		if o, e := strings.Count(both.String(), "o\n"), strings.Count(both.String(), "e\n"); o != 9 || e != 9 {
			t.Errorf("got %d lines of stdout and %d of stderr, want 9 of each", o, e)
		}
	})
}

// endsWell runs a command, in which %s stands for something that runs for long, and ends it.
func endsWell(t *testing.T, r runner, command string) {
	t.Helper()
	nap := napper()
	ctx, cancel := context.WithCancelCause(t.Context())
	defer cancel(nil)
	ended := make(chan error, 1)
	go func() { ended <- r.Run(ctx, fmt.Sprintf(command, nap), nil, nil) }()
	waitRuns(t, nap)
	cancel(errUnwanted)
	if err := <-ended; !errors.Is(err, context.Canceled) || !errors.Is(err, errUnwanted) || errors.Is(err, sshhost.ErrNotEnded) || exitStatus(err) != 0 {
		t.Errorf("%s: got %v, want an error that wraps context.Canceled and its cause and nothing else", command, err)
	}
	if pids := processes(t, nap); pids != nil {
		t.Errorf("%s: processes %v live on", command, pids)
	}
}

var errUnwanted = errors.New("no longer wanted")

func TestRunEnds(t *testing.T) {
	everywhere(t, func(t *testing.T, r runner) {
		for _, test := range []struct{ name, command string }{
			{"simple", "%s"},
			{"compound", "%s; :"},
			{"background", "%s & wait"},
			{"pipeline", "%s | cat"},
			{"ignores TERM", "trap '' TERM; %s & while :; do wait; done"},
			{"session of its own", "setsid %s & wait"},
			{"daemon", "(setsid %s >/dev/null 2>&1 </dev/null &); sleep 987654"},
			{"stopped", "%s & kill -STOP $!; wait; sleep 987654"},
			{"floods", "%s & while :; do echo aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa; done"},
		} {
			t.Run(test.name, func(t *testing.T) {
				endsWell(t, r, test.command)
				var out strings.Builder
				if err := r.Run(t.Context(), "echo well", &out, nil); err != nil || out.String() != "well\n" {
					t.Errorf("the next command: got %q (%v), want well", &out, err)
				}
			})
		}
		t.Run("deadline", func(t *testing.T) {
			ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
			defer cancel()
			nap := napper()
			if err := r.Run(ctx, nap, nil, nil); !errors.Is(err, context.DeadlineExceeded) {
				t.Errorf("got %v, want context.DeadlineExceeded", err)
			}
			if pids := processes(t, nap); pids != nil {
				t.Errorf("processes %v live on", pids)
			}
		})
		t.Run("before it began", func(t *testing.T) {
			ctx, cancel := context.WithCancelCause(t.Context())
			cancel(errUnwanted)
			if err := r.Run(ctx, "true", nil, nil); !errors.Is(err, context.Canceled) || !errors.Is(err, errUnwanted) {
				t.Errorf("got %v, want context.Canceled and its cause", err)
			}
		})
		t.Run("output until then", func(t *testing.T) {
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			out := &cancelling{cancel: cancel}
			r.Run(ctx, "trap 'echo bye; exit' TERM; echo hi; while :; do sleep 0.01; done", out, nil)
			if got := out.String(); got != "hi\nbye\n" {
				t.Errorf("got %q, want hi, bye", got)
			}
		})
	})
}

// A cancelling buffer calls cancel at its first write.
type cancelling struct {
	bytes.Buffer
	cancel func()
}

func (c *cancelling) Write(p []byte) (int, error) { c.cancel(); return c.Buffer.Write(p) }

func TestRunLeavesNothingInTheBackground(t *testing.T) {
	everywhere(t, func(t *testing.T, r runner) {
		for name, command := range map[string]string{
			"background":   "%s & echo $!",
			"ignores TERM": "(trap '' TERM; exec %s) & echo $!",
			"nohup":        "nohup %s >/dev/null 2>&1 & echo $!",
		} {
			t.Run(name, func(t *testing.T) {
				nap := napper()
				var out strings.Builder
				if err := r.Run(t.Context(), fmt.Sprintf(command, nap), &out, nil); err != nil || out.Len() == 0 {
					t.Fatalf("got %q (%v), want a process id", &out, err)
				}
				if pids := processes(t, nap); pids != nil {
					t.Errorf("processes %v live on", pids)
				}
			})
		}
		t.Run("daemon", func(t *testing.T) {
			nap := napper()
			if err := r.Run(t.Context(), "setsid "+nap+" >/dev/null 2>&1 </dev/null & sleep 0.05; until pgrep -f '"+nap[6:]+"' >/dev/null; do :; done", nil, nil); err != nil {
				t.Fatal(err)
			}
			pids := processes(t, nap)
			if len(pids) != 1 {
				t.Fatalf("a daemon was started by a command that ended by itself: got processes %v, want it to live on", pids)
			}
			p, _ := os.FindProcess(pids[0])
			p.Kill()
		})
	})
}

func TestRunWriterFails(t *testing.T) {
	full := errors.New("disk full")
	everywhere(t, func(t *testing.T, r runner) {
		nap := napper()
		err := r.Run(t.Context(), "echo a; "+nap, writerFunc(func([]byte) (int, error) { return 0, full }), nil)
		if !errors.Is(err, full) || exitStatus(err) != 0 {
			t.Errorf("got %v, want the writer's error", err)
		}
		if pids := processes(t, nap); pids != nil {
			t.Errorf("processes %v live on", pids)
		}
	})
}

type writerFunc func(p []byte) (int, error)

func (f writerFunc) Write(p []byte) (int, error) { return f(p) }

func TestRunZeroByte(t *testing.T) {
	if err := (sshhost.Local{}).Run(t.Context(), "echo a\x00b", nil, nil); err == nil {
		t.Error("a command with a zero byte ran")
	}
}

func TestRunInParallel(t *testing.T) {
	everywhere(t, func(t *testing.T, r runner) {
		var wg sync.WaitGroup
		for i := range 50 {
			wg.Go(func() {
				var out, errs strings.Builder
				if err := r.Run(t.Context(), fmt.Sprintf("echo %d; sleep 0.05; echo e%d >&2; exit %d", i, i, i), &out, &errs); exitStatus(err) != i {
					t.Errorf("command %d: got %v, want exit status %d", i, err, i)
				}
				if out.String() != fmt.Sprintln(i) || errs.String() != fmt.Sprintf("e%d\n", i) {
					t.Errorf("command %d: got %q and %q", i, &out, &errs)
				}
			})
		}
		wg.Wait()
	})
}

// TestRunLocalOfAnyShell shows that the commands of the table mean the same to the sh of the machine itself.
func TestRunMatchesShell(t *testing.T) {
	for _, command := range []string{"echo $0 $#", "umask", "pwd", "echo \"$-\"", "trap", "set | grep -c TUNA_RUN", "ls /proc/self/fd"} {
		want, _ := exec.Command("sh", "-c", command).Output()
		var got strings.Builder
		(sshhost.Local{}).Run(t.Context(), command, &got, nil)
		if command == "set | grep -c TUNA_RUN" {
			want = []byte("1\n") // the one thing that is added
		}
		if diff := cmp.Diff(string(want), got.String()); diff != "" {
			t.Errorf("%s: (-sh +Run):\n%s", command, diff)
		}
	}
}
