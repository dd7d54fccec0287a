package iperf

import (
	"cmp"
	"fmt"
	"net"
	"reflect"
	"slices"
	"strings"
	"time"

	"github.com/tunaperf/tuna/iperf/internal/settings"
	"github.com/tunaperf/tuna/iperf/report"
)

// onlyOneOf has groups of client's settings of which iperf refuses all but one, or would silently ignore one.
var onlyOneOf = [][]string{
	{"Time", "Bytes", "Blocks"},
	{"Bytes", "Bounceback.Enable"}, // the requests go on for ever
	{"Reverse", "Bidir", "FullDuplex", "Dualtest", "Tradeoff"},
	{"Rate", "PacketRate", "Unlimited", "Isochronous.FramesPerSecond", "NearCongestion"},
	{"BurstPeriod", "Isochronous.FramesPerSecond", "NearCongestion", "Bounceback.Enable"},
	{"TxStartTime", "TxDelayTime"},
	{"DontFragment", "Reverse"},                                          // it is the sender's, which would be the server
	{"MPTCP", "FQRate"}, {"MPTCP", "FlowLabel"}, {"MPTCP", "SndTimeout"}, // which Linux does not take for its sockets, or ignores
	{"Compatibility", "Reverse"}, {"Compatibility", "FullDuplex"}, {"Compatibility", "Dualtest"}, {"Compatibility", "Tradeoff"},
	{"Compatibility", "TripTimes"}, {"Compatibility", "RateDeviation"}, {"Compatibility", "Histograms.Enable"},
	{"Compatibility", "Isochronous.FramesPerSecond"}, {"Compatibility", "Enhanced"}, {"Compatibility", "Bounceback.Enable"},
	{"Compatibility", "TxStartTime"}, {"Compatibility", "TCPWritePrefetch"},
	{"Bounceback.NoQuickACK", "TCPQuickACK"},
	{"PermitKey", "Bounceback.Enable"}, // the key is not sent, and the server takes a client without it
}

// onlyOneOutput has groups like those of onlyOneOf for both ends: the JSON of iperf 3 is the same with the others of a group.
var onlyOneOutput = [][]string{
	{"JSON", "JSONStream"},
	{"JSON", "Verbose"}, {"JSONStream", "Verbose"},
	{"JSON", "Timestamps"}, {"JSONStream", "Timestamps"},
}

// together finds settings of one end that do not go together with each other or with the protocol of the test.
func (f *faults) together(end end, p report.Protocol) {
	for _, group := range onlyOneOutput {
		f.onlyOne(end, group...)
	}
	for _, s := range end.table {
		if s.Needs != "" {
			f.needs(end, s.Field, strings.Fields(s.Needs)...)
		}
		if end.set(s.Field) && !s.IsOver(p.String()) {
			f.bad(end.name(s.Field), end.text(s.Field), fmt.Sprintf("unset unless Client.Protocol (%v) is %s", p, s.Protocols()), "Client.Protocol")
		}
	}
	if end.value("Histograms.Enable").Bool() {
		f.bothOrNone(end, "Histograms.Bins", "Histograms.BinWidth")
	}
	alive := end.value("ControlKeepAlive")
	if _, allowed := (settings.KeepAlive{}).Check(alive); allowed == "" {
		f.keepAlive(end.name("ControlKeepAlive"), alive.Interface().(net.KeepAliveConfig))
	}
}

// longestDatagram is the most that IPv4 carries.
const longestDatagram = 65507

// clientTogether finds settings of the client that do not go together.
func (f *faults) clientTogether(client end, c *ClientSettings) {
	for _, group := range onlyOneOf {
		f.onlyOne(client, group...)
	}
	f.bothOrNone(client, "Username", "RSAPublicKeyPath")
	// The socket of a server that listens for both versions of IP is of IPv6. Linux has no traffic class for MPTCP's.
	if c.MPTCP && c.TOS > 0 && c.IPVersion != 4 {
		f.bad("Client.TOS", c.TOS, fmt.Sprintf("0 with Client.MPTCP (true) unless Client.IPVersion (%d) is 4", c.IPVersion), "Client.MPTCP", "Client.IPVersion")
	}
	if c.Title != "" && c.JSONStream && !c.JSONStreamFullOutput {
		f.bad("Client.Title", client.text("Title"), "empty with Client.JSONStream (true) unless Client.JSONStreamFullOutput (false) is set",
			"Client.JSONStream", "Client.JSONStreamFullOutput")
	}
	f.lastPort(client, c)
	if c.protocol() == report.ProtocolUDP && c.Length > longestDatagram {
		f.bad("Client.Length", c.Length, fmt.Sprintf("%d bytes or less with Client.Protocol (UDP)", longestDatagram), "Client.Protocol")
	}
	if c.ports() > autoPorts {
		f.bad("Client.Parallel", c.Parallel, fmt.Sprintf("%d or less with Client.IncrDstPort (true)", autoPorts), "Client.IncrDstPort")
	}
	if length := cmp.Or(c.Length, c.usualLength()); c.BurstSize > 0 && c.BurstSize < length {
		var together []string
		if c.Length > 0 {
			together = []string{"Client.Length"}
		}
		f.bad("Client.BurstSize", c.BurstSize, fmt.Sprintf("0, or Client.Length or more, which is %d", length), together...)
	}
}

