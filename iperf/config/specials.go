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

// A special is an option whose value says more than one thing, or sets a field in a way of its own. The key may be for
// one end or for both, of those that have the option. set returns the fields that are set, such as Client.Rate.
type special struct {
	client, server bool
	set            func(p *parser, value string, client, server bool) (fields []string, err error)
}

var specials = map[string]special{
	"udp":                    {true, true, protocol(report.ProtocolUDP)},
	"sctp":                   {true, true, protocol(report.ProtocolSCTP)},
	"bandwidth":              {true, true, rate},
	"bitrate":                {true, true, rate},
	"tos":                    {true, true, tos(iperf.ParseTOS)},
	"dscp":                   {true, true, tos(iperf.ParseDSCP)},
	"tos-override":           {false, true, tosOverride},
	"ipv6version":            {true, true, ipVersion(6)},
	"ipv6-domain":            {true, true, ipVersion(6)},
	"version6":               {true, true, ipVersion(6)},
	"version4":               {true, true, ipVersion(4)},
	"isochronous":            {true, false, isochronous},
	"histograms":             {true, true, histograms},
	"bounceback":             {true, false, bounceback},
	"bounceback-period":      {true, false, bouncebackTime("Period", time.Second)},
	"bounceback-hold":        {true, false, bouncebackTime("Hold", time.Millisecond)},
	"bounceback-no-quickack": {true, false, bouncebackNoQuickACK},
	"txstart-time":           {true, false, txStartTime},
	"xbind":                  {true, false, xbind},
	"cntl-ka":                {true, true, keepAlive},
	"server-bitrate-limit":   {false, true, bitrateLimit},
}

// protocol is for a flag that chooses the transport. The server has the client's.
func protocol(proto report.Protocol) func(*parser, string, bool, bool) ([]string, error) {
	return func(p *parser, value string, client, server bool) ([]string, error) {
		on, err := parseFlag(value)
		if err != nil || !on {
			return nil, err
		}
		if client {
			p.ClientSettings.Protocol = proto
		}
		if server {
			p.ServerSettings.Protocol = proto
		}
		return endFields("Protocol", client, server), nil
	}
}

// rate reads what both programs take for -b: a rate, with a deviation ("10m,2m", iperf 2) or a burst ("10M/100", iperf
// 3); datagrams a second ("1000pps", iperf 2); or 0 for no limit. For the server it is the rate that it reads at.
func rate(p *parser, value string, client, _ bool) (fields []string, err error) {
	if !client {
		p.ServerSettings.Rate, err = iperf.ParseRate(p.Program, value)
		return []string{"Server.Rate"}, err
	}
	c := &p.ClientSettings
	fields = []string{"Client.Rate", "Client.PacketRate", "Client.Burst", "Client.RateDeviation"}
	c.Rate, c.PacketRate, c.Burst, c.RateDeviation, p.unlimited = 0, 0, 0, 0, false
	if packets, ok := strings.CutSuffix(strings.ToLower(value), "pps"); ok {
		n, err := iperf.ParseSize("iperf", packets)
		c.PacketRate = int(n)
		return fields, err
	}
	value, burst, hasBurst := strings.Cut(value, "/")
	value, deviation, hasDeviation := strings.Cut(value, ",")
	if c.Rate, err = iperf.ParseRate(p.Program, value); err != nil {
		return fields, err
	}
	p.unlimited = c.Rate == 0
	if hasBurst {
		if c.Burst, err = parseCount(burst); err != nil {
			return fields, fmt.Errorf("burst: %w", err)
		}
	}
	if hasDeviation {
		if c.RateDeviation, err = iperf.ParseRate(p.Program, deviation); err != nil {
			return fields, fmt.Errorf("deviation: %w", err)
		}
	}
	return fields, nil
}

func tos(parse func(string) (int, error)) func(*parser, string, bool, bool) ([]string, error) {
	return func(p *parser, value string, client, server bool) ([]string, error) {
		n, err := parse(value)
		if client {
			p.ClientSettings.TOS = n
		}
		if server {
			p.ServerSettings.TOS = n
		}
		return endFields("TOS", client, server), err
	}
}

func tosOverride(p *parser, value string, _, _ bool) (fields []string, err error) {
	p.ServerSettings.TOSOverride, err = iperf.ParseTOS(value)
	return []string{"Server.TOSOverride"}, err
}

// ipVersion is for a flag that chooses the version of IP, which both ends have.
func ipVersion(version int) func(*parser, string, bool, bool) ([]string, error) {
	return func(p *parser, value string, _, _ bool) ([]string, error) {
		on, err := parseFlag(value)
		if err != nil || !on {
			return nil, err
		}
		p.ClientSettings.IPVersion = version
		return []string{"Client.IPVersion"}, nil
	}
}

