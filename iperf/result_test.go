package iperf

import (
	"errors"
	"math"
	"testing"
	"time"

	"github.com/tunaperf/tuna/iperf/report"
)

func TestBandwidthIsTheReceivers(t *testing.T) {
	total := func(rate report.BitRate) *report.Total { return &report.Total{Rate: rate} }
	intervals := func(rates ...report.BitRate) (all []report.Interval) {
		for _, r := range rates {
			all = append(all, report.Interval{Rate: r})
		}
		return all
	}
	forward := func(p report.Protocol, f report.Flow) *report.Report { return &report.Report{Protocol: p, Forward: &f} }
	const tcp, udp, ms = report.ProtocolTCP, report.ProtocolUDP, time.Millisecond
	for _, test := range []struct {
		name           string
		client, server *report.Report
		reverse        bool
		want           report.BitRate
		source         string
		wantErr        error
	}{
		{name: "nothing", source: "nothing", wantErr: ErrNoBandwidth},
		{name: "intervals of the server", client: forward(tcp, report.Flow{Intervals: intervals(9), Received: total(8)}),
			server: forward(tcp, report.Flow{Intervals: intervals(1, 2, 6), Received: total(3)}),
			want:   2, source: "3 intervals of the receiver in the server's report"},
		{name: "without what is omitted and the tail", server: forward(tcp, report.Flow{Intervals: []report.Interval{
			{Rate: 50, Omitted: true}, {Rate: 4}, {Rate: 6}, {Rate: 90, Short: true}}}),
			want: 5, source: "2 intervals of the receiver in the server's report"},
		{name: "a first interval that came late", server: forward(tcp, report.Flow{Intervals: []report.Interval{
			{End: 130 * ms, Rate: 9}, {Start: 130 * ms, End: 230 * ms, Rate: 5, Short: true}, {Start: 230 * ms, End: 330 * ms, Rate: 4, Short: true},
			{Start: 330 * ms, End: 340 * ms, Rate: 99, Short: true}}}), want: 5, source: "3 intervals of the receiver in the server's report"},
		{name: "a tail in pieces", server: forward(tcp, report.Flow{Intervals: []report.Interval{
			{End: 1000 * ms, Rate: 9}, {Start: 1000 * ms, End: 1050 * ms, Rate: 5, Short: true}, {Start: 1050 * ms, End: 1090 * ms, Rate: 4, Short: true}}}),
			want: 9, source: "1 interval of the receiver in the server's report"},
		{name: "a test shorter than an interval", server: forward(tcp, report.Flow{Intervals: []report.Interval{{Rate: 7, Short: true}}}),
			want: 7, source: "1 interval of the receiver in the server's report"},
		{name: "only omitted intervals", server: forward(tcp, report.Flow{Intervals: []report.Interval{{Rate: 7, Omitted: true}}}), wantErr: ErrNoBandwidth},
		{name: "the server's total", server: forward(udp, report.Flow{Received: total(3)}), want: 3, source: "total of the receiver in the server's report"},
		{name: "a total of the server that names no side", client: forward(udp, report.Flow{Sent: total(9)}),
			server: forward(udp, report.Flow{Unlabelled: total(3)}), want: 3, source: "total of the receiver in the server's report"},
		{name: "a zero that names no side", client: forward(udp, report.Flow{Received: total(4)}),
			server: forward(udp, report.Flow{Unlabelled: total(0)}), want: 4, source: "total of the receiver in the client's report"},
		{name: "a total of the client that names no side", client: forward(udp, report.Flow{Unlabelled: total(9)}), wantErr: ErrNoBandwidth},
		{name: "what the server told the client", client: forward(udp, report.Flow{Intervals: intervals(9, 9), Sent: total(9), Received: total(3)}),
			want: 3, source: "total of the receiver in the client's report"},
		{name: "never the sender's of UDP", client: forward(udp, report.Flow{Intervals: intervals(9, 9), Sent: total(9)}), wantErr: ErrNoBandwidth},
		{name: "the sender's of TCP if need be", client: forward(tcp, report.Flow{Intervals: intervals(4, 6), Sent: total(9)}),
			want: 5, source: "2 intervals of the sender in the client's report"},
		{name: "the sender's total of TCP", client: forward(tcp, report.Flow{Sent: total(9)}), want: 9, source: "total of the sender in the client's report"},
		{name: "in reverse the client receives", reverse: true,
			client: &report.Report{Protocol: tcp, Reverse: &report.Flow{Intervals: intervals(3)}},
			server: &report.Report{Protocol: tcp, Reverse: &report.Flow{Intervals: intervals(9)}},
			want:   3, source: "1 interval of the receiver in the client's report"},
		{name: "the other way does not count", client: &report.Report{Protocol: tcp, Reverse: &report.Flow{Intervals: intervals(3)}}, wantErr: ErrNoBandwidth},
		{name: "over before the receiver had read anything", client: forward(tcp, report.Flow{Sent: &report.Total{Rate: 9, Bytes: 9}}),
			server: forward(tcp, report.Flow{Intervals: []report.Interval{{Short: true}}, Received: total(0)}), wantErr: ErrNoBandwidth},
		{name: "nothing arrived of UDP", client: forward(udp, report.Flow{Sent: &report.Total{Rate: 9, Bytes: 9}}),
			server: forward(udp, report.Flow{Received: total(0)}), want: 0, source: "total of the receiver in the server's report"},
		{name: "nothing arrived of TCP in any interval", client: forward(tcp, report.Flow{Sent: &report.Total{Rate: 9, Bytes: 9}}),
			server: forward(tcp, report.Flow{Intervals: intervals(0, 0), Received: total(0)}), want: 0, source: "2 intervals of the receiver in the server's report"},
		{name: "the sender was never asked to send", reverse: true, client: &report.Report{Protocol: udp, Reverse: &report.Flow{Intervals: intervals(0, 0), Received: total(0)}},
			server: &report.Report{Protocol: udp}, wantErr: ErrNoBandwidth},
		{name: "nothing arrived, and nothing is known to be sent", server: forward(tcp, report.Flow{Intervals: intervals(0, 0, 0)}), wantErr: ErrNoBandwidth},
	} {
		t.Run(test.name, func(t *testing.T) {
			res := Result{Client: test.client, Server: test.server, Reversed: test.reverse}
			_, err := res.aggregate(reading{}, Median)
			got, source := res.Bandwidth, res.Source
			if got != test.want || !errors.Is(err, test.wantErr) || (err == nil && source.String() != test.source) || (err != nil && source.String() != "nothing") {
				t.Errorf("got %v, %v, %v; want %v, %v, %v", got, source, err, test.want, test.source, test.wantErr)
			}
		})
	}
}

func TestAggregatorWithoutANumber(t *testing.T) {
	res := Result{Server: &report.Report{Forward: &report.Flow{Received: &report.Total{}, Intervals: []report.Interval{{Rate: 1}}}}}
	for _, bad := range []float64{math.NaN(), math.Inf(1)} {
		if _, err := res.aggregate(reading{}, func([]report.BitRate) report.BitRate { return report.BitRate(bad) }); !errors.Is(err, ErrNoBandwidth) || res.Bandwidth != 0 {
			t.Errorf("%v: got %v, %v; want ErrNoBandwidth", bad, res.Bandwidth, err)
		}
	}
}
