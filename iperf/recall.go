package iperf

import (
	"context"
	"errors"
	"io"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/tunaperf/tuna/iperf/report"
)

// A run keeps what it learned about a host in the host's Facts, so that the next run needs one round trip less. The next run
// uses the facts at once and checks them while its traffic flows. If a program was replaced in the meantime, the attempt is
// discarded and made again.

// A factKeeper is a host that stores facts for runs. sshhost.Host is one.
type factKeeper interface{ Facts() *sync.Map }

// A factKey is the key of *facts: the program's name or path, as in Iperf.Program. portsKey is the key of *ports, the ports in
// use before a server was started.
type (
	factKey  string
	portsKey struct{}
)

// facts describe a host and its program. They are immutable.
type facts struct {
	machine         // without its host and its ports
	identity string // see identify
}

func (h *guardedHost) Facts() (m *sync.Map) {
	if k, ok := h.HostSSH.(factKeeper); ok {
		h.catcher.call("HostSSH.Facts of "+h.name, func() { m = k.Facts() })
	}
	return m
}

// factsOf returns the facts of a host, or nil if it stores none.
func factsOf(h HostSSH) *sync.Map {
	if k, ok := h.(factKeeper); ok {
		return k.Facts()
	}
	return nil
}

// identityCommand returns a command that prints uname -a and, on a second line, the program's path, device, inode, size, mtime
// and ctime.
func identityCommand(h HostSSH, program string) string {
	return "uname -a || echo; p=$(command -v " + command{host: h, argv: []string{program}}.text() + `) && stat -Lc '%n %d %i %s %Y %Z' "$p"`
}

// identify returns the output of identityCommand, and its first line as system. ok is false if the identity cannot prove that
// the program is the same later: if the file is not an ELF binary (a script may call any program) or changed within settled.
// Shared libraries of the program are not part of the identity.
func identify(ctx context.Context, h HostSSH, program string) (identity, system string, ok bool) {
	var out buffer
	if err := h.Run(ctx, identityCommand(h, program)+` && date +%s && head -c4 "$p"; :`, &out, io.Discard); err != nil {
		return "", "", false
	}
	text := strings.Split(out.String(), "\n")
	system = strings.TrimSpace(text[0])
	if len(text) != 4 {
		return "", system, false
	}
	changed, changedErr := strconv.ParseInt(text[1][strings.LastIndexByte(text[1], ' ')+1:], 10, 64)
	now, nowErr := strconv.ParseInt(text[2], 10, 64)
	const settled = 2 // seconds: the times of files have one, and the version is asked at the same time
	ok = changedErr == nil && nowErr == nil && now-changed > settled && text[3] == "\x7fELF"
	return text[0] + "\n" + text[1] + "\n", system, ok
}

// isStill reports whether the program still has this identity. The error is that of a host that did not answer.
func isStill(ctx context.Context, h HostSSH, program, identity string) (bool, error) {
	const answering = 10 * time.Second // the host has just started a program
	ctx, cancel := context.WithTimeoutCause(ctx, answering, deadlineError{answering, ": it did not tell whether its program is the same"})
	defer cancel()
	var out, errs buffer
	cmd := command{host: h, argv: []string{program}}
	err := h.Run(ctx, identityCommand(h, program), &out, &errs)
	if _, exited := exitStatus(err); err != nil && !exited {
		return false, cmd.fail(ctx, err, errs.String())
	}
	return out.String() == identity, nil
}

// keep stores m in the host's facts, if it has any.
func (m *machine) keep(program, identity string) {
	if kept := factsOf(m.host); kept != nil {
		known := facts{*m, identity}
		known.host, known.before, known.asked, known.trace, known.traceable = nil, nil, 0, nil, unclear
		kept.Store(factKey(program), &known)
		if m.before != nil {
			kept.Store(portsKey{}, m.before)
		}
	}
}

// A recollection holds the facts that a run starts with, of both hosts.
type recollection struct {
	client, server *machine
	identities     [2]string // of client and server
	once           sync.Once
	err            error // result of check, valid after once
}

// recall returns the facts of both hosts, or nil if the run has to ask them. The caller checks the facts later.
//
// A run with facts does not read the list of ports first. A server that listens on TCP and prints a banner fails if its port
// is taken. An iperf 2 server can share its UDP port, so its port must be free in the last list, and every client that
// connected to the port since then counts as another server's.
func (x *Iperf) recall(client, server HostSSH) *recollection {
	var known [2]*facts
	for i, h := range []HostSSH{client, server} {
		kept := factsOf(h)
		if kept == nil {
			return nil
		}
		v, ok := kept.Load(factKey(x.program()))
		if !ok {
			return nil
		}
		known[i] = v.(*facts)
	}
	v := known[1].version
	line, err := x.serverLine(v, server.TestAddr())
	if err != nil || !printsBanner(v, line.at(0)) {
		return nil
	}
	onClient, onServer := known[0].machine, known[1].machine
	onClient.host, onServer.host = client, server
	r := &recollection{client: &onClient, server: &onServer, identities: [2]string{known[0].identity, known[1].identity}}
	shares, picks := v.Major < 3 && x.Client.protocol() == report.ProtocolUDP, x.picksPort(v)
	if shares || picks {
		before, _ := factsOf(server).Load(portsKey{})
		r.server.before, _ = before.(*ports)
	}
	if before := r.server.before; shares && (before == nil || !picks && before.takenOf(report.ProtocolUDP, v, x.port(v), x.Client.ports()) > 0) {
		return nil
	}
	return r
}

// errForgotten is the error of an attempt whose facts were outdated, and a warning of the next one.
var errForgotten = errors.New("a program has changed since the run before: what was begun with the earlier one was discarded")

// check asks both hosts whether their programs are the same. It returns errForgotten and deletes the facts if one is not, or
// the error of a host that did not answer. Further calls return the same error without asking. If r is nil, it returns nil.
func (r *recollection) check(ctx context.Context, x *Iperf) error {
	if r == nil {
		return nil
	}
	r.once.Do(func() {
		var same [2]bool
		var errs [2]error
		var asking sync.WaitGroup
		for i, m := range []*machine{r.client, r.server} {
			asking.Go(func() { same[i], errs[i] = isStill(ctx, m.host, m.program, r.identities[i]) })
		}
		asking.Wait()
		if r.err = oneEnd(ctx, errs[0], errs[1]); r.err == nil && same != [2]bool{true, true} {
			r.forget(x)
			r.err = errForgotten
		}
	})
	return r.err
}

// forget deletes the facts of both hosts.
func (r *recollection) forget(x *Iperf) {
	for _, m := range []*machine{r.client, r.server} {
		factsOf(m.host).Delete(factKey(x.program()))
	}
}
