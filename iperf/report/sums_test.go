package report_test

import (
	"fmt"
	"io"
	"iter"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/tunaperf/tuna/iperf/report"
)

// The second interval has no sum, the third none of its second stream, and the total's is wrong.
const summed = `Client connecting to 192.0.2.1, TCP port 5001
[  3] local 192.0.2.2 port 1111 connected with 192.0.2.1 port 5001
[  4] local 192.0.2.2 port 1112 connected with 192.0.2.1 port 5001
[  3]  0.0- 1.0 sec  12.0 MBytes   100 Mbits/sec
[  4]  0.0- 1.0 sec  12.0 MBytes   100 Mbits/sec
[SUM]  0.0- 1.0 sec  24.0 MBytes   201 Mbits/sec
[  3]  1.0- 2.0 sec  12.0 MBytes   110 Mbits/sec
[  4]  1.0- 2.0 sec  12.0 MBytes   110 Mbits/sec
[  3]  2.0- 3.0 sec  12.0 MBytes   120 Mbits/sec
[SUM]  2.0- 3.0 sec  24.0 MBytes   241 Mbits/sec
[  3]  0.0- 3.0 sec  36.0 MBytes   110 Mbits/sec
[  4]  0.0- 3.0 sec  36.0 MBytes   110 Mbits/sec
[SUM]  0.0- 3.0 sec  72.0 MBytes   221 Mbits/sec
`

func TestSums(t *testing.T) {
	tests := []struct {
		name   string
		parser interface {
			Parse(io.Reader, func(report.Interval)) (*report.Report, error)
			ParseAll(io.Reader) iter.Seq2[*report.Report, error]
		}
		live string // an interval that all streams are in does not wait for its sum
		want string
	}{
		{
			"as printed, added where it is not", &report.Parser{},
			"200 Mbit/s 220 Mbit/s 241 Mbit/s ", "201 Mbit/s 220 Mbit/s 241 Mbit/s total 221 Mbit/s",
		},
		{
			"always added", &report.IperfParser{},
			"200 Mbit/s 220 Mbit/s 120 Mbit/s ", "200 Mbit/s 220 Mbit/s 120 Mbit/s total 220 Mbit/s",
		},
		{
			"only as printed", &report.SumParser{},
			"201 Mbit/s 241 Mbit/s ", "201 Mbit/s 241 Mbit/s total 221 Mbit/s",
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var live strings.Builder
			rep, err := tt.parser.Parse(strings.NewReader(summed), func(i report.Interval) { fmt.Fprint(&live, i.Rate, " ") })
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tt.live, live.String()); diff != "" {
				t.Errorf("live (-want +got)\n%s", diff)
			}
			reports := []*report.Report{rep}
			for rep, err := range tt.parser.ParseAll(strings.NewReader(summed + summed)) {
				if err != nil {
					t.Error(err)
				}
				reports = append(reports, rep)
			}
			if len(reports) != 3 {
				t.Errorf("ParseAll gives %d tests, want 2", len(reports)-1)
			}
			for _, rep := range reports {
				var kept strings.Builder
				for _, i := range rep.Forward.Intervals {
					fmt.Fprint(&kept, i.Rate, " ")
				}
				if got := fmt.Sprint(kept.String(), "total ", rep.Forward.Sent.Rate); got != tt.want {
					t.Errorf("got %s, want %s", got, tt.want)
				}
			}
			if tt.name != "as printed, added where it is not" {
				return
			}
			if len(rep.Warnings) != 1 || !strings.Contains(rep.Warnings[0].Error(), "no sum is printed") {
				t.Errorf("got the warnings %v", rep.Warnings)
			}
		})
	}
}

func TestOnlyPrintedSums(t *testing.T) {
	const head = `Server listening on TCP port 5001
[  4] local 192.0.2.1 port 5001 connected with 192.0.2.2 port 1111
[  5] local 192.0.2.1 port 5001 connected with 192.0.2.2 port 1112
`
	const intervals = `[  4]  0.0- 1.0 sec  12.0 MBytes   100 Mbits/sec
[  5]  0.0- 1.0 sec  12.0 MBytes   100 Mbits/sec
[SUM]  0.0- 1.0 sec  24.0 MBytes   201 Mbits/sec
[  4]  1.0- 2.0 sec  12.0 MBytes   110 Mbits/sec
[  5]  1.0- 2.0 sec  12.0 MBytes   110 Mbits/sec
[SUM]  1.0- 2.0 sec  24.0 MBytes   221 Mbits/sec
`
	const totals = `[  4]  0.0- 2.0 sec  24.0 MBytes   105 Mbits/sec
[  5]  0.0- 2.0 sec  24.0 MBytes   105 Mbits/sec
`
	tests := []struct {
		name, text, kinds, want string
		warnings                []string
	}{
		{"all sums", head + intervals + totals + "[SUM]  0.0- 2.0 sec  48.0 MBytes   211 Mbits/sec\n", "", "201 Mbit/s 221 Mbit/s total 211 Mbit/s", nil},
		{"no sum of the totals", head + intervals + totals, "", "201 Mbit/s 221 Mbit/s no total", []string{"line 10: no sum of the totals is printed"}},
		{"an interval without its sum", head + intervals + "[  4]  2.0- 2.5 sec  12.0 MBytes   110 Mbits/sec\n" + totals, "",
			"201 Mbit/s 221 Mbit/s no total", []string{"line 10: no sum of interval 2s-2.5s is printed", "line 11: no sum of the totals is printed"}},
		{"no sum at all", head + totals, "no bandwidth", "no total", []string{"line 4: no sum of the totals is printed"}},
		{"a single stream", "[  4]  0.0- 1.0 sec  12.0 MBytes   100 Mbits/sec\n[  4]  1.0- 2.0 sec  12.0 MBytes   110 Mbits/sec\n[  4]  0.0- 2.0 sec  24.0 MBytes   105 Mbits/sec\n", "",
			"100 Mbit/s 110 Mbit/s total 105 Mbit/s", nil},
		{"intervals only", head + intervals, "incomplete", "201 Mbit/s 221 Mbit/s no total", nil},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			rep, err := new(report.SumParser).Parse(strings.NewReader(tt.text), nil)
			if got := kindsOf(err); got != tt.kinds {
				t.Errorf("got the error [%s] %v, want [%s]", got, err, tt.kinds)
			}
			var got strings.Builder
			for _, i := range rep.Forward.Intervals {
				fmt.Fprint(&got, i.Rate, " ")
			}
			total := rep.Forward.Received
			if total == nil {
				total = rep.Forward.Unlabelled
			}
			if total != nil {
				fmt.Fprint(&got, "total ", total.Rate)
			} else {
				got.WriteString("no total")
			}
			if got.String() != tt.want {
				t.Errorf("got %s, want %s", got.String(), tt.want)
			}
			var warnings []string
			for _, w := range rep.Warnings {
				warnings = append(warnings, w.Error())
			}
			if diff := cmp.Diff(tt.warnings, warnings); diff != "" {
				t.Errorf("warnings (-want +got)\n%s", diff)
			}
		})
	}
}

