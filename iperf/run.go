package iperf

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/tunaperf/tuna/iperf/report"
)

// Run makes one test in one direction, Upstream or Downstream: it asks both hosts for their versions, starts the
// server, waits until it is seen to listen, runs the client, lets the server finish its report, ends it, and reduces
// what the receiving end reported to one bandwidth. Raw output is kept under the names
// client_<direction>_<timestamp>_<protocol>_<name> and server_…, and what an end printed on stderr, if anything, under
// the same with .err.
//
// When the client has started, Run returns a Result with an error; it then holds what there is. Errors tell their kind
// with errors.Is (see ErrTimeout and the others), and hold a *RunError for each program that failed. When Run returns,
// nothing of it runs on either host, unless the error, or one of the result's warnings, wraps ErrHostLost.
func (x *Iperf) Run(ctx context.Context, d Direction, name string) (*Result, error) {
	if err := x.Check(); err != nil {
		return nil, err
	}
	x, c, ctx := x.guarded(ctx)
	defer c.end(nil)
	res, err := x.run(ctx, c, d, name)
	return res, c.result(err)
}

func (x *Iperf) run(ctx context.Context, c *catcher, d Direction, name string) (*Result, error) {
	swapped := x.Client.Reverse // the run's client is the server of ClientServer's answer
	x, client, server, reversed, err := x.towards(d)
	if err != nil {
		return nil, err
	}
	x = x.logging("run", name, "direction", d.String())
	onClient, onServer, err := c.hosts(client, server, (d == Upstream) != reversed)
	if err != nil {
		return nil, err
	}
	if err := x.demandDevices(d, onClient, onServer, swapped); err != nil {
		return nil, err
	}
	client, server = onClient, onServer
	var failed []error
	for {
		res, err := x.attempt(ctx, d, client, server, reversed, name)
		if err == nil || !transient(err) || len(failed) >= x.retries() || ctx.Err() != nil {
			if res != nil {
				res.Attempts = len(failed) + 1
				res.Warnings = append(failed, res.Warnings...)
			} else if len(failed) > 0 {
				err = errorf("%w (tried %d times)", err, len(failed)+1)
			}
			return res, err
		}
		failed = append(failed, err)
		x.logger().DebugContext(ctx, "try again", "error", err)
		// Others who met the same may be waiting too, so no two wait for the same time, and less so each further time.
		again := time.NewTimer(retryTime/2 + rand.N(retryTime<<min(len(failed)-1, 3)))
		select {
		case <-again.C:
		case <-ctx.Done():
			again.Stop()
		}
	}
}

// retryTime is how long a run waits on average before it is tried again for the first time.
const retryTime = 300 * time.Millisecond

// transient reports whether an error may be gone a moment later: somebody else had the server or its port, or the server
// was slow to start.
func transient(err error) bool {
	return errors.Is(err, ErrServerBusy) || errors.Is(err, ErrPortInUse) || errors.Is(err, errUnseen)
}

func (x *Iperf) retries() int {
	if x.Retries == 0 {
		return 2
	}
	return max(0, x.Retries)
}

// attempt is one turn of Run.
func (x *Iperf) attempt(ctx context.Context, d Direction, client, server HostSSH, reversed bool, name string) (*Result, error) {
	if err := x.tooLate(ctx); err != nil {
		return nil, err
	}
	start := time.Now()
	var warnings []error
	if known := x.recall(client, server); known != nil {
		res, err := x.attemptWith(ctx, &Result{Name: name, Direction: d, Start: start, Attempts: 1}, known.client, known.server, known, reversed)
		unsure := known.check(ctx, x)
		switch {
		case unsure == nil && errors.Is(err, ErrPortInUse) && known.server.before != nil: // the facts' list of ports may be outdated
			known.forget(x)
		case errors.Is(unsure, errForgotten):
			warnings = append(warnings, unsure)
		default:
			return res, err
		}
	}
	var onClient, onServer *machine
	var clientErr, serverErr error
	var asked sync.WaitGroup
	asked.Go(func() { onClient, clientErr = x.ask(ctx, client, RoleClient, server.TestAddr()) })
	asked.Go(func() { onServer, serverErr = x.ask(ctx, server, RoleServer, client.TestAddr()) })
	asked.Wait()
	defer closeTraces(onClient, onServer)
	if err := oneEnd(ctx, clientErr, serverErr); err != nil {
		return nil, err
	}
	x.followClient(ctx, onClient, onServer)
	return x.attemptWith(ctx, &Result{Name: name, Direction: d, Start: start, Attempts: 1, Warnings: warnings}, onClient, onServer, nil, reversed)
}

