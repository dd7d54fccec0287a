package iperf

import (
	"fmt"
	"net"
	"time"

	"github.com/tunaperf/tuna/iperf/report"
)

//go:generate go run ./internal/settings/document SETTINGS.md

// ClientSettings are the client's options. The zero value is a TCP test of 10 seconds over one stream, and the zero
// value of every field means that the option is not given. Which versions have an option is known: one that the host's
// lacks is an error that wraps ErrUnsupported, before anything is started. SETTINGS.md has the flags, versions and bounds.
type ClientSettings struct {
	Protocol report.Protocol // report.ProtocolTCP, ProtocolUDP or ProtocolSCTP; zero: TCP
	Time     time.Duration   // of the test; zero: 10 s, unless Bytes or Blocks is set; iperf 3 takes whole seconds
	Omit     time.Duration   // at the start, not counted; zero: none; iperf 3 only, whole seconds
	Bytes    int64           // to transfer, instead of Time, over UDP of iperf 2 a datagram or more; zero: by time
	Interval time.Duration   // between reports; zero: 1 s, or 100 ms of iperf 3 with Bytes, Blocks or File
	Parallel int             // streams; zero: 1
	Rate     report.BitRate  // to send at, of each stream; zero: the program's default, which is no limit for TCP and about 1 Mbit/s for UDP
	Length   int64           // bytes of a block or datagram; zero: the program's default, or less for a Rate of less than one of them a second, and for a small amount over TCP of iperf 3
	Window   int64           // bytes of the socket buffer; zero: the system's default
	Port     int             // to connect to; zero: where the server listens
	Reverse  bool            // the server sends; iperf 2 since 2.0.14

	// Only one of these may be set, and not together with Reverse.
	Bidir      bool // both ends send at the same time; iperf 3 only
	FullDuplex bool // both ends send at the same time over one connection; iperf 2 since 2.1
	Dualtest   bool // the server connects back and sends at the same time; iperf 2 only
	Tradeoff   bool // the server connects back and sends afterwards, for as long again; iperf 2 only

	Unlimited     bool           // send UDP as fast as it goes, instead of Rate
	RateDeviation report.BitRate // standard deviation of a load that varies around Rate; iperf 2 only
	PacketRate    int            // datagrams per second of each stream, instead of Rate; iperf 2 and UDP only
	Burst         int            // datagrams or blocks that may be sent at once above Rate, at most 1000; iperf 3 only, but for 3.18, which ignores Rate with it
	FQRate        report.BitRate // the pace that the kernel's fair queue keeps each stream to; Linux only, not with MPTCP
	PacingTimer   time.Duration  // between two checks of Rate, in microseconds; iperf 3 before 3.18 only
	Blocks        int64          // to transfer, instead of Time, of Length or the program's default; iperf 3 only
	BurstSize     int64          // bytes sent at the start of every BurstPeriod, at least Length; iperf 2 only
	BurstPeriod   time.Duration  // between bursts; since 2.2.1 with BurstSize; iperf 2 only
	Isochronous   Isochronous    // send like a video; iperf 2 only
	Bounceback    Bounceback     // measure requests and their answers in place of bulk data; iperf 2 and TCP only
	WorkingLoad   string         // bulk streams beside Bounceback: "up", "down" or "bidir", with their number as in "up,4"; iperf 2 only
	TxStartTime   time.Time      // when to start sending, by the client's clock, in a day or less; ErrClocksDiffer as with TripTimes before 2.2.1; iperf 2 only
	TxDelayTime   time.Duration  // between connecting and sending, to a day; iperf 2 only
	File          string         // on the client's host, whose content is sent; empty: generated data; iperf 3 would write it with Reverse or Bidir
	XBind         []string       // the addresses that an SCTP association uses; iperf 3 only
	NStreams      int            // SCTP's streams of each association; iperf 3 only

	Bind        string // the client's own address
	BindDev     string // the client's interface; iperf 3 only
	ClientPort  int    // the client's own port, further streams take the next ones; iperf 2 needs Bind too
	ListenPort  int    // where the client listens for a Dualtest or Tradeoff; zero: the server's port number; iperf 2 only
	IncrDstIP   bool   // each further stream to the next address; iperf 2 only
	IncrDstPort bool   // each further stream to the next port, which the server listens on too; iperf 2 only
	IncrSrcIP   bool   // each further stream from the address after Bind; iperf 2 only
	LocalOnly   bool   // do not route: reach hosts of the local network only; iperf 2 only

	IPVersion        int     // 4 or 6, for both ends; zero: as the server's address needs it
	MSS              int     // the largest segment, bytes; not over UDP
	NoDelay          bool    // send small segments at once (no Nagle's algorithm); not over UDP
	TOS              int     // the IP header's type of service, 0 to 255: four times the DSCP; see ParseTOS; with MPTCP only if IPVersion is 4
	TTL              int     // hops, 1 to 255; iperf 2 only
	FlowLabel        int     // of IPv6, to 1048575; iperf 3 on Linux only, not with MPTCP
	DontFragment     bool    // set IPv4's flag for UDP that the client sends; iperf 3 only
	Congestion       string  // TCP's congestion control algorithm, such as "bbr"
	MPTCP            bool    // multipath TCP, on both ends; iperf 3 only
	NearCongestion   float64 // delay after writes, in sampled round-trip times; iperf 2 only
	TCPQuickACK      bool    // acknowledge at once; iperf 2 only
	TCPWritePrefetch int64   // bytes that may be unsent in the socket (TCP_NOTSENT_LOWAT); iperf 2 only

	ZeroCopy         bool   // send with sendfile or the like; iperf 3 and TCP only
	SkipRxCopy       bool   // drop received data in the kernel; iperf 3 and TCP only, as over UDP it counts 16 bytes of each datagram
	GSRO             bool   // let the kernel split and join datagrams (UDP GSO and GRO); iperf 3 only
	RepeatingPayload bool   // a pattern in place of random data; iperf 3 only
	UDPCounters64Bit bool   // for very long UDP tests; iperf 3 only
	NoConnectSync    bool   // let each stream start when it is connected, not when all are; iperf 2 only
	NoUDPFin         bool   // no report from the server at the end of a UDP test; iperf 2 only
	Affinity         string // the processor to run on, "n", or "n,m" with the server's; iperf 3 only
	Realtime         bool   // ask for real-time scheduling; iperf 2 only

	ConnectTimeout time.Duration // how long it may take to connect, to a day; zero: 5 s
	RcvTimeout     time.Duration // how long nothing may arrive before the client gives up, 100 ms to a day; with Reverse or Bidir, iperf 3 only
	SndTimeout     time.Duration // how long TCP data may stay unacknowledged, to a day; since 3.16 the client then ends with the test's time; iperf 3 only, not with MPTCP

	// ControlKeepAlive keeps the control connection alive. Its Enable says that it is given; what is zero is the
	// system's. Idle must be longer than Interval times Count, of which Linux has 75 s and 9. Only iperf 3, in whole seconds.
	ControlKeepAlive net.KeepAliveConfig

	// Authentication of iperf 3. The password comes from the environment variable IPERF3_PASSWORD on the client's host.
	Username         string
	RSAPublicKeyPath string // on the client's host
	UsePKCS1Padding  bool   // as versions before 3.17 pad, also on the server; 3.17 to 3.19, as later clients do not take it

	PermitKey     string // what the server must have too, and gets; 4 to 128 characters; in the output; iperf 2 and TCP only, not with Bounceback
	Compatibility bool   // send nothing that old versions do not know; iperf 2 only
	PeerDetect    bool   // exchange versions first, as 2.1.8 and later do in any case; iperf 2 and TCP only

	// What is printed. Every form is understood by report.Parser; with JSON intervals come only when the test is over.
	Format               string     // the letter of the unit, of bkmgaBKMGA for iperf 2 and kmgtKMGT for iperf 3; empty: the finest
	Verbose              bool       // iperf 3 only, not with JSON
	Enhanced             bool       // iperf 2 only
	JSON                 bool       // iperf 3 only
	JSONStream           bool       // one JSON object a line, as it happens; iperf 3 only
	JSONStreamFullOutput bool       // and the whole at the end; iperf 3 only
	ReportStyle          string     // "C": comma-separated values; iperf 2 only
	ReportExclude        string     // of C (connections) and S (settings), before 2.1.8 of M (multicast) and V (server's reports) too; iperf 2 only
	SumOnly              bool       // no rows of single streams; iperf 2 only
	PrintMSS             bool       // iperf 2 only
	TripTimes            bool       // measure from write to read; a run compares the clocks, and ErrClocksDiffer ends it; iperf 2 only
	TCPWriteTimes        bool       // measure the writes; iperf 2 only
	Histograms           Histograms // of write times; iperf 2 only
	Title                string     // in front of every line; iperf 3 only, with JSONStream only in its full output
	Timestamps           string     // in front of every line, a format of strftime such as "%s "; iperf 3 only, not with JSON
	ExtraData            string     // to be found in the JSON; iperf 3 only
	GetServerOutput      bool       // the server's output after the client's; iperf 3 only
	SyncTransferID       bool       // give streams the same number on both ends; iperf 2.2.0 only
	HideIPs              bool       // iperf 2 only
	UTC                  bool       // iperf 2 only

	// Extra is added to the command line as it is, each argument quoted for the shell. Options that would take a run
	// its output or its process are errors, in whatever form the program takes them: -D, -VD, --daemon, --daem. A port in
	// it counts, as for the program, in place of Port.
	Extra []string
}

