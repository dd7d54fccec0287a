package iperf

import (
	"errors"
	"testing"
	"time"

	"github.com/tunaperf/tuna/iperf/evidence"
	"github.com/tunaperf/tuna/iperf/report"
)

// A linkRow is a test over TCP of ten seconds with counters of the devices. Bytes are in millions.
type linkRow struct {
	name                string
	put, got            float64 // what iperf says that it sent and received
	tc                  float64 // of the sender's queue; zero: noqueue
	tx, txPackets       float64 // of the sender's device; packets in thousands
	rx, rxPackets       float64 // of the receiver's device
	acks                float64 // received by the sender and sent by the receiver
	retransmits         int64
	kind                string
	beneath             []evidence.Link // of the sender's device
	foreign             float64         // expected at the sender, Mbit/s
	foreignAtReceiver   float64
	otherWay, otherWay2 bool // at the sender, at the receiver
}

var linkRows = []linkRow{
	{name: "undisturbed, TSO", put: 1000, got: 990, tx: 1001, txPackets: 25, rx: 997, rxPackets: 24, acks: 1},
	{name: "undisturbed, TSO off", put: 250, got: 248, tx: 260.5, txPackets: 172.6, rx: 260, rxPackets: 172, acks: 2},
	{name: "undisturbed, 1.095 times the receiver's bytes", put: 7.9, got: 7.5, tx: 8.21, txPackets: 5.5, rx: 8.2, rxPackets: 5.5, acks: 0.1},
	{name: "undisturbed with tc", put: 24.6, got: 23.9, tc: 25.2, tx: 25.1, txPackets: 16.8, rx: 25.1, rxPackets: 16.8, acks: 0.3},
	{name: "undisturbed with tc and retransmissions", put: 24.2, got: 23.9, tc: 25.5, tx: 25.4, txPackets: 17, rx: 25.1, rxPackets: 16.8, acks: 0.3, retransmits: 200},
	{name: "foreign 5 beside 14.3 with tc", put: 18.2, got: 17.9, tc: 25.6, tx: 25.5, txPackets: 17.5, rx: 25.4, rxPackets: 17.5, acks: 0.3, foreign: 4.8, foreignAtReceiver: 4.8},
	{name: "foreign 30 beside 65", put: 82, got: 81.3, tx: 122.8, txPackets: 82, rx: 122.8, rxPackets: 82, acks: 0.8, foreign: 30, foreignAtReceiver: 30},
	{name: "another way", put: 82, got: 81.3, tx: 0.2, txPackets: 1, rx: 0.1, rxPackets: 1, otherWay: true, otherWay2: true},
	{name: "another way back", put: 82, got: 81.3, tx: 85.2, txPackets: 56, rx: 85.2, rxPackets: 56, acks: 0},
	{name: "undisturbed, tun", put: 82, got: 81.3, kind: "tun", tx: 84.6, txPackets: 56.3, rx: 84.5, rxPackets: 56.3, acks: 0.8},
	{name: "undisturbed, bridge", put: 82, got: 81.3, kind: "bridge", tx: 85.3, txPackets: 56.3, rx: 84.5, rxPackets: 56.3, acks: 0.8,
		beneath: []evidence.Link{port("eth0", 85.3, 56.3), port("eth1", 0.1, 1)}},
	{name: "bridge whose port carries nothing", put: 82, got: 81.3, kind: "bridge", tx: 85.3, txPackets: 56.3, rx: 84.5, rxPackets: 56.3, acks: 0.8,
		beneath: []evidence.Link{port("eth0", 1, 1), port("eth1", 0.1, 1)}, otherWay: true},
	{name: "another VLAN on the parent", put: 82, got: 81.3, kind: "vlan", tx: 85.3, txPackets: 56.3, rx: 85.3, rxPackets: 56.3, acks: 0.8,
		beneath: []evidence.Link{port("eth0", 85.3+37.5, 56.3+25)}, foreign: 30},
	{name: "undisturbed bond", put: 82, got: 81.3, kind: "bond", tx: 85.3, txPackets: 56.3, rx: 85.3, rxPackets: 56.3, acks: 0.8,
		beneath: []evidence.Link{port("eth0", 40, 26), port("eth1", 45.3, 30.3)}},
	{name: "undisturbed tunnel", put: 82, got: 81.3, kind: "tunnel", tx: 84.6, txPackets: 56.3, rx: 84.5, rxPackets: 56.3, acks: 0.8,
		beneath: []evidence.Link{port("eth0", 89, 56.3)}},
}

func port(name string, tx, packets float64) evidence.Link {
	return evidence.Link{Device: name, Kind: "ethernet", MTU: 1500, Counters: &evidence.LinkCounters{TxBytes: int64(tx * 1e6), TxPackets: int64(packets * 1e3)}}
}

