package iperf

import (
	"errors"
	"fmt"
	"math"
	"net"
	"reflect"
	"regexp"
	"strconv"
	"strings"
	"time"
	"unicode"

	"github.com/tunaperf/tuna/iperf/report"
)

// Check finds everything that is wrong with the settings whatever the program's version is: values out of range, and
// combinations that no iperf takes. Its error wraps ErrSettings and has one line for each fault. Run, StartServer and
// RunClient check the same, and what the version that they find does not take, before they start anything.
func (x *Iperf) Check() error {
	f := faults{}
	if _, err := x.UDP(); err != nil {
		f.errs = append(f.errs, err)
	}
	if x.Client.Protocol > report.ProtocolSCTP {
		f.bad("Client.Protocol", uint8(x.Client.Protocol), "TCP, UDP or SCTP")
	}
	if strings.ContainsFunc(x.Program, unicode.IsControl) {
		f.bad("Program", fmt.Sprintf("%q", x.Program), "without control characters")
	}
	f.texts("Client", reflect.ValueOf(x.Client))
	f.texts("Server", reflect.ValueOf(x.Server))
	f.notNilPointer("ClientServer", x.ClientServer)
	f.notNilPointer("FileStorage", x.FileStorage)
	f.notNilPointer("LogWriter", x.LogWriter)
	f.notNilPointer("Parser", x.Parser)
	f.upTo("Timeout", x.Timeout, forever)
	f.upTo("EventTimer.Time", x.EventTimer.time(), day)
	f.withoutUnit(x)
	f.client(&x.Client)
	f.together(&x.Client)
	f.server(&x.Server, &x.Client)
	return errors.Join(f.errs...)
}

// faults collects what is wrong.
type faults struct{ errs []error }

// bad adds a value that is out of range, or does not go with the settings of other fields.
func (f *faults) bad(field string, value any, allowed string, together ...string) {
	f.errs = append(f.errs, &SettingError{Field: field, Value: fmt.Sprint(value), Allowed: allowed, Together: together})
}

// unprintable adds a text that no output can show. It is no SettingError because a configuration may have such texts.
func (f *faults) unprintable(field, value string) {
	f.errs = append(f.errs, fmt.Errorf("%w: %s is %s: must be without control characters", ErrSettings, field, value))
}

// upTo checks a time of any unit.
func (f *faults) upTo(field string, d, most time.Duration) {
	f.multiple(field, d, 1, most)
}

func (f *faults) count(field string, n, most int64, what string) {
	switch {
	case n < 0:
		f.bad(field, n, "0 or more "+what)
	case n > most:
		f.bad(field, n, fmt.Sprintf("%d %s or less", most, what))
	}
}

func (f *faults) bytes(field string, n, most int64) { f.count(field, n, most, "bytes") }

// number checks a number that is 0, or from leastNumber to most.
func (f *faults) number(field string, v, most float64) {
	switch {
	case !(v >= 0) || math.IsInf(v, 0):
		f.bad(field, v, "0 or more")
	case v > 0 && v < leastNumber || v > most:
		f.bad(field, v, fmt.Sprintf("0, or from %v to %v", leastNumber, most))
	}
}

func (f *faults) between(field string, n, low, high int) {
	if n < low || n > high {
		f.bad(field, n, fmt.Sprintf("from %d to %d", low, high))
	}
}

// port checks the first port of a test.
func (f *faults) port(field string, port int, c *ClientSettings) {
	const most = 65535
	if last := most + 1 - min(c.ports(), most+1); last < most && port > last && port <= most {
		f.bad(field, port, fmt.Sprintf("from 0 to %d with Client.IncrDstPort (true) and Client.Parallel (%d)", last, c.Parallel),
			"Client.IncrDstPort", "Client.Parallel")
		return
	}
	f.between(field, port, 0, most)
}

func (f *faults) rate(field string, r report.BitRate) {
	if v := float64(r); !(v >= 0) || math.IsInf(v, 0) || v > 0 && v < 1 {
		f.bad(field, v, "0, or 1 bit/s or more")
	} else if r > mostRate {
		f.bad(field, r, fmt.Sprintf("%v or less; its unit is bit/s", mostRate))
	}
}

