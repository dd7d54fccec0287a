package evidence

import (
	"encoding/binary"
	"encoding/hex"
	"math/bits"
	"net/netip"
	"slices"
	"strconv"
	"strings"
)

// readRoute reads the answer of "ip route get", or that of "route get" of a BSD.
func (p *Path) readRoute(text string) {
	for line := range strings.Lines(text) {
		key, value, _ := strings.Cut(strings.TrimSpace(line), ": ")
		switch value = strings.TrimSpace(value); key {
		case "interface":
			p.Device = value
			continue
		case "gateway":
			if addr, err := netip.ParseAddr(value); err == nil {
				p.Gateway = addr.WithZone("").String()
			}
			continue
		}
		f := strings.Fields(line)
		for i := 0; i+1 < len(f) && p.Device == ""; i++ {
			if f[i] == "dev" {
				p.Device = f[i+1]
				p.Local = f[0] == "local"
				p.Source = following(f, "src")
				p.Gateway = following(f, "via")
			}
		}
	}
}

// following returns the word after name, without the family that "ip" prints before an address of
// another one.
func following(words []string, name string) string {
	i := slices.Index(words, name) + 1
	if i > 0 && i < len(words) && (words[i] == "inet6" || words[i] == "inet") {
		i++
	}
	if i == 0 || i >= len(words) {
		return ""
	}
	return words[i]
}

// A route is a row of the kernel's routing table.
type route struct {
	prefix  netip.Prefix
	gateway netip.Addr // invalid: none
	device  string
	metric  uint64
	local   bool
	reject  bool
}

// Flags of a route, of the kernel's route.h and ipv6_route.h.
const (
	routeUp     = 0x1
	routeReject = 0x200
	routeLocal  = 0x80000000
)

// tables are the kernel's files of routes and addresses by their names in /proc/net, for a host
// without "ip".
type tables map[string]string

// find looks up the route to the Path's peer. zone is the device that a link-local address names;
// empty: none. Rules of policy routing are not considered, because the files do not show them.
func (t tables) find(p *Path, zone string) {
	peer, err := netip.ParseAddr(p.Peer)
	if err != nil {
		return
	}
	peer = peer.WithZone("").Unmap()
	local := t.addresses()
	var routes []route
	if peer.Is4() {
		routes = readRoutes4(t["route"])
		if slices.ContainsFunc(local, func(a address) bool { return a.addr == peer }) {
			p.Device, p.Source, p.Local = "lo", peer.String(), true
			return
		}
	} else {
		routes = readRoutes6(t["ipv6_route"])
	}
	best, ok := lookUp(routes, peer, zone)
	if !ok {
		return
	}
	if best.local {
		p.Device, p.Source, p.Local = "lo", peer.String(), true
		return
	}
	p.Device = best.device
	next := peer
	if best.gateway.IsValid() {
		p.Gateway = best.gateway.String()
		next = best.gateway
	}
	// The source is the host's address in the network of the next hop. The files do not tell which
	// one of several it is.
	var sources []netip.Addr
	for _, r := range routes {
		if r.device != best.device || r.gateway.IsValid() || !r.prefix.Contains(next) {
			continue
		}
		for _, a := range local {
			if a.addr.Is4() == peer.Is4() && (a.device == "" || a.device == best.device) && r.prefix.Contains(a.addr) &&
				!slices.Contains(sources, a.addr) {
				sources = append(sources, a.addr)
			}
		}
	}
	if len(sources) == 1 && sources[0].IsLinkLocalUnicast() == peer.IsLinkLocalUnicast() {
		p.Source = sources[0].String()
	}
}

// lookUp returns the route with the longest prefix, and the lowest metric among equals. ok is false
// if peer is unreachable.
func lookUp(routes []route, peer netip.Addr, zone string) (best route, ok bool) {
	for _, r := range routes {
		if !r.prefix.Contains(peer) || zone != "" && r.device != zone {
			continue
		}
		if n, old := r.prefix.Bits(), best.prefix.Bits(); !ok || n > old || n == old && r.metric < best.metric {
			best, ok = r, true
		}
	}
	return best, ok && !best.reject
}

