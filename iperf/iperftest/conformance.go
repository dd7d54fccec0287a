package iperftest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/tunaperf/tuna/iperf"
)

// TestHost tests a host of one's own against the contract of iperf.HostSSH, a subtest for each rule. The host needs a
// POSIX shell with the usual tools, and a folder for temporary files that TMPDIR names, or /tmp. Commands are short, write
// nothing but one file there, and have ended when TestHost returns, unless the host has failed the test. A host on which
// nothing answers fails within minutes.
func TestHost(t *testing.T, h iperf.HostSSH) {
	for _, r := range rules {
		t.Run(r.name, func(t *testing.T) {
			if err := r.check(t.Context(), h); err != nil {
				t.Error(err)
			}
		})
	}
}

// A rule is a part of the contract of iperf.HostSSH.
type rule struct {
	name  string
	check func(ctx context.Context, h iperf.HostSSH) error
}

var rules = []rule{
	{"the test address is known", testAddress},
	{"output is whole and apart", outputs},
	{"output is copied byte for byte", everyByte},
	{"a command runs in a shell of its own", ownShell},
	{"exit statuses are errors", exitStatuses},
	{"output is written as it arrives", asItArrives},
	{"many goroutines call Run", atOnce},
	{"an ended context is an error", alreadyEnded},
	{"a deadline ends the command", deadline},
	{"cancelling ends the command", ending("exec sleep 1000 >/dev/null")},
	{"cancelling ends what the command started", ending("sleep 1000 >/dev/null & echo $!; wait")},
	{"cancelling ends a command that ignores TERM", ending("trap '' TERM; while :; do sleep 1; done >/dev/null")},
}

// patience is how long a command may take.
const patience = 20 * time.Second

// run runs a command that has to succeed, and returns what it printed.
func run(ctx context.Context, h iperf.HostSSH, command string) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	var stdout, stderr bytes.Buffer
	if err := h.Run(ctx, command, &stdout, &stderr); err != nil {
		return "", fmt.Errorf("%.200s: %w\n%s", command, err, stderr.String())
	}
	return stdout.String(), nil
}

// same runs a command and compares what it prints.
func same(ctx context.Context, h iperf.HostSSH, command, want string) error {
	got, err := run(ctx, h, command)
	if err == nil && got != want {
		return fmt.Errorf("%.200s: printed %d bytes, %.200q, want %d bytes, %.200q", command, len(got), got, len(want), want)
	}
	return err
}

func testAddress(_ context.Context, h iperf.HostSSH) error {
	if addr := h.TestAddr(); addr == "" || strings.ContainsAny(addr, " \t\n") {
		return fmt.Errorf("TestAddr is %q: must be an address or a name", addr)
	}
	return nil
}

func outputs(ctx context.Context, h iperf.HostSSH) error {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	var stdout, stderr bytes.Buffer
	err := h.Run(ctx, "echo out; echo err >&2; printf tail; printf end >&2", &stdout, &stderr)
	if err != nil || stdout.String() != "out\ntail" || stderr.String() != "err\nend" {
		return fmt.Errorf("got %q on stdout and %q on stderr, %w, want %q and %q", stdout.String(), stderr.String(), orNone(err), "out\ntail", "err\nend")
	}
	return nil
}

func orNone(err error) error {
	if err == nil {
		return errors.New("no error")
	}
	return err
}

func everyByte(ctx context.Context, h iperf.HostSSH) error {
	return errors.Join(
		same(ctx, h, `printf '\000\001\002\377\r\n\n\033[0m'`, "\x00\x01\x02\xff\r\n\n\x1b[0m"),
		same(ctx, h, `dd if=/dev/zero bs=1000 count=1000 2>/dev/null | tr '\000' x`, strings.Repeat("x", 1000_000)),
	)
}

func ownShell(ctx context.Context, h iperf.HostSSH) error {
	long := strings.Repeat("long ", 4000)
	return errors.Join(
		same(ctx, h, `x='a  b'; cd / && echo "$x" $((1+2)) | tr a c; echo $PWD`, "c  b 3\n/\n"),
		same(ctx, h, `echo "${x-unset}"`, "unset\n"),
		same(ctx, h, `echo "`+long+`"`, long+"\n"),
	)
}

func exitStatuses(ctx context.Context, h iperf.HostSSH) (failed error) {
	for command, want := range map[string]int{"exit 1": 1, "echo out; exit 7": 7, "(exit 255)": 255, "/nonexistent/program": 127} {
		ctx, cancel := context.WithTimeout(ctx, patience)
		err := h.Run(ctx, command, io.Discard, io.Discard)
		cancel()
		e, ok := errors.AsType[interface {
			error
			ExitStatus() int
		}](err)
		if !ok {
			failed = errors.Join(failed, fmt.Errorf("%s: got %w, want an error with ExitStatus() int", command, orNone(err)))
		} else if got := e.ExitStatus(); got != want {
			failed = errors.Join(failed, fmt.Errorf("%s: got exit status %d, want %d", command, got, want))
		}
	}
	return failed
}