// serverTogether finds settings of the server that do not go together.
func (f *faults) serverTogether(server end, s *ServerSettings, c *ClientSettings) {
	f.onlyOne(server, "Port", "AutoPort")
	for _, later := range []string{"Enhanced", "Histograms.Enable", "JitterHistograms"} {
		f.onlyOne(server, "Compatibility", later)
	}
	f.bothOrNone(server, "RSAPrivateKeyPath", "AuthorizedUsersPath")
	if s.PermitKeyTimeout > 0 && c.PermitKey == "" {
		f.bad("Server.PermitKeyTimeout", s.PermitKeyTimeout, "0 unless Client.PermitKey is set", "Client.PermitKey")
	}
	if s.SndTimeout > 0 && c.MPTCP { // as for the client
		f.bad("Server.SndTimeout", s.SndTimeout, "0 with Client.MPTCP (true)", "Client.MPTCP")
	}
	f.lastPort(server, c)
}

// lastPort checks that the last port of a test is one.
func (f *faults) lastPort(end end, c *ClientSettings) {
	const most = 65535
	port, last := end.value("Port").Int(), int64(most+1-min(c.ports(), most+1))
	if port > last && port <= most {
		f.bad(end.name("Port"), port, fmt.Sprintf("from 0 to %d with Client.IncrDstPort (true) and Client.Parallel (%d)", last, c.Parallel),
			"Client.IncrDstPort", "Client.Parallel")
	}
}

// keepAlive checks that the idle time is longer than all probes take together.
func (f *faults) keepAlive(field string, k net.KeepAliveConfig) {
	interval, count := k.Interval, k.Count
	if interval <= 0 {
		interval = settings.ProbeInterval
	}
	if count <= 0 {
		count = settings.Probes
	}
	if least := interval * time.Duration(count); k.Enable && k.Idle > 0 && k.Idle <= least {
		f.bad(field+".Idle", k.Idle, fmt.Sprintf("0, or more than Interval x Count, which are %v x %d", interval, count),
			field+".Interval", field+".Count")
	}
}

// An end has the settings of a client or a server by their names, such as "Time" or "Bounceback.Writes".
type end struct {
	side   string // "Client" or "Server"
	table  []settings.Setting
	fields reflect.Value
}

func clientEnd(c *ClientSettings) end {
	return end{"Client", settings.Client, reflect.ValueOf(c).Elem()}
}
func serverEnd(s *ServerSettings) end {
	return end{"Server", settings.Server, reflect.ValueOf(s).Elem()}
}

func (e end) name(field string) string         { return e.side + "." + field }
func (e end) value(field string) reflect.Value { return settings.Value(e.fields, field) }

// set reports whether a field has a value that can be used. One below zero is an error by itself.
func (e end) set(field string) bool {
	switch v := e.value(field); {
	case v.CanInt():
		return v.Int() > 0
	case v.CanFloat():
		return v.Float() > 0
	case v.Kind() == reflect.Slice:
		return v.Len() > 0
	default:
		return !v.IsZero()
	}
}

// text returns a field's value as messages show it.
func (e end) text(field string) string {
	switch v := e.value(field).Interface().(type) {
	case string:
		if field == secretField {
			return fmt.Sprintf("of %d characters", len(v))
		}
		return fmt.Sprintf("%.200q", v)
	case time.Time:
		return v.Format(time.RFC3339)
	case Bounceback, Histograms:
		return "set"
	default:
		return fmt.Sprint(v)
	}
}

// secretField is the setting whose value no message shows.
const secretField = "PermitKey"

// list returns fields with their values, "Client.Rate (0) or Client.Unlimited (false)", and their names.
func (e end) list(fields []string) (text string, names []string) {
	var all []string
	for _, field := range fields {
		names = append(names, e.name(field))
		all = append(all, fmt.Sprintf("%s (%s)", e.name(field), e.text(field)))
	}
	last := len(all) - 1
	if last == 0 {
		return all[0], names
	}
	return strings.Join(all[:last], ", ") + " or " + all[last], names
}

// onlyOne checks that one of some settings is set at most.
func (f *faults) onlyOne(e end, group ...string) {
	set := slices.DeleteFunc(slices.Clone(group), func(field string) bool { return !e.set(field) })
	if len(set) > 1 {
		others, names := e.list(set[1:])
		f.bad(e.name(set[0]), e.text(set[0]), "unset if "+others+" is set", names...)
	}
}

// needs checks that a setting is set only with one of others.
func (f *faults) needs(e end, field string, oneOf ...string) {
	if e.set(field) && !slices.ContainsFunc(oneOf, e.set) {
		others, names := e.list(oneOf)
		f.bad(e.name(field), e.text(field), "unset unless "+others+" is set", names...)
	}
}

// bothOrNone checks that two settings are set together.
func (f *faults) bothOrNone(e end, a, b string) {
	if e.value(a).IsZero() {
		a, b = b, a
	}
	if e.value(b).IsZero() {
		f.needs(e, a, b)
	}
}
