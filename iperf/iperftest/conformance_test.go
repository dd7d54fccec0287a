package iperftest

import (
	"context"
	"errors"
	"io"
	"os/exec"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tunaperf/tuna/internal/testbed"
	"github.com/tunaperf/tuna/iperf"
	"github.com/tunaperf/tuna/sshhost"
)

func TestConformanceOfOurHosts(t *testing.T) {
	t.Run("over SSH", func(t *testing.T) {
		srv := testbed.StartSSHD(t, testbed.SSHDConfig{})
		h, err := sshhost.Dial(t.Context(), sshhost.Config{Addr: srv.Addr, User: srv.User, KeyFiles: []string{srv.KeyFile}, KnownHosts: []string{srv.KnownHosts}, Agent: "none"})
		if err != nil {
			t.Fatal(err)
		}
		defer h.Close()
		TestHost(t, h)
	})
	t.Run("this machine", func(t *testing.T) { TestHost(t, sshhost.Local{}) })
	// The commands of this one are run by a step, so that what is tested is what the host makes of a step.
	t.Run("scripted", func(t *testing.T) {
		h := NewHost(t, "192.0.2.1")
		h.AllowMatch(".*", func(ctx context.Context, c *Call) error {
			err := sshhost.Local{}.Run(ctx, c.Command, c.Stdout, c.Stderr)
			if e, ok := errors.AsType[*sshhost.ExitError](err); ok {
				return exitError(e.ExitStatus())
			}
			return err
		})
		TestHost(t, h)
	})
}

// A broken host is this machine, whose Run is changed.
type broken struct {
	run  func(ctx context.Context, command string, stdout, stderr io.Writer) error
	addr string
}

func (b broken) Run(ctx context.Context, command string, stdout, stderr io.Writer) error {
	return b.run(ctx, command, stdout, stderr)
}
func (b broken) TestAddr() string { return b.addr }

// written is a writer of a function.
type written func(p []byte) (int, error)

func (w written) Write(p []byte) (int, error) { return w(p) }