// isochronous reads frames per second, mean and deviation: "60:100m,5m", as iperf 2 does.
func isochronous(p *parser, value string, _, _ bool) (fields []string, err error) {
	frames, load, _ := strings.Cut(value, ":")
	mean, deviation, _ := strings.Cut(load, ",")
	i := &p.ClientSettings.Isochronous
	if i.FramesPerSecond, err = strconv.ParseFloat(frames, 64); err != nil {
		return nil, bad(value, `frames per second, mean and deviation, as in "60:100m,5m"`)
	}
	if i.Mean, err = iperf.ParseRate("iperf", mean); err == nil && deviation != "" {
		i.Deviation, err = iperf.ParseRate("iperf", deviation)
	}
	return []string{"Client.Isochronous"}, err
}

// histograms reads a flag, or the width and the number of bins, as iperf 2 does: "100u,10000".
func histograms(p *parser, value string, client, server bool) (fields []string, err error) {
	var h iperf.Histograms
	if h.Enable, err = parseFlag(value); err != nil {
		width, bins, ok := strings.Cut(value, ",")
		if !ok {
			return nil, bad(value, `on or off, or the width of a bin and their number, as in "100u,10000"`, "yes", "true", "off", "no", "false")
		}
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
	return endFields("Histograms", client, server), err
}

// bounceback reads a flag, or how many writes a burst has.
func bounceback(p *parser, value string, _, _ bool) (fields []string, err error) {
	b := &p.ClientSettings.Bounceback
	if n, err := strconv.Atoi(value); err == nil {
		b.Enable, b.Writes = n != 0, n
	} else if b.Enable, err = parseFlag(value); err != nil {
		return nil, bad(value, "on or off, or the number of writes", "yes", "true", "off", "no", "false")
	}
	return []string{"Client.Bounceback.Writes"}, nil
}

func bouncebackTime(field string, unit time.Duration) func(*parser, string, bool, bool) ([]string, error) {
	return func(p *parser, value string, _, _ bool) ([]string, error) {
		d, err := parseTime(value, unit)
		b := &p.ClientSettings.Bounceback
		*map[string]*time.Duration{"Period": &b.Period, "Hold": &b.Hold}[field] = d
		return []string{"Client.Bounceback." + field}, err
	}
}

func bouncebackNoQuickACK(p *parser, value string, _, _ bool) (fields []string, err error) {
	p.ClientSettings.Bounceback.NoQuickACK, err = parseFlag(value)
	return []string{"Client.Bounceback.NoQuickACK"}, err
}

func txStartTime(p *parser, value string, _, _ bool) (fields []string, err error) {
	p.ClientSettings.TxStartTime, err = parseEpoch(value)
	return []string{"Client.TxStartTime"}, err
}

func xbind(p *parser, value string, _, _ bool) (fields []string, err error) {
	p.ClientSettings.XBind = strings.FieldsFunc(value, func(r rune) bool { return r == ',' || r == ' ' })
	return []string{"Client.XBind"}, nil
}

// keepAlive reads a flag, or idle time, interval and count, as iperf 3 does: "10/5/3", each of which may be missing.
func keepAlive(p *parser, value string, client, server bool) (fields []string, err error) {
	k := net.KeepAliveConfig{Enable: true}
	if on, err := parseFlag(value); err == nil && value != "1" {
		k.Enable = on
	} else {
		parts := strings.Split(value, "/")
		if len(parts) > 3 {
			return nil, bad(value, `on or off, or idle time, interval and count, as in "10/5/3"`)
		}
		for i, s := range parts {
			switch {
			case s == "":
			case i == 0:
				k.Idle, err = parseTime(s, time.Second)
			case i == 1:
				k.Interval, err = parseTime(s, time.Second)
			default:
				k.Count, err = parseCount(s)
			}
			if err != nil {
				return nil, err
			}
		}
	}
	if client {
		p.ClientSettings.ControlKeepAlive = k
	}
	if server {
		p.ServerSettings.ControlKeepAlive = k
	}
	return endFields("ControlKeepAlive", client, server), nil
}

// bitrateLimit reads a rate, and the seconds that it is averaged over: "1G/5".
func bitrateLimit(p *parser, value string, _, _ bool) (fields []string, err error) {
	limit, interval, averaged := strings.Cut(value, "/")
	s := &p.ServerSettings
	if s.BitrateLimit, err = iperf.ParseRate(p.Program, limit); err == nil && averaged {
		if s.BitrateLimitInterval, err = parseTime(interval, time.Second); err != nil {
			err = fmt.Errorf("interval: %w", err)
		}
	}
	return []string{"Server.BitrateLimit", "Server.BitrateLimitInterval"}, err
}
