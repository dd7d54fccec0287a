package settings

import (
	"math"
	"slices"
	"time"
)

// Server has the server's settings in the order in which they are written.
var Server = slices.Concat([]Setting{
	{Field: "Port", Two: two("-p"), Three: three("-p"), Is: Range{0, 65535}, Keys: "port"},
	{Field: "AutoPort", Is: Switch{}, Keys: "auto-port"},
	{Field: "Interval", Two: two("-i"), Three: three("-i"), Is: someInterval, Limits2: intervals2, Limits3: intervals3, Keys: "interval"},
	{Field: "Protocol", Two: two("-u"), Keys: "udp sctp"},
	{Field: "Length", Two: two("-l"), Is: Count{"bytes", math.MaxInt64, leastLength}, Limits2: sizes2, Limits3: lengths3, Keys: "len length", FromClient: true},
	{Field: "Window", Two: two("-w"), Is: Count{"bytes", math.MaxInt64, leastWindow}, Limits2: sizes2, Limits3: windows3, Keys: "window", FromClient: true},
	{Field: "MSS", Two: two("-M"), Is: Count{"bytes", mostMSS, leastMSS}, Over: streams, Keys: "mss set-mss", FromClient: true},
	{Field: "NoDelay", Two: two("-N"), Is: Switch{}, Over: streams, Keys: "nodelay no-delay", FromClient: true},
	{Field: "TOS", Two: two("-S"), Is: Range{0, 255}, Keys: "tos dscp", FromClient: true},
	{Field: "Congestion", Two: One("-Z", 2, 0, 4), Is: Text{}, Over: "TCP", Keys: congestionKeys, FromClient: true},

	{Field: "Bind", Two: two("-B"), Three: three("-B"), Is: Text{}, Keys: "bind", Own: true},
	{Field: "BindDev", Three: One("--bind-dev", 3, 10, 0), Is: Text{}, Keys: "bind-dev", Own: true},
	{Field: "File", Three: three("-F"), Is: Text{}, Keys: "file fileinput file-input", Own: true},
	{Field: "Affinity", Three: three("-A"), Is: Text{processors("a processor's number")}, Keys: "affinity", Own: true,
		Limits3: []Limit{{All3, matching(`^[^,]*$`, "one number")}}},

	{Field: "TOSOverride", Two: One("--tos-override", 2, 1, 5), Is: Range{0, 255}, Keys: "tos-override"},
	{Field: "Rate", Two: One("-b", 2, 0, 11), Is: Rate{}, Over: "TCP", Keys: "bandwidth bitrate"},
	{Field: "TCPRxWindowClamp", Two: One("--tcp-rx-window-clamp", 2, 1, 4), Is: Count{"bytes", math.MaxInt32, leastWindow}, Over: "TCP", Keys: "tcp-rx-window-clamp"},
	{Field: "SingleUDP", Two: two("-U"), Is: Switch{}, Over: "UDP", Keys: "single-udp"},
	{Field: "SSMHost", Two: One("-H", 2, 0, 11), Is: Text{}, Over: "UDP", Keys: "ssm-host"},
	{Field: "Compatibility", Two: two("-C"), Is: Switch{}, Keys: "compatibility"},
	{Field: "Realtime", Two: One("-z", 2, 0, 8), Is: Switch{}, Keys: "realtime"},
	{Field: "PermitKeyTimeout", Two: One("--permit-key-timeout", 2, 1, 0), Is: seconds(Day), Keys: "permit-key-timeout"},

	{Field: "RcvTimeout", Three: One("--rcv-timeout", 3, 10, 0), Is: receiveTimeout, Keys: "rcv-timeout", Own: true},
	{Field: "SndTimeout", Three: One("--snd-timeout", 3, 12, 0), Is: sendTimeout, Keys: "snd-timeout"},
	{Field: "IdleTimeout", Three: One("--idle-timeout", 3, 10, 0), Is: seconds(Day), Keys: "idle-timeout"},
	{Field: "MaxDuration", Three: One("--server-max-duration", 3, 20, 0), Is: seconds(Day), Keys: "server-max-duration"},
	{Field: "BitrateLimit", Three: One("--server-bitrate-limit", 3, 9, 0), Is: Rate{}, Keys: "server-bitrate-limit"},
	{Field: "BitrateLimitInterval", Is: seconds(1000 * time.Second), Needs: "BitrateLimit"},
	{Field: "ControlKeepAlive", Three: One("--cntl-ka=", 3, 19, 0), Is: KeepAlive{}, Keys: "cntl-ka"},
	{Field: "RSAPrivateKeyPath", Three: One("--rsa-private-key-path", 3, 2, 0), Is: Text{}, Keys: "rsa-private-key-path"},
	{Field: "AuthorizedUsersPath", Three: One("--authorized-users-path", 3, 2, 0), Is: Text{}, Keys: "authorized-users-path"},
	{Field: "TimeSkewThreshold", Three: One("--time-skew-threshold", 3, 10, 0), Is: seconds(math.MaxInt32 * time.Second), Keys: "time-skew-threshold"},
}, output, []Setting{
	{Field: "SumDstIP", Two: One("--sum-dstip", 2, 0, 14), Is: Switch{}, Keys: "sum-dstip"},
	{Field: "PrintMSS", Two: two("-m"), Is: Switch{}, Keys: "print-mss"},
	{Field: "Histograms", Two: []Flag{{"--udp-histogram=", Since{2, 0, 11}}, {"--histograms=", Since{2, 0, 14}}}, Is: histograms{}, Needs: "Histograms.Enable", Keys: "histograms"},
	{Field: "Histograms.BinWidth", Is: binWidth},
	{Field: "Histograms.Bins", Is: bins},
	{Field: "JitterHistograms", Two: One("--jitter-histograms", 2, 1, 9), Is: Switch{}, Over: "UDP", Keys: "jitter-histograms"},
	{Field: "Timestamps", Three: One("--timestamps=", 3, 9, 0), Is: Text{}, Keys: "timestamps"},
	{Field: "HideIPs", Two: One("--hide-ips", 2, 1, 4), Is: Switch{}, Keys: "hide-ips",
		Limits2: []Limit{{Since{2, 1, 8}, unset("the server crashes at its end")}, {Since{2, 2, 1}, anyValue}}},
	{Field: "UTC", Two: One("--utc", 2, 1, 9), Is: Switch{}, Keys: "utc"},

	{Field: "Format", Two: two("-f"), Three: three("-f"), Is: format, Limits2: formats2, Limits3: formats3, Keys: "format"},
	{Field: "Extra", Two: two(""), Three: three("")},
})
