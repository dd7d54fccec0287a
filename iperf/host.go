package iperf

import (
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/tunaperf/tuna/iperf/report"
)

// HostSSH is a machine that iperf runs on. Package sshhost has one that is reached over SSH and one that is this
// machine; the interface has only types of the standard library, so that any other fits.
//
// A host that also has the method Facts() *sync.Map, as sshhost.Host has, keeps there what a run has found out about its
// programs. The next run on it does not ask again, which is a round trip less; it only checks, while its server starts, that the
// programs are still the same files.
type HostSSH interface {
	// Run runs command in the host's shell and returns when it has exited and its output is copied. Output is written
	// as it arrives. When ctx ends first, Run ends the command and everything it started on the host, waits for that,
	// and returns an error that wraps ctx's. An exit status other than 0 is an error that has ExitStatus() int. Any
	// other error means that the host could not be asked. Where the host did not confirm that the command has ended,
	// an error among those that are wrapped has NotEnded() bool, which is true. A host that can never run a command, such
	// as one that was not set up, may return an error with Unusable() bool, which is true: the run's error then wraps
	// ErrSettings in place of ErrHostLost. One that the caller has closed may return an error with Closed() bool, which
	// is true: the run's error then wraps ErrCanceled. Run may be called from many goroutines; the writers are never nil here.
	Run(ctx context.Context, command string, stdout, stderr io.Writer) error

	// TestAddr is the address that test traffic is sent to, not the one that SSH uses.
	TestAddr() string
}

// ClientServer tells which host is iperf's client and which its server when data go from client to server. With
// ClientSettings.Reverse the run swaps its answer, so that data still go the way that was asked for.
type ClientServer interface {
	ClientServer(d Direction) (client, server HostSSH, err error)
}

// Parser reads what one end printed. It is given the output as it arrives, and calls each, which may be nil, with every
// interval as soon as it has read it. It may return a report and an error together, but not neither. *report.Parser is one.
//
// The bandwidth needs Report.Protocol, and Forward for data from client to server or Reverse for the others. In that flow
// it needs Intervals with Start, End and Rate, or one of the totals Received, Unlabelled and Sent with Bytes and Rate. Err
// is what the program itself reported. A run warns of a Protocol that is not the test's and of a Rate that is missing.
type Parser interface {
	Parse(r io.Reader, each func(report.Interval)) (*report.Report, error)
}

// FileStorage keeps raw output. Create never overwrites: when the name is taken, it makes another, and a file that has
// a method Name() string tells which. The run closes the file. Package storage has several. A Write that blocks holds up
// the run, past its time too: the programs on the hosts are ended then, but Run returns after it.
//
// A storage that also has the method WriteFile(name string, data []byte) (finalName string, err error), which writes a
// whole file at once, keeps a Manifest of each run, which Replay needs. Without it the result has a warning.
type FileStorage interface {
	Create(name string) (io.WriteCloser, error)
}

// LogWriter is given each raw line that either end prints, with its line end, in one Write a line. A line of more than
// 64 KiB comes in pieces, as lines of their own. Writes do not overlap within a run. One that blocks holds up the run, as
// FileStorage's do; one that fails does not fail it.
type LogWriter interface{ io.Writer }

// Hosts is the usual ClientServer: a device under test and a traffic server.
type Hosts struct {
	DUT           HostSSH
	TrafficServer HostSSH
	Connects      Connects // which of them connects to the other; zero: the one that sends

	// DUTDevice and TrafficServerDevice are the interfaces that test traffic must use, such as "eth1". If the route of an end
	// is another one, a run fails with ErrWrongPath before any traffic. Empty: any.
	DUTDevice, TrafficServerDevice string
}

// Connects says which host opens the connections of a test. When one of them cannot be reached from the other, as it is
// behind a firewall or address translation, it must be the one that connects; where that is not the sender, tests run in
// iperf's reverse mode.
type Connects uint8

// Which host connects.
const (
	SenderConnects Connects = iota
	DUTConnects
	TrafficServerConnects
)

// A Reverser is a ClientServer whose client receives in some directions. Run asks it for the direction that it measures
// and sets ClientSettings.Reverse to its answer; the hosts are taken as ClientServer gives them.
type Reverser interface {
	ClientServer
	Reverse(d Direction) bool
}

var (
	_ Reverser    = Hosts{}
	_ TestDevicer = Hosts{}
)

// A TestDevicer is a ClientServer that knows which interfaces test traffic must use. TestDevices returns their names at the
// client and the server that ClientServer returns for the same direction. An empty name stands for any interface.
type TestDevicer interface {
	ClientServer
	TestDevices(d Direction) (client, server string)
}

// TestDevices returns DUTDevice and TrafficServerDevice, that of the client first.
func (h Hosts) TestDevices(d Direction) (client, server string) {
	if (d == Upstream) != h.Reverse(d) {
		return h.DUTDevice, h.TrafficServerDevice
	}
	return h.TrafficServerDevice, h.DUTDevice
}

// ClientServer gives the host that connects as the client: the DUT for Upstream and the traffic server for Downstream,
// or always the same one if Connects says so. Another direction, or a host that is nil, is an error.
func (h Hosts) ClientServer(d Direction) (client, server HostSSH, err error) {
	switch {
	case h.DUT == nil:
		return nil, nil, errors.New("hosts: DUT is nil")
	case h.TrafficServer == nil:
		return nil, nil, errors.New("hosts: TrafficServer is nil")
	case d != Upstream && d != Downstream:
		return nil, nil, fmt.Errorf("hosts: direction %v: must be Upstream or Downstream", d)
	case h.Connects > TrafficServerConnects:
		return nil, nil, fmt.Errorf("hosts: Connects is %d: must be SenderConnects, DUTConnects or TrafficServerConnects", h.Connects)
	}
	if (d == Upstream) != h.Reverse(d) {
		return h.DUT, h.TrafficServer, nil
	}
	return h.TrafficServer, h.DUT, nil
}

// Reverse reports whether the host that connects is the one that receives.
func (h Hosts) Reverse(d Direction) bool {
	return h.Connects == DUTConnects && d == Downstream || h.Connects == TrafficServerConnects && d == Upstream
}

// hostName is how messages call a host: what it calls itself, or else its test address.
func hostName(h HostSSH) string {
	if s, ok := h.(fmt.Stringer); ok {
		return s.String()
	}
	return h.TestAddr()
}
