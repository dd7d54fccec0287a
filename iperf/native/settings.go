package native

import (
	"fmt"
	"net/netip"
	"time"
)

// settings are what the flags of one command say. On a server, each test has a copy that its client's wishes are put in.
type settings struct {
	server   bool
	host     string
	port     int
	cport    int
	bind     string
	device   string // the network interface that all sockets are bound to; empty: any
	family   string // "", "4" or "6"
	oneOff   bool
	allow    []netip.Prefix // who may connect to the server; empty: everyone
	verbose  bool
	json     bool
	stream   bool // JSON, one event a line
	logfile  string
	title    string
	format   byte
	interval time.Duration // 0: none

	udp             bool
	duration        time.Duration // 0: no limit
	bytes, blocks   int64         // to send, when not 0, instead of the duration
	omit            time.Duration
	parallel        int
	reverse, bidir  bool
	rate            int64 // bit/s of each stream; 0: no limit
	burst           int   // blocks that are sent at once; 0: as the rate has it
	length          int   // bytes of a block or datagram
	window          int   // bytes of the socket's buffers; 0: the system's
	mss             int
	noDelay         bool
	congestion      string
	tos             int
	zeroCopy        bool
	getServerOutput bool
	counters64      bool
	gsro            bool // what this end does anyway, and tells the server to do

	idleTimeout, connectTimeout, rcvTimeout, sndTimeout time.Duration // 0: none

	durationSet, lengthSet, rateSet, intervalSet, rcvTimeoutSet bool
}

func defaults() settings {
	return settings{
		port: defaultPort, format: 'a', interval: time.Second, parallel: 1,
		duration: defaultSeconds * time.Second, rcvTimeout: 120 * time.Second,
	}
}

// A parameterError is a command line that cannot be run.
type parameterError struct{ error }

// finish checks the settings against each other and fills in what was left open.
func (s *settings) finish() error {
	bad := func(format string, args ...any) error { return parameterError{fmt.Errorf(format, args...)} }
	switch {
	case s.server && s.host != "":
		return bad("cannot be both server and client")
	case !s.server && s.host == "":
		return bad("must either be a client (-c) or server (-s)")
	case s.reverse && s.bidir:
		return bad("cannot be both reverse and bidirectional")
	case s.rcvTimeoutSet && !s.server && !s.receives():
		return bad("client receive timeout is valid only in receiving mode")
	case s.udp && s.lengthSet && (s.length < minUDPBlock || s.length > maxUDPBlock):
		return bad("block size invalid (minimum = %d bytes, maximum = %d bytes)", minUDPBlock, maxUDPBlock)
	case !s.udp && s.length > maxTCPBlock:
		return bad("block size too large (maximum = %d bytes)", maxTCPBlock)
	case s.cport != 0 && s.port == 0:
		return bad("port number must be between 1 and 65535 inclusive")
	}
	ends := 0
	for _, set := range []bool{s.durationSet, s.bytes > 0, s.blocks > 0} {
		if set {
			ends++
		}
	}
	if ends > 1 {
		return bad("only one test end condition (-t, -n, -k) may be specified")
	}
	if s.bytes > 0 || s.blocks > 0 {
		s.duration = 0
	}
	if s.udp && !s.rateSet {
		s.rate = defaultUDPRate
	}
	if !s.udp && !s.lengthSet {
		s.length = defaultTCPBlock
	}
	if s.server && !s.intervalSet {
		s.interval = time.Second
	}
	return nil
}

// tcpNetwork and udpNetwork are the networks' names for package net.
func (s *settings) tcpNetwork() string { return "tcp" + s.family }
func (s *settings) udpNetwork() string { return "udp" + s.family }

// sends and receives say what this end does.
func (s *settings) sends() bool    { return s.bidir || s.server == s.reverse }
func (s *settings) receives() bool { return s.bidir || s.server != s.reverse }

// mayConnect reports whether a client at addr may use the server.
func (s *settings) mayConnect(addr netip.Addr) bool {
	if len(s.allow) == 0 {
		return true
	}
	addr = addr.Unmap().WithZone("")
	for _, p := range s.allow {
		if p.Contains(addr) {
			return true
		}
	}
	return false
}