// readRoutes4 reads /proc/net/route. It shows addresses as numbers in the byte order of the host.
func readRoutes4(text string) (routes []route) {
	rows := table(text, 8)
	order := binary.ByteOrder(binary.LittleEndian)
	for _, f := range rows {
		if mask, err := hex.DecodeString(f[7]); err == nil && len(mask) == 4 {
			// Only one of the orders makes a mask of a prefix of it, unless it is the same in both.
			if n := binary.BigEndian.Uint32(mask); n != 0 && isMask(n) && !isMask(bits.ReverseBytes32(n)) {
				order = binary.BigEndian
				break
			}
		}
	}
	addr := func(s string) (a netip.Addr, n uint32, ok bool) {
		b, err := hex.DecodeString(s)
		if err != nil || len(b) != 4 {
			return a, 0, false
		}
		n = order.Uint32(b)
		return netip.AddrFrom4([4]byte(binary.BigEndian.AppendUint32(nil, n))), n, true
	}
	for _, f := range rows {
		destination, _, ok := addr(f[1])
		gateway, g, ok2 := addr(f[2])
		_, mask, ok3 := addr(f[7])
		flags, err := strconv.ParseUint(f[3], 16, 32)
		metric, err2 := strconv.ParseUint(f[6], 10, 32)
		if !ok || !ok2 || !ok3 || err != nil || err2 != nil || !isMask(mask) || flags&routeUp == 0 {
			continue
		}
		r := route{
			prefix: netip.PrefixFrom(destination, bits.OnesCount32(mask)), device: f[0], metric: metric,
			reject: flags&routeReject != 0,
		}
		if g != 0 {
			r.gateway = gateway
		}
		routes = append(routes, r)
	}
	return routes
}

// isMask reports whether n is ones followed by zeros.
func isMask(n uint32) bool { return bits.LeadingZeros32(^n)+bits.TrailingZeros32(n) >= 32 }

// readRoutes6 reads /proc/net/ipv6_route.
func readRoutes6(text string) (routes []route) {
	for _, f := range table(text, 10) {
		destination, ok := addr6(f[0])
		gateway, ok2 := addr6(f[4])
		length, err := strconv.ParseUint(f[1], 16, 8)
		metric, err2 := strconv.ParseUint(f[5], 16, 32)
		flags, err3 := strconv.ParseUint(f[8], 16, 32)
		if !ok || !ok2 || err != nil || err2 != nil || err3 != nil || length > 128 || flags&(routeUp|routeReject) == 0 {
			continue
		}
		r := route{
			prefix: netip.PrefixFrom(destination, int(length)), device: f[9], metric: metric,
			local: flags&routeLocal != 0, reject: flags&routeReject != 0,
		}
		if !gateway.IsUnspecified() {
			r.gateway = gateway
		}
		routes = append(routes, r)
	}
	return routes
}

// An address is one of the host itself.
type address struct {
	addr   netip.Addr
	device string // empty: unknown
}

// addresses returns the host's own addresses.
func (t tables) addresses() (all []address) {
	var last netip.Addr
	for line := range strings.Lines(t["fib_trie"]) {
		f := strings.Fields(line)
		switch {
		case len(f) == 2 && f[0] == "|--":
			last, _ = netip.ParseAddr(f[1])
		case len(f) == 3 && f[0] == "/32" && f[2] == "LOCAL" && last.IsValid():
			if !slices.ContainsFunc(all, func(a address) bool { return a.addr == last }) {
				all = append(all, address{addr: last})
			}
		}
	}
	for _, f := range table(t["if_inet6"], 6) {
		if addr, ok := addr6(f[0]); ok {
			all = append(all, address{addr, f[5]})
		}
	}
	return all
}

// table returns the rows of a file that have at least n fields.
func table(text string, n int) (rows [][]string) {
	for line := range strings.Lines(text) {
		if f := strings.Fields(line); len(f) >= n {
			rows = append(rows, f)
		}
	}
	return rows
}

func addr6(s string) (a netip.Addr, ok bool) {
	b, err := hex.DecodeString(s)
	if err != nil || len(b) != 16 {
		return a, false
	}
	return netip.AddrFrom16([16]byte(b)), true
}