// ServerSettings are the server's options. In its zero value, what both ends must agree on is as the client has it.
// What an iperf 3 server takes from its client (Length, Window, MSS, NoDelay, TOS, Congestion) may be set to the
// client's value, where it changes nothing; another value is an error for iperf 3.
type ServerSettings struct {
	Protocol report.Protocol // zero: the client's; another than the client's is an error
	Interval time.Duration   // between reports; zero: the client's
	Length   int64           // bytes of a block; zero: the program's default, or what the client's datagrams need; iperf 2 only
	Window   int64           // bytes of the socket buffer; zero: the system's default; iperf 2 only
	Port     int             // to listen on; zero: the client's, or the program's default (5201, for iperf 2 5001)
	AutoPort bool            // listen on a port that is free; Port must be zero
	Extra    []string        // added to the command line as it is, each argument quoted for the shell

	Bind     string // the address to listen on; iperf 2 takes an interface behind it, "0.0.0.0%eth0"
	BindDev  string // the interface to listen on; iperf 3 only
	File     string // on the server's host, that gets the data; iperf 3 only
	Affinity string // the processor to run on; iperf 3 only

	MSS              int            // iperf 2 only
	NoDelay          bool           // iperf 2 only
	TOS              int            // of what the server sends, 0 to 255; iperf 2 only
	TOSOverride      int            // of what it sends for Reverse and FullDuplex, against the client's; iperf 2 only
	Congestion       string         // TCP's congestion control algorithm; iperf 2 only
	Rate             report.BitRate // to read at; iperf 2 and TCP only
	TCPRxWindowClamp int64          // bytes of the window at first, which Linux opens again, up to 64 KB; iperf 2 and TCP only
	SingleUDP        bool           // one thread for UDP; iperf 2 only
	SSMHost          string         // the source of a multicast (S,G) over UDP; iperf 2 only
	Compatibility    bool           // iperf 2 only
	Realtime         bool           // iperf 2 only
	PermitKeyTimeout time.Duration  // how long the client's PermitKey is good, whole seconds to a day; iperf 2 only

	RcvTimeout           time.Duration       // how long nothing may arrive before a test is given up, 100 ms to a day; since 3.21 the server ends up to 20 s later; iperf 3 only
	SndTimeout           time.Duration       // how long TCP data may stay unacknowledged, to a day; since 3.16 the server then ends with the test's time; iperf 3 only, not with MPTCP
	IdleTimeout          time.Duration       // without a client, whole seconds to a day; iperf 3 only, which ends then since 3.11; zero: in a run the run's time, else none
	MaxDuration          time.Duration       // of a test that the server accepts, whole seconds; iperf 3 only
	BitrateLimit         report.BitRate      // of all streams; the server ends a test that is faster; iperf 3 only
	BitrateLimitInterval time.Duration       // that BitrateLimit is averaged over, whole seconds to 1000; zero: 5 s
	ControlKeepAlive     net.KeepAliveConfig // as the client's; iperf 3 only

	// Authentication of iperf 3.
	RSAPrivateKeyPath   string        // on the server's host
	AuthorizedUsersPath string        // on the server's host
	TimeSkewThreshold   time.Duration // by which the clocks may differ, whole seconds; zero: 10 s

	// What is printed, as the client's fields of the same names.
	Format               string
	Verbose              bool
	Enhanced             bool
	JSON                 bool
	JSONStream           bool
	JSONStreamFullOutput bool
	ReportStyle          string
	ReportExclude        string
	SumOnly              bool
	SumDstIP             bool // sums by destination address, not by source; iperf 2 only
	PrintMSS             bool
	Histograms           Histograms // of latency
	JitterHistograms     bool       // iperf 2 and UDP only
	Timestamps           string
	HideIPs              bool
	UTC                  bool
}

