//go:build unix

package evidence_test

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/tunaperf/tuna/internal/testbed"
	"github.com/tunaperf/tuna/iperf/evidence"
)

// shells are the programs that may be a host's sh.
var shells = []string{"dash", "bash", "busybox", "mksh", "posh", "yash", "ksh93", "zsh"}

// linkShell makes a program the file sh of a directory of its own, and returns that file.
func linkShell(tb testing.TB, program string) string {
	tb.Helper()
	testbed.Need(tb, program)
	file, err := exec.LookPath(program)
	if err != nil {
		tb.Fatal(err)
	}
	sh := filepath.Join(tb.TempDir(), "sh")
	if err := os.Symlink(file, sh); err != nil {
		tb.Fatal(err)
	}
	return sh
}

// eachShell runs a test with each of the shells that are installed.
func eachShell(t *testing.T, test func(t *testing.T, sh string)) {
	for _, shell := range shells {
		t.Run(shell, func(t *testing.T) {
			t.Parallel()
			test(t, linkShell(t, shell))
		})
	}
}

// status returns the exit status of a command that has been run.
func status(tb testing.TB, err error) int {
	tb.Helper()
	if err == nil {
		return 0
	}
	exit, ok := err.(*exec.ExitError)
	if !ok {
		tb.Fatal(err)
	}
	return exit.ExitCode()
}

// TestText checks what other code relies on: it takes " -c " and " -s " for the options of iperf.
func TestText(t *testing.T) {
	for name, text := range map[string]string{
		"Before": evidence.Before{Peer: "192.0.2.1"}.Command(),
		"During": evidence.During{Device: "eth0", Port: 5201, Every: time.Second, Count: 3}.Command(),
		"UDP":    evidence.During{Device: "eth0", Port: 5201, UDP: true, Every: time.Second, Count: 3}.Command(),
		"Around": evidence.Around("iperf3", "@mark", "eth0"),
	} {
		placeholders := strings.Fields("PEER DEVICE MARK EVERY WHOLE HALF STEP COUNT LIMIT HEX PORT UDP")
		for _, word := range append(placeholders, " -c ", " -s ") {
			if strings.Contains(text, word) {
				t.Errorf("the text of %s has %q", name, word)
			}
		}
	}
	const command = "iperf3 -s -p '5201'"
	if text := evidence.Around(command, "@mark", ""); !strings.Contains(text, "\n"+command+"\n") {
		t.Errorf("the command is not there as it is:\n%s", text)
	}
}

func TestAround(t *testing.T) {
	for _, test := range []struct {
		name, prefix, command, out string
		status                     int
	}{
		{"success", "", "echo out", "out\n", 0},
		{"failure", "", "(exit 7)", "", 7},
		{"no newline", "", "printf out", "out", 0},
		{"not found", "", "/nonexistent/program", "", 127},
		{"killed", "", "sh -c 'kill -KILL $$'", "", 137},
		{"comment", "", "echo out # comment", "out\n", 0},
		{"quotes", "", `echo "it's" 'a "b"'`, "it's a \"b\"\n", 0},
		{"behind a directory", "cd /usr && ", "pwd", "/usr\n", 0},
		{"behind a failure", "false || ", "(exit 3)", "", 3},
	} {
		t.Run(test.name, func(t *testing.T) {
			eachShell(t, func(t *testing.T, sh string) {
				var out strings.Builder
				s := evidence.Splitter{Out: &out, Mark: "@mark"}
				cmd := exec.Command(sh, "-c", test.prefix+evidence.Around(test.command, "@mark", "lo"))
				cmd.Stdout = &s
				got := status(t, cmd.Run())
				if got != test.status || out.String() != test.out {
					t.Errorf("status %d, output %q; want %d, %q", got, out.String(), test.status, test.out)
				}
				for _, counters := range []string{s.First(), s.Last()} {
					if !strings.Contains(counters, "\ncpu0 ") || !strings.Contains(counters, "-- qdisc lo\n") {
						t.Errorf("no counters: %q", counters)
					}
				}
			})
		})
	}
}

