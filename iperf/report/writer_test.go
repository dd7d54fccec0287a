package report_test

import (
	"encoding/json"
	"fmt"
	"math"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/tunaperf/tuna/iperf/report"
)

// A writer prints reports as iperf does, for the test that what is printed reads back to the same numbers.
type writer struct {
	name  string
	unit  byte // as after -f: k, m, g, t for bits, K, M, G, T for bytes, a for what fits
	write func(w *writer, r *report.Report) string
}

// amount prints a number of bytes as iperf does, in the largest binary unit that leaves at least 1 before the point.
func (w *writer) amount(v float64) string {
	units := []string{"Bytes", "KBytes", "MBytes", "GBytes", "TBytes"}
	i := 0
	for v >= 1024 && i < len(units)-1 {
		v /= 1024
		i++
	}
	return digits(v) + " " + units[i]
}

// rate prints a rate, in the unit of -f.
func (w *writer) rate(bits float64) string {
	switch w.unit {
	case 'a':
		units := []string{"bits/sec", "Kbits/sec", "Mbits/sec", "Gbits/sec", "Tbits/sec"}
		i := 0
		for bits >= 1000 && i < len(units)-1 {
			bits /= 1000
			i++
		}
		return digits(bits) + " " + units[i]
	case 'K', 'M', 'G', 'T':
		exp := strings.IndexByte("KMGT", w.unit) + 1
		return fmt.Sprintf("%.9f %cBytes/sec", bits/8/math.Pow(1024, float64(exp)), w.unit)
	}
	exp := strings.IndexByte("kmgt", w.unit) + 1
	return fmt.Sprintf("%.9f %cbits/sec", bits/math.Pow(1000, float64(exp)), " KMGT"[exp])
}

// digits prints three digits, as iperf does.
func digits(v float64) string {
	switch {
	case v < 9.995:
		return fmt.Sprintf("%.2f", v)
	case v < 99.95:
		return fmt.Sprintf("%.1f", v)
	}
	return fmt.Sprintf("%.0f", v)
}

func (w *writer) iperf3(r *report.Report) string {
	var b strings.Builder
	p := func(format string, args ...any) { fmt.Fprintf(&b, format+"\n", args...) }
	p("Connecting to host 192.0.2.1, port 5201")
	for _, s := range r.Forward.Streams {
		p("[%3d] local 192.0.2.2 port %d connected to 192.0.2.1 port 5201", s.ID, 30000+s.ID)
	}
	udp := r.Protocol == report.ProtocolUDP
	if udp {
		p("[ ID] Interval           Transfer     Bitrate         Total Datagrams")
	} else {
		p("[ ID] Interval           Transfer     Bitrate         Retr  Cwnd")
	}
	row := func(id string, start, end time.Duration, bytes int64, rate report.BitRate, tail string) {
		p("[%3s]  %5.2f-%-5.2f sec  %s  %s  %s", id, start.Seconds(), end.Seconds(), w.amount(float64(bytes)), w.rate(float64(rate)), tail)
	}
	tail := func(i report.Interval) string {
		switch {
		case udp:
			return fmt.Sprint(i.UDP.Packets)
		case i.TCP.Has.Has(report.CongestionWindow):
			return fmt.Sprintf("%3d   %s", i.TCP.Retransmits, w.amount(float64(i.TCP.CongestionWindow)))
		}
		return fmt.Sprintf("%3d", i.TCP.Retransmits)
	}
	for n, sum := range r.Forward.Intervals {
		for _, s := range r.Forward.Streams {
			i := s.Intervals[n]
			row(fmt.Sprint(s.ID), i.Start, i.End, i.Bytes, i.Rate, tail(i))
		}
		if len(r.Forward.Streams) > 1 {
			row("SUM", sum.Start, sum.End, sum.Bytes, sum.Rate, tail(sum))
			p("- - - - - - - - - - - - - - - - - - - - - - - - -")
		}
	}
	if len(r.Forward.Streams) == 1 {
		p("- - - - - - - - - - - - - - - - - - - - - - - - -")
	}
	p("[ ID] Interval           Transfer     Bitrate         %s", map[bool]string{true: "Jitter    Lost/Total Datagrams", false: "Retr"}[udp])
	total := func(id string, sent, received *report.Total) {
		if udp {
			row(id, sent.Start, sent.End, sent.Bytes, sent.Rate, fmt.Sprintf("0.000 ms  0/%d (0%%)  sender", sent.UDP.Packets))
			u := received.UDP
			row(id, received.Start, received.End, received.Bytes, received.Rate, fmt.Sprintf("%.3f ms  %d/%d (%.2g%%)  receiver",
				float64(u.Jitter)/1e6, u.Lost, u.Packets, 100*float64(u.Lost)/float64(u.Packets)))
			return
		}
		row(id, sent.Start, sent.End, sent.Bytes, sent.Rate, fmt.Sprintf("%3d             sender", sent.TCP.Retransmits))
		row(id, received.Start, received.End, received.Bytes, received.Rate, "receiver")
	}
	for _, s := range r.Forward.Streams {
		total(fmt.Sprint(s.ID), s.Sent, s.Received)
	}
	if len(r.Forward.Streams) > 1 {
		total("SUM", r.Forward.Sent, r.Forward.Received)
	}
	p("\niperf Done.")
	return b.String()
}

