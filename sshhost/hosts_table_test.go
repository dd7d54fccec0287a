package sshhost_test

import (
	"fmt"
	"os"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/tunaperf/tuna/internal/testbed"
)

// hostsFile holds the table of the battery as it came out when all of its hosts were run.
const hostsFile = "testdata/hosts.md"

// hostResults counts the checks on each host.
type hostResults struct {
	mu   sync.Mutex
	each map[hostKind]hostResult
}

type hostResult struct{ checks, passed int }

func (r *hostResults) add(k hostKind, one hostResult) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.each == nil {
		r.each = map[hostKind]hostResult{}
	}
	r.each[k] = one
}

func (r *hostResults) hosts() int { return len(r.each) }

// hostParts are the parts of a host: a section of the table each.
var hostParts = []struct {
	name   string
	values []string
	of     func(hostKind) string
	pkg    map[string]string // whose version is said; nil: none
}{
	{"SSH server", testbed.ChrootServers, func(k hostKind) string { return k.server }, testbed.ServerPackages},
	{"`sh`", hostShells, func(k hostKind) string { return k.sh }, testbed.ShellPackages},
	{"login shell", hostLogins, func(k hostKind) string { return k.login }, testbed.ShellPackages},
	{"other programs", hostUserlands, func(k hostKind) string { return k.userland }, testbed.UserlandPackages},
}

// table returns the results in Markdown: how many checks passed of how many, on the hosts with each part.
func (r *hostResults) table(suites map[string]*testbed.Suite) string {
	var b strings.Builder
	b.WriteString("| |")
	for _, suite := range hostSuites {
		fmt.Fprintf(&b, " %s |", suite)
	}
	b.WriteString("\n|---|" + strings.Repeat("---:|", len(hostSuites)) + "\n")
	row := func(name string, is func(hostKind) bool, version func(suite string) string) {
		fmt.Fprintf(&b, "| %s |", name)
		for _, suite := range hostSuites {
			var sum hostResult
			for k, one := range r.each {
				if k.suite == suite && is(k) {
					sum.checks += one.checks
					sum.passed += one.passed
				}
			}
			if sum.checks == 0 {
				b.WriteString(" |")
				continue
			}
			fmt.Fprintf(&b, " %s%d/%d |", version(suite), sum.passed, sum.checks)
		}
		b.WriteString("\n")
	}
	for _, part := range hostParts {
		for _, value := range part.values {
			row(part.name+" "+value, func(k hostKind) bool { return part.of(k) == value }, func(suite string) string {
				if v := suites[suite].Version(part.pkg[value]); v != "" {
					return v + ": "
				}
				return ""
			})
		}
	}
	row(fmt.Sprintf("**%d hosts**", len(r.each)), func(hostKind) bool { return true }, func(string) string { return "" })
	return b.String()
}

// TestHostsAreUpToDate compares the table's first column with the parts that there are. The rest is the full run's to say.
func TestHostsAreUpToDate(t *testing.T) {
	text, err := os.ReadFile(hostsFile)
	if err != nil {
		t.Fatal(err)
	}
	var want, got []string
	for _, part := range hostParts {
		for _, value := range part.values {
			want = append(want, part.name+" "+value)
		}
	}
	for line := range strings.Lines(string(text)) {
		if name, _, _ := strings.Cut(strings.TrimPrefix(line, "| "), " |"); !strings.HasPrefix(name, "|") && !strings.HasPrefix(name, "**") {
			got = append(got, name)
		}
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("%s is not of these hosts, so make hosts must be run (-want +got):\n%s", hostsFile, diff)
	}
}

func writeHosts(t *testing.T, table string) {
	t.Logf("the hosts:\n%s", table)
	if err := os.WriteFile(hostsFile, []byte(table), 0o644); err != nil {
		t.Error(err)
	}
}
