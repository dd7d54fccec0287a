package testbed

import (
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"testing"
)

// Sizes of a Tbf's queue, in bytes.
const (
	DeepQueue    = 1_000_000
	ShallowQueue = 30_000
)

// Tbf limits the rate at which packets leave n's device, in place of an earlier limit. The rate is
// written as for tc, such as "20mbit". The burst and the queue are in bytes. The burst must be
// smaller than the queue, because offloaded packets larger than the queue are dropped unless tbf
// splits them, and tbf splits only those larger than the burst.
func (n Netns) Tbf(tb testing.TB, rate string, burst, queue int) {
	tb.Helper()
	n.Command(tb, "tc", "qdisc", "replace", "dev", n.Dev, "root", "tbf", "rate", rate,
		"burst", strconv.Itoa(burst), "limit", strconv.Itoa(queue))
}

// A Queue holds the counters of a device's qdisc. Bytes are of whole Ethernet frames.
type Queue struct{ Bytes, Packets, Drops, Backlog int64 }

// Queue returns the counters of the qdisc of n's device. All are zero if it has no queue, as a veth
// that is not shaped.
func (n Netns) Queue(tb testing.TB) Queue {
	tb.Helper()
	var queues []struct {
		Root bool
		Queue
	}
	if err := json.Unmarshal([]byte(n.Command(tb, "tc", "-s", "-j", "qdisc", "show", "dev", n.Dev)), &queues); err != nil {
		tb.Fatal(err)
	}
	for _, q := range queues {
		if q.Root {
			return q.Queue
		}
	}
	return Queue{}
}

// Lose drops packets that the router n forwards to its device, each with probability p. Offloaded
// packets are dropped as a whole.
func (n Netns) Lose(tb testing.TB, p float64) {
	tb.Helper()
	n.Command(tb, n.iptables(), "-w", "-A", "FORWARD", "-o", n.Dev, "-m", "statistic", "--mode", "random",
		"--probability", fmt.Sprintf("%.9f", p), "-j", "DROP")
}

// Lost returns how many packets Lose has dropped.
func (n Netns) Lost(tb testing.TB) int64 {
	tb.Helper()
	return n.dropped(tb, "FORWARD", "-o "+n.Dev+" ")
}

// iptables returns the name of the program for the IP version of n's address.
func (n Netns) iptables() string {
	if n.is4() {
		return "iptables"
	}
	return "ip6tables"
}

// dropped returns how many packets were dropped by the chain's rules that contain the given text.
func (n Netns) dropped(tb testing.TB, chain, rule string) (packets int64) {
	tb.Helper()
	for line := range strings.Lines(n.Command(tb, n.iptables(), "-w", "-v", "-S", chain)) {
		if _, counts, ok := strings.Cut(line, " -c "); ok && strings.Contains(line, rule) {
			var p int64
			if _, err := fmt.Sscan(counts, &p); err != nil {
				tb.Fatalf("%q: %v", line, err)
			}
			packets += p
		}
	}
	return packets
}

// Offload switches TSO and GSO of the device on or off. If they are on, TCP sends packets larger
// than a segment.
func (n Netns) Offload(tb testing.TB, on bool) {
	tb.Helper()
	Need(tb, "ethtool")
	state := "off"
	if on {
		state = "on"
	}
	n.Command(tb, "ethtool", "-K", n.Dev, "tso", state, "gso", state)
}

// Congestion selects TCP's congestion control, such as "cubic", for connections over any route that
// the namespace has so far. The sysctl of a namespace accepts only an algorithm that the whole
// machine allows to every user.
func (n Netns) Congestion(tb testing.TB, name string) {
	tb.Helper()
	for route := range strings.Lines(n.Command(tb, "ip", n.ip(), "route", "show")) {
		args := append([]string{n.ip(), "route", "replace"}, strings.Fields(route)...)
		n.Command(tb, "ip", append(args, "congctl", name)...)
	}
}

// Sysctl changes settings of the namespace, such as "net.ipv4.tcp_rmem=4096 32768 32768". Use
// Congestion instead of net.ipv4.tcp_congestion_control.
func (n Netns) Sysctl(tb testing.TB, settings ...string) {
	tb.Helper()
	Need(tb, "sysctl")
	n.Command(tb, "sysctl", append([]string{"-q", "-w"}, settings...)...)
}
