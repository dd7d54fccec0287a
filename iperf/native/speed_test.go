package native

import (
	"bytes"
	"context"
	"encoding/json"
	testflags "flag"
	"fmt"
	"io"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"text/tabwriter"
	"time"

	"github.com/tunaperf/tuna/internal/testbed"
)

var (
	speedRounds = testflags.Int("speed", 0, "measure against the C program, so many times each, and print a table")
	speedTime   = testflags.Int("speedtime", 2, "seconds of each measurement")
	speedCases  = testflags.String("speedcases", "", "only cases whose name has this in it")
)

// A speedCase is one line of the table.
type speedCase struct{ name, args string }

var speeds = []speedCase{
	{"TCP, 1 stream", ""},
	{"TCP, 1 stream, reverse", "-R"},
	{"TCP, 4 streams", "-P 4"},
	{"TCP, 1 stream, -Z", "-Z"},
	{"UDP, 1460 bytes, no limit", "-u -b 0 -l 1460"},
	{"TCP, -b 1M", "-b 1M"},
	{"TCP, -b 100M", "-b 100M"},
	{"TCP, -b 1G", "-b 1G"},
	{"TCP, -b 5G", "-b 5G"},
	{"UDP, 1460 bytes, -b 1M", "-u -b 1M -l 1460"},
	{"UDP, 1460 bytes, -b 100M", "-u -b 100M -l 1460"},
	{"UDP, 1460 bytes, -b 1G", "-u -b 1G -l 1460"},
	{"UDP, 1460 bytes, -b 5G", "-u -b 5G -l 1460"},
}

// speedResult is what one run measured.
type speedResult struct {
	sent, received float64 // bit/s
	packets        float64 // received per second
	cpu            float64 // seconds of both ends per gigabyte received
}

// TestSpeed compares two of our ends with two C ends over loopback, in turns, each end a process. It runs with -speed 5.
func TestSpeed(t *testing.T) {
	if *speedRounds == 0 {
		t.Skip("measures for minutes; -speed 5 runs it")
	}
	testbed.Need(t, "iperf3")
	binary := filepath.Join(t.TempDir(), "iperf3")
	if out, err := exec.Command("go", "build", "-o", binary, "./iperf3").CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	var table bytes.Buffer
	w := tabwriter.NewWriter(&table, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "case\tC Gbit/s\tGo Gbit/s\tratio\tC s/GB\tGo s/GB\tC Mdgram/s\tGo Mdgram/s\tratio")
	for _, c := range speeds {
		if !strings.Contains(c.name, *speedCases) {
			continue
		}
		var results [2][]speedResult
		for range *speedRounds {
			for i, program := range []string{"iperf3", binary} {
				results[i] = append(results[i], measure(t, program, c))
			}
		}
		median := func(i int, of func(speedResult) float64) float64 {
			var v []float64
			for _, r := range results[i] {
				v = append(v, of(r))
			}
			slices.Sort(v)
			return v[len(v)/2]
		}
		rate := func(r speedResult) float64 { return r.received / 1e9 }
		if strings.Contains(c.args, "-b ") && !strings.Contains(c.args, "-b 0") {
			rate = func(r speedResult) float64 { return r.sent / 1e9 }
		}
		cpu := func(r speedResult) float64 { return r.cpu }
		packets := func(r speedResult) float64 { return r.packets / 1e6 }
		cr, gr := median(0, rate), median(1, rate)
		fmt.Fprintf(w, "%s\t%.6g\t%.6g\t%.2f\t%.3f\t%.3f", c.name, cr, gr, gr/cr, median(0, cpu), median(1, cpu))
		if cp, gp := median(0, packets), median(1, packets); cp > 0 {
			fmt.Fprintf(w, "\t%.3f\t%.3f\t%.2f", cp, gp, gp/cp)
		}
		fmt.Fprintln(w)
	}
	w.Flush()
	t.Logf("medians of %d runs of %d s\n%s", *speedRounds, *speedTime, &table)
}

func measure(t *testing.T, program string, c speedCase) speedResult {
	t.Helper()
	var server, client *exec.Cmd
	p := executable(program, &server)
	r := p.server(t, "-1")
	q := executable(program, &client)
	e := q.client(t, r.port, append(strings.Fields(c.args), "-J", "-t", fmt.Sprint(*speedTime))...)
	r.wait(t)
	var doc document
	if err := json.Unmarshal([]byte(e.stdout), &doc); err != nil || e.status != 0 {
		t.Fatalf("%s: %v: %+v", c.name, err, e)
	}
	s := speedResult{sent: doc.End.SumSent.BitsPerSecond, received: doc.End.SumReceived.BitsPerSecond}
	if got := doc.End.SumReceived; got.Packets != nil {
		s.packets = float64(*got.Packets-*got.LostPackets) / got.Seconds
		s.received = s.packets * 8 * 1460
	}
	var used time.Duration
	for _, cmd := range []*exec.Cmd{server, client} {
		used += cmd.ProcessState.SystemTime() + cmd.ProcessState.UserTime()
	}
	s.cpu = used.Seconds() / (s.received / 8 * doc.End.SumReceived.Seconds / 1e9)
	return s
}

// executable runs an executable file and leaves the process in last.
func executable(path string, last **exec.Cmd) program {
	return program{name: path, run: func(ctx context.Context, args []string, stdout, stderr io.Writer) int {
		cmd := exec.CommandContext(ctx, path, args...)
		cmd.Stdout, cmd.Stderr = stdout, stderr
		*last = cmd
		if err := cmd.Run(); err != nil {
			return 1
		}
		return 0
	}}
}
