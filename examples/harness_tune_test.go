package examples_test

import (
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/tunaperf/tuna/internal/testbed"
)

// TestHarnessOverSSH runs the harness as a test of its own, once with a link that is fast enough for it and once with
// one that is not.
func TestHarnessOverSSH(t *testing.T) {
	testbed.Need(t, "iperf3")
	srv := testbed.StartSSHD(t, testbed.SSHDConfig{})
	host := srv.User + "@" + srv.Addr
	program := filepath.Join(t.TempDir(), "harness")
	if out, err := exec.Command("go", "test", "-c", "-o", program, "./harness").CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	for _, test := range []struct {
		name string
		args []string
		want string // a regular expression
		fail bool
	}{
		{name: "fast enough", args: []string{"-runs", "2"}, want: `(?s)upstream: [0-9.]+ [MG]bit/s.*downstream: [0-9.]+ [MG]bit/s.*\nPASS`},
		{name: "too slow one way", args: []string{"-runs", "1", "-downstream", "1e9"}, want: `downstream is too slow: [0-9.]+ [MG]bit/s, must be 1000 Tbit/s or more`, fail: true},
		{name: "a server that is not there", args: []string{"-server", "tester@127.0.0.1:1"}, want: `127\.0\.0\.1:1`, fail: true},
		{name: "only one machine", args: []string{"-server", ""}, want: `-dut and -server must be given together`, fail: true},
	} {
		t.Run(test.name, func(t *testing.T) {
			stdout, stderr, err := run(t, home(t, srv), t.TempDir(), program, append([]string{"-test.v", "-dut", host, "-server", host}, test.args...)...)
			if failed := err != nil; failed != test.fail || !regexp.MustCompile(test.want).MatchString(stdout) {
				t.Errorf("%v\n%s%s", err, stdout, stderr)
			}
			if strings.Contains(stdout, "upstream is too slow") {
				t.Errorf("the other way failed too:\n%s", stdout)
			}
		})
	}
}

func TestTuneOverSSH(t *testing.T) {
	testbed.Need(t, "iperf", "iperf3")
	srv := testbed.StartSSHD(t, testbed.SSHDConfig{})
	address, port, err := net.SplitHostPort(srv.Addr)
	if err != nil {
		t.Fatal(err)
	}
	program := build(t, "tune")
	machine := fmt.Sprintf("control_ip = %s\nport = %s\nusername = %s\n", address, port, srv.User)
	for _, test := range []struct {
		name, section string
		args          []string
		want, wantErr string // regular expressions
		files         int
		fail          bool
	}{
		{
			name: "iperf 3 both ways", section: "direction = both\niperf_repetitions = 1\ntime = 1\n",
			args:    []string{"-parallel", "1,2", "-window", "0"},
			want:    `(?s)^1 in parallel with the system's window: [0-9.]+ [MG]bit/s\n\tupstream.*downstream.*2 in parallel.*\nbest: [12] in parallel`,
			wantErr: `^$`,
			files:   12, // two files and a manifest of each run
		},
		{
			name: "iperf 2, nothing kept", section: "program = iperf\ndirection = up\niperf_repetitions = 1\ntime = 1\nstore_output = no\n",
			args: []string{"-parallel", "2", "-window", "64K,128K"},
			want: `(?s)^2 in parallel with a window of 64 KiB: [0-9.]+ [MG]bit/s.*128 KiB.*\nbest: 2 in parallel`,
		},
		{
			name: "nothing works", section: "program = no-such-iperf\n", args: []string{"-parallel", "1", "-window", "0"},
			want: `not installed`, wantErr: `nothing could be measured`, fail: true,
		},
		{
			name: "a key that is misspelt", section: "time = 1\nparalel = 3\n", fail: true,
			wantErr: `^tune: \S+/link.ini:7: \[link\] paralel: there is no such key: did you mean parallel\?\n$`,
		},
		{name: "a value that is wrong", section: "time = soon\n", wantErr: `\[link\] time: .*"soon"`, fail: true},
	} {
		t.Run(test.name, func(t *testing.T) {
			dir := t.TempDir()
			file := filepath.Join(dir, "link.ini")
			text := "[link]\ncomponent = Iperf\nclient_section = a\nserver_section = b\nauto_port = yes\n" + test.section + "[a]\n" + machine + "[b]\n" + machine
			if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
				t.Fatal(err)
			}
			stdout, stderr, err := run(t, home(t, srv), dir, program, append(test.args, file)...)
			if failed := err != nil; failed != test.fail || !regexp.MustCompile(test.want).MatchString(stdout) || !regexp.MustCompile(test.wantErr).MatchString(stderr) {
				t.Errorf("%v\n%s%s", err, stdout, stderr)
			}
			if files, _ := filepath.Glob(filepath.Join(dir, "raw", "*")); len(files) != test.files {
				t.Errorf("%d raw files, want %d: %v", len(files), test.files, files)
			}
		})
	}
}

// The file beside the program measures this machine.
func TestTuneReadsItsExample(t *testing.T) {
	file, err := filepath.Abs("tune/tune.ini")
	if err != nil {
		t.Fatal(err)
	}
	stdout, stderr, err := run(t, t.TempDir(), t.TempDir(), build(t, "tune"), "-parallel", "2", "-window", "0", file)
	if err != nil || stderr != "" || !regexp.MustCompile(`\nbest: 2 in parallel with the system's window: [0-9.]+ [MG]bit/s\n$`).MatchString(stdout) {
		t.Errorf("%v\n%s%s", err, stdout, stderr)
	}
}