func (w *writer) iperf2(r *report.Report) string {
	var b strings.Builder
	p := func(format string, args ...any) { fmt.Fprintf(&b, format+"\n", args...) }
	udp := r.Protocol == report.ProtocolUDP
	p("------------------------------------------------------------\nClient connecting to 192.0.2.1, %v port 5001", r.Protocol)
	for _, s := range r.Forward.Streams {
		p("[%3d] local 192.0.2.2 port %d connected with 192.0.2.1 port 5001", s.ID, 30000+s.ID)
	}
	row := func(id string, start, end time.Duration, bytes int64, rate report.BitRate, tail string) {
		p("[%3s] %.4f-%.4f sec  %s  %s%s", id, start.Seconds(), end.Seconds(), w.amount(float64(bytes)), w.rate(float64(rate)), tail)
	}
	for n, sum := range r.Forward.Intervals {
		for _, s := range r.Forward.Streams {
			i := s.Intervals[n]
			row(fmt.Sprint(s.ID), i.Start, i.End, i.Bytes, i.Rate, "")
		}
		if len(r.Forward.Streams) > 1 {
			row("SUM", sum.Start, sum.End, sum.Bytes, sum.Rate, "")
		}
	}
	for _, s := range r.Forward.Streams {
		row(fmt.Sprint(s.ID), s.Sent.Start, s.Sent.End, s.Sent.Bytes, s.Sent.Rate, "")
		if udp {
			p("[%3d] Sent %d datagrams", s.ID, s.Sent.UDP.Packets)
		}
	}
	if t := r.Forward.Sent; len(r.Forward.Streams) > 1 {
		row("SUM", t.Start, t.End, t.Bytes, t.Rate, "")
	}
	if udp {
		for _, s := range r.Forward.Streams {
			u := s.Received.UDP
			p("[%3d] Server Report:", s.ID)
			row(fmt.Sprint(s.ID), s.Received.Start, s.Received.End, s.Received.Bytes, s.Received.Rate,
				fmt.Sprintf("  %.3f ms %d/%d (%.2g%%)", float64(u.Jitter)/1e6, u.Lost, u.Packets, 100*float64(u.Lost)/float64(u.Packets)))
		}
	}
	return b.String()
}

func (w *writer) json(r *report.Report) string {
	object := func(id int, start, end time.Duration, bytes int64, rate report.BitRate, tcp *report.TCP, udp *report.UDP) map[string]any {
		m := map[string]any{"socket": id, "start": start.Seconds(), "end": end.Seconds(), "bytes": bytes, "bits_per_second": float64(rate), "sender": true}
		if tcp != nil {
			m["retransmits"] = tcp.Retransmits
			if tcp.Has.Has(report.CongestionWindow) {
				m["snd_cwnd"] = tcp.CongestionWindow
			}
		}
		if udp != nil {
			m["packets"] = udp.Packets
			if udp.Has.Has(report.Lost) {
				m["lost_packets"] = udp.Lost
				m["jitter_ms"] = float64(udp.Jitter) / 1e6
			}
		}
		return m
	}
	total := func(id int, t *report.Total) map[string]any {
		return object(id, t.Start, t.End, t.Bytes, t.Rate, t.TCP, t.UDP)
	}
	var intervals, streams []any
	for n, sum := range r.Forward.Intervals {
		var all []any
		for _, s := range r.Forward.Streams {
			i := s.Intervals[n]
			all = append(all, object(s.ID, i.Start, i.End, i.Bytes, i.Rate, i.TCP, i.UDP))
		}
		intervals = append(intervals, map[string]any{"streams": all, "sum": object(0, sum.Start, sum.End, sum.Bytes, sum.Rate, sum.TCP, sum.UDP)})
	}
	for _, s := range r.Forward.Streams {
		streams = append(streams, map[string]any{"sender": total(s.ID, s.Sent), "receiver": total(s.ID, s.Received)})
	}
	text, err := json.MarshalIndent(map[string]any{
		"start":     map[string]any{"connecting_to": map[string]any{"host": "192.0.2.1", "port": 5201}, "test_start": map[string]any{"protocol": r.Protocol.String()}},
		"intervals": intervals,
		"end":       map[string]any{"streams": streams, "sum_sent": total(0, r.Forward.Sent), "sum_received": total(0, r.Forward.Received)},
	}, "", "\t")
	if err != nil {
		panic(err)
	}
	return string(text) + "\n"
}

