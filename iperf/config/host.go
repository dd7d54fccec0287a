package config

import (
	"errors"
	"fmt"
	"maps"
	"net"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/tunaperf/tuna/iperf"
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

func newHost(section string, values map[string]string) (*Host, error) {
	h := &Host{Section: section, Port: 22}
	var errs []error
	fault := func(key string, err error) {
		if err != nil {
			errs = append(errs, fmt.Errorf("[%s] %s: %w", section, key, err))
		}
	}
	for _, key := range slices.Sorted(maps.Keys(values)) {
		v := strings.TrimSpace(values[key])
		var err error
		switch key {
		case "control_ip":
			h.ControlIP = v
		case "test_ip":
			h.TestIP = v
		case "username":
			h.Username = v
		case "password":
			h.Password = values[key]
		case "prefix":
			h.Prefix = v
		case "operating_system":
			h.OperatingSystem = v
		case "port":
			h.Port, err = strconv.Atoi(v)
			if err != nil || h.Port < 1 || h.Port > 65535 {
				err = fmt.Errorf("%w: %q: must be from 1 to 65535", iperf.ErrSettings, v)
			}
			fault(key, err)
		case "timeout":
			h.Timeout, err = parseTime(v, time.Second)
			fault(key, err)
		case "connection_type":
			if !strings.EqualFold(v, "ssh") {
				fault(key, fmt.Errorf("%w: %s is not supported: use ssh", iperf.ErrSettings, v))
			}
		default:
			h.Unused = append(h.Unused, key)
		}
	}
	if h.ControlIP == "" {
		fault("control_ip", fmt.Errorf("%w: is empty: must be an address or a name", iperf.ErrSettings))
	}
	if h.TestIP == "" {
		h.TestIP = h.ControlIP
	}
	return h, errors.Join(errs...)
}
