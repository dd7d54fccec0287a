package evidence

import "time"

// A Path is what the kernel of one end shows of the path to the other end. It is kept in manifests
// as JSON.
type Path struct {
	Peer    string `json:"peer,omitempty"`    // address of the other end, as the route was asked for
	Device  string `json:"device,omitempty"`  // interface of the route to Peer; empty: unknown
	Source  string `json:"source,omitempty"`  // source address of the route; empty: unknown
	Gateway string `json:"gateway,omitempty"` // next hop; empty: Peer is on the link, or unknown
	Local   bool   `json:"local,omitempty"`   // Peer is an address of the host itself

	Links []Link `json:"links,omitempty"` // Device first, then the devices beneath it
	// Queue is the device that Qdiscs belongs to. It is Device, or the only device beneath if
	// Device has no queue.
	Queue    string        `json:"queue,omitempty"`
	Qdiscs   []Qdisc       `json:"qdiscs,omitempty"`   // of Queue, the root first; nil: unknown
	Wireless *Wireless     `json:"wireless,omitempty"` // nil: Device is not wireless, or unknown
	System   System        `json:"system,omitzero"`
	Elapsed  time.Duration `json:"elapsed_ns,omitempty"` // from the first counters to the last; zero: unknown

	Counters   Counters    `json:"counters,omitzero"` // over Elapsed
	Processors []Processor `json:"processors,omitempty"`
	Throttling *Throttling `json:"throttling,omitempty"` // nil: no quota for processor time, or unknown
	Samples    []Sample    `json:"samples,omitempty"`
}

// Link returns the link of Device. It is nil if that is unknown.
func (p *Path) Link() *Link {
	if p == nil || len(p.Links) == 0 || p.Links[0].Device != p.Device {
		return nil
	}
	return &p.Links[0]
}

// A Link is a network device.
type Link struct {
	Device string `json:"device"`
	// Kind is "loopback", "ethernet", "wireless", "veth", "bridge", "bond", "vlan", "tunnel",
	// "tun", "ppp", or the kernel's name of another kind. It is empty if it is unknown.
	Kind string `json:"kind,omitempty"`
	// Beneath are the devices that carry its packets: ports of a bridge, members of a bond, the
	// parent of a VLAN or tunnel.
	Beneath  []string        `json:"beneath,omitempty"`
	MTU      int             `json:"mtu_bytes,omitempty"`
	Driver   string          `json:"driver,omitempty"`
	Speed    int64           `json:"speed_bit_per_second,omitempty"` // zero: unknown, or a virtual device
	Duplex   string          `json:"duplex,omitempty"`               // "full", "half"; empty: unknown
	Offloads map[string]bool `json:"offloads,omitempty"`             // by their names in ethtool -k; nil: unknown
	Counters *LinkCounters   `json:"counters,omitempty"`             // over Path.Elapsed; nil: unknown
}

// LinkCounters are the counters of /proc/net/dev. Offloaded packets count once, however many frames
// they leave as.
type LinkCounters struct {
	RxBytes   int64 `json:"rx_bytes"`
	RxPackets int64 `json:"rx_packets"`
	RxErrors  int64 `json:"rx_errors"`
	RxDropped int64 `json:"rx_dropped"` // rx fifo errors included
	TxBytes   int64 `json:"tx_bytes"`
	TxPackets int64 `json:"tx_packets"`
	TxErrors  int64 `json:"tx_errors"`
	TxDropped int64 `json:"tx_dropped"`
}

// A Qdisc is a queueing discipline of Path.Queue.
type Qdisc struct {
	Kind   string `json:"kind"`             // "tbf", "fq_codel", "noqueue"
	Handle string `json:"handle,omitempty"` // "8001:"
	Parent string `json:"parent,omitempty"` // "root", or a class such as "1:10"
	// Options are its settings as tc prints them, such as "rate 20Mbit burst 20Kb lat 50ms".
	Options string `json:"options,omitempty"`
	// Over the test. nil: the last state is missing.
	Bytes      *int64 `json:"bytes,omitempty"` // sent, headers of the link included; offloaded packets count by frames
	Packets    *int64 `json:"packets,omitempty"`
	Drops      *int64 `json:"drops,omitempty"`
	Overlimits *int64 `json:"overlimits,omitempty"`
	Backlog    *int64 `json:"backlog_bytes,omitempty"` // left in the queue at the end
}

// Wireless is the state of a wireless device before the test.
type Wireless struct {
	Signal    *int  `json:"signal_dbm,omitempty"`
	Frequency int   `json:"frequency_mhz,omitempty"` // zero: unknown
	Channel   int   `json:"channel,omitempty"`       // from Frequency; zero: unknown
	TxRate    int64 `json:"tx_rate_bit_per_second,omitempty"`
	RxRate    int64 `json:"rx_rate_bit_per_second,omitempty"`
}

// A System is what the test depends on in a host's kernel.
type System struct {
	BootID            string  `json:"boot_id,omitempty"`            // the same for all namespaces of a kernel
	NetNS             string  `json:"netns,omitempty"`              // inode number of the network namespace
	CongestionControl string  `json:"congestion_control,omitempty"` // the default of the namespace
	TCPRmem           []int64 `json:"tcp_rmem_bytes,omitempty"`     // minimum, default and maximum of the receive buffer
	TCPWmem           []int64 `json:"tcp_wmem_bytes,omitempty"`
	RmemMax           *int64  `json:"rmem_max_bytes,omitempty"` // the largest that a program can ask for
	WmemMax           *int64  `json:"wmem_max_bytes,omitempty"`
}

