package native

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
)

func TestCommandLinesThatAreRefused(t *testing.T) {
	for _, c := range []struct{ args, want string }{
		{"", "must either be a client (-c) or server (-s)"},
		{"-s -c host", "cannot be both server and client"},
		{"-c host --no-such-option", "unrecognized option '--no-such-option'"},
		{"-c host --sctp", "unrecognized option '--sctp'"},
		{"-c host -A 1", "invalid option -- 'A'"},
		{"-c host -Rq", "invalid option -- 'q'"},
		{"-c host --s", "option '--s' is ambiguous"},
		{"-c host --rev=1", "doesn't allow an argument"},
		{"-c host -t", "option requires an argument -- 't'"},
		{"-c host --time", "option '--time' requires an argument"},
		{"-c host more", "unexpected argument 'more'"},
		{"-s -t 3", "some option you are trying to set is client only"},
		{"-c host -1", "some option you are trying to set is server only"},
		{"-c host -R --bidir", "cannot be both reverse and bidirectional"},
		{"-c host -P 129", "number of parallel streams too large (maximum = 128)"},
		{"-c host -P x", "not a whole number"},
		{"-c host -t 86401", "test duration too long (maximum = 86400 seconds)"},
		{"-c host -t 1 -n 1", "only one test end condition (-t, -n, -k) may be specified"},
		{"-c host -l 2M", "block size too large (maximum = 1048576 bytes)"},
		{"-c host -u -l 70000", "block size invalid (minimum = 16 bytes, maximum = 65507 bytes)"},
		{"-c host --rcv-timeout 100", "client receive timeout is valid only in receiving mode"},
		{"-c host -R --rcv-timeout 99", "receive timeout value is incorrect or not in range"},
		{"-c host --snd-timeout 86400001", "send timeout value is incorrect or not in range"},
		{"-c host --vers", "option '--vers' is ambiguous; possibilities: '--version4' '--version6' '--version'"},
		{"-s --gsro", "some option you are trying to set is client only"},
		{"-c host -w 1G", "socket buffer size too large (maximum = 536870912 bytes)"},
		{"-c host -M 9999", "TCP MSS too large (maximum = 9216 bytes)"},
		{"-c host -O 601", "bogus value for --omit"},
		{"-c host -i 0.01", "invalid report interval (min = 0.1, max = 60 seconds)"},
		{"-c host -i NaN", "invalid report interval"},
		{"-c host -f x", "bad format specifier (valid formats are in the set [kmgtKMGT])"},
		{"-c host -S 256", "bad TOS value"},
		{"-c host --dscp zz", "bad TOS value"},
		{"-c host -p 0", "port number must be between 1 and 65535 inclusive"},
		{"-c host -b 1M/2000", "invalid burst count (maximum = 1000)"},
		{"-c host -b fast", "bad bitrate"},
		{"-s --allow 10.0.0.0/33", "bad address or network"},
	} {
		t.Run(c.args, func(t *testing.T) {
			t.Parallel()
			var stdout, stderr bytes.Buffer
			status := Main(t.Context(), strings.Fields(c.args), &stdout, &stderr)
			if status != 1 || stdout.Len() != 0 || !strings.Contains(stderr.String(), c.want) {
				t.Errorf("status %d, stdout %q, stderr %q", status, &stdout, &stderr)
			}
		})
	}
}

// What is ignored, as the C program does, is warned of.
func TestWarnings(t *testing.T) {
	for args, want := range map[string]string{
		"-u -Z":   "warning: -Z flag ignored with UDP",
		"-J -f m": "warning: Report format (-f) flag ignored with JSON output (-J)\n",
	} {
		var stdout, stderr bytes.Buffer
		Main(t.Context(), append([]string{"-c", "127.0.0.1", "-p", strconv.Itoa(nobodys)}, strings.Fields(args)...), &stdout, &stderr)
		if !strings.HasPrefix(stderr.String(), want) {
			t.Errorf("%s: %q", args, &stderr)
		}
	}
}

