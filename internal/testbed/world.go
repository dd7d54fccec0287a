package testbed

import (
	"fmt"
	"math/rand/v2"
	"net/netip"
	"os"
	"os/exec"
	"strings"
	"testing"
)

// A World is two hosts as a run meets them: each has an SSH server, which is reached over a control link of its own, and
// a link between the two carries the test. So each part can fail without the others.
type World struct{ Client, Server *Machine }

// A Machine is a host of a World. Its Netns is its end of the test link.
type Machine struct {
	Netns
	SSH     *SSHServer // listens on the control link
	Bin     string     // a folder for programs; put it first on the PATH to have them found instead of the real ones
	Control string     // the device of the control link, in the machine's namespace

	inode uint64 // of the namespace
}

// NewWorld makes two machines that run the given SSH server, "openssh" or "dropbear". The test link carries rate, as tc
// writes it, each way. All of it ends with the test, whatever the test has left running there.
func NewWorld(tb testing.TB, ssh, rate string) *World {
	tb.Helper()
	link := NewLink(tb, rate, rate)
	w := &World{Client: NewMachine(tb, link.A), Server: NewMachine(tb, link.B)}
	for _, m := range []*Machine{w.Client, w.Server} {
		addr, prefix := m.connect(tb), strings.Fields(m.Prefix)
		if ssh == "dropbear" {
			m.SSH = StartDropbear(tb, DropbearConfig{Addr: addr, Prefix: prefix})
		} else {
			m.SSH = StartSSHD(tb, SSHDConfig{Addr: addr, Prefix: prefix})
		}
	}
	return w
}

// NewMachine returns a machine for a namespace, without an SSH server and a control link. What still runs there at the end
// of the test is ended.
func NewMachine(tb testing.TB, n Netns) *Machine {
	tb.Helper()
	m := &Machine{Netns: n, Bin: tb.TempDir(), Control: "control"}
	info, err := os.Stat("/run/netns/" + n.Name)
	if err != nil {
		tb.Fatal(err)
	}
	m.inode = inode(info)
	tb.Cleanup(func() {
		for left := m.Processes(); len(left) > 0; left = m.Processes() {
			for _, p := range left {
				kill(p.PID)
			}
		}
	})
	return m
}

// controlNet is for tests of networks only (RFC 2544), so that nobody else has addresses in it.
var controlNet = netip.MustParsePrefix("198.18.0.0/15")

// connect makes the control link and returns the machine's address on it. The device at this end is called by the
// number of its subnet, and the kernel lets only one device have a name: so no two worlds share a subnet, not even those
// of different processes.
func (m *Machine) connect(tb testing.TB) string {
	tb.Helper()
	for range 100 {
		n := rand.IntN(1 << 15)
		dev := fmt.Sprintf("tunc%d", n)
		out, err := exec.Command("ip", "link", "add", dev, "type", "veth", "peer", "name", m.Control, "netns", m.Name).CombinedOutput()
		if err != nil {
			if strings.Contains(string(out), "File exists") {
				continue
			}
			tb.Fatalf("control link: %v: %s", err, out)
		}
		tb.Cleanup(func() { Command(tb, "ip", "link", "del", dev) })
		base := controlNet.Addr().As4()
		base[1] += byte(n >> 14)
		base[2] = byte(n >> 6)
		base[3] = byte(n << 2)
		here := netip.AddrFrom4(base).Next()
		there := here.Next()
		Command(tb, "ip", "addr", "add", here.String()+"/30", "dev", dev)
		Command(tb, "ip", "link", "set", dev, "up")
		m.Netns.Command(tb, "ip", "addr", "add", there.String()+"/30", "dev", m.Control)
		m.Netns.Command(tb, "ip", "link", "set", m.Control, "up")
		return there.String()
	}
	tb.Fatal("control link: no free subnet")
	return ""
}
