package config_test

import (
	"fmt"
	"strings"

	"github.com/tunaperf/tuna/iperf/config"
)

func ExampleRead() {
	conf, err := config.Read(strings.NewReader(`
[iperf]
direction = down
client_section = router
parallel = 4
time = 20
paralel = 8

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
	fmt.Println("left over:", conf.Unused)
	// Output:
	// downstream 4 20s
	// tester@192.0.2.1:22 tests at 198.51.100.1
	// left over: [paralel]
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
