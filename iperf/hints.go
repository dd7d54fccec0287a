package iperf

import (
	"errors"
	"fmt"
	"net"
	"strconv"
	"strings"
)

// machineOf returns which machine of a run a host is, empty if it is not known.
func machineOf(h HostSSH) string {
	if g, ok := h.(*guardedHost); ok {
		return g.machine
	}
	return ""
}

// cannotRun is in the error of a program that is there, for which the reason that follows says enough.
const cannotRun = "it cannot be executed"

// hint returns what the caller can look at after a program failed with err, empty if nothing is known.
func (c command) hint(err error) string {
	switch {
	case err == nil, isAny(err, ErrPanic, ErrCanceled, ErrHostLost), strings.Contains(err.Error(), cannotRun):
		return ""
	case errors.Is(err, ErrNotInstalled):
		return "install it there, or set Iperf.Program to its path or Iperf.Install"
	case c.role == RoleClient && isAny(err, ErrRefused, ErrUnreachable):
		return c.dialHint(err)
	case c.role == RoleClient && errors.Is(err, ErrPeerLost):
		return "it was connected to " + c.dialled()
	}
	text := strings.ToLower(err.Error())
	for _, a := range advice {
		if strings.Contains(text, a.text) && (a.role == 0 || a.role == c.role) {
			return a.look
		}
	}
	if late, ok := errors.AsType[deadlineError](err); ok && c.role != 0 && late.what == "" {
		return "Iperf.Timeout can give it more time"
	}
	return ""
}

// advice is what the caller can look at if an error has a text in lower case.
var advice = []struct {
	text string
	role Role // zero: either
	look string
}{
	{"server limit", 0, "Server.BitrateLimit is what it allows"},
	{"bps exceeded", 0, "Server.BitrateLimit is what it allows"},
	{"maximum permitted", 0, "Server.MaxDuration is what it allows"},
	{"authorization failed", 0, "look at Client.Username, the password in IPERF3_PASSWORD and, for both hosts' clocks, Server.TimeSkewThreshold"},
	{"permit key", 0, "look at Client.PermitKey"},
	{"cpu affinity", RoleClient, "Client.Affinity names a processor that a host lacks"},
	{"cpu affinity", RoleServer, "Server.Affinity, or the second number of Client.Affinity, names a processor that this host lacks"},
	{"tcp_congestion", 0, "Client.Congestion must be an algorithm that the sending host has loaded"},
	{"congestion control", 0, "Congestion must be an algorithm that the host has loaded"},
	{"cannot assign requested address", RoleClient, "Client.Bind must be an address of this host"},
	{"cannot assign requested address", RoleServer, "Server.Bind must be an address of this host"},
	{"permission denied", RoleServer, "a Server.Port below 1024 needs root"},
	{"message too long", 0, "Client.Length is more than the path's MTU allows"},
	{"server is busy", 0, "Server.AutoPort gives each run its own port, and Iperf.Retries waits"},
}

// dialled returns where the client connected to, and whose address that is.
func (c command) dialled() string {
	where := net.JoinHostPort(strings.Trim(c.addr, "[]"), strconv.Itoa(c.port))
	if c.peer == nil {
		return where
	}
	return fmt.Sprintf("%s, by the TestAddr of %s", where, machineName(machineOf(c.peer), hostName(c.peer)))
}

// dialHint is the hint for a client that could not connect.
func (c command) dialHint(err error) string {
	text := "it dialled " + c.dialled()
	addr, zone, _ := strings.Cut(strings.Trim(c.addr, "[]"), "%")
	ip := net.ParseIP(addr)
	switch local := ip.IsLoopback() || c.addr == "localhost"; {
	case c.peer == nil:
	case local && hostName(c.host) != hostName(c.peer):
		text += fmt.Sprintf(", which is the %s itself: set TestAddr of the %s (sshhost.Config.TestAddr) to its address on the link under test",
			machineOf(c.host), machineOf(c.peer))
	case errors.Is(err, ErrRefused):
		text += fmt.Sprintf(": is that its address on the link under test, and does no firewall reject port %d?", c.port)
	case zone != "":
		text += fmt.Sprintf(": %s must be an interface of the %s, which connects (ip link lists them)", zone, machineOf(c.host))
	default:
		text += ": look at that address, the route to it and the firewalls, or let the other host connect (Hosts.Connects)"
	}
	return text
}