// TestAroundSignals sends signals to the process group of the command, which ends by them as it
// would alone.
func TestAroundSignals(t *testing.T) {
	for _, sig := range []syscall.Signal{syscall.SIGHUP, syscall.SIGINT, syscall.SIGTERM} {
		if signal.Ignored(sig) {
			continue // so would the shell
		}
		for _, test := range []struct {
			name, command, out string
			status             int
		}{
			{"default", "sh -c 'echo ready; exec sleep 30'", "", 128 + int(sig)},
			{"exits well", `sh -c 'trap "exit 0" HUP INT TERM; echo ready; while :; do sleep 0.05; done'`, "", 143},
			{"last words", `sh -c 'trap "sleep 0.1; echo last; exit 3" HUP INT TERM; echo ready; while :; do sleep 0.05; done'`, "last\n", 3},
		} {
			t.Run(fmt.Sprint(test.name, " ", sig), func(t *testing.T) {
				eachShell(t, func(t *testing.T, sh string) {
					var stdout, out bytes.Buffer
					r, w, err := os.Pipe()
					if err != nil {
						t.Fatal(err)
					}
					defer r.Close()
					cmd := exec.Command(sh, "-c", evidence.Around(test.command, "@mark", ""))
					cmd.Stdout = w
					cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
					start := time.Now()
					if err := cmd.Start(); err != nil {
						t.Fatal(err)
					}
					w.Close()
					for !strings.HasSuffix(stdout.String(), "ready\n") {
						if _, err := io.CopyN(&stdout, r, 1); err != nil {
							t.Fatal(err)
						}
					}
					if err := syscall.Kill(-cmd.Process.Pid, sig); err != nil {
						t.Fatal(err)
					}
					stdout.ReadFrom(r)
					got := status(t, cmd.Wait())
					s := evidence.Splitter{Out: &out, Mark: "@mark"}
					s.Write(stdout.Bytes())
					if got != test.status || out.String() != "ready\n"+test.out || !strings.Contains(s.Last(), "\ncpu0 ") {
						t.Errorf("status %d, output %q, counters %.100q; want %d, %q", got, out.String(), s.Last(), test.status, test.out)
					}
					if took := time.Since(start); took > 20*time.Second {
						t.Errorf("took %v", took)
					}
				})
			})
		}
	}
}

// tools makes a directory of programs, of which "sleep" is a shell script.
func tools(tb testing.TB, sleep string) string {
	tb.Helper()
	dir := tb.TempDir()
	// yash, as sh, has a builtin such as echo only if there is a program too.
	for _, name := range []string{"cat", "grep", "[", "echo"} {
		file, err := exec.LookPath(name)
		if err != nil {
			tb.Fatal(err)
		}
		if err := os.Symlink(file, filepath.Join(dir, name)); err != nil {
			tb.Fatal(err)
		}
	}
	if sleep != "" {
		if err := os.WriteFile(filepath.Join(dir, "sleep"), []byte("#!/bin/sh\n"+sleep+"\n"), 0o755); err != nil {
			tb.Fatal(err)
		}
	}
	return dir
}

// TestSleep checks that the samples end in their time, whatever sleep does with a fraction.
func TestSleep(t *testing.T) {
	d := evidence.During{Port: 5201, Every: 250 * time.Millisecond, Count: 4}
	var wg sync.WaitGroup
	defer wg.Wait()
	for _, test := range []struct {
		name, sleep string
		samples     int
		least, most time.Duration
	}{
		{"knows fractions", `exec /bin/sleep "$1"`, 4, 700 * time.Millisecond, 10 * time.Second},
		{"refuses fractions", `case $1 in *.*) exit 1 ;; esac; exec /bin/sleep "$1"`, 2, 900 * time.Millisecond, 10 * time.Second},
		{"ignores fractions", `exec /bin/sleep "${1%.*}"`, 2, 900 * time.Millisecond, 10 * time.Second},
		{"is missing", "", 1, 0, 10 * time.Second},
	} {
		dir := tools(t, test.sleep)
		for _, shell := range shells {
			sh := linkShell(t, shell)
			if builtinSleep(sh) {
				continue
			}
			wg.Go(func() { // most of the time they sleep
				cmd := exec.Command(sh, "-c", d.Command())
				cmd.Env = []string{"PATH=" + dir}
				start := time.Now()
				out, err := cmd.Output()
				took := time.Since(start)
				if n := strings.Count(string(out), "-- sample "); n != test.samples || err != nil {
					t.Errorf("sleep %s, %s: %v, %d samples, want %d\n%s", test.name, shell, err, n, test.samples, out)
				}
				if took < test.least || took > test.most {
					t.Errorf("sleep %s, %s: took %v, want %v to %v", test.name, shell, took, test.least, test.most)
				}
			})
		}
	}
}

