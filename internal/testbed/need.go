// Package testbed gives tests the real thing: SSH servers, and hosts in network namespaces joined by a shaped link.
package testbed

import (
	"os"
	"os/exec"
	"testing"
)

// Required reports whether a missing tool or right fails the tests, as `make test` asks for, instead of skipping them.
func Required() bool { return os.Getenv("TUNA_INTEGRATION") == "required" }

// Need skips the test when one of the named programs is not installed, or fails it where Required.
func Need(tb testing.TB, programs ...string) {
	tb.Helper()
	for _, p := range programs {
		if _, err := exec.LookPath(p); err != nil {
			miss(tb, p+" is not installed")
		}
	}
}

// NeedRoot skips the test when it does not run as root, or fails it where Required.
func NeedRoot(tb testing.TB) {
	tb.Helper()
	if os.Geteuid() != 0 {
		miss(tb, "root is needed to make network namespaces")
	}
}

func miss(tb testing.TB, why string) {
	tb.Helper()
	if Required() {
		tb.Fatal(why)
	}
	tb.Skip(why)
}
