package iperf_test

import (
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

// Hosts that have nothing but IPv6 carry tests of every program, protocol and direction, whatever the form of their
// address. They are reached over SSH, which listens on IPv6 too.
func TestHostsWithIPv6Only(t *testing.T) {
	t.Parallel()
	testbed.Need(t, "iperf", "iperf3", "go", "getent")
	native := t.TempDir() + "/iperf3"
	testbed.Command(t, "go", "build", "-o", native, "github.com/tunaperf/tuna/iperf/native/iperf3")
	link := testbed.NewLink6(t, "", "")
	nameHosts(t, link)
	srv := testbed.StartSSHD(t, testbed.SSHDConfig{Addr: "::1"})
	host := func(n testbed.Netns) *sshhost.Host {
		h, err := sshhost.Dial(t.Context(), sshhost.Config{Addr: srv.Addr, User: srv.User, KeyFiles: []string{srv.KeyFile},
			KnownHosts: []string{srv.KnownHosts}, Agent: "none", Prefix: n.Prefix, TestAddr: n.Addr})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { h.Close() })
		return h
	}
	dut, server := host(link.A), host(link.B)

	var tests sync.WaitGroup
	defer tests.Wait()
	for i, test := range []struct {
		form        string
		dut, server string
		dialed      string // what the client of upstream traffic is given
	}{
		{"an address", "2001:db8::1", "2001:db8::2", "2001:db8::2"},
		{"brackets", "[2001:db8::1]", "[2001:db8::2]", "2001:db8::2"},
		{"link-local", "fe80::1%" + link.B.Dev, "fe80::2%" + link.A.Dev, "fe80::2%" + link.A.Dev}, // the client's interface
		{"link-local in brackets", "[fe80::1%" + link.B.Dev + "]", "[fe80::2%" + link.A.Dev + "]", "fe80::2%" + link.A.Dev},
		{"a name", "dut.test", "server.test", "server.test"},
	} {
		for _, program := range []string{"iperf", "iperf3", native} {
			name := strings.Replace(test.form+" "+program, native, "in Go", 1)
			tests.Go(func() {
				t.Run(name, func(t *testing.T) {
					for proto, d := range map[report.Protocol]iperf.Direction{report.ProtocolTCP: iperf.Upstream, report.ProtocolUDP: iperf.Downstream} {
						hosts := iperf.Hosts{DUT: addressed{dut, test.dut}, TrafficServer: addressed{server, test.server}}
						if i%2 == 0 { // in about half of the forms the receiver connects
							hosts.Connects = map[iperf.Direction]iperf.Connects{iperf.Upstream: iperf.TrafficServerConnects, iperf.Downstream: iperf.DUTConnects}[d]
						}
						var raw storage.Mem
						x := iperf.Iperf{Program: program, ClientServer: hosts, FileStorage: &raw,
							Client: iperf.ClientSettings{Protocol: proto, Time: time.Second, Rate: 5e6}, Server: iperf.ServerSettings{AutoPort: true}}
						res, err := x.Run(t.Context(), d, "six")
						if err != nil {
							t.Errorf("%v: %+v", proto, err)
							continue
						}
						if res.Bandwidth <= 0 {
							t.Errorf("%v: got %v", proto, res.Bandwidth)
						}
						if dialed := "-c " + test.dialed + " "; d == iperf.Upstream && hosts.Connects == iperf.SenderConnects && !strings.Contains(strings.Join(res.ClientEnd.Argv, " "), dialed) {
							t.Errorf("got %q, want %s", res.ClientEnd.Argv, dialed)
						}
						again, err := iperf.Replay(&raw, res.Manifest)
						if err != nil || again.Bandwidth != res.Bandwidth || again.ServerEnd.Addr != res.ServerEnd.Addr {
							t.Errorf("%v: replayed: %v, want %v", proto, err, res.Bandwidth)
						}
					}
				})
			})
		}
	}
}

// addressed is a host whose test address has another form.
type addressed struct {
	*sshhost.Host
	addr string
}

func (h addressed) TestAddr() string { return h.addr }

// nameHosts gives the hosts of a link names, which are known there only.
func nameHosts(t *testing.T, link *testbed.Link) {
	t.Helper()
	for _, n := range []testbed.Netns{link.A, link.B} {
		dir := filepath.Join("/etc/netns", n.Name)
		if err := os.MkdirAll(dir, 0o755); err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { os.RemoveAll(dir) })
		text := link.A.Addr + " dut.test\n" + link.B.Addr + " server.test\n"
		if err := os.WriteFile(filepath.Join(dir, "hosts"), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

// An IPv4 address in IPv6's form is IPv4, and a name that has only IPv4 is not asked for over IPv6.
func TestIPv4InOtherForms(t *testing.T) {
	testbed.Need(t, "iperf", "iperf3", "getent")
	link := testbed.NewLink(t, "", "")
	nameHosts(t, link)
	var tests sync.WaitGroup
	defer tests.Wait()
	for _, addr := range []string{"::ffff:192.0.2.2", "[::ffff:c000:202]", "server.test"} {
		for _, program := range []string{"iperf", "iperf3"} {
			tests.Go(func() {
				t.Run(addr+" "+program, func(t *testing.T) {
					x := iperf.Iperf{Program: program, ClientServer: iperf.Hosts{DUT: sshhost.Local{Addr: link.A.Addr, Prefix: link.A.Prefix},
						TrafficServer: sshhost.Local{Addr: addr, Prefix: link.B.Prefix}}, Client: iperf.ClientSettings{Time: time.Second, Rate: 5e6}, Server: iperf.ServerSettings{AutoPort: true}}
					if res, err := x.Run(t.Context(), iperf.Upstream, ""); err != nil || res.Bandwidth <= 0 {
						t.Errorf("%+v", err)
					}
				})
			})
		}
	}
}