// Isochronous is traffic like a video's: so many frames a second, whose sizes vary. Zero FramesPerSecond: none.
type Isochronous struct {
	FramesPerSecond float64
	Mean, Deviation report.BitRate // of the load, log-normal
}

// Histograms say whether iperf 2 prints how times are distributed. BinWidth is in whole microseconds; zero fields of an
// enabled one are the program's.
type Histograms struct {
	Enable   bool
	BinWidth time.Duration
	Bins     int
}

// Bounceback is iperf 2's test of requests and answers. Zero fields of an enabled one are the program's.
type Bounceback struct {
	Enable     bool
	Writes     int           // in a burst
	Period     time.Duration // between bursts
	Hold       time.Duration // that the server waits before it answers, whole microseconds; before 2.2.1, whose server does not wait
	NoQuickACK bool          // the server acknowledges as usual
}

const (
	defaultTime     = 10 * time.Second
	defaultInterval = time.Second
)

func (c *ClientSettings) protocol() report.Protocol {
	if c.Protocol == 0 {
		return report.ProtocolTCP
	}
	return c.Protocol
}

func (c *ClientSettings) time() time.Duration {
	if c.Time == 0 {
		return defaultTime
	}
	return c.Time
}

// duration is how long the client will need, counted from when it is connected; false: as long as its data need.
func (c *ClientSettings) duration() (time.Duration, bool) {
	d := c.time() + c.Omit
	if c.Tradeoff {
		d *= 2
	}
	d += c.TxDelayTime
	if !c.TxStartTime.IsZero() {
		d += max(0, time.Until(c.TxStartTime))
	}
	return d, c.Bytes == 0 && c.Blocks == 0
}

func (c *ClientSettings) interval() time.Duration {
	if c.Interval == 0 {
		return defaultInterval
	}
	return c.Interval
}

func (c *ClientSettings) connectTimeout() time.Duration {
	if c.ConnectTimeout == 0 {
		return connectTime
	}
	return c.ConnectTimeout
}

// UDP reports whether the test is of UDP. It returns a *SettingError if the client's settings and the server's disagree
// about the protocol.
func (x *Iperf) UDP() (bool, error) {
	c, s := x.Client.protocol(), x.Server.Protocol
	if s != 0 && s != c {
		return false, &SettingError{Field: "Server.Protocol", Value: s.String(), Together: []string{"Client.Protocol"},
			Allowed: fmt.Sprintf("unset, or as Client.Protocol (%v)", c)}
	}
	return c == report.ProtocolUDP, nil
}