func (r linkRow) run() (*Result, *evidence.Path, *evidence.Path) {
	total := func(bytes float64) *report.Total {
		return &report.Total{End: 10 * time.Second, Bytes: int64(bytes * 1e6), Rate: report.BitRate(bytes * 8e5),
			TCP: &report.TCP{Has: report.Retransmits, Retransmits: r.retransmits}}
	}
	res := &Result{
		Client: &report.Report{Protocol: report.ProtocolTCP, Forward: &report.Flow{Sent: total(r.put)}},
		Server: &report.Report{Protocol: report.ProtocolTCP, Forward: &report.Flow{Received: total(r.got)}},
	}
	if r.kind == "" {
		r.kind = "veth"
	}
	path := func(name string, tx, txPackets, rx, rxPackets float64) *evidence.Path {
		return &evidence.Path{Device: name, Queue: name, Source: "192.0.2.1", Elapsed: 10 * time.Second, System: evidence.System{BootID: name},
			Links: []evidence.Link{{Device: name, Kind: r.kind, MTU: 1500, Counters: &evidence.LinkCounters{TxBytes: int64(tx * 1e6), TxPackets: int64(txPackets * 1e3),
				RxBytes: int64(rx * 1e6), RxPackets: int64(rxPackets * 1e3)}}},
			Qdiscs: []evidence.Qdisc{{Kind: "noqueue", Parent: "root"}}}
	}
	client := path("toserver", r.tx, r.txPackets, r.acks, r.acks*15)
	server := path("toclient", r.acks, r.acks*15, r.rx, r.rxPackets)
	if r.tc > 0 {
		bytes, packets := int64(r.tc*1e6), int64(r.tc*1e6/1500)
		client.Qdiscs = []evidence.Qdisc{{Kind: "tbf", Parent: "root", Bytes: &bytes, Packets: &packets}}
	}
	for _, l := range r.beneath {
		client.Links[0].Beneath = append(client.Links[0].Beneath, l.Device)
		client.Links = append(client.Links, l)
	}
	for _, p := range []*evidence.Path{client, server} { // of a host without ss, which knows no sockets
		for i := int64(1); i < 10; i++ {
			l, run, wait := *p.Links[0].Counters, time.Duration(i)*time.Second/10, time.Duration(0)
			p.Samples = append(p.Samples, evidence.Sample{At: time.Duration(i) * time.Second, Run: &run, Wait: &wait, Link: &evidence.LinkCounters{
				TxBytes: l.TxBytes * i / 10, TxPackets: l.TxPackets * i / 10, RxBytes: l.RxBytes * i / 10, RxPackets: l.RxPackets * i / 10}})
		}
	}
	return res, client, server
}

func TestCrossed(t *testing.T) {
	for _, row := range linkRows {
		t.Run(row.name, func(t *testing.T) {
			res, client, server := row.run()
			seen := map[Role]float64{}
			other := map[Role]bool{}
			for _, w := range res.crossed(&ClientSettings{}, client, server) {
				e, ok := errors.AsType[*LinkError](w)
				if !ok {
					t.Fatalf("unexpected: %v", w)
				}
				t.Log(e)
				switch {
				case errors.Is(e, ErrOtherWay):
					other[e.Role] = true
				case errors.Is(e, ErrForeignTraffic):
					seen[e.Role] = float64(e.Rate) / 1e6
					if want := row.at(e.Role); float64(e.Low) > want*1e6 || float64(e.High) < want*1e6 {
						t.Errorf("%v is not within the bounds of %v", want, e)
					}
				}
			}
			for _, role := range []Role{RoleClient, RoleServer} {
				want, got := row.at(role), seen[role]
				if link := max(row.got, 1) * 0.8; want == 0 && got > 0 || want > 0 && (got < want-max(0.2*want, 0.02*link) || got > want+max(0.2*want, 0.02*link)) {
					t.Errorf("foreign at the %v: %v, want %v", role, got, want)
				}
			}
			if other[RoleClient] != row.otherWay || other[RoleServer] != row.otherWay2 {
				t.Errorf("another way: %v", other)
			}
		})
	}
}

func (r linkRow) at(role Role) float64 {
	if role == RoleClient {
		return r.foreign
	}
	return r.foreignAtReceiver
}

func TestCrossedOnOneHost(t *testing.T) {
	path := func(boot, netns, device string) *evidence.Path {
		return &evidence.Path{Device: device, Elapsed: time.Second, System: evidence.System{BootID: boot, NetNS: netns}, Links: []evidence.Link{{Device: device}}}
	}
	for _, test := range []struct {
		name           string
		client, server *evidence.Path
		want           []error
	}{
		{"one namespace", path("a", "1", "lo"), path("a", "1", "lo"), []error{ErrSameHost, ErrLoopback}},
		{"one namespace by another address", path("a", "1", "eth0"), path("a", "1", "eth0"), []error{ErrSameHost}},
		{"two namespaces", path("a", "1", "eth0"), path("a", "2", "eth0"), nil},
		{"two machines", path("a", "1", "eth0"), path("b", "1", "eth0"), nil},
		{"loopback", path("a", "1", "lo"), nil, []error{ErrLoopback}},
		{"nothing known", nil, nil, nil},
		{"no boot id", path("", "1", "eth0"), path("", "1", "eth0"), nil},
	} {
		got := (&Result{}).crossed(&ClientSettings{}, test.client, test.server)
		if len(got) != min(1, len(test.want)) {
			t.Errorf("%s: %v", test.name, got)
			continue
		}
		for _, kind := range test.want {
			if !errors.Is(got[0], kind) {
				t.Errorf("%s: %v, want %v", test.name, got[0], kind)
			}
		}
	}
}