// attemptWith is an attempt on hosts that are known. recalled holds the facts to check, and is nil if the hosts were asked for
// this attempt. If the facts are outdated, attemptWith ends both programs and returns errForgotten.
func (x *Iperf) attemptWith(ctx context.Context, res *Result, onClient, onServer *machine, recalled *recollection, reversed bool) (*Result, error) {
	client, server, d, name := onClient.host, onServer.host, res.Direction, res.Name
	if onClient.version.Major >= 3 != (onServer.version.Major >= 3) {
		return nil, fmt.Errorf("%w: %v on %s, %v on %s; Iperf.Program must be of the same major on both", ErrVersionMismatch,
			onClient.version, machineName(machineOf(client), hostName(client)), onServer.version, machineName(machineOf(server), hostName(server)))
	}
	x = x.reaching(ctx, client, onServer.version, server.TestAddr())
	limit := x.timeout(max(onClient.rtt, onServer.rtt))
	clientLine, serverLine, err := x.endingUnused(onServer.version, limit).lines(onClient.version, onServer.version, server.TestAddr())
	if err != nil {
		return nil, err
	}

	if err := x.Client.tooSlow(onClient.version); err != nil {
		res.Warnings = append(res.Warnings, err)
	}
	unsure, err := x.compareClocks(ctx, onClient, onServer)
	if err != nil {
		return nil, err
	}
	if unsure != nil {
		res.Warnings = append(res.Warnings, unsure)
	}

	ctx, cancel := withTimeout(ctx, limit)
	defer cancel()
	if test, fixed := x.Client.duration(); fixed && limit < test {
		res.Warnings = append(res.Warnings, fmt.Errorf("%w: Timeout is %v, and the test takes %v", ErrTimeout, limit, test))
	}
	if _, ok := x.FileStorage.(fileWriter); x.FileStorage != nil && !ok {
		res.Warnings = append(res.Warnings, errors.New("no manifest is kept, which Replay needs: FileStorage has no method WriteFile(name, data)"))
	}
	s := x.newSession(x.fileName(d, name))
	x.recallTraces(ctx, onClient, onServer)
	defer closeTraces(onClient, onServer)
	srv, err := x.startServer(ctx, s, onServer, serverLine, false)
	if err != nil {
		return nil, err
	}
	if err := both(onClient.rightPath(RoleClient), onServer.rightPath(RoleServer)); err != nil {
		srv.finish(ctx, 0)
		return nil, both(both(err, srv.process.stopErr), srv.storeErr)
	}
	cli, err := x.clientToEnd(ctx, s, onClient, onServer, clientLine, srv, recalled)
	if err != nil {
		return nil, err
	}
	unchecked := recalled.check(ctx, x)
	// After a failure there may be nothing to wait for, but what the server still knows arrives soon.
	wait := srv.drain
	if cli.runErr != nil || !srv.mayBeUsed() {
		wait = min(wait, time.Second)
	}
	srv.finish(ctx, wait)
	storeErr := both(cli.closeFiles(), srv.storeErr)

	closeTraces(onClient, onServer)
	res.ClientEnd, res.ServerEnd = cli.end, srv.process.end
	res.ClientEnd.Path, res.ServerEnd.Path = onClient.finishTrace(&cli.split), onServer.finishTrace(&srv.process.split)
	res.Reversed = reversed
	res.Warnings = append(res.Warnings, srv.warnings...)
	err = both(both(x.conclude(ctx, res, cli, srv, limit), unchecked), storeErr)
	if err == nil { // a test that was cut short has counted less than it carried
		res.interpret(&x.Client, &x.Server)
	}
	res.Elapsed = time.Since(res.Start)
	sums := map[string]string{}
	cli.addSums(sums)
	srv.process.addSums(sums)
	var manifestErr error
	res.Manifest, manifestErr = x.writeManifest(res, s.name, err, sums)
	return res, both(err, manifestErr)
}

// clientToEnd runs the client until it ends. If it returns an error, it has ended the server too.
func (x *Iperf) clientToEnd(ctx context.Context, s *session, m, onServer *machine, line line, srv *Server, recalled *recollection) (*process, error) {
	server := srv.process.host
	for first := true; ; first = false {
		cli, err := x.startClient(ctx, s, m, server, server.TestAddr(), line, srv.Port)
		if err != nil {
			srv.finish(ctx, 0)
			return nil, both(both(err, srv.process.stopErr), srv.storeErr)
		}
		if first {
			x.giveWay(cli)
			x.sample(ctx, m, RoleClient, srv)
			x.sample(ctx, onServer, RoleServer, srv)
		}
		if recalled != nil {
			if err := recalled.check(ctx, x); errors.Is(err, errForgotten) {
				cli.stop()
				srv.finish(ctx, 0)
				return nil, both(both(both(err, cli.stopErr), both(srv.process.stopErr, cli.closeFiles())), srv.storeErr)
			}
		}
		select {
		case <-cli.done:
		case <-srv.process.done:
			// An iperf 2 server says that it listens before it fails to bind. The client may be connected to another's, which hangs.
			if errors.Is(srv.process.complaint(), ErrPortInUse) {
				cli.stop()
			}
			<-cli.done
		}
		if !first || !x.wasEarly(ctx, cli, srv) {
			return cli, nil
		}
		if err := cli.closeFiles(); err != nil {
			srv.warnings = append(srv.warnings, err)
		}
		x.logger().DebugContext(ctx, "start the client again", "error", "it was refused, and the server listens now")
	}
}