func TestHostAndDevice(t *testing.T) {
	for _, c := range []struct{ in, host, device string }{
		{"192.0.2.1", "192.0.2.1", ""},
		{"192.0.2.1%eth0", "192.0.2.1", "eth0"},
		{"host%eth0.5", "host", "eth0.5"},
		{"2001:db8::1%eth0", "2001:db8::1", "eth0"},
		{"fe80::1%eth0", "fe80::1%eth0", ""}, // its zone
		{"169.254.0.1%eth0", "169.254.0.1", "eth0"},
	} {
		var s settings
		err := hostAndDevice(func(s *settings) *string { return &s.host })(&s, c.in)
		if !hasDevice && c.device != "" {
			if err == nil {
				t.Errorf("%s: no error", c.in)
			}
		} else if err != nil || s.host != c.host || s.device != c.device {
			t.Errorf("%s: %q, %q, %v", c.in, s.host, s.device, err)
		}
	}
}

func TestVersionAndHelp(t *testing.T) {
	var stdout, stderr bytes.Buffer
	if status := Main(t.Context(), []string{"--version"}, &stdout, &stderr); status != 0 || stderr.Len() != 0 {
		t.Errorf("status %d, stderr %q", status, &stderr)
	}
	if !regexp.MustCompile(`^iperf 3\.\d+ \(tuna native .+\)\n`).MatchString(stdout.String()) {
		t.Errorf("%q", &stdout)
	}
	stdout.Reset()
	if status := Main(t.Context(), []string{"-s", "-h"}, &stdout, &stderr); status != 0 || stderr.Len() != 0 {
		t.Errorf("status %d, stderr %q", status, &stderr)
	}
	for _, f := range flagTable {
		if f.help != "" && f.lacks == "" && !strings.Contains(stdout.String(), "--"+f.long) {
			t.Errorf("--%s is not in the help", f.long)
		}
	}
}

// The names and codes of RFC 2474, 2597, 3246 and 8622.
func TestDSCP(t *testing.T) {
	for v, want := range map[string]int{"cs0": 0, "CS1": 8, "cs7": 56, "af11": 10, "af43": 38, "EF": 46, "va": 44, "le": 1, "lowdelay": 4, "throughput": 2, "reliability": 1, "0x2e": 46, "056": 46, "63": 63} {
		var s settings
		if err := setDSCP(&s, v); err != nil || s.tos != want<<2 {
			t.Errorf("%s: %d, %v; want %d", v, s.tos>>2, err, want)
		}
	}
}

func TestScaled(t *testing.T) {
	for _, c := range []struct {
		n, base float64
		unit    byte
		want    string
	}{
		{0, 1024, 0, "0.00 "}, {1, 1024, 0, "1.00 "}, {1023, 1024, 0, "1023 "}, {1024, 1024, 0, "1.00 K"}, {131072, 1024, 0, " 128 K"},
		{9.994e6, 1000, 0, "9.99 M"}, {9.996e6, 1000, 0, "10.0 M"}, {99.96e6, 1000, 0, " 100 M"}, {999.9e6, 1000, 0, "1000 M"}, {1e9, 1000, 0, "1.00 G"},
		{5e12, 1000, 0, "5.00 T"}, {5e15, 1000, 0, "5000 T"}, {1e6, 1000, 'k', "1000 K"}, {1e5, 1000, 'm', "0.10 M"}, {2048, 1024, 'K', "2.00 K"},
	} {
		if got := scaled(c.n, c.base, c.unit, ""); got != c.want {
			t.Errorf("scaled(%v, %v, %q) = %q, want %q", c.n, c.base, c.unit, got, c.want)
		}
	}
}

// With --json-stream, each line is an event, in the order start, interval …, end.
func TestJSONStream(t *testing.T) {
	t.Parallel()
	server := ours.server(t, "-1", "--json-stream")
	e := ours.client(t, server.port, "--json-stream", "-t", "1", "-i", "0.5", "-b", "10M")
	for i, text := range []string{e.stdout, server.wait(t).stdout} {
		var names []string
		for line := range strings.Lines(text) {
			var event struct {
				Event string
				Data  map[string]any
			}
			if err := json.Unmarshal([]byte(line), &event); err != nil {
				t.Fatalf("%q: %v", line, err)
			}
			if n := len(names); n == 0 || names[n-1] != event.Event {
				names = append(names, event.Event)
			}
		}
		if !slices.Equal(names, []string{"start", "interval", "end"}) {
			t.Errorf("output %d: %v", i, names)
		}
	}
}