func TestSide(t *testing.T) {
	const row = "20261123054953,192.0.2.2,39742,192.0.2.1,5001,1,0.0-2.0,1444675644,5770799466\n"
	for role, want := range map[report.Role]string{0: "unlabelled", report.RoleClient: "sent", report.RoleServer: "received"} {
		p := report.Parser{Role: role}
		rep, err := p.Parse(strings.NewReader(row), nil)
		if err != nil {
			t.Fatal(err)
		}
		f := rep.Forward
		got := map[string]bool{"unlabelled": f.Unlabelled != nil, "sent": f.Sent != nil, "received": f.Received != nil}
		if diff := cmp.Diff(map[string]bool{"unlabelled": want == "unlabelled", "sent": want == "sent", "received": want == "received"}, got); diff != "" {
			t.Errorf("%v (-want +got)\n%s", role, diff)
		}
	}
}

func TestStreamCount(t *testing.T) {
	const text = `Client connecting to 192.0.2.1, TCP port 5001 with pid 16924 (2 flows)
[  1] local 192.0.2.2 port 1111 connected with 192.0.2.1 port 5001
[  1] 0.0000-2.0000 sec  25.0 MBytes   105 Mbits/sec
`
	rep, err := report.Parse(strings.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	if len(rep.Warnings) != 1 || rep.Warnings[0].Error() != "2 streams were asked for, there are 1" {
		t.Errorf("got the warnings %v", rep.Warnings)
	}
}

// TestSumAfterStreams reads sums of iperf 3 that come after their interval was given out.
func TestSumAfterStreams(t *testing.T) {
	const (
		conn5 = "[  5] local 192.0.2.2 port 1111 connected to 192.0.2.1 port 5201\n"
		conn7 = "[  7] local 192.0.2.2 port 1112 connected to 192.0.2.1 port 5201\n"
		rows  = "[  5]   0.00-1.00   sec  12.0 MBytes   100 Mbits/sec\n[  7]   0.00-1.00   sec  12.0 MBytes   100 Mbits/sec\n"
		row9  = "[  9]   0.00-1.00   sec  12.0 MBytes   100 Mbits/sec\n"
	)
	tests := []struct {
		name, text, live, kept, warning string
	}{
		{"as the streams", conn5 + conn7 + rows + "[SUM]   0.00-1.00   sec  24.0 MBytes   201 Mbits/sec\n", "200 Mbit/s", "201 Mbit/s", ""},
		{"another amount", conn5 + conn7 + rows + "[SUM]   0.00-1.00   sec  48.0 MBytes   402 Mbits/sec\n", "200 Mbit/s", "402 Mbit/s", "the sum says"},
		{"none", conn5 + conn7 + rows, "200 Mbit/s", "200 Mbit/s", "no sum is printed"},
		{"a stream without its connection", conn5 + conn7 + rows + row9, "200 Mbit/s", "300 Mbit/s", "came after that of all that were known"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			live := ""
			rep, _ := new(report.Parser).Parse(strings.NewReader(tt.text), func(i report.Interval) { live += i.Rate.String() })
			if live != tt.live {
				t.Errorf("live: got %s, want %s", live, tt.live)
			}
			if len(rep.Forward.Intervals) != 1 || rep.Forward.Intervals[0].Rate.String() != tt.kept {
				t.Errorf("kept: got %v, want %s", rep.Forward.Intervals, tt.kept)
			}
			if got := fmt.Sprint(rep.Warnings); (len(rep.Warnings) > 0) != (tt.warning != "") || !strings.Contains(got, tt.warning) {
				t.Errorf("got the warnings %s, want %q", got, tt.warning)
			}
		})
	}
}
