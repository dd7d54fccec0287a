package report_test

import (
	"errors"
	"fmt"
	"io"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/tunaperf/tuna/iperf/report"
)

// TestLive writes outputs line by line, and waits for each interval before it writes on: a reader that waited for more
// than it needs would wait for ever.
func TestLive(t *testing.T) {
	const head3 = "Connecting to host 192.0.2.1, port 5201\n" +
		"[  5] local 192.0.2.2 port 35936 connected to 192.0.2.1 port 5201\n"
	const json = `{"event":"interval","data":{"streams":[{"socket":5,"start":%d,"end":%d,"bytes":1000000,"bits_per_second":8e6,"sender":true}],` +
		`"sum":{"start":%[1]d,"end":%[2]d,"bytes":1000000,"bits_per_second":8e6,"sender":true}}}` + "\n"
	tests := []struct {
		name  string
		steps []string // after each but the first, one interval must have been seen
	}{
		{"iperf3 text", []string{
			head3 + "[ ID] Interval           Transfer     Bitrate\n",
			"[  5]   0.00-1.00   sec   268 MBytes  2.24 Gbits/sec\n",
			"[  5]   1.00-2.00   sec   268 MBytes  2.24 Gbits/sec\n",
		}},
		{"iperf3 streams", []string{
			head3 + "[  7] local 192.0.2.2 port 35937 connected to 192.0.2.1 port 5201\n",
			"[  5]   0.00-1.00   sec   268 MBytes  2.24 Gbits/sec\n[  7]   0.00-1.00   sec   268 MBytes  2.24 Gbits/sec\n",
			// The sum comes with the next interval.
			"[SUM]   0.00-1.00   sec   536 MBytes  4.48 Gbits/sec\n" +
				"[  5]   1.00-2.00   sec   268 MBytes  2.24 Gbits/sec\n[  7]   1.00-2.00   sec   268 MBytes  2.24 Gbits/sec\n",
		}},
		{"iperf2 streams", []string{
			"Client connecting to 192.0.2.1, TCP port 5001\n[  3] local 192.0.2.2 port 35936 connected with 192.0.2.1 port 5001\n" +
				"[  4] local 192.0.2.2 port 35937 connected with 192.0.2.1 port 5001\n" +
				"[  3]  0.0- 1.0 sec   112 MBytes   941 Mbits/sec\n[  4]  0.0- 1.0 sec   112 MBytes   941 Mbits/sec\n" +
				"[SUM]  0.0- 1.0 sec   224 MBytes   1.88 Gbits/sec\n",
			"[  3]  1.0- 2.0 sec   112 MBytes   941 Mbits/sec\n[  4]  1.0- 2.0 sec   112 MBytes   941 Mbits/sec\n+1",
			"[  3]  2.0- 3.0 sec   112 MBytes   941 Mbits/sec\n[  4]  2.0- 3.0 sec   112 MBytes   941 Mbits/sec\n",
		}},
		{"iperf3 json-stream", []string{"", fmt.Sprintf(json, 0, 1), fmt.Sprintf(json, 1, 2)}},
		{"iperf2 text", []string{
			"Client connecting to 192.0.2.1, TCP port 5001\n[  3] local 192.0.2.2 port 35936 connected with 192.0.2.1 port 5001\n" +
				"[  3]  0.0- 1.0 sec   112 MBytes   941 Mbits/sec\n",
			// The second row tells what the first was.
			"[  3]  1.0- 2.0 sec   112 MBytes   941 Mbits/sec\n+1",
			"[  3]  2.0- 3.0 sec   112 MBytes   941 Mbits/sec\n",
		}},
		{"iperf2 CSV", []string{
			"20261123054953,192.0.2.2,56560,192.0.2.1,5001,3,0.0-1.0,1000000,8000000\n",
			"20261123054954,192.0.2.2,56560,192.0.2.1,5001,3,1.0-2.0,1000000,8000000\n",
			"20261123054955,192.0.2.2,56560,192.0.2.1,5001,3,2.0-3.0,1000000,8000000\n",
		}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			pr, pw := io.Pipe()
			seen := make(chan report.Interval)
			done := make(chan error, 1)
			go func() {
				_, err := new(report.Parser).Parse(pr, func(i report.Interval) { seen <- i })
				close(seen)
				done <- err
			}()
			for n, step := range tt.steps {
				step, extra := strings.CutSuffix(step, "+1")
				if _, err := io.WriteString(pw, step); err != nil {
					t.Fatal(err)
				}
				wait := min(n, 1)
				if extra {
					wait++
				}
				for range wait {
					select {
					case <-seen:
					case <-time.After(30 * time.Second):
						t.Fatalf("no interval after step %d", n)
					}
				}
			}
			pw.Close()
			for range seen {
			}
			if err := <-done; !errors.Is(err, report.ErrIncomplete) {
				t.Errorf("got the error %v", err)
			}
		})
	}
}

// endless gives a test of the rows of row over and over, up to n bytes.
type endless struct {
	n    int64
	head string
	row  func(buf []byte, i int) []byte
	i    int
	buf  []byte
}

func (e *endless) Read(p []byte) (int, error) {
	if e.head != "" {
		e.buf = append(e.buf, e.head...)
		e.head = ""
	}
	for len(e.buf) < len(p) && e.n > 0 {
		was := len(e.buf)
		e.buf = e.row(e.buf, e.i)
		e.i++
		e.n -= int64(len(e.buf) - was)
	}
	if len(e.buf) == 0 {
		return 0, io.EOF
	}
	n := copy(p, e.buf)
	e.buf = e.buf[:copy(e.buf, e.buf[n:])]
	return n, nil
}