// multiple checks a time that the program takes in whole units, up to a limit.
func (f *faults) multiple(field string, d, unit, limit time.Duration) {
	switch {
	case d < 0 && unit == 1:
		f.bad(field, d, "0 or more")
	case d < 0 || !whole(d, unit):
		f.bad(field, d, fmt.Sprintf("0, or a multiple of %v", unit))
	case d > limit:
		f.bad(field, d, fmt.Sprintf("%v or less", limit))
	}
}

const forever = math.MaxInt64 * time.Nanosecond

var (
	workingLoads = regexp.MustCompile(`^((up|down|bidir)(,[1-9][0-9]{0,4})?)?$`)
	affinities   = regexp.MustCompile(`^([0-9]+(,[0-9]+)?)?$`)
)

// interval checks what any version takes between reports.
func (f *faults) interval(field string, d time.Duration) {
	if d >= leastTime && (d < leastInterval || d > longestInterval) || d < 0 {
		f.bad(field, d, fmt.Sprintf("0, or from %v to %v", leastInterval, longestInterval))
	}
}

func (f *faults) affinity(field, s, allowed string) {
	if !affinities.MatchString(s) {
		f.bad(field, s, allowed)
		return
	}
	for n := range strings.SplitSeq(s, ",") {
		if cpu, err := strconv.Atoi(n); s != "" && (err != nil || cpu > lastCPU) {
			f.bad(field, s, fmt.Sprintf("of processors from 0 to %d", lastCPU))
			return
		}
	}
}

// texts checks every text of a struct. A NUL ends an argument of a program, and other control characters break its output.
func (f *faults) texts(path string, v reflect.Value) {
	for i := range v.NumField() {
		field, name := v.Field(i), path+"."+v.Type().Field(i).Name
		switch value := field.Interface().(type) {
		case string:
			f.text(name, value)
		case []string:
			for _, s := range value {
				f.text(name, s)
			}
		}
	}
}

func (f *faults) text(field, s string) {
	switch {
	case field == "Client.PermitKey": // is secret
		if strings.ContainsFunc(s, unicode.IsControl) {
			f.unprintable(field, fmt.Sprintf("of %d characters", len(s)))
		}
	case strings.ContainsFunc(s, unicode.IsControl):
		f.unprintable(field, fmt.Sprintf("%.200q", s))
	case len(s) > longestText:
		f.bad(field, fmt.Sprintf("of %d bytes", len(s)), fmt.Sprintf("of %d bytes or less", longestText))
	}
}

