package report

import "time"

// Protocol is the transport that carried the test traffic. The zero value means that the output did not say.
type Protocol uint8

// The protocols that iperf tests with.
const (
	ProtocolTCP Protocol = iota + 1
	ProtocolUDP
	ProtocolSCTP
)

// String gives "TCP", "UDP", "SCTP", or "unknown".
func (p Protocol) String() string {
	switch p {
	case ProtocolTCP:
		return "TCP"
	case ProtocolUDP:
		return "UDP"
	case ProtocolSCTP:
		return "SCTP"
	}
	return "unknown"
}

// A Report is what one end of one test printed. What was not printed is nil, or empty.
type Report struct {
	Program  string // "iperf" (iperf 2) or "iperf3"
	Version  string // as printed, such as "3.12"; empty: not printed
	Protocol Protocol
	Start    time.Time // as printed; zero: not printed

	Forward *Flow // from iperf's client to its server, whatever end this report is from; nil: no traffic that way
	Reverse *Flow // from iperf's server to its client; nil: no traffic that way

	CPU      *CPU
	Settings Settings // the test's settings as the output states them
	Warnings []error  // what was odd about the output, in its order; a line that could not be read is a *SyntaxError
	Err      error    // the failure that iperf itself reported; nil: none
}

// A Flow is the traffic of one direction.
type Flow struct {
	Intervals []Interval // in time order, parallel streams summed, omitted ones marked
	Streams   []Stream   // each stream's own intervals, in the order in which the streams first appear
	Sent      *Total     // the sender's count; nil: not reported
	Received  *Total     // the receiver's count; nil: not reported
}

// A Stream is one of the parallel connections of a flow.
type Stream struct {
	ID             int // the number that iperf gave it, usually a socket's
	Intervals      []Interval
	Sent, Received *Total // nil: not reported
}

// An Interval is what was carried between two moments of a test, counted from its start.
type Interval struct {
	Start, End time.Duration
	Bytes      int64   // as printed: iperf rounds it in its text, to three digits as a rule
	Rate       BitRate // as printed
	Omitted    bool    // within the time that -O leaves out of the totals
	Short      bool    // the tail of a test, shorter than its other intervals
	TCP        *TCP    // nil: not reported
	UDP        *UDP    // nil: not reported
}

// A Total is one end's count for the whole test, without what was omitted.
type Total struct {
	Start, End time.Duration
	Bytes      int64
	Rate       BitRate
	TCP        *TCP // nil: not reported
	UDP        *UDP // nil: not reported
}

// Fields says which numbers of a TCP or a UDP value were reported. The others are zero and mean nothing.
type Fields uint32

// Has reports whether all of want are among f.
func (f Fields) Has(want Fields) bool { return f&want == want }

// The numbers of TCP.
const (
	Retransmits Fields = 1 << iota
	CongestionWindow
	RTT
	RTTVar
)

// TCP is what the sender's kernel said about its connection.
type TCP struct {
	Has              Fields
	Retransmits      int64 // segments
	CongestionWindow int64 // bytes
	RTT, RTTVar      time.Duration
}

// The numbers of UDP.
const (
	Jitter Fields = 1 << iota
	Lost
	Packets
	OutOfOrder
)

// UDP is what a receiver (or, for Packets alone, a sender) counted.
type UDP struct {
	Has        Fields
	Jitter     time.Duration // RFC 1889's interarrival jitter
	Lost       int64         // datagrams
	Packets    int64         // datagrams, the lost ones among them
	OutOfOrder int64         // datagrams
}

// CPU is the processor time that the ends used, in percent of one processor.
type CPU struct {
	Local, Remote *CPUUse // this end and the other; nil: not reported
}

// CPUUse is one end's processor time in percent of one processor.
type CPUUse struct {
	Total, User, System float64
}

// Settings are a test's settings as the output states them. Zero values were not stated.
type Settings struct {
	Streams  int
	Duration time.Duration
	Omit     time.Duration
	Interval time.Duration
	Bytes    int64 // to transfer, instead of a duration
	Length   int64 // bytes of a block or datagram
	Window   int64 // bytes of the socket buffer
	Rate     BitRate
	Port     int
	Reverse  bool
	Bidir    bool
}