// clientStarts is the delay of other commands after the client's start. Traffic flows by then, so they do not slow down the
// start of the client.
const clientStarts = 100 * time.Millisecond

// giveWay waits for clientStarts, or less if the test is short, and not longer than the client runs.
func (x *Iperf) giveWay(cli *process) {
	wait := clientStarts
	if test, fixed := x.Client.duration(); fixed {
		wait = min(wait, test/8)
	}
	timer := time.NewTimer(wait)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-cli.done:
	}
}

// conclude makes the bandwidth of what both programs reported, when they have ended, and tells what was wrong with them.
func (x *Iperf) conclude(ctx context.Context, res *Result, client *process, srv *Server, limit time.Duration) error {
	server := srv.process
	res.Client, res.Server = client.report, server.report
	if x.Parser != nil {
		res.Warnings = append(res.Warnings, unfilled(&x.Client, RoleClient, client.report)...)
		res.Warnings = append(res.Warnings, unfilled(&x.Client, RoleServer, server.report)...)
	}
	from, noRate := res.aggregate(x.reading(res.ClientEnd.Version), x.aggregator())
	noRate = unlessPanic(ctx, noRate)
	if noRate == nil {
		res.Warnings = append(res.Warnings, res.oddities(&x.Client, from)...)
	}
	_, late := errors.AsType[deadlineError](client.runErr)
	if failed, ok := errors.AsType[*RunError](server.runErr); ok && client.runErr != nil && (client.silent || !late) {
		failed.Hint = "" // more time does not help: it waited for a client that had failed
	}
	err := res.judge(ctx, client, srv)
	if unheard := res.unheard(client, server, both(err, noRate)); unheard != nil {
		if err != nil && !errors.Is(err, ErrInterrupted) { // by its time, of which only the first datagram was
			res.Warnings = append(res.Warnings, err)
		}
		err, res.Source = unheard, Source{}
	}
	if errors.Is(err, ErrRefused) { // what the server counted is another client's
		res.Bandwidth, res.Source = 0, Source{}
	}
	if err == nil {
		err = noRate
	}
	if err == nil {
		var odd error
		if odd, err = from.coverage(&x.Client, limit); odd != nil {
			res.Warnings = append(res.Warnings, odd)
		} else if err != nil {
			res.Bandwidth, res.Source = 0, Source{}
		}
	}
	if err == nil && server.stopErr != nil {
		res.Warnings = append(res.Warnings, server.stopErr) // all that was wanted is there
		return nil
	}
	return both(err, server.stopErr)
}

// endingUnused gives x with a server that ends by itself when no client has come by the end of the run, as far as its
// version does that: since 3.11 it no longer starts again then.
func (x *Iperf) endingUnused(v Version, limit time.Duration) *Iperf {
	if x.Server.IdleTimeout > 0 || !v.AtLeast(3, 11, 0) {
		return x
	}
	with := *x
	with.Server.IdleTimeout = min(limit.Round(time.Second)+time.Second, day)
	return &with
}

// judge returns the error of a run. Odd output is a warning if the bandwidth is not from it, or if the other program
// failed, as that is the cause.
func (res *Result) judge(ctx context.Context, client *process, srv *Server) error {
	server := srv.process
	clientErr, clientSaid := res.faults(client, server)
	srv.explain(clientErr)
	serverErr, serverSaid := res.faults(server, client)
	if clientErr == nil && serverErr == nil {
		if clientErr, serverErr = res.cutShort(client, server); isAny(clientErr, ErrPeerLost) {
			clientSaid = nil
		}
	}
	// A program that turns its peer away often exits with status 0, so its reason is no failure of its own.
	if serverErr == nil && clientErr != nil && isReason(serverSaid) || errors.Is(serverSaid, ErrPortInUse) {
		serverErr, serverSaid = serverSaid, nil // in the second case, the client may have met another's server
	}
	if clientErr == nil && serverErr != nil && isReason(clientSaid) {
		clientErr, clientSaid = clientSaid, nil
	}
	for _, said := range []error{clientSaid, serverSaid} {
		if said != nil {
			res.Warnings = append(res.Warnings, said)
		}
	}
	switch {
	case isReason(serverErr) && isEffect(clientErr):
		res.Warnings = append(res.Warnings, clientErr)
		return serverErr
	case isReason(clientErr) && (isEffect(serverErr) || sameReason(clientErr, serverErr)):
		res.Warnings = append(res.Warnings, serverErr)
		return clientErr
	}
	return oneEnd(ctx, clientErr, serverErr)
}

