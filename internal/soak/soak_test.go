package main

import (
	"testing"
	"time"

	"github.com/tunaperf/tuna/internal/testbed"
)

// TestSoak runs few at a time: Dropbear 2022.83 drops connections with very many short commands, which is not what this
// looks for.
func TestSoak(t *testing.T) {
	testbed.NeedRoot(t)
	testbed.Need(t, "iperf", "iperf3", "iptables", "ip", "tc", "dropbear", "ssh-keygen")
	counted := soak(t.Context(), t, options{Runs: 20, Together: 24, Parallel: 4, Worlds: 2, Faults: 0.1, Seed: uint64(time.Now().UnixNano())}, func(s string) { t.Log(s) })
	t.Logf("%v", counted)
	if counted.bad() {
		t.Error("not all was as it must be")
	}
	if counted.runs != 44 || counted.good < 22 {
		t.Errorf("%d runs, of which %d were without an error; want 44 and most of them", counted.runs, counted.good)
	}
}
