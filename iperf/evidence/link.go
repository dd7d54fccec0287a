package evidence

import (
	"slices"
	"strconv"
	"strings"
)

// A device is the answer about one network device.
type device struct {
	link     Link
	hardware int // the ARP type of /sys
	wireless bool
	tun      bool
	physical bool   // a bus shows it
	class    string // uevent's DEVTYPE
	details  string // the kind that "ip -d link" prints
	qdiscs   []qdisc
}

// Values of /sys/class/net/*/type, of the kernel's if_arp.h.
const (
	hardwareEther    = 1
	hardwarePPP      = 512
	hardwareLoopback = 772
)

// tunnels are the types of devices that put packets into others.
var tunnels = []int{768, 769, 776, 778, 823} // ipip, ip6ip6, sit, gre, ip6gre

// kinds are the kernel's names of devices that Link.Kind calls otherwise.
var kinds = map[string]string{
	"wlan": "wireless", "vxlan": "tunnel", "geneve": "tunnel", "gre": "tunnel", "gretap": "tunnel",
	"ip6gre": "tunnel", "ip6gretap": "tunnel", "erspan": "tunnel", "ip6erspan": "tunnel",
	"ipip": "tunnel", "sit": "tunnel", "ip6tnl": "tunnel",
	"ip6tunnel": "tunnel", "vti": "tunnel", "vti6": "tunnel", "wireguard": "tunnel", "xfrm": "tunnel", "gtp": "tunnel",
	"bareudp": "tunnel", "l2tpeth": "tunnel", "tap": "tun", "bond": "bond", "team": "bond",
}

// kind returns Link.Kind.
func (d *device) kind() string {
	for _, name := range []string{d.class, d.details} {
		switch kind := kinds[name]; {
		case kind != "":
			return kind
		case d.wireless:
			return "wireless"
		case name != "":
			return name
		}
	}
	switch {
	case d.hardware == hardwareLoopback:
		return "loopback"
	case d.wireless:
		return "wireless"
	case d.tun:
		return "tun"
	case d.hardware == hardwarePPP:
		return "ppp"
	case slices.Contains(tunnels, d.hardware):
		return "tunnel"
	case d.hardware == hardwareEther && d.physical:
		return "ethernet"
	case d.hardware == hardwareEther && d.link.Driver == "veth":
		return "veth"
	}
	return ""
}

// readLink reads the lines of /sys.
func (d *device) readLink(text string) {
	for line := range strings.Lines(text) {
		name, value, _ := strings.Cut(strings.TrimSpace(line), " ")
		switch name {
		case "mtu":
			d.link.MTU, _ = strconv.Atoi(value)
			d.link.MTU = max(d.link.MTU, 0)
		case "speed":
			// Drivers say -1, also as an unsigned number, if they do not know it.
			if n, ok := number(value); ok && n < 1<<31 {
				d.link.Speed = n * 1e6
			}
		case "duplex":
			if value == "full" || value == "half" {
				d.link.Duplex = value
			}
		case "type":
			d.hardware, _ = strconv.Atoi(value)
		case "tun_flags":
			d.tun = true
		case "has":
			d.physical = d.physical || value == "device"
			d.wireless = d.wireless || value != "device"
		case "uevent":
			if class, ok := strings.CutPrefix(value, "DEVTYPE="); ok {
				d.class = class
			}
		case "device/uevent":
			if driver, ok := strings.CutPrefix(value, "DRIVER="); ok {
				d.link.Driver = driver
			}
		case "lower":
			d.beneath(value)
		}
	}
}

// beneath adds a device that carries the packets of d.
func (d *device) beneath(name string) {
	if name != "" && name != d.link.Device && !slices.Contains(d.link.Beneath, name) {
		d.link.Beneath = append(d.link.Beneath, name)
	}
}

// readDetails reads the answer of "ip -o -d link show". Its parts are separated by backslashes, and
// one that begins with the name of a kind comes after the hardware addresses.
func (d *device) readDetails(text string) {
	for i, part := range strings.Split(text, `\`) {
		f := strings.Fields(part)
		if len(f) == 0 {
			continue
		}
		switch {
		case i == 0:
			if n, ok := number(following(f, "mtu")); ok && d.link.MTU == 0 && n < 1<<31 {
				d.link.MTU = int(n)
			}
			continue
		case f[0] == "link/loopback":
			d.hardware = hardwareLoopback
		case f[0] == "link/ppp":
			d.hardware = hardwarePPP
		}
		if i < 2 || d.details != "" || strings.HasSuffix(f[0], ":") || strings.HasSuffix(f[0], "_slave") ||
			slices.Contains([]string{"alias", "altname", "vf"}, f[0]) {
			continue
		}
		d.details = f[0]
	}
	// "3: eth0.5@eth0: <…>" names the device beneath. The other end of a veth pair stands there
	// too.
	name, _, _ := strings.Cut(text, ": <")
	stacked := []string{"vlan", "macvlan", "macvtap", "ipvlan", "macsec"}
	if _, lower, ok := strings.Cut(name, "@"); ok && slices.Contains(stacked, d.details) &&
		!strings.HasPrefix(lower, "if") && lower != "NONE" {
		d.beneath(lower)
	}
}

// readDriver reads the answer of "ethtool -i".
func (d *device) readDriver(text string) {
	for line := range strings.Lines(text) {
		if driver, ok := strings.CutPrefix(line, "driver: "); ok && d.link.Driver == "" {
			d.link.Driver = strings.TrimSpace(driver)
		}
	}
}

// keptOffloads are the features that change how packets of a test are cut, counted or joined. A
// device has some 60 others.
var keptOffloads = map[string]bool{
	"rx-checksumming": true, "tx-checksumming": true, "scatter-gather": true, "tcp-segmentation-offload": true,
	"generic-segmentation-offload": true, "generic-receive-offload": true, "large-receive-offload": true, "rx-gro-hw": true,
	"tx-udp-segmentation": true, "rx-udp-gro-forwarding": true, "rx-vlan-offload": true, "tx-vlan-offload": true,
}

// readOffloads reads the answer of "ethtool -k".
func (d *device) readOffloads(text string) {
	for line := range strings.Lines(text) {
		name, value, ok := strings.Cut(strings.TrimSpace(line), ": ")
		value, _, _ = strings.Cut(value, " ")
		if !ok || !keptOffloads[name] || value != "on" && value != "off" {
			continue
		}
		if d.link.Offloads == nil {
			d.link.Offloads = map[string]bool{}
		}
		d.link.Offloads[name] = value == "on"
	}
}

// finish completes the link. Virtual devices report a constant as their speed, or that of a device
// beneath.
func (d *device) finish() Link {
	d.link.Kind = d.kind()
	if !d.physical {
		d.link.Speed, d.link.Duplex = 0, ""
	}
	return d.link
}
