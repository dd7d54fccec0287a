package iperf

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/tunaperf/tuna/iperf/evidence"
	"github.com/tunaperf/tuna/iperf/report"
)

func ExampleLimit_String() {
	for _, l := range []Limit{
		{Kind: LimitReceiverCPU, Side: RoleServer, Evidence: []Figure{{"core 1 busy", 97, "%"}}},
		{Kind: LimitPath, Evidence: []Figure{{"queueing delay", 48.2, "ms"}, {"least round trip", 0.05, "ms"}}},
		{Kind: LimitPath, Side: RoleClient, Evidence: []Figure{{"own queue", 100, "%"}}},
		{Kind: LimitPace, Side: RoleClient, Evidence: []Figure{{"pace", 12e6, "bit/s"}, {"rate", 12.2e6, "bit/s"}}},
		{},
	} {
		fmt.Println(l)
	}
	// Output:
	// receiver's processor: core 1 was busy for 97 % of the test
	// path: packets waited for 48.2 ms in queues, the least round trip was 0.05 ms
	// path at the client's own device: the device's queue held packets in 100 % of the samples
	// pace: iperf was told to send at 12.0 Mbit/s, 12.2 Mbit/s arrived
	// unknown
}

func ExampleResult_Explain() {
	client := &Path{Device: "eth0", Source: "192.0.2.1", Gateway: "192.0.2.254", Qdiscs: []evidence.Qdisc{{Kind: "fq_codel"}},
		Links: []evidence.Link{{Device: "eth0", Kind: "ethernet", MTU: 1500, Speed: 1e9}}}
	res := &Result{
		Direction: Upstream, Bandwidth: 19.1e6, Source: Source{Role: RoleServer, Intervals: 10},
		Client:    &report.Report{Protocol: report.ProtocolTCP},
		ClientEnd: End{Version: Version{Program: "iperf3", Number: "3.12"}, Path: client}, ServerEnd: End{Addr: "198.51.100.2"},
		Limit: Limit{Kind: LimitPath, Evidence: []Figure{{"queueing delay", 48.2, "ms"}}},
		Warnings: []error{&LinkError{Err: ErrForeignTraffic, Role: RoleClient, Device: "eth0", Sent: true,
			Test: 19.1e6, Carried: 25e6, Rate: 5e6, Low: 4.5e6, High: 5.4e6}},
	}
	fmt.Print(res.Explain())
	// Output:
	// upstream 19.1 Mbit/s over TCP, iperf3 3.12
	// from: 10 intervals of the receiver in the server's report
	// client: 192.0.2.1 on eth0 (ethernet, 1.00 Gbit/s, MTU 1500, queue fq_codel) via 192.0.2.254
	// server: 198.51.100.2, path unknown
	// limit: path: packets waited for 48.2 ms in queues
	// warning: other traffic shared the link: eth0 of the client sent 5.00 Mbit/s (4.50 Mbit/s to 5.40 Mbit/s) beside iperf's 19.1 Mbit/s
}

// An explanation has five to ten lines, however many warnings there are.
func TestExplainLines(t *testing.T) {
	for warnings := range 20 {
		for _, loss := range []*Loss{nil, {Packets: 10, Lost: 1}} {
			res := &Result{Loss: loss}
			for i := range warnings {
				res.Warnings = append(res.Warnings, fmt.Errorf("number %d\nof many: %w", i, errors.New("odd")))
			}
			text := res.Explain()
			lines := strings.Split(strings.TrimSuffix(text, "\n"), "\n")
			said := 5 + warnings
			if loss != nil {
				said++
			}
			if len(lines) != min(said, explainLines) {
				t.Errorf("%d warnings: %d lines\n%s", warnings, len(lines), text)
			}
		}
	}
}

func TestFigureString(t *testing.T) {
	for want, f := range map[string]Figure{
		"queueing delay 48.2 ms": {"queueing delay", 48.23, "ms"},
		"retransmitted 0.09 %":   {"retransmitted", 0.09, "%"},
		"own queue 100 %":        {"own queue", 99.97, "%"},
		"rate 19.1 Mbit/s":       {"rate", 19.1e6, "bit/s"},
		"carried 1448 byte":      {"carried", 1448, "byte"},
		"timeouts 4":             {"timeouts", 4, ""},
		"lost 0 %":               {"lost", 0, "%"},
	} {
		if got := f.String(); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}
