package config

import (
	"fmt"
	"net"
	"strconv"
	"strings"
	"time"

	"github.com/tunaperf/tuna/iperf"
	"github.com/tunaperf/tuna/iperf/report"
)

// specials are the options whose values say more than one thing, or set a field in a way of their own. Client and server
// say which ends the key is for.
var specials = map[string]func(p *parser, value string, client, server bool) (known bool, err error){
	"udp":               protocol(report.ProtocolUDP),
	"sctp":              protocol(report.ProtocolSCTP),
	"bandwidth":         rate,
	"bitrate":           rate,
	"tos":               tos(iperf.ParseTOS),
	"dscp":              tos(iperf.ParseDSCP),
	"tos-override":      tosOverride,
	"ipv6version":       ipVersion(6),
	"ipv6-domain":       ipVersion(6),
	"version6":          ipVersion(6),
	"version4":          ipVersion(4),
	"isochronous":       isochronous,
	"histograms":        histograms,
	"bounceback":        bounceback,
	"bounceback-period": bouncebackTime(func(b *iperf.Bounceback) *time.Duration { return &b.Period }, time.Second),
	"bounceback-hold":   bouncebackTime(func(b *iperf.Bounceback) *time.Duration { return &b.Hold }, time.Millisecond),
	"bounceback-no-quickack": func(p *parser, value string, client, _ bool) (known bool, err error) {
		p.ClientSettings.Bounceback.NoQuickACK, err = parseFlag(value)
		return client, err
	},
	"txstart-time": func(p *parser, value string, client, _ bool) (known bool, err error) {
		p.ClientSettings.TxStartTime, err = parseEpoch(value)
		return client, err
	},
	"xbind": func(p *parser, value string, client, _ bool) (known bool, err error) {
		p.ClientSettings.XBind = strings.FieldsFunc(value, func(r rune) bool { return r == ',' || r == ' ' })
		return client, nil
	},
	"cntl-ka":              keepAlive,
	"server-bitrate-limit": bitrateLimit,
}

// protocol is for a flag that chooses the transport. The server has the client's.
func protocol(proto report.Protocol) func(*parser, string, bool, bool) (bool, error) {
	return func(p *parser, value string, client, server bool) (bool, error) {
		on, err := parseFlag(value)
		if err == nil && on {
			if client {
				p.ClientSettings.Protocol = proto
			}
			if server {
				p.ServerSettings.Protocol = proto
			}
		}
		return true, err
	}
}

// rate reads what both programs take for -b: a rate, with a deviation ("10m,2m", iperf 2) or a burst ("10M/100", iperf
// 3); datagrams a second ("1000pps", iperf 2); or 0 for no limit. For the server it is the rate that it reads at.
func rate(p *parser, value string, client, server bool) (known bool, err error) {
	if !client {
		p.ServerSettings.Rate, err = iperf.ParseRate(p.Program, value)
		return server, err
	}
	c := &p.ClientSettings
	if packets, ok := strings.CutSuffix(strings.ToLower(value), "pps"); ok {
		n, err := iperf.ParseSize("iperf", packets)
		c.PacketRate = int(n)
		return true, err
	}
	value, burst, hasBurst := strings.Cut(value, "/")
	value, deviation, hasDeviation := strings.Cut(value, ",")
	if c.Rate, err = iperf.ParseRate(p.Program, value); err != nil {
		return true, err
	}
	// TCP has no limit without it.
	c.Unlimited = c.Rate == 0 && p.flag("udp")
	if hasBurst {
		if c.Burst, err = parseCount(burst); err != nil {
			return true, err
		}
	}
	if hasDeviation {
		c.RateDeviation, err = iperf.ParseRate(p.Program, deviation)
	}
	return true, err
}

// flag looks at another key of the section.
func (p *parser) flag(key string) bool {
	on, err := parseFlag(strings.TrimSpace(p.Values[key]))
	return err == nil && on
}

func tos(parse func(string) (int, error)) func(*parser, string, bool, bool) (bool, error) {
	return func(p *parser, value string, client, server bool) (bool, error) {
		n, err := parse(value)
		if client {
			p.ClientSettings.TOS = n
		}
		if server {
			p.ServerSettings.TOS = n
		}
		return true, err
	}
}

