package iperf_test

import (
	"testing"

	"github.com/tunaperf/tuna/iperf"
)

func TestHosts(t *testing.T) {
	dut, server := &ownHost{}, &otherHost{}
	for _, test := range []struct {
		name       string
		connects   iperf.Connects
		d          iperf.Direction
		wantClient iperf.HostSSH
		reverse    bool
	}{
		{"upstream leaves the DUT", iperf.SenderConnects, iperf.Upstream, dut, false},
		{"downstream arrives there", iperf.SenderConnects, iperf.Downstream, server, false},
		{"a DUT behind a firewall sends", iperf.DUTConnects, iperf.Upstream, dut, false},
		{"a DUT behind a firewall receives", iperf.DUTConnects, iperf.Downstream, dut, true},
		{"a traffic server behind a firewall receives", iperf.TrafficServerConnects, iperf.Upstream, server, true},
		{"a traffic server behind a firewall sends", iperf.TrafficServerConnects, iperf.Downstream, server, false},
	} {
		t.Run(test.name, func(t *testing.T) {
			h := iperf.Hosts{DUT: dut, TrafficServer: server, Connects: test.connects}
			gotClient, gotServer, err := h.ClientServer(test.d)
			if err != nil || gotClient != test.wantClient || gotServer == gotClient {
				t.Errorf("got %T, %T, %v; want the client %T", gotClient, gotServer, err, test.wantClient)
			}
			if got := h.Reverse(test.d); got != test.reverse {
				t.Errorf("reverse: got %v", got)
			}
		})
	}
	for _, test := range []struct {
		name string
		h    iperf.Hosts
		d    iperf.Direction
		want string
	}{
		{"no DUT", iperf.Hosts{TrafficServer: server}, iperf.Upstream, "hosts: DUT is nil"},
		{"no traffic server", iperf.Hosts{DUT: dut}, iperf.Upstream, "hosts: TrafficServer is nil"},
		{"both directions", iperf.Hosts{DUT: dut, TrafficServer: server}, iperf.Both, "hosts: direction both: must be Upstream or Downstream"},
		{"unknown Connects", iperf.Hosts{DUT: dut, TrafficServer: server, Connects: 3}, iperf.Upstream,
			"hosts: Connects is 3: must be SenderConnects, DUTConnects or TrafficServerConnects"},
	} {
		if _, _, err := test.h.ClientServer(test.d); err == nil || err.Error() != test.want {
			t.Errorf("%s: got %v, want %s", test.name, err, test.want)
		}
	}
}

type otherHost struct{ ownHost }
