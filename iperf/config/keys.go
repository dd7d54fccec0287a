package config

import (
	"fmt"
	"reflect"
	"strings"
	"time"

	"github.com/tunaperf/tuna/iperf"
	"github.com/tunaperf/tuna/iperf/report"
)

// fields names the field, of the client's settings or the server's or both, that a key sets. The type of the field says
// how its value is read.
var fields = map[string]string{
	// both programs
	"time": "Time", "num": "Bytes", "bytes": "Bytes", "interval": "Interval", "parallel": "Parallel",
	"len": "Length", "length": "Length", "window": "Window", "port": "Port", "reverse": "Reverse",
	"mss": "MSS", "set-mss": "MSS", "nodelay": "NoDelay", "no-delay": "NoDelay",
	"linux-congestion": "Congestion", "tcp-congestion": "Congestion", "tcp-cca": "Congestion", "congestion": "Congestion",
	"bind": "Bind", "fq-rate": "FQRate", "format": "Format",
	"file": "File", "fileinput": "File", "file-input": "File",

	// iperf 2
	"print-mss": "PrintMSS", "compatibility": "Compatibility", "reportexclude": "ReportExclude", "reportstyle": "ReportStyle",
	"dualtest": "Dualtest", "tradeoff": "Tradeoff", "full-duplex": "FullDuplex", "listenport": "ListenPort", "ttl": "TTL",
	"single-udp": "SingleUDP", "enhanced": "Enhanced", "realtime": "Realtime", "peer-detect": "PeerDetect",
	"trip-times": "TripTimes", "trip-time": "TripTimes", "txdelay-time": "TxDelayTime", "no-connect-sync": "NoConnectSync",
	"no-udp-fin": "NoUDPFin", "sum-only": "SumOnly", "sum-dstip": "SumDstIP", "local-only": "LocalOnly",
	"incr-dstip": "IncrDstIP", "incr-dstport": "IncrDstPort", "incr-srcip": "IncrSrcIP",
	"burst-size": "BurstSize", "burst-period": "BurstPeriod", "near-congestion": "NearCongestion",
	"working-load": "WorkingLoad", "bounceback-congest": "WorkingLoad",
	"permit-key": "PermitKey", "permit-key-timeout": "PermitKeyTimeout", "tcp-rx-window-clamp": "TCPRxWindowClamp",
	"tcp-quickack": "TCPQuickACK", "tcp-write-prefetch": "TCPWritePrefetch", "tcp-write-times": "TCPWriteTimes",
	"jitter-histograms": "JitterHistograms", "sync-transfer-id": "SyncTransferID", "hide-ips": "HideIPs", "utc": "UTC",
	"ssm-host": "SSMHost",

	// iperf 3
	"omit": "Omit", "blockcount": "Blocks", "bidir": "Bidir", "cport": "ClientPort", "bind-dev": "BindDev",
	"flowlabel": "FlowLabel", "dont-fragment": "DontFragment", "mptcp": "MPTCP", "nstreams": "NStreams",
	"zerocopy": "ZeroCopy", "skip-rx-copy": "SkipRxCopy", "gsro": "GSRO", "repeating-payload": "RepeatingPayload",
	"udp-counters-64bit": "UDPCounters64Bit", "affinity": "Affinity", "pacing-timer": "PacingTimer",
	"connect-timeout": "ConnectTimeout", "rcv-timeout": "RcvTimeout", "snd-timeout": "SndTimeout",
	"idle-timeout": "IdleTimeout", "server-max-duration": "MaxDuration",
	"username": "Username", "rsa-public-key-path": "RSAPublicKeyPath", "use-pkcs1-padding": "UsePKCS1Padding",
	"rsa-private-key-path": "RSAPrivateKeyPath", "authorized-users-path": "AuthorizedUsersPath", "time-skew-threshold": "TimeSkewThreshold",
	"verbose": "Verbose", "json": "JSON", "json-stream": "JSONStream", "json-stream-full-output": "JSONStreamFullOutput",
	"title": "Title", "timestamps": "Timestamps", "extra-data": "ExtraData", "get-server-output": "GetServerOutput",

	// not of iperf
	"auto-port": "AutoPort",
}

// The options of iperf 3 that are not in seconds.
var units = map[string]time.Duration{
	"connect-timeout": time.Millisecond, "rcv-timeout": time.Millisecond, "snd-timeout": time.Millisecond,
	"pacing-timer": time.Microsecond,
}

