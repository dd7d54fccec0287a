package iperf

import (
	"context"
	"errors"
	"io"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestAddresses(t *testing.T) {
	for _, test := range []struct {
		name, addr string
		client     ClientSettings
		want       string // the client's argument; empty: an error
		wantErr    string
	}{
		{name: "IPv4", addr: "192.0.2.1", want: "192.0.2.1"},
		{name: "IPv6", addr: "2001:db8::1", want: "2001:db8::1"},
		{name: "brackets", addr: "[2001:db8::1]", want: "2001:db8::1"},
		{name: "a zone", addr: "[fe80::1%eth0]", want: "fe80::1%eth0"},
		{name: "IPv4 in IPv6", addr: "::ffff:192.0.2.1", want: "192.0.2.1"},
		{name: "a device", addr: "192.0.2.1%eth0", want: "192.0.2.1%eth0"},
		{name: "a name", addr: "server_1.example.", want: "server_1.example."},
		{name: "link-local with an interface", addr: "fe80::1", client: ClientSettings{BindDev: "eth0"}, want: "fe80::1"},
		{name: "link-local from an interface", addr: "fe80::1", client: ClientSettings{Bind: "fe80::2%eth0"}, want: "fe80::1"},
		{name: "link-local alone", addr: "fe80::1", wantErr: `"fe80::1": must be with the client's interface, as in fe80::1%eth0, as it is link-local`},
		{name: "nothing", addr: "", wantErr: `"": must be a name or an IP address, without a port`},
		{name: "a port", addr: "192.0.2.1:5201", wantErr: `"192.0.2.1:5201": must be a name or an IP address, without a port`},
		{name: "a port of a name", addr: "server:5201", wantErr: `"server:5201": must be a name or an IP address, without a port`},
		{name: "a port behind brackets", addr: "[2001:db8::1]:5201", wantErr: `"[2001:db8::1]:5201": must be a name or an IP address, without a port`},
		{name: "no end of brackets", addr: "[2001:db8::1", wantErr: `"[2001:db8::1": must be a name or an IP address, without a port`},
		{name: "a network", addr: "2001:db8::1/64", wantErr: `"2001:db8::1/64": must be a name or an IP address, without a port`},
		{name: "an option", addr: "-R", wantErr: `"-R": must be a name or an IP address, without a port`},
	} {
		t.Run(test.name, func(t *testing.T) {
			x := Iperf{Client: test.client}
			args, err := x.clientArgs(Version{Major: 3, Minor: 12}, test.addr, 7)
			if test.wantErr != "" {
				if want := "bad settings: the address for test traffic (TestAddr) is " + test.wantErr; err == nil || err.Error() != want || !errors.Is(err, ErrSettings) {
					t.Errorf("got %v, want %s", err, want)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if args[1] != test.want {
				t.Errorf("got %s, want %s", args[1], test.want)
			}
		})
	}
}

// resolver is a host that can look up names.
type resolver struct {
	HostSSH
	says     string
	err      error
	commands []string
}

func (r *resolver) Run(_ context.Context, command string, stdout, _ io.Writer) error {
	r.commands = append(r.commands, command)
	io.WriteString(stdout, r.says)
	return r.err
}

func TestNamesOfIperf2(t *testing.T) {
	const six = "2001:db8::1     STREAM server\n2001:db8::1     DGRAM  \n"
	for _, test := range []struct {
		name, addr, says string
		err              error
		version, given   int // of IP, as it is set
		major            int
		want             int // of IP; zero: as the program chooses
		asked            bool
	}{
		{name: "only IPv6", addr: "server", says: six, major: 2, want: 6, asked: true},
		{name: "both", addr: "server", says: six + "192.0.2.1       STREAM \n", major: 2, asked: true},
		{name: "IPv4 in IPv6", addr: "server", says: "::ffff:192.0.2.1 STREAM server\n", major: 2, asked: true},
		{name: "unknown", addr: "server", err: errors.New("exit status 2"), major: 2, asked: true},
		{name: "something else", addr: "server", says: "getent: not found\n", major: 2, asked: true},
		{name: "behind a device", addr: "server%eth0", says: six, major: 2, want: 6, asked: true},
		{name: "the caller chooses", addr: "server", says: six, major: 2, given: 4, want: 4},
		{name: "iperf 3", addr: "server", says: six, major: 3},
		{name: "an address", addr: "[2001:db8::1]", says: six, major: 2},
		{name: "no name", addr: "-R", says: six, major: 2},
	} {
		t.Run(test.name, func(t *testing.T) {
			r := &resolver{says: test.says, err: test.err}
			x := &Iperf{Client: ClientSettings{IPVersion: test.given}}
			if got := x.reaching(t.Context(), r, Version{Major: test.major}, test.addr).Client.IPVersion; got != test.want {
				t.Errorf("got %d, want %d", got, test.want)
			}
			var want []string
			if name, _, _ := strings.Cut(test.addr, "%"); test.asked {
				want = []string{"getent ahosts " + name}
			}
			if diff := cmp.Diff(want, r.commands); diff != "" {
				t.Errorf("commands (-want +got)\n%s", diff)
			}
			if x.Client.IPVersion != test.given {
				t.Error("the caller's settings have changed")
			}
		})
	}
}