func (f *faults) client(c *ClientSettings) {
	f.upTo("Client.Time", c.Time, longestTime)
	f.upTo("Client.Omit", c.Omit, day)
	f.interval("Client.Interval", c.Interval)
	f.bytes("Client.Bytes", c.Bytes, mostBytes)
	f.bytes("Client.Length", c.Length, math.MaxInt64) // the version limits it
	f.bytes("Client.Window", c.Window, math.MaxInt64) // the version limits it
	f.count("Client.Parallel", int64(c.Parallel), mostStreams, "streams")
	f.rate("Client.Rate", c.Rate)
	f.port("Client.Port", c.Port, c)

	f.rate("Client.RateDeviation", c.RateDeviation)
	f.rate("Client.FQRate", c.FQRate)
	f.rate("Client.Isochronous.Mean", c.Isochronous.Mean)
	f.rate("Client.Isochronous.Deviation", c.Isochronous.Deviation)
	f.number("Client.Isochronous.FramesPerSecond", c.Isochronous.FramesPerSecond, mostFrames)
	f.count("Client.PacketRate", int64(c.PacketRate), math.MaxInt32, "datagrams per second")
	f.between("Client.Burst", c.Burst, 0, 1000)
	f.multiple("Client.PacingTimer", c.PacingTimer, time.Microsecond, longestTimer)
	f.count("Client.Blocks", c.Blocks, mostBlocks, "blocks")
	f.bytes("Client.BurstSize", c.BurstSize, math.MaxInt32)
	if c.BurstPeriod != 0 && c.BurstPeriod <= 10*time.Microsecond {
		f.bad("Client.BurstPeriod", c.BurstPeriod, "0, or more than 10µs")
	} else {
		f.upTo("Client.BurstPeriod", c.BurstPeriod, longestTimer)
	}
	f.count("Client.Bounceback.Writes", int64(c.Bounceback.Writes), math.MaxInt32, "writes")
	f.upTo("Client.Bounceback.Period", c.Bounceback.Period, longestTimer)
	f.multiple("Client.Bounceback.Hold", c.Bounceback.Hold, time.Microsecond, longestTimer)
	if !workingLoads.MatchString(c.WorkingLoad) {
		f.bad("Client.WorkingLoad", c.WorkingLoad, `"up", "down" or "bidir", with a number as in "up,4"`)
	}
	f.upTo("Client.TxDelayTime", c.TxDelayTime, day)
	if !c.TxStartTime.IsZero() && (c.TxStartTime.Unix() < 0 || time.Until(c.TxStartTime) > day) {
		f.bad("Client.TxStartTime", c.TxStartTime, fmt.Sprintf("1970 or later, and in %v or less", day))
	}
	f.between("Client.NStreams", c.NStreams, 0, math.MaxUint16)

	f.between("Client.ClientPort", c.ClientPort, 0, 65535)
	f.between("Client.ListenPort", c.ListenPort, 0, 65535)
	if c.IPVersion != 0 && c.IPVersion != 4 && c.IPVersion != 6 {
		f.bad("Client.IPVersion", c.IPVersion, "0, 4 or 6")
	}
	f.bytes("Client.MSS", int64(c.MSS), mostMSS)
	f.between("Client.TOS", c.TOS, 0, 255)
	f.between("Client.TTL", c.TTL, 0, 255)
	f.between("Client.FlowLabel", c.FlowLabel, 0, 1<<20-1)
	f.number("Client.NearCongestion", c.NearCongestion, mostRoundTrips)
	f.bytes("Client.TCPWritePrefetch", c.TCPWritePrefetch, math.MaxInt32)
	f.affinity("Client.Affinity", c.Affinity, `a processor's number, or two as in "0,1"`)
	f.multiple("Client.ConnectTimeout", c.ConnectTimeout, time.Millisecond, day)
	f.receiveTimeout("Client.RcvTimeout", c.RcvTimeout)
	f.multiple("Client.SndTimeout", c.SndTimeout, time.Millisecond, day)
	f.keepAlive("Client.ControlKeepAlive", c.ControlKeepAlive)
	if n := len(c.PermitKey); n > 0 && (n < 4 || n > 128) {
		f.bad("Client.PermitKey", fmt.Sprintf("of %d characters", n), "empty, or of 4 to 128 characters")
	}
	f.printed(fields{"Client", reflect.ValueOf(c).Elem()}, c.Format, c.ReportStyle, c.ReportExclude, c.Histograms)
}

