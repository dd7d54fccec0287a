package testbed

import (
	"strings"
	"testing"
	"time"
)

// A Path is two hosts joined by a router. Each is a network namespace. Methods of Netns shape, drop
// and count the packets that leave its device.
type Path struct {
	Client, Server     Netns
	ToClient, ToServer Netns // the router, with its device on the link to the client or to the server
}

// NewPath makes a path of veth pairs of 1500-byte MTU, which is removed when the test ends. Nothing
// is shaped, delayed or lost.
func NewPath(tb testing.TB) *Path {
	tb.Helper()
	return newPath(tb, "192.0.2.1", "192.0.2.254", "198.51.100.254", "198.51.100.2")
}

// NewPath6 is NewPath for hosts that have nothing but IPv6, apart from 127.0.0.1.
func NewPath6(tb testing.TB) *Path {
	tb.Helper()
	return newPath(tb, "2001:db8:1::1", "2001:db8:1::fe", "2001:db8:2::fe", "2001:db8:2::2")
}

func newPath(tb testing.TB, client, toClient, toServer, server string) *Path {
	tb.Helper()
	id := hostID()
	p := &Path{
		Client:   newNetns(tb, id+"c", "torouter", client),
		Server:   newNetns(tb, id+"s", "torouter", server),
		ToClient: newNetns(tb, id+"r", "toclient", toClient),
	}
	p.ToServer = p.ToClient
	p.ToServer.Dev, p.ToServer.Addr = "toserver", toServer
	for _, n := range []Netns{p.Client, p.ToClient, p.Server} {
		n.Sysctl(tb, "net.ipv4.conf.all.rp_filter=0", "net.ipv4.conf.default.rp_filter=0")
	}
	p.ToClient.Sysctl(tb, "net.ipv4.ip_forward=1", "net.ipv6.conf.all.forwarding=1")
	join(tb, p.Client, p.ToClient)
	join(tb, p.ToServer, p.Server)
	p.Client.Command(tb, "ip", "route", "add", "default", "via", p.ToClient.Addr)
	p.Server.Command(tb, "ip", "route", "add", "default", "via", p.ToServer.Addr)
	return p
}

// Delay delays packets in the router: by there on the way to the server and by back on the way to
// the client. It is called at most once for a path. Tbf and Lose of the router's devices apply
// after the delay.
//
// The router's rules send the packets of each way into a TUN device, and they come back from
// another one. TUN devices have no offloading, so the kernel splits large TCP packets there.
func (p *Path) Delay(tb testing.TB, there, back time.Duration) {
	tb.Helper()
	router := p.ToServer
	near, far := router, router
	near.Dev, far.Dev = "delay0", "delay1"
	startRelay(tb, near, far, there, back)
	for _, way := range []struct{ from, into, table string }{
		{p.ToClient.Dev, near.Dev, "100"},
		{p.ToServer.Dev, far.Dev, "101"},
	} {
		router.Command(tb, "ip", "link", "set", way.into, "txqueuelen", "20000", "up")
		router.Command(tb, "ip", router.ip(), "route", "add", "default", "dev", way.into, "table", way.table)
		router.Command(tb, "ip", router.ip(), "rule", "add", "iif", way.from, "lookup", way.table)
	}
}

// Second joins the two hosts by another veth pair in another subnet and returns that link. It
// carries only packets to its own addresses, because the default route of both hosts is over the
// first link.
func (l *Link) Second(tb testing.TB) *Link {
	tb.Helper()
	s := &Link{A: l.A, B: l.B}
	s.A.Dev, s.B.Dev = "second", "second"
	if s.A.Addr, s.B.Addr = "203.0.113.1", "203.0.113.2"; !l.A.is4() {
		s.A.Addr, s.B.Addr = "2001:db8:3::1", "2001:db8:3::2"
	}
	join(tb, s.A, s.B)
	l.A.Command(tb, "ip", "route", "add", "default", "via", l.B.Addr)
	l.B.Command(tb, "ip", "route", "add", "default", "via", l.A.Addr)
	return s
}

// Bridge puts n's device into a new bridge and moves the address and the default route to that
// bridge. The returned Netns has the bridge as its device.
func (n Netns) Bridge(tb testing.TB) Netns {
	tb.Helper()
	b := n
	b.Dev = "bridge"
	route := strings.Fields(n.Command(tb, "ip", n.ip(), "route", "show", "default", "dev", n.Dev))
	n.Command(tb, "ip", "addr", "flush", "dev", n.Dev)
	n.Command(tb, "ip", "link", "add", b.Dev, "type", "bridge")
	n.Command(tb, "ip", "link", "set", n.Dev, "master", b.Dev)
	b.bringUp(tb)
	b.address(tb)
	if len(route) > 0 {
		b.Command(tb, "ip", append([]string{n.ip(), "route", "replace"}, route...)...)
	}
	return b
}
