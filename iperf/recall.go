package iperf

import (
	"context"
	"errors"
	"io"
	"strconv"
	"strings"
	"sync"

	"github.com/tunaperf/tuna/iperf/report"
)

// What a run has found out about a host is known in the next one, which is a round trip less. Whether it still holds is asked
// while the traffic flows: a program that was replaced meanwhile is not what the run was made for, which then begins anew.

// A factKeeper is a host that keeps what runs find out about it. sshhost.Host is one.
type factKeeper interface{ Facts() *sync.Map }

// A factKey is the key of facts: the program, as the run calls it. That of *ports, which were in use before the last server for
// which that was asked, is portsKey.
type (
	factKey  string
	portsKey struct{}
)

// facts are what a run keeps. Nobody changes them.
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

// factsOf returns where a host keeps what is known of it, nil if it does not.
func factsOf(h HostSSH) *sync.Map {
	if k, ok := h.(factKeeper); ok {
		return k.Facts()
	}
	return nil
}

// identityCommand prints on which system a program is, as uname -a tells it, and which file it is: its path, device, inode,
// size, and the times of its content and of its inode.
func identityCommand(h HostSSH, program string) string {
	return "uname -a || echo; p=$(command -v " + command{host: h, argv: []string{program}}.text() + `) && stat -Lc '%n %d %i %s %Y %Z' "$p"`
}

// identify returns what identityCommand prints, and the system alone. ok is false if the identity does not tell the program
// from another one, as it may be a script that calls the program, or has just been changed.
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

// isStill reports whether a program is the one that has this identity. After an error that is not known.
func isStill(ctx context.Context, h HostSSH, program, identity string) (bool, error) {
	ctx, cancel := context.WithTimeoutCause(ctx, asking, deadlineError{asking, ": it did not tell whether its program is the same"})
	defer cancel()
	var out, errs buffer
	cmd := command{host: h, argv: []string{program}}
	err := h.Run(ctx, identityCommand(h, program), &out, &errs)
	if _, exited := exitStatus(err); err != nil && !exited {
		return false, cmd.fail(ctx, err, errs.String())
	}
	return out.String() == identity, nil
}

// keep has the host keep what was found out.
func (m *machine) keep(program, identity string) {
	if kept := factsOf(m.host); kept != nil {
		known := facts{*m, identity}
		known.host, known.before, known.asked, known.recalled = nil, nil, 0, true
		kept.Store(factKey(program), &known)
		if m.before != nil {
			kept.Store(portsKey{}, m.before)
		}
	}
}

// A recollection is what is known of both hosts of a run.
type recollection struct {
	client, server *machine
	identities     [2]string
	once           sync.Once
	err            error // of check, after once
}

// recall returns what is known of both hosts, and nil if it may not be used. Whether it still holds is to be checked.
//
// A server tells by itself that its port is taken if it listens on TCP and says so. An iperf 2 server of UDP may share it:
// that its port was free is taken from what is known, and who has come to it since then makes it shared.
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

// errForgotten ends an attempt that was begun with what is not so any more.
var errForgotten = errors.New("what was known of the hosts does not hold any more")

// check asks both hosts whether what is known of them still holds, and forgets it if not: its error is errForgotten then, or
// that of a host that could not be asked. It asks once.
func (r *recollection) check(ctx context.Context, x *Iperf) error {
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

func (r *recollection) forget(x *Iperf) {
	for _, m := range []*machine{r.client, r.server} {
		factsOf(m.host).Delete(factKey(x.program()))
	}
}
