package iperf

import (
	"context"
	"fmt"
	"time"
)

// A DeadlineError means that the context ends before the test can be over. Nothing was started. It wraps ErrSettings and
// ErrTimeout, and context.DeadlineExceeded.
type DeadlineError struct {
	Left time.Duration // until the context ends
	Test time.Duration // that the test takes by its settings, without its start and end
}

// Error returns one line with both durations.
func (e *DeadlineError) Error() string {
	return fmt.Sprintf("%v: the context ends in %v, but the test takes %v: give the context more time, or shorten Client.Time",
		ErrSettings, e.Left.Round(time.Millisecond), e.Test)
}

// Unwrap returns ErrSettings, ErrTimeout and context.DeadlineExceeded.
func (e *DeadlineError) Unwrap() []error {
	return []error{ErrSettings, ErrTimeout, context.DeadlineExceeded}
}

// tooLate returns a *DeadlineError if ctx ends before the test can be over.
func (x *Iperf) tooLate(ctx context.Context) error {
	test, fixed := x.Client.duration()
	deadline, ok := ctx.Deadline()
	if left := time.Until(deadline); fixed && ok && left < test && ctx.Err() == nil {
		return &DeadlineError{Left: left, Test: test}
	}
	return nil
}

// A deadlineError is the cause of a context whose time was set here.
type deadlineError struct {
	after time.Duration
	what  string // the missing event, with ": " before it; empty: the error says it already
}

func (e deadlineError) Error() string { return fmt.Sprintf("timed out after %v%s", e.after, e.what) }
func (e deadlineError) Unwrap() []error {
	return []error{ErrTimeout, context.DeadlineExceeded}
}

func withTimeout(ctx context.Context, d time.Duration) (context.Context, context.CancelFunc) {
	return context.WithTimeoutCause(ctx, d, deadlineError{after: d})
}
