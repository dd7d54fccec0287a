package iperf

import (
	"bytes"
	"context"
	"errors"
	"fmt"

	"github.com/tunaperf/tuna/iperf/report"
)

// RunClient runs an iperf client on h against a server at addr and returns what the client reported. The port is
// Client.Port, or Server.Port, or the program's default. Raw output is kept under the name
// client_<timestamp>_<protocol>_<name>. A client that failed gives what it reported together with an error, which is a
// *RunError where the program failed.
func (x *Iperf) RunClient(ctx context.Context, h HostSSH, addr, name string) (*report.Report, error) {
	if err := x.Check(); err != nil {
		return nil, err
	}
	x, c, ctx := x.guarded(ctx)
	defer c.end(nil)
	rep, err := x.runClientOn(ctx, c, h, addr, name)
	return rep, c.result(err)
}

// runClientOn runs a client that is no part of a run.
func (x *Iperf) runClientOn(ctx context.Context, c *catcher, h HostSSH, addr, name string) (*report.Report, error) {
	host, err := c.host(h, "", "the host")
	if err != nil {
		return nil, err
	}
	m, err := x.ask(ctx, host, RoleClient, "")
	if err != nil {
		return nil, err
	}
	if err := x.tooLate(ctx); err != nil {
		return nil, err
	}
	ctx, cancel := withTimeout(ctx, x.timeout(m.rtt))
	defer cancel()
	line, err := x.clientLine(m.version, addr)
	if err != nil {
		return nil, err
	}
	p, err := x.startClient(ctx, x.newSession(x.fileName(0, name)), m, nil, addr, line, x.port(m.version))
	if err != nil {
		return nil, err
	}
	<-p.done
	return p.report, both(both(p.runErr, p.outputFault()), p.closeFiles())
}

// startClient starts the client. peer is the host with the address addr; nil: unknown.
func (x *Iperf) startClient(ctx context.Context, s *session, m *machine, peer HostSSH, addr string, line line, port int) (*process, error) {
	v := m.version
	if x.Client.Port != 0 {
		port = x.Client.Port
	}
	args := line.at(port)
	port, _ = v.portIn(args)
	cmd := command{host: m.host, role: RoleClient, argv: append([]string{m.program}, args...), addr: addr, port: port, peer: peer}
	if v.Major >= 3 || x.Client.protocol() != report.ProtocolTCP || !printsBanner(v, args) {
		return s.start(ctx, cmd, m, nil, nil)
	}
	// An iperf 2 client has no option for how long it may try to connect, but it says when it has.
	connected := EventTimer{Time: x.Client.connectTimeout()}
	connected.Clear()
	onLine := func(line []byte) {
		if bytes.Contains(line, []byte(" connected with ")) {
			connected.Set()
		}
	}
	return s.start(ctx, cmd, m, onLine, func(p *process) {
		// On a machine that is busy, what it says may come late.
		if errors.Is(connected.Wait(p.ctx), ErrTimeout) && !connectedTo(p.ctx, m.host, port) {
			p.cancel(fmt.Errorf("%w: no connection to %s within %v", ErrUnreachable, addr, x.Client.connectTimeout()))
		}
	})
}
