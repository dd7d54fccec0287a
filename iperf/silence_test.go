package iperf_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/tunaperf/tuna/internal/testbed"
	"github.com/tunaperf/tuna/iperf"
	"github.com/tunaperf/tuna/iperf/report"
)

// TestFirewallDropsEverything has firewalls that drop all packets of a protocol which arrive at one of the hosts. The error
// names the address and the port, though Extra has another one than Port.
func TestFirewallDropsEverything(t *testing.T) {
	const unreachable, late = "it dialled 192.0.2.2:9009", "and nothing came back: look at the route, and for a firewall that drops UDP"
	for _, test := range []struct {
		program, drops string
		client         iperf.ClientSettings
		kind           error
		hint           string
	}{
		{"iperf3", "udp", iperf.ClientSettings{Protocol: report.ProtocolUDP}, iperf.ErrTimeout, late},
		{"iperf", "udp", iperf.ClientSettings{Protocol: report.ProtocolUDP}, iperf.ErrTimeout, late},
		{"iperf3", "tcp", iperf.ClientSettings{}, iperf.ErrUnreachable, unreachable},
		{"iperf3", "tcp", iperf.ClientSettings{Protocol: report.ProtocolUDP}, iperf.ErrUnreachable, unreachable},
		{"iperf", "tcp", iperf.ClientSettings{}, iperf.ErrUnreachable, unreachable},
	} {
		for _, atClient := range []bool{false, true} {
			for _, reverse := range []bool{false, true} {
				if test.program == "iperf" && test.drops == "udp" && atClient && !reverse {
					continue // only the server's last report is lost, and it has its own
				}
				t.Run(fmt.Sprintf("%s/%s of a %v test/at the client %v/reverse %v", test.program, test.drops, test.client.Protocol, atClient, reverse), func(t *testing.T) {
					t.Parallel()
					testbed.Need(t, "iptables")
					b := newBed(t, "", "")
					filtered := b.link.B
					if atClient {
						filtered = b.link.A
					}
					filtered.Command(t, "iptables", "-w", "-I", "INPUT", "-i", filtered.Dev, "-p", test.drops, "-j", "DROP")
					x := iperf.Iperf{
						ClientServer: b.Hosts, Program: test.program, Client: test.client, Timeout: 8 * time.Second, EventTimer: &iperf.EventTimer{Time: time.Second},
						Server: iperf.ServerSettings{Extra: []string{"-p", "9009"}},
					}
					x.Client.Time, x.Client.Reverse, x.Client.Extra = time.Second, reverse, []string{"--port=9009"}
					d := iperf.Upstream
					if reverse {
						d = iperf.Downstream
					}
					res, err := x.Run(t.Context(), d, "")
					failed, ok := errors.AsType[*iperf.RunError](err)
					if !ok || failed.Role != iperf.RoleClient || !errors.Is(err, test.kind) || !strings.Contains(failed.Hint, "192.0.2.2:9009, by the TestAddr of the traffic server") ||
						!strings.Contains(failed.Hint, test.hint) || strings.Contains(fmt.Sprint(err, res), "more time") || res == nil || res.Bandwidth != 0 {
						t.Errorf("got %v, %v", res, err)
					}
				})
			}
		}
	}
}
