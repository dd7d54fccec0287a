package evidence

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestReadRoute(t *testing.T) {
	for _, test := range []struct {
		name, text string
		want       Path
	}{
		{"on the link", "192.0.2.2 dev eth0 src 192.0.2.1 uid 0 \n", Path{Device: "eth0", Source: "192.0.2.1"}},
		{"gateway", "8.8.8.8 via 192.0.2.9 dev eth0 src 192.0.2.1 uid 0\n",
			Path{Device: "eth0", Source: "192.0.2.1", Gateway: "192.0.2.9"}},
		{"gateway of another family", "8.8.8.8 via inet6 fe80::1 dev eth0 src 192.0.2.1\n",
			Path{Device: "eth0", Source: "192.0.2.1", Gateway: "fe80::1"}},
		{"IPv6", "2001:db8::2 from :: dev eth0 proto kernel src 2001:db8::1 metric 256 pref medium\n",
			Path{Device: "eth0", Source: "2001:db8::1"}},
		{"itself", "local 192.0.2.1 dev lo src 192.0.2.1 uid 0\n", Path{Device: "lo", Source: "192.0.2.1", Local: true}},
		{"BusyBox", "8.8.8.8 via 192.0.2.9 dev eth0  src 192.0.2.1 \n",
			Path{Device: "eth0", Source: "192.0.2.1", Gateway: "192.0.2.9"}},
		{"no source", "192.0.2.2 dev tun0\n", Path{Device: "tun0"}},
		{"cut off", "192.0.2.2 via\n", Path{}},
		{"unreachable", "unreachable 192.0.2.2\n", Path{}},
		{"BSD on the link", "   route to: 10.0.0.2\n    gateway: link#5\n  interface: em0\n", Path{Device: "em0"}},
		{"BSD with a zone", "    gateway: fe80::1%em0\n  interface: em0\n", Path{Device: "em0", Gateway: "fe80::1"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			var got Path
			got.readRoute(test.text)
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Errorf("(-want +got)\n%s", diff)
			}
		})
	}
}

func TestTables(t *testing.T) {
	const title = "Iface	Destination	Gateway 	Flags	RefCnt	Use	Metric	Mask		MTU	Window	IRTT\n"
	const none = "00000000000000000000000000000000"
	for _, test := range []struct {
		name, peer, zone string
		files            tables
		want             Path
	}{
		{"longest prefix", "10.9.0.7", "", tables{"route": title + "a\t00000000\t0100000A\t0003\t0\t0\t0\t00000000\t0\t0\t0\n" +
			"b\t0000090A\t00000000\t0001\t0\t0\t0\t0000FFFF\t0\t0\t0\nc\t0000090A\t00000000\t0001\t0\t0\t9\t00FFFFFF\t0\t0\t0\n"},
			Path{Device: "c"}},
		{"lowest metric", "10.9.0.7", "", tables{"route": title + "a\t0000090A\t00000000\t0001\t0\t0\t600\t00FFFFFF\t0\t0\t0\n" +
			"b\t0000090A\t00000000\t0001\t0\t0\t100\t00FFFFFF\t0\t0\t0\n"}, Path{Device: "b"}},
		{"down", "10.9.0.7", "", tables{"route": title + "a\t0000090A\t00000000\t0000\t0\t0\t0\t00FFFFFF\t0\t0\t0\n"}, Path{}},
		{"rejected", "10.9.0.7", "", tables{"route": title + "*\t0000090A\t00000000\t0201\t0\t0\t0\t00FFFFFF\t0\t0\t0\n" +
			"b\t00000000\t0100000A\t0003\t0\t0\t0\t00000000\t0\t0\t0\n"}, Path{}},
		{"two possible sources", "10.9.0.7", "", tables{"route": title + "a\t0000090A\t00000000\t0001\t0\t0\t0\t00FFFFFF\t0\t0\t0\n",
			"fib_trie": "|-- 10.9.0.1\n/32 host LOCAL\n|-- 10.9.0.2\n/32 host LOCAL\n"}, Path{Device: "a"}},
		{"IPv6 default is rejected", "2001:db8::1", "", tables{
			"ipv6_route": none + " 00 " + none + " 00 " + none + " ffffffff 00000001 00000000 00200200       lo\n"}, Path{}},
		{"a name", "router", "", tables{}, Path{}},
		{"no files", "10.9.0.7", "", nil, Path{}},
		{"zone", "fe80::7", "b", tables{"ipv6_route": "fe800000000000000000000000000000 40 " + none + " 00 " + none + " 00000100 00000001 00000000 00000001 a\n" +
			"fe800000000000000000000000000000 40 " + none + " 00 " + none + " 00000100 00000001 00000000 00000001 b\n"}, Path{Device: "b"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			test.want.Peer = test.peer
			got := Path{Peer: test.peer}
			test.files.find(&got, test.zone)
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Errorf("(-want +got)\n%s", diff)
			}
		})
	}
}

