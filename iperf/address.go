package iperf

import (
	"context"
	"fmt"
	"io"
	"net/netip"
	"strings"
)

// plainAddress returns an address as the programs take it: without brackets around IPv6, and an IPv4 address without the
// prefix ::ffff:, as no server with -6 accepts it.
func plainAddress(addr string) string {
	if inner, ok := strings.CutPrefix(addr, "["); ok && strings.HasSuffix(inner, "]") {
		addr = strings.TrimSuffix(inner, "]")
	}
	if a, err := netip.ParseAddr(addr); err == nil && a.Is4In6() {
		return a.Unmap().String()
	}
	return addr
}

// isName reports whether addr has to be looked up. Programs take a device behind a % too.
func isName(addr string) bool {
	host, _, _ := strings.Cut(addr, "%")
	_, err := netip.ParseAddr(host)
	return err != nil
}

// checkAddress finds addresses for test traffic that no program can connect to. c is the client that would.
func checkAddress(addr string, c *ClientSettings) error {
	fail := func(allowed string) error {
		return fmt.Errorf("%w: the address for test traffic (TestAddr) is %q: must be %s", ErrSettings, addr, allowed)
	}
	a, err := netip.ParseAddr(addr)
	switch {
	case addr == "" || strings.HasPrefix(addr, "-") || strings.ContainsAny(addr, " \t\r\n\x00/[]"), isName(addr) && strings.Contains(addr, ":"):
		return fail("a name or an IP address, without a port")
	case err == nil && a.Is6() && a.IsLinkLocalUnicast() && a.Zone() == "" && c.BindDev == "" && !strings.Contains(c.Bind, "%"):
		return fail("with the client's interface, as in " + addr + "%eth0, as it is link-local")
	}
	return nil
}

// reaching returns x with the version of IP that addr needs if only the client's host can know it: an iperf 2 server
// listens on IPv4 alone, unless it is told to take IPv6 as well. A client that cannot tell has IPv4.
func (x *Iperf) reaching(ctx context.Context, client HostSSH, v Version, addr string) *Iperf {
	if v.Major >= 3 || x.Client.IPVersion != 0 || !isName(plainAddress(addr)) || checkAddress(addr, &x.Client) != nil {
		return x
	}
	name, _, _ := strings.Cut(addr, "%")
	cmd := command{host: client, argv: []string{"getent", "ahosts", name}}
	var out strings.Builder
	if err := client.Run(ctx, cmd.text(), &out, io.Discard); err != nil {
		return x
	}
	with6 := false
	for line := range strings.Lines(out.String()) {
		first, _, _ := strings.Cut(strings.TrimSpace(line), " ")
		a, err := netip.ParseAddr(first)
		if err == nil && a.Unmap().Is4() {
			return x
		}
		with6 = with6 || err == nil
	}
	if !with6 {
		return x
	}
	with := *x
	with.Client.IPVersion = 6
	return &with
}
