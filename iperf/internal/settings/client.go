package settings

import (
	"math"
	"slices"
	"time"
)

// fullDuplex is the first version whose numbers of a full-duplex test can be used. 2.0.14 makes one, and prints both ways
// added together.
var fullDuplex = One("--full-duplex", 2, 1, 0)

// What runs write by themselves, or by the value of a setting.
var (
	SCTP       = Setting{Field: "Protocol SCTP", Three: One("--sctp", 3, 1, 0)}
	IPv4       = Setting{Three: three("-4")}
	OneTest    = Setting{Three: One("-1", 3, 0, 11)}
	ForceFlush = Setting{Three: One("--forceflush", 3, 1, 5)}
)

// Client has the client's settings in the order in which they are written. Short flags are used if there are, because old
// versions lack the long ones.
//
// To add a setting:
//  1. Add its field, with a comment, to ClientSettings or ServerSettings in package iperf.
//  2. Add its row to Client, Server or, if both ends have it and print by it, output.
//  3. If the flag and the value do not make its command line, write it in commandLine.ofClient or ofServer.
//  4. If it does not go with others, add that to settings_together.go, or to options_limits.go for some versions only.
//  5. Add its flags to clientCases or serverCases, and its effect to clientTrials or serverTrials.
//  6. Run go generate ./iperf, go test ./iperf -run CommandLinesStay -update, and make sweep SWEEP=<its name>.
var Client = slices.Concat([]Setting{
	{Field: "Protocol", Two: two("-u"), Three: []Flag{{"-u", All3}}, Keys: "udp sctp"},
	{Field: "Bytes", Two: two("-n"), Three: three("-n"), Is: Count{"bytes", mostBytes, leastBytes}, Keys: "num bytes"},
	{Field: "Blocks", Three: One("-k", 3, 0, 1), Is: Count{"blocks", mostBlocks, 0}, Keys: "blockcount"},
	{Field: "Time", Two: two("-t"), Three: three("-t"), Is: Duration{Most: LongestTime}, Keys: "time",
		Limits3: []Limit{{All3, both(wholeSeconds, noLonger(time.Hour))}, {Since{3, 0, 5}, both(wholeSeconds, noLonger(Day))}}},
	{Field: "Omit", Three: three("-O"), Is: Duration{Most: Day}, Keys: "omit",
		Limits3: []Limit{{All3, both(wholeSeconds, noLonger(time.Minute))}, {Since{3, 18, 0}, both(wholeSeconds, noLonger(10*time.Minute))}}},
	{Field: "Interval", Two: two("-i"), Three: three("-i"), Is: someInterval, Limits2: intervals2, Limits3: intervals3, Keys: "interval"},
	{Field: "Parallel", Two: two("-P"), Three: three("-P"), Is: Count{"streams", mostStreams, 0}, Keys: "parallel",
		Limits3: []Limit{{All3, noMore(128, "")}}},
	{Field: "Rate", Two: two("-b"), Three: three("-b"), Is: Rate{}, Keys: "bandwidth bitrate"},
	{Field: "RateDeviation", Two: One("-b", 2, 0, 12), Is: Rate{Small: true}, Needs: "Rate"},
	{Field: "PacketRate", Two: One("-b", 2, 0, 8), Is: Count{"datagrams per second", math.MaxInt32, 0}, Over: "UDP"},
	{Field: "Burst", Three: three("-b"), Is: Range{0, 1000}, Needs: "Rate",
		Limits3: []Limit{{Since{3, 18, 0}, unset("its client ignores Rate with it")}, {Since{3, 19, 0}, noMore(1000, "")}}},
	{Field: "Unlimited", Two: One("-b 0", 2, 2, 0), Three: One("-b 0", 3, 0, 7), Is: Switch{}, Over: "UDP"},
	{Field: "Length", Two: two("-l"), Three: three("-l"), Is: Count{"bytes", math.MaxInt64, leastLength}, Limits2: sizes2, Limits3: lengths3, Keys: "len length"},
	{Field: "Window", Two: two("-w"), Three: three("-w"), Is: Count{"bytes", math.MaxInt64, leastWindow}, Limits2: sizes2, Limits3: windows3, Keys: "window"},
	{Field: "Reverse", Two: One("-R", 2, 0, 14), Three: three("-R"), Is: Switch{}, Keys: "reverse", Server: Known},
	{Field: "Port", Two: two("-p"), Three: three("-p"), Is: Range{0, 65535}, Keys: "port"},
	{Field: "ClientPort", Two: One("-B", 2, 0, 7), Three: One("--cport", 3, 1, 0), Is: Range{0, 65535}, Keys: "cport"},
	{Field: "Bind", Two: two("-B"), Three: three("-B"), Is: Text{}, Keys: "bind", Own: true},
	{Field: "XBind", Three: One("-X", 3, 1, 0), Over: "SCTP", Keys: "xbind"},

	{Field: "Bidir", Three: One("--bidir", 3, 7, 0), Is: Switch{}, Keys: "bidir", Server: Known},
	{Field: "FullDuplex", Two: fullDuplex, Is: Switch{}, Keys: "full-duplex", Server: Known},
	{Field: "Dualtest", Two: two("-d"), Is: Switch{}, Keys: "dualtest"},
	{Field: "Tradeoff", Two: two("-r"), Is: Switch{}, Keys: "tradeoff"},
	{Field: "ListenPort", Two: two("-L"), Is: Range{0, 65535}, Needs: "Dualtest Tradeoff", Keys: "listenport"},

	{Field: "FQRate", Two: One("--fq-rate", 2, 0, 13), Three: One("--fq-rate", 3, 1, 5), Is: Rate{}, Keys: "fq-rate"},
	{Field: "PacingTimer", Three: One("--pacing-timer", 3, 2, 0), Keys: "pacing-timer",
		Is:      Duration{Low: true, Whole: time.Microsecond, Most: longestTimer, Unit: time.Microsecond},
		Limits3: []Limit{{Since{3, 18, 0}, unset("it has no effect")}}},
	{Field: "BurstSize", Two: One("--burst-size", 2, 1, 1), Is: Count{"bytes", math.MaxInt32, leastLength}, Needs: "BurstPeriod", Keys: "burst-size"},
	{Field: "BurstPeriod", Two: One("--burst-period", 2, 1, 1), Keys: "burst-period",
		Is: Duration{Low: true, Above: 10 * time.Microsecond, Most: longestTimer}},
	{Field: "Isochronous", Two: One("--isochronous=", 2, 0, 12), Is: isochronous{}, Keys: "isochronous"},
	{Field: "Isochronous.FramesPerSecond", Is: Number{mostFrames}},
	{Field: "Isochronous.Mean", Is: Rate{}},
	{Field: "Isochronous.Deviation", Is: Rate{Small: true}},
	{Field: "Bounceback", Two: One("--bounceback=", 2, 1, 7), Is: bounceback{}, Needs: "Bounceback.Enable", Keys: "bounceback", Server: Known},
	{Field: "Bounceback.Enable", Over: "TCP"},
	{Field: "Bounceback.Writes", Is: Count{"writes", math.MaxInt32, 0}},
	{Field: "Bounceback.Period", Two: One("--bounceback-period", 2, 1, 8), Is: Duration{Most: longestTimer}, Keys: "bounceback-period"},
	{Field: "Bounceback.Hold", Two: One("--bounceback-hold", 2, 1, 8), Keys: "bounceback-hold",
		Is: Duration{Low: true, Whole: time.Microsecond, Most: longestTimer, Unit: time.Millisecond}, Limits2: []Limit{{Since{2, 2, 1}, unset("the server does not wait")}}},
	{Field: "Bounceback.NoQuickACK", Two: One("--bounceback-no-quickack", 2, 1, 8), Is: Switch{}, Keys: "bounceback-no-quickack"},
	{Field: "WorkingLoad", Two: []Flag{{"--bounceback-congest=", Since{2, 1, 8}}, {"--working-load=", Since{2, 1, 9}}}, Needs: "Bounceback.Enable",
		Is:   Text{matching(`^((up|down|bidir)(,[1-9][0-9]{0,4})?)?$`, `"up", "down" or "bidir", with a number as in "up,4"`)},
		Keys: "working-load bounceback-congest"},
	{Field: "TxStartTime", Two: One("--txstart-time", 2, 0, 13), Is: start{}, Keys: "txstart-time"},
	{Field: "TxDelayTime", Two: One("--txdelay-time", 2, 0, 14), Is: Duration{Most: Day}, Keys: "txdelay-time"},
	{Field: "File", Two: two("-F"), Three: three("-F"), Is: Text{}, Keys: "file fileinput file-input", Own: true},
	{Field: "NStreams", Three: One("--nstreams", 3, 1, 0), Is: Range{0, math.MaxUint16}, Over: "SCTP", Keys: "nstreams"},

	{Field: "BindDev", Three: One("--bind-dev", 3, 10, 0), Is: Text{}, Keys: "bind-dev", Own: true},
	{Field: "IncrDstIP", Two: One("--incr-dstip", 2, 0, 11), Is: Switch{}, Keys: "incr-dstip"},
	{Field: "IncrDstPort", Two: One("--incr-dstport", 2, 1, 5), Is: Switch{}, Keys: "incr-dstport", Server: Known},
	{Field: "IncrSrcIP", Two: One("--incr-srcip", 2, 1, 1), Is: Switch{}, Needs: "Bind", Keys: "incr-srcip"},
	{Field: "LocalOnly", Two: One("--local-only", 2, 0, 14), Is: Switch{}, Keys: "local-only"},

	{Field: "MSS", Two: two("-M"), Three: three("-M"), Is: Count{"bytes", mostMSS, leastMSS}, Over: streams, Keys: "mss set-mss",
		Limits3: []Limit{{All3, noMore(9216, "")}, {Since{3, 21, 0}, noMore(mostMSS, "")}}},
	{Field: "NoDelay", Two: two("-N"), Three: three("-N"), Is: Switch{}, Over: streams, Keys: "nodelay no-delay"},
	{Field: "TOS", Two: two("-S"), Three: three("-S"), Is: Range{0, 255}, Keys: "tos dscp"},
	{Field: "TTL", Two: two("-T"), Is: Range{0, 255}, Keys: "ttl"},
	{Field: "FlowLabel", Three: One("-L", 3, 0, 1), Is: Range{0, 1<<20 - 1}, Keys: "flowlabel"},
	{Field: "DontFragment", Three: One("--dont-fragment", 3, 10, 0), Is: Switch{}, Over: "UDP", Keys: "dont-fragment"},
	{Field: "Congestion", Two: One("-Z", 2, 0, 4), Three: One("-C", 3, 0, 1), Is: Text{}, Over: "TCP", Keys: congestionKeys},
	{Field: "MPTCP", Three: One("-m", 3, 19, 0), Is: Switch{}, Over: "TCP", Keys: "mptcp", Server: Given},
	{Field: "NearCongestion", Two: One("--near-congestion=", 2, 0, 14), Is: Number{mostRoundTrips}, Over: "TCP", Keys: "near-congestion"},
	{Field: "TCPQuickACK", Two: One("--tcp-quickack", 2, 1, 8), Is: Switch{}, Over: "TCP", Keys: "tcp-quickack"},
	{Field: "TCPWritePrefetch", Two: One("--tcp-write-prefetch", 2, 1, 4), Is: Count{"bytes", math.MaxInt32, 0}, Over: "TCP", Keys: "tcp-write-prefetch"},

	{Field: "ZeroCopy", Three: three("-Z"), Is: Switch{}, Over: "TCP", Keys: "zerocopy"},
	{Field: "SkipRxCopy", Three: One("--skip-rx-copy", 3, 19, 0), Is: Switch{}, Over: "TCP", Keys: "skip-rx-copy"},
	{Field: "GSRO", Three: One("--gsro", 3, 21, 0), Is: Switch{}, Over: "UDP", Keys: "gsro"},
	{Field: "RepeatingPayload", Three: One("--repeating-payload", 3, 6, 0), Is: Switch{}, Keys: "repeating-payload"},
	{Field: "UDPCounters64Bit", Three: One("--udp-counters-64bit", 3, 1, 0), Is: Switch{}, Over: "UDP", Keys: "udp-counters-64bit"},
	{Field: "NoConnectSync", Two: One("--no-connect-sync", 2, 0, 14), Is: Switch{}, Keys: "no-connect-sync"},
	{Field: "NoUDPFin", Two: One("--no-udp-fin", 2, 0, 14), Is: Switch{}, Over: "UDP", Keys: "no-udp-fin"},
	{Field: "Affinity", Three: three("-A"), Is: Text{processors(`a processor's number, or two as in "0,1"`)}, Keys: "affinity", Own: true},
	{Field: "Realtime", Two: One("-z", 2, 0, 8), Is: Switch{}, Keys: "realtime"},

	{Field: "RcvTimeout", Three: One("--rcv-timeout", 3, 10, 0), Is: receiveTimeout, Needs: "Reverse Bidir", Keys: "rcv-timeout", Own: true},
	{Field: "SndTimeout", Three: One("--snd-timeout", 3, 12, 0), Is: sendTimeout, Keys: "snd-timeout"},
	{Field: "ControlKeepAlive", Three: One("--cntl-ka=", 3, 19, 0), Is: KeepAlive{}, Keys: "cntl-ka"},
	{Field: "Username", Three: One("--username", 3, 2, 0), Is: Text{}, Keys: "username"},
	{Field: "RSAPublicKeyPath", Three: One("--rsa-public-key-path", 3, 2, 0), Is: Text{}, Keys: "rsa-public-key-path"},
	{Field: "UsePKCS1Padding", Three: One("--use-pkcs1-padding", 3, 17, 0), Is: Switch{}, Keys: "use-pkcs1-padding", Server: Given,
		Limits3: []Limit{{Since{3, 20, 0}, unset("only the server takes it")}}},
	{Field: "PermitKey", Two: One("--permit-key=", 2, 1, 0), Is: Text{permitKey}, Over: "TCP", Keys: "permit-key", Server: Given},
	{Field: "Compatibility", Two: two("-C"), Is: Switch{}, Keys: "compatibility"},
	{Field: "PeerDetect", Two: One("-X", 2, 0, 10), Is: Switch{}, Over: "TCP", Keys: "peer-detect"},
}, output, []Setting{
	{Field: "PrintMSS", Two: two("-m"), Is: Switch{}, Keys: "print-mss"},
	{Field: "TripTimes", Two: []Flag{{"--trip-time", Since{2, 0, 13}}, {"--trip-times", Since{2, 0, 14}}}, Is: Switch{}, Keys: "trip-times trip-time"},
	{Field: "TCPWriteTimes", Two: One("--tcp-write-times", 2, 1, 8), Is: Switch{}, Over: "TCP", Keys: "tcp-write-times"},
	{Field: "Histograms", Two: One("--histograms=", 2, 1, 4), Is: histograms{}, Needs: "Histograms.Enable", Keys: "histograms"},
	{Field: "Histograms.BinWidth", Is: binWidth},
	{Field: "Histograms.Bins", Is: bins},
	{Field: "Title", Three: three("-T"), Is: Text{}, Keys: "title"},
	{Field: "Timestamps", Three: One("--timestamps=", 3, 9, 0), Is: Text{}, Keys: "timestamps"},
	{Field: "ExtraData", Three: One("--extra-data", 3, 6, 0), Is: Text{}, Keys: "extra-data"},
	{Field: "GetServerOutput", Three: One("--get-server-output", 3, 0, 5), Is: Switch{}, Keys: "get-server-output"},
	{Field: "SyncTransferID", Two: One("--sync-transfer-id", 2, 2, 0), Is: Switch{}, Keys: "sync-transfer-id",
		Limits2: []Limit{{Since{2, 2, 1}, unset("it has no effect")}}},
	{Field: "HideIPs", Two: One("--hide-ips", 2, 1, 4), Is: Switch{}, Keys: "hide-ips"},
	{Field: "UTC", Two: One("--utc", 2, 1, 9), Is: Switch{}, Keys: "utc"},

	{Field: "ConnectTimeout", Three: One("--connect-timeout", 3, 2, 0), Keys: "connect-timeout",
		Is: Duration{Whole: time.Millisecond, Most: Day, Unit: time.Millisecond}},
	{Field: "IPVersion", Two: two("-V"), Three: three("-6"), Is: ipVersion{}, Keys: "ipv6version ipv6-domain version6 version4"},
	{Field: "Format", Two: two("-f"), Three: three("-f"), Is: format, Limits2: formats2, Limits3: formats3, Keys: "format"},
	{Field: "Extra", Two: two(""), Three: three("")},
})
