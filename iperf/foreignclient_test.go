package iperf

import (
	"context"
	"errors"
	"io"
	"os/exec"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/tunaperf/tuna/internal/testbed"
	"github.com/tunaperf/tuna/sshhost"
)

// A forestalledHost is a client's host before whose client another one connects to the server,
// which serves one only.
type forestalledHost struct {
	sshhost.Local
	port int
}

func (h *forestalledHost) Run(ctx context.Context, command string, stdout, stderr io.Writer) error {
	if strings.Contains(command, " -c ") {
		other := exec.Command("iperf", "-c", "127.0.0.1", "-p", strconv.Itoa(h.port), "-t", "1")
		if err := other.Start(); err != nil {
			return err
		}
		defer other.Wait()
		for open := true; open; { // until the server has its client
			now, err := listening(ctx, h.Local)
			if err != nil {
				return err
			}
			open = now.tcp[h.port]
		}
	}
	return h.Local.Run(ctx, command, stdout, stderr)
}

// TestForeignClient has an iperf 2 server that another client has got. What the server counted is
// no result, although iperf 2 exits with status 0 if it is refused.
func TestForeignClient(t *testing.T) {
	testbed.Need(t, "iperf")
	t.Parallel()
	here := sshhost.Local{Addr: "127.0.0.1"}
	port := closedPort(t)
	x := Iperf{
		ClientServer: Hosts{DUT: &forestalledHost{here, port}, TrafficServer: here}, Program: "iperf", Retries: -1,
		Client: ClientSettings{Time: time.Second}, Server: ServerSettings{Port: port},
	}
	res, err := x.Upstream(t.Context(), "")
	if !errors.Is(err, ErrPortInUse) {
		t.Errorf("got %v, want ErrPortInUse", err)
	}
	if res == nil || res.Bandwidth != 0 {
		t.Errorf("got %+v, want no bandwidth", res)
	}
}
