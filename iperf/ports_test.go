package iperf

import (
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestParseListening(t *testing.T) {
	const text = `  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode
   0: 0100007F:A455 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 2210 1 0000000000000000 100 0 0 10 0
   1: 0100007F:1451 0100007F:C350 01 00000000:00000000 00:00000000 00000000     0        0 2211 1 0000000000000000 100 0 0 10 0
  sl  local_address                         remote_address                        st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode
   0: 00000000000000000000000000000000:1389 00000000000000000000000000000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 2212 1 0000000000000000 100 0 0 10 0
   sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode ref pointer drops
  104: 00000000:1389 00000000:0000 07 00000000:00000000 00:00000000 00000000     0        0 2213 2 0000000000000000 0
  105: 00000000:138A 00000000:0000 07 00000000:00000000 00:00000000 00000000     0        0 2214 2 0000000000000000 0
  106: 00000000:138A 00000000:0000 07 00000000:00000000 00:00000000 00000000     0        0 2215 2 0000000000000000 0
  107: 00000000:138B 00000000:0000 07 00000000:00000000 00:00000000 00000000     0        0 2216 2 0000000000000000 0
  108: 0100007F:138B 0100007F:C351 01 00000000:00000000 00:00000000 00000000     0        0 2217 2 0000000000000000 0
`
	got, ok := parseListening(text)
	want := ports{tcp: map[int]bool{42069: true, 5001: true}, udp: map[int]bool{5001: true, 5002: true, 5003: true}, remote: map[int]bool{50000: true, 50001: true},
		several: map[int]bool{5002: true}, peers: map[int][]string{5003: {"0100007F:C351"}},
		sockets: map[int][]string{42069: {"2210"}, 5001: {"2212", "2213"}, 5002: {"2214", "2215"}, 5003: {"2216"}}}
	if diff := cmp.Diff(want, got, cmp.AllowUnexported(ports{})); diff != "" || !ok {
		t.Errorf("found %v (-want +got)\n%s", ok, diff)
	}
	if _, ok := parseListening("cat: /proc/net/tcp: No such file or directory\n"); ok {
		t.Error("a host without /proc: found something")
	}
}

func TestSharedPort(t *testing.T) {
	for _, test := range []struct {
		name        string
		before, now ports
		want        bool
	}{
		{name: "alone", now: ports{udp: map[int]bool{5001: true}}},
		{name: "beside one that starts", now: ports{several: map[int]bool{5001: true}}, want: true},
		{name: "beside one that has got a client meanwhile", now: ports{peers: map[int][]string{5001: {"a"}}}, want: true},
		{name: "beside one that had its client", before: ports{peers: map[int][]string{5001: {"b", "a"}}}, now: ports{peers: map[int][]string{5001: {"a"}}}},
		{name: "another port", now: ports{several: map[int]bool{5002: true}, peers: map[int][]string{5003: {"a"}}}},
	} {
		if got := test.now.shared(test.before, 5001); got != test.want {
			t.Errorf("%s: got %v", test.name, got)
		}
	}
}

func TestReservedPortsAreFree(t *testing.T) {
	p := ports{tcp: map[int]bool{}, udp: map[int]bool{}}
	for port := range autoPorts / 2 {
		p.tcp[autoPortFirst+2*port] = true
	}
	seen := map[int]bool{}
	for range 500 {
		port, err := p.reserve(1, nil)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { release(port, 1) })
		if p.tcp[port] || seen[port] || port < autoPortFirst || port >= autoPortFirst+autoPorts {
			t.Fatalf("port %d is in use, given twice, or out of range", port)
		}
		seen[port] = true
	}
	for port := range 1 << 16 {
		p.udp[port] = true
	}
	if port, err := p.reserve(1, nil); !errors.Is(err, ErrPortInUse) {
		t.Errorf("all taken: got %d, %v", port, err)
	}
}
