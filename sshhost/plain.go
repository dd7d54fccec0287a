package sshhost

import (
	"context"
	"fmt"
	"io"
	"sync"
	"time"
)

// plain runs a command in a session of its own, without a supervisor.
func (h *Host) plain(ctx context.Context, command string, stdout, stderr io.Writer) (int, error) {
	if ctx.Err() != nil {
		return 0, ctxError(ctx)
	}
	if err := tooLong(command, longestArgument, " without a supervisor"); err != nil {
		return 0, err
	}
	c, ch, err := h.open(ctx, "exec", command)
	if err != nil {
		return 0, err
	}
	defer h.vacate(c, nil)
	defer ch.Close()
	ch.CloseWrite()

	failed := make(chan error, 2)
	var copying sync.WaitGroup
	var out [2]gate
	for i, stream := range []struct {
		w io.Writer
		r io.Reader
	}{{stdout, ch}, {stderr, ch.Stderr()}} {
		out[i].open(stream.w)
		defer out[i].close()
		copying.Add(1)
		h.wg.Go(func() {
			defer copying.Done()
			buf := make([]byte, 32<<10)
			for {
				n, err := stream.r.Read(buf)
				if _, writeErr := out[i].write(buf[:n]); writeErr != nil {
					failed <- writeErr
				}
				if err != nil {
					return
				}
			}
		})
	}
	ended := make(chan error, 1)
	status := 0
	h.wg.Go(func() {
		copying.Wait()
		var ok bool
		if status, ok = <-ch.exit; !ok {
			ended <- ErrLost
		}
		close(ended)
	})
	select {
	case err := <-ended:
		return status, err
	case <-ctx.Done():
		err = ctxError(ctx)
	case err = <-failed:
	}
	for _, step := range []struct {
		signal string
		wait   time.Duration
	}{{"TERM", termGrace}, {"KILL", killGrace}} {
		ch.signal(step.signal)
		select {
		case <-ended:
			return 0, err
		case <-time.After(step.wait):
		}
	}
	return 0, fmt.Errorf("%w; %w", err, ErrNotEnded)
}
