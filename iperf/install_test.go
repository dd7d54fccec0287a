package iperf_test

import (
	"context"
	"errors"
	"io"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/tunaperf/tuna/internal/testbed"
	"github.com/tunaperf/tuna/iperf"
	"github.com/tunaperf/tuna/iperf/iperftest"
	"github.com/tunaperf/tuna/iperf/native"
	"github.com/tunaperf/tuna/sshhost"
)

func TestHostsWithoutTheProgramGetOne(t *testing.T) {
	testbed.Need(t, "go")
	b := newBed(t, "50mbit", "50mbit")
	b.Connects = iperf.DUTConnects
	var installed atomic.Int32
	x := iperf.Iperf{
		ClientServer: b.Hosts,
		Program:      "no-such-iperf3",
		Client:       iperf.ClientSettings{Time: time.Second},
	}
	if _, err := x.Upstream(t.Context(), ""); err == nil {
		t.Fatal("no error without Install")
	}
	x.Install = func(ctx context.Context, h iperf.HostSSH) (string, error) {
		installed.Add(1)
		return native.Install(ctx, h.(*sshhost.Host))
	}
	for d := range iperf.Both.Each() {
		res := b.measure(t, &x, d, 50e6)
		if !strings.Contains(res.ServerEnd.Version.Text, "native") || !strings.Contains(res.ServerEnd.Argv[0], "iperf3-") {
			t.Errorf("ran %v, %q", res.ServerEnd.Argv, res.ServerEnd.Version.Text)
		}
	}
	if installed.Load() == 0 {
		t.Error("nothing was installed")
	}
}

// A thenHost does something when a command has ended.
type thenHost struct {
	iperf.HostSSH
	then func()
}

func (h thenHost) Run(ctx context.Context, command string, stdout, stderr io.Writer) error {
	defer h.then()
	return h.HostSSH.Run(ctx, command, stdout, stderr)
}

// TestWaitForAnInstallationEnds cancels a run that waits for the installation of another one.
func TestWaitForAnInstallationEnds(t *testing.T) {
	host := iperftest.NewHost(t, "dut")
	host.Allow("iperf3 --version", iperftest.Stderr("sh: 1: iperf3: not found\n"), iperftest.Exit(127))
	began, over := make(chan struct{}, 2), make(chan struct{})
	x := iperf.Iperf{Install: func(context.Context, iperf.HostSSH) (string, error) {
		began <- struct{}{}
		<-over
		return "", errors.New("no room")
	}}
	var wg sync.WaitGroup
	defer wg.Wait()
	stop := sync.OnceFunc(func() { close(over) })
	defer stop()
	wg.Go(func() { x.RunClient(t.Context(), host, "sut", "") })
	<-began
	defer time.AfterFunc(10*time.Second, stop).Stop()
	ctx, cancel := context.WithCancel(t.Context())
	if _, err := x.RunClient(ctx, thenHost{host, cancel}, "sut", ""); !errors.Is(err, iperf.ErrCanceled) {
		t.Errorf("got %v, want ErrCanceled", err)
	}
}
