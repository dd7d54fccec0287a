package iperf

import (
	"net"
	"strconv"
	"strings"
	"time"
)

// serverOptions tells for each server's setting which flag it becomes, and in which versions.
var serverOptions = []option[ServerSettings]{
	{"Bind", one("-B", all2), one("-B", all3), func(s *ServerSettings) arguments { return text(plainAddress(s.Bind)) }},
	{"BindDev", nil, one("--bind-dev", since{3, 10, 0}), func(s *ServerSettings) arguments { return text(s.BindDev) }},
	{"File", nil, one("-F", all3), func(s *ServerSettings) arguments { return text(s.File) }},
	{"Affinity", nil, one("-A", all3), func(s *ServerSettings) arguments { return text(s.Affinity) }},

	{"TOSOverride", one("--tos-override", since{2, 1, 5}), nil, func(s *ServerSettings) arguments { return number(s.TOSOverride) }},
	{"Rate", one("-b", since{2, 0, 11}), nil, func(s *ServerSettings) arguments { return rateOf(s.Rate) }},
	{"TCPRxWindowClamp", one("--tcp-rx-window-clamp", since{2, 1, 4}), nil, func(s *ServerSettings) arguments { return number(s.TCPRxWindowClamp) }},
	{"SingleUDP", one("-U", all2), nil, func(s *ServerSettings) arguments { return bare(s.SingleUDP) }},
	{"SSMHost", one("-H", since{2, 0, 11}), nil, func(s *ServerSettings) arguments { return text(s.SSMHost) }},
	{"Compatibility", one("-C", all2), nil, func(s *ServerSettings) arguments { return bare(s.Compatibility) }},
	{"Realtime", one("-z", since{2, 0, 8}), nil, func(s *ServerSettings) arguments { return bare(s.Realtime) }},
	{"PermitKeyTimeout", one("--permit-key-timeout", since{2, 1, 0}), nil, func(s *ServerSettings) arguments { return seconds(s.PermitKeyTimeout) }},

	{"RcvTimeout", nil, one("--rcv-timeout", since{3, 10, 0}), func(s *ServerSettings) arguments { return milliseconds(s.RcvTimeout) }},
	{"SndTimeout", nil, one("--snd-timeout", since{3, 12, 0}), func(s *ServerSettings) arguments { return milliseconds(s.SndTimeout) }},
	{"IdleTimeout", nil, one("--idle-timeout", since{3, 10, 0}), func(s *ServerSettings) arguments { return seconds(s.IdleTimeout) }},
	{"MaxDuration", nil, one("--server-max-duration", since{3, 20, 0}), func(s *ServerSettings) arguments { return seconds(s.MaxDuration) }},
	{"BitrateLimit", nil, one("--server-bitrate-limit", since{3, 9, 0}), func(s *ServerSettings) arguments {
		limit := rateOf(s.BitrateLimit)
		if limit != nil && s.BitrateLimitInterval > 0 {
			limit[0] += "/" + seconds(s.BitrateLimitInterval)[0]
		}
		return limit
	}},
	{"ControlKeepAlive", nil, one("--cntl-ka=", since{3, 19, 0}), func(s *ServerSettings) arguments { return keepAlive(s.ControlKeepAlive) }},
	{"RSAPrivateKeyPath", nil, one("--rsa-private-key-path", since{3, 2, 0}), func(s *ServerSettings) arguments { return text(s.RSAPrivateKeyPath) }},
	{"AuthorizedUsersPath", nil, one("--authorized-users-path", since{3, 2, 0}), func(s *ServerSettings) arguments { return text(s.AuthorizedUsersPath) }},
	{"TimeSkewThreshold", nil, one("--time-skew-threshold", since{3, 10, 0}), func(s *ServerSettings) arguments { return seconds(s.TimeSkewThreshold) }},

	{"Verbose", nil, one("-V", all3), func(s *ServerSettings) arguments { return bare(s.Verbose) }},
	{"Enhanced", one("-e", since{2, 0, 8}), nil, func(s *ServerSettings) arguments { return bare(s.Enhanced) }},
	{"JSON", nil, one("-J", all3), func(s *ServerSettings) arguments { return bare(s.JSON) }},
	{"JSONStream", nil, one("--json-stream", since{3, 17, 0}), func(s *ServerSettings) arguments { return bare(s.JSONStream) }},
	{"JSONStreamFullOutput", nil, one("--json-stream-full-output", since{3, 20, 0}), func(s *ServerSettings) arguments { return bare(s.JSONStreamFullOutput) }},
	{"ReportStyle", one("-y", since{2, 0, 0}), nil, func(s *ServerSettings) arguments { return text(s.ReportStyle) }},
	{"ReportExclude", one("-x", since{2, 0, 0}), nil, func(s *ServerSettings) arguments { return text(s.ReportExclude) }},
	{"SumOnly", one("--sum-only", since{2, 0, 14}), nil, func(s *ServerSettings) arguments { return bare(s.SumOnly) }},
	{"SumDstIP", one("--sum-dstip", since{2, 0, 14}), nil, func(s *ServerSettings) arguments { return bare(s.SumDstIP) }},
	{"PrintMSS", one("-m", all2), nil, func(s *ServerSettings) arguments { return bare(s.PrintMSS) }},
	{"Histograms", []flag{{"--udp-histogram=", since{2, 0, 11}}, {"--histograms=", since{2, 0, 14}}}, nil, func(s *ServerSettings) arguments { return s.Histograms.arguments() }},
	{"JitterHistograms", one("--jitter-histograms", since{2, 1, 9}), nil, func(s *ServerSettings) arguments { return bare(s.JitterHistograms) }},
	{"Timestamps", nil, one("--timestamps=", since{3, 9, 0}), func(s *ServerSettings) arguments { return text(s.Timestamps) }},
	{"HideIPs", one("--hide-ips", since{2, 1, 4}), nil, func(s *ServerSettings) arguments { return bare(s.HideIPs) }},
	{"UTC", one("--utc", since{2, 1, 9}), nil, func(s *ServerSettings) arguments { return bare(s.UTC) }},
}

