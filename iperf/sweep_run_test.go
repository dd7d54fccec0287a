package iperf_test

import (
	"cmp"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/tunaperf/tuna/internal/testbed"
	"github.com/tunaperf/tuna/iperf"
	"github.com/tunaperf/tuna/iperf/report"
	"github.com/tunaperf/tuna/sshhost"
	"github.com/tunaperf/tuna/storage"
)

// A sweepBed is two hosts on a link of 50 Mbit/s each way, between which one run at a time is observed.
type sweepBed struct {
	t      *testing.T
	link   *testbed.Link
	client *testbed.Machine
	server *testbed.Machine
	files  string // the folder of those that settings name
}

// The addresses of a sweepBed. The client's host reaches viaGateway only through the server's.
const (
	clientAddr, clientAddr2, clientAddr3 = "192.0.2.1", "192.0.2.11", "192.0.2.12"
	serverAddr, serverAddr2              = "192.0.2.2", "192.0.2.3"
	clientAddr6, serverAddr6             = "2001:db8::1", "2001:db8::2"
	viaGateway                           = "198.51.100.1"
	multicastGroup                       = "232.1.2.3"
	sweepLink                            = 50e6
)

func newSweepBed(t *testing.T) *sweepBed {
	testbed.Need(t, "iperf", "iperf3", "ss", "iptables", "sysctl")
	link := testbed.NewLink(t, "50mbit", "50mbit")
	a, b := link.A, link.B
	for _, addr := range []string{clientAddr2 + "/24", clientAddr3 + "/24"} {
		a.Command(t, "ip", "addr", "add", addr, "dev", a.Dev)
	}
	b.Command(t, "ip", "addr", "add", serverAddr2+"/24", "dev", b.Dev)
	b.Command(t, "ip", "addr", "add", viaGateway+"/32", "dev", "lo")
	a.Command(t, "ip", "addr", "add", clientAddr6+"/64", "dev", a.Dev, "nodad")
	b.Command(t, "ip", "addr", "add", serverAddr6+"/64", "dev", b.Dev, "nodad")
	a.Command(t, "ip", "route", "add", viaGateway+"/32", "via", serverAddr)
	a.Command(t, "ip", "route", "add", "224.0.0.0/4", "dev", a.Dev)
	// Otherwise Linux sets the flag against fragments by itself.
	a.Command(t, "sysctl", "-qw", "net.ipv4.ip_no_pmtu_disc=1")
	// Otherwise Linux joins small segments by itself while the device is busy.
	a.Command(t, "sysctl", "-qw", "net.ipv4.tcp_autocorking=0")
	b.Command(t, "sysctl", "-qw", "net.ipv4.tcp_autocorking=0")
	nameHosts(t, link)
	// Within the namespace, its name stands for both addresses.
	names := link.A.Addr + " dut.test\n" + serverAddr + " " + serverName + "\n" + serverAddr6 + " " + serverName + "\n"
	if err := os.WriteFile(filepath.Join("/etc/netns", a.Name, "hosts"), []byte(names), 0o644); err != nil {
		t.Fatal(err)
	}
	files := t.TempDir()
	writeSweepFiles(t, files)
	return &sweepBed{t: t, link: link, client: testbed.NewMachine(t, a), server: testbed.NewMachine(t, b), files: files}
}

// sweepEnv is what every program of the sweep gets.
const sweepEnv = "env IPERF3_PASSWORD=secret"

// host reaches one end. addr is where test traffic is sent to.
func (b *sweepBed) host(n testbed.Netns, addr, prefix string) sshhost.Local {
	return sshhost.Local{Addr: addr, Prefix: strings.Join([]string{n.Prefix, sweepEnv, prefix}, " ")}
}