// Counters are counters of the network namespace over a test. IPv4 and IPv6 are added up.
type Counters struct {
	TCPRetransmits  *int64 `json:"tcp_retransmits,omitempty"` // segments
	TCPTimeouts     *int64 `json:"tcp_timeouts,omitempty"`
	UDPInErrors     *int64 `json:"udp_in_errors,omitempty"`     // those of UDPRcvbufErrors among them
	UDPRcvbufErrors *int64 `json:"udp_rcvbuf_errors,omitempty"` // datagrams that found a receive buffer full
	UDPSndbufErrors *int64 `json:"udp_sndbuf_errors,omitempty"`
}

// A Processor is the time that one core spent over a test.
type Processor struct {
	Core    int           `json:"core"`
	User    time.Duration `json:"user_ns"` // nice included
	System  time.Duration `json:"system_ns"`
	SoftIRQ time.Duration `json:"softirq_ns"`
	IRQ     time.Duration `json:"irq_ns"`
	Steal   time.Duration `json:"steal_ns"`
	Idle    time.Duration `json:"idle_ns"` // waiting for input and output included
}

// Busy returns the share of time in which the core was not idle, from 0 to 1. Steal counts: another
// machine had the core. It is 0 if the core's clock did not move.
func (p Processor) Busy() float64 {
	busy := p.User + p.System + p.SoftIRQ + p.IRQ + p.Steal
	if all := busy + p.Idle; all > 0 {
		return float64(busy) / float64(all)
	}
	return 0
}

// Throttling is how a control group's quota held back its processes. If more than one of the
// process's own group and those above it has a quota, it is that of the group that was held back
// the longest.
type Throttling struct {
	Periods   int64         `json:"periods"`
	Throttled int64         `json:"throttled_periods"`
	Time      time.Duration `json:"throttled_ns"`
}

// A Sample is the state of an end at one time of a test.
type Sample struct {
	At time.Duration `json:"at_ns"` // since the first counters of the Path
	// Sockets are the TCP connections with the server's port, iperf 3's control connection
	// included. It is nil if they are unknown, if there is none, and in a test of UDP.
	Sockets    []Socket      `json:"sockets,omitempty"`
	Link       *LinkCounters `json:"link,omitempty"`          // of During.Link since the first counters of the Path; nil: unknown
	Backlog    *int64        `json:"backlog_bytes,omitempty"` // in the queue of During.Device; nil: unknown
	Drops      *int64        `json:"drops,omitempty"`         // of that queue since it was made; nil: unknown
	Processors []Processor   `json:"processors,omitempty"`    // since the sample before; nil in the first one
	Throttling *Throttling   `json:"throttling,omitempty"`    // likewise; nil without a quota, too
	// Run and Wait are the times that the threads of the test's processes spent on a core, and
	// ready but without one, since their start. They are nil if they are unknown.
	Run      *time.Duration `json:"run_ns,omitempty"`
	Wait     *time.Duration `json:"wait_ns,omitempty"`
	UDPDrops *int64         `json:"udp_drops,omitempty"` // of the test's sockets since they were opened; nil: unknown
}

// A Socket is one TCP connection of a test as ss shows it. All values are of one end.
type Socket struct {
	LocalPort         int           `json:"local_port"`
	PeerPort          int           `json:"peer_port"`
	RecvQ             int64         `json:"recv_q_bytes"`
	SendQ             int64         `json:"send_q_bytes"` // not acknowledged, those that were not sent included
	CongestionControl string        `json:"congestion_control,omitempty"`
	RTT               time.Duration `json:"rtt_ns,omitempty"` // smoothed; zero: unknown
	MinRTT            time.Duration `json:"min_rtt_ns,omitempty"`
	MSS               int64         `json:"mss_bytes,omitempty"`
	CWND              int64         `json:"cwnd_segments,omitempty"`
	SSThresh          int64         `json:"ssthresh_segments,omitempty"` // zero: still in slow start, or unknown
	Unacked           int64         `json:"unacked_segments,omitempty"`
	// SendWindow is the window that the peer offered. It is zero if it is unknown, as with Linux
	// before 5.4 or iproute2 before 5.15.
	SendWindow         int64         `json:"send_window_bytes,omitempty"`
	SendBuffer         int64         `json:"send_buffer_bytes,omitempty"` // skmem's tb
	NotSent            int64         `json:"not_sent_bytes,omitempty"`
	BytesSent          int64         `json:"bytes_sent,omitempty"`
	BytesRetransmitted int64         `json:"bytes_retransmitted,omitempty"`
	BytesAcked         int64         `json:"bytes_acked,omitempty"`
	BytesReceived      int64         `json:"bytes_received,omitempty"`
	DeliveryRate       int64         `json:"delivery_rate_bit_per_second,omitempty"`
	PacingRate         int64         `json:"pacing_rate_bit_per_second,omitempty"`
	AppLimited         bool          `json:"app_limited,omitempty"`
	Busy               time.Duration `json:"busy_ns,omitempty"`
	RwndLimited        time.Duration `json:"rwnd_limited_ns,omitempty"`
	SndbufLimited      time.Duration `json:"sndbuf_limited_ns,omitempty"`
}
