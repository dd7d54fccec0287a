package main

import (
	"testing"
	"time"

	"github.com/tunaperf/tuna/internal/testbed"
)

func TestSoak(t *testing.T) {
	testbed.NeedRoot(t)
	testbed.Need(t, "iperf", "iperf3", "iptables", "ip", "tc", "dropbear", "ssh-keygen")
	counted := soak(t.Context(), t, options{Runs: 30, Together: 50, Parallel: 10, Worlds: 2, Faults: 0.1, Seed: uint64(time.Now().UnixNano())}, func(s string) { t.Log(s) })
	t.Logf("%v", counted)
	if counted.bad() {
		t.Error("not all was as it must be")
	}
	if counted.runs != 80 || counted.good < 40 {
		t.Errorf("%d runs, of which %d were without an error; want 80 and most of them", counted.runs, counted.good)
	}
}
