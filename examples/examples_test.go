// Package examples_test runs every example as a reader would.
package examples_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/tunaperf/tuna/internal/testbed"
)

// build compiles an example.
func build(t *testing.T, name string) string {
	t.Helper()
	program := filepath.Join(t.TempDir(), name)
	if out, err := exec.Command("go", "build", "-o", program, "./"+name).CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	return program
}

// run runs a program with a home directory of its own, and gives what it printed.
func run(t *testing.T, home, dir, program string, args ...string) (stdout, stderr string, err error) {
	t.Helper()
	var out, errs strings.Builder
	cmd := exec.Command(program, args...)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "HOME="+home, "SSH_AUTH_SOCK=")
	cmd.Stdout, cmd.Stderr = &out, &errs
	err = cmd.Run()
	return out.String(), errs.String(), err
}

func TestQuickstartMeasuresThisMachine(t *testing.T) {
	stdout, stderr, err := run(t, t.TempDir(), t.TempDir(), build(t, "quickstart"), "-time", "1")
	if err != nil {
		t.Fatalf("%v\n%s", err, stderr)
	}
	table := regexp.MustCompile(`^direction +bandwidth +from\nupstream +[0-9.]+ [MG]bit/s +.*receiver.*\ndownstream +[0-9.]+ [MG]bit/s +.*receiver.*\n$`)
	if !table.MatchString(stdout) || stderr != "" {
		t.Errorf("got\n%s%s", stdout, stderr)
	}
}

func TestQuickstartSaysWhatIsMissing(t *testing.T) {
	program := build(t, "quickstart")
	for _, test := range []struct {
		name string
		args []string
		want string
	}{
		{"only one machine", []string{"-dut", "tester@192.0.2.1"}, "-dut and -server must be given together"},
		{"a program that is not there", []string{"-program", "no-such-iperf3"}, "not installed"},
		{"nothing listens", []string{"-dut", "tester@127.0.0.1:1", "-server", "tester@127.0.0.1:1"}, "127.0.0.1:1"},
	} {
		t.Run(test.name, func(t *testing.T) {
			_, stderr, err := run(t, t.TempDir(), t.TempDir(), program, test.args...)
			if err == nil || !strings.Contains(stderr, test.want) || strings.Count(stderr, "\n") != 1 {
				t.Errorf("%v, %q; want one line with %q", err, stderr, test.want)
			}
		})
	}
}

// home is the home directory of a user who has logged in to the server before.
func home(t *testing.T, srv *testbed.SSHServer) string {
	t.Helper()
	dir := t.TempDir()
	known, err := os.ReadFile(srv.KnownHosts)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Mkdir(dir+"/.ssh", 0o700); err != nil {
		t.Fatal(err)
	}
	for name, data := range map[string][]byte{"id_ed25519": srv.Key, "known_hosts": known} {
		if err := os.WriteFile(dir+"/.ssh/"+name, data, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func TestExamplesOverSSH(t *testing.T) {
	testbed.Need(t, "iperf", "iperf3")
	srv := testbed.StartSSHD(t, testbed.SSHDConfig{})
	host := srv.User + "@" + srv.Addr
	for _, test := range []struct {
		name, program string
		args          []string
		want          string // a regular expression
		raw           string // the folder with the raw files
	}{
		{"quickstart, iperf 3", "quickstart", []string{"-dut", host, "-server", host, "-time", "1", "-raw", "kept"}, `(?s)upstream +\d.*downstream +\d`, "kept"},
		{"quickstart, iperf 2 with UDP", "quickstart", []string{"-dut", host, "-server", host, "-time", "1", "-program", "iperf", "-udp", "20"}, `upstream +[12]\d\.\d Mbit/s`, ""},
		{"ten lines", "tenlines", []string{host, host}, `^[0-9.]+ [MG]bit/s from \d+ intervals of the receiver`, "raw"},
	} {
		t.Run(test.name, func(t *testing.T) {
			dir := t.TempDir()
			stdout, stderr, err := run(t, home(t, srv), dir, build(t, test.program), test.args...)
			if err != nil || !regexp.MustCompile(test.want).MatchString(stdout) {
				t.Errorf("%v\n%s%s", err, stdout, stderr)
			}
			if test.raw != "" {
				if files, _ := filepath.Glob(filepath.Join(dir, test.raw, "*")); len(files) < 3 {
					t.Errorf("raw files: %v", files)
				}
			}
		})
	}
}
