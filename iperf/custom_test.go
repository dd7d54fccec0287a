package iperf_test

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"io"
	"os/exec"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/tunaperf/tuna/internal/testbed"
	"github.com/tunaperf/tuna/iperf"
	"github.com/tunaperf/tuna/iperf/report"
)

// The parts that a caller may bring along, each as short as it can be.

type ownHost struct{ _ byte } // not of size zero, so that two are two

func (ownHost) TestAddr() string { return "127.0.0.1" }

func (ownHost) Run(ctx context.Context, command string, stdout, stderr io.Writer) error {
	cmd := exec.CommandContext(ctx, "sh", "-c", "exec "+command)
	cmd.Stdout, cmd.Stderr = stdout, stderr
	err := cmd.Run()
	if e, ok := err.(*exec.ExitError); ok && ctx.Err() == nil {
		return ownExit{e}
	}
	return err
}

type ownExit struct{ *exec.ExitError }

func (e ownExit) ExitStatus() int { return e.ExitCode() }

// ownParser reads the rows of an iperf 3 that end in "Kbits/sec".
type ownParser struct{}

func (ownParser) Parse(r io.Reader, each func(report.Interval)) (*report.Report, error) {
	rep := &report.Report{Program: "iperf3", Protocol: report.ProtocolTCP, Forward: &report.Flow{}}
	for lines := bufio.NewScanner(r); lines.Scan(); {
		var id int
		var from, to, transfer, kbits float64
		var unit string
		row := strings.NewReplacer("[", " ", "]", " ", "-", " ").Replace(lines.Text())
		if n, _ := fmt.Sscanf(row, "%d %f %f sec %f %s %f", &id, &from, &to, &transfer, &unit, &kbits); n < 6 || to-from > 1.5 || to-from < 0.5 {
			continue
		}
		i := report.Interval{Start: time.Duration(from * 1e9), End: time.Duration(to * 1e9), Rate: report.BitRate(kbits * 1000)}
		rep.Forward.Intervals = append(rep.Forward.Intervals, i)
		each(i)
	}
	return rep, nil
}

type ownStorage struct {
	mu    sync.Mutex
	files map[string]*bytes.Buffer
}

func (s *ownStorage) Create(name string) (io.WriteCloser, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.files[name] = &bytes.Buffer{}
	return ownFile{s.files[name]}, nil
}

type ownFile struct{ *bytes.Buffer }

func (ownFile) Close() error { return nil }

func TestEveryPartMayBeTheCallersOwn(t *testing.T) {
	testbed.Need(t, "iperf3")
	store := &ownStorage{files: map[string]*bytes.Buffer{}}
	var log bytes.Buffer
	seen := 0
	x := &iperf.Iperf{
		ClientServer: iperf.Hosts{DUT: ownHost{}, TrafficServer: ownHost{}},
		Client:       iperf.ClientSettings{Time: 2 * time.Second},
		Server:       iperf.ServerSettings{AutoPort: true},
		Parser:       ownParser{},
		FileStorage:  store,
		LogWriter:    &log,
		Aggregator:   iperf.Max,
		OnInterval:   func(iperf.Role, report.Interval) { seen++ },
	}
	res, err := x.Upstream(t.Context(), "own")
	if err != nil {
		t.Fatalf("%+v", err)
	}
	server := res.Server.Forward.Intervals
	if len(server) < 2 || seen != len(server)+len(res.Client.Forward.Intervals) {
		t.Errorf("%d intervals were seen, with %d from the server", seen, len(server))
	}
	var highest report.BitRate
	for _, i := range server {
		highest = max(highest, i.Rate)
	}
	if res.Bandwidth != highest || res.Bandwidth <= 0 {
		t.Errorf("bandwidth: got %v, want the highest of the server's intervals, %v", res.Bandwidth, highest)
	}
	if len(store.files) != 2 {
		t.Errorf("files: got %v, want one for each end", store.files)
	}
	for _, end := range []iperf.End{res.ClientEnd, res.ServerEnd} {
		raw := store.files[end.File].String()
		if !strings.Contains(raw, "Kbits/sec") {
			t.Errorf("%s holds %q", end.File, raw)
		}
		for line := range strings.Lines(raw) {
			if !strings.Contains(log.String(), line) {
				t.Errorf("the log lacks %q", line)
			}
		}
	}
}
