package iperftest_test

import (
	"testing"
	"time"

	"github.com/tunaperf/tuna/iperf"
	"github.com/tunaperf/tuna/iperf/iperftest"
)

// The run asks the client's host for the address of a server that has a name.
func TestHostsMayHaveNames(t *testing.T) {
	for _, version := range []string{"", "iperf version 2.1.8 (12 August 2022) pthreads\n"} {
		dut, server := iperftest.NewHost(t, "dut.test"), iperftest.NewHost(t, "server.test")
		test := iperftest.TCP(95e6)
		test.Version = version
		test.Expect(dut, server)
		program := "iperf3"
		if version != "" {
			program = "iperf"
		}
		x := iperf.Iperf{
			Program: program, ClientServer: iperf.Hosts{DUT: dut, TrafficServer: server},
			Client: iperf.ClientSettings{Time: time.Second},
		}
		if _, err := x.Upstream(t.Context(), ""); err != nil {
			t.Errorf("%s: %v", program, err)
		}
	}
}