func TestReadSockets(t *testing.T) {
	full := Socket{
		LocalPort: 38620, PeerPort: 5201, SendQ: 32874, CongestionControl: "cubic", RTT: 91 * time.Microsecond, MinRTT: 3 * time.Microsecond,
		MSS: 1448, CWND: 16, SSThresh: 8, Unacked: 3, SendWindow: 882688, SendBuffer: 4194304, NotSent: 106, BytesSent: 2477522875,
		BytesRetransmitted: 1448, BytesAcked: 2477391804, DeliveryRate: 41909120000, PacingRate: 54784334176, AppLimited: true,
		Busy: 652 * time.Millisecond, RwndLimited: 32 * time.Millisecond, SndbufLimited: 8 * time.Millisecond,
	}
	const addresses = `ESTAB 0      32874           127.0.0.1:38620          127.0.0.1:5201  users:(("iperf3",pid=29915,fd=5))`
	const info = ` skmem:(r0,rb131072,t0,tb4194304,f35094,w34538,o0,bl0,d0) ts sack ecn cubic wscale:10,10 rto:204 rtt:0.091/0.041 mss:1448 ` +
		`pmtu:65535 rcvmss:536 advmss:65483 cwnd:16 ssthresh:8 bytes_sent:2477522875 bytes_retrans:1448 bytes_acked:2477391804 segs_out:55982 ` +
		`send 92107956044bps lastrcv:1004 pacing_rate 54784334176bps delivery_rate 41909120000bps delivered:55978 app_limited busy:652ms ` +
		`rwnd_limited:32ms(4.9%) sndbuf_limited:8ms(1.2%) unacked:3 retrans:0/1 rcv_space:65495 notsent:106 minrtt:0.003 snd_wnd:882688  `
	for _, test := range []struct {
		name, text string
		want       []Socket
	}{
		{"one line", addresses + info + "\n", []Socket{full}},
		{"two lines", addresses + "\n\t" + info + "\n", []Socket{full}},
		{"titles, and a column of protocols", "Netid State Recv-Q Send-Q Local Address:Port Peer Address:Port\n" +
			"tcp   " + addresses + "\n\t" + info + "\n", []Socket{full}},
		{"IPv6 with scopes", "ESTAB 7 0 [fe80::1%eth0]:5201 [fe80::2]%eth0:40000 bbr rto:204 rtt:0.5/0.2\n",
			[]Socket{{LocalPort: 5201, PeerPort: 40000, RecvQ: 7, CongestionControl: "bbr", RTT: 500 * time.Microsecond}}},
		{"no brackets in old versions", "ESTAB      0      0       ::ffff:192.0.2.1:5201     ::ffff:192.0.2.2:40000 \n\t cubic wscale:7,7 rto:204 " +
			"rtt:0.5/0.2 send 92.5Mbps pacing_rate 2.4Gbps delivery_rate 800.5Kbps\n",
			[]Socket{{LocalPort: 5201, PeerPort: 40000, CongestionControl: "cubic", RTT: 500 * time.Microsecond, PacingRate: 2400000000, DeliveryRate: 800500}}},
		{"no window scaling, no name", "ESTAB 0 0 192.0.2.1:1 192.0.2.2:2 sack rto:204\n", []Socket{{LocalPort: 1, PeerPort: 2}}},
		{"another protocol", "mptcp ESTAB 0 5 192.0.2.1:1 192.0.2.2:2 subflows:1\n", []Socket{{LocalPort: 1, PeerPort: 2, SendQ: 5}}},
		{"no connections", "LISTEN 0 4096 *:5201 *:*\n\t cubic cwnd:10\nTIME-WAIT 0 0 192.0.2.1:1 192.0.2.2:2\n", nil},
		{"not ours", "Error: an inet prefix is expected\n 0 0\n", nil},
		{"values that are none", "ESTAB 0 0 192.0.2.1:1 192.0.2.2:2 rtt:-1/2 cwnd:x mss: busy:-5ms minrtt:NaN skmem:(tb) pacing_rate\n",
			[]Socket{{LocalPort: 1, PeerPort: 2}}},
	} {
		t.Run(test.name, func(t *testing.T) {
			if diff := cmp.Diff(test.want, readSockets(test.text)); diff != "" {
				t.Errorf("(-want +got)\n%s", diff)
			}
		})
	}
}

