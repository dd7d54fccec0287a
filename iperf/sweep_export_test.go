package iperf

// Refusal matches what a program says when it does not take its command line.
var Refusal = refusal

// OnlyOneOf has the groups of client's settings of which Check allows one.
var OnlyOneOf = onlyOneOf

// FakeTime returns a prefix under which programs see another time.
var FakeTime = fakeTime

// Refuses returns the error by which both ends of a version refuse settings before anything is started.
func Refuses(x *Iperf, v Version, addr string) error {
	_, _, err := x.lines(v, v, addr)
	return err
}

// CommandLine returns the arguments of an end, "Client" or "Server", for its settings' port.
func CommandLine(x *Iperf, v Version, side, addr string) ([]string, error) {
	if side == "Client" {
		return x.clientArgs(v, addr, x.Client.Port)
	}
	return x.serverArgs(v, addr, x.Server.Port)
}
