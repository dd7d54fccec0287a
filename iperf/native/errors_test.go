package native

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// nobodys is a port that nobody listens on, nor gets by asking for a free one.
const nobodys = 1

// The JSON of a client whose test fails has the same keys, types and error from both programs.
func TestSameJSONOfErrors(t *testing.T) {
	// running lets a client run against a server of ours until traffic flows, and then calls one of the two functions.
	running := func(t *testing.T, p program, end func(stopServer, stopClient func()), args ...string) ended {
		ctx, stopServer := context.WithCancel(t.Context())
		defer stopServer()
		clientCtx, stopClient := context.WithCancel(t.Context())
		defer stopClient()
		out := &watched{want: "Bitrate", seen: make(chan struct{})}
		port, served := watchedServer(t, ctx, out)
		var stdout, stderr bytes.Buffer
		done := make(chan int, 1)
		go func() {
			done <- p.run(clientCtx, append([]string{"-c", "127.0.0.1", "-p", port, "-t", "60", "-b", "1M", "-i", "0.1", "-J"}, args...), &stdout, &stderr)
		}()
		<-out.seen
		end(stopServer, stopClient)
		status := <-done
		stopServer()
		<-served
		return ended{stdout.String(), stderr.String(), status}
	}
	for _, c := range []struct {
		name string
		run  func(t *testing.T, p program) ended
	}{
		{"refused", func(t *testing.T, p program) ended { return p.client(t, nobodys, "-J") }},
		{"other family", func(t *testing.T, p program) ended { return p.client(t, nobodys, "-J", "-6") }},
		{"foreign address", func(t *testing.T, p program) ended { return p.client(t, nobodys, "-J", "-B", "192.0.2.77") }},
		{"no device", func(t *testing.T, p program) ended { return p.client(t, nobodys, "-J", "-B", "127.0.0.1%none") }},
		{"busy", func(t *testing.T, p program) ended {
			server := ours.server(t)
			conn := dialIdle(t, strconv.Itoa(server.port))
			defer conn.Close()
			return p.client(t, server.port, "-J")
		}},
		{"server ends", func(t *testing.T, p program) ended {
			return running(t, p, func(stopServer, _ func()) { stopServer() })
		}},
		{"server ends, UDP", func(t *testing.T, p program) ended {
			return running(t, p, func(stopServer, _ func()) { stopServer() }, "-u", "-R", "-P", "2")
		}},
		{"client ends", func(t *testing.T, p program) ended {
			return running(t, p, func(_, stopClient func()) { stopClient() })
		}},
		{"client ends, both ways", func(t *testing.T, p program) ended {
			return running(t, p, func(_, stopClient func()) { stopClient() }, "--bidir")
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			var keys [2]map[string]string
			for i, p := range []program{theirs(t)[0], ours} {
				e := c.run(t, p)
				for tries := 0; p.minor > 0 && e.status < 0 && tries < 4; tries++ {
					e = c.run(t, p) // a C client reports from its signal handler, and now and then dies of that
				}
				var v map[string]any
				if err := json.Unmarshal([]byte(e.stdout), &v); err != nil || e.stderr != "" {
					t.Fatalf("%s: %v: %+v", p.name, err, e)
				}
				if p.minor == 0 && e.status != 1 {
					t.Errorf("status %d", e.status)
				}
				keys[i] = map[string]string{}
				delete(v, "intervals") // how many there are is chance
				keysOf(v, "", keys[i])
				keys[i][".error"], _ = v["error"].(string)
			}
			if diff := cmp.Diff(keys[0], keys[1]); diff != "" {
				t.Errorf("C -, Go +\n%s", diff)
			}
		})
	}
}

// watchedServer starts a server whose output goes to out. served is closed when it has ended.
func watchedServer(t *testing.T, ctx context.Context, out *watched) (port string, served <-chan struct{}) {
	t.Helper()
	banner := &watched{want: "(test #1)", seen: make(chan struct{})}
	done := make(chan struct{})
	go func() {
		defer close(done)
		Main(ctx, []string{"-s", "-p", "0", "-i", "0.1"}, io.MultiWriter(banner, out), io.Discard)
	}()
	select {
	case <-banner.seen:
	case <-done:
		t.Fatal("the server ended")
	}
	_, rest, _ := strings.Cut(banner.first(), "Server listening on ")
	port, _, _ = strings.Cut(rest, " ")
	return port, done
}

// The lines of --json-stream of a client that asked for the server's output are the same events in the same order from
// both programs, and the server keeps the intervals that it has printed.
func TestSameJSONStream(t *testing.T) {
	for _, p := range append(theirs(t), ours) {
		if p.minor > 0 && p.minor < 17 {
			continue // it has no such flag
		}
		t.Run(p.name, func(t *testing.T) {
			t.Parallel()
			server := p.server(t, "-1", "--json-stream")
			e := p.client(t, server.port, "--json-stream", "-n", "500K", "-b", "20M", "-i", "0.1", "--get-server-output")
			var events []string
			intervals := 0
			for line := range strings.Lines(e.stdout) {
				var event struct {
					Event string
					Data  struct{ Intervals []any }
				}
				if err := json.Unmarshal([]byte(line), &event); err != nil {
					t.Fatalf("%q: %v", line, err)
				}
				if n := len(events); n == 0 || events[n-1] != event.Event {
					events = append(events, event.Event)
				}
				intervals += len(event.Data.Intervals)
			}
			if diff := cmp.Diff([]string{"start", "interval", "server_output_json", "end"}, events); diff != "" || intervals == 0 {
				t.Errorf("%d intervals of the server; want -, got +\n%s", intervals, diff)
			}
		})
	}
}
