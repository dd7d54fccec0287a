package sshhost

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"sync"
)

// A Host is a machine that is reached over SSH. Its methods may be called from many goroutines at once. Those of a nil
// Host and of the zero value return ErrNotDialled.
//
// A host keeps its connection and some shells open, so that a command costs no login. When the connection is lost, the
// commands that run end with ErrLost, and the next one connects anew.
type Host struct{ *pool }

// Dial connects to the host that c describes, logs in, and opens the shells that commands will run under. ctx bounds all
// of that and nothing that comes later. The caller closes the host.
//
// The error tells with errors.Is what is wrong: ErrUnreachable, and with it ErrTimeout or ctx's error if it was a matter
// of time, or ErrDropped or ErrNoForwarding; ErrAlgorithm; ErrHostKey and its kinds; ErrAuth and ErrNoKey; ErrNoShell and
// ErrNoExec. A server that closes connections without a word, as OpenSSH's does at random when many log in at once, is
// tried again for up to 20 seconds.
//
// Dial returns when ctx ends, even if a key, a certificate or a known_hosts file is a FIFO or on a file system that hangs:
// the goroutine that reads is left behind then, and ends with the read.
func Dial(ctx context.Context, c Config) (*Host, error) {
	c, err := c.withDefaults()
	if err != nil {
		return nil, err
	}
	h := &Host{newPool(c)}
	if err := h.warmUp(ctx); err != nil {
		h.Close()
		return nil, err
	}
	return h, nil
}

// Run runs command, which is text for the host's sh, and returns when it has exited and its output is copied. Output is
// written as it arrives, byte for byte; a nil writer discards it. The two writers may be the same one: only one write
// goes on at a time then. The command's standard input is empty. It may have 1 MiB of text. Behind a prefix that takes it as
// an argument, and with Config.Plain, it may have 128 KiB.
//
// When ctx ends first, Run ends the command and everything that it has started on the host: with SIGTERM, and with SIGKILL
// two seconds later. It waits for that and returns an error that wraps both ctx's error and its cause. If the host does
// not say within some six seconds that all has ended, the error wraps ErrNotEnded as well; the host sees to it by itself
// as soon as it notices that the connection is gone. A deadline of ctx is known on the host, and holds there too.
//
// A command that has exited leaves nothing in the background: what is still in its session or its process group is ended
// before Run returns. If that fails, the error wraps ErrNotEnded, and also an *ExitError unless the exit status is 0. Only a
// process that has put itself into a session of its own, as a daemon does, lives on, and only if the command ended by itself.
// Neither a lost connection nor Close ends it. On a host without /proc such a process lives on also if the command is ended
// before its time: there is nothing by which it could be found.
// What such a process prints after that is discarded, as long as the host is open. Dropbear closes its streams instead.
//
// An exit status other than 0 is an *ExitError. When the connection is lost, nobody knows how the command ended, if it did:
// the error wraps ErrLost, and neither has an exit status nor wraps ctx's error. When a writer fails, the command is ended
// and the error wraps the writer's. A writer must not block for ever, for Run waits for it.
func (h *Host) Run(ctx context.Context, command string, stdout, stderr io.Writer) error {
	ctx, leave, err := h.begin(ctx)
	if err != nil {
		return fmt.Errorf("%s: %w", h, err)
	}
	defer leave()
	run := h.supervised
	if h.config.Plain {
		run = h.plain
	}
	command, err = withPrefix(h.config.Prefix, command)
	if err != nil {
		return fmt.Errorf("%s: %w", h, err)
	}
	stdout, stderr = writers(stdout, stderr)
	status, err := run(ctx, command, stdout, stderr)
	return outcome(h.String(), status, err)
}

// outcome returns what Run does.
func outcome(host string, status int, err error) error {
	switch {
	case err != nil && status != 0:
		return fmt.Errorf("%w; %w", &ExitError{Host: host, Status: status}, err)
	case err != nil:
		return fmt.Errorf("%s: %w", host, err)
	case status != 0:
		return &ExitError{Host: host, Status: status}
	}
	return nil
}

func (h *Host) supervised(ctx context.Context, command string, stdout, stderr io.Writer) (int, error) {
	for again := furtherTries; ; again-- {
		s, err := h.acquire(ctx)
		switch {
		case errors.Is(err, errClosing):
			return 0, ErrClosed
		case err != nil:
			return 0, err
		}
		c := h.home(s)
		status, err := s.run(ctx, command, stdout, stderr)
		h.release(s)
		switch {
		case errors.Is(err, errClosing):
		case errors.Is(err, ErrLost) && h.isClosed():
			err = fmt.Errorf("%w: %w", err, ErrClosed)
		case errors.Is(err, errNotBegun) && again > 0:
			continue
		case errors.Is(err, ErrLost):
			h.sweep(ctx, c)
		}
		return status, err
	}
}

// begin begins a call as enter does.
func (h *Host) begin(ctx context.Context) (_ context.Context, leave func(), err error) {
	if h.isZero() {
		return nil, nil, ErrNotDialled
	}
	return h.enter(ctx)
}

// Facts returns a map in which callers keep what they find out about the host and want to know as long as it is open, such as
// the versions of its programs. Each has keys of a type of its own. Whether a fact still holds is for the caller to find out:
// the map outlives a lost connection. It is nil if h is not from Dial.
func (h *Host) Facts() *sync.Map {
	if h.isZero() {
		return nil
	}
	return &h.facts
}

func (h *Host) isZero() bool { return h == nil || h.pool == nil }

// TestAddr returns the address that test traffic is sent to, an IPv6 address without brackets. It is empty if h is not
// from Dial.
func (h *Host) TestAddr() string {
	if h.isZero() {
		return ""
	}
	return h.config.TestAddr
}

// String returns the user and the address: user@host, and the port if it is not 22.
func (h *Host) String() string {
	if h.isZero() {
		return "sshhost.Host"
	}
	return h.config.User + "@" + strings.TrimSuffix(h.config.Addr, ":22")
}

// Close ends the commands that still run, with everything that they have started, as the end of their context would, and
// their Run returns ErrLost and ErrClosed. Then it ends our shells on the host, the connection, and the sessions of SFTP.
// It waits for each Run, Upload and Download, so a writer or a reader of theirs must not call it, and for the shells.
// Daemons that earlier commands have left live on. Close may be called again.
//
// If the host answers and a shell of ours does not end, though it was sent SIGKILL, the error wraps ErrNotEnded. A host
// that does not answer within two seconds is left to itself: it ends what runs there when it notices that the connection is
// gone, and the error is nil.
func (h *Host) Close() error {
	if h.isZero() {
		return ErrNotDialled
	}
	if err := h.pool.close(); err != nil {
		return fmt.Errorf("%s: %w", h, err)
	}
	return nil
}
