package iperf

import (
	"context"
	"errors"
)

// A callerError is an error that the caller's code returned. Its text, exit status and kind were read once under a guard.
// Is and As are guarded because they call the methods of the errors that it wraps. It has no Unwrap, by which
// errors.Is would step past that guard.
type callerError struct {
	err      error
	text     string
	status   int
	exited   bool // err has an ExitStatus
	notEnded bool
	unusable bool
	closed   bool
}

func (e *callerError) Error() string  { return e.text }
func (e *callerError) NotEnded() bool { return e.notEnded }
func (e *callerError) Unusable() bool { return e.unusable }
func (e *callerError) Closed() bool   { return e.closed }

func (e *callerError) Is(target error) (is bool) {
	guard("", func() { is = errors.Is(e.err, target) })
	return is
}

func (e *callerError) As(target any) (as bool) {
	guard("", func() { as = errors.As(e.err, target) })
	return as
}

// callerError returns err so that its methods are called under a guard, or a *PanicError if one of them panics, as those
// of a nil pointer do. what names the code that returned it.
func (c *catcher) callerError(what string, err error) error {
	if err == nil {
		return nil
	}
	e := &callerError{err: err}
	if caught := c.call("the error of "+what, e.read); caught != nil {
		return caught
	}
	return e
}

// read calls the methods of the error and of what it wraps.
func (e *callerError) read() {
	e.text = e.err.Error()
	e.status, e.exited = exitStatus(e.err)
	e.notEnded = notEnded(e.err)
	e.unusable = unusable(e.err)
	e.closed = closed(e.err)
	isAny(e.err, errorKinds...)
}

// safeCause returns the cause of a context, or a *PanicError if one of the methods of the caller's cause panics.
func safeCause(ctx context.Context) error {
	e := &callerError{err: context.Cause(ctx)}
	if e.err == nil {
		return nil
	}
	read := func() {
		e.read()
		errors.Is(e.err, e.err) // panics if the cause holds a value that cannot be compared; see oneEnd
	}
	if caught := guard("the cause of the context", read); caught != nil {
		return caught
	}
	return e.err
}