// builtinSleep reports whether a shell does not start the sleep of PATH.
func builtinSleep(sh string) bool {
	cmd := exec.Command(sh, "-c", "sleep 0")
	cmd.Env = []string{"PATH=/nonexistent"}
	return cmd.Run() == nil
}

// A userland is the programs of a host.
type userland struct {
	name   string
	shells []string
	prefix func(t *testing.T) []string // before the shell
	tools  bool                        // ip, ss, tc and ethtool
	owner  bool                        // the test's processes are shown
}

// bare hides /usr/sbin, where ip, tc and ethtool are, and makes dir the PATH.
func bare(t *testing.T, dir string) []string {
	testbed.Need(t, "unshare", "mount")
	return []string{"unshare", "-m", "sh", "-c",
		`mount --bind "$1" /usr/sbin && PATH=$2 && export PATH && shift 2 && exec "$@"`, "sh", t.TempDir(), dir}
}

func userlands() []userland {
	return []userland{
		{"all tools", shells, func(*testing.T) []string { return nil }, true, true},
		{"nobody", []string{"dash"}, func(t *testing.T) []string {
			testbed.Need(t, "setpriv")
			return strings.Fields("setpriv --reuid 65534 --regid 65534 --clear-groups env -i PATH=/usr/bin:/bin")
		}, true, false},
		{"BusyBox", []string{"busybox"}, func(t *testing.T) []string {
			dir := t.TempDir()
			for name := range strings.FieldsSeq(testbed.Command(t, "busybox", "--list")) {
				if err := os.Symlink("/usr/bin/busybox", filepath.Join(dir, name)); err != nil {
					t.Fatal(err)
				}
			}
			return bare(t, dir)
		}, false, false},
		{"no tools", []string{"dash"}, func(t *testing.T) []string {
			return bare(t, tools(t, `exec /bin/sleep "$1"`))
		}, false, false},
	}
}

