package iperf

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/tunaperf/tuna/iperf/report"
)

// A Server is an iperf server that was started on a host and was seen to listen. It serves one test. Stop ends it; so
// does the context that it was started with. Its methods may be called from many goroutines.
type Server struct {
	Port int // where it listens; with IncrDstPort the first port

	process  *process
	catcher  *catcher // nil in a run, which has its own
	warnings []error
	unseen   error         // there was no evidence that it listens; also one of warnings
	ports    int           // how many from Port on it listens on
	reserved int           // the port that reserve gave; 0: none
	textual  bool          // it prints a line for each connection
	drain    time.Duration // how long it may take to finish its report
	accepted EventTimer    // open: a client came
	banner   EventTimer    // open: it said that it listens
	again    EventTimer    // open: the test is over and it listens for another
	seen     time.Time     // when it was seen to listen; zero: never
	startup  time.Duration // how long its program takes to start, as far as known
	stop     sync.Once
	storeErr error
}

// StartServer starts an iperf server on h that serves one test, and returns when it is seen to listen: when it has said
// so, or when its port is listened on while it lives. Without any evidence it returns when the EventTimer's time is
// over. Raw output is kept under the name server_<timestamp>_<protocol>_<name>. The server ends with ctx. The caller
// must call Stop.
//
// Errors are *RunError where the program failed; ErrPortInUse means that something else has its port.
func (x *Iperf) StartServer(ctx context.Context, h HostSSH, name string) (*Server, error) {
	if err := x.Check(); err != nil {
		return nil, err
	}
	x, c, ctx := x.guarded(ctx)
	srv, err := x.startServerOn(ctx, c, h, name)
	if err != nil {
		c.end(nil)
		return nil, c.result(err)
	}
	srv.catcher = c
	return srv, nil
}

// startServerOn starts a server that is no part of a run.
func (x *Iperf) startServerOn(ctx context.Context, c *catcher, h HostSSH, name string) (*Server, error) {
	host, err := c.host(h, "", "the host")
	if err != nil {
		return nil, err
	}
	m, err := x.ask(ctx, host, RoleServer, "")
	if err != nil {
		return nil, err
	}
	line, err := x.serverLine(m.version, host.TestAddr())
	if err != nil {
		return nil, err
	}
	return x.startServer(ctx, x.newSession(x.fileName(0, name)), m, line, true)
}

// startServer starts the server on its port or, with AutoPort, on a free one. If sure is false, the banner of an iperf 2 server
// of TCP counts as evidence that it listens, although iperf 2 prints it shortly before: see wasEarly.
func (x *Iperf) startServer(ctx context.Context, s *session, m *machine, line line, sure bool) (*Server, error) {
	sure = m.version.Major < 3 && (sure || x.Client.protocol() == report.ProtocolUDP)
	if !x.picksPort(m.version) {
		return x.startServerAt(ctx, s, m, line, x.port(m.version), sure)
	}
	var before ports
	if m.before != nil {
		before = *m.before
	}
	failed := map[int]bool{}
	for {
		port, err := before.reserve(x.Client.ports(), failed)
		if err != nil {
			return nil, err
		}
		srv, err := x.startServerAt(ctx, s, m, line, port, sure)
		if err == nil {
			srv.reserved = port
			return srv, nil
		}
		release(port, x.Client.ports())
		if !errors.Is(err, ErrPortInUse) || ctx.Err() != nil {
			return nil, err
		}
		failed[port] = true // another program was faster; every turn leaves a port less
	}
}

// picksPort reports whether AutoPort applies.
func (x *Iperf) picksPort(v Version) bool {
	_, given := v.portIn(x.Server.Extra)
	return x.Server.AutoPort && !given
}

