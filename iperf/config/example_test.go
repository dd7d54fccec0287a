package config_test

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"github.com/tunaperf/tuna/iperf"
	"github.com/tunaperf/tuna/iperf/config"
	"github.com/tunaperf/tuna/iperf/iperftest"
)

func ExampleRead() {
	conf, err := config.Read(strings.NewReader(`
[iperf]
direction = down
client_section = router
parallel = 4
time = 20

[router]
control_ip = 192.0.2.1
test_ip = 198.51.100.1
username = tester
`), "")
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(conf.Direction, conf.ClientSettings.Parallel, conf.ClientSettings.Time)
	fmt.Println(conf.DUT, "tests at", conf.DUT.TestIP)
	// Output:
	// downstream 4 20s
	// tester@192.0.2.1:22 tests at 198.51.100.1
}

// All faults are found at once.
func ExampleRead_faults() {
	_, err := config.Read(strings.NewReader(`
[iperf]
direction = bogus
paralel = 4
time = 20 secnds
port = 70000
udp = yess
`), "")
	fmt.Println(err)
	// Output:
	// line 3: [iperf] direction: "bogus": must be upstream, downstream or both
	// line 4: [iperf] paralel: there is no such key: did you mean parallel?
	// line 5: [iperf] time: "20 secnds": must be a number, or a time such as "1 minute 30 seconds": did you mean seconds?
	// line 6: [iperf] port: "70000": must be from 0 to 65535
	// line 7: [iperf] udp: "yess": must be on, yes or true, or off, no or false: did you mean yes?
}

// Keys of another program in the same section have to be allowed.
func ExampleReader() {
	conf, err := config.Reader{AllowUnused: true}.Read(strings.NewReader(`
[iperf]
time = 20
limit = 90
`))
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(conf.Unused, "is", conf.Values["limit"])
	// Output: [limit] is 90
}

func ExampleFromMap() {
	conf, err := config.FromMap(map[string]map[string]any{
		"iperf": {"udp": true, "bandwidth": "50M", "time": 5},
	}, "")
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(conf.ClientSettings.Protocol, conf.ClientSettings.Rate, conf.ClientSettings.Time)
	// Output: UDP 50.0 Mbit/s 5s
}

// exampleTB stands in for a test's *testing.T.
type exampleTB struct{ testing.TB }

func (exampleTB) Helper()                   {}
func (exampleTB) Cleanup(func())            {}
func (exampleTB) Errorf(f string, a ...any) { fmt.Printf(f+"\n", a...) }

// From a file to a value. The hosts are played from a script here; the package's page shows how to dial real ones.
func ExampleConfiguration_Metric() {
	conf, err := config.Read(strings.NewReader(`
[link_under_test]
component = Iperf
direction = up
iperf_repetitions = 3
aggregator = max
store_output = no
`), "")
	if err != nil {
		fmt.Println(err)
		return
	}
	dut, server := iperftest.NewHost(exampleTB{}, "192.0.2.50"), iperftest.NewHost(exampleTB{}, "192.0.2.60")
	iperftest.TCP(95.4e6).Expect(dut, server)
	iperftest.TCP(95.7e6).Expect(dut, server)
	iperftest.TCP(95.6e6).Expect(dut, server)

	metric := conf.Metric(iperf.Hosts{DUT: dut, TrafficServer: server}, nil)
	got, err := metric.Measure(context.Background(), "kitchen")
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(got.Value, "of", got.Of(iperf.Upstream).Rates())
	// Output: 95.7 Mbit/s of [95.4 Mbit/s 95.7 Mbit/s 95.6 Mbit/s]
}
