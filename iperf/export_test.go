package iperf

import "strings"

// ClientLine returns the client's command line for a version.
func ClientLine(x *Iperf, version string) (string, error) {
	l, err := x.clientLine(ver(version), "192.0.2.1")
	return strings.Join(l.args, " "), err
}
