package iperftest_test

import (
	"bytes"
	"context"
	"errors"
	"math"
	"regexp"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/tools/txtar"

	"github.com/tunaperf/tuna/iperf"
	"github.com/tunaperf/tuna/iperf/iperftest"
	"github.com/tunaperf/tuna/iperf/report"
)

func hosts(tb testing.TB) (dut, server *iperftest.Host) {
	return iperftest.NewHost(tb, "192.0.2.50"), iperftest.NewHost(tb, "192.0.2.60")
}

func TestTCP(t *testing.T) {
	for _, test := range []struct {
		name  string
		rates []report.BitRate
		want  report.BitRate
	}{
		{"one interval", []report.BitRate{94.1e6}, 94.1e6},
		{"the median counts", []report.BitRate{94e6, 96e6, 10e6}, 94e6},
		{"slow", []report.BitRate{56e3, 57e3, 58e3}, 57e3},
		{"fast", []report.BitRate{400e9, 400e9}, 400e9},
	} {
		for name, auto := range map[string]bool{"": false, " on a free port": true} {
			t.Run(test.name+name, func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					dut, server := hosts(t)
					script := iperftest.TCP(test.rates...)
					script.Every = time.Second
					script.Expect(dut, server)
					x := iperf.Iperf{
						ClientServer: iperf.Hosts{DUT: dut, TrafficServer: server}, Server: iperf.ServerSettings{AutoPort: auto},
						Client: iperf.ClientSettings{Time: time.Duration(len(test.rates)) * time.Second},
					}
					start := time.Now()
					res, err := x.Upstream(t.Context(), "")
					if err != nil {
						t.Fatalf("%+v", err)
					}
					if math.Abs(float64(res.Bandwidth-test.want)) > 1000 || res.Source.Role != iperf.RoleServer || res.Source.Intervals != len(test.rates) {
						t.Errorf("got %v (%v), want %v", res.Bandwidth, res.Source, test.want)
					}
					if len(res.Warnings)+len(res.Client.Warnings)+len(res.Server.Warnings) > 0 {
						t.Errorf("warnings: %v, %v, %v", res.Warnings, res.Client.Warnings, res.Server.Warnings)
					}
					if took, want := time.Since(start), time.Duration(len(test.rates))*time.Second; took != want {
						t.Errorf("took %v, want %v", took, want)
					}
				})
			})
		}
	}
}

// The made-up output has the form of the real one, but for the numbers.
func TestTCPIsAsRealOutput(t *testing.T) {
	real, err := txtar.ParseFile("testdata/iperf-3.12.txtar")
	if err != nil {
		t.Fatal(err)
	}
	made := iperftest.TCP(50e6, 50e6)
	for i, text := range []string{made.Client, made.Server} {
		if diff := cmp.Diff(form(string(real.Files[i].Data)), form(text)); diff != "" {
			t.Errorf("%s (-real +made)\n%s", real.Files[i].Name, diff)
		}
	}
}

// form puts one sign in place of every number and its blanks, and of the units that go with its size.
func form(text string) string {
	text = regexp.MustCompile(`[KM]?Bytes|[KM]bits`).ReplaceAllString(text, "unit")
	return regexp.MustCompile(` *\d+(\.\d+)*`).ReplaceAllString(text, " #")
}

func TestCannedTest(t *testing.T) {
	const inUse = "iperf3: error - unable to start listener for connections: Address already in use\n"
	const busy = "iperf3: error - the server is busy running a test. try again later\n"
	good := iperftest.TCP(50e6, 50e6, 50e6)
	for _, test := range []struct {
		name string
		test iperftest.Test
		want error // nil: none
	}{
		{"a good one", good, nil},
		{"a server that is busy", iperftest.Test{Server: good.Server, ClientErr: busy, ClientStatus: 1}, iperf.ErrServerBusy},
		{"a server that does not start", iperftest.Test{ServerErr: inUse, ServerStatus: 1}, iperf.ErrPortInUse},
	} {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				dut, server := hosts(t)
				test.test.Expect(dut, server)
				x := iperf.Iperf{ClientServer: iperf.Hosts{DUT: dut, TrafficServer: server}, Retries: -1}
				_, err := x.Upstream(t.Context(), "")
				if !errors.Is(err, test.want) {
					t.Errorf("got %v, want %v", err, test.want)
				}
			})
		})
	}
}