func tosOverride(p *parser, value string, _, server bool) (known bool, err error) {
	p.ServerSettings.TOSOverride, err = iperf.ParseTOS(value)
	return server, err
}

func ipVersion(version int) func(*parser, string, bool, bool) (bool, error) {
	return func(p *parser, value string, _, _ bool) (bool, error) {
		on, err := parseFlag(value)
		if on {
			p.ClientSettings.IPVersion = version
		}
		return true, err
	}
}

// isochronous reads frames per second, mean and deviation: "60:100m,5m", as iperf 2 does.
func isochronous(p *parser, value string, client, _ bool) (known bool, err error) {
	frames, load, _ := strings.Cut(value, ":")
	mean, deviation, _ := strings.Cut(load, ",")
	i := &p.ClientSettings.Isochronous
	if i.FramesPerSecond, err = strconv.ParseFloat(frames, 64); err != nil {
		return client, bad(value, `frames per second, mean and deviation, as in "60:100m,5m"`)
	}
	if i.Mean, err = iperf.ParseRate("iperf", mean); err == nil && deviation != "" {
		i.Deviation, err = iperf.ParseRate("iperf", deviation)
	}
	return client, err
}

// histograms reads a flag, or the width and the number of bins, as iperf 2 does: "100u,10000".
func histograms(p *parser, value string, client, server bool) (known bool, err error) {
	var h iperf.Histograms
	if h.Enable, err = parseFlag(value); err != nil {
		width, bins, _ := strings.Cut(value, ",")
		h.Enable = true
		if strings.HasSuffix(width, "u") || strings.HasSuffix(width, "m") {
			width += "s"
		}
		if h.BinWidth, err = parseTime(width, time.Millisecond); err == nil {
			h.Bins, err = parseCount(bins)
		}
	}
	if client {
		p.ClientSettings.Histograms = h
	}
	if server {
		p.ServerSettings.Histograms = h
	}
	return true, err
}

// bounceback reads a flag, or how many writes a burst has.
func bounceback(p *parser, value string, client, _ bool) (known bool, err error) {
	b := &p.ClientSettings.Bounceback
	if n, err := strconv.Atoi(value); err == nil {
		b.Enable, b.Writes = n != 0, n
		return client, nil
	}
	b.Enable, err = parseFlag(value)
	return client, err
}

func bouncebackTime(field func(*iperf.Bounceback) *time.Duration, unit time.Duration) func(*parser, string, bool, bool) (bool, error) {
	return func(p *parser, value string, client, _ bool) (known bool, err error) {
		*field(&p.ClientSettings.Bounceback), err = parseTime(value, unit)
		return client, err
	}
}

// keepAlive reads a flag, or idle time, interval and count, as iperf 3 does: "10/5/3", each of which may be missing.
func keepAlive(p *parser, value string, client, server bool) (known bool, err error) {
	k := net.KeepAliveConfig{Enable: true}
	if on, err := parseFlag(value); err == nil && value != "1" {
		k.Enable = on
	} else {
		parts := strings.SplitN(value+"//", "/", 3)
		var count time.Duration
		for i, d := range []*time.Duration{&k.Idle, &k.Interval, &count} {
			s := strings.TrimRight(parts[i], "/")
			if s == "" {
				continue
			}
			if *d, err = parseTime(s, time.Second); err != nil {
				return true, err
			}
		}
		k.Count = int(count / time.Second)
	}
	if client {
		p.ClientSettings.ControlKeepAlive = k
	}
	if server {
		p.ServerSettings.ControlKeepAlive = k
	}
	return true, nil
}

// bitrateLimit reads a rate, and the seconds that it is averaged over: "1G/5".
func bitrateLimit(p *parser, value string, _, server bool) (known bool, err error) {
	limit, interval, averaged := strings.Cut(value, "/")
	s := &p.ServerSettings
	if s.BitrateLimit, err = iperf.ParseRate(p.Program, limit); err == nil && averaged {
		if s.BitrateLimitInterval, err = parseTime(interval, time.Second); err != nil {
			err = fmt.Errorf("interval: %w", err)
		}
	}
	return server, err
}
