package testbed

import (
	"fmt"
	"net/netip"
	"os"
	"os/exec"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
)

// A Netns is a host of its own: a network namespace with a loopback device and one end of a link.
type Netns struct {
	Name   string
	Dev    string // the link's device in this namespace
	Addr   string // its address on the link: IPv4, or IPv6 of a NewLink6
	Prefix string // what to put before a command to run it there
}

// A Link is two hosts joined by a veth pair.
type Link struct{ A, B Netns }

var links atomic.Int32

// NewHost makes a namespace that has no link, only its loopback device, and removes it when the test ends.
func NewHost(tb testing.TB) Netns {
	tb.Helper()
	return newNetns(tb, hostID(), "lo", "127.0.0.1")
}

// hostID keeps the names of parallel test binaries apart, by the process id and a counter. Namespaces are machine-wide, and
// so are device names until both ends have moved.
func hostID() string { return fmt.Sprintf("%d-%d", os.Getpid(), links.Add(1)) }

// newNetns makes a namespace, and removes it when the test ends. Of its devices only the loopback is there.
func newNetns(tb testing.TB, id, dev, addr string) Netns {
	tb.Helper()
	NeedRoot(tb)
	Need(tb, "ip")
	name := "tuna-" + id
	n := Netns{Name: name, Dev: dev, Addr: addr, Prefix: "ip netns exec " + name}
	Command(tb, "ip", "netns", "add", n.Name)
	tb.Cleanup(func() { Command(tb, "ip", "netns", "del", n.Name) })
	n.Command(tb, "ip", "link", "set", "lo", "up")
	return n
}

// NewLink makes two namespaces joined by a veth pair of 1500-byte MTU, and removes them when the test ends. Each way
// may be shaped by tbf: aToB and bToA are rates as tc writes them ("100mbit"), of whole Ethernet frames; empty: not
// shaped. See Shape.
func NewLink(tb testing.TB, aToB, bToA string) *Link {
	tb.Helper()
	return newLink(tb, "192.0.2.1", "192.0.2.2", aToB, bToA)
}

// NewLink6 is NewLink for hosts that have nothing but IPv6, apart from 127.0.0.1. Beside their addresses they have the
// link-local fe80::1 and fe80::2.
func NewLink6(tb testing.TB, aToB, bToA string) *Link {
	tb.Helper()
	return newLink(tb, "2001:db8::1", "2001:db8::2", aToB, bToA)
}

func newLink(tb testing.TB, a, b, aToB, bToA string) *Link {
	tb.Helper()
	Need(tb, "tc")
	id := hostID()
	l := &Link{A: newNetns(tb, id+"a", "tun"+id+"a", a), B: newNetns(tb, id+"b", "tun"+id+"b", b)}
	join(tb, l.A, l.B)
	l.A.Shape(tb, aToB)
	l.B.Shape(tb, bToA)
	return l
}

// join joins two namespaces by a veth pair with the device names and addresses of a and b.
func join(tb testing.TB, a, b Netns) {
	tb.Helper()
	Command(tb, "ip", "link", "add", a.Dev, "netns", a.Name, "type", "veth", "peer", "name", b.Dev, "netns", b.Name)
	for _, n := range []Netns{a, b} {
		n.bringUp(tb)
	}
	a.address(tb)
	b.address(tb)
}

// bringUp takes the device up before both ends of its link get their addresses. In the other order IPv6 loses the first
// search for a neighbor and repeats it after a second.
func (n Netns) bringUp(tb testing.TB) {
	tb.Helper()
	if !n.is4() {
		n.Command(tb, "ip", "link", "set", n.Dev, "addrgenmode", "none")
	}
	n.Command(tb, "ip", "link", "set", n.Dev, "up")
}

// address assigns the address of n to its device. An IPv6 address comes with the link-local one that ends alike.
func (n Netns) address(tb testing.TB) {
	tb.Helper()
	if n.is4() {
		n.Command(tb, "ip", "addr", "add", n.Addr+"/24", "dev", n.Dev)
		return
	}
	// Without a search for duplicates, which would keep the addresses from being used for a while.
	n.Command(tb, "ip", "addr", "add", n.Addr+"/64", "dev", n.Dev, "nodad")
	_, end, _ := strings.Cut(n.Addr, "::")
	n.Command(tb, "ip", "addr", "add", "fe80::"+end+"/64", "dev", n.Dev, "nodad")
}

// ip returns the option of the ip program for the IP version of n's address.
func (n Netns) ip() string {
	if n.is4() {
		return "-4"
	}
	return "-6"
}

func (n Netns) is4() bool { return netip.MustParseAddr(n.Addr).Is4() }

// Shape limits what leaves n over its link to rate, such as "100mbit", in place of an earlier limit. An empty rate
// changes nothing. The burst is what the rate carries in 4 ms, so that a processor which comes late does not cost
// bandwidth, but no less than 64 kbit, and no more than 400: from 64 KB on, tbf leaves offloaded TCP in pieces that do not
// fit into its queue. The queue is shorter than a socket's send buffer, so that UDP loses what exceeds the rate in place
// of being held back.
func (n Netns) Shape(tb testing.TB, rate string) {
	tb.Helper()
	if rate == "" {
		return
	}
	var mbit int
	if _, err := fmt.Sscanf(rate, "%dmbit", &mbit); err != nil {
		tb.Fatalf("rate %q: must be a whole number of mbit", rate)
	}
	burst := fmt.Sprintf("%dkbit", min(max(64, 4*mbit), 400))
	n.Command(tb, "tc", "qdisc", "replace", "dev", n.Dev, "root", "tbf", "rate", rate, "burst", burst, "limit", "64kb")
}

// Dropped counts the packets that the link's way from n to peer has dropped so far, and the datagrams that peer had no room
// for: what a busy processor can do to UDP at any rate.
func (n Netns) Dropped(tb testing.TB, peer Netns) int64 {
	tb.Helper()
	return n.Queue(tb).Drops + peer.Counter(tb, "Udp", "InErrors")
}

// Counter returns one of the kernel's counters in the namespace: its protocol and its name in /proc/net/snmp.
func (n Netns) Counter(tb testing.TB, protocol, name string) int64 {
	tb.Helper()
	var names []string
	for line := range strings.Lines(n.Command(tb, "cat", "/proc/net/snmp")) {
		f := strings.Fields(line)
		if f[0] != protocol+":" {
			continue
		}
		if names == nil { // a line of names, and one of values
			names = f
			continue
		}
		if i := slices.Index(names, name); i > 0 {
			count, err := strconv.ParseInt(f[i], 10, 64)
			if err != nil {
				tb.Fatal(err)
			}
			return count
		}
	}
	tb.Fatalf("the kernel has no counter %s %s", protocol, name)
	return 0
}

// Command runs a program in the namespace, and fails the test when the program does.
func (n Netns) Command(tb testing.TB, name string, arg ...string) string {
	tb.Helper()
	return Command(tb, "ip", append([]string{"netns", "exec", n.Name, name}, arg...)...)
}

// Command runs a program and gives what it printed on stdout. It fails the test when the program does.
func Command(tb testing.TB, name string, arg ...string) string {
	tb.Helper()
	var stderr strings.Builder
	cmd := exec.Command(name, arg...)
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		tb.Fatalf("%s: %v\n%s", cmd, err, stderr.String())
	}
	return string(out)
}
