package iperftest_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tunaperf/tuna/iperf"
	"github.com/tunaperf/tuna/iperf/iperftest"
)

// A recorder is a testing.TB that notes what would fail the test.
type recorder struct {
	testing.TB
	failures []string
	cleanups []func()
}

func (r *recorder) Helper()                   {}
func (r *recorder) Cleanup(f func())          { r.cleanups = append(r.cleanups, f) }
func (r *recorder) Errorf(f string, a ...any) { r.failures = append(r.failures, fmt.Sprintf(f, a...)) }

func (r *recorder) finish() []string {
	for _, f := range slices.Backward(r.cleanups) {
		f()
	}
	return r.failures
}

func TestScriptIsKeptTo(t *testing.T) {
	for _, test := range []struct {
		name     string
		script   func(h *iperftest.Host)
		commands []string
		failures []string
	}{
		{
			name:     "all expected commands come, in another order",
			script:   func(h *iperftest.Host) { h.Expect("a"); h.ExpectMatch(`b \d`) },
			commands: []string{"b 1", "a"},
		},
		{
			name:     "an unexpected command",
			script:   func(h *iperftest.Host) { h.Expect("a") },
			commands: []string{"a x", "a"},
			failures: []string{"host 192.0.2.1: unexpected command: a x\nstill expected:\n\ta"},
		},
		{
			name:     "an expected command comes twice",
			script:   func(h *iperftest.Host) { h.Expect("a") },
			commands: []string{"a", "a"},
			failures: []string{"host 192.0.2.1: unexpected command: a\nno further command was expected"},
		},
		{
			name:     "commands that do not come",
			script:   func(h *iperftest.Host) { h.Expect("a"); h.ExpectMatch("b.*"); h.Expect("c") },
			commands: []string{"c"},
			failures: []string{"host 192.0.2.1: commands did not come; still expected:\n\ta\n\tb.*"},
		},
		{
			name:     "a pattern is of the whole command",
			script:   func(h *iperftest.Host) { h.ExpectMatch("b|c") },
			commands: []string{"bc", "c"},
			failures: []string{"host 192.0.2.1: unexpected command: bc\nstill expected:\n\tb|c"},
		},
		{
			name:     "an allowed command may come often, or not at all",
			script:   func(h *iperftest.Host) { h.Allow("a"); h.AllowMatch("b+"); h.Allow("c") },
			commands: []string{"a", "a", "bb"},
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			tb := &recorder{TB: t}
			h := iperftest.NewHost(tb, "192.0.2.1")
			test.script(h)
			for _, c := range test.commands {
				h.Run(t.Context(), c, nil, nil)
			}
			if diff := cmp.Diff(test.failures, tb.finish()); diff != "" {
				t.Errorf("failures (-want +got)\n%s", diff)
			}
			if diff := cmp.Diff(test.commands, h.Commands()); diff != "" {
				t.Errorf("commands (-want +got)\n%s", diff)
			}
		})
	}
}

func TestUnexpectedCommandIsNoLostHost(t *testing.T) {
	h := iperftest.NewHost(&recorder{TB: t}, "192.0.2.1")
	var stderr bytes.Buffer
	err := h.Run(t.Context(), "a", nil, &stderr)
	if status, ok := exitStatus(err); !ok || status == 0 || !strings.Contains(stderr.String(), "unexpected command: a") {
		t.Errorf("got %v and %q, want an exit status and a message", err, stderr.String())
	}
}

func TestCommandLeftRunning(t *testing.T) {
	tb := &recorder{TB: t}
	h := iperftest.NewHost(tb, "192.0.2.1")
	started := make(chan struct{})
	h.Expect("a", func(context.Context, *iperftest.Call) error { close(started); return nil }, iperftest.Hang())
	ctx, cancel := context.WithCancel(t.Context())
	over := make(chan error)
	go func() { over <- h.Run(ctx, "a", nil, nil) }()
	<-started
	want := []string{"host 192.0.2.1: command still runs at the end of the test: a"}
	if diff := cmp.Diff(want, tb.finish()); diff != "" {
		t.Errorf("failures (-want +got)\n%s", diff)
	}
	cancel()
	if err := <-over; !errors.Is(err, context.Canceled) {
		t.Errorf("got %v, want the context's error", err)
	}
}

