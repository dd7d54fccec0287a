package iperf

import (
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/tunaperf/tuna/iperf/evidence"
	"github.com/tunaperf/tuna/iperf/report"
)

func TestLossPlace(t *testing.T) {
	n := func(v int64) *int64 { return &v }
	total := func(lost, packets int64) *report.Total {
		return &report.Total{UDP: &report.UDP{Has: report.Lost | report.Packets, Lost: lost, Packets: packets}}
	}
	sender := func(sndbuf *int64, drops *int64) *evidence.Path {
		return &evidence.Path{Device: "eth0", Counters: evidence.Counters{UDPSndbufErrors: sndbuf}, Qdiscs: []evidence.Qdisc{{Kind: "tbf", Parent: "root", Drops: drops}}}
	}
	receiver := func(rcvbuf *int64, dropped int64, sampled *int64) *evidence.Path {
		return &evidence.Path{Device: "eth1", Counters: evidence.Counters{UDPRcvbufErrors: rcvbuf}, Samples: []evidence.Sample{{UDPDrops: sampled}},
			Links: []evidence.Link{{Device: "eth1", Counters: &evidence.LinkCounters{RxDropped: dropped}}}}
	}
	for _, test := range []struct {
		name             string
		c                ClientSettings
		total            *report.Total
		sender, receiver *evidence.Path
		want             *Loss
		warning          error
		text             string
	}{
		{
			name: "small receive buffer", total: total(14777, 138000), sender: sender(n(0), n(0)), receiver: receiver(n(14777), 0, n(14000)),
			want:    &Loss{Packets: 138000, Lost: 14777, Queue: n(0), Interface: n(0), Socket: n(14777), Between: n(0)},
			warning: ErrReceiverDropped,
			text:    "lost 14777 of 138000 datagrams: 0 in the sender's queue, 0 at the receiver's interface, 14777 in the receiver's socket, 0 in between",
		},
		{
			name: "router", total: total(10467, 17260), sender: sender(n(0), n(0)), receiver: receiver(n(0), 0, n(0)),
			want: &Loss{Packets: 17260, Lost: 10467, Queue: n(0), Interface: n(0), Socket: n(0), Between: n(10467)},
		},
		{
			name: "own queue", total: total(10504, 17260), sender: sender(n(10507), n(10507)), receiver: receiver(n(0), 0, nil),
			want:    &Loss{Packets: 17260, Lost: 10504, Queue: n(10507), Interface: n(0), Socket: n(0), Between: n(0)},
			warning: ErrSenderDropped,
			text: "lost 10504 of 17260 datagrams: 10507 in the sender's queue, 0 at the receiver's interface, 0 in the receiver's socket, " +
				"0 in between (the counters have 3 more than iperf)",
		},
		{
			name: "interface", total: total(100, 1000), sender: sender(n(0), nil), receiver: receiver(n(0), 90, nil),
			want:    &Loss{Packets: 1000, Lost: 100, Queue: n(0), Interface: n(90), Socket: n(0), Between: n(10)},
			warning: ErrReceiverDropped,
		},
		{
			name: "another program's drops", total: total(100, 1000), sender: sender(n(0), nil), receiver: receiver(n(5000), 0, n(0)),
			want: &Loss{Packets: 1000, Lost: 100, Queue: n(0), Interface: n(0), Socket: n(0), Between: n(100)},
		},
		{
			name: "only the receiver", total: total(100, 1000), receiver: receiver(n(100), 0, nil),
			want: &Loss{Packets: 1000, Lost: 100, Interface: n(0), Socket: n(100)}, warning: ErrReceiverDropped,
		},
		{
			name: "fragments", c: ClientSettings{Length: 8192}, total: total(100, 1000), sender: sender(nil, n(400)), receiver: receiver(n(0), 30, nil),
			want: &Loss{Packets: 1000, Lost: 100, Socket: n(0)},
		},
		{name: "nothing known", total: total(100, 1000), want: &Loss{Packets: 1000, Lost: 100}, text: "lost 100 of 1000 datagrams"},
		{name: "not reported"},
	} {
		t.Run(test.name, func(t *testing.T) {
			test.c.Protocol = report.ProtocolUDP
			res := &Result{Server: &report.Report{Protocol: report.ProtocolUDP, Forward: &report.Flow{Received: test.total}}}
			got, warnings := res.lossPlace(&test.c, test.sender, test.receiver)
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Error("(-want +got)\n", diff)
			}
			if test.warning == nil && len(warnings) > 0 || test.warning != nil && (len(warnings) != 1 || !errors.Is(warnings[0], test.warning)) {
				t.Errorf("warnings %v, want %v", warnings, test.warning)
			}
			if test.text != "" && got.String() != test.text {
				t.Errorf("%s\nwant %s", got, test.text)
			}
		})
	}
	if l, w := (&Result{}).lossPlace(&ClientSettings{}, nil, nil); l != nil || w != nil {
		t.Errorf("TCP: %v, %v", l, w)
	}
}
