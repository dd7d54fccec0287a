package report_test

import (
	"strings"
	"testing"

	"github.com/tunaperf/tuna/iperf/report"
)

// TestColumnOfALaterIperf has a number with a unit that no iperf prints so far: nothing else is lost, and nothing is made of it.
func TestColumnOfALaterIperf(t *testing.T) {
	const (
		heading = "[ ID] Interval           Transfer     Bitrate         Retr  Cwnd\n"
		row     = "[  5]   0.00-1.00   sec   268 MBytes  2.24 Gbits/sec"
		next    = "[  5]   1.00-2.00   sec   268 MBytes  2.24 Gbits/sec"
	)
	for _, test := range []struct {
		name, tail  string
		retransmits int64 // negative: none
	}{
		{"last", "   18    400 KBytes   12 zots", 18},
		{"in between", "   18   12 zots   400 KBytes", 18},
		{"first", "   12 zots   400 KBytes", -1},
		{"alone", "   12 zots", -1},
		{"a part of it", "   18    400 KBytes   12 zots/sec", 18},
	} {
		t.Run(test.name, func(t *testing.T) {
			for _, end := range []string{"\n", ""} { // the last row may have lost its end
				rep, err := report.Parse(strings.NewReader("Connecting to host 192.0.2.1, port 5201\n" + heading + row + test.tail + "\n" + next + test.tail + end))
				if rep == nil || rep.Forward == nil || len(rep.Forward.Intervals) != 2 {
					t.Fatalf("end %q: got %+v, %v, want two intervals", end, rep, err)
				}
				for _, i := range rep.Forward.Intervals {
					switch has := i.TCP != nil && i.TCP.Has.Has(report.Retransmits); {
					case has != (test.retransmits >= 0):
						t.Errorf("end %q: retransmits are there: %v; %+v", end, has, i.TCP)
					case has && i.TCP.Retransmits != test.retransmits:
						t.Errorf("end %q: got %d retransmits, want %d", end, i.TCP.Retransmits, test.retransmits)
					}
				}
			}
		})
	}
}

// TestTitlesLikeLabels has titles of iperf 2 that begin as labels of its own do.
func TestTitlesLikeLabels(t *testing.T) {
	for _, title := range []string{"SUMMER", "FDtest", "FD1", "SUM", "IDs", "7"} {
		text := "------------------------------------------------------------\n" +
			"Client connecting to 127.0.0.1, TCP port 5001\nTCP window size: 2.50 MByte (default)\n" +
			"------------------------------------------------------------\n" +
			"[" + title + "(1)] local 127.0.0.1 port 40000 connected with 127.0.0.1 port 5001\n" +
			"[ ID] Interval       Transfer     Bandwidth\n" +
			"[" + title + "(1)] 0.0000-1.0000 sec  1.00 MBytes  8.39 Mbits/sec\n" +
			"[" + title + "(1)] 1.0000-2.0000 sec  2.00 MBytes  16.8 Mbits/sec\n" +
			"[" + title + "(1)] 0.0000-2.0000 sec  3.00 MBytes  12.6 Mbits/sec\n"
		rep, err := report.Parse(strings.NewReader(text))
		if err != nil || rep.Forward == nil || len(rep.Forward.Intervals) != 2 || len(rep.Forward.Streams) != 1 || len(rep.Warnings) > 0 {
			t.Errorf("%s: got %+v, %v; want two intervals of one stream", title, rep, err)
		}
	}
}

// TestRowsWithSomethingBehind has rows to which another program has added something, or taken the end of the last column.
func TestRowsWithSomethingBehind(t *testing.T) {
	const (
		server2 = "------------------------------------------------------------\nServer listening on UDP port 5001\n" +
			"------------------------------------------------------------\n" +
			"[  1] local 127.0.0.1 port 5001 connected with 127.0.0.1 port 40000\n" +
			"[ ID] Interval            Transfer     Bandwidth        Jitter   Lost/Total  Latency avg/min/max/stdev PPS\n"
		row2 = "[  1] 0.0000-1.0000 sec  1.25 MBytes  10.5 Mbits/sec   0.006 ms 3/891 (0.34%) 0.006/0.001/0.083/0.006 ms  891 pps"
		csv  = "20261123054254,127.0.0.1,5001,127.0.0.1,34126,3,0.0-2.0,4715760,18885466,0.002,190,3398,5.592,1"
	)
	for _, test := range []struct {
		name, text    string
		lost, packets int64
		rate          float64 // of packets; 0: none
	}{
		{"nothing", server2 + row2 + "\n", 3, 891, 891},
		{"a tag of HTML", server2 + row2 + "<br/>\n", 3, 891, 891},
		{"a bar", server2 + row2 + "|\n", 3, 891, 891},
		{"CSV", csv + "\n", 190, 3398, 0},
		{"a comma", csv + ",\n", 190, 3398, 0},
		{"the percentage is cut off", "Server listening on 5201\nAccepted connection from 192.0.2.1, port 40000\n" +
			"[  5] local 192.0.2.2 port 5201 connected to 192.0.2.1 port 50000\n" +
			"[ ID] Interval           Transfer     Bitrate         Jitter    Lost/Total Datagrams\n" +
			"[  5]   0.00-1.00   sec  1.24 MBytes  10.4 Mbits/sec  0.021 ms  70/905\n", 70, 905, 0},
	} {
		t.Run(test.name, func(t *testing.T) {
			rep, _ := report.Parse(strings.NewReader(test.text))
			if rep == nil || rep.Protocol != report.ProtocolUDP || rep.Forward == nil {
				t.Fatalf("got %+v, want UDP that a server received", rep)
			}
			var u *report.UDP
			switch f := rep.Forward; {
			case f.Received != nil:
				u = f.Received.UDP
			case len(f.Intervals) > 0:
				u = f.Intervals[0].UDP
			}
			if u == nil || u.Lost != test.lost || u.Packets != test.packets || u.PacketRate != test.rate || !u.Has.Has(report.Jitter) {
				t.Errorf("got %+v, want %d of %d lost, %g a second, and a jitter", u, test.lost, test.packets, test.rate)
			}
		})
	}
}

// TestTotalOfAPart has a client of two streams whose output ends after the total of one.
func TestTotalOfAPart(t *testing.T) {
	const text = "Client connecting to 10.0.0.2, TCP port 5001\n" +
		"[  4] local 10.0.0.1 port 40001 connected with 10.0.0.2 port 5001\n" +
		"[  3] local 10.0.0.1 port 40000 connected with 10.0.0.2 port 5001\n" +
		"[ ID] Interval       Transfer     Bandwidth\n" +
		"[  4]  0.0-10.0 sec  1.09 GBytes   940 Mbits/sec\n"
	rep, err := report.Parse(strings.NewReader(text))
	if err == nil && (rep == nil || len(rep.Warnings) == 0 || !strings.Contains(rep.Warnings[0].Error(), "2 connections were opened, and there are rows of 1")) {
		t.Errorf("got %+v, %v; want a warning of the stream that is missing", rep, err)
	}
}