func (x *Iperf) startServerAt(ctx context.Context, s *session, m *machine, line line, port int, sure bool) (*Server, error) {
	h, v := m.host, m.version
	args := line.at(port)
	cmd := command{host: h, role: RoleServer, argv: append([]string{m.program}, args...)}
	n := x.Client.ports()
	if m.before != nil && m.before.takenOf(x.Client.protocol(), v, port, n) > 0 {
		return nil, &RunError{Host: hostName(h), Machine: machineOf(h), Role: RoleServer, Command: cmd.text(), ExitStatus: -1, Err: portInUse(port)}
	}
	srv := &Server{Port: port, ports: n, textual: printsBanner(v, args), drain: x.EventTimer.limit(), startup: m.rtt}
	gate := EventTimer{Time: x.EventTimer.startup(m.rtt)}
	gate.Clear()
	srv.accepted.Clear()
	srv.banner.Clear()
	srv.again.Clear()
	p, err := s.start(ctx, cmd, m, func(line []byte) {
		switch {
		case bytes.Contains(line, []byte("Server listening on")):
			if isClosed(srv.banner.Event()) {
				srv.again.Set()
			}
			srv.banner.Set()
			if n == 1 && !sure { // of several ports, others may still be missing
				gate.Set()
			}
		case bytes.Contains(line, []byte("Accepted connection from")), bytes.Contains(line, []byte(" connected with ")):
			srv.accepted.Set()
		}
	}, nil)
	if err != nil {
		return nil, err
	}
	srv.process = p

	// p.ctx ends with the program, so that nobody waits for one that has exited.
	var watch sync.WaitGroup
	watchCtx, stopWatching := context.WithCancel(p.ctx)
	var listens ports
	watch.Go(func() { listens = x.watchPort(watchCtx, srv, h, v, &gate, sure) })
	err = gate.Wait(p.ctx)
	stopWatching()
	watch.Wait()

	// Two servers of UDP that started at the same moment have found the port free, and share it now: each may get the
	// other's client.
	if err == nil && v.Major < 3 && x.Client.protocol() == report.ProtocolUDP && m.before != nil {
		if !srv.textual && !x.Server.AutoPort { // the list may have been read before this server was bound
			if now, err := listening(p.ctx, h); err == nil {
				listens = now
			}
		}
		if listens.shared(*m.before, port) {
			p.stop()
			return nil, both(both(p.failure(portInUse(port), ""), p.stopErr), p.closeFiles())
		}
	}
	switch {
	case err == nil:
		srv.seen = time.Now()
		return srv, nil
	case errors.Is(err, ErrTimeout) && p.ctx.Err() == nil:
		srv.unseen = fmt.Errorf("server on %s: %w on port %d: %w", hostName(h), errUnseen, port, err)
		srv.warnings = append(srv.warnings, srv.unseen)
		return srv, nil
	}
	<-p.done
	err = p.runErr
	if err == nil { // iperf 2 exits with 0 when it cannot bind
		err = p.fail(context.WithoutCancel(ctx), errEarlyExit, p.stderr.String())
	}
	return nil, both(err, p.closeFiles())
}

// errUnseen is in the error of a client that was refused after the server's time to start was over.
var errUnseen = errors.New("no evidence that it listens")

func portInUse(port int) error {
	return fmt.Errorf("%w: %d, and Server.AutoPort would find another", ErrPortInUse, port)
}

// bannerTime is how long only the banner is waited for, before the port is looked at too. Between two looks pollTime
// passes or, on a machine that takes long to answer, some times as much as it took: others may be waiting for it too.
const bannerTime, pollTime, pollRest = 250 * time.Millisecond, 50 * time.Millisecond, 10

// sameSocket is how long the port of a server that should print a banner must be listened on by the same socket. The port
// alone may be another run's that was faster. A server that cannot bind has ended by then, on a machine that starts its
// program as fast as when it was asked for its version.
const sameSocket, sameStartups = 750 * time.Millisecond, 5

// watchPort sets the gate if the host's list of ports shows that the server listens, and returns that list. Each look is a
// command on the host, so it first waits bannerTime for a server that prints a banner. If sure is true, it looks after the
// banner too.
func (x *Iperf) watchPort(ctx context.Context, srv *Server, h HostSSH, v Version, gate *EventTimer, sure bool) ports {
	timer := time.NewTimer(0)
	if srv.textual {
		timer.Reset(bannerTime)
	}
	defer timer.Stop()
	var banner <-chan struct{}
	if sure {
		banner = srv.banner.Event()
	}
	var socket string
	var since time.Time
	for {
		select {
		case <-ctx.Done():
			return ports{}
		case <-gate.Event():
			return ports{}
		case <-banner:
			banner = nil
		case <-timer.C:
		}
		start := time.Now()
		now, err := listening(ctx, h)
		switch {
		case ctx.Err() != nil:
			return ports{}
		case err == errNoTables:
			if sure { // the banner is the only evidence
				select {
				case <-srv.banner.Event():
					gate.Set()
				case <-ctx.Done():
				}
			}
			return ports{}
		case now.takenOf(x.Client.protocol(), v, srv.Port, srv.ports) == srv.ports:
			if found := fmt.Sprint(now.sockets[srv.Port]); since.IsZero() || found != socket {
				socket, since = found, start
			}
			if !srv.textual || isClosed(srv.banner.Event()) || start.Sub(since) >= max(sameSocket, sameStartups*srv.startup) {
				gate.Set()
				return now
			}
		default:
			since = time.Time{}
		}
		timer.Reset(max(pollTime, pollRest*time.Since(start)))
	}
}

