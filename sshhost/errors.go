package sshhost

import (
	"context"
	"errors"
	"fmt"
)

// What can go wrong with a host. Errors of this package wrap one of these, or the context's error, where one fits.
var (
	ErrUnreachable = errors.New("host does not answer") // no connection, or no SSH server there
	ErrAuth        = errors.New("login refused")        // ErrNoKey too
	ErrHostKey     = errors.New("host key refused")     // any of the next three too

	// ErrNoKey means that there was nothing to log in with: no key that could be used, and no password. It wraps ErrAuth.
	// If keys were named, the server was not asked, and the error says what is wrong with each.
	ErrNoKey error = &kind{"no key to log in with", ErrAuth}

	ErrAlgorithm = errors.New("no algorithm in common") // see Config.Ciphers, KeyExchanges and MACs

	// ErrDropped means that the server closed the connection before its version line, as it does when it is overloaded or
	// blocks our address. It wraps ErrUnreachable.
	ErrDropped = fmt.Errorf("%w: it closes the connection before it has told its name", ErrUnreachable)

	ErrHostKeyUnknown = fmt.Errorf("%w: not known", ErrHostKey)
	ErrHostKeyChanged = fmt.Errorf("%w: changed", ErrHostKey)
	ErrHostKeyRevoked = fmt.Errorf("%w: revoked", ErrHostKey)

	// ErrNoForwarding means that a jump host forbids connections through it. It wraps ErrUnreachable.
	ErrNoForwarding error = &kind{"the jump host forbids forwarding", ErrUnreachable}

	// ErrNotDialled means that a Host is nil or its zero value. Only Dial returns a Host that can be used.
	ErrNotDialled error = notDialled{}

	// ErrNoExec means that the server opens a session and refuses to run a command in it. It wraps ErrNoShell.
	ErrNoExec error = &kind{"the server refuses to run commands", ErrNoShell}

	// ErrNoSFTP means that the host has no SFTP server, which Host.SFTP, Upload and Download need.
	ErrNoSFTP = errors.New("no SFTP server")

	// ErrClosed means that Host.Close was called.
	ErrClosed error = closed{}

	ErrTimeout  = errors.New("no answer in time") // Config.Timeout has passed
	ErrNoShell  = errors.New("no POSIX shell")    // see Config.Plain
	ErrLost     = errors.New("connection lost")   // while a command ran: nobody knows its exit status
	errNotBegun = fmt.Errorf("%w before the command began", ErrLost)
	errClosing  = fmt.Errorf("%w: %w", ErrLost, ErrClosed) // the cause why calls end when the host is closed
	errSessions = errors.New("too many sessions")          // the server opens no further one on this connection
)

// A kind is a kind of error that belongs to a wider one and has a text of its own.
type kind struct {
	text  string
	wider error
}

func (k *kind) Error() string { return k.text }
func (k *kind) Unwrap() error { return k.wider }

// ErrNotEnded tells that a command was to end and has not, or that the host does not say so.
var ErrNotEnded error = notEnded{}

// notEnded has a method by which callers can tell it who do not import this package, such as package iperf.
type notEnded struct{}

func (notEnded) Error() string  { return "end not confirmed" }
func (notEnded) NotEnded() bool { return true }

// notDialled has a method by which callers that do not import this package, such as package iperf, tell it from a host
// that was lost.
type notDialled struct{}

func (notDialled) Error() string  { return "host is not from Dial" }
func (notDialled) Unusable() bool { return true }

// closed has a method by which callers that do not import this package, such as package iperf, tell it from a host that was
// lost.
type closed struct{}

func (closed) Error() string { return "host is closed" }
func (closed) Closed() bool  { return true }

// An ExitError tells that a command ran and that its exit status was not 0.
type ExitError struct {
	Host   string
	Status int // 127: not found; 126: found but not executable; 128+n: ended by signal n
}

func (e *ExitError) Error() string { return fmt.Sprintf("%s: exit status %d", e.Host, e.Status) }

// ExitStatus returns the command's exit status.
func (e *ExitError) ExitStatus() int { return e.Status }

// ctxError returns an error that wraps both the error and the cause of a context that has ended. A time limit of our own
// and the closing of the host are no matter of the caller's context.
func ctxError(ctx context.Context) error {
	err, cause := ctx.Err(), context.Cause(ctx)
	if cause == errClosing || errors.Is(cause, err) || errors.Is(cause, ErrTimeout) {
		return cause
	}
	return fmt.Errorf("%w: %w", err, cause)
}
