package sshhost

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"golang.org/x/crypto/ssh"
)

// plain runs a command in a session of its own, without a supervisor.
func (h *Host) plain(ctx context.Context, command string, stdout, stderr io.Writer) (int, error) {
	c, s, err := h.open(ctx, func(s *ssh.Session) error {
		s.Stdout, s.Stderr = stdout, stderr
		return s.Start(command)
	})
	if err != nil {
		return 0, err
	}
	defer h.vacate(c, nil)
	return h.plainWait(ctx, s)
}

func (h *Host) plainWait(ctx context.Context, s *ssh.Session) (int, error) {
	defer s.Close()
	ended := make(chan error, 1)
	h.wg.Go(func() { ended <- s.Wait() })
	select {
	case err := <-ended:
		return plainStatus(err)
	case <-ctx.Done():
	}
	for _, step := range []struct {
		signal ssh.Signal
		wait   time.Duration
	}{{ssh.SIGTERM, termGrace}, {ssh.SIGKILL, killGrace}} {
		s.Signal(step.signal)
		select {
		case <-ended:
			return 0, ctxError(ctx)
		case <-time.After(step.wait):
		}
	}
	return 0, fmt.Errorf("%w; %w", ctxError(ctx), ErrNotEnded)
}

// plainStatus returns the exit status that the error of a session's Wait tells. A signal's is what a shell would say.
func plainStatus(err error) (int, error) {
	if exit, ok := errors.AsType[*ssh.ExitError](err); ok {
		return exit.ExitStatus(), nil
	}
	if _, ok := errors.AsType[*ssh.ExitMissingError](err); ok {
		return 0, ErrLost
	}
	return 0, err
}