// randomReport makes a report that iperf could print.
func randomReport(r *rand.Rand) *report.Report {
	rep := &report.Report{Protocol: report.ProtocolTCP, Forward: &report.Flow{}}
	udp := r.IntN(2) == 0
	if udp {
		rep.Protocol = report.ProtocolUDP
	}
	streams, intervals := 1+r.IntN(4), 2+r.IntN(5)
	rate := math.Pow(10, 4+r.Float64()*8) // 10 kbit/s to 1 Tbit/s
	sent := report.Total{End: time.Duration(intervals) * time.Second}
	received := sent
	f := rep.Forward
	f.Intervals = make([]report.Interval, intervals)
	for id := range streams {
		s := report.Stream{ID: 5 + 2*id}
		mine := report.Total{End: sent.End}
		for n := range intervals {
			bits := rate * (0.5 + r.Float64())
			i := report.Interval{Start: time.Duration(n) * time.Second, End: time.Duration(n+1) * time.Second, Bytes: int64(bits / 8), Rate: report.BitRate(bits)}
			if udp {
				i.UDP = &report.UDP{Has: report.Packets, Packets: 1 + r.Int64N(1e6)}
			} else {
				i.TCP = &report.TCP{Has: report.Retransmits | report.CongestionWindow, Retransmits: r.Int64N(1000), CongestionWindow: 1 + r.Int64N(1<<24)}
			}
			s.Intervals = append(s.Intervals, i)
			accumulate(&f.Intervals[n].Bytes, &f.Intervals[n].Rate, &f.Intervals[n].TCP, &f.Intervals[n].UDP, i.Bytes, i.Rate, i.TCP, i.UDP)
			f.Intervals[n].Start, f.Intervals[n].End = i.Start, i.End
			accumulate(&mine.Bytes, &mine.Rate, &mine.TCP, &mine.UDP, i.Bytes, i.Rate/report.BitRate(intervals), i.TCP, i.UDP)
		}
		theirs := mine
		theirs.Rate *= 0.99
		theirs.TCP = nil
		if udp {
			theirs.UDP = &report.UDP{Has: report.Jitter | report.Lost | report.Packets, Jitter: time.Duration(r.IntN(1e6)) * time.Microsecond, Lost: r.Int64N(mine.UDP.Packets), Packets: mine.UDP.Packets}
		}
		s.Sent, s.Received = &mine, &theirs
		f.Streams = append(f.Streams, s)
		accumulate(&sent.Bytes, &sent.Rate, &sent.TCP, &sent.UDP, mine.Bytes, mine.Rate, mine.TCP, mine.UDP)
		accumulate(&received.Bytes, &received.Rate, &received.TCP, &received.UDP, theirs.Bytes, theirs.Rate, theirs.TCP, theirs.UDP)
	}
	f.Sent, f.Received = &sent, &received
	return rep
}

func accumulate(bytes *int64, rate *report.BitRate, tcp **report.TCP, udp **report.UDP, b int64, r report.BitRate, t *report.TCP, u *report.UDP) {
	*bytes += b
	*rate += r
	if t != nil {
		if *tcp == nil {
			*tcp = &report.TCP{Has: report.Retransmits}
		}
		(*tcp).Retransmits += t.Retransmits
	}
	if u != nil {
		if *udp == nil {
			*udp = &report.UDP{Has: u.Has, Jitter: u.Jitter}
		}
		(*udp).Packets += u.Packets
		(*udp).Lost += u.Lost
	}
}

