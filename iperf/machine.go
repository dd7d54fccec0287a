package iperf

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"sync"
	"time"
)

// A machine is a host and what it said about itself before a run.
type machine struct {
	host    HostSSH
	program string // to run there
	version Version
	rtt     time.Duration // of the question for the version
	asked   time.Duration // from the first question to the last answer
	system  string        // the output of uname -a, for the manifest
	before  *ports        // in use before the run; nil: not asked, or the host cannot say

	peer      string // test address of the other end
	traceable truth  // whether the host's shell runs the commands of a trace; unclear: it was not asked
	trace     *trace // nil: none was started
}

// asking is how long a host may take to say which version it has. A first command may have to reconnect to it.
const asking = 30 * time.Second

// ask asks a host everything that a run needs to know of it, side by side. If peer is not empty, it starts a trace of the
// path to that address, which the caller must close, also after an error.
func (x *Iperf) ask(ctx context.Context, h HostSSH, role Role, peer string) (*machine, error) {
	asked, cancel := context.WithTimeoutCause(ctx, asking, deadlineError{asking, ": it did not tell its version"})
	defer cancel()
	m := &machine{host: h, program: x.program()}
	start := time.Now()
	defer func() { m.asked = time.Since(start) }()
	var err error
	var all sync.WaitGroup
	all.Go(func() {
		start := time.Now()
		m.version, err = askVersion(asked, h, m.program)
		m.rtt = time.Since(start)
	})
	// A server is seen to listen by its banner or by its port, which must not have been another's. Besides, two UDP
	// sockets may share a port: an iperf 2 server would start beside another and get nothing.
	if role == RoleServer {
		all.Go(func() {
			// If the host is lost, its version is not told either. Otherwise the run does without this.
			if p, err := listening(asked, h); err == nil {
				m.before = &p
			}
		})
	}
	if peer != "" && !x.NoPath {
		m.peer, m.trace = peer, x.startTrace(ctx, h, role, peer, x.pause(h))
		all.Go(m.learnTraceable)
	}
	var identity string
	sure := false
	if factsOf(h) != nil {
		all.Go(func() { identity, m.system, sure = identify(asked, h, m.program) })
	} else if _, ok := x.FileStorage.(fileWriter); ok {
		all.Go(func() {
			var out buffer
			if h.Run(asked, "uname -a", &out, io.Discard) == nil {
				m.system = strings.TrimSpace(out.String())
			}
		})
	}
	all.Wait()
	switch {
	case errors.Is(err, ErrNotInstalled) && x.Install != nil:
		err = m.install(ctx, x.Install)
	case err == nil && sure:
		m.keep(m.program, identity)
	}
	return m, err
}

// oneInstall has room for one Install at a time: two hosts may share a home directory, or be the same machine.
var oneInstall = make(chan struct{}, 1)

// install puts a program on the host that has none, and asks again.
func (m *machine) install(ctx context.Context, install func(context.Context, HostSSH) (string, error)) error {
	select {
	case oneInstall <- struct{}{}:
		defer func() { <-oneInstall }()
	case <-ctx.Done():
		return fmt.Errorf("%w on %s, and others are being installed: %w", ErrNotInstalled, hostName(m.host), endedBy(ctx))
	}
	// What is sent may be large and the link slow, so this has a time of its own.
	ctx, cancel := withTimeout(ctx, installing)
	defer cancel()
	program, err := install(ctx, m.host)
	if err != nil {
		return fmt.Errorf("%w on %s, and installing it failed: %w", ErrNotInstalled, hostName(m.host), err)
	}
	m.program = program
	m.version, err = askVersion(ctx, m.host, program)
	return err
}