// A firstLine passes on the first line that is written.
type firstLine struct {
	line chan string // of 1
	text string
}

func newFirstLine() *firstLine { return &firstLine{line: make(chan string, 1)} }

func (w *firstLine) Write(p []byte) (int, error) {
	before := strings.Contains(w.text, "\n")
	w.text += string(p)
	if line, _, ok := strings.Cut(w.text, "\n"); ok && !before {
		w.line <- line
	}
	return len(p), nil
}

// asItArrives starts a command that goes on only if its first line has arrived.
func asItArrives(ctx context.Context, h iperf.HostSSH) (failed error) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	file, err := run(ctx, h, "mktemp")
	if err != nil {
		return err
	}
	file = "'" + strings.TrimSpace(file) + "'"
	defer func() {
		_, err := run(context.WithoutCancel(ctx), h, "rm -f "+file)
		failed = errors.Join(failed, err)
	}()
	out := newFirstLine()
	over := make(chan error, 1)
	go func() {
		over <- h.Run(ctx, "echo first; while [ ! -s "+file+" ]; do sleep 0.1 || sleep 1; done 2>/dev/null; echo second", out, io.Discard)
	}()
	select {
	case <-out.line:
		if _, err := run(ctx, h, "echo go >"+file); err != nil {
			cancel()
			<-over
			return err
		}
	case err := <-over:
		return fmt.Errorf("nothing came while the command ran: %w", orNone(err))
	}
	if err := <-over; err != nil || out.text != "first\nsecond\n" {
		return fmt.Errorf("got %q, %w", out.text, orNone(err))
	}
	return nil
}

func atOnce(ctx context.Context, h iperf.HostSSH) error {
	const n = 10
	var errs [n]error
	var runs sync.WaitGroup
	for i := range n {
		runs.Go(func() {
			want := strings.Repeat(strconv.Itoa(i)+"\n", 100)
			errs[i] = same(ctx, h, fmt.Sprintf("i=0; while [ $i -lt 100 ]; do echo %d; i=$((i+1)); done", i), want)
		})
	}
	runs.Wait()
	return errors.Join(errs[:]...)
}

func alreadyEnded(ctx context.Context, h iperf.HostSSH) error {
	ctx, cancel := context.WithCancel(ctx)
	cancel()
	return wraps(h.Run(ctx, "sleep 1", io.Discard, io.Discard), context.Canceled)
}

func wraps(err, want error) error {
	if !errors.Is(err, want) {
		return fmt.Errorf("got %w, want an error that wraps %q", orNone(err), want)
	}
	return nil
}

func deadline(ctx context.Context, h iperf.HostSSH) error {
	ctx, cancel := context.WithTimeout(ctx, 500*time.Millisecond)
	defer cancel()
	start := time.Now()
	err := wraps(h.Run(ctx, "exec sleep 60", io.Discard, io.Discard), context.DeadlineExceeded)
	if took := time.Since(start); took > patience {
		err = errors.Join(err, fmt.Errorf("Run returned after %v, with a deadline of 500ms", took.Round(time.Second)))
	}
	return err
}

// ending returns a check that a command has ended when Run returns after its context was cancelled. The command runs behind
// one that prints the number of its shell, and may print the number of another process in the same line.
func ending(command string) func(context.Context, iperf.HostSSH) error {
	return func(ctx context.Context, h iperf.HostSSH) error {
		limited, cancelAll := context.WithTimeout(ctx, patience)
		defer cancelAll()
		runCtx, cancel := context.WithCancel(limited)
		defer cancel()
		out := newFirstLine()
		over := make(chan error, 1)
		prefix := "echo $$; "
		if strings.Contains(command, "echo ") {
			prefix = `printf '%s ' $$; `
		}
		go func() { over <- h.Run(runCtx, prefix+command, out, io.Discard) }()
		var pids string
		select {
		case pids = <-out.line:
		case err := <-over:
			return fmt.Errorf("ended without being cancelled, or its output did not come: %w", orNone(err))
		}
		cancel()
		select {
		case err := <-over:
			left, leftErr := run(ctx, h, fmt.Sprintf(stillThere, pids))
			if leftErr == nil && left != "" {
				leftErr = fmt.Errorf("when Run had returned, processes were left: %s", strings.Join(strings.Fields(left), ", "))
				run(ctx, h, "kill -9 "+strings.Join(strings.Fields(left), " "))
			}
			return errors.Join(wraps(err, context.Canceled), leftErr)
		case <-time.After(patience):
			run(ctx, h, "kill -9 "+pids)
			return fmt.Errorf("Run did not return within %v after its context was cancelled", patience)
		}
	}
}

// stillThere prints those of the processes that are there and no zombies, which only wait for their parents.
const stillThere = `for p in %s; do
	if kill -0 $p 2>/dev/null; then
		state=
		if [ -r /proc/$p/stat ]; then read -r pid name state rest </proc/$p/stat; fi 2>/dev/null
		if [ "$state" != Z ]; then echo $p; fi
	fi
done`
