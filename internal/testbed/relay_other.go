//go:build !linux

package testbed

import (
	"testing"
	"time"
)

func startRelay(tb testing.TB, _, _ Netns, _, _ time.Duration) {
	tb.Helper()
	tb.Fatal("delay: needs Linux")
}
