package iperf

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
	"sync"

	"github.com/tunaperf/tuna/iperf/report"
)

// listenCommand prints Linux's tables of sockets, of those protocols that the kernel has.
const listenCommand = "cat /proc/net/tcp /proc/net/tcp6 /proc/net/udp /proc/net/udp6"

// ports says which ports are listened on, and to which ports of others there are connections.
type ports struct {
	tcp, udp, remote map[int]bool
	several          map[int]bool     // listened on by more than one socket of UDP
	peers            map[int][]string // the other ends of UDP sockets that are connected
	sockets          map[int][]string // the inodes of the sockets that listen on a port, of either protocol
}

// taken reports whether a server for the protocol could not use the port, or would share it: two UDP sockets can.
// An iperf 3 server listens on TCP for UDP tests too.
func (p ports) taken(proto report.Protocol, v Version, port int) bool {
	if proto == report.ProtocolUDP && v.Major < 3 {
		return p.udp[port]
	}
	return p.tcp[port]
}

// takenOf returns how many of n ports from first on are taken.
func (p ports) takenOf(proto report.Protocol, v Version, first, n int) (taken int) {
	for port := first; port < first+n; port++ {
		if p.taken(proto, v, port) {
			taken++
		}
	}
	return taken
}

// shared reports whether a server of UDP that has just started shares its port with another that did so too: each may
// get the other's client. One that has its client already, since before, gets only what that sends.
func (p ports) shared(before ports, port int) bool {
	for _, peer := range p.peers[port] {
		if !slices.Contains(before.peers[port], peer) {
			return true
		}
	}
	return p.several[port]
}

// errNoTables tells that a host has no /proc/net that would tell its ports, and never will.
var errNoTables = errors.New("the host has no list of its ports")

// listening asks h for the ports in use. Its error is errNoTables or one that may be gone the next time.
func listening(ctx context.Context, h HostSSH) (ports, error) {
	var out strings.Builder
	err := h.Run(ctx, listenCommand, &out, io.Discard)
	// Its exit status tells only that one of the tables is missing. After another error, some ports may be.
	if _, exited := exitStatus(err); err != nil && !exited {
		return ports{}, err
	}
	p, known := parseListening(out.String())
	if !known {
		return ports{}, errNoTables
	}
	return p, nil
}

// connectedTo reports whether h has a TCP connection to a port, of whatever machine, or cannot be asked.
func connectedTo(ctx context.Context, h HostSSH, port int) bool {
	p, err := listening(ctx, h)
	return p.remote[port] || err != nil && err != errNoTables
}

// parseListening reads rows such as "0: 00000000:1451 00000000:0000 0A …": number, local address, remote address and
// state. 0A is TCP's LISTEN, 01 ESTABLISHED, and 07 is what the kernel gives for a UDP socket that is not connected;
// one that is has 01 too.
func parseListening(text string) (ports, bool) {
	p := ports{tcp: map[int]bool{}, udp: map[int]bool{}, remote: map[int]bool{}, several: map[int]bool{}, peers: map[int][]string{}, sockets: map[int][]string{}}
	found, ofUDP := false, false
	for line := range strings.Lines(text) {
		f := strings.Fields(line)
		if len(f) < 4 {
			continue
		}
		if f[1] == "local_address" {
			found, ofUDP = true, strings.Contains(line, "drops")
			continue
		}
		local, ok := portOf(f[1])
		remote, remoteOK := portOf(f[2])
		if !ok || !remoteOK {
			continue
		}
		if (f[3] == "0A" || f[3] == "07") && len(f) > inodeColumn {
			p.sockets[local] = append(p.sockets[local], f[inodeColumn])
		}
		switch f[3] {
		case "0A":
			p.tcp[local] = true
		case "07":
			if p.udp[local] {
				p.several[local] = true
			}
			p.udp[local] = true
		case "01":
			p.remote[remote] = true
			if ofUDP {
				p.peers[local] = append(p.peers[local], f[2])
			}
		}
	}
	return p, found
}

// inodeColumn is where a row of the tables has its socket's inode. Queues and timers have one column each.
const inodeColumn = 9

func portOf(addr string) (int, bool) {
	_, hex, ok := strings.Cut(addr, ":")
	port, err := strconv.ParseUint(hex, 16, 16)
	return int(port), ok && err == nil
}

// Free ports are looked for below the range from which Linux takes ports for outgoing connections, so that none of
// those comes between.
const autoPortFirst, autoPorts = 20000, 10000

// reserved are the ports that runs of this program have picked, on whatever host. Two that start at the same time would
// see the same table of their host.
var reserved struct {
	sync.Mutex
	ports map[int]bool
}

// reserve picks a port at random that neither protocol uses, so that programs which start at the same time seldom meet.
// With n above 1, the ports after it are free and reserved too. Those that failed are left out.
func (p ports) reserve(n int, failed map[int]bool) (int, error) {
	reserved.Lock()
	defer reserved.Unlock()
	if reserved.ports == nil {
		reserved.ports = map[int]bool{}
	}
	free := func(first int) bool {
		for port := first; port < first+n; port++ {
			if p.tcp[port] || p.udp[port] || failed[port] || reserved.ports[port] {
				return false
			}
		}
		return true
	}
	for range 100 {
		first := autoPortFirst + rand.IntN(autoPorts-n+1)
		if free(first) {
			for port := first; port < first+n; port++ {
				reserved.ports[port] = true
			}
			return first, nil
		}
	}
	return 0, fmt.Errorf("%w: none of 100 ports from %d to %d is free", ErrPortInUse, autoPortFirst, autoPortFirst+autoPorts-1)
}

func release(first, n int) {
	reserved.Lock()
	defer reserved.Unlock()
	for port := first; port < first+n; port++ {
		delete(reserved.ports, port)
	}
}
