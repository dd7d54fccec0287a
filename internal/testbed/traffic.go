package testbed

import (
	"encoding/binary"
	"fmt"
	"net"
	"net/netip"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// Traffic is foreign traffic beside a test: UDP of a constant rate from one host to another.
type Traffic struct {
	stop     func()
	from, to Netns
	packets  atomic.Int64
}

const (
	discard     = "9"  // its port
	trafficSize = 1400 // bytes of payload
)

// Send starts to send UDP datagrams to port 9 of another host. The rate is in Mbit/s of whole
// Ethernet frames. Late datagrams are sent at once. The receiver's firewall drops them, so its UDP
// counters do not change. There is at most one Traffic from one address to another. The caller
// calls Stop, which is also called at the end of the test.
func (n Netns) Send(tb testing.TB, to Netns, mbit float64) *Traffic {
	tb.Helper()
	t := &Traffic{from: n, to: to}
	to.Command(tb, to.iptables(), "-w", "-I", "INPUT", "-s", n.Addr, "-d", to.Addr, "-p", "udp", "--dport", discard, "-j", "DROP")
	started, quit := make(chan error), make(chan struct{})
	var sender sync.WaitGroup
	sender.Go(func() {
		err := n.enter()
		var conn net.Conn
		if err == nil {
			dialer := net.Dialer{LocalAddr: &net.UDPAddr{IP: net.ParseIP(n.Addr)}}
			conn, err = dialer.Dial("udp", net.JoinHostPort(to.Addr, discard))
		}
		started <- err
		if err != nil {
			return
		}
		defer conn.Close()
		tick := time.NewTicker(time.Millisecond)
		defer tick.Stop()
		data := make([]byte, trafficSize)
		begin, perSecond := time.Now(), mbit*1e6/8/float64(t.frame())
		for number := uint64(0); ; {
			select {
			case <-quit:
				return
			case <-tick.C:
			}
			for due := uint64(time.Since(begin).Seconds() * perSecond); number < due; number++ {
				binary.BigEndian.PutUint64(data, number)
				if _, err := conn.Write(data); err == nil {
					t.packets.Add(1)
				}
			}
		}
	})
	if err := <-started; err != nil {
		tb.Fatalf("traffic of %s: %v", n.Name, err)
	}
	t.stop = sync.OnceFunc(func() {
		close(quit)
		sender.Wait()
	})
	tb.Cleanup(t.stop)
	return t
}

// frame returns the size of a datagram with the headers of Ethernet, IP and UDP.
func (t *Traffic) frame() int64 {
	if t.from.is4() {
		return 14 + 20 + 8 + trafficSize
	}
	return 14 + 40 + 8 + trafficSize
}

// Stop ends the sending.
func (t *Traffic) Stop() { t.stop() }

// Sent returns the number of packets that the sender's kernel has accepted so far, and their size
// as Ethernet frames.
func (t *Traffic) Sent() (packets, bytes int64) {
	packets = t.packets.Load()
	return packets, packets * t.frame()
}

// Arrived returns the number of packets that have reached the other host so far, and their size as
// Ethernet frames.
func (t *Traffic) Arrived(tb testing.TB) (packets, bytes int64) {
	tb.Helper()
	packets = t.to.dropped(tb, "INPUT", fmt.Sprintf("-s %s/%d -d %s/", t.from.Addr, netip.MustParseAddr(t.from.Addr).BitLen(), t.to.Addr))
	return packets, packets * t.frame()
}
