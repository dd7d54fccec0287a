package testbed

import (
	"encoding/binary"
	"encoding/json"
	"net/netip"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
)

var pathVersions = []struct {
	name string
	path func(testing.TB) *Path
}{
	{"IPv4", NewPath},
	{"IPv6", NewPath6},
}

// TestPathCarriesTCP transfers over a shaped path with a selected congestion control and receive
// window.
func TestPathCarriesTCP(t *testing.T) {
	Need(t, "iperf3")
	const size = 1_000_000
	for _, test := range pathVersions {
		t.Run(test.name, func(t *testing.T) {
			p := test.path(t)
			p.ToServer.Tbf(t, "100mbit", 20_000, DeepQueue)
			p.Client.Congestion(t, "bbr")
			p.Client.Congestion(t, "cubic")
			p.Server.Sysctl(t, "net.ipv4.tcp_rmem=4096 32768 65536")
			NewMachine(t, p.Server).StartForeign(t, 5201, "iperf3", "-s")
			packets := p.Client.Capture(t)
			var doc struct {
				End struct {
					Congestion string                  `json:"sender_tcp_congestion"`
					Received   struct{ Bytes float64 } `json:"sum_received"`
				}
			}
			out := p.Client.Command(t, "iperf3", "-c", p.Server.Addr, "-n", strconv.Itoa(size), "-J")
			if err := json.Unmarshal([]byte(out), &doc); err != nil {
				t.Fatal(err)
			}
			packets.Stop()
			if doc.End.Congestion != "cubic" {
				t.Errorf("congestion control: got %q, want cubic", doc.End.Congestion)
			}
			window, scale := 0, map[netip.AddrPort]int{} // by the client's port
			for _, packet := range packets.Packets() {
				switch {
				case packet.Sent:
				case packet.SYN:
					scale[packet.Dst] = packet.Scale
				default:
					window = max(window, packet.Window<<scale[packet.Dst])
				}
			}
			if window == 0 || window > 65536 {
				t.Errorf("got a window of %d, want at most what tcp_rmem permits", window)
			}
			if got := float64(p.ToServer.Queue(t).Bytes) / doc.End.Received.Bytes; got < 1.04 || got > 1.2 {
				t.Errorf("the queue counted %.3f of the payload, want all with its headers", got)
			}
			if got := p.ToClient.Queue(t); got != (Queue{}) {
				t.Errorf("queue of the other way: got %+v, want none", got)
			}
		})
	}
}

// TestTbf sends 100 Mbit/s into queues of 20.
func TestTbf(t *testing.T) {
	for _, test := range []struct {
		name  string
		from  func(*Path) Netns // where it is shaped
		limit int64
	}{
		{"router, deep", func(p *Path) Netns { return p.ToServer }, DeepQueue},
		{"router, shallow", func(p *Path) Netns { return p.ToServer }, ShallowQueue},
		{"sender", func(p *Path) Netns { return p.Client }, ShallowQueue},
	} {
		t.Run(test.name, func(t *testing.T) {
			p := NewPath(t)
			n := test.from(p)
			n.Tbf(t, "20mbit", 20_000, int(test.limit))
			traffic := p.Client.Send(t, p.Server, 100)
			for late := time.Now().Add(10 * time.Second); n.Queue(t).Drops == 0 && time.Now().Before(late); {
				time.Sleep(5 * time.Millisecond)
			}
			before, from := time.Now(), n.Queue(t)
			to, full := from, from.Backlog
			for time.Since(before) < 200*time.Millisecond {
				time.Sleep(5 * time.Millisecond)
				to = n.Queue(t)
				full = max(full, to.Backlog)
			}
			took := time.Since(before)
			traffic.Stop()
			if full > test.limit || full < test.limit*8/10 {
				t.Errorf("the queue held up to %d bytes of %d, want it full", full, test.limit)
			}
			if most := 20e6/8*took.Seconds() + 20_000; float64(to.Bytes-from.Bytes) > most || float64(to.Bytes-from.Bytes) < most/2 {
				t.Errorf("got %d bytes in %v, want about %.0f", to.Bytes-from.Bytes, took, most)
			}
		})
	}
}

// TestLose checks that the packets sent are those lost and those received.
func TestLose(t *testing.T) {
	for _, test := range pathVersions {
		t.Run(test.name, func(t *testing.T) {
			p := test.path(t)
			p.ToServer.Lose(t, 0.1)
			there, back := p.Client.Send(t, p.Server, 50), p.Server.Send(t, p.Client, 20)
			there.stopAfter(t, 1000)
			back.stopAfter(t, 100)
			sent, arrived := there.settle(t, func() int64 { return p.ToServer.Lost(t) })
			// Half of the expected number is five standard deviations.
			if lost := p.ToServer.Lost(t); lost < sent/20 || lost > sent*3/20 || lost+arrived != sent {
				t.Errorf("%d packets were sent, %d lost and %d arrived; want one of ten lost", sent, lost, arrived)
			}
			if sent, arrived := back.settle(t, none); sent != arrived || p.ToClient.Lost(t) != 0 {
				t.Errorf("the other way, %d packets were sent and %d arrived; want none lost", sent, arrived)
			}
		})
	}
}