// TestWrittenReadsBack prints random reports in every unit, and reads them.
func TestWrittenReadsBack(t *testing.T) {
	var writers []*writer
	for _, unit := range "akmgtKMGT" {
		writers = append(writers, &writer{name: "iperf3 -f " + string(unit), unit: byte(unit), write: (*writer).iperf3})
		writers = append(writers, &writer{name: "iperf -f " + string(unit), unit: byte(unit), write: (*writer).iperf2})
	}
	writers = append(writers, &writer{name: "iperf3 -J", write: (*writer).json})
	for _, w := range writers {
		t.Run(w.name, func(t *testing.T) {
			for n := range uint64(50) {
				want := randomReport(rand.New(rand.NewPCG(n, uint64(w.unit))))
				text := w.write(w, want)
				got, err := report.Parse(strings.NewReader(text))
				if err != nil {
					t.Fatalf("report %d: %v\n%s", n, err, text)
				}
				if diff := compare(w, want, got); diff != "" {
					t.Fatalf("report %d: %s\n%s\nread as\n%s", n, diff, text, render(got, nil))
				}
			}
		})
	}
}

// compare says what differs by more than the printed precision.
func compare(w *writer, want, got *report.Report) string {
	if got.Protocol != want.Protocol || got.Forward == nil || got.Reverse != nil || got.Mixed != nil {
		return fmt.Sprintf("protocol %v, forward %v, reverse %v, mixed %v", got.Protocol, got.Forward, got.Reverse, got.Mixed)
	}
	exact := w.unit == 0
	iperf2TCP := strings.HasPrefix(w.name, "iperf -f") && want.Protocol == report.ProtocolTCP
	g, f := got.Forward, want.Forward
	if len(g.Intervals) != len(f.Intervals) || len(g.Streams) != len(f.Streams) {
		return fmt.Sprintf("%d intervals of %d streams, want %d of %d", len(g.Intervals), len(g.Streams), len(f.Intervals), len(f.Streams))
	}
	same := func(what string, bytes, wantBytes int64, rate, wantRate report.BitRate) string {
		// Three digits, or nine after the point: terabytes have the coarsest ones.
		rateOff := 0.006*float64(wantRate) + 20e3
		if w.unit == 'a' || strings.IndexByte("kKmM", w.unit) >= 0 {
			rateOff = 0.006*float64(wantRate) + 10
		}
		bytesOff := 0.006*float64(wantBytes) + 1
		if exact {
			rateOff, bytesOff = 1e-9*float64(wantRate), 0
		}
		if math.Abs(float64(rate-wantRate)) > rateOff {
			return fmt.Sprintf("%s: rate %v, want %v", what, rate, wantRate)
		}
		if math.Abs(float64(bytes-wantBytes)) > bytesOff {
			return fmt.Sprintf("%s: %d bytes, want %d", what, bytes, wantBytes)
		}
		return ""
	}
	for n := range f.Intervals {
		if d := same(fmt.Sprint("interval ", n), g.Intervals[n].Bytes, f.Intervals[n].Bytes, g.Intervals[n].Rate, f.Intervals[n].Rate); d != "" {
			return d
		}
		if wantTCP, tcp := f.Intervals[n].TCP, g.Intervals[n].TCP; wantTCP != nil && !iperf2TCP && (tcp == nil || tcp.Retransmits != wantTCP.Retransmits) {
			return fmt.Sprintf("interval %d: %+v, want %+v", n, tcp, wantTCP)
		}
		for i, s := range f.Streams {
			if d := same(fmt.Sprint("stream ", s.ID, " interval ", n), g.Streams[i].Intervals[n].Bytes, s.Intervals[n].Bytes, g.Streams[i].Intervals[n].Rate, s.Intervals[n].Rate); d != "" {
				return d
			}
		}
	}
	totals := func(what string, got, want *report.Total) string {
		if got == nil {
			return what + ": nothing"
		}
		if d := same(what, got.Bytes, want.Bytes, got.Rate, want.Rate); d != "" {
			return d
		}
		if u := want.UDP; u != nil && (got.UDP == nil || got.UDP.Packets != u.Packets || u.Has.Has(report.Lost) && got.UDP.Lost != u.Lost) {
			return fmt.Sprintf("%s: %+v, want %+v", what, got.UDP, u)
		}
		if u := want.UDP; u != nil && u.Has.Has(report.Jitter) && got.UDP.Has.Has(report.Jitter) && (got.UDP.Jitter-u.Jitter).Abs() > time.Microsecond {
			return fmt.Sprintf("%s: jitter %v, want %v", what, got.UDP.Jitter, u.Jitter)
		}
		return ""
	}
	if d := totals("sent", g.Sent, f.Sent); d != "" {
		return d
	}
	if iperf2TCP {
		return "" // its client knows nothing of the other end
	}
	return totals("received", g.Received, f.Received)
}
