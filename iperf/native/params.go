package native

import (
	"encoding/json"
	"strconv"
	"time"
)

// parameters is what the client asks the server for, the first JSON text on the control connection. Whether a field is
// a number or a boolean is as in the C program, which looks at the type.
type parameters struct {
	TCP              flagValue `json:"tcp,omitempty"`
	UDP              flagValue `json:"udp,omitempty"`
	SCTP             flagValue `json:"sctp,omitempty"`
	Omit             number    `json:"omit"`
	Time             number    `json:"time"`
	Num              number    `json:"num"`
	BlockCount       number    `json:"blockcount"`
	MSS              number    `json:"MSS,omitempty"`
	NoDelay          flagValue `json:"nodelay,omitempty"`
	Parallel         number    `json:"parallel"`
	Reverse          flagValue `json:"reverse,omitempty"`
	Bidirectional    flagValue `json:"bidirectional,omitempty"`
	Window           number    `json:"window,omitempty"`
	Len              number    `json:"len"`
	Bandwidth        number    `json:"bandwidth,omitempty"`
	PacingTimer      number    `json:"pacing_timer"`
	Burst            number    `json:"burst,omitempty"`
	TOS              number    `json:"TOS,omitempty"`
	Title            string    `json:"title,omitempty"`
	Congestion       string    `json:"congestion,omitempty"`
	GetServerOutput  number    `json:"get_server_output,omitempty"`
	UDPCounters64Bit number    `json:"udp_counters_64bit,omitempty"`
	ZeroCopy         number    `json:"zerocopy,omitempty"`
	GSO              number    `json:"gso,omitempty"` // these five since 3.21; a server here does so without being told
	GSODatagramSize  number    `json:"gso_dg_size,omitempty"`
	GSOBufferSize    number    `json:"gso_bf_size,omitempty"`
	GRO              number    `json:"gro,omitempty"`
	GROBufferSize    number    `json:"gro_bf_size,omitempty"`
	ClientVersion    string    `json:"client_version"`
}

// number reads any JSON number as an integer. C programs have sent -1 as 18446744073709551615, and booleans as 1.
type number int64

func (n *number) UnmarshalJSON(text []byte) error {
	switch s := string(text); s {
	case "true":
		*n = 1
	case "false", "null":
		*n = 0
	default:
		if v, err := strconv.ParseInt(s, 10, 64); err == nil {
			*n = number(v)
			return nil
		}
		if v, err := strconv.ParseUint(s, 10, 64); err == nil {
			*n = number(v) // wraps, which is what was meant
			return nil
		}
		var f float64
		if err := json.Unmarshal(text, &f); err != nil {
			return err
		}
		*n = number(min(max(f, -1<<53), 1<<53))
	}
	return nil
}

// flagValue is a boolean that some versions write as a number.
type flagValue bool

func (b *flagValue) UnmarshalJSON(text []byte) error {
	s := string(text)
	*b = s != "false" && s != "0" && s != "null"
	return nil
}

// parameters are the settings as the client sends them.
func (s *settings) parameters() parameters {
	p := parameters{
		TCP: flagValue(!s.udp), UDP: flagValue(s.udp),
		Omit: number(s.omit / time.Second), Time: number(s.duration / time.Second),
		Num: number(s.bytes), BlockCount: number(s.blocks),
		MSS: number(s.mss), NoDelay: flagValue(s.noDelay), Parallel: number(s.parallel),
		Reverse: flagValue(s.reverse), Bidirectional: flagValue(s.bidir),
		Window: number(s.window), Len: number(s.length), Bandwidth: number(s.rate), Burst: number(s.burst),
		PacingTimer: 1000, TOS: number(s.tos), Title: s.title, Congestion: s.congestion,
		ClientVersion: protocolVersion,
	}
	if s.getServerOutput {
		p.GetServerOutput = 1
	}
	if s.counters64 {
		p.UDPCounters64Bit = 1
	}
	if s.zeroCopy {
		p.ZeroCopy = 1
	}
	if s.gsro && s.udp && s.length > 0 {
		p.GSO, p.GSODatagramSize, p.GSOBufferSize = 1, p.Len, number(maxUDPBlock/s.length*s.length)
		p.GRO, p.GROBufferSize = 1, maxUDPBlock
	}
	return p
}

// apply puts what a client asks for into a server's settings. Nothing is taken over that is out of bounds: the error
// is a refusal.
func (p *parameters) apply(s *settings) error {
	within := func(n number, low, high int64) bool { return low <= int64(n) && int64(n) <= high }
	maxLen, minLen := int64(maxTCPBlock), int64(1)
	if p.UDP {
		maxLen, minLen = maxUDPBlock, minUDPBlock
	}
	if p.Parallel == 0 {
		p.Parallel = 1
	}
	if p.Len == 0 { // versions before 3.1 leave it out
		p.Len = defaultTCPBlock
		if p.UDP {
			p.Len = defaultUDPBlock
		}
	}
	switch {
	case bool(p.SCTP):
		return refusal(codeNoSCTP)
	case !within(p.Time, 0, maxTime) || !within(p.Num, 0, 1<<62) || !within(p.BlockCount, 0, 1<<62):
		return refusal(codeDuration)
	case !within(p.Omit, 0, maxOmit):
		return refusal(codeOmit)
	case !within(p.Parallel, 1, maxStreams):
		return refusal(codeStreams)
	case !within(p.Len, minLen, maxLen):
		return refusal(codeBlockSize)
	case !within(p.Window, 0, maxBuffer):
		return refusal(codeBufferSize)
	case !within(p.MSS, 0, maxPeerMSS):
		return refusal(codeMSS)
	case !within(p.Burst, 0, maxBurst):
		return refusal(codeBurst)
	case bool(p.Reverse && p.Bidirectional):
		return refusal(codeReverseBidir)
	case !within(p.Bandwidth, 0, maxRate) || !within(p.TOS, 0, 255) || len(p.Title) > maxTitle || len(p.Congestion) > 16:
		return refusal(codeReceiveParams)
	case p.Congestion != "" && !hasCongestion:
		return refusal(codeSetCongestion)
	}
	s.udp = bool(p.UDP)
	s.omit, s.duration = time.Duration(p.Omit)*time.Second, time.Duration(p.Time)*time.Second
	s.bytes, s.blocks = int64(p.Num), int64(p.BlockCount)
	s.mss, s.noDelay, s.parallel = int(p.MSS), bool(p.NoDelay), int(p.Parallel)
	s.reverse, s.bidir = bool(p.Reverse), bool(p.Bidirectional)
	s.window, s.length, s.rate, s.burst = int(p.Window), int(p.Len), int64(p.Bandwidth), int(p.Burst)
	s.tos, s.title, s.congestion = int(p.TOS), p.Title, p.Congestion
	s.getServerOutput, s.counters64 = p.GetServerOutput != 0, p.UDPCounters64Bit != 0
	s.zeroCopy = p.ZeroCopy != 0 && !s.udp
	return nil
}