// Errors are in the JSON, and the status tells of them too.
func TestJSONError(t *testing.T) {
	t.Parallel()
	port := freePort(t)
	var stdout, stderr bytes.Buffer
	status := Main(t.Context(), []string{"-c", "127.0.0.1", "-p", strconv.Itoa(port), "-J"}, &stdout, &stderr)
	var doc map[string]any
	if err := json.Unmarshal(stdout.Bytes(), &doc); err != nil {
		t.Fatal(err)
	}
	if status != 1 || doc["error"] != "unable to connect to server: Connection refused" || len(doc["end"].(map[string]any)) != 0 {
		t.Errorf("status %d: %v", status, doc)
	}
}

// Where an option cannot be had, both programs say so in the same words.
func TestOptionsThatTheSystemRefuses(t *testing.T) {
	for _, c := range []struct{ args, want string }{
		{"-C nosuch", "iperf3: error - unable to set TCP_CONGESTION: Supplied congestion control algorithm not supported on this host\n"},
		{"-w 500M", "iperf3: error - socket buffer size not set correctly\n"},
		{"-w 500M -R", "iperf3: error - socket buffer size not set correctly\n"},
	} {
		for _, p := range append(theirs(t), ours) {
			t.Run(p.name+" "+c.args, func(t *testing.T) {
				t.Parallel()
				server := ours.server(t)
				if e := p.client(t, server.port, strings.Fields(c.args)...); e.status != 1 || e.stderr != c.want {
					t.Errorf("%+v", e)
				}
			})
		}
	}
}

// A server that cannot listen says so under -J as well.
func TestListenError(t *testing.T) {
	t.Parallel()
	server := ours.server(t)
	var stdout, stderr bytes.Buffer
	status := Main(t.Context(), []string{"-s", "-p", strconv.Itoa(server.port), "-J"}, &stdout, &stderr)
	var doc document
	if err := json.Unmarshal(stdout.Bytes(), &doc); err != nil {
		t.Fatal(err)
	}
	if want := "unable to start listener for connections: Address already in use"; status != 1 || doc.Error != want {
		t.Errorf("status %d: %q", status, doc.Error)
	}
}

func TestServerIdles(t *testing.T) {
	t.Parallel()
	var stdout, stderr bytes.Buffer
	started := time.Now()
	status := Main(t.Context(), []string{"-s", "-p", "0", "-1", "--idle-timeout", "1"}, &stdout, &stderr)
	if status != 0 || stderr.Len() != 0 || time.Since(started) < time.Second {
		t.Errorf("status %d after %v: %s", status, time.Since(started), &stderr)
	}
}

func TestLogfile(t *testing.T) {
	t.Parallel()
	name := filepath.Join(t.TempDir(), "log")
	var stdout, stderr bytes.Buffer
	for range 2 {
		Main(t.Context(), []string{"-s", "-p", "0", "-1", "--idle-timeout", "1", "--logfile", name}, &stdout, &stderr)
	}
	text, err := os.ReadFile(name)
	if err != nil || strings.Count(string(text), "Server listening on") != 2 || stdout.Len()+stderr.Len() != 0 {
		t.Errorf("%v: %q, %q, %q", err, text, &stdout, &stderr)
	}
}

// A receiver that hears nothing gives up.
func TestReceiveTimeout(t *testing.T) {
	t.Parallel()
	server := ours.server(t, "-1", "--rcv-timeout", "300")
	e := ours.client(t, server.port, "-u", "-b", "100", "-l", "1000", "-t", "30")
	s := server.wait(t)
	if s.status != 1 || !strings.Contains(s.stderr, "idle timeout for receiving data") || e.status != 1 || !strings.Contains(e.stderr, "the server has terminated") {
		t.Errorf("server %+v\nclient %+v", s, e)
	}
}
