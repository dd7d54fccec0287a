package config

import (
	"maps"
	"net"
	"slices"
	"strconv"
	"strings"
	"time"
)

// A Host is a machine as a section describes it. It prints without its password.
type Host struct {
	Section         string // the section's name
	ControlIP       string // where to connect to: an address or a name
	TestIP          string // the address that test traffic is sent to; empty in the file: ControlIP
	Username        string
	Password        string        `json:"-"`
	Port            int           // of SSH; zero in the file: 22
	Timeout         time.Duration // for connecting; zero: not given
	Prefix          string        // put in front of every command, such as "PATH=/opt/wifi:$PATH;"
	OperatingSystem string
	Unused          []string // the section's keys that mean nothing here, in order
}

// Addr is where to connect to, with the port: "192.0.2.1:22".
func (h *Host) Addr() string { return net.JoinHostPort(h.ControlIP, strconv.Itoa(h.Port)) }

// String gives "tester@192.0.2.1:22".
func (h Host) String() string { return h.Username + "@" + h.Addr() }

// GoString gives no password either.
func (h Host) GoString() string { return "config.Host{" + h.String() + "}" }

// hostKeys are the keys of a host's section.
var hostKeys = []string{"connection_type", "control_ip", "operating_system", "password", "port", "prefix", "test_ip", "timeout", "username"}

// newHost reads the section of a host.
func newHost(d *document, s *section, faults *faults, allowUnused bool) *Host {
	h := &Host{Section: s.name, Port: 22}
	for _, key := range hostKeys {
		e, ok := d.get(s, key)
		if !ok {
			continue
		}
		if err := h.set(key, e.value); err != nil {
			faults.add(valueFault(s.name, e, err))
		}
	}
	if h.TestIP == "" {
		h.TestIP = h.ControlIP
	}
	for _, key := range slices.Sorted(maps.Keys(s.keys)) {
		if !slices.Contains(hostKeys, key) {
			h.Unused = append(h.Unused, key)
			if !allowUnused {
				faults.addNew(func() *Fault { return unknownHostKey(s, s.keys[key]) })
			}
		}
	}
	faults.twice(s, func(key string) bool { return slices.Contains(hostKeys, key) })
	return h
}

// set sets what a key says.
func (h *Host) set(key, value string) (err error) {
	v := strings.TrimSpace(value)
	switch key {
	case "control_ip":
		if h.ControlIP = v; v == "" {
			return bad(v, "an address or a name")
		}
	case "test_ip":
		h.TestIP = v
	case "username":
		h.Username = v
	case "password":
		h.Password = value
	case "prefix":
		h.Prefix = v
	case "operating_system":
		h.OperatingSystem = v
	case "port":
		if h.Port, err = strconv.Atoi(v); err != nil || h.Port < 1 || h.Port > 65535 {
			return bad(v, "from 1 to 65535")
		}
	case "timeout":
		h.Timeout, err = parseTime(v, time.Second)
	case "connection_type":
		if !strings.EqualFold(v, "ssh") {
			return bad(v, "ssh", "ssh")
		}
	}
	return err
}
