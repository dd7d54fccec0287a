package iperf

import (
	"cmp"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"time"

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
	{"DontFragment", "Reverse"}, // it is the sender's, which would be the server
	{"JSON", "JSONStream"},
	{"Compatibility", "Reverse"}, {"Compatibility", "FullDuplex"}, {"Compatibility", "Dualtest"}, {"Compatibility", "Tradeoff"},
	{"Compatibility", "TripTimes"}, {"Compatibility", "RateDeviation"}, {"Compatibility", "Histograms.Enable"},
	{"Compatibility", "Isochronous.FramesPerSecond"}, {"Compatibility", "Enhanced"},
}

// needed has client's settings that do nothing unless one of others is set.
var needed = []struct {
	field string
	oneOf []string
}{
	{"RateDeviation", []string{"Rate"}},
	{"Burst", []string{"Rate", "Unlimited"}},
	{"BurstSize", []string{"BurstPeriod"}},
	{"IncrSrcIP", []string{"Bind"}},
	{"ListenPort", []string{"Dualtest", "Tradeoff"}},
	{"RcvTimeout", []string{"Reverse", "Bidir"}},
	{"WorkingLoad", []string{"Bounceback.Enable"}},
	{"Bounceback", []string{"Bounceback.Enable"}},
	{"Histograms", []string{"Histograms.Enable"}},
	{"JSONStreamFullOutput", []string{"JSONStream"}},
}

// onlyOver has client's settings of one protocol.
var onlyOver = map[report.Protocol][]string{
	report.ProtocolTCP: {"MPTCP", "PermitKey", "PeerDetect", "NearCongestion", "Bounceback.Enable", "TCPQuickACK", "TCPWritePrefetch",
		"TCPWriteTimes"},
	report.ProtocolUDP:  {"PacketRate", "Unlimited", "NoUDPFin", "UDPCounters64Bit", "DontFragment", "GSRO"},
	report.ProtocolSCTP: {"NStreams", "XBind"},
}

// together finds settings of the client that do not go together.
func (f *faults) together(c *ClientSettings) {
	client := fields{"Client", reflect.ValueOf(c).Elem()}
	for _, group := range onlyOneOf {
		f.onlyOne(client, group...)
	}
	for _, n := range needed {
		f.needs(client, n.field, n.oneOf...)
	}
	f.bothOrNone(client, "Username", "RSAPublicKeyPath")
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
	for _, p := range []report.Protocol{report.ProtocolTCP, report.ProtocolUDP, report.ProtocolSCTP} {
		for _, field := range onlyOver[p] {
			if c.protocol() != p && client.set(field) {
				f.bad(client.name(field), client.text(field), fmt.Sprintf("unset unless Client.Protocol (%v) is %v", c.protocol(), p), "Client.Protocol")
			}
		}
	}
}

// usualLength returns the length of a block, or of a datagram of iperf 2, if none is given.
func (c *ClientSettings) usualLength() int64 {
	if c.protocol() == report.ProtocolUDP {
		return udpLength2
	}
	return blockLength
}

// fields are the settings of one end by their names, such as "Time" or "Bounceback.Writes".
type fields struct {
	side     string // "Client" or "Server"
	settings reflect.Value
}

func (s fields) name(field string) string { return s.side + "." + field }

func (s fields) value(field string) reflect.Value {
	v := s.settings
	for name := range strings.SplitSeq(field, ".") {
		v = v.FieldByName(name)
	}
	return v
}

// set reports whether a field has a value that can be used. One below zero is an error by itself.
func (s fields) set(field string) bool {
	switch v := s.value(field); {
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
func (s fields) text(field string) string {
	switch v := s.value(field).Interface().(type) {
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
func (s fields) list(fields []string) (text string, names []string) {
	var all []string
	for _, field := range fields {
		names = append(names, s.name(field))
		all = append(all, fmt.Sprintf("%s (%s)", s.name(field), s.text(field)))
	}
	last := len(all) - 1
	if last == 0 {
		return all[0], names
	}
	return strings.Join(all[:last], ", ") + " or " + all[last], names
}

// onlyOne checks that one of some settings is set at most.
func (f *faults) onlyOne(s fields, group ...string) {
	set := slices.DeleteFunc(slices.Clone(group), func(field string) bool { return !s.set(field) })
	if len(set) > 1 {
		others, names := s.list(set[1:])
		f.bad(s.name(set[0]), s.text(set[0]), "unset if "+others+" is set", names...)
	}
}

// needs checks that a setting is set only with one of others.
func (f *faults) needs(s fields, field string, oneOf ...string) {
	if s.set(field) && !slices.ContainsFunc(oneOf, s.set) {
		others, names := s.list(oneOf)
		f.bad(s.name(field), s.text(field), "unset unless "+others+" is set", names...)
	}
}

// bothOrNone checks that two settings are set together.
func (f *faults) bothOrNone(s fields, a, b string) {
	if s.value(a).IsZero() {
		a, b = b, a
	}
	if s.value(b).IsZero() {
		f.needs(s, a, b)
	}
}
