package sshhost

import (
	"fmt"
	"net"
	"net/netip"
	"strconv"
	"strings"
)

// addressFamilies are the values of Config.AddressFamily, with what package net appends to tcp.
var addressFamilies = map[string]string{"": "", "inet": "4", "inet6": "6"}

// splitAddr splits a host's address, with or without a port. The port is a number, 22 if there is none.
func splitAddr(addr string) (host, port string, err error) {
	host, port, err = net.SplitHostPort(addr)
	if err != nil {
		host, port = addr, "22" // an IPv6 address without brackets too
	}
	number, err := net.LookupPort("tcp", port)
	if err != nil || number == 0 {
		return "", "", fmt.Errorf("ssh address %q: %q is no port", addr, port)
	}
	if host, err = bareHost(host); err != nil {
		return "", "", fmt.Errorf("ssh address: %w", err)
	}
	return host, strconv.Itoa(number), nil
}

// bareHost returns a host's name or IP address without brackets. A zone such as %eth0 may follow an IPv6 address.
func bareHost(s string) (string, error) {
	host := s
	if inside, ok := strings.CutPrefix(s, "["); ok {
		if host, ok = strings.CutSuffix(inside, "]"); !ok {
			return "", fmt.Errorf("%q has brackets that do not surround it: an address alone is allowed, without a port", s)
		}
	}
	switch {
	case host == "":
		return "", fmt.Errorf("%q has no host", s)
	case strings.Contains(host, ":"):
		if _, err := netip.ParseAddr(host); err != nil {
			return "", fmt.Errorf("%q is no IPv6 address, and a name has no colon: a port is not allowed here", s)
		}
	case host[0] == '-', strings.ContainsFunc(host, func(r rune) bool { return r <= ' ' || strings.ContainsRune("[]/@,'\"", r) }):
		return "", fmt.Errorf("%q is neither a host's name nor an IP address", s)
	}
	return host, nil
}
