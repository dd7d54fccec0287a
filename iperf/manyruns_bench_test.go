package iperf_test

import (
	"context"
	"fmt"
	"io"
	"os"
	"runtime"
	"strings"
	"testing"

	"github.com/tunaperf/tuna/internal/testbed"
	"github.com/tunaperf/tuna/iperf"
	"github.com/tunaperf/tuna/iperf/report"
	"github.com/tunaperf/tuna/storage"
)

// BenchmarkManyRuns makes runs of 200 MB with one Iperf, one after the other. heap100-MB is the live heap after 100 runs and
// heap-MB at the end. goroutines and descriptors are the growth between the two.
//
//	go test -run '^$' -bench ManyRuns -benchtime 1000x ./iperf
func BenchmarkManyRuns(b *testing.B) {
	testbed.Need(b, "iperf", "iperf3")
	for _, program := range bothPrograms {
		b.Run(program, func(b *testing.B) {
			srv := testbed.StartSSHD(b, testbed.SSHDConfig{})
			here := testbed.Netns{Addr: "127.0.0.1"}
			files, err := storage.Open(b.TempDir())
			if err != nil {
				b.Fatal(err)
			}
			defer files.Close()
			x := iperf.Iperf{
				ClientServer: iperf.Hosts{DUT: dial(b, srv, here), TrafficServer: dial(b, srv, here)},
				Program:      program, Client: iperf.ClientSettings{Bytes: 200e6}, Server: iperf.ServerSettings{AutoPort: true},
				FileStorage: files,
			}
			early, n := held(b), 0
			for b.Loop() {
				if _, err := x.Upstream(b.Context(), "many"); err != nil {
					b.Fatalf("run %d: %+v", n+1, err)
				}
				if n++; n == 100 {
					early = held(b)
				}
			}
			late := held(b)
			b.ReportMetric(early.heap, "heap100-MB")
			b.ReportMetric(late.heap, "heap-MB")
			b.ReportMetric(late.goroutines-early.goroutines, "goroutines")
			b.ReportMetric(late.descriptors-early.descriptors, "descriptors")
		})
	}
}

// A holding is a process's use of resources.
type holding struct{ heap, goroutines, descriptors float64 } // heap in MB

func held(tb testing.TB) holding {
	tb.Helper()
	files, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		tb.Fatal(err)
	}
	return holding{liveHeap(), float64(runtime.NumGoroutine()), float64(len(files))}
}

// liveHeap returns the size of the reachable heap in MB.
func liveHeap() float64 {
	runtime.GC()
	runtime.GC() // frees objects that finalizers kept alive
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return float64(m.HeapAlloc) / 1e6
}

// BenchmarkDiscardedIntervals follows outputs of 1,000 and of 100,000 intervals with a parser that keeps none. most-MB is the
// largest growth of the live heap, measured 100 times. It does not depend on the number of intervals.
//
//	go test -run '^$' -bench DiscardedIntervals -benchtime 3x ./iperf
func BenchmarkDiscardedIntervals(b *testing.B) {
	for _, intervals := range []int{1_000, 100_000} {
		b.Run(fmt.Sprint(intervals), func(b *testing.B) {
			var most float64
			for b.Loop() {
				before, seen := liveHeap(), 0
				x := iperf.Iperf{
					Parser: &report.Parser{Discard: true},
					OnInterval: func(iperf.Role, report.Interval) {
						if seen++; seen%(intervals/100) == 0 {
							most = max(most, liveHeap()-before)
						}
					},
				}
				if _, err := x.RunClient(b.Context(), longHost(intervals), "127.0.0.1", ""); err != nil {
					b.Fatalf("%+v", err)
				}
				if seen != intervals {
					b.Fatalf("%d intervals were seen, want %d", seen, intervals)
				}
			}
			b.ReportMetric(0, "ns/op")
			b.ReportMetric(most, "most-MB")
		})
	}
}

// A longHost is a host whose iperf3 client prints that many intervals.
type longHost int

func (h longHost) TestAddr() string { return "127.0.0.1" }

func (h longHost) Run(_ context.Context, command string, stdout, _ io.Writer) error {
	if strings.Contains(command, "--version") {
		fmt.Fprintln(stdout, "iperf 3.12 (cJSON 1.7.15)")
		return nil
	}
	fmt.Fprint(stdout, "Connecting to host 127.0.0.1, port 5201\n[  5] local 127.0.0.1 port 40000 connected to 127.0.0.1 port 5201\n",
		"[ ID] Interval           Transfer     Bitrate         Retr  Cwnd\n")
	for i := range int(h) {
		fmt.Fprintf(stdout, "[  5] %6d.00-%d.00 sec  12.0 MBytes   101 Mbits/sec    0    320 KBytes       \n", i, i+1)
	}
	fmt.Fprintf(stdout, "- - - - - - - - - - - - - - - - - - - - - - - - -\n[ ID] Interval           Transfer     Bitrate         Retr\n"+
		"[  5]   0.00-%d.00 sec  1.14 TBytes   101 Mbits/sec    0             sender\n"+
		"[  5]   0.00-%d.00 sec  1.14 TBytes   101 Mbits/sec                  receiver\n\niperf Done.\n", int(h), int(h))
	return nil
}
