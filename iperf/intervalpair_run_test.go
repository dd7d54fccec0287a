package iperf_test

import (
	"testing"
	"time"

	"github.com/tunaperf/tuna/internal/testbed"
	"github.com/tunaperf/tuna/iperf"
	"github.com/tunaperf/tuna/iperf/report"
)

// TestIntervalPairs sees the intervals of both ends in one call while a test runs.
func TestIntervalPairs(t *testing.T) {
	testbed.Need(t, "iperf3")
	for _, test := range []struct {
		name   string
		client iperf.ClientSettings
	}{
		{"forward", iperf.ClientSettings{Parallel: 2}},
		{"reverse", iperf.ClientSettings{Reverse: true}},
		{"both", iperf.ClientSettings{Bidir: true}},
		{"UDP", iperf.ClientSettings{Protocol: report.ProtocolUDP, Rate: 10e6}},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			test.client.Time = 2 * time.Second
			whole := map[bool]int{}
			x := iperf.Iperf{
				ClientServer: iperf.Hosts{DUT: ownHost{}, TrafficServer: ownHost{}}, Client: test.client, Server: iperf.ServerSettings{AutoPort: true},
				OnIntervalPair: func(p iperf.IntervalPair) {
					if p.Sender == nil || p.Receiver == nil {
						return
					}
					if p.Rate() != p.Receiver.Rate {
						t.Errorf("the rate is %v, the receiver's %v", p.Rate(), p.Receiver.Rate)
					}
					_, resent := p.Retransmits()
					_, _, lost := p.Loss()
					if udp := test.client.Protocol == report.ProtocolUDP; lost != udp || resent == udp {
						t.Errorf("retransmits %v, loss %v of %+v and %+v", resent, lost, p.Sender, p.Receiver)
					}
					whole[p.Reverse]++
				},
			}
			if _, err := x.Upstream(t.Context(), ""); err != nil {
				t.Fatalf("%+v", err)
			}
			forward, reverse := whole[false] >= 2, whole[true] >= 2
			if forward == test.client.Reverse || reverse != (test.client.Reverse || test.client.Bidir) {
				t.Errorf("intervals of both ends: %v", whole)
			}
		})
	}
}
