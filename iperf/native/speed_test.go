package native

import (
	"bytes"
	"encoding/json"
	testflags "flag"
	"fmt"
	"io"
	"os"
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
type speedCase struct {
	name, args string
	link       *speedLink // nil: loopback
}

// speeds are the cases over loopback, and linkSpeeds those over a link as well.
var speeds = []speedCase{
	{name: "TCP, 1 stream"},
	{name: "TCP, 1 stream, -R", args: "-R"},
	{name: "TCP, 4 streams", args: "-P 4"},
	{name: "TCP, 1 stream, -C cubic", args: "-C cubic"},
	{name: "TCP, 4 streams, -C cubic", args: "-P 4 -C cubic"},
	{name: "TCP, 1 stream, -Z", args: "-Z"},
	{name: "UDP, 1460 bytes, -b 0", args: "-u -b 0 -l 1460"},
	{name: "TCP, -b 1M", args: "-b 1M"},
	{name: "TCP, -b 10M", args: "-b 10M"},
	{name: "TCP, -b 100M", args: "-b 100M"},
	{name: "TCP, -b 1G", args: "-b 1G"},
	{name: "TCP, -b 5G", args: "-b 5G"},
	{name: "UDP, 1460 bytes, -b 1M", args: "-u -b 1M -l 1460"},
	{name: "UDP, 1460 bytes, -b 10M", args: "-u -b 10M -l 1460"},
	{name: "UDP, 1460 bytes, -b 100M", args: "-u -b 100M -l 1460"},
	{name: "UDP, 1460 bytes, -b 1G", args: "-u -b 1G -l 1460"},
	{name: "UDP, 1460 bytes, -b 5G", args: "-u -b 5G -l 1460"},
}

var linkSpeeds = []speedCase{
	{name: "veth: TCP, 1 stream"},
	{name: "veth: TCP, 1 stream, -R", args: "-R"},
	{name: "veth: TCP, 2 streams", args: "-P 2"},
	{name: "veth: TCP, 4 streams", args: "-P 4"},
	{name: "veth: TCP, 4 streams, -R", args: "-P 4 -R"},
	{name: "veth: TCP, 8 streams", args: "-P 8"},
	{name: "veth: TCP, 1 stream, -C cubic", args: "-C cubic"},
	{name: "veth: TCP, 4 streams, -C cubic", args: "-P 4 -C cubic"},
	{name: "veth: TCP, 4 streams, -Z", args: "-P 4 -Z"},
	{name: "veth: UDP, 1460 bytes, -b 0", args: "-u -b 0 -l 1460"},
}

// speedResult is what one run measured.
type speedResult struct {
	sent, received float64 // bit/s
	packets        float64 // received per second
	cpu            float64 // seconds of both ends per gigabyte received
}

// TestSpeed compares two of our ends with two C ends over loopback and, for root, over a veth pair between two network
// namespaces, in turns, each end a process. With -speed 5 it prints the table of the package's documentation.
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
	fmt.Fprintln(w, "case\tC Gbit/s\tGo Gbit/s\tratio\tC s/GB\tGo s/GB\tC Mdgram/s\tGo Mdgram/s")
	cases := slices.Clone(speeds)
	if os.Geteuid() == 0 {
		link := newSpeedLink(t)
		for _, c := range linkSpeeds {
			c.link = link
			cases = append(cases, c)
		}
	}
	for _, c := range cases {
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
		fmt.Fprintf(w, "%s\t%.4g\t%.4g\t%.2f\t%.3g\t%.3g", c.name, cr, gr, gr/cr, median(0, cpu), median(1, cpu))
		if cp, gp := median(0, packets), median(1, packets); cp > 0 && strings.Contains(c.args, "-b 0") {
			fmt.Fprintf(w, "\t%.3f\t%.3f", cp, gp)
		}
		fmt.Fprintln(w)
	}
	w.Flush()
	t.Logf("medians of %d runs of %d s\n%s", *speedRounds, *speedTime, &table)
}

func measure(t *testing.T, program string, c speedCase) speedResult {
	t.Helper()
	var server, client *exec.Cmd
	var e ended
	args := append(strings.Fields(c.args), "-J", "-t", fmt.Sprint(*speedTime))
	if c.link == nil {
		r := executable(&server, program).server(t, "-1")
		e = executable(&client, program).client(t, r.port, args...)
		r.wait(t)
	} else {
		e = c.link.run(t, program, args, &server, &client)
	}
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

// executable runs an executable file, after what stands before it, and leaves the process in last.
func executable(last **exec.Cmd, command ...string) program {
	return program{name: command[len(command)-1], run: asProcess(last, command...)}
}

// A speedLink is two network namespaces that a veth pair joins.
type speedLink struct{ client, server string }

const speedServer = "10.99.83.2"

func newSpeedLink(t *testing.T) *speedLink {
	testbed.Need(t, "ip")
	l := &speedLink{fmt.Sprintf("speed%dc", os.Getpid()), fmt.Sprintf("speed%ds", os.Getpid())}
	ip := func(line string) {
		t.Helper()
		if out, err := exec.Command("ip", strings.Fields(line)...).CombinedOutput(); err != nil {
			t.Fatalf("ip %s: %v: %s", line, err, out)
		}
	}
	for _, ns := range []string{l.client, l.server} {
		ip("netns add " + ns)
		t.Cleanup(func() { exec.Command("ip", "netns", "del", ns).Run() })
	}
	ip("link add eth0 netns " + l.client + " type veth peer name eth0 netns " + l.server)
	ip("-n " + l.client + " addr add 10.99.83.1/24 dev eth0")
	ip("-n " + l.server + " addr add " + speedServer + "/24 dev eth0")
	ip("-n " + l.server + " link set eth0 up")
	ip("-n " + l.client + " link set eth0 up")
	return l
}

func (l *speedLink) run(t *testing.T, program string, args []string, server, client **exec.Cmd) ended {
	out := &watched{want: "Server listening on", seen: make(chan struct{})}
	done := make(chan int, 1)
	go func() {
		done <- executable(server, "ip", "netns", "exec", l.server, program).run(t.Context(), []string{"-s", "-1", "--forceflush"}, out, io.Discard)
	}()
	select {
	case <-out.seen:
	case status := <-done:
		t.Fatalf("the server ended with %d", status)
	}
	var stdout, stderr bytes.Buffer
	status := executable(client, "ip", "netns", "exec", l.client, program).run(t.Context(), append([]string{"-c", speedServer}, args...), &stdout, &stderr)
	<-done
	return ended{stdout.String(), stderr.String(), status}
}
