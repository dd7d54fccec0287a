package iperf

import (
	"errors"
	"fmt"
	"strings"

	"github.com/tunaperf/tuna/iperf/report"
)

// A client of iperf 3 opens each stream of UDP with a datagram that the server answers. It waits up to 30 s for the
// answer, or until the run is over. One of iperf 2 sends all datagrams and exits with 0, whether they arrive or not. So a
// firewall that drops UDP is seen by what did not come back.

// noticeSilence makes the client's error say that its first datagram was not answered, if so. Only lines of text tell that
// no test was begun before the run's time was over.
func (p *process) noticeSilence() {
	failed, ok := errors.AsType[*RunError](p.runErr)
	if !ok || p.role != RoleClient || p.shared.x.Client.protocol() != report.ProtocolUDP || p.end.Version.Major < 3 || p.reportsTraffic() {
		return
	}
	late, isLate := errors.AsType[deadlineError](failed.Err)
	switch {
	case isLate && late.what == "" && printsBanner(p.end.Version, p.argv):
	case strings.Contains(failed.Err.Error(), "unable to read from stream socket"):
		if !errors.Is(failed.Err, ErrTimeout) {
			failed.Err = fmt.Errorf("%w: %w", ErrTimeout, failed.Err)
		}
	default:
		return
	}
	p.silent = true
	failed.Hint = p.silenceHint("a UDP datagram to open the test")
}

// reportsTraffic reports whether the output has anything of a test.
func (p *process) reportsTraffic() bool {
	for _, reverse := range []bool{false, true} {
		if s := endOf(p.role, p.report, reverse); s.reported && !s.knowsNothing() {
			return true
		}
	}
	return false
}

// silenceHint says where the client sent something of which nothing came back.
func (c command) silenceHint(what string) string {
	return fmt.Sprintf("it sent %s to %s, and nothing came back: look at the route, and for a firewall that drops UDP at either host or between them",
		what, c.dialled())
}

// unheard returns the error of a test over UDP of iperf 2 of which no datagram arrived, nil if it is another failure or none.
func (res *Result) unheard(client, server *process, failed error) error {
	if client.shared.x.Client.protocol() != report.ProtocolUDP || client.end.Version.Major >= 3 || client.runErr != nil || server.runErr != nil {
		return nil
	}
	receiver := RoleServer
	switch {
	case errors.Is(failed, ErrNoBandwidth) && !server.reportsTraffic():
	// Such a client reports a time of nearly nothing, as if it had been interrupted, though it has run for all of it.
	case (failed == nil || errors.Is(failed, ErrIncomplete) && client.end.Elapsed >= client.shared.x.Client.time()) &&
		res.Reversed && client.reportsTraffic() && endOf(RoleClient, res.Client, true).gotNothing():
		receiver = RoleClient
	case errors.Is(failed, ErrNoBandwidth) && errors.Is(failed, ErrRefused) && res.Reversed && !client.reportsTraffic():
		receiver = RoleClient // refused by the socket of the server, which had sent everything and ended
	default:
		return nil
	}
	what := "UDP datagrams"
	if t := endOf(RoleClient, res.Client, false).flow.Sent; t != nil && t.UDP != nil && t.UDP.Packets > 0 {
		what = fmt.Sprintf("%d UDP datagrams", t.UDP.Packets)
	}
	err := client.failure(fmt.Errorf("%w: no datagram arrived at the %v: %w", ErrTimeout, receiver, ErrNoBandwidth), client.stderr.String())
	err.Hint = client.silenceHint(what) + ", or the datagrams do not fit the path's MTU (Client.Length makes them smaller)"
	return err
}
