package report

import (
	"fmt"
	"time"
)

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

// Role is the part that an end plays in a test: iperf's client connects, whichever way the traffic goes, and its server
// listens. The zero value means that the output does not tell.
type Role uint8

// The two ends of a test.
const (
	RoleClient Role = iota + 1
	RoleServer
)

// String returns "client", "server", or "unknown" for zero.
func (r Role) String() string {
	switch r {
	case 0:
		return "unknown"
	case RoleClient:
		return "client"
	case RoleServer:
		return "server"
	}
	return fmt.Sprintf("Role(%d)", uint8(r))
}

// A Report is what one end of one test printed. What was not printed is nil, or empty.
type Report struct {
	Program  string // "iperf" (iperf 2) or "iperf3"; empty: the output does not tell
	Version  string // as printed, such as "3.12"; empty: not printed
	Role     Role   // which end printed this
	Protocol Protocol
	Start    time.Time // as printed, in CSV by its first row; zero: not printed

	Forward *Flow // from iperf's client to its server, whatever end this report is from; nil: no traffic that way
	Reverse *Flow // from iperf's server to its client; nil: no traffic that way

	// Mixed is what iperf 2 printed for both directions added together, as --full-duplex and the server of -d do. It
	// is in no other flow, and nothing is ever added up for it. Its totals are Unlabelled. nil: not printed.
	Mixed *Flow

	CPU      *CPU
	Settings Settings // the test's settings as the output states them
	Peer     *Report  // the other end's own report, which --get-server-output brings; nil: not printed
	Warnings []error  // what was odd about the output, in its order; a line that could not be read is a *SyntaxError
	Err      error    // the failure that iperf itself reported; nil: none
}

// A Flow is the traffic of one direction.
type Flow struct {
	Intervals []Interval // in time order, parallel streams summed, omitted ones marked
	Streams   []Stream   // each stream's own intervals, in the order in which the streams first appear
	Sent      *Total     // the sender's count; nil: not reported
	Received  *Total     // the receiver's count; nil: not reported

	// Unlabelled is a total that does not say whose count it is. iperf 3 prints one for UDP: before 3.2 it is the only
	// one, and joins the sender's rate with the receiver's jitter and loss; in JSON it is "sum". The rows of iperf 2's
	// CSV, from 2.0.14 on, do not say which end printed them; without evidence their total is here. A rate of 0 with
	// datagrams is iperf's way to print that it does not know. nil: not reported.
	Unlabelled *Total

	Histograms []Histogram // of all streams together, as a server of iperf 2.2 prints them; those of a stream are in Streams
}

// A Stream is one of the parallel connections of a flow.
type Stream struct {
	ID             int // the number that iperf gave it, usually a socket's
	Intervals      []Interval
	Sent, Received *Total // nil: not reported
	Unlabelled     *Total // as in a Flow; nil: not reported

	// Histograms are those that iperf 2 prints with the intervals and the total, in their order. With
	// Parser.Discard only those of the whole test are kept.
	Histograms []Histogram
}

// An Interval is what was carried between two moments of a test, counted from its start.
type Interval struct {
	Start, End time.Duration
	Bytes      int64     // as printed: iperf rounds it in its text, to three digits as a rule
	Rate       BitRate   // as printed
	Omitted    bool      // within the time that -O leaves out of the totals
	Short      bool      // the tail of a test, shorter than its other intervals
	Reverse    bool      // from iperf's server to its client, as all of Report.Reverse and none of Report.Forward
	TCP        *TCP      // nil: not reported
	UDP        *UDP      // nil: not reported
	Enhanced   *Enhanced // nil: not reported
}

// A Total is one end's count for the whole test, without what was omitted.
type Total struct {
	Start, End time.Duration
	Bytes      int64
	Rate       BitRate
	TCP        *TCP      // nil: not reported
	UDP        *UDP      // nil: not reported
	Enhanced   *Enhanced // nil: not reported
}

// TCPFields says which numbers of a TCP value were reported. The others are zero and mean nothing.
type TCPFields uint32

// Has reports whether all of want are among f.
func (f TCPFields) Has(want TCPFields) bool { return f&want == want }

// The numbers of TCP.
const (
	Retransmits TCPFields = 1 << iota
	CongestionWindow
	SendWindow
	RTT
	RTTVar
	PMTU
	Reorder
	RTTRange
)

// TCP is what the sender's kernel said about its connection, at the end of the interval. Of a total, windows are the
// largest ones and RTT is the mean.
type TCP struct {
	Has              TCPFields
	Retransmits      int64 // segments
	CongestionWindow int64 // bytes
	SendWindow       int64 // bytes that the receiver offers
	RTT, RTTVar      time.Duration
	PMTU             int64 // bytes: the path's largest packet
	Reorder          int64 // segments
	// The least and the largest RTT that iperf 3 has read at the end of an interval, of a total; RTTRange. The queue of
	// the test itself is part of both.
	MinRTT, MaxRTT time.Duration
}

// UDPFields says which numbers of a UDP value were reported. The others are zero and mean nothing.
type UDPFields uint32

// Has reports whether all of want are among f.
func (f UDPFields) Has(want UDPFields) bool { return f&want == want }

// The numbers of UDP.
const (
	Jitter UDPFields = 1 << iota
	Lost
	Packets
	OutOfOrder
	PacketRate
)

// UDP is what a receiver (or, for Packets and PacketRate alone, a sender) counted.
type UDP struct {
	Has        UDPFields
	Jitter     time.Duration // RFC 1889's interarrival jitter
	Lost       int64         // datagrams; negative of an interval in which some came that had been counted as lost
	Packets    int64         // datagrams, the lost ones among them
	OutOfOrder int64         // datagrams
	PacketRate float64       // datagrams per second
}

// EnhancedFields says which numbers of an Enhanced value were reported. The others are zero and mean nothing.
type EnhancedFields uint32

// Has reports whether all of want are among f.
func (f EnhancedFields) Has(want EnhancedFields) bool { return f&want == want }

// The numbers of Enhanced.
const (
	Latency EnhancedFields = 1 << iota
	NetPower
	Writes
	Reads
	InFlight
	RoundTrips
)

// Enhanced is what iperf 2 adds with -e, --trip-times, --bounceback and the like.
type Enhanced struct {
	Has         EnhancedFields
	Latency     LatencyStats // one way with --trip-times, of a write with --tcp-write-times, there and back with --bounceback
	NetPower    float64      // as printed: throughput over delay, scaled
	Writes      int64        // calls that wrote
	WriteErrors int64        // those that failed; reported with Writes
	Reads       int64        // calls that read
	InFlight    int64        // bytes on their way
	RoundTrips  int64        // requests that were answered
}

// LatencyStats are the statistics of a delay.
type LatencyStats struct {
	Mean, Min, Max, StdDev time.Duration
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
	Streams    int
	Duration   time.Duration
	Omit       time.Duration
	Interval   time.Duration
	Bytes      int64 // to transfer, instead of a duration
	Blocks     int64 // to transfer, instead of a duration
	Length     int64 // bytes of a block or datagram
	Window     int64 // bytes of the socket buffer
	MSS        int64 // bytes of a TCP segment
	Rate       BitRate
	Port       int
	TOS        int
	Reverse    bool
	Bidir      bool
	Congestion string // the sender's congestion control
}
