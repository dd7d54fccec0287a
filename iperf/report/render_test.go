package report_test

import (
	"fmt"
	"strings"

	"github.com/tunaperf/tuna/iperf/report"
)

// render says everything that is in a report, a line each, for comparison with what a fixture expects.
func render(rep *report.Report, err error) string {
	var b strings.Builder
	p := func(format string, args ...any) { fmt.Fprintf(&b, format+"\n", args...) }
	p("%s %s, %v, %v", orDash(rep.Program), orDash(rep.Version), rep.Role, rep.Protocol)
	if !rep.Start.IsZero() {
		p("start %v", rep.Start)
	}
	if s := rep.Settings; s != (report.Settings{}) {
		p("settings %s", strings.Trim(strings.ReplaceAll(fmt.Sprintf("%+v", s), "\n", " "), "{}"))
	}
	if c := rep.CPU; c != nil {
		p("cpu local %v remote %v", use(c.Local), use(c.Remote))
	}
	for _, f := range []struct {
		name string
		flow *report.Flow
	}{{"forward", rep.Forward}, {"reverse", rep.Reverse}, {"mixed", rep.Mixed}} {
		if f.flow != nil {
			p("%s", f.name)
			renderFlow(&b, f.flow)
		}
	}
	for _, w := range rep.Warnings {
		p("warning %v", w)
	}
	if err != nil {
		p("error %v", err)
	}
	if rep.Peer != nil {
		p("peer")
		for line := range strings.Lines(render(rep.Peer, nil)) {
			b.WriteString("  " + line)
		}
	}
	return b.String()
}

func renderFlow(b *strings.Builder, f *report.Flow) {
	for _, i := range f.Intervals {
		fmt.Fprintf(b, "  interval %s\n", interval(i))
	}
	totals(b, "  ", f.Sent, f.Received, f.Unlabelled)
	histograms(b, "  ", f.Histograms)
	for _, s := range f.Streams {
		fmt.Fprintf(b, "  stream %d\n", s.ID)
		for _, i := range s.Intervals {
			fmt.Fprintf(b, "    interval %s\n", interval(i))
		}
		totals(b, "    ", s.Sent, s.Received, s.Unlabelled)
		histograms(b, "    ", s.Histograms)
	}
}

func histograms(b *strings.Builder, indent string, all []report.Histogram) {
	for _, h := range all {
		fmt.Fprintf(b, "%shistogram %s %v-%v final=%v width=%v count=%d bins=%v percentiles=%v outliers=%d outside=%d/%d", indent,
			h.Name, h.Start, h.End, h.Final, h.Width, h.Count, h.Bins, h.Percentiles, h.Outliers, h.Below, h.Above)
		if h.Max != 0 {
			fmt.Fprintf(b, " max=%v at %v", h.Max, h.MaxAt)
		}
		b.WriteString("\n")
	}
}

func totals(b *strings.Builder, indent string, sent, received, unlabelled *report.Total) {
	for _, t := range []struct {
		name  string
		total *report.Total
	}{{"sent", sent}, {"received", received}, {"unlabelled", unlabelled}} {
		if v := t.total; v != nil {
			fmt.Fprintf(b, "%s%s %s\n", indent, t.name, interval(report.Interval{
				Start: v.Start, End: v.End, Bytes: v.Bytes, Rate: v.Rate, TCP: v.TCP, UDP: v.UDP, Enhanced: v.Enhanced,
			}))
		}
	}
}

func interval(i report.Interval) string {
	s := fmt.Sprintf("%v-%v %d bytes %.10g bit/s", i.Start, i.End, i.Bytes, float64(i.Rate))
	if i.Omitted {
		s += " omitted"
	}
	if i.Short {
		s += " short"
	}
	if t := i.TCP; t != nil {
		add := func(f report.TCPFields, name string, v any) {
			if t.Has.Has(f) {
				s += fmt.Sprintf(" %s=%v", name, v)
			}
		}
		add(report.Retransmits, "retransmits", t.Retransmits)
		add(report.CongestionWindow, "cwnd", t.CongestionWindow)
		add(report.SendWindow, "sndwnd", t.SendWindow)
		add(report.RTT, "rtt", t.RTT)
		add(report.RTTVar, "rttvar", t.RTTVar)
		add(report.PMTU, "pmtu", t.PMTU)
		add(report.Reorder, "reorder", t.Reorder)
		add(report.RTTRange, "rttrange", fmt.Sprint(t.MinRTT, "-", t.MaxRTT))
	}
	if u := i.UDP; u != nil {
		add := func(f report.UDPFields, name string, v any) {
			if u.Has.Has(f) {
				s += fmt.Sprintf(" %s=%v", name, v)
			}
		}
		add(report.Jitter, "jitter", u.Jitter)
		add(report.Lost, "lost", u.Lost)
		add(report.Packets, "packets", u.Packets)
		add(report.OutOfOrder, "outoforder", u.OutOfOrder)
		add(report.PacketRate, "pps", u.PacketRate)
	}
	if e := i.Enhanced; e != nil {
		add := func(f report.EnhancedFields, name string, v any) {
			if e.Has.Has(f) {
				s += fmt.Sprintf(" %s=%v", name, v)
			}
		}
		add(report.Latency, "latency", e.Latency)
		add(report.NetPower, "netpwr", e.NetPower)
		add(report.Writes, "writes", fmt.Sprint(e.Writes, "/", e.WriteErrors))
		add(report.Reads, "reads", e.Reads)
		add(report.InFlight, "inflight", e.InFlight)
		add(report.RoundTrips, "roundtrips", e.RoundTrips)
	}
	return s
}

func use(u *report.CPUUse) string {
	if u == nil {
		return "-"
	}
	return fmt.Sprintf("%.4g%% (user %.4g%%, system %.4g%%)", u.Total, u.User, u.System)
}

func orDash(s string) string {
	if s == "" {
		return "-"
	}
	return s
}