// Each host breaks one rule, which the test has to find. Of the one that breaks none all rules are checked, and of the
// others those that are broken: each rule takes time.
func TestConformanceFindsWhatIsBroken(t *testing.T) {
	testbed.Need(t, "sh", "dd", "mktemp")
	this := sshhost.Local{}
	const children, ignoring = "cancelling ends what the command started", "cancelling ends a command that ignores TERM"
	ended := []string{"an ended context is an error", "a deadline ends the command", "cancelling ends the command", children, ignoring}
	var one sync.Mutex
	for _, test := range []struct {
		name string
		addr string
		run  func(ctx context.Context, command string, stdout, stderr io.Writer) error
		want []string
	}{
		{name: "nothing", addr: "localhost", run: this.Run},
		{name: "no address", run: this.Run, want: []string{"the test address is known"}},
		{name: "one output for both", addr: "localhost", run: func(ctx context.Context, command string, stdout, _ io.Writer) error {
			return this.Run(ctx, command, stdout, stdout)
		}, want: []string{"output is whole and apart"}},
		{name: "a terminal's line ends", addr: "localhost", run: func(ctx context.Context, command string, stdout, stderr io.Writer) error {
			return this.Run(ctx, command, written(func(p []byte) (int, error) {
				_, err := io.WriteString(stdout, strings.ReplaceAll(string(p), "\r\n", "\n"))
				return len(p), err
			}), stderr)
		}, want: []string{"output is copied byte for byte"}},
		{name: "a limit of output", addr: "localhost", run: func(ctx context.Context, command string, stdout, stderr io.Writer) error {
			n := 0
			return this.Run(ctx, command, written(func(p []byte) (int, error) {
				if n += len(p); n <= 500_000 {
					stdout.Write(p)
				}
				return len(p), nil
			}), stderr)
		}, want: []string{"output is copied byte for byte"}},
		{name: "no shell", addr: "localhost", run: func(ctx context.Context, command string, stdout, stderr io.Writer) error {
			if strings.HasPrefix(command, "x=") {
				command = "exec env " + command
			}
			return this.Run(ctx, command, stdout, stderr)
		}, want: []string{"a command runs in a shell of its own"}},
		{name: "errors without a status", addr: "localhost", run: func(ctx context.Context, command string, stdout, stderr io.Writer) error {
			if err := this.Run(ctx, command, stdout, stderr); err != nil && ctx.Err() == nil {
				return errors.New("failed")
			}
			return ctx.Err()
		}, want: []string{"exit statuses are errors"}},
		{name: "a status that is not passed on", addr: "localhost", run: func(ctx context.Context, command string, stdout, stderr io.Writer) error {
			this.Run(ctx, command, stdout, stderr)
			return ctx.Err()
		}, want: []string{"exit statuses are errors"}},
		{name: "output at the end", addr: "localhost", run: func(ctx context.Context, command string, stdout, stderr io.Writer) error {
			var b strings.Builder
			if strings.Contains(command, "while [ ! -s") {
				var cancel context.CancelFunc
				ctx, cancel = context.WithTimeout(ctx, time.Second) // the command would wait for longer
				defer cancel()
				defer func(out io.Writer) { io.WriteString(out, b.String()) }(stdout)
				stdout = &b
			}
			return this.Run(ctx, command, stdout, stderr)
		}, want: []string{"output is written as it arrives"}},
		{name: "one that mixes up outputs", addr: "localhost", run: func(ctx context.Context, command string, stdout, stderr io.Writer) error {
			if strings.HasPrefix(command, "i=0") && one.TryLock() {
				defer one.Unlock()
				command = "echo another; " + command
			}
			return this.Run(ctx, command, stdout, stderr)
		}, want: []string{"many goroutines call Run"}},
		{name: "an error that does not wrap the context's", addr: "localhost", run: func(ctx context.Context, command string, stdout, stderr io.Writer) error {
			err := this.Run(ctx, command, stdout, stderr)
			if ctx.Err() != nil {
				return errors.New("ended")
			}
			return err
		}, want: ended},
		{name: "a cancelled command that succeeded", addr: "localhost", run: func(ctx context.Context, command string, stdout, stderr io.Writer) error {
			err := this.Run(ctx, command, stdout, stderr)
			if ctx.Err() != nil {
				return nil
			}
			return err
		}, want: ended},
		{name: "the command's children live on", addr: "localhost", run: plain, want: []string{children}},
		{name: "only TERM is sent", addr: "localhost", run: func(ctx context.Context, command string, stdout, stderr io.Writer) error {
			if strings.Contains(command, "trap '' TERM") {
				go this.Run(context.WithoutCancel(ctx), "exec timeout 30 sh -c '"+strings.ReplaceAll(command, "'", `'\''`)+"'", stdout, stderr)
				<-ctx.Done()
				return ctx.Err()
			}
			return this.Run(ctx, command, stdout, stderr)
		}, want: []string{ignoring}},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			var got []string
			for _, r := range rules {
				if test.want != nil && !slices.Contains(test.want, r.name) {
					continue
				}
				if err := r.check(t.Context(), broken{test.run, test.addr}); err != nil {
					got = append(got, r.name)
					t.Logf("%s: %v", r.name, err)
				}
			}
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Errorf("broken rules (-want +got)\n%s", diff)
			}
		})
	}
}

// plain ends the shell alone.
func plain(ctx context.Context, command string, stdout, stderr io.Writer) error {
	cmd := exec.CommandContext(ctx, "sh", "-c", command)
	cmd.Stdout, cmd.Stderr = stdout, stderr
	cmd.WaitDelay = time.Second // or it would wait for the children, which hold the output
	err := cmd.Run()
	if ctx.Err() != nil {
		return ctx.Err()
	}
	if e, ok := errors.AsType[*exec.ExitError](err); ok && e.ExitCode() > 0 {
		return exitError(e.ExitCode())
	}
	return err
}

var _ iperf.HostSSH = broken{}
