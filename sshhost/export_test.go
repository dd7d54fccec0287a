package sshhost

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"slices"
	"strings"
	"sync"
	"testing"
)

// A Supervisor is a supervisor that a test has started in a shell of its choice.
type Supervisor struct {
	*session
	Process *exec.Cmd
}

// StartSupervisor starts a supervisor in shell, with env as its environment, for
// commands that begin with prefix.
func StartSupervisor(t testing.TB, prefix string, env []string, shell ...string) *Supervisor {
	t.Helper()
	s, err := TryStartSupervisor(t, prefix, env, shell...)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// TryStartSupervisor is StartSupervisor in a shell that may be none.
func TryStartSupervisor(t testing.TB, prefix string, env []string, shell ...string) (*Supervisor, error) {
	t.Helper()
	cmd, p := startLoader(t, env, shell...)
	return supervise(t, cmd, p, prefix)
}

// supervise starts a supervisor in the shell cmd, whose streams are p.
func supervise(t testing.TB, cmd *exec.Cmd, p pipes, prefix string) (*Supervisor, error) {
	t.Helper()
	var wg sync.WaitGroup
	t.Cleanup(wg.Wait)
	s, err := newSession(context.Background(), p, prefix, 0, true, &wg)
	if err != nil {
		return nil, err
	}
	t.Cleanup(func() { s.close() })
	return &Supervisor{s, cmd}, nil
}

// Run runs a command.
func (s *Supervisor) Run(ctx context.Context, command string, stdout, stderr io.Writer) error {
	stdout, stderr = writers(stdout, stderr)
	status, err := s.run(ctx, command, stdout, stderr)
	return outcome("shell", status, err)
}

// NotBegun reports whether err is that of a command that another session can run.
func NotBegun(err error) bool { return errors.Is(err, errNotBegun) }

// startLoader starts a shell that reads a supervisor from its standard input, in a process group of its own.
func startLoader(t testing.TB, env []string, shell ...string) (*exec.Cmd, pipes) {
	t.Helper()
	cmd := exec.Command(shell[0], append(shell[1:], "-c", loader)...)
	cmd.Env = env
	ownGroup(cmd)
	p, err := startPipes(cmd)
	if err != nil {
		t.Fatal(err)
	}
	return cmd, p
}

// StartUnread starts a supervisor whose output pipes have no reader, and returns its process. Its standard input stays open
// until the test ends.
func StartUnread(t testing.TB, env []string, shell ...string) *os.Process {
	t.Helper()
	cmd, p := startLoader(t, env, shell...)
	p.stop(nil)
	t.Cleanup(func() { p.stdin.Close() })
	io.WriteString(p.stdin, supervisorText(newMark(), "unread", "", 60)) // fails if the supervisor ends before it has read everything
	go p.wait()
	return cmd.Process
}

// EndOutput closes the reading ends of the supervisor's streams.
func (s *Supervisor) EndOutput() { s.stop(nil) }

// EndInput closes the supervisor's standard input, as a dying connection does.
func (s *Supervisor) EndInput() { s.stdin.Close() }

// Expire sets a lease of a second, which is not renewed if the link is silent.
func (s *Supervisor) Expire() { s.Lease(1) }

// Lease sets the supervisor's lease, or renews it if the number of seconds is the same.
func (s *Supervisor) Lease(seconds int) error { return s.request(fmt.Sprintf("lease %d\n", seconds)) }

// Renew gives the supervisor a minute, as an answered keep-alive does.
func (s *Supervisor) Renew() { s.Lease(60) }

// Lost has the supervisor end, before the next command, what the command of that number has left.
func (s *Supervisor) Lost(number int) { s.sweep([]string{fmt.Sprintf("%s/%d/", s.id, number)}) }

// Mark begins the supervisor's own lines.
func (s *Supervisor) Mark() string { return s.mark }

// StartEager starts a supervisor, and sends it the requests to end its command as soon as it tells that the command has ended.
// told gets what it says on standard error.
func StartEager(t testing.TB, told *[]string, env []string, shell ...string) *Supervisor {
	t.Helper()
	cmd, p := startLoader(t, env, shell...)
	r, w := io.Pipe()
	stderr, stdin := p.stderr, p.stdin
	go func() { // until stderr ends
		defer w.Close()
		lines := bufio.NewReader(stderr)
		for {
			line, err := lines.ReadString('\n')
			if _, said, ok := strings.Cut(line, ":"); ok {
				*told = append(*told, said)
				io.WriteString(stdin, "term\nkill9\n")
			}
			if w.Write([]byte(line)); err != nil {
				return
			}
		}
	}()
	p.stderr = r
	s, err := supervise(t, cmd, p, "")
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// Recycle makes the number of the last command's process that of another, as the kernel may.
func (s *Supervisor) Recycle(pid int) { s.request(fmt.Sprintf(tagged("_job=%d\n"), pid)) }

// Reusable reports whether the supervisor may run another command.
func (s *Supervisor) Reusable() bool { return s.reusable() }

// Names returns the names of the supervisor's variables as they stand in its source.
func Names() []string {
	names := ourNames.FindAllString(supervisorSource, -1)
	slices.Sort(names)
	return slices.Compact(names)
}

// Tag ends these names on the host.
var Tag = tag

var (
	WithPrefix = withPrefix
	NewMark    = newMark
)

// Feed reads chunks as a stream with that mark, to its end, and returns the output, the words, and what came apart.
func Feed(mark string, chunks ...string) (output string, words []string, torn string) {
	m := markReader{mark: []byte(mark)}
	out := func(p []byte) { output += string(p) }
	for _, c := range chunks {
		if torn := m.feed([]byte(c), out, func(w string) { words = append(words, w) }); torn != nil {
			return output, words, string(torn)
		}
	}
	return output, words, string(m.end(out))
}

// FeedOpen returns the output of a stream that goes on after text.
func FeedOpen(mark, text string) (output string) {
	m := markReader{mark: []byte(mark)}
	m.feed([]byte(text), func(p []byte) { output += string(p) }, func(string) {})
	return output
}

// An SSHOption is a row of the table of options.
type SSHOption struct {
	Name, But, Reason string
	Refused, Obeyed   bool
}

// SSHOptions is the table of options.
var SSHOptions = func() (all []SSHOption) {
	for _, o := range sshOptions {
		all = append(all, SSHOption{o.name, o.but, o.reason, o.use == refused, o.use != refused && o.use != harmless})
	}
	return all
}()