// run makes one run and observes it.
func (b *sweepBed) run(program string, x iperf.Iperf, s scene) *sighting {
	b.t.Helper()
	e := &sighting{x: x}
	var raw storage.Mem
	x.Program, x.FileStorage = program, &raw
	if x.Timeout == 0 {
		x.Timeout = 20 * time.Second
	}
	addr := cmp.Or(s.addr, serverAddr)
	if s.skew != "" {
		s.prefix = iperf.FakeTime(b.t, s.skew)
	}
	x.ClientServer = iperf.Hosts{DUT: b.host(b.link.A, clientAddr, s.prefix), TrafficServer: b.host(b.link.B, addr, "")}
	client, server, _ := x.ClientServer.ClientServer(iperf.Upstream)
	var err error
	if e.version, err = x.Version(b.t.Context(), client); err != nil {
		b.t.Fatal(err)
	}
	if s.before != nil {
		defer s.before(b)()
	}
	capture := b.link.B.Capture(b.t)
	clientIs, serverIs := b.client.WatchIperf("-c"), b.server.WatchIperf("-s")
	quit := make(chan struct{})
	var watchers sync.WaitGroup
	watchers.Go(func() { b.watch(e, capture, s, quit) })

	began := time.Now()
	if s.run != nil {
		e.res, e.err = s.run(b, &x, client, server)
	} else {
		// With Reverse the library has the hosts change their roles, so that data still go upstream.
		d := iperf.Upstream
		if x.Client.Reverse {
			d = iperf.Downstream
		}
		e.res, e.err = x.Run(b.t.Context(), d, "sweep")
	}
	e.took = time.Since(began)
	close(quit)
	watchers.Wait()
	e.clientIs, e.serverIs = clientIs.Stop(), serverIs.Stop()
	capture.Stop()
	e.packets = capture.Packets()
	e.client, e.server = stored(b.t, &raw, "client_"), stored(b.t, &raw, "server_")
	if x.Server.File != "" {
		text, _ := os.ReadFile(x.Server.File) // empty if there is none
		e.file = string(text)
		os.Remove(x.Server.File)
	}
	return e
}

// watch samples the kernel's sockets until quit is closed, and has the scene's fault happen when data have passed for a
// while.
func (b *sweepBed) watch(e *sighting, capture *testbed.Capture, s scene, quit <-chan struct{}) {
	tick := time.NewTicker(150 * time.Millisecond)
	defer tick.Stop()
	var begun time.Time
	for {
		e.clientSockets = append(e.clientSockets, strings.Split(b.link.A.Sockets(b.t), "\n")...)
		e.serverSockets = append(e.serverSockets, strings.Split(b.link.B.Sockets(b.t), "\n")...)
		if e.x.Server.SSMHost != "" {
			e.sources += b.link.B.Command(b.t, "cat", "/proc/net/mcfilter")
		}
		if e.x.Client.Protocol == report.ProtocolUDP {
			e.receiverWrites = max(e.receiverWrites, b.receiverWrites())
		}
		if s.cut && begun.IsZero() && bytesOf(capture.Packets()) > 1e6 {
			begun = time.Now()
		}
		if e.cut.IsZero() && !begun.IsZero() && time.Since(begun) > time.Second {
			e.cut = time.Now()
			// Nothing arrives at the client's host any more, neither data nor acknowledgements.
			b.link.A.Command(b.t, "iptables", "-w", "-I", "INPUT", "-i", b.link.A.Dev, "-j", "DROP")
			defer b.link.A.Command(b.t, "iptables", "-w", "-F")
		}
		select {
		case <-tick.C:
		case <-quit:
			return
		}
	}
}

// stored returns the raw output of an end, what it printed as errors included.
func stored(t *testing.T, raw *storage.Mem, role string) string {
	t.Helper()
	var text strings.Builder
	files, err := fs.ReadDir(raw, ".")
	if err != nil {
		return "" // the run did not come so far
	}
	for _, f := range files {
		if name := f.Name(); strings.HasPrefix(name, role) && (filepath.Ext(name) == ".err" || !strings.Contains(name, ".csv")) {
			b, err := fs.ReadFile(raw, name)
			if err != nil {
				t.Fatal(err)
			}
			text.Write(b)
		}
	}
	return text.String()
}

// A scene is what a trial needs around its run. Its zero value is a run upstream over IPv4.
type scene struct {
	addr   string                                                                                 // that the client connects to; empty: serverAddr
	prefix string                                                                                 // of the client's commands
	before func(*sweepBed) func()                                                                 // before the run; what it returns undoes it
	skew   string                                                                                 // of the client's clock, such as "+30s"
	cut    bool                                                                                   // the link dies on its way to the client a second after 1 MB has passed
	run    func(b *sweepBed, x *iperf.Iperf, client, server iperf.HostSSH) (*iperf.Result, error) // in place of a usual run
}

// special reports whether there is more to it than an address.
func (s scene) special() bool {
	return s.prefix != "" || s.before != nil || s.skew != "" || s.cut || s.run != nil
}

// serverOnly starts a server to which no client comes, and waits for its end.
func serverOnly(b *sweepBed, x *iperf.Iperf, _, server iperf.HostSSH) (*iperf.Result, error) {
	s, err := x.StartServer(b.t.Context(), server, "sweep")
	if err != nil {
		return nil, err
	}
	if !until(time.Now().Add(6*time.Second), func() bool { return !b.server.Runs("-s") }) {
		err = errors.New("the server did not end by itself")
	}
	s.Stop(b.t.Context()) // nothing came, which is an error
	return nil, err
}