// ownServerOptions are those that only an iperf 2 server has to be told, as an iperf 3 server is told by its client.
var ownServerOptions = []option[ServerSettings]{
	{"Length", one("-l", all2), nil, func(s *ServerSettings) arguments { return number(s.Length) }},
	{"Window", one("-w", all2), nil, func(s *ServerSettings) arguments { return number(s.Window) }},
	{"MSS", one("-M", all2), nil, func(s *ServerSettings) arguments { return number(s.MSS) }},
	{"NoDelay", one("-N", all2), nil, func(s *ServerSettings) arguments { return bare(s.NoDelay) }},
	{"TOS", one("-S", all2), nil, func(s *ServerSettings) arguments { return number(s.TOS) }},
	{"Congestion", one("-Z", since{2, 0, 4}), nil, func(s *ServerSettings) arguments { return text(s.Congestion) }},
}

// sharedOptions are the client's settings that the server must be given too.
var sharedOptions = []option[ClientSettings]{
	{"MPTCP", nil, one("-m", since{3, 19, 0}), func(c *ClientSettings) arguments { return bare(c.MPTCP) }},
	{"UsePKCS1Padding", nil, one("--use-pkcs1-padding", since{3, 17, 0}), func(c *ClientSettings) arguments { return bare(c.UsePKCS1Padding) }},
	{"PermitKey", one("--permit-key=", since{2, 1, 0}), nil, func(c *ClientSettings) arguments { return text(c.PermitKey) }},
}

// understoodOptions are the client's settings that the server is not given, but whose tests it must know: an older one
// waits for other connections than those that come, or reports other numbers.
var understoodOptions = []option[ClientSettings]{
	{"Reverse", one("-R", since{2, 0, 14}), one("-R", all3), func(c *ClientSettings) arguments { return bare(c.Reverse) }},
	{"Bidir", nil, one("--bidir", since{3, 7, 0}), func(c *ClientSettings) arguments { return bare(c.Bidir) }},
	{"FullDuplex", one("--full-duplex", fullDuplex), nil, func(c *ClientSettings) arguments { return bare(c.FullDuplex) }},
	{"IncrDstPort", one("--incr-dstport", since{2, 1, 5}), nil, func(c *ClientSettings) arguments { return bare(c.IncrDstPort) }},
	{"Bounceback", one("--bounceback", since{2, 1, 7}), nil, func(c *ClientSettings) arguments { return bare(c.Bounceback.Enable) }},
}

// keepAlive is idle/interval/count, each of them empty for the system's.
func keepAlive(k net.KeepAliveConfig) arguments {
	if !k.Enable {
		return nil
	}
	part := func(n int) string {
		if n <= 0 {
			return ""
		}
		return strconv.Itoa(n)
	}
	s := part(int(k.Idle/time.Second)) + "/" + part(int(k.Interval/time.Second)) + "/" + part(k.Count)
	if s = strings.TrimRight(s, "/"); s == "" {
		return arguments{}
	}
	return arguments{s}
}