func TestReadQdiscs(t *testing.T) {
	type held2 struct{ Backlog, Drops *int64 }
	n := func(v int64) *int64 { return &v }
	const leaf = "\n Sent 0 bytes 0 pkt (dropped 2, overlimits 0 requeues 0) \n backlog 100b 2p requeues 0\n"
	for _, test := range []struct {
		name, text string
		ids        []Qdisc
		want       held2
	}{
		{"kilobytes", "qdisc tbf 8001: root refcnt 2 rate 20Mbit burst 20Kb lat 50ms\n Sent 9 bytes 1 pkt (dropped 3, overlimits 5 requeues 0)\n backlog 12Kb 8p requeues 0\n",
			[]Qdisc{{Kind: "tbf", Handle: "8001:", Parent: "root", Options: "rate 20Mbit burst 20Kb lat 50ms"}}, held2{n(12288), n(3)}},
		{"megabytes", "qdisc fq 1: root\n Sent 9 bytes 1 pkt (dropped 3, overlimits 5 requeues 0)\n backlog 1.5Mb 8p requeues 0\n",
			[]Qdisc{{Kind: "fq", Handle: "1:", Parent: "root"}}, held2{n(3 << 19), n(3)}},
		{"mq without sums", "qdisc mq 0: dev eth0 root \n Sent 0 bytes 0 pkt (dropped 0, overlimits 0 requeues 0) \n backlog 0b 0p requeues 0\n" +
			"qdisc fq_codel 0: dev eth0 parent :2 limit 10240p" + leaf + "qdisc fq_codel 0: dev eth0 parent :1 limit 10240p" + leaf,
			[]Qdisc{{Kind: "mq", Handle: "0:", Parent: "root"}, {Kind: "fq_codel", Handle: "0:", Parent: ":2", Options: "limit 10240p"},
				{Kind: "fq_codel", Handle: "0:", Parent: ":1", Options: "limit 10240p"}}, held2{n(200), n(4)}},
		{"htb with a sum", "qdisc htb 1: root refcnt 2 r2q 10 default 0x20\n Sent 0 bytes 0 pkt (dropped 9, overlimits 0 requeues 0) \n backlog 300b 4p requeues 0\n" +
			"qdisc tbf 20: parent 1:20 rate 25Mbit" + leaf,
			[]Qdisc{{Kind: "htb", Handle: "1:", Parent: "root", Options: "r2q 10 default 0x20"},
				{Kind: "tbf", Handle: "20:", Parent: "1:20", Options: "rate 25Mbit"}}, held2{n(300), n(9)}},
		{"ingress has no queue", "qdisc noqueue 0: root refcnt 2" + leaf + "qdisc ingress ffff: parent ffff:fff1 ----------------" + leaf,
			[]Qdisc{{Kind: "noqueue", Handle: "0:", Parent: "root"}, {Kind: "ingress", Handle: "ffff:", Parent: "ffff:fff1", Options: "----------------"}},
			held2{n(100), n(2)}},
		{"an old version", "qdisc pfifo_fast 0: root bands 3\n Sent 9 bytes 1 pkt (dropped 3, overlimits 5 requeues 0) \n rate 0bit 0pps backlog 7b 1p requeues 0 \n",
			[]Qdisc{{Kind: "pfifo_fast", Handle: "0:", Parent: "root", Options: "bands 3"}}, held2{n(7), n(3)}},
		{"no statistics", "qdisc noqueue 0: root refcnt 2 \n", []Qdisc{{Kind: "noqueue", Handle: "0:", Parent: "root"}}, held2{}},
		{"nothing", "Cannot find device\n", nil, held2{}},
	} {
		t.Run(test.name, func(t *testing.T) {
			all := readQdiscs(test.text)
			var ids []Qdisc
			for _, q := range all {
				ids = append(ids, q.id)
			}
			if diff := cmp.Diff(test.ids, ids); diff != "" {
				t.Errorf("ids: (-want +got)\n%s", diff)
			}
			backlog, drops := held(all)
			if diff := cmp.Diff(test.want, held2{backlog, drops}); diff != "" {
				t.Errorf("held: (-want +got)\n%s", diff)
			}
		})
	}
}

