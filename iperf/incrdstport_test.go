package iperf

import (
	"errors"
	"strings"
	"testing"

	"github.com/tunaperf/tuna/iperf/report"
)

// With IncrDstPort each stream has a port of its own, on which the server listens for one connection.
func TestServerListensOnEveryPort(t *testing.T) {
	for _, test := range []struct {
		name    string
		version string
		client  ClientSettings
		server  ServerSettings
		want    string // in the server's command line
		wantErr string
	}{
		{name: "two streams", version: "2.1.8", client: ClientSettings{IncrDstPort: true, Parallel: 2}, want: "-p 5001-5002 -i 1 -P 1"},
		{name: "one stream", version: "2.1.8", client: ClientSettings{IncrDstPort: true}, want: "-p 5001 -i 1 -P 1"},
		{name: "one port", version: "2.1.8", client: ClientSettings{Parallel: 2}, want: "-p 5001 -i 1 -P 2"},
		{name: "a version without", version: "2.1.4", client: ClientSettings{IncrDstPort: true}, wantErr: "Client.IncrDstPort: option is not supported"},
		{name: "the last ports", version: "2.1.8", client: ClientSettings{IncrDstPort: true, Parallel: 2}, server: ServerSettings{Port: 65535},
			wantErr: "Server.Port is 65535: must be from 0 to 65534"},
		{name: "more than there are", version: "2.1.8", client: ClientSettings{IncrDstPort: true, Parallel: 10001},
			wantErr: "Client.Parallel is 10001: must be 10000 or less with Client.IncrDstPort (true)"},
	} {
		t.Run(test.name, func(t *testing.T) {
			x := Iperf{Client: test.client, Server: test.server}
			args, err := x.serverArgs(ver(test.version), "192.0.2.1", 5001)
			err = errors.Join(err, x.Check())
			got := strings.Join(args, " ")
			if (err != nil) != (test.wantErr != "") || err != nil && !strings.Contains(err.Error(), test.wantErr) || !strings.Contains(got, test.want) {
				t.Errorf("got %s, %v; want %s, %s", got, err, test.want, test.wantErr)
			}
		})
	}
}

func TestReservedPortsFollowEachOther(t *testing.T) {
	const n = 5000
	p := ports{tcp: map[int]bool{}, udp: map[int]bool{}}
	first, err := p.reserve(n, nil)
	if err != nil {
		t.Fatal(err)
	}
	release(first, n)
	p.udp[autoPortFirst+n-1] = true
	p.tcp[autoPortFirst+autoPorts-n] = true
	if first, err := p.reserve(n, nil); err == nil && first <= autoPortFirst+n-1 && first+n > autoPortFirst+n-1 {
		t.Errorf("got ports from %d, one of which is taken", first)
	}
	if got := p.takenOf(report.ProtocolTCP, ver("2.1.8"), autoPortFirst+autoPorts-n-1, 3); got != 1 {
		t.Errorf("got %d ports taken, want 1", got)
	}
}