// TestDelay compares the kernel's timestamps of packets at both hosts, while other packets go the
// other way.
func TestDelay(t *testing.T) {
	const there, back = 20 * time.Millisecond, 5 * time.Millisecond
	for _, test := range []struct {
		name string
		path func(testing.TB) *Path
		busy bool
	}{
		{"IPv4", NewPath, false},
		{"IPv6", NewPath6, false},
		{"busy cores", NewPath, true},
	} {
		t.Run(test.name, func(t *testing.T) {
			p := test.path(t)
			p.Delay(t, there, back)
			if test.busy {
				for core := range runtime.NumCPU() {
					Busy(t, core)
				}
			}
			client, server := p.Client.Capture(t), p.Server.Capture(t)
			traffic, other := p.Client.Send(t, p.Server, 50), p.Server.Send(t, p.Client, 10)
			traffic.stopAfter(t, 1200)
			other.stopAfter(t, 100)
			traffic.settle(t, none)
			other.settle(t, none)
			client.Stop()
			server.Stop()
			for _, way := range []struct {
				sender, receiver *Capture
				traffic          *Traffic
				delay            time.Duration
			}{
				{client, server, traffic, there},
				{server, client, other, back},
			} {
				took := delays(way.sender, way.receiver, way.traffic.from.Addr)
				if sent, arrived := way.traffic.settle(t, none); arrived != sent || int64(len(took)) != sent {
					t.Fatalf("%d packets were sent, %d arrived and %d were seen", sent, arrived, len(took))
				}
				least, tenth, median, most := took[0], took[len(took)/10], took[len(took)/2], took[len(took)-1]
				t.Logf("%d packets: %v, median %v, 99 %% %v, most %v", len(took), least, median, took[len(took)*99/100], most)
				// On a busy machine packets may be late.
				if least < way.delay || tenth > way.delay+time.Millisecond {
					t.Errorf("got %v to %v, %v for one packet of ten, median %v; want %v", least, most, tenth, median, way.delay)
				}
			}
		})
	}
}

// delays returns the delays of the packets of a Traffic in ascending order.
func delays(sender, receiver *Capture, from string) (took []time.Duration) {
	left := map[uint64]time.Time{}
	number := func(p Packet) uint64 { return binary.BigEndian.Uint64(p.Payload) }
	for _, p := range sender.Packets() {
		if p.Src.Addr().String() == from && p.UDP {
			left[number(p)] = p.At
		}
	}
	for _, p := range receiver.Packets() {
		if p.Src.Addr().String() == from && p.UDP {
			took = append(took, p.At.Sub(left[number(p)]))
		}
	}
	slices.Sort(took)
	return took
}

func TestOffload(t *testing.T) {
	Need(t, "iperf3")
	l := NewLink(t, "", "")
	NewMachine(t, l.B).StartForeign(t, 5201, "iperf3", "-s")
	for _, on := range []bool{true, false} {
		l.A.Offload(t, on)
		packets := l.A.Capture(t)
		l.A.Command(t, "iperf3", "-c", l.B.Addr, "-n", "2M")
		packets.Stop()
		if got := slices.ContainsFunc(packets.Packets(), func(p Packet) bool { return p.Size > 1448 }); got != on {
			t.Errorf("offloading is %t, and packets with more than a segment: %t", on, got)
		}
	}
}

// TestSecondLink checks which device the packets to each kind of address take.
func TestSecondLink(t *testing.T) {
	for _, test := range []struct {
		name    string
		link    func(tb testing.TB, aToB, bToA string) *Link
		another string // an address of B in neither subnet
	}{
		{"IPv4", NewLink, "203.0.114.1"},
		{"IPv6", NewLink6, "2001:db8:4::1"},
	} {
		t.Run(test.name, func(t *testing.T) {
			first := test.link(t, "", "")
			second := first.Second(t)
			first.B.Command(t, "ip", "addr", "add", test.another, "dev", "lo")
			another := *first
			another.B.Addr = test.another
			for _, l := range []*Link{first, second, &another} {
				traffic := l.A.Send(t, l.B, 10)
				traffic.stopAfter(t, 10)
				if sent, arrived := traffic.settle(t, none); arrived != sent {
					t.Errorf("%d packets were sent to %s, %d arrived", sent, l.B.Addr, arrived)
				}
				if got := l.A.Command(t, "ip", "route", "get", l.B.Addr); !strings.Contains(got, "dev "+l.A.Dev+" ") {
					t.Errorf("route to %s: got %s, want device %s", l.B.Addr, got, l.A.Dev)
				}
			}
		})
	}
}

func TestBridge(t *testing.T) {
	for _, test := range pathVersions {
		t.Run(test.name, func(t *testing.T) {
			p := test.path(t)
			bridge := p.Client.Bridge(t)
			w := bridge.Watch(t)
			there, back := bridge.Send(t, p.Server, 10), p.Server.Send(t, bridge, 10)
			there.stopAfter(t, 50)
			back.stopAfter(t, 50)
			for _, traffic := range []*Traffic{there, back} {
				if sent, arrived := traffic.settle(t, none); arrived != sent {
					t.Errorf("%d packets were sent from %s, %d arrived", sent, traffic.from.Addr, arrived)
				}
			}
			w.Stop()
			// The bridge's counter has no Ethernet headers.
			if _, bytes := back.Arrived(t); w.last.bytes-w.first.bytes < bytes*9/10 {
				t.Errorf("the bridge counted %d bytes of %d", w.last.bytes-w.first.bytes, bytes)
			}
		})
	}
}
