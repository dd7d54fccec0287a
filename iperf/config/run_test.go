package config_test

import (
	"io/fs"
	"net"
	"os"
	"strings"
	"testing"

	"github.com/tunaperf/tuna/internal/testbed"
	"github.com/tunaperf/tuna/iperf"
	"github.com/tunaperf/tuna/iperf/config"
	"github.com/tunaperf/tuna/sshhost"
	"github.com/tunaperf/tuna/storage"
)

// The ancestor's file, with the addresses of this machine and shorter, makes real runs over SSH.
func TestAncestorsFileRuns(t *testing.T) {
	testbed.Need(t, "iperf", "iperf3")
	srv := testbed.StartSSHD(t, testbed.SSHDConfig{})
	_, port, err := net.SplitHostPort(srv.Addr)
	if err != nil {
		t.Fatal(err)
	}
	file, err := os.ReadFile("testdata/ancestor.ini")
	if err != nil {
		t.Fatal(err)
	}
	here := strings.NewReplacer("192.0.2.50", "127.0.0.1", "192.0.2.60", "127.0.0.1", "port = 2222\n", "", "username = tester",
		"username = "+srv.User+"\nport = "+port, "time = 20", "time = 1\nauto_port = yes", "iperf_repetitions = 5", "iperf_repetitions = 2").Replace(string(file))
	for _, test := range []struct {
		name   string
		change []string // old and new text, in pairs
		files  int
	}{
		{name: "as it is, with iperf 3", files: 12}, // two raw files and a manifest of each run
		{name: "with iperf 2", change: []string{"[link_under_test]", "[link_under_test]\nprogram = iperf"}, files: 12},
		{name: "with iperf 3's sums, down", change: []string{"use_sums = no", "use_sums = yes", "direction = both", "direction = d"}, files: 6},
		{
			name: "with UDP, up, and nothing kept",
			change: []string{"udp = false", "udp = yes\nbandwidth = 10M\nlen = 1000", "direction = both", "direction = Up",
				"store_output = yes", "store_output = off"},
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			text := strings.NewReplacer(test.change...).Replace(here)
			conf, err := config.Read(strings.NewReader(text), "")
			if err != nil {
				t.Fatal(err)
			}
			if len(conf.Unused) > 0 {
				t.Errorf("not understood: %v", conf.Unused)
			}
			var raw storage.Mem
			metric := conf.Metric(iperf.Hosts{DUT: dial(t, srv, conf.DUT), TrafficServer: dial(t, srv, conf.TrafficServer)}, &raw)
			got, err := metric.Measure(t.Context(), "ancestor")
			if err != nil {
				t.Fatalf("%+v", err)
			}
			directions := 0
			for d := range conf.Direction.Each() {
				directions++
				s := got.Of(d)
				if s.Spread.N != 2 || s.Value <= 0 {
					t.Errorf("%v: %v", d, s.Spread)
				}
				if streams := s.Results()[0].Server.Forward.Streams; len(streams) != 4 {
					t.Errorf("%v: %d streams, want 4", d, len(streams))
				}
			}
			if len(got.Series) != directions || got.Value <= 0 {
				t.Errorf("%d directions were measured, want %d; the value is %v", len(got.Series), directions, got.Value)
			}
			if files, err := fs.Glob(&raw, "*"); err != nil || len(files) != test.files {
				t.Errorf("%d files, want %d: %v, %v", len(files), test.files, files, err)
			}
		})
	}
}

// dial is what the package's page says, with the keys of the test's server.
func dial(t *testing.T, srv *testbed.SSHServer, h *config.Host) *sshhost.Host {
	t.Helper()
	host, err := sshhost.Dial(t.Context(), sshhost.Config{
		Addr: h.Addr(), User: h.Username, Password: h.Password, Timeout: h.Timeout,
		TestAddr: h.TestIP, Prefix: h.Prefix,
		KeyFiles: []string{srv.KeyFile}, KnownHosts: []string{srv.KnownHosts}, Agent: "none",
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { host.Close() })
	return host
}