// wasEarly reports whether the client was refused because it connected before its server listened, and waits until the server
// does. An iperf 2 server of TCP prints its banner before it listens: on a busy machine, versions 2.1.8 and 2.2.1 refused
// 3 of 100 clients that connected at the banner.
func (x *Iperf) wasEarly(ctx context.Context, client *process, srv *Server) bool {
	p := srv.process
	if p.end.Version.Major >= 3 || x.Client.protocol() != report.ProtocolTCP || !isClosed(srv.banner.Event()) || isClosed(srv.accepted.Event()) ||
		!errors.Is(report.ClassifyError(client.stderr.String()), ErrRefused) {
		return false
	}
	ctx, cancel := withTimeout(ctx, x.EventTimer.startup(srv.startup))
	defer cancel()
	stop := context.AfterFunc(p.ctx, cancel)
	defer stop()
	var listens EventTimer
	listens.Clear()
	x.watchPort(ctx, srv, p.host, p.end.Version, &listens, true)
	return isClosed(listens.Event())
}

// Stop ends the server and returns what it reported. A server that got a client may finish its test and print its
// report first, for the EventTimer's time and as long as ctx lasts. After Stop nothing of it runs on the host, unless the
// error wraps ErrHostLost. Further calls return the same again.
func (s *Server) Stop(ctx context.Context) (*report.Report, error) {
	var wait time.Duration
	if s.mayBeUsed() {
		wait = s.drain
	}
	s.finish(ctx, wait)
	s.catcher.end(nil)
	err := both(both(both(s.process.runErr, s.process.outputFault()), s.process.stopErr), s.storeErr)
	return s.process.report, s.catcher.result(err)
}

// wasTaken reports whether the port where the server was to listen may have been another's for a moment, or the server
// may have served another client: others test at the same port.
func (s *Server) wasTaken() bool {
	return !s.textual || !isClosed(s.banner.Event()) || isClosed(s.accepted.Event())
}

// explain adds what is known of the server to the error of a client, if the client was refused.
func (s *Server) explain(err error) {
	failed, ok := errors.AsType[*RunError](err)
	switch {
	case !ok || !errors.Is(failed, ErrRefused):
	case s.unseen != nil:
		failed.Err = fmt.Errorf("%w: %w", s.unseen, failed.Err)
	case s.wasTaken():
		failed.Err = fmt.Errorf("%w: others test at port %d of the same host: %w", ErrPortInUse, s.Port, failed.Err)
	}
}

// mayBeUsed reports whether a client came, as far as the server says such things.
func (s *Server) mayBeUsed() bool { return !s.textual || isClosed(s.accepted.Event()) }

// finish ends the server, which may go on for some time first to print its report.
func (s *Server) finish(ctx context.Context, wait time.Duration) {
	s.stop.Do(func() {
		p := s.process
		clientEnded := time.Now()
		if wait > 0 {
			ctx, cancel := withTimeout(ctx, wait)
			defer cancel()
			select {
			case <-p.done:
			case <-s.again.Event():
			case <-ctx.Done():
				if s.mayBeUsed() {
					s.warnings = append(s.warnings, fmt.Errorf("server on %s had to be ended: it did not end after its test", p.end.Host))
				}
			}
		}
		drained, ended := time.Now(), isClosed(p.done)
		p.stop()
		s.notePhases(clientEnded, drained)
		if !ended {
			p.end.Phases.Ending = time.Since(drained)
		}
		release(s.reserved, s.ports)
		s.storeErr = p.closeFiles()
	})
}

// notePhases tells where the server's time went until its report was complete.
func (s *Server) notePhases(clientEnded, drained time.Time) {
	phases := &s.process.end.Phases
	if !s.seen.IsZero() {
		phases.Starting, phases.Traffic = s.seen.Sub(s.process.end.Start), clientEnded.Sub(s.seen)
	}
	phases.Draining = drained.Sub(clientEnded)
}
