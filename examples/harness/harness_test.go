// Package harness is a test that fails when a link is slower than it should be.
//
// It measures between two machines that it reaches over SSH:
//
//	go test ./harness -v -dut tester@192.0.2.50 -server tester@192.0.2.60 -upstream 15 -downstream 90
//
// The machines may also be given in the environment, as TUNA_DUT and TUNA_SERVER. With none of them it measures this
// machine against itself, by an iperf 3 in Go, so that nothing has to be installed. Raw output stays with -artifacts.
package harness

import (
	"cmp"
	"errors"
	"flag"
	"os"
	"testing"
	"time"

	"github.com/tunaperf/tuna/iperf"
	"github.com/tunaperf/tuna/iperf/native"
	"github.com/tunaperf/tuna/iperf/report"
	"github.com/tunaperf/tuna/sshhost"
	"github.com/tunaperf/tuna/storage"
)

var (
	dut        = flag.String("dut", os.Getenv("TUNA_DUT"), "device under test: `[user@]host[:port]`, or a Host of your ssh_config")
	server     = flag.String("server", os.Getenv("TUNA_SERVER"), "traffic server: `[user@]host[:port]`, or a Host of your ssh_config")
	upstream   = flag.Float64("upstream", 10, "the least upstream bandwidth that passes, in `Mbit/s`")
	downstream = flag.Float64("downstream", 10, "the least downstream bandwidth that passes, in `Mbit/s`")
	runs       = flag.Int("runs", 3, "how many `runs` each direction gets; their median counts")
	seconds    = flag.Int("time", 1, "length of each run in `seconds`")
)

func TestLinkIsFastEnough(t *testing.T) {
	raw, err := storage.Open(t.ArtifactDir())
	if err != nil {
		t.Fatal(err)
	}
	defer raw.Close()
	metric := iperf.Metric{
		Iperf: &iperf.Iperf{
			ClientServer: hosts(t),
			Client:       iperf.ClientSettings{Time: time.Duration(*seconds) * time.Second},
			Server:       iperf.ServerSettings{AutoPort: true},
			FileStorage:  raw,
		},
		Repetitions: *runs,
	}
	got, err := metric.Measure(t.Context(), "link.txt")
	if err != nil {
		if failed, ok := errors.AsType[*iperf.RunError](err); ok {
			t.Logf("%+v", failed) // the command, its exit status and its stderr
		}
		t.Error(err)
	}
	if got == nil {
		return
	}
	for _, series := range got.Series {
		t.Logf("%v: %v", series.Direction, series.Spread)
		least := report.BitRate(*upstream) * report.MbitPerSecond
		if series.Direction == iperf.Downstream {
			least = report.BitRate(*downstream) * report.MbitPerSecond
		}
		if series.Spread.N > 0 && series.Value < least {
			t.Errorf("%v is too slow: %v, must be %v or more; the runs gave %v", series.Direction, series.Value, least, series.Rates())
		}
	}
}

// hosts reaches the machines for as long as the test runs.
func hosts(t *testing.T) iperf.Hosts {
	if cmp.Or(*dut, *server) == "" {
		return iperf.Hosts{DUT: &native.Host{}, TrafficServer: &native.Host{}}
	}
	if *dut == "" || *server == "" {
		t.Fatal("-dut and -server must be given together")
	}
	return iperf.Hosts{DUT: dial(t, *dut), TrafficServer: dial(t, *server)}
}

func dial(t *testing.T, name string) *sshhost.Host {
	config, err := sshhost.FromSSHConfig(name, "")
	if err != nil {
		t.Fatal(err)
	}
	host, err := sshhost.Dial(t.Context(), config)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { host.Close() })
	return host
}
