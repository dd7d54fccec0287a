package sshhost_test

import (
	"cmp"
	"fmt"
	"math/rand/v2"
	"os"
	"runtime"
	"slices"
	"sync"
	"syscall"
	"testing"

	"github.com/tunaperf/tuna/internal/testbed"
)

// A hostKind is a host of the battery: its programs are those of one Debian release.
type hostKind struct{ suite, server, login, sh, userland string }

func (k hostKind) String() string {
	return fmt.Sprintf("%s/%s/login %s/sh %s/%s", cmp.Or(k.suite, "this machine"), k.server, k.login, k.sh, k.userland)
}

var (
	hostSuites    = []string{"bookworm", "trixie", "sid"}
	hostShells    = []string{"dash", "bash", "ash", "mksh", "posh", "yash", "ksh93", "zsh"}
	hostLogins    = append([]string{"sh", "fish", "tcsh", "rc"}, hostShells...)
	hostUserlands = []string{"GNU", "uutils", "BusyBox", "toybox", "minimal"}
)

// pairs are the combinations of two of a host's parts. A server and a sh differ from release to release.
func (k hostKind) pairs() []string {
	server, sh := k.suite+" "+k.server, k.suite+" "+k.sh
	return []string{
		server + " login " + k.login, server + " sh " + k.sh, server + " with " + k.userland,
		sh + " with " + k.userland, k.login + " login " + k.sh, k.login + " login with " + k.userland,
	}
}

// corePairs are those of the parts that work on while commands run: the login shell has started sh by then.
func (k hostKind) corePairs() []string {
	return []string{
		k.server + " sh " + k.sh, k.sh + " with " + k.userland, k.suite + " sh " + k.sh, k.suite + " server " + k.server,
		k.suite + " with " + k.userland,
	}
}

// cover picks hosts from all, so that every pair that any of all has is there.
func cover(all []hostKind, pairs func(hostKind) []string) (picked []hostKind) {
	missing := map[string]bool{}
	for _, k := range all {
		for _, p := range pairs(k) {
			missing[p] = true
		}
	}
	for len(missing) > 0 {
		best, most := hostKind{}, 0
		for _, k := range all {
			n := 0
			for _, p := range pairs(k) {
				if missing[p] {
					n++
				}
			}
			if n > most {
				best, most = k, n
			}
		}
		for _, p := range pairs(best) {
			delete(missing, p)
		}
		picked = append(picked, best)
	}
	return picked
}

// fewHosts run with all other tests, on this machine's programs: one with each SSH server, as Android is, as a router is,
// and one that lacks most programs.
var fewHosts = []hostKind{
	{"", "OpenSSH", "sh", "mksh", "toybox"},
	{"", "Dropbear", "ash", "ash", "BusyBox"},
	{"", "tinysshd", "sh", "dash", "minimal"},
	{"", "tinysshd", "fish", "bash", "GNU"},
}

// TestHosts runs the battery: the checks on each host, but those that repeat commands only on hosts with every pair of what
// works on then. TUNA_HOSTS=pairs takes as many hosts as it needs to have every pair of SSH server, login shell, sh and
// userland, TUNA_HOSTS=full takes every combination. Both write testdata/hosts.md. TUNA_HOSTS=few makes a few hosts of this
// machine's programs. Without it most of those are made, and the checks that take long are left out.
func TestHosts(t *testing.T) {
	suites := map[string]*testbed.Suite{"": testbed.ThisMachine()}
	kinds, parallel := fewHosts, 2*runtime.GOMAXPROCS(0)
	how := os.Getenv("TUNA_HOSTS")
	if how == "" {
		kinds = fewHosts[:3]
	}
	if how == "" || how == "few" {
		testbed.Need(t, "dash", "bash", "mksh", "fish", "toybox", "busybox", "dropbear", "tinysshd", "tcpserver", "setpriv")
	} else {
		for _, name := range hostSuites {
			suites[name] = testbed.OpenSuite(t, name)
		}
		kinds = product(func(suite, shell string) bool { return suites[suite].Has(testbed.Shells[shell]) })
		if how != "full" {
			kinds = cover(kinds, hostKind.pairs)
		}
	}
	core := cover(kinds, hostKind.corePairs)
	slots := make(chan struct{}, parallel) // most of a host's time is waiting
	results := hostResults{}
	var wg sync.WaitGroup
	for _, k := range kinds {
		slots <- struct{}{}
		wg.Go(func() {
			defer func() { <-slots }()
			t.Run(k.String(), func(t *testing.T) { results.add(k, runHost(t, suites[k.suite], k, slices.Contains(core, k))) })
		})
	}
	wg.Wait()
	if len(suites) > 1 && results.hosts() == len(kinds) { // -run may have picked a few
		writeHosts(t, results.table(suites))
	}
}