// TestFollowMemory follows a long log of every format. The heap may grow by a twentieth of what was read.
func TestFollowMemory(t *testing.T) {
	const size = 10 << 20
	tests := []struct {
		name string
		in   endless
	}{
		{"iperf3 text", endless{
			head: "[  5] local 192.0.2.2 port 35936 connected to 192.0.2.1 port 5201\n[ ID] Interval           Transfer     Bitrate         Retr  Cwnd\n",
			row: func(b []byte, i int) []byte {
				return fmt.Appendf(b, "[  5] %6d.00-%d.00 sec   268 MBytes  2.24 Gbits/sec   18   1023 KBytes       \n", i, i+1)
			},
		}},
		{"iperf2 text", endless{
			head: "[  3] local 192.0.2.2 port 35936 connected with 192.0.2.1 port 5001\n",
			row: func(b []byte, i int) []byte {
				return fmt.Appendf(b, "[  3] %d.0000-%d.0000 sec  1.25 MBytes  10.5 Mbits/sec   0.003 ms 0/894 (0%%) 0.005/0.001/0.896/0.030 ms 896 pps 894/0(0) pkts 264195\n", i, i+1)
			},
		}},
		{"iperf2 CSV", endless{
			row: func(b []byte, i int) []byte {
				return fmt.Appendf(b, "20261123054953,192.0.2.2,56560,192.0.2.1,5001,3,%d.0-%d.0,1210580992,9684647936\n", i, i+1)
			},
		}},
		{"iperf3 json-stream", endless{
			row: func(b []byte, i int) []byte {
				return fmt.Appendf(b, `{"event":"interval","data":{"streams":[{"socket":5,"start":%d,"end":%d,"bytes":1847590912,"bits_per_second":14775467836.151745,"retransmits":0,"snd_cwnd":3536082,"rtt":261,"sender":true}],"sum":{"start":%[1]d,"end":%[2]d,"bytes":1847590912,"bits_per_second":14775467836.151745,"sender":true}}}`+"\n", i, i+1)
			},
		}},
		{"damaged", endless{
			row: func(b []byte, i int) []byte {
				return fmt.Appendf(b, "[  5] local x port %d connected with y port 1\n[%3d] %d.0000-%d.0000 sec  1.25 MB\n{\"a\n", i, i, i, i+1)
			},
		}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			in := tt.in
			in.n = size
			var before, during runtime.MemStats
			runtime.GC()
			runtime.ReadMemStats(&before)
			seen, most := 0, uint64(0)
			watch := &watcher{r: &in, every: size / 20, check: func() {
				runtime.GC()
				runtime.ReadMemStats(&during)
				most = max(most, during.HeapAlloc)
			}}
			p := report.Parser{Discard: true}
			rep, _ := p.Parse(watch, func(report.Interval) { seen++ })
			if tt.name != "damaged" && seen < in.i-1 {
				t.Errorf("%d of %d intervals were seen", seen, in.i)
			}
			if grown := int64(most) - int64(before.HeapAlloc); grown > size/20 {
				t.Errorf("the heap grew by %d kB", grown>>10)
			} else {
				t.Logf("%d MB: the heap grew by at most %d kB", size>>20, grown>>10)
			}
			runtime.KeepAlive(rep)
		})
	}
}

// watcher calls check after every so many bytes.
type watcher struct {
	r           io.Reader
	every, read int64
	check       func()
}

func (w *watcher) Read(p []byte) (int, error) {
	n, err := w.r.Read(p)
	if w.read += int64(n); w.read >= w.every {
		w.read = 0
		w.check()
	}
	return n, err
}

// TestLimits reads lines and strings longer than any that iperf prints.
func TestLimits(t *testing.T) {
	const row = "[  5]   0.00-1.00   sec   268 MBytes  2.24 Gbits/sec\n"
	tests := []struct {
		name, in string
		warning  string
		interval bool
	}{
		{"a long line", strings.Repeat("x", 1<<20) + "\n" + row, "a line of at most 64 KiB", true},
		{"a long line that begins as a row", row[:len(row)-1] + strings.Repeat(" ", 1<<20) + "\n" + row, "a line of at most 64 KiB", true},
		{"a long string", `{"start":{"version":"` + strings.Repeat("x", 17<<20) + `"},"intervals":[]}` + "\n", "", false},
		{"deep nesting", strings.Repeat(`{"x":[`, 1<<16) + "\n", "", false},
		{"many bad rows", strings.Repeat("[  5]   0.00-1.00   sec   268 MBytes\n", 1000) + row, "there are more warnings", true},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			intervals := 0
			rep, err := new(report.Parser).Parse(strings.NewReader(tt.in), func(report.Interval) { intervals++ })
			if err == nil {
				t.Error("no error")
			}
			if tt.interval != (intervals > 0) {
				t.Errorf("%d intervals", intervals)
			}
			found := tt.warning == ""
			for _, w := range rep.Warnings {
				found = found || strings.Contains(w.Error(), tt.warning)
			}
			if !found || len(rep.Warnings) > 101 {
				t.Errorf("%d warnings: %.300v", len(rep.Warnings), rep.Warnings)
			}
		})
	}
}
