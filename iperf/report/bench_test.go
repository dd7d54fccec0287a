//go:build unix

package report_test

import (
	"bytes"
	"encoding/json"
	"syscall"
	"testing"
	"time"

	"github.com/tunaperf/tuna/iperf/report"
)

// BenchmarkParse keeps everything, BenchmarkFollow only looks at the intervals as they come.
func BenchmarkParse(b *testing.B) { benchmark(b, new(report.Parser)) }

func BenchmarkFollow(b *testing.B) { benchmark(b, &report.Parser{Discard: true}) }

func benchmark(b *testing.B, p *report.Parser) {
	for _, name := range []string{
		"iperf3.txt",        // -P 64, with Retr and Cwnd
		"iperf3udp.txt",     // a server's: -u -P 32, with jitter and loss
		"iperf3.json",       // -J
		"iperf3stream.json", // --json-stream
		"iperf2.csv",        // -y C
		"iperf2udp.csv",     // -y C -u
		"iperf2named.csv",   // -y C -e, with a header
		"iperf2udp.txt",     // a server's: -e -u
		"iperf2tcp.txt",     // -e
		"iperf2reads.txt",   // a server's: -e
	} {
		b.Run(name, func(b *testing.B) {
			text := real(b, name)
			b.SetBytes(int64(len(text)))
			b.ReportAllocs()
			n := 0
			before := cpuTime(b)
			for b.Loop() {
				if _, err := p.Parse(bytes.NewReader(text), func(report.Interval) { n++ }); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(len(text))*float64(b.N)/1e6/(cpuTime(b)-before).Seconds(), "MB/cpu-s")
		})
	}
}

// cpuTime is the processor time that this process has used: of use on a machine that does other things, too.
func cpuTime(tb testing.TB) time.Duration {
	tb.Helper()
	var use syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &use); err != nil {
		tb.Fatal(err)
	}
	return time.Duration(use.Utime.Nano() + use.Stime.Nano())
}

// BenchmarkEncodingJSON is what BenchmarkParse/iperf3.json is measured against: the same document, the same content.
func BenchmarkEncodingJSON(b *testing.B) {
	text := real(b, "iperf3.json")
	b.SetBytes(int64(len(text)))
	b.ReportAllocs()
	before := cpuTime(b)
	for b.Loop() {
		var doc document
		if err := json.Unmarshal(text, &doc); err != nil {
			b.Fatal(err)
		}
		if len(doc.Intervals) == 0 {
			b.Fatal("nothing was read")
		}
	}
	b.ReportMetric(float64(len(text))*float64(b.N)/1e6/(cpuTime(b)-before).Seconds(), "MB/cpu-s")
}

// A document is the content of a Report as encoding/json reads it.
type document struct {
	Start struct {
		Connected []struct {
			Socket int `json:"socket"`
		} `json:"connected"`
		Version   string `json:"version"`
		Cookie    string `json:"cookie"`
		Timestamp struct {
			Seconds int64 `json:"timesecs"`
		} `json:"timestamp"`
		TestStart struct {
			Protocol string  `json:"protocol"`
			Streams  int     `json:"num_streams"`
			Length   int64   `json:"blksize"`
			Omit     float64 `json:"omit"`
			Duration float64 `json:"duration"`
			Bytes    int64   `json:"bytes"`
			Blocks   int64   `json:"blocks"`
			Reverse  int     `json:"reverse"`
		} `json:"test_start"`
	} `json:"start"`
	Intervals []struct {
		Streams []jsonRow `json:"streams"`
		Sum     jsonRow   `json:"sum"`
	} `json:"intervals"`
	End struct {
		Streams []struct {
			Sender   jsonRow `json:"sender"`
			Receiver jsonRow `json:"receiver"`
		} `json:"streams"`
		Sent     jsonRow `json:"sum_sent"`
		Received jsonRow `json:"sum_received"`
		CPU      struct {
			HostTotal    float64 `json:"host_total"`
			HostUser     float64 `json:"host_user"`
			HostSystem   float64 `json:"host_system"`
			RemoteTotal  float64 `json:"remote_total"`
			RemoteUser   float64 `json:"remote_user"`
			RemoteSystem float64 `json:"remote_system"`
		} `json:"cpu_utilization_percent"`
	} `json:"end"`
	Error string `json:"error"`
}

type jsonRow struct {
	Socket      int     `json:"socket"`
	Start       float64 `json:"start"`
	End         float64 `json:"end"`
	Bytes       int64   `json:"bytes"`
	Rate        float64 `json:"bits_per_second"`
	Retransmits *int64  `json:"retransmits"`
	Window      *int64  `json:"snd_cwnd"`
	SendWindow  *int64  `json:"snd_wnd"`
	RTT         *int64  `json:"rtt"`
	RTTVar      *int64  `json:"rttvar"`
	PMTU        *int64  `json:"pmtu"`
	Omitted     bool    `json:"omitted"`
	Sender      bool    `json:"sender"`
}
