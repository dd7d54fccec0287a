package iperf

import (
	"context"
	"io"
	"strconv"
	"strings"
	"sync"

	"github.com/tunaperf/tuna/iperf/report"
)

// What a run has found out about a host is known in the next one, which is a round trip less. Whether it still holds is asked
// while the server starts: a program that was replaced meanwhile is not what the run was made for, which then begins anew.

// A factKeeper is a host that keeps what runs find out about it. sshhost.Host is one.
type factKeeper interface{ Facts() *sync.Map }

// A factKey is that of a program, as the run calls it.
type factKey string

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

// identify tells which file a program is: its path, device, inode, size, and the times of its content and of its inode. ok is
// false if that does not tell it from another one, as it may be a script that calls the program, or has just been changed.
// system is what uname -a printed, which is also a part of the identity.
func identify(ctx context.Context, h HostSSH, program string) (identity, system string, ok bool) {
	file := command{host: h, argv: []string{program}}.text()
	var out buffer
	err := h.Run(ctx, "p=$(command -v "+file+`) && stat -Lc '%n %d %i %s %Y %Z' "$p" && date +%s && head -c4 "$p" && echo; uname -a`, &out, io.Discard)
	if err != nil {
		return "", "", false
	}
	text := strings.Split(strings.TrimSpace(out.String()), "\n")
	system = strings.TrimSpace(text[len(text)-1])
	if len(text) != 4 {
		return "", system, false
	}
	changed, changedErr := strconv.ParseInt(text[0][strings.LastIndexByte(text[0], ' ')+1:], 10, 64)
	now, nowErr := strconv.ParseInt(text[1], 10, 64)
	const settled = 2 // seconds: the times of files have one, and the version is asked at the same time
	ok = changedErr == nil && nowErr == nil && now-changed > settled && text[2] == "\x7fELF"
	return text[0] + "\n" + system, system, ok
}

// keep has the host keep what was found out.
func (m *machine) keep(program, identity string) {
	if kept := factsOf(m.host); kept != nil {
		known := facts{*m, identity}
		known.host, known.before, known.asked = nil, nil, 0
		kept.Store(factKey(program), &known)
	}
}

// A recollection is what is known of both hosts of a run, and whether it still holds.
type recollection struct {
	client, server *machine
	asking         sync.WaitGroup
	same           [2]bool // valid after asking
}

// recall returns what is known of both hosts, and begins to ask whether that still holds; it returns nil if it may not be
// used. The caller calls holds.
//
// A server tells by itself that its port is taken if it listens on TCP and says so. Of another one, the ports have to be known.
func (x *Iperf) recall(ctx context.Context, client, server HostSSH) *recollection {
	if x.Server.AutoPort && x.Client.protocol() != report.ProtocolTCP {
		return nil
	}
	var known [2]*facts
	hosts := [2]HostSSH{client, server}
	for i, h := range hosts {
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
	if v.Major < 3 && x.Client.protocol() != report.ProtocolTCP {
		return nil
	}
	if line, err := x.serverLine(v, server.TestAddr()); err != nil || !printsBanner(v, line.at(0)) {
		return nil
	}
	r := &recollection{}
	machines := [2]**machine{&r.client, &r.server}
	for i, h := range hosts {
		m := known[i].machine
		m.host = h
		*machines[i] = &m
		r.asking.Go(func() {
			asked, cancel := context.WithTimeout(ctx, asking)
			defer cancel()
			identity, _, ok := identify(asked, h, x.program())
			r.same[i] = ok && identity == known[i].identity
		})
	}
	return r
}

// holds waits for the answers. If what is known does not hold any more, or cannot be asked for, it is forgotten.
func (r *recollection) holds(x *Iperf) bool {
	r.asking.Wait()
	if r.same == [2]bool{true, true} {
		return true
	}
	for _, m := range []*machine{r.client, r.server} {
		factsOf(m.host).Delete(factKey(x.program()))
	}
	return false
}
