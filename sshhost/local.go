package sshhost

import (
	"cmp"
	"context"
	"errors"
	"io"
	"os/exec"
	"sync"
	"time"
)

// Local is this machine, without SSH. Its methods may be called from many goroutines at once, and there is nothing to
// close.
type Local struct {
	Addr   string // the address that test traffic is sent to; empty: 127.0.0.1
	Prefix string // put before every command, as Config.Prefix describes
}

// Run runs command on this machine as Host.Run does on its own. No connection can be lost, but what runs is ended all the
// same when this program dies, even by SIGKILL.
func (l Local) Run(ctx context.Context, command string, stdout, stderr io.Writer) error {
	stdout, stderr = writers(stdout, stderr)
	status, err := l.run(ctx, command, stdout, stderr)
	return outcome(l.String(), status, err)
}

func (l Local) run(ctx context.Context, command string, stdout, stderr io.Writer) (int, error) {
	command, err := withPrefix(l.Prefix, command)
	if err != nil {
		return 0, err
	}
	var wg sync.WaitGroup
	defer wg.Wait()
	s, err := l.supervise(ctx, &wg)
	if err != nil {
		return 0, err
	}
	defer s.close()
	s.help = func(ctx context.Context, victim string) bool {
		other, err := l.supervise(ctx, &wg)
		if err != nil {
			return false
		}
		defer other.close()
		return other.rescue(ctx, s, victim)
	}
	status, err := s.run(ctx, command, stdout, stderr)
	switch {
	case err == nil:
		s.request("idle\n")
	case errors.Is(err, ErrLost):
		l.sweep(ctx, s.lastRun(), &wg)
	}
	return status, err
}

// sweep ends what a supervisor has left that was killed.
func (l Local) sweep(ctx context.Context, run string, wg *sync.WaitGroup) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), termGrace+killGrace)
	defer cancel()
	s, err := l.supervise(ctx, wg)
	if err != nil {
		return
	}
	defer s.close()
	if s.sweep([]string{run}) == nil {
		s.run(ctx, ":", io.Discard, io.Discard) // begins when the sweeping is over
	}
}

// localLease is how long a command lives that does not hear from this program, as when that is stopped.
const localLease = 90 * time.Second

// supervise starts a supervisor on this machine.
func (l Local) supervise(ctx context.Context, wg *sync.WaitGroup) (*session, error) {
	shell := exec.Command("sh", "-c", loader)
	ownGroup(shell)
	p, err := startPipes(shell)
	if err != nil {
		return nil, err
	}
	return newSession(ctx, p, l.Prefix, localLease, true, wg)
}

// startPipes starts a shell and returns its ends of the pipes.
func startPipes(shell *exec.Cmd) (p pipes, err error) {
	var out, errs io.ReadCloser
	if p.stdin, err = shell.StdinPipe(); err != nil {
		return p, err
	}
	if out, err = shell.StdoutPipe(); err != nil {
		return p, err
	}
	if errs, err = shell.StderrPipe(); err != nil {
		return p, err
	}
	p.stdout, p.stderr = out, errs
	p.wait = func() { shell.Process.Wait() } // Cmd's own would close the pipes, with what was printed last in them
	p.kill = func() {
		if shell.Process.Kill() == nil { // its number is not another's by now
			killGroup(shell)
		}
	}
	p.stop = func(<-chan struct{}) { // what a daemon still prints has no reader
		out.Close()
		errs.Close()
	}
	return p, shell.Start()
}

// TestAddr returns the address that test traffic is sent to.
func (l Local) TestAddr() string { return cmp.Or(l.Addr, "127.0.0.1") }

// String returns "localhost".
func (l Local) String() string { return "localhost" }
