package iperf_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/tunaperf/tuna/internal/testbed"
	"github.com/tunaperf/tuna/iperf"
	"github.com/tunaperf/tuna/sshhost"
)

// A forestalledHost is a client's host before whose client another one connects to the server, which serves one only.
type forestalledHost struct {
	sshhost.Local
	port int
}

func (h *forestalledHost) Run(ctx context.Context, command string, stdout, stderr io.Writer) error {
	if strings.Contains(command, " -c ") {
		other := exec.Command("iperf", "-c", "127.0.0.1", "-p", fmt.Sprint(h.port), "-t", "1")
		if err := other.Start(); err != nil {
			return err
		}
		defer other.Wait()
		listens := fmt.Sprintf(":%04X 00000000:0000 0A", h.port)
		for ctx.Err() == nil {
			table, err := os.ReadFile("/proc/net/tcp")
			if err != nil {
				return err
			}
			if !strings.Contains(string(table), listens) {
				break
			}
			time.Sleep(time.Millisecond)
		}
	}
	return h.Local.Run(ctx, command, stdout, stderr)
}

// TestForeignClient has an iperf 2 server that another client has got. What the server counted is no result, although iperf 2
// exits with status 0 if it is refused.
func TestForeignClient(t *testing.T) {
	testbed.Need(t, "iperf")
	t.Parallel()
	free, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	h := &forestalledHost{Local: sshhost.Local{Addr: "127.0.0.1"}, port: free.Addr().(*net.TCPAddr).Port}
	free.Close()
	x := iperf.Iperf{
		ClientServer: iperf.Hosts{DUT: h, TrafficServer: sshhost.Local{Addr: "127.0.0.1"}}, Program: "iperf", Retries: -1,
		Client: iperf.ClientSettings{Time: time.Second}, Server: iperf.ServerSettings{Port: h.port},
	}
	res, err := x.Upstream(t.Context(), "")
	if !errors.Is(err, iperf.ErrPortInUse) {
		t.Errorf("got %v, want ErrPortInUse", err)
	}
	if res == nil || res.Bandwidth != 0 {
		t.Errorf("got %+v, want no bandwidth", res)
	}
}
