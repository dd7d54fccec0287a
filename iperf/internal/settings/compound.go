package settings

import (
	"fmt"
	"net"
	"reflect"
	"strconv"
	"strings"
	"time"
)

// The kinds of fields that have several values, or one that is written in a way of its own.

// KeepAlive is a net.KeepAliveConfig.
type KeepAlive struct{}

// The kernel's own interval between probes and their number (tcp(7): tcp_keepalive_intvl, tcp_keepalive_probes), and the
// largest values that it takes.
const (
	ProbeInterval, Probes        = 75 * time.Second, 9
	longestProbeTime, mostProbes = 32767 * time.Second, 127
)

func (KeepAlive) Check(v reflect.Value) (value, allowed string) {
	k := v.Interface().(net.KeepAliveConfig)
	switch {
	case k.Idle%time.Second != 0 || k.Interval%time.Second != 0:
		return fmt.Sprintf("%v, %v", k.Idle, k.Interval), "whole seconds"
	case k.Idle > longestProbeTime || k.Interval > longestProbeTime || k.Count > mostProbes:
		return fmt.Sprintf("%v, %v, %d", k.Idle, k.Interval, k.Count), fmt.Sprintf("%v, %v and %d at most", longestProbeTime, longestProbeTime, mostProbes)
	}
	return "", ""
}

// Args returns idle/interval/count, each of them empty for the system's.
func (KeepAlive) Args(v reflect.Value) []string {
	k := v.Interface().(net.KeepAliveConfig)
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
		return []string{}
	}
	return []string{s}
}

func (KeepAlive) String() string {
	return fmt.Sprintf("whole seconds to %v, to %d probes", longestProbeTime, mostProbes)
}

// ipVersion is 4 or 6. iperf 2 has no flag for 4.
type ipVersion struct{}

func (ipVersion) Check(v reflect.Value) (value, allowed string) {
	if n := v.Int(); n != 0 && n != 4 && n != 6 {
		return fmt.Sprint(n), "0, 4 or 6"
	}
	return "", ""
}
func (ipVersion) Args(v reflect.Value) []string { return nil } // follows from the address
func (ipVersion) String() string                { return "4 or 6" }

// histograms is iperf's Histograms: a flag, or the width of a bin and their number.
type histograms struct{ unbound }

func (histograms) Args(v reflect.Value) []string {
	width := time.Duration(v.FieldByName("BinWidth").Int())
	switch {
	case !v.FieldByName("Enable").Bool():
		return nil
	case width == 0:
		return []string{}
	}
	return []string{fmt.Sprintf("%du", width/time.Microsecond), strconv.FormatInt(v.FieldByName("Bins").Int(), 10)}
}

// isochronous is iperf's Isochronous, "frames:mean,deviation". The attached values are joined by commas.
type isochronous struct{ unbound }

func (isochronous) Args(v reflect.Value) []string {
	frames := fraction(v.FieldByName("FramesPerSecond").Float())
	if frames == nil {
		return nil
	}
	rate := func(field string) string { return strconv.FormatFloat(v.FieldByName(field).Float(), 'f', 0, 64) }
	return []string{frames[0] + ":" + rate("Mean"), rate("Deviation")}
}

// bounceback is iperf's Bounceback: a flag, or the number of writes.
type bounceback struct{ unbound }

func (bounceback) Args(v reflect.Value) []string {
	if !v.FieldByName("Enable").Bool() {
		return nil
	}
	if writes := v.FieldByName("Writes").Int(); writes > 0 {
		return number(writes)
	}
	return []string{}
}

// start is a time.Time, to a day from now.
type start struct{}

func (start) Check(v reflect.Value) (value, allowed string) {
	if t := v.Interface().(time.Time); !t.IsZero() && (t.Unix() < 0 || time.Until(t) > Day) {
		return fmt.Sprint(t), fmt.Sprintf("1970 or later, and in %v or less", Day)
	}
	return "", ""
}

func (start) Args(v reflect.Value) []string {
	t := v.Interface().(time.Time)
	if t.IsZero() {
		return nil
	}
	return []string{fmt.Sprintf("%d.%06d", t.Unix(), t.Nanosecond()/1000)}
}

func (start) String() string { return fmt.Sprintf("from 1970 on, in %v or less", Day) }

// unbound has no bounds; those of its fields have kinds of their own.
type unbound struct{}

func (unbound) Check(reflect.Value) (value, allowed string) { return "", "" }
func (unbound) String() string                              { return "" }
