package config

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"reflect"
	"slices"
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

// The keys of a test's section that are no options of iperf.
const (
	keyComponent     = "component"
	keyClientSection = "client_section"
	keyServerSection = "server_section"
)

var ownKeys = []string{
	keyComponent, keyClientSection, keyServerSection, "program", "direction", "iperf_repetitions", "aggregator", "use_sums", "store_output", "sleep",
}

// optionKeys are the keys of iperf's options, in order. testKeys are those of a test's section, but for those with client_
// or server_ in front.
var (
	optionKeys = slices.Sorted(maps.Keys(allOptions()))
	testKeys   = slices.Concat(ownKeys, optionKeys)
)

func allOptions() map[string]bool {
	all := map[string]bool{}
	for key := range fields {
		all[key] = true
	}
	for key := range specials {
		all[key] = true
	}
	return all
}

// A parser sets what the keys of a section say.
type parser struct {
	*Configuration
	claimed   map[string]string // the key that sets a field, for both ends or for one
	origin    map[string]string // the key that has set a field such as Client.Port
	unlimited bool              // the client's rate is 0, which is no limit
}

// claim notes that key sets fields. It is an error if another key has set one of them, unless one of the keys is for one
// end and the other is not.
func (p *parser) claim(key string, forOneEnd bool, fields ...string) error {
	for _, field := range fields {
		p.origin[field] = key
		claim := fmt.Sprint(field, forOneEnd)
		if other, ok := p.claimed[claim]; ok {
			return fmt.Errorf("%w: sets what %s sets: only one of them may be given", iperf.ErrSettings, other)
		}
		p.claimed[claim] = key
	}
	return nil
}

// endFields returns the names of a field of the client, of the server, or of both.
func endFields(field string, client, server bool) (names []string) {
	if client {
		names = append(names, "Client."+field)
	}
	if server {
		names = append(names, "Server."+field)
	}
	return names
}

// set sets what a key says, and reports whether it knows it.
func (p *parser) set(key, value string) (known bool, err error) {
	name := strings.ReplaceAll(key, "_", "-")
	if known, err := p.setOwn(key, name, value); known {
		return true, err
	}
	option, client, server := name, true, true
	if _, isOption := fields[name]; !isOption && specials[name].set == nil && refused[name] == "" {
		if rest, ok := strings.CutPrefix(name, "client-"); ok {
			option, server = rest, false
		} else if rest, ok := strings.CutPrefix(name, "server-"); ok {
			option, client = rest, false
		}
	}
	if why, ok := refused[option]; ok {
		if on, err := parseFlag(value); err == nil && !on {
			return true, nil
		}
		return true, fmt.Errorf("%w: is not supported: %s", iperf.ErrSettings, why)
	}
	return p.setOption(key, option, value, client, server)
}

// setOwn sets what is no option of iperf.
func (p *parser) setOwn(key, name, value string) (known bool, err error) {
	switch name {
	case "component", "client-section", "server-section":
	case "program":
		p.Program = value
	case "direction":
		p.Direction, err = parseDirection(value)
	case "iperf-repetitions":
		if p.Repetitions, err = parseCount(value); err == nil && p.Repetitions < 1 {
			err = bad(value, "1 or more")
		}
	case "aggregator":
		p.AggregatorName = cmp.Or(value, defaultAggregator)
		if p.Aggregator, err = iperf.ParseAggregator(p.AggregatorName); err != nil {
			err = bad(value, "median, mean, min, max, sum, or p0 to p100", "median", "mean", "min", "max", "sum")
		}
	case "use-sums":
		var sums bool
		sums, err = parseFlag(value)
		p.Parser = &report.IperfParser{}
		if sums {
			p.Parser = &report.SumParser{}
		}
	case "store-output":
		p.StoreOutput, err = parseFlag(value)
	case "sleep":
		p.Sleep, err = parseTime(value, time.Second)
	default:
		return false, nil
	}
	return true, errors.Join(p.claim(key, false, name), err)
}

// setOption sets an option of the client, of the server, or of both.
func (p *parser) setOption(key, option, value string, client, server bool) (known bool, err error) {
	forOneEnd := !client || !server
	if s := specials[option]; s.set != nil {
		client, server = client && s.client, server && s.server
		if !client && !server {
			return false, nil
		}
		fields, err := s.set(p, value, client, server)
		if err != nil {
			return true, err
		}
		return true, p.claim(key, forOneEnd, fields...)
	}
	field, ok := fields[option]
	if !ok {
		return false, nil
	}
	clientField, serverField := reflect.Value{}, reflect.Value{}
	if client {
		clientField = reflect.ValueOf(&p.ClientSettings).Elem().FieldByName(field)
	}
	if server && !(client && clientOnly[field]) {
		serverField = reflect.ValueOf(&p.ServerSettings).Elem().FieldByName(field)
	}
	if !clientField.IsValid() && !serverField.IsValid() {
		return false, nil
	}
	for _, f := range []reflect.Value{clientField, serverField} {
		if f.IsValid() {
			if err := p.setField(f, value, units[option]); err != nil {
				return true, err
			}
		}
	}
	return true, p.claim(key, forOneEnd, endFields(field, clientField.IsValid(), serverField.IsValid())...)
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
		v, err = parseFloat(value)
	default:
		panic(fmt.Sprintf("config: a key for a field of type %v", f.Type()))
	}
	if err != nil {
		return err
	}
	f.Set(reflect.ValueOf(v))
	return nil
}
