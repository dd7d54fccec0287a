package iperf_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/tunaperf/tuna/internal/testbed"
	"github.com/tunaperf/tuna/iperf"
	"github.com/tunaperf/tuna/iperf/report"
	"github.com/tunaperf/tuna/sshhost"
	"github.com/tunaperf/tuna/storage"
)

func TestPhases(t *testing.T) {
	for _, test := range []struct {
		name, program string
		client        iperf.ClientSettings
	}{
		{"iperf 3", "iperf3", iperf.ClientSettings{}},
		{"iperf 2", "iperf", iperf.ClientSettings{}},
		{"a server that waits for more", "iperf", iperf.ClientSettings{Protocol: report.ProtocolUDP}},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			testbed.Need(t, test.program)
			x := iperf.Iperf{
				ClientServer: iperf.Hosts{DUT: sshhost.Local{}, TrafficServer: sshhost.Local{}}, Program: test.program, Client: test.client,
				Server: iperf.ServerSettings{AutoPort: true}, FileStorage: new(storage.Mem),
			}
			x.Client.Time = time.Second
			before := time.Now()
			res, err := x.Upstream(t.Context(), "")
			took := time.Since(before)
			if err != nil {
				t.Fatalf("%+v", err)
			}
			for role, p := range map[iperf.Role]iperf.Phases{iperf.RoleClient: res.ClientEnd.Phases, iperf.RoleServer: res.ServerEnd.Phases} {
				all := p.Asking + p.Starting + p.Traffic + p.Draining + p.Ending + p.Storing
				if p.Asking <= 0 || (p.Starting > 0) != (role == iperf.RoleServer) || p.Traffic < 900*time.Millisecond || p.Storing <= 0 || all > took {
					t.Errorf("%v: %+v in a run of %v with traffic of a second", role, p, took)
				}
			}
			if p := res.ClientEnd.Phases; p.Draining != 0 || p.Ending != 0 || p.Traffic != res.ClientEnd.Elapsed {
				t.Errorf("the client ended by itself, after %v: %+v", res.ClientEnd.Elapsed, p)
			}
		})
	}
}

// TestLoggerKnowsTheRun has two runs at once that one Logger is told of.
func TestLoggerKnowsTheRun(t *testing.T) {
	testbed.Need(t, "iperf3")
	var log bytes.Buffer
	x := iperf.Iperf{
		ClientServer: iperf.Hosts{DUT: sshhost.Local{}, TrafficServer: sshhost.Local{}}, Server: iperf.ServerSettings{AutoPort: true},
		Client: iperf.ClientSettings{Time: time.Second},
		Logger: slog.New(slog.NewJSONHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug})), // one Write a record, under its lock
	}
	ended := make(chan error)
	for _, name := range []string{"kitchen", "attic"} {
		go func() {
			_, err := x.Upstream(t.Context(), name)
			ended <- err
		}()
	}
	for range 2 {
		if err := <-ended; err != nil {
			t.Fatalf("%+v", err)
		}
	}
	got := map[string]int{}
	for line := range strings.Lines(log.String()) {
		var record struct{ Msg, Run, Direction, Role string }
		if err := json.Unmarshal([]byte(line), &record); err != nil {
			t.Fatal(err)
		}
		got[fmt.Sprint(record.Run, " ", record.Direction, " ", record.Role, " ", record.Msg)]++
	}
	for _, want := range []string{"kitchen upstream client start", "attic upstream client start", "kitchen upstream server end", "attic upstream server end"} {
		if got[want] != 1 {
			t.Errorf("%q: got %d records, want one; all: %v", want, got[want], got)
		}
	}
}