// What real programs printed is played whatever its format.
func TestRealOutput(t *testing.T) {
	for _, test := range []struct {
		file, version string
		settings      iperf.Iperf
		want          report.BitRate
		took          time.Duration
	}{
		{"iperf-3.12", "", iperf.Iperf{}, 50.330e6, 2 * time.Second},
		{"iperf-2.1.8", "iperf version 2.1.8 (12 August 2022) pthreads\n", iperf.Iperf{Program: "/opt/iperf 2/iperf", Client: iperf.ClientSettings{Time: 3 * time.Second}}, 10.5e6, 3 * time.Second},
		{"iperf-3.19-json", "iperf 3.19 (cJSON 1.7.15)\n", iperf.Iperf{Server: iperf.ServerSettings{Extra: []string{"-J"}}}, 11805220482.925735, 0},
	} {
		t.Run(test.file, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				real, err := txtar.ParseFile("testdata/" + test.file + ".txtar")
				if err != nil {
					t.Fatal(err)
				}
				dut, server := hosts(t)
				script := iperftest.Test{
					Version: test.version, Client: string(real.Files[0].Data), Server: string(real.Files[1].Data), Every: time.Second,
				}
				script.Expect(server, dut)
				x := test.settings
				x.ClientServer = iperf.Hosts{DUT: dut, TrafficServer: server}
				res, err := x.Downstream(t.Context(), "")
				if err != nil {
					t.Fatalf("%+v", err)
				}
				if math.Abs(float64(res.Bandwidth-test.want)) > 1e-6*float64(test.want) || res.Source.Role != iperf.RoleServer {
					t.Errorf("got %f (%v), want %f", float64(res.Bandwidth), res.Source, float64(test.want))
				}
				if res.Elapsed.Truncate(time.Second) != test.took { // without a banner its port is looked for, maybe twice
					t.Errorf("took %v, want %v", res.Elapsed, test.took)
				}
			})
		})
	}
}

// A server that says nothing before its test is seen by its port.
func TestServerWithoutABanner(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		dut, server := hosts(t)
		script := iperftest.TCP(50e6, 51e6, 52e6)
		_, script.Server, _ = strings.Cut(script.Server, "(test #1)\n")
		script.Expect(dut, server)
		x := iperf.Iperf{
			ClientServer: iperf.Hosts{DUT: dut, TrafficServer: server},
			Client:       iperf.ClientSettings{Time: 3 * time.Second},
			Server:       iperf.ServerSettings{Extra: []string{"-J"}},
		}
		res, err := x.Upstream(t.Context(), "")
		if err != nil || math.Abs(float64(res.Bandwidth-51e6)) > 1000 || len(res.Warnings) > 0 {
			t.Errorf("got %+v, %v", res, err)
		}
	})
}

func TestClientThatComesTooEarly(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		dut, server := hosts(t)
		iperftest.TCP(50e6).Expect(dut, server)
		var stderr bytes.Buffer
		err := dut.Run(t.Context(), "iperf3 -c 192.0.2.60", nil, &stderr)
		if status, _ := exitStatus(err); status != 1 || !strings.Contains(stderr.String(), "Connection refused") {
			t.Errorf("got %v and %q, want a refused connection", err, stderr.String())
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		var stdout bytes.Buffer
		if err := server.Run(ctx, "iperf3 -s", &stdout, nil); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("a server that nobody came to: got %v", err)
		}
		if !strings.Contains(stdout.String(), "Server listening on") || strings.Contains(stdout.String(), "Accepted") {
			t.Errorf("a server that nobody came to printed %q", stdout.String())
		}
	})
}
