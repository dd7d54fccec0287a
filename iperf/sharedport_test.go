package iperf_test

import (
	"fmt"
	"net"
	"os"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/tunaperf/tuna/internal/testbed"
	"github.com/tunaperf/tuna/iperf"
	"github.com/tunaperf/tuna/sshhost"
)

// TestRunsShareAPort has many runs at once that share one port by design: each waits for its turn. TUNA_SHARED_RUNS sets
// how many.
func TestRunsShareAPort(t *testing.T) {
	t.Parallel()
	testbed.Need(t, "iperf3")
	runs, err := strconv.Atoi(os.Getenv("TUNA_SHARED_RUNS"))
	if err != nil {
		runs = 8
	}
	free, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	port := free.Addr().(*net.TCPAddr).Port
	free.Close()
	x := iperf.Iperf{
		ClientServer: iperf.Hosts{DUT: sshhost.Local{}, TrafficServer: sshhost.Local{}}, Retries: 400,
		Client: iperf.ClientSettings{Time: time.Second, Rate: 1e6}, Server: iperf.ServerSettings{Port: port},
	}
	left := make(chan int, runs)
	for i := range runs {
		left <- i
	}
	close(left)
	var all sync.WaitGroup
	for range min(runs, 60) {
		all.Go(func() {
			for i := range left {
				if _, err := x.Upstream(t.Context(), fmt.Sprint(i)); err != nil {
					t.Errorf("run %d: %+v", i, err)
				}
			}
		})
	}
	all.Wait()
}