func exitStatus(err error) (int, bool) {
	e, ok := errors.AsType[interface {
		error
		ExitStatus() int
	}](err)
	if !ok {
		return 0, false
	}
	return e.ExitStatus(), true
}

func TestSteps(t *testing.T) {
	broken := errors.New("broken")
	for _, test := range []struct {
		name           string
		steps          []iperftest.Step
		stdout, stderr string
		status         int   // -1: err tells
		err            error // that is wrapped
		took           time.Duration
	}{
		{name: "nothing"},
		{
			name:   "outputs with timing",
			steps:  []iperftest.Step{iperftest.Stdout("a\n"), iperftest.Wait(time.Minute), iperftest.Stderr("b\n"), iperftest.Lines(time.Second, "c\nd")},
			stdout: "a\nc\nd", stderr: "b\n", took: time.Minute + 2*time.Second,
		},
		{name: "garbage", steps: []iperftest.Step{iperftest.Stdout("\x00\xff\n[  5] sec")}, stdout: "\x00\xff\n[  5] sec"},
		{name: "an exit status", steps: []iperftest.Step{iperftest.Stdout("a"), iperftest.Exit(3), iperftest.Stdout("b")}, stdout: "a", status: 3},
		{name: "exit early with 0", steps: []iperftest.Step{iperftest.Exit(0), iperftest.Stdout("b")}},
		{name: "failing on the way", steps: []iperftest.Step{iperftest.Fail(broken)}, status: -1, err: broken},
		{name: "a lost host", steps: []iperftest.Step{iperftest.Stdout("a"), iperftest.Lose()}, stdout: "a", status: -1, err: iperftest.ErrLost},
		{
			name: "lines that take longer than the context", steps: []iperftest.Step{iperftest.Lines(40*time.Minute, "a\nb\n")},
			stdout: "a\n", status: -1, err: context.DeadlineExceeded, took: time.Hour,
		},
		{name: "hanging until the context ends", steps: []iperftest.Step{iperftest.Hang()}, status: -1, err: context.DeadlineExceeded, took: time.Hour},
		{name: "waiting longer than the context", steps: []iperftest.Step{iperftest.Wait(2 * time.Hour)}, status: -1, err: context.DeadlineExceeded, took: time.Hour},
	} {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				ctx, cancel := context.WithTimeout(t.Context(), time.Hour)
				defer cancel()
				h := iperftest.NewHost(t, "192.0.2.1")
				h.Expect("a", test.steps...)
				start := time.Now()
				var stdout, stderr bytes.Buffer
				err := h.Run(ctx, "a", &stdout, &stderr)
				if took := time.Since(start); took != test.took {
					t.Errorf("took %v, want %v", took, test.took)
				}
				if stdout.String() != test.stdout || stderr.String() != test.stderr {
					t.Errorf("printed %q and %q, want %q and %q", stdout.String(), stderr.String(), test.stdout, test.stderr)
				}
				switch status, ok := exitStatus(err); {
				case test.status < 0 && (ok || !errors.Is(err, test.err)):
					t.Errorf("got %v, want %v", err, test.err)
				case test.status > 0 && status != test.status, test.status == 0 && err != nil:
					t.Errorf("got %v, want exit status %d", err, test.status)
				}
			})
		})
	}
}

func TestLostHostEndsAllItsCommands(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := iperftest.NewHost(t, "192.0.2.1")
		h.Expect("hang", iperftest.Hang())
		h.Expect("later")
		over := make(chan error, 1)
		go func() { over <- h.Run(t.Context(), "hang", nil, nil) }()
		synctest.Wait()
		h.Lose()
		if err := <-over; !errors.Is(err, iperftest.ErrLost) {
			t.Errorf("the command that ran: got %v", err)
		}
		if err := h.Run(t.Context(), "later", nil, nil); !errors.Is(err, iperftest.ErrLost) {
			t.Errorf("a command while it is lost: got %v", err)
		}
		h.Restore()
		if err := h.Run(t.Context(), "later", nil, nil); err != nil {
			t.Errorf("a command after it is restored: got %v", err)
		}
	})
}

func TestCommandWithoutTimeIsNotStarted(t *testing.T) {
	h := iperftest.NewHost(t, "192.0.2.1") // which expects nothing
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := h.Run(ctx, "a", nil, nil); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
}

var _ iperf.HostSSH = (*iperftest.Host)(nil)
