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
`
	got, ok := parseListening(text)
	want := ports{tcp: map[int]bool{42069: true, 5001: true}, udp: map[int]bool{5001: true}, remote: map[int]bool{50000: true}}
	if diff := cmp.Diff(want, got, cmp.AllowUnexported(ports{})); diff != "" || !ok {
		t.Errorf("found %v (-want +got)\n%s", ok, diff)
	}
	if _, ok := parseListening("cat: /proc/net/tcp: No such file or directory\n"); ok {
		t.Error("a host without /proc: found something")
	}
}

func TestReservedPortsAreFree(t *testing.T) {
	p := ports{tcp: map[int]bool{}, udp: map[int]bool{}}
	for port := range autoPorts / 2 {
		p.tcp[autoPortFirst+2*port] = true
	}
	seen := map[int]bool{}
	for range 500 {
		port, err := p.reserve()
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { release(port) })
		if p.tcp[port] || seen[port] || port < autoPortFirst || port >= autoPortFirst+autoPorts {
			t.Fatalf("port %d is in use, given twice, or out of range", port)
		}
		seen[port] = true
	}
	for port := range 1 << 16 {
		p.udp[port] = true
	}
	if port, err := p.reserve(); !errors.Is(err, ErrPortInUse) {
		t.Errorf("all taken: got %d, %v", port, err)
	}
}
