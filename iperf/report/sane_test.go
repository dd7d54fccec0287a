package report_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/tunaperf/tuna/iperf/report"
)

// TestNonsense has numbers that cannot be in every format. Each comes with a warning that names
// them.
func TestNonsense(t *testing.T) {
	iperf3 := func(rows string) string {
		return "Connecting to host 192.0.2.1, port 5201\n[  5] local 192.0.2.2 port 35936 connected to 192.0.2.1 port 5201\n" +
			"[ ID] Interval           Transfer     Bitrate         Retr  Cwnd\n" + rows + "\n"
	}
	iperf2 := func(rows string) string {
		return "Client connecting to 192.0.2.1, TCP port 5001\n[  3] local 192.0.2.2 port 35936 connected with 192.0.2.1 port 5001\n" +
			"[ ID] Interval       Transfer     Bandwidth\n" + rows + "\n"
	}
	const csv = "20261127101112,192.0.2.2,35936,192.0.2.1,5001,3,"
	object := func(members string) string {
		return `{"socket":5,"start":0,"end":1,` + members + `,"omitted":false,"sender":true}`
	}
	doc := func(members string) string {
		return `{"start":{"connecting_to":{"host":"192.0.2.1","port":5201},"version":"iperf 3.12"},"intervals":[{"streams":[` +
			object(members) + `],"sum":` + object(members) + `}],"end":{"streams":[],"sum_sent":` + object(members) + `}}`
	}
	event := func(members string) string {
		return `{"event":"start","data":{"version":"iperf 3.17"}}` + "\n" + `{"event":"interval","data":{"streams":[` +
			object(members) + `],"sum":` + object(members) + `}}` + "\n" + `{"event":"end","data":{"streams":[],"sum_sent":` + object(members) + `}}` + "\n"
	}
	const second = "\n[  5]   1.00-2.00   sec  1.00 MBytes  8.39 Mbits/sec"
	const second2 = "\n[  3]  1.0- 2.0 sec  1.00 MBytes  8.39 Mbits/sec\n[  3]  0.0- 2.0 sec  2.00 MBytes  8.39 Mbits/sec"
	const second3 = "\n" + csv + "1.0-2.0,1000000,8000000\n" + csv + "0.0-2.0,2000000,8000000\n"
	for _, test := range []struct{ name, text, want string }{
		{"rate, iperf 3", iperf3("[  5]   0.00-1.00   sec  1.00 MBytes   839 Gbits/sec    0   64.0 KBytes" + second), "839 Gbit/s"},
		{"rate, iperf 2", iperf2("[  3]  0.0- 1.0 sec  1.00 MBytes   839 Gbits/sec" + second2), "839 Gbit/s"},
		{"rate, CSV", csv + "0.0-1.0,1000000,839000000000" + second3, "839 Gbit/s"},
		{"rate, JSON", doc(`"bytes":1000000,"bits_per_second":839000000000`), "839 Gbit/s"},
		{"rate, events", event(`"bytes":1000000,"bits_per_second":839000000000`), "839 Gbit/s"},
		{"rate without bytes, JSON", doc(`"bytes":0,"bits_per_second":839000000000`), "839 Gbit/s"},
		{"negative, iperf 3", iperf3("[  5]   0.00-1.00   sec  1.00 MBytes  -8.39 Mbits/sec    0   64.0 KBytes" + second), "-8.39 Mbit/s"},
		{"negative, iperf 2", iperf2("[  3]  0.0- 1.0 sec  1.00 MBytes  -8.39 Mbits/sec" + second2), "-8.39 Mbit/s"},
		{"negative bytes, iperf 2", iperf2("[  3]  0.0- 1.0 sec  -1.00 MBytes  -8.39 Mbits/sec" + second2), "-8.39"},
		{"negative, CSV", csv + "0.0-1.0,-1000000,-8000000" + second3, "-8.00 Mbit/s"},
		{"negative, JSON", doc(`"bytes":-1000000,"bits_per_second":-8000000`), "-8.00 Mbit/s"},
		{"negative, events", event(`"bytes":-1000000,"bits_per_second":-8000000`), "-8.00 Mbit/s"},
		{"inf, iperf 3", iperf3("[  5]   0.00-1.00   sec  1.00 MBytes   inf bits/sec    0   64.0 KBytes" + second), "inf"},
		{"inf, iperf 2", iperf2("[  3]  0.0- 1.0 sec  1.00 MBytes   inf bits/sec" + second2), "inf"},
		{"inf, CSV", csv + "0.0-1.0,1000000,inf" + second3, "inf"},
		{"inf, JSON", doc(`"bytes":1000000,"bits_per_second":inf`), "without its bytes or its rate"},
		{"null, JSON", doc(`"bytes":1000000,"bits_per_second":null`), "without its bytes or its rate"},
		{"null, events", event(`"bytes":1000000,"bits_per_second":null`), "without its bytes or its rate"},
		{"no length, iperf 3", iperf3("[  5]   0.00-1.00   sec  1.00 MBytes  8.39 Mbits/sec\n[  5]   1.00-1.00   sec  1.00 MBytes  8.39 Mbits/sec"), "no length"},
		{"no length, iperf 2", iperf2("[  3]  0.0- 1.0 sec  1.00 MBytes  8.39 Mbits/sec\n[  3]  1.0- 1.0 sec  1.00 MBytes  8.39 Mbits/sec"), "no length"},
		{"no length, CSV", csv + "0.0-1.0,1000000,8000000\n" + csv + "1.0-1.0,1000000,8000000\n", "no length"},
		{"no length, JSON", strings.ReplaceAll(doc(`"bytes":1000000,"bits_per_second":8000000`), `"end":1,`, `"end":0,`), "no length"},
		{"ends early, iperf 2", iperf2("[  3]  0.0- 1.0 sec  1.00 MBytes  8.39 Mbits/sec\n[  3]  2.0- 1.0 sec  1.00 MBytes  8.39 Mbits/sec"), "ends before it begins"},
		{"ends early, CSV", csv + "0.0-1.0,1000000,8000000\n" + csv + "2.0-1.0,1000000,8000000\n", "ends before it begins"},
		{"ends early, JSON", strings.ReplaceAll(doc(`"bytes":1000000,"bits_per_second":8000000`), `"start":0,`, `"start":2,`), "ends before it begins"},
		{"lost, JSON", doc(`"bytes":1000000,"bits_per_second":8000000,"jitter_ms":0.1,"lost_packets":7,"packets":5`), "7 of 5 datagrams"},
		{"lost, CSV", csv + "0.0-1.0,1000000,8000000,0.1,7,5,140,0" + "\n", "7 of 5 datagrams"},
		{"negative datagrams, JSON", doc(`"bytes":1000000,"bits_per_second":8000000,"jitter_ms":0.1,"lost_packets":7,"packets":-9052`), "7 of -9052 datagrams"},
		{"negative loss, JSON", doc(`"bytes":1000000,"bits_per_second":8000000,"jitter_ms":0.1,"lost_packets":-7,"packets":9052`), "came later"},
		{"negative loss, CSV", csv + "0.0-1.0,1000000,8000000,0.1,-7,9052,0,0" + "\n", "came later"},
		{"jitter, JSON", doc(`"bytes":1000000,"bits_per_second":8000000,"jitter_ms":11185108.1,"lost_packets":0,"packets":5`), "a jitter of 3h6m25"},
		{"retransmits, JSON", doc(`"bytes":1000000,"bits_per_second":8000000,"retransmits":538976288`), "538976288 segments"},
		{"window, JSON", doc(`"bytes":1000000,"bits_per_second":8000000,"snd_cwnd":6`), "window of 6 bytes"},
	} {
		t.Run(test.name, func(t *testing.T) {
			rep, err := report.Parse(strings.NewReader(test.text))
			var all strings.Builder
			for _, w := range rep.Warnings {
				fmt.Fprintln(&all, w)
			}
			if !strings.Contains(all.String(), test.want) {
				t.Errorf("no warning of %q: %v\n%s", test.want, err, render(rep, err))
			}
		})
	}
}

