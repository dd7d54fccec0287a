package iperf_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/tunaperf/tuna/internal/testbed"
	"github.com/tunaperf/tuna/iperf"
	"github.com/tunaperf/tuna/sshhost"
)

// TestEndedByWithCause has contexts that end for a reason of the caller's own.
func TestEndedByWithCause(t *testing.T) {
	mine := errors.New("the lab closes")
	cancelled, cancel := context.WithCancelCause(t.Context())
	cancel(mine)
	late, stop := context.WithTimeoutCause(t.Context(), time.Nanosecond, mine)
	defer stop()
	<-late.Done()
	for _, test := range []struct {
		name       string
		ctx        context.Context
		kind, same error
		other      error
	}{
		{"cancelled", cancelled, iperf.ErrCanceled, context.Canceled, iperf.ErrTimeout},
		{"late", late, iperf.ErrTimeout, context.DeadlineExceeded, iperf.ErrCanceled},
	} {
		x := iperf.Iperf{ClientServer: iperf.Hosts{DUT: ownHost{}, TrafficServer: ownHost{}}}
		_, err := x.Upstream(test.ctx, "")
		for _, want := range []error{test.kind, test.same, mine} {
			if !errors.Is(err, want) {
				t.Errorf("%s: got %v, want %v", test.name, err, want)
			}
		}
		if errors.Is(err, test.other) {
			t.Errorf("%s: got %v, which is %v too", test.name, err, test.other)
		}
	}
}

// TestLongLine has a program that prints no version but very much.
func TestLongLine(t *testing.T) {
	program := filepath.Join(t.TempDir(), "iperf3")
	if err := os.WriteFile(program, []byte("#!/bin/sh\nhead -c 100000 /dev/zero | tr '\\0' x\n"), 0o755); err != nil {
		t.Fatal(err)
	}
	x := iperf.Iperf{Program: program}
	if _, err := x.Version(t.Context(), ownHost{}); !errors.Is(err, iperf.ErrNotUnderstood) || len(err.Error()) > 500 {
		t.Errorf("got %.1000v, want a short ErrNotUnderstood", err)
	}
}

// TestServerThatWeEnded has a client that fails: that its server was then ended by a signal is no failure of the server's.
func TestServerThatWeEnded(t *testing.T) {
	testbed.Need(t, "iperf3")
	program := filepath.Join(t.TempDir(), "iperf3")
	script := "#!/bin/sh\n[ \"$1\" = -c ] && echo '{\"error\":\"unable to connect to server: Connection refused\"}' && exit 0\nexec iperf3 \"$@\"\n"
	if err := os.WriteFile(program, []byte(script), 0o755); err != nil {
		t.Fatal(err)
	}
	x := iperf.Iperf{
		Program: program, ClientServer: iperf.Hosts{DUT: sshhost.Local{}, TrafficServer: sshhost.Local{}},
		Client: iperf.ClientSettings{Time: time.Second}, Server: iperf.ServerSettings{AutoPort: true},
	}
	if _, err := x.Upstream(t.Context(), ""); !errors.Is(err, iperf.ErrRefused) || errors.Is(err, iperf.ErrInterrupted) {
		t.Errorf("got %v, want ErrRefused and not ErrInterrupted", err)
	}
}

// TestServerThatStartsLate has a server that does not listen before the client was refused, because the run held that back for
// a short time only. The next try's server listens in time.
func TestServerThatStartsLate(t *testing.T) {
	testbed.Need(t, "iperf", "iperf3")
	for _, test := range []struct {
		name     string
		real     string
		retries  int
		attempts int // zero: refused
	}{
		{"iperf3, tried again", "iperf3", 1, 2},
		{"iperf3, not tried again", "iperf3", -1, 0},
		{"iperf, tried again", "iperf", 1, 2}, // its client exits with 0
		{"iperf, not tried again", "iperf", -1, 0},
	} {
		t.Run(test.name, func(t *testing.T) {
			program := filepath.Join(t.TempDir(), test.real)
			script := `#!/bin/sh
case $1 in
-s) [ -e "$0.refused" ] || while :; do sleep 0.05; done ;;
-c) @ "$@"; s=$?; : >"$0.refused"; exit $s ;;
esac
exec @ "$@"
`
			if err := os.WriteFile(program, []byte(strings.ReplaceAll(script, "@ ", test.real+" ")), 0o755); err != nil {
				t.Fatal(err)
			}
			x := iperf.Iperf{
				Program: program, ClientServer: iperf.Hosts{DUT: sshhost.Local{}, TrafficServer: sshhost.Local{}},
				Client: iperf.ClientSettings{Time: time.Second, Rate: 1e6}, Server: iperf.ServerSettings{AutoPort: true},
				EventTimer: &iperf.EventTimer{Time: 500 * time.Millisecond}, Retries: test.retries,
			}
			res, err := x.Upstream(t.Context(), "")
			if test.attempts == 0 {
				if !errors.Is(err, iperf.ErrRefused) || !strings.Contains(fmt.Sprint(err), "no evidence that it listens on port ") {
					t.Errorf("got %v, want ErrRefused for want of evidence", err)
				}
				return
			}
			if err != nil || res.Attempts != test.attempts {
				t.Errorf("got %v attempts, want %d: %+v", res, test.attempts, err)
			}
		})
	}
}
