package iperf

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/tunaperf/tuna/iperf/report"
)

// inAnyOrder compares lists of faults. Their order is the tables', which is that of the command line.
var inAnyOrder = cmpopts.SortSlices(strings.Compare)

func TestCheckFindsAllFaultsAtOnce(t *testing.T) {
	x := Iperf{
		Client:  ClientSettings{Time: -1, Bytes: -1, Parallel: -2, Rate: 0.5, Port: 65536, Length: -1, Protocol: 9},
		Server:  ServerSettings{Port: 1, AutoPort: true, Protocol: report.ProtocolUDP},
		Timeout: -time.Second,
		Program: "iperf3\x00",
	}
	err := x.Check()
	if !errors.Is(err, ErrSettings) {
		t.Fatalf("got %v", err)
	}
	want := []string{
		"bad settings: Server.Protocol is UDP: must be unset, or as Client.Protocol (unknown)",
		"bad settings: Client.Protocol is 9: must be TCP, UDP or SCTP",
		`bad settings: Program is "iperf3\x00": must be without control characters`,
		"bad settings: Timeout is -1s: must be 0 or more",
		"bad settings: Client.Time is -1ns: must be 0 or more",
		"bad settings: Client.Bytes is -1: must be 0 or more bytes",
		"bad settings: Client.Length is -1: must be 0 or more bytes",
		"bad settings: Client.Parallel is -2: must be 0 or more streams",
		"bad settings: Client.Rate is 0.5: must be 0, or 1 bit/s or more",
		"bad settings: Client.Port is 65536: must be from 0 to 65535",
		"bad settings: Server.Port is 1: must be unset if Server.AutoPort (true) is set",
	}
	if diff := cmp.Diff(want, strings.Split(err.Error(), "\n"), inAnyOrder); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}

func TestUDP(t *testing.T) {
	for _, test := range []struct {
		name           string
		client, server report.Protocol
		want, wantErr  bool
	}{
		{name: "TCP is the default"},
		{name: "the server follows the client", client: report.ProtocolUDP, want: true},
		{name: "both say so", client: report.ProtocolUDP, server: report.ProtocolUDP, want: true},
		{name: "only the server says so", server: report.ProtocolUDP, wantErr: true},
		{name: "they disagree", client: report.ProtocolUDP, server: report.ProtocolTCP, wantErr: true},
	} {
		t.Run(test.name, func(t *testing.T) {
			x := Iperf{Client: ClientSettings{Protocol: test.client}, Server: ServerSettings{Protocol: test.server}}
			if got, err := x.UDP(); got != test.want || (err != nil) != test.wantErr {
				t.Errorf("got %v, %v", got, err)
			}
		})
	}
}
