package iperftest_test

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/tunaperf/tuna/iperf"
	"github.com/tunaperf/tuna/iperf/iperftest"
	"github.com/tunaperf/tuna/iperf/report"
)

// fastEnough is a harness: it tells whether a link carries 90 Mbit/s upstream.
func fastEnough(t *testing.T, hosts iperf.Hosts) bool {
	x := iperf.Iperf{ClientServer: hosts}
	res, err := x.Upstream(t.Context(), "gate")
	return err == nil && res.Bandwidth >= 90*report.MbitPerSecond
}

// The harness is tried on a link that is fast, on one that is slow, and on one whose server is lost after 3 seconds.
// Each test lasts 10 seconds, of which none passes.
func TestHarness(t *testing.T) {
	fast := iperftest.TCP(95e6, 96e6, 95e6, 95e6, 96e6, 95e6, 95e6, 95e6, 96e6, 95e6)
	slow := iperftest.TCP(75e6, 76e6, 75e6, 75e6, 76e6, 75e6, 75e6, 75e6, 76e6, 75e6)
	for _, test := range []struct {
		name string
		test iperftest.Test
		lost time.Duration // when the server is lost; zero: never
		want bool
	}{
		{name: "fast", test: fast, want: true},
		{name: "slow", test: slow},
		{name: "lost", test: fast, lost: 3 * time.Second},
	} {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				dut := iperftest.NewHost(t, "192.0.2.50")
				server := iperftest.NewHost(t, "192.0.2.60")
				test.test.Every = time.Second
				test.test.Expect(dut, server)
				if test.lost > 0 {
					time.AfterFunc(test.lost, server.Lose)
				}
				if got := fastEnough(t, iperf.Hosts{DUT: dut, TrafficServer: server}); got != test.want {
					t.Errorf("fast enough: got %v", got)
				}
			})
		})
	}
}

// The example is TestHarness.
func Example() {}
