package iperf

// clientArgs returns the client's arguments for a version and a port.
func (x *Iperf) clientArgs(v Version, addr string, port int) ([]string, error) {
	l, err := x.clientLine(v, addr)
	return l.at(port), err
}

// serverArgs returns the server's.
func (x *Iperf) serverArgs(v Version, addr string, port int) ([]string, error) {
	l, err := x.serverLine(v, addr)
	return l.at(port), err
}

// checkVersions returns what the versions of both ends do not take.
func (x *Iperf) checkVersions(client, server Version, addr string) error {
	_, _, err := x.lines(client, server, addr)
	return err
}