func TestKind(t *testing.T) {
	for _, test := range []struct{ name, link, details, driver, want string }{
		{"loopback", "type 772\n", "", "", "loopback"},
		{"physical", "type 1\nhas device\n", "", "driver: e1000e\n", "ethernet"},
		{"wireless", "type 1\nhas device\nuevent DEVTYPE=wlan\n", "", "", "wireless"},
		{"wireless in an old kernel", "type 1\nhas device\nhas wireless\n", "", "", "wireless"},
		{"bridge", "type 1\nuevent DEVTYPE=bridge\n", "", "", "bridge"},
		{"veth by its driver", "type 1\n", "", "driver: veth\n", "veth"},
		{"TUN", "type 65534\ntun_flags 0x1001\n", "", "", "tun"},
		{"WireGuard", "type 65534\nuevent DEVTYPE=wireguard\n", "", "", "tunnel"},
		{"PPP", "type 512\nuevent DEVTYPE=ppp\n", "", "", "ppp"},
		{"sit", "type 776\n", "", "", "tunnel"},
		{"by ip", "type 1\n", "9: gre1@NONE: <UP> mtu 1462\\    link/ether aa promiscuity 0 \\    gretap remote any local any\n", "", "tunnel"},
		{"port of a bridge", "", "9: v@if8: <UP> mtu 1500\\    link/ether aa promiscuity 1 \\    veth \\    bridge_slave state\n", "", "veth"},
		{"physical port", "type 1\nhas device\n", "9: e: <UP> mtu 1500\\    link/ether aa promiscuity 1 \\    bridge_slave state\\    altname x\n", "", "ethernet"},
		{"unknown", "type 1\n", "", "", ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			var d device
			d.readLink(test.link)
			d.readDetails(test.details)
			d.readDriver(test.driver)
			if got := d.finish().Kind; got != test.want {
				t.Errorf("got %q, want %q", got, test.want)
			}
		})
	}
}

func TestChannel(t *testing.T) {
	for _, test := range []struct{ mhz, want int }{
		{2412, 1}, {2472, 13}, {2484, 14}, {5180, 36}, {5885, 177}, {5955, 1}, {7115, 233}, {5935, 2}, {4940, 188}, {58320, 1}, {0, 0}, {900, 0},
	} {
		if got := channel(test.mhz); got != test.want {
			t.Errorf("channel(%d) = %d, want %d", test.mhz, got, test.want)
		}
	}
}