// faults returns what failed a program, and what else it complained of on stderr.
func (res *Result) faults(p, other *process) (err, said error) {
	err = p.outputFault()
	if err == nil {
		said = p.complaint()
	}
	// A client of iperf 2 that is refused exits with status 0. The server may have served another client meanwhile.
	refused := p.role == RoleClient && p.shared.x.Client.protocol() != report.ProtocolUDP && errors.Is(err, ErrRefused)
	if p.parseErr != nil && !refused && !isReason(err) && (other.runErr != nil || res.Source.Role != 0 && p.role != res.Source.Role) {
		if err != nil {
			res.Warnings = append(res.Warnings, err)
		}
		err = nil
	}
	return both(p.runErr, err), said
}

// reasons are the kinds by which a program says why it does not go on.
var reasons = []error{ErrRejected, ErrUnsupported, ErrPortInUse, ErrServerBusy, ErrTimeout, report.ErrReported}

// sameReason reports whether both ends say why they do not go on, in the same way.
func sameReason(a, b error) bool {
	return isReason(b) && slices.ContainsFunc(reasons, func(kind error) bool { return errors.Is(a, kind) && errors.Is(b, kind) })
}

// isReason reports whether a program's error says by itself why a test failed.
func isReason(err error) bool {
	return isAny(err, reasons...) && !isAny(err, ErrHostLost, ErrCanceled, ErrInterrupted)
}

// isEffect reports whether a program's error only says that its peer did not go on.
func isEffect(err error) bool {
	return isAny(err, ErrPeerLost, ErrRefused, ErrIncomplete, ErrNoBandwidth) &&
		!isAny(err, ErrHostLost, ErrCanceled, ErrInterrupted, ErrStorage) && !isReason(err)
}

// oneEnd joins the errors of two ends. What ended the one ended the other, and is told once.
func oneEnd(ctx context.Context, client, server error) error {
	if client != nil && ctx.Err() != nil && errors.Is(server, context.Cause(ctx)) && !errors.Is(server, ErrHostLost) {
		return client
	}
	return both(client, server)
}

// towards gives the hosts for a direction, x with its Reverse as the direction needs it, and whether the direction's
// data go from server to client.
func (x *Iperf) towards(d Direction) (_ *Iperf, client, server HostSSH, reversed bool, err error) {
	fail := func(format string, args ...any) (*Iperf, HostSSH, HostSSH, bool, error) {
		return nil, nil, nil, false, fmt.Errorf("%w: "+format, append([]any{ErrSettings}, args...)...)
	}
	if d != Upstream && d != Downstream {
		return fail("direction %v: must be Upstream or Downstream", d)
	}
	if x.ClientServer == nil {
		return fail("ClientServer is nil: it must tell the hosts")
	}
	client, server, err = x.ClientServer.ClientServer(d)
	if errors.Is(err, ErrPanic) {
		return nil, nil, nil, false, err
	}
	if err != nil {
		return fail("%w", err)
	}
	r, ok := x.ClientServer.(Reverser)
	switch {
	case x.Client.Reverse && ok && (r.Reverse(Upstream) || r.Reverse(Downstream)):
		return nil, nil, nil, false, &SettingError{Field: "Client.Reverse", Value: "true",
			Allowed: "false, as ClientServer tells who connects", Together: []string{"ClientServer"}}
	case x.Client.Reverse:
		return x, server, client, true, nil
	case ok && r.Reverse(d) && !x.Client.bothWays():
		withReverse := *x
		withReverse.Client.Reverse = true
		return &withReverse, client, server, true, nil
	}
	// A test of both ways has the direction's data among its own, whoever connects.
	return x, client, server, ok && r.Reverse(d), nil
}

// bothWays reports whether both ends send.
func (c *ClientSettings) bothWays() bool { return c.Bidir || c.FullDuplex || c.Dualtest || c.Tradeoff }

func (x *Iperf) aggregator() Aggregator {
	if x.Aggregator == nil {
		return Median
	}
	return x.Aggregator
}

// fileName is the name of a run's raw files without the role. Timestamps are in UTC with milliseconds; storage numbers
// the files of runs that start in the same one.
func (x *Iperf) fileName(d Direction, name string) string {
	parts := []string{time.Now().UTC().Format("20060102T150405.000Z"), strings.ToLower(x.Client.protocol().String())}
	if d != 0 {
		parts = append([]string{d.String()}, parts...)
	}
	if name != "" {
		parts = append(parts, name)
	}
	return strings.Join(parts, "_")
}

var _ Parser = (*report.Parser)(nil)
