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