// product returns every combination of what the suites have.
func product(has func(suite, shell string) bool) (all []hostKind) {
	for _, suite := range hostSuites {
		for _, server := range testbed.ChrootServers {
			if suite == "bookworm" && server == "conch" {
				continue // Twisted 22.4 refuses every public key: it looks up the user by bytes, which Python's pwd does not take
			}
			for _, login := range hostLogins {
				for _, sh := range hostShells {
					for _, userland := range hostUserlands {
						if (login == "sh" || has(suite, login)) && has(suite, sh) {
							all = append(all, hostKind{suite, server, login, sh, userland})
						}
					}
				}
			}
		}
	}
	return all
}

// A hostTrial is one host on which the checks are made.
type hostTrial struct {
	hostKind
	*testbed.Chroot
}

// blob is a megabyte of all bytes.
var blob = func() []byte {
	b := make([]byte, 1<<20)
	random := rand.NewChaCha8([32]byte{})
	random.Read(b)
	return b
}()

// runHost makes a host, makes the checks there and counts them. core has it make those that repeat commands too.
func runHost(t *testing.T, suite *testbed.Suite, k hostKind, core bool) (result hostResult) {
	files := map[string][]byte{"/data/blob": blob}
	for i, text := range awkwardTexts {
		files[fmt.Sprintf("/data/text%d", i)] = []byte(text)
	}
	trial := hostTrial{k, testbed.StartHost(t, testbed.HostSpec{
		Suite: suite, Server: k.server, Login: k.login, Sh: k.sh, Userland: k.userland, Files: files,
	})}
	for _, c := range hostChecks {
		if c.only != nil && !c.only(trial) || c.repeats && !core || (c.long || c.repeats) && os.Getenv("TUNA_HOSTS") == "" {
			continue
		}
		result.checks++
		if t.Run(c.name, func(t *testing.T) { trial.check(t, c.run) }) {
			result.passed++
		}
	}
	return result
}

// check makes one check, and then sees that nothing of ours is left on the host, and that all others' processes are there.
func (h hostTrial) check(t *testing.T, run func(*testing.T, hostTrial)) {
	t.Cleanup(func() { // after that of run, which closes the hosts that it has dialled
		if left := within(h.Added); len(left) > 0 {
			t.Errorf("left on the host: %v", left)
			for _, p := range left {
				testbed.Signal(p.PID, syscall.SIGKILL) // for the next check's sake
			}
		}
		if gone := h.Missing(); gone != nil {
			t.Errorf("processes of others have ended: %v", gone)
		}
	})
	run(t, h)
}

// TestCover checks that the battery's rule leaves no pair out, and how many hosts it picks.
func TestCover(t *testing.T) {
	all := product(func(string, string) bool { return true })
	for _, rule := range []struct {
		pairs func(hostKind) []string
		most  int // more are too many for 40 minutes
	}{{hostKind.pairs, 200}, {hostKind.corePairs, 60}} {
		checkCover(t, all, rule.pairs, rule.most)
	}
}

func checkCover(t *testing.T, all []hostKind, pairs func(hostKind) []string, most int) {
	picked := cover(all, pairs)
	t.Logf("%d of %d hosts", len(picked), len(all))
	if len(picked) > most {
		t.Errorf("%d hosts are too many", len(picked))
	}
	have := map[string]bool{}
	for _, k := range picked {
		for _, p := range pairs(k) {
			have[p] = true
		}
	}
	for _, k := range all {
		for _, p := range pairs(k) {
			if !have[p] {
				t.Fatalf("no host has %s", p)
			}
		}
	}
}