// TestImpossibleLoss has a jitter or a loss that cannot be in every format. It is left out with a warning, and neither the
// rest of the row nor the direction changes.
func TestImpossibleLoss(t *testing.T) {
	const jitter, loss = "a jitter that cannot be is left out", "lost datagrams that cannot be counted are left out"
	formats := []struct {
		name string
		text func(jitter, lost, total string) string
	}{
		{"iperf 3", func(jitter, lost, total string) string {
			return "Accepted connection from 192.0.2.2, port 35934\n[  5] local 192.0.2.1 port 5201 connected to 192.0.2.2 port 35936\n" +
				"[ ID] Interval           Transfer     Bandwidth       Jitter    Lost/Total Datagrams\n" +
				fmt.Sprintf("[  5]   0.00-1.00   sec   128 KBytes  1.05 Mbits/sec  %s ms  %s/%s (0%%)\n", jitter, lost, total)
		}},
		{"iperf 2", func(jitter, lost, total string) string {
			return "Server listening on UDP port 5001\n[  3] local 192.0.2.1 port 5001 connected with 192.0.2.2 port 54938\n" +
				"[ ID] Interval       Transfer     Bandwidth        Jitter   Lost/Total Datagrams\n" +
				fmt.Sprintf("[  3]  0.0- 1.0 sec   128 KBytes  1.05 Mbits/sec   %s ms %4s/ %4s (0%%)\n", jitter, lost, total) +
				"[  3]  1.0- 2.0 sec   128 KBytes  1.05 Mbits/sec   0.020 ms    0/   89 (0%)\n"
		}},
		{"CSV", func(jitter, lost, total string) string {
			return fmt.Sprintf("20261123054953,192.0.2.1,5001,192.0.2.2,54938,3,0.0-1.0,131072,1048576,%s,%s,%s,0.000,0\n", jitter, lost, total) +
				"20261123054954,192.0.2.1,5001,192.0.2.2,54938,3,1.0-2.0,131072,1048576,0.010,0,90,0.000,0\n"
		}},
		{"CSV with a header", func(jitter, lost, total string) string {
			return "time,srcaddress,srcport,dstaddr,dstport,transferid,istart,iend,bytes,speed,jitter,errors,datagrams,errpercent,outoforder\n" +
				fmt.Sprintf("-0600:20261123054953.000000,192.0.2.1,5001,192.0.2.2,54938,1,0.0,1.0,131072,1048576,%s,%s,%s,0.000,0\n", jitter, lost, total) +
				"-0600:20261123054954.000000,192.0.2.1,5001,192.0.2.2,54938,1,1.0,2.0,131072,1048576,0.010,0,90,0.000,0\n"
		}},
		{"JSON", func(jitter, lost, total string) string {
			return fmt.Sprintf(`{"start":{"version":"iperf 3.12","accepted_connection":{}},"intervals":[{"streams":[{"socket":5,"start":0,"end":1,`+
				`"bytes":131072,"bits_per_second":1048576,"jitter_ms":%s,"lost_packets":%s,"packets":%s,"sender":false}]}],"end":{}}`, jitter, lost, total)
		}},
	}
	tests := []struct{ jitter, lost, total, want string }{
		{"0.020", "3", "89", ""},
		{"-0.021", "3", "89", jitter},
		{"inf", "3", "89", jitter},
		{"-nan", "3", "89", jitter},
		{"0.020", "7", "-9052", loss},
		{"0.020", "inf", "89", loss},
		{"0.020", "99999999999999999999", "89", loss},
	}
	for _, format := range formats {
		for _, tt := range tests {
			if format.name == "JSON" && tt.want == loss {
				continue // a number is given as it is printed, and what is none has its own warning: see TestNonsense
			}
			t.Run(format.name+"/"+tt.jitter+" "+tt.lost+" of "+tt.total, func(t *testing.T) {
				rep, err := report.Parse(strings.NewReader(format.text(tt.jitter, tt.lost, tt.total)))
				var warnings strings.Builder
				for _, w := range rep.Warnings {
					fmt.Fprintln(&warnings, w)
				}
				if tt.want != "" && !strings.Contains(warnings.String(), tt.want) || tt.want == "" && warnings.Len() > 0 {
					t.Errorf("got the warnings %q, want %q", warnings.String(), tt.want)
				}
				all := []*report.Flow{rep.Forward, rep.Reverse}
				var u *report.UDP
				for _, f := range all {
					if f != nil && len(f.Intervals) > 0 {
						u = f.Intervals[0].UDP
					} else if f != nil && f.Unlabelled != nil {
						u = f.Unlabelled.UDP
					}
				}
				if u == nil {
					t.Fatalf("no interval with numbers of UDP: %s", render(rep, err))
				}
				if got := u.Has.Has(report.Jitter); got != (tt.want != jitter) {
					t.Errorf("has a jitter: %v", got)
				}
				if got := u.Has.Has(report.Lost | report.Packets); got != (tt.want != loss) {
					t.Errorf("has a loss: %v", got)
				}
			})
		}
	}
}
