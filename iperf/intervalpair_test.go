package iperf

import (
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tunaperf/tuna/iperf/report"
)

// at returns an interval of one second that ends at that many milliseconds.
func at(end int, set ...func(*report.Interval)) report.Interval {
	i := report.Interval{Start: time.Duration(end-1000) * time.Millisecond, End: time.Duration(end) * time.Millisecond}
	for _, f := range set {
		f(&i)
	}
	return i
}

func resent(n int64) func(*report.Interval) {
	return func(i *report.Interval) { i.TCP = &report.TCP{Has: report.Retransmits, Retransmits: n} }
}

func missed(lost, packets int64) func(*report.Interval) {
	return func(i *report.Interval) {
		i.UDP = &report.UDP{Has: report.Lost | report.Packets, Lost: lost, Packets: packets}
	}
}

func rate(r report.BitRate) func(*report.Interval) { return func(i *report.Interval) { i.Rate = r } }
func reverse(i *report.Interval)                   { i.Reverse = true }
func omitted(i *report.Interval)                   { i.Omitted = true }

func TestPairing(t *testing.T) {
	type step struct {
		role Role
		report.Interval
		ends bool
	}
	client := func(i report.Interval) step { return step{role: RoleClient, Interval: i} }
	server := func(i report.Interval) step { return step{role: RoleServer, Interval: i} }
	ends := func(r Role) step { return step{role: r, ends: true} }
	tests := []struct {
		name  string
		steps []step
		want  []string // a step's number, the end of its interval, and what is known
	}{
		{"TCP", []step{client(at(1000, rate(9), resent(3))), server(at(1001, rate(8))), server(at(2001, rate(7))), client(at(2000, resent(0)))},
			[]string{"1: 1.001s 8 bit/s 3 resent", "3: 2.001s 7 bit/s 0 resent"}},
		{"UDP", []step{client(at(1000, rate(9))), server(at(1000, rate(8), missed(1, 10)))},
			[]string{"1: 1s 8 bit/s 1/10 lost"}},
		{"reverse", []step{client(at(1000, rate(8), reverse)), server(at(1002, rate(9), resent(5), reverse))},
			[]string{"1: 1s 8 bit/s reverse 5 resent"}},
		{"both directions", []step{
			client(at(1000, rate(9), resent(1))), client(at(1000, rate(6), reverse)),
			server(at(1000, rate(8))), server(at(1000, rate(7), resent(2), reverse)),
		}, []string{"2: 1s 8 bit/s 1 resent", "3: 1s 6 bit/s reverse 2 resent"}},
		{"omitted time", []step{
			client(at(1000, rate(9), omitted)), client(at(1000, rate(7), resent(4))), server(at(1000, rate(8), omitted)), server(at(1000, rate(6))),
		}, []string{"1: 1s 9 bit/s", "2: 1s 8 bit/s", "3: 1s 6 bit/s 4 resent"}},
		{"one end reports none", []step{server(at(1000, rate(8))), server(at(2000, rate(7))), server(at(3000, rate(6))), ends(RoleClient), ends(RoleServer)},
			[]string{"1: 1s 8 bit/s", "2: 2s 7 bit/s", "3: 3s 6 bit/s"}},
		{"one end lacks an interval", []step{
			client(at(1000, resent(1))), server(at(1000, rate(8))), client(at(2000, resent(2))), client(at(3000, resent(3))),
			server(at(3000, rate(6))), ends(RoleServer), ends(RoleClient),
		}, []string{"1: 1s 8 bit/s 1 resent", "4: 2s 0 bit/s 2 resent", "4: 3s 6 bit/s 3 resent"}},
		{"a tail", []step{client(at(1000, resent(1))), server(at(1000, rate(8))), server(at(1040, rate(5))), ends(RoleClient), ends(RoleServer)},
			[]string{"1: 1s 8 bit/s 1 resent", "3: 1.04s 5 bit/s"}},
		{"only one end runs", []step{ends(RoleServer), client(at(1000, rate(9), resent(1)))}, []string{"1: 1s 9 bit/s 1 resent"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var got []string
			n := 0
			p := pairing{each: func(p IntervalPair) {
				i := p.Receiver
				if i == nil {
					i = p.Sender
				}
				text := fmt.Sprintf("%d: %v %g bit/s", n, i.End, float64(p.Rate()))
				if p.Reverse {
					text += " reverse"
				}
				if v, ok := p.Retransmits(); ok {
					text += fmt.Sprintf(" %d resent", v)
				}
				if lost, packets, ok := p.Loss(); ok {
					text += fmt.Sprintf(" %d/%d lost", lost, packets)
				}
				got = append(got, text)
			}}
			p.begin(RoleServer)
			p.begin(RoleClient)
			for k, s := range tt.steps {
				n = k
				if s.ends {
					p.end(s.role)
				} else {
					p.take(s.role, s.Interval)
				}
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("(-want +got)\n%s", diff)
			}
		})
	}
}
