package native

import "encoding/json"

// results is what each end tells the other when the test is over.
type results struct {
	CPUTotal             float64         `json:"cpu_util_total"`
	CPUUser              float64         `json:"cpu_util_user"`
	CPUSystem            float64         `json:"cpu_util_system"`
	SenderHasRetransmits number          `json:"sender_has_retransmits"`
	CongestionUsed       string          `json:"congestion_used,omitempty"`
	ServerOutputText     string          `json:"server_output_text,omitempty"`
	ServerOutputJSON     json.RawMessage `json:"server_output_json,omitempty"`
	Streams              []streamResult  `json:"streams"`
}

// streamResult is one end's count of a stream. Packets and errors contain the omitted ones, which are told apart by
// their own fields since 3.14.
type streamResult struct {
	ID             number  `json:"id"`
	Bytes          number  `json:"bytes"`
	Retransmits    number  `json:"retransmits"` // -1: not known
	Jitter         float64 `json:"jitter"`      // seconds
	Errors         number  `json:"errors"`
	OmittedErrors  *number `json:"omitted_errors,omitempty"`
	Packets        number  `json:"packets"`
	OmittedPackets *number `json:"omitted_packets,omitempty"`
	StartTime      float64 `json:"start_time"`
	EndTime        float64 `json:"end_time"`
}

// results are this end's.
func (t *test) results() results {
	r := results{
		CPUTotal: t.cpu.total, CPUUser: t.cpu.user, CPUSystem: t.cpu.system,
		SenderHasRetransmits: -1, Streams: []streamResult{},
	}
	for _, s := range t.streams {
		c := s.counted()
		lost, packets := number(s.base.lost), number(s.base.packets)
		e := streamResult{
			ID: number(s.id), Bytes: number(c.bytes), Retransmits: -1, Jitter: c.jitter,
			Errors: number(s.final.lost), OmittedErrors: &lost, Packets: number(s.final.packets), OmittedPackets: &packets,
			EndTime: seconds(t.elapsed),
		}
		if s.sender {
			if s.retransmits >= 0 {
				r.SenderHasRetransmits, e.Retransmits = 1, number(s.retransmits)
			} else {
				r.SenderHasRetransmits = max(r.SenderHasRetransmits, 0)
			}
		}
		r.Streams = append(r.Streams, e)
	}
	r.CongestionUsed = t.congestionUsed
	return r
}

// possible reports whether a count can be true: none is negative, and none so large that the sum of all streams' would not
// fit its type. A receiver that omits may take off more losses than it has.
func (r *streamResult) possible() bool {
	const most, longest = 1 << 53, 2 * maxTime
	return r.Bytes >= 0 && r.Bytes <= most && r.Packets >= 0 && r.Packets <= most && r.Errors >= -most && r.Errors <= most &&
		r.Retransmits >= -1 && r.Retransmits <= most && r.Jitter >= 0 && r.Jitter <= longest && r.EndTime >= 0 && r.EndTime <= longest
}

// take keeps what the other end counted. Streams that this test does not have, and counts that cannot be, are passed over.
func (t *test) take(r *results) {
	share := func(v float64) float64 { return min(max(v, 0), 1e6) }
	t.peerCPU = cpuUse{share(r.CPUTotal), share(r.CPUUser), share(r.CPUSystem)}
	t.peerCongestion = clean(r.CongestionUsed, 16)
	t.peerKnown = true
	for _, s := range t.streams {
		for i := range r.Streams {
			if int(r.Streams[i].ID) != s.id || !r.Streams[i].possible() {
				continue
			}
			e := r.Streams[i]
			// Without its own count of what was omitted, the other end omitted what this end did.
			omitted, omittedErrors := min(s.base.packets, int64(e.Packets)), int64(0)
			if e.OmittedPackets != nil {
				omitted = int64(min(max(*e.OmittedPackets, 0), e.Packets))
			}
			if e.OmittedErrors != nil {
				omittedErrors = int64(min(max(*e.OmittedErrors, 0), max(e.Errors, 0)))
			}
			s.peer = &total{
				known: true, end: e.EndTime, retransmits: -1,
				counts: counts{bytes: int64(e.Bytes), packets: int64(e.Packets) - omitted, lost: int64(e.Errors) - omittedErrors, jitter: e.Jitter},
			}
			if !s.sender && r.SenderHasRetransmits == 1 {
				s.peer.retransmits = int64(e.Retransmits)
			}
		}
	}
}