// TestCommands runs the commands of both ends in each shell while iperf3 sends over a shaped link.
func TestCommands(t *testing.T) {
	testbed.NeedRoot(t)
	testbed.Need(t, "iperf3", "ss", "tc", "ethtool")
	l := testbed.NewLink(t, "100mbit", "")
	const port = 5299
	server := exec.Command("ip", "netns", "exec", l.B.Name, "iperf3", "-s", "-1", "-p", fmt.Sprint(port))
	if err := server.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		server.Process.Kill()
		server.Wait()
	})
	type run struct {
		name   string
		land   userland
		prefix []string
		before string
		during *exec.Cmd
		out    bytes.Buffer
	}
	shell := func(r *run, text string) *exec.Cmd {
		argv := slices.Concat([]string{"netns", "exec", l.A.Name}, r.prefix, []string{"-c", text})
		return exec.Command("ip", argv...)
	}
	var runs []*run
	for _, land := range userlands() {
		for _, sh := range land.shells {
			file, err := exec.LookPath(sh)
			if err != nil {
				if testbed.Required() {
					t.Fatal(err)
				}
				continue
			}
			dir, err := os.MkdirTemp("/tmp", "sh") // other users must be able to enter it
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { os.RemoveAll(dir) })
			if err := os.Chmod(dir, 0o755); err != nil {
				t.Fatal(err)
			}
			if err := os.Symlink(file, dir+"/sh"); err != nil {
				t.Fatal(err)
			}
			r := &run{name: land.name + " " + sh, land: land, prefix: append(land.prefix(t), dir+"/sh")}
			out, err := shell(r, evidence.Before{Peer: l.B.Addr}.Command()).Output()
			if err != nil {
				t.Fatalf("%s: %v", r.name, err)
			}
			counters, err := shell(r, evidence.Around(":", "@mark", l.A.Dev)).Output()
			if err != nil {
				t.Fatal(err)
			}
			first, _, _ := strings.Cut(string(counters), "@mark")
			r.before = first + string(out)
			runs = append(runs, r)
		}
	}
	d := evidence.During{Device: l.A.Dev, Port: port, Every: 400 * time.Millisecond, Count: 3}
	client := exec.Command("ip", "netns", "exec", l.A.Name,
		"iperf3", "-c", l.B.Addr, "-p", fmt.Sprint(port), "-t", "2", "-P", "2")
	if err := client.Start(); err != nil {
		t.Fatal(err)
	}
	for late := time.Now().Add(10 * time.Second); strings.Count(l.A.Sockets(t), fmt.Sprint(":", port)) < 3; time.Sleep(5 * time.Millisecond) {
		if time.Now().After(late) {
			t.Fatalf("no connections: %s", l.A.Sockets(t))
		}
	}
	for _, r := range runs {
		r.during = shell(r, d.Command())
		r.during.Stdout = &r.out
		if err := r.during.Start(); err != nil {
			t.Fatal(err)
		}
	}
	for _, r := range runs {
		if err := r.during.Wait(); err != nil {
			t.Errorf("%s: %v", r.name, err)
		}
	}
	if err := client.Wait(); err != nil {
		t.Fatal(err)
	}
	for _, r := range runs {
		t.Run(r.name, func(t *testing.T) {
			out, err := shell(r, evidence.Around(":", "@mark", l.A.Dev)).Output()
			if err != nil {
				t.Fatal(err)
			}
			after := string(out)[strings.LastIndex(string(out), "@mark"):]
			p := evidence.Read(r.before, r.out.String(), after)
			if p == nil {
				t.Fatalf("no path:\n%s", r.before)
			}
			if p.Peer != l.B.Addr || p.Device != l.A.Dev || p.Source != l.A.Addr || p.Gateway != "" || p.Local {
				t.Errorf("route: %+v", p)
			}
			link := p.Link()
			if link == nil || link.MTU != 1500 || link.Counters == nil || link.Counters.TxBytes < 1e6 {
				t.Errorf("link: %+v", link)
			}
			c := p.Counters
			if p.Elapsed < time.Second || len(p.Processors) == 0 || c.TCPRetransmits == nil || c.UDPRcvbufErrors == nil {
				t.Errorf("counters: %v %+v %+v", p.Elapsed, c, p.Processors)
			}
			if s := p.System; s.BootID == "" || s.CongestionControl == "" || len(s.TCPRmem) != 3 || len(s.TCPWmem) != 3 {
				t.Errorf("system: %+v", s)
			}
			if len(p.Samples) != d.Count {
				t.Fatalf("%d samples, want %d:\n%s", len(p.Samples), d.Count, r.out.String())
			}
			if r.land.tools {
				if link.Kind != "veth" || len(link.Offloads) == 0 || p.Queue != l.A.Dev || len(p.Qdiscs) != 1 {
					t.Fatalf("link %+v, queue %+v", link, p.Qdiscs)
				}
				q := p.Qdiscs[0]
				if q.Kind != "tbf" || q.Bytes == nil || *q.Bytes < 1e6 || q.Overlimits == nil || q.Drops == nil {
					t.Errorf("queue %+v", q)
				}
			}
			for i, s := range p.Samples {
				if i > 0 && (s.At <= p.Samples[i-1].At || len(s.Processors) == 0) {
					t.Errorf("sample %d: %+v", i, s)
				}
				if got := s.Run != nil && s.Wait != nil; got != r.land.owner {
					t.Errorf("sample %d: run and wait are known: %v, want %v", i, got, r.land.owner)
				}
				if !r.land.tools {
					continue
				}
				if len(s.Sockets) != 3 || s.Backlog == nil || s.Drops == nil { // the control connection and two of data
					t.Errorf("sample %d: %+v", i, s)
				}
				for _, socket := range s.Sockets {
					if socket.PeerPort != port || socket.RTT == 0 || socket.MSS == 0 || socket.SendBuffer == 0 ||
						socket.CongestionControl == "" {
						t.Errorf("sample %d: socket %+v", i, socket)
					}
				}
			}
		})
	}
}
