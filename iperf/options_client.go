package iperf

import (
	"fmt"
	"strconv"
	"time"
)

// In iperf 2, all means every version that is still met, from 1.7 on.
var (
	all2 = since{1, 7, 0}
	all3 = since{3, 0, 0}
)

// fullDuplex is the first version whose numbers of a full-duplex test can be used. 2.0.14 makes one, and prints both ways
// added together.
var fullDuplex = since{2, 1, 0}

// one is the usual list of flags.
func one(name string, from since) []flag { return []flag{{name, from}} }

// clientOptions tells for each client's setting which flag it becomes, and in which versions. Short flags are used
// where there are, as old versions lack the long ones. Settings that need more than that are written by clientArgs.
var clientOptions = []option[ClientSettings]{
	{"Bidir", nil, one("--bidir", since{3, 7, 0}), func(c *ClientSettings) arguments { return bare(c.Bidir) }},
	{"FullDuplex", one("--full-duplex", fullDuplex), nil, func(c *ClientSettings) arguments { return bare(c.FullDuplex) }},
	{"Dualtest", one("-d", all2), nil, func(c *ClientSettings) arguments { return bare(c.Dualtest) }},
	{"Tradeoff", one("-r", all2), nil, func(c *ClientSettings) arguments { return bare(c.Tradeoff) }},
	{"ListenPort", one("-L", all2), nil, func(c *ClientSettings) arguments { return number(c.ListenPort) }},

	{"FQRate", one("--fq-rate", since{2, 0, 13}), one("--fq-rate", since{3, 1, 5}), func(c *ClientSettings) arguments { return rateOf(c.FQRate) }},
	{"PacingTimer", nil, one("--pacing-timer", since{3, 2, 0}), func(c *ClientSettings) arguments { return number(c.PacingTimer / time.Microsecond) }},
	{"BurstSize", one("--burst-size", since{2, 1, 1}), nil, func(c *ClientSettings) arguments { return number(c.BurstSize) }},
	{"BurstPeriod", one("--burst-period", since{2, 1, 1}), nil, func(c *ClientSettings) arguments { return seconds(c.BurstPeriod) }},
	{"Isochronous", one("--isochronous=", since{2, 0, 12}), nil, func(c *ClientSettings) arguments { return c.Isochronous.arguments() }},
	{"Bounceback", one("--bounceback=", since{2, 1, 7}), nil, func(c *ClientSettings) arguments {
		if b := c.Bounceback; b.Enable && b.Writes > 0 {
			return number(b.Writes)
		}
		return bare(c.Bounceback.Enable)
	}},
	{"Bounceback.Period", one("--bounceback-period", since{2, 1, 8}), nil, func(c *ClientSettings) arguments { return seconds(c.Bounceback.Period) }},
	{"Bounceback.Hold", one("--bounceback-hold", since{2, 1, 8}), nil, func(c *ClientSettings) arguments { return milliseconds(c.Bounceback.Hold) }},
	{"Bounceback.NoQuickACK", one("--bounceback-no-quickack", since{2, 1, 8}), nil, func(c *ClientSettings) arguments { return bare(c.Bounceback.NoQuickACK) }},
	{"WorkingLoad", []flag{{"--bounceback-congest=", since{2, 1, 8}}, {"--working-load=", since{2, 1, 9}}}, nil, func(c *ClientSettings) arguments { return text(c.WorkingLoad) }},
	{"TxStartTime", one("--txstart-time", since{2, 0, 13}), nil, func(c *ClientSettings) arguments {
		if c.TxStartTime.IsZero() {
			return nil
		}
		return arguments{fmt.Sprintf("%d.%06d", c.TxStartTime.Unix(), c.TxStartTime.Nanosecond()/1000)}
	}},
	{"TxDelayTime", one("--txdelay-time", since{2, 0, 14}), nil, func(c *ClientSettings) arguments { return seconds(c.TxDelayTime) }},
	{"File", one("-F", all2), one("-F", all3), func(c *ClientSettings) arguments { return text(c.File) }},
	{"NStreams", nil, one("--nstreams", since{3, 1, 0}), func(c *ClientSettings) arguments { return number(c.NStreams) }},

	{"BindDev", nil, one("--bind-dev", since{3, 10, 0}), func(c *ClientSettings) arguments { return text(c.BindDev) }},
	{"IncrDstIP", one("--incr-dstip", since{2, 0, 11}), nil, func(c *ClientSettings) arguments { return bare(c.IncrDstIP) }},
	{"IncrDstPort", one("--incr-dstport", since{2, 1, 5}), nil, func(c *ClientSettings) arguments { return bare(c.IncrDstPort) }},
	{"IncrSrcIP", one("--incr-srcip", since{2, 1, 1}), nil, func(c *ClientSettings) arguments { return bare(c.IncrSrcIP) }},
	{"LocalOnly", one("--local-only", since{2, 0, 14}), nil, func(c *ClientSettings) arguments { return bare(c.LocalOnly) }},

	{"MSS", one("-M", all2), one("-M", all3), func(c *ClientSettings) arguments { return number(c.MSS) }},
	{"NoDelay", one("-N", all2), one("-N", all3), func(c *ClientSettings) arguments { return bare(c.NoDelay) }},
	{"TOS", one("-S", all2), one("-S", all3), func(c *ClientSettings) arguments { return number(c.TOS) }},
	{"TTL", one("-T", all2), nil, func(c *ClientSettings) arguments { return number(c.TTL) }},
	{"FlowLabel", nil, one("-L", since{3, 0, 1}), func(c *ClientSettings) arguments { return number(c.FlowLabel) }},
	{"DontFragment", nil, one("--dont-fragment", since{3, 10, 0}), func(c *ClientSettings) arguments { return bare(c.DontFragment) }},
	{"Congestion", one("-Z", since{2, 0, 4}), one("-C", since{3, 0, 1}), func(c *ClientSettings) arguments { return text(c.Congestion) }},
	{"MPTCP", nil, one("-m", since{3, 19, 0}), func(c *ClientSettings) arguments { return bare(c.MPTCP) }},
	{"NearCongestion", one("--near-congestion=", since{2, 0, 14}), nil, func(c *ClientSettings) arguments { return fraction(c.NearCongestion) }},
	{"TCPQuickACK", one("--tcp-quickack", since{2, 1, 8}), nil, func(c *ClientSettings) arguments { return bare(c.TCPQuickACK) }},
	{"TCPWritePrefetch", one("--tcp-write-prefetch", since{2, 1, 4}), nil, func(c *ClientSettings) arguments { return number(c.TCPWritePrefetch) }},

	{"ZeroCopy", nil, one("-Z", all3), func(c *ClientSettings) arguments { return bare(c.ZeroCopy) }},
	{"SkipRxCopy", nil, one("--skip-rx-copy", since{3, 19, 0}), func(c *ClientSettings) arguments { return bare(c.SkipRxCopy) }},
	{"GSRO", nil, one("--gsro", since{3, 21, 0}), func(c *ClientSettings) arguments { return bare(c.GSRO) }},
	{"RepeatingPayload", nil, one("--repeating-payload", since{3, 6, 0}), func(c *ClientSettings) arguments { return bare(c.RepeatingPayload) }},
	{"UDPCounters64Bit", nil, one("--udp-counters-64bit", since{3, 1, 0}), func(c *ClientSettings) arguments { return bare(c.UDPCounters64Bit) }},
	{"NoConnectSync", one("--no-connect-sync", since{2, 0, 14}), nil, func(c *ClientSettings) arguments { return bare(c.NoConnectSync) }},
	{"NoUDPFin", one("--no-udp-fin", since{2, 0, 14}), nil, func(c *ClientSettings) arguments { return bare(c.NoUDPFin) }},
	{"Affinity", nil, one("-A", all3), func(c *ClientSettings) arguments { return text(c.Affinity) }},
	{"Realtime", one("-z", since{2, 0, 8}), nil, func(c *ClientSettings) arguments { return bare(c.Realtime) }},

	{"RcvTimeout", nil, one("--rcv-timeout", since{3, 10, 0}), func(c *ClientSettings) arguments { return milliseconds(c.RcvTimeout) }},
	{"SndTimeout", nil, one("--snd-timeout", since{3, 12, 0}), func(c *ClientSettings) arguments { return milliseconds(c.SndTimeout) }},
	{"ControlKeepAlive", nil, one("--cntl-ka=", since{3, 19, 0}), func(c *ClientSettings) arguments { return keepAlive(c.ControlKeepAlive) }},
	{"Username", nil, one("--username", since{3, 2, 0}), func(c *ClientSettings) arguments { return text(c.Username) }},
	{"RSAPublicKeyPath", nil, one("--rsa-public-key-path", since{3, 2, 0}), func(c *ClientSettings) arguments { return text(c.RSAPublicKeyPath) }},
	{"UsePKCS1Padding", nil, one("--use-pkcs1-padding", since{3, 17, 0}), func(c *ClientSettings) arguments { return bare(c.UsePKCS1Padding) }},
	{"PermitKey", one("--permit-key=", since{2, 1, 0}), nil, func(c *ClientSettings) arguments { return text(c.PermitKey) }},
	{"Compatibility", one("-C", all2), nil, func(c *ClientSettings) arguments { return bare(c.Compatibility) }},
	{"PeerDetect", one("-X", since{2, 0, 10}), nil, func(c *ClientSettings) arguments { return bare(c.PeerDetect) }},

	{"Verbose", nil, one("-V", all3), func(c *ClientSettings) arguments { return bare(c.Verbose) }},
	{"Enhanced", one("-e", since{2, 0, 8}), nil, func(c *ClientSettings) arguments { return bare(c.Enhanced) }},
	{"JSON", nil, one("-J", all3), func(c *ClientSettings) arguments { return bare(c.JSON) }},
	{"JSONStream", nil, one("--json-stream", since{3, 17, 0}), func(c *ClientSettings) arguments { return bare(c.JSONStream) }},
	{"JSONStreamFullOutput", nil, one("--json-stream-full-output", since{3, 20, 0}), func(c *ClientSettings) arguments { return bare(c.JSONStreamFullOutput) }},
	{"ReportStyle", one("-y", since{2, 0, 0}), nil, func(c *ClientSettings) arguments { return text(c.ReportStyle) }},
	{"ReportExclude", one("-x", since{2, 0, 0}), nil, func(c *ClientSettings) arguments { return text(c.ReportExclude) }},
	{"SumOnly", one("--sum-only", since{2, 0, 14}), nil, func(c *ClientSettings) arguments { return bare(c.SumOnly) }},
	{"PrintMSS", one("-m", all2), nil, func(c *ClientSettings) arguments { return bare(c.PrintMSS) }},
	{"TripTimes", []flag{{"--trip-time", since{2, 0, 13}}, {"--trip-times", since{2, 0, 14}}}, nil, func(c *ClientSettings) arguments { return bare(c.TripTimes) }},
	{"TCPWriteTimes", one("--tcp-write-times", since{2, 1, 8}), nil, func(c *ClientSettings) arguments { return bare(c.TCPWriteTimes) }},
	{"Histograms", one("--histograms=", since{2, 1, 4}), nil, func(c *ClientSettings) arguments { return c.Histograms.arguments() }},
	{"Title", nil, one("-T", all3), func(c *ClientSettings) arguments { return text(c.Title) }},
	{"Timestamps", nil, one("--timestamps=", since{3, 9, 0}), func(c *ClientSettings) arguments { return text(c.Timestamps) }},
	{"ExtraData", nil, one("--extra-data", since{3, 6, 0}), func(c *ClientSettings) arguments { return text(c.ExtraData) }},
	{"GetServerOutput", nil, one("--get-server-output", since{3, 0, 5}), func(c *ClientSettings) arguments { return bare(c.GetServerOutput) }},
	{"SyncTransferID", one("--sync-transfer-id", since{2, 2, 0}), nil, func(c *ClientSettings) arguments { return bare(c.SyncTransferID) }},
	{"HideIPs", one("--hide-ips", since{2, 1, 4}), nil, func(c *ClientSettings) arguments { return bare(c.HideIPs) }},
	{"UTC", one("--utc", since{2, 1, 9}), nil, func(c *ClientSettings) arguments { return bare(c.UTC) }},
}

func (i Isochronous) arguments() arguments {
	if i.FramesPerSecond == 0 {
		return nil
	}
	// The attached values are joined by commas.
	return arguments{strconv.FormatFloat(i.FramesPerSecond, 'f', -1, 64) + ":" + formatRate(i.Mean), formatRate(i.Deviation)}
}

func (h Histograms) arguments() arguments {
	switch {
	case !h.Enable:
		return nil
	case h.BinWidth == 0:
		return arguments{}
	}
	return arguments{fmt.Sprintf("%du", h.BinWidth/time.Microsecond), strconv.Itoa(h.Bins)}
}
