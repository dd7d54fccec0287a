package sshhost_test

import (
	"bytes"
	"os"
	"runtime/debug"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/tunaperf/tuna/internal/testbed"
	"github.com/tunaperf/tuna/sshhost"
)

// BenchmarkManyHosts connects to 500 hosts concurrently, which are one OpenSSH server. connect-s is the time until all are
// connected. host-KB is the growth of this process's resident memory per host, and used-KB the same after a command on
// each. ssh-s is the time of 500 calls of OpenSSH's client in a row, extrapolated from 25, and ssh/connect the ratio.
//
//	go test -run '^$' -bench ManyHosts -benchtime 1x ./sshhost
func BenchmarkManyHosts(b *testing.B) {
	testbed.Need(b, "ssh")
	const hosts, calls = 500, 25
	s := testbed.StartSSHD(b, testbed.SSHDConfig{Extra: []string{"MaxStartups 1000"}})
	c := config(s)
	warm := dial(b, c) // so that one-time allocations are not counted
	warm.Close()
	for b.Loop() {
		before := resident(b)
		began := time.Now()
		all := make([]*sshhost.Host, hosts)
		var wg sync.WaitGroup
		for i := range all {
			wg.Go(func() {
				var err error
				if all[i], err = sshhost.Dial(b.Context(), c); err != nil {
					b.Error(err)
				}
			})
		}
		wg.Wait()
		connected := time.Since(began).Seconds()
		if b.Failed() {
			b.FailNow()
		}
		grown := resident(b) - before
		for _, h := range all {
			if err := h.Run(b.Context(), "true", nil, nil); err != nil {
				b.Fatal(err)
			}
		}
		used := resident(b) - before
		for _, h := range all {
			wg.Go(func() { h.Close() })
		}
		wg.Wait()
		began = time.Now()
		for range calls {
			if err := sshTrue(s).Run(); err != nil {
				b.Fatal(err)
			}
		}
		called := time.Since(began).Seconds() * hosts / calls
		b.ReportMetric(0, "ns/op")
		b.ReportMetric(connected, "connect-s")
		b.ReportMetric(grown/hosts, "host-KB")
		b.ReportMetric(used/hosts, "used-KB")
		b.ReportMetric(called, "ssh-s")
		b.ReportMetric(called/connected, "ssh/connect")
	}
}

// resident returns the resident memory of this process in kilobytes, without free memory that the kernel can take back.
func resident(tb testing.TB) float64 {
	tb.Helper()
	debug.FreeOSMemory()
	status, err := os.ReadFile("/proc/self/status")
	if err != nil {
		tb.Fatal(err)
	}
	_, rest, _ := bytes.Cut(status, []byte("VmRSS:"))
	kb, err := strconv.ParseFloat(string(bytes.Fields(rest)[0]), 64)
	if err != nil {
		tb.Fatal(err)
	}
	return kb
}