func (f *faults) server(s *ServerSettings, c *ClientSettings) {
	f.interval("Server.Interval", s.Interval)
	f.bytes("Server.Length", s.Length, math.MaxInt64)
	f.bytes("Server.Window", s.Window, math.MaxInt64)
	f.port("Server.Port", s.Port, c)
	f.affinity("Server.Affinity", s.Affinity, "a processor's number")
	f.bytes("Server.MSS", int64(s.MSS), mostMSS)
	f.between("Server.TOS", s.TOS, 0, 255)
	f.between("Server.TOSOverride", s.TOSOverride, 0, 255)
	f.rate("Server.Rate", s.Rate)
	f.bytes("Server.TCPRxWindowClamp", s.TCPRxWindowClamp, math.MaxInt32)
	f.multiple("Server.PermitKeyTimeout", s.PermitKeyTimeout, time.Second, day)
	f.receiveTimeout("Server.RcvTimeout", s.RcvTimeout)
	f.multiple("Server.SndTimeout", s.SndTimeout, time.Millisecond, day)
	f.multiple("Server.IdleTimeout", s.IdleTimeout, time.Second, day)
	f.multiple("Server.MaxDuration", s.MaxDuration, time.Second, day)
	f.rate("Server.BitrateLimit", s.BitrateLimit)
	f.multiple("Server.BitrateLimitInterval", s.BitrateLimitInterval, time.Second, 1000*time.Second)
	f.keepAlive("Server.ControlKeepAlive", s.ControlKeepAlive)
	f.multiple("Server.TimeSkewThreshold", s.TimeSkewThreshold, time.Second, math.MaxInt32*time.Second)
	f.printed(fields{"Server", reflect.ValueOf(s).Elem()}, s.Format, s.ReportStyle, s.ReportExclude, s.Histograms)
	server := fields{"Server", reflect.ValueOf(s).Elem()}
	f.onlyOne(server, "Port", "AutoPort")
	f.bothOrNone(server, "RSAPrivateKeyPath", "AuthorizedUsersPath")
	f.needs(server, "JSONStreamFullOutput", "JSONStream")
	f.needs(server, "BitrateLimitInterval", "BitrateLimit")
	f.needs(server, "Histograms", "Histograms.Enable")
}

func (f *faults) receiveTimeout(field string, d time.Duration) {
	if d != 0 && d < 100*time.Millisecond {
		f.bad(field, d, "0, or 100ms or more")
		return
	}
	f.multiple(field, d, time.Millisecond, day)
}

// The kernel's own interval between probes and their number (tcp(7): tcp_keepalive_intvl, tcp_keepalive_probes), and the
// largest values that it takes.
const (
	probeInterval, probes        = 75 * time.Second, 9
	longestProbeTime, mostProbes = 32767 * time.Second, 127
)

// keepAlive checks what iperf 3 and the kernel take: an idle time must be longer than all probes take together.
func (f *faults) keepAlive(field string, k net.KeepAliveConfig) {
	if !whole(k.Idle, time.Second) || !whole(k.Interval, time.Second) {
		f.bad(field, fmt.Sprintf("%v, %v", k.Idle, k.Interval), "whole seconds")
		return
	}
	if k.Idle > longestProbeTime || k.Interval > longestProbeTime || k.Count > mostProbes {
		f.bad(field, fmt.Sprintf("%v, %v, %d", k.Idle, k.Interval, k.Count), fmt.Sprintf("%v, %v and %d at most", longestProbeTime, longestProbeTime, mostProbes))
		return
	}
	interval, count := k.Interval, k.Count
	if interval <= 0 {
		interval = probeInterval
	}
	if count <= 0 {
		count = probes
	}
	if least := interval * time.Duration(count); k.Enable && k.Idle > 0 && k.Idle <= least {
		f.bad(field+".Idle", k.Idle, fmt.Sprintf("0, or more than Interval x Count, which are %v x %d", interval, count),
			field+".Interval", field+".Count")
	}
}

// printed checks what both ends have about their output.
func (f *faults) printed(s fields, format, style, exclude string, h Histograms) {
	if len(format) > 1 {
		f.bad(s.name("Format"), format, "one letter")
	}
	if style != "" && style != "C" && style != "c" {
		f.bad(s.name("ReportStyle"), style, "C")
	}
	if strings.ContainsAny(exclude, "dD") {
		f.bad(s.name("ReportExclude"), exclude, "without D, as the data are what is measured")
	} else if strings.Trim(exclude, "CMSVcmsv") != "" {
		f.bad(s.name("ReportExclude"), exclude, "of the letters C, M, S and V")
	}
	f.multiple(s.name("Histograms.BinWidth"), h.BinWidth, time.Microsecond, longestTimer)
	f.count(s.name("Histograms.Bins"), int64(h.Bins), mostBins, "bins")
	if h.Enable {
		f.bothOrNone(s, "Histograms.Bins", "Histograms.BinWidth")
	}
}
