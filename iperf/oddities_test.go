package iperf

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/tunaperf/tuna/iperf/report"
)

func TestCoverage(t *testing.T) {
	const second = time.Second
	flow := func(from, to time.Duration) *report.Report {
		return &report.Report{Forward: &report.Flow{Received: &report.Total{Start: from, End: to}}}
	}
	for _, test := range []struct {
		name         string
		server       *report.Report
		client       ClientSettings
		warning, err error
	}{
		{"all of it", flow(0, 10*second), ClientSettings{}, nil, nil},
		{"a second less", flow(0, 9*second), ClientSettings{}, nil, nil},
		{"much less", flow(0, 5*second), ClientSettings{}, ErrIncomplete, nil},
		{"much more", flow(0, 22*second), ClientSettings{}, ErrIncomplete, nil},
		{"more than the run can have taken", flow(0, 1211*second), ClientSettings{}, nil, ErrNoBandwidth},
		{"as long as the bytes take", flow(0, 1211*second), ClientSettings{Bytes: 1e6}, nil, nil},
		{"a few seconds more of TCP, from its buffers", flow(0, 15*second), ClientSettings{}, nil, nil},
		{"a few seconds more of UDP", flow(0, 15*second), ClientSettings{Protocol: report.ProtocolUDP}, ErrIncomplete, nil},
		{"nothing", &report.Report{}, ClientSettings{}, nil, nil},
		{"intervals, without what is omitted", &report.Report{Forward: &report.Flow{Intervals: []report.Interval{
			{End: 2 * second, Omitted: true}, {End: second}, {Start: second, End: 2 * second}}}}, ClientSettings{Time: 2 * second}, nil, nil},
	} {
		t.Run(test.name, func(t *testing.T) {
			from, _ := (reading{client: test.client}).findBasis(nil, test.server, false)
			warning, err := from.coverage(&test.client, 26*second)
			if !errors.Is(warning, test.warning) || !errors.Is(err, test.err) {
				t.Errorf("got %v, %v; want %v, %v", warning, err, test.warning, test.err)
			}
		})
	}
}

func TestOddities(t *testing.T) {
	streams := func(bytes ...int64) (all []report.Stream) {
		for i, n := range bytes {
			s := report.Stream{ID: i, Received: &report.Total{Bytes: n}}
			if i%2 == 1 {
				s = report.Stream{ID: i, Intervals: []report.Interval{{Bytes: 0}, {Bytes: n}}}
			}
			all = append(all, s)
		}
		return all
	}
	counted := func(sent, received int64, s ...report.Stream) *report.Flow {
		f := report.Flow{Streams: s}
		for _, c := range []struct {
			bytes int64
			total **report.Total
		}{{sent, &f.Sent}, {received, &f.Received}} {
			if c.bytes > 0 {
				*c.total = &report.Total{Bytes: c.bytes, Rate: 1}
			}
		}
		return &f
	}
	const mega = 1_000_000
	for _, test := range []struct {
		name             string
		client, server   *report.Flow // forward
		reverse, opposed bool         // the flows go the other way; there are flows both ways
		settings         ClientSettings
		want             []string // parts of them
	}{
		{name: "nothing odd", client: counted(10*mega, 9*mega), server: counted(0, 9*mega, streams(mega)...)},
		{name: "all streams", server: counted(0, 9*mega, streams(1, 1, 1, 1)...), settings: ClientSettings{Parallel: 4}},
		{name: "some streams", server: counted(0, 9*mega, streams(1, 0, 0, 1)...), settings: ClientSettings{Parallel: 4}, want: []string{"2 of 4 streams carried nothing"}},
		{name: "streams that are not there", server: counted(0, 9*mega, streams(1)...), settings: ClientSettings{Parallel: 3}, want: []string{"2 of 3 streams carried nothing"}},
		{name: "only the sum is printed", server: counted(0, 9*mega, streams(1)...), settings: ClientSettings{Parallel: 3, SumOnly: true}},
		{name: "streams are not printed", server: counted(0, 9*mega), settings: ClientSettings{Parallel: 3}},
		{name: "no stream", server: counted(0, 9*mega, streams(0, 0)...), settings: ClientSettings{Parallel: 2}},
		{name: "the sender was told of another test", client: counted(10*mega, 9*mega), server: counted(0, 2*mega), want: []string{"the server reports 2000000 bytes received, and the client was told of 9000000"}},
		{name: "the sender was told in three digits", client: counted(10*mega, 9.04*mega), server: counted(0, 9*mega)},
		{name: "more was received than sent", client: counted(2*mega, 0), server: counted(0, 9*mega), want: []string{"the server reports 9000000 bytes received, and the client 2000000 sent"}},
		{name: "much was still in the buffers", client: counted(9*mega, 0), server: counted(0, 2*mega)},
		{name: "something was left out", client: counted(2*mega, 0), server: counted(0, 9*mega), settings: ClientSettings{Omit: time.Second}},
		{name: "in reverse", reverse: true, client: counted(0, 9*mega), server: counted(2*mega, 0), want: []string{"the client reports 9000000 bytes received, and the server 2000000 sent"}},
		{name: "the receiver said nothing", client: counted(2*mega, 0), want: []string{"the receiver reported nothing"}},
		{name: "both ways", opposed: true, client: counted(9*mega, 9*mega), server: counted(9*mega, 9*mega), settings: ClientSettings{Bidir: true}},
		{name: "one of both ways", client: counted(9*mega, 9*mega), server: counted(9*mega, 9*mega), settings: ClientSettings{Bidir: true}, want: []string{"the other way was not reported"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			rep := func(f *report.Flow) *report.Report {
				r := &report.Report{Protocol: report.ProtocolTCP}
				if !test.reverse {
					r.Forward = f
				}
				if test.reverse || test.opposed {
					r.Reverse = f
				}
				return r
			}
			res := Result{Client: rep(test.client), Server: rep(test.server), Reversed: test.reverse}
			from, err := res.aggregate(reading{client: test.settings}, Median)
			if err != nil {
				t.Fatal(err)
			}
			got := res.oddities(&test.settings, from)
			ok := len(got) == len(test.want)
			for i := range min(len(got), len(test.want)) {
				ok = ok && strings.Contains(got[i].Error(), test.want[i])
			}
			if !ok {
				t.Errorf("got %q, want %q", got, test.want)
			}
		})
	}
}

// Both ends must know some tests, though only the client is told of them.
func TestVersionsThatDoNotKnowTheTest(t *testing.T) {
	for _, test := range []struct {
		client, server string
		settings       ClientSettings
		supported      bool
	}{
		{"2.1.8", "2.1.8", ClientSettings{FullDuplex: true}, true},
		{"2.1.8", "2.0.14", ClientSettings{FullDuplex: true}, false},
		{"2.0.14", "2.1.8", ClientSettings{FullDuplex: true}, false},
		{"2.1.8", "2.0.13", ClientSettings{Reverse: true}, false},
		{"2.1.8", "2.0.14", ClientSettings{Reverse: true}, true},
		{"3.12", "3.6", ClientSettings{Bidir: true}, false},
		{"3.12", "3.7", ClientSettings{Bidir: true}, true},
		{"3.12", "3.0.11", ClientSettings{Reverse: true}, true},
	} {
		x := Iperf{Client: test.settings}
		err := x.checkVersions(ver(test.client), ver(test.server), "192.0.2.1")
		if errors.Is(err, ErrUnsupported) == test.supported || err != nil && strings.Contains(err.Error(), "\n") {
			t.Error(fmt.Sprintf("%+v of %s with %s: ", test.settings, test.client, test.server), err)
		}
	}
}