// The options that are about one machine are the client's, unless the key begins with server_.
var clientOnly = map[string]bool{"Bind": true, "BindDev": true, "File": true, "Affinity": true, "RcvTimeout": true}

// Options that a run has no use for, and what to do instead. As long as they are off they do no harm.
var refused = map[string]string{
	"daemon":      "a server is started beside its client, and ended after the test, without it",
	"stdin":       "a run has no standard input to give: put the data into a file on the client's host and use fileinput",
	"stdin-input": "a run has no standard input to give: put the data into a file on the client's host and use fileinput",
	"output":      "the run has to read the output: use store_output and a FileStorage",
	"logfile":     "the run has to read the output: use store_output and a FileStorage",
	"version":     "the program would print its version and end: use Iperf.Version",
	"help":        "the program would print its options and end",
	"server":      "the run tells the program which end it is",
	"client":      "the run tells the program which end it is",
}

// A parser sets what the keys of a section say.
type parser struct {
	*Configuration
	errs []error
}

// set sets what a key says, and reports whether it knows it.
func (p *parser) set(key, value string) (known bool, err error) {
	name := strings.ReplaceAll(key, "_", "-")
	switch name {
	case "component", "client-section", "server-section", "program":
		return true, nil
	case "direction":
		p.Direction, err = iperf.ParseDirection(value)
		if err != nil {
			err = fmt.Errorf("%w: %w", iperf.ErrSettings, err)
		}
		return true, err
	case "iperf-repetitions":
		p.Repetitions, err = parseCount(value)
		return true, err
	case "aggregator":
		p.AggregatorName = value
		return true, nil
	case "use-sums":
		sums, err := parseFlag(value)
		p.Parser = &report.IperfParser{}
		if sums {
			p.Parser = &report.SumParser{}
		}
		return true, err
	case "store-output":
		p.StoreOutput, err = parseFlag(value)
		return true, err
	case "sleep":
		p.Sleep, err = parseTime(value, time.Second)
		return true, err
	}
	if why, ok := refused[name]; ok {
		if on, err := parseFlag(value); err == nil && !on {
			return true, nil
		}
		return true, fmt.Errorf("%w: is not supported: %s", iperf.ErrSettings, why)
	}
	client, server := reflect.ValueOf(&p.ClientSettings).Elem(), reflect.ValueOf(&p.ServerSettings).Elem()
	if known, err := p.setOption(name, value, client, server, false); known {
		return true, err
	}
	if rest, ok := strings.CutPrefix(name, "client-"); ok {
		return p.setOption(rest, value, client, reflect.Value{}, true)
	}
	if rest, ok := strings.CutPrefix(name, "server-"); ok {
		return p.setOption(rest, value, reflect.Value{}, server, true)
	}
	return false, nil
}

// setOption sets an option of the ends that are given. Chosen means that the key says which end it is for.
func (p *parser) setOption(name, value string, client, server reflect.Value, chosen bool) (known bool, err error) {
	if special, ok := specials[name]; ok {
		return special(p, value, client.IsValid(), server.IsValid())
	}
	field, ok := fields[name]
	if !ok {
		return false, nil
	}
	for _, end := range []reflect.Value{client, server} {
		if !end.IsValid() || end == server && clientOnly[field] && !chosen {
			continue
		}
		if f := end.FieldByName(field); f.IsValid() {
			known = true
			if err = p.setField(f, value, units[name]); err != nil {
				return true, err
			}
		}
	}
	return known, nil
}

// setField sets a field by its type.
func (p *parser) setField(f reflect.Value, value string, unit time.Duration) error {
	if unit == 0 {
		unit = time.Second
	}
	var v any
	var err error
	switch f.Interface().(type) {
	case string:
		v = value
	case bool:
		v, err = parseFlag(value)
	case int:
		v, err = parseCount(value)
	case int64:
		v, err = iperf.ParseSize(p.Program, value)
	case time.Duration:
		v, err = parseTime(value, unit)
	case report.BitRate:
		v, err = iperf.ParseRate(p.Program, value)
	case float64:
		var r report.BitRate
		r, err = iperf.ParseRate("", value)
		v = float64(r)
	default:
		panic(fmt.Sprintf("config: a key for a field of type %v", f.Type()))
	}
	if err != nil {
		return err
	}
	f.Set(reflect.ValueOf(v))
	return nil
}
