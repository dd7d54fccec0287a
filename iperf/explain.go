package iperf

import (
	"cmp"
	"fmt"
	"strings"

	"github.com/tunaperf/tuna/iperf/report"
)

// explainLines is how many lines an explanation has at most.
const explainLines = 10

// Explain returns five to ten lines for a terminal: the number, where it is from, the path at both
// ends, the limit and each warning. If there are too many warnings, the last line says how many are
// left out.
func (res *Result) Explain() string {
	number := "no bandwidth"
	if res.Source.Role != 0 {
		number = res.Bandwidth.String()
	}
	if res.Direction != 0 {
		number = res.Direction.String() + " " + number
	}
	if res.Opposite != nil {
		number += fmt.Sprintf(", and %v the other way", *res.Opposite)
	}
	for _, r := range []*report.Report{res.Client, res.Server} {
		if r != nil && r.Protocol != 0 {
			number += " over " + r.Protocol.String()
			break
		}
	}
	if v := res.ClientEnd.Version; v.Number != "" {
		number += ", " + v.String()
	}
	lines := []string{
		number,
		"from: " + res.Source.String(),
		"client: " + res.ClientEnd.describe(),
		"server: " + res.ServerEnd.describe(),
		"limit: " + res.Limit.String(),
	}
	if res.Loss != nil {
		lines = append(lines, "loss: "+strings.TrimPrefix(res.Loss.String(), "lost "))
	}
	left := res.Warnings
	for len(left) > 0 && (len(lines) < explainLines-1 || len(lines) == explainLines-1 && len(left) == 1) {
		lines = append(lines, "warning: "+oneLine(left[0]))
		left = left[1:]
	}
	if n := len(left); n > 0 {
		lines = append(lines, fmt.Sprintf("%d more warnings", n))
	}
	return strings.Join(lines, "\n") + "\n"
}

// describe returns an end's address and path in one line.
func (end End) describe() string {
	p := end.Path
	if p == nil || p.Device == "" {
		return cmp.Or(end.Addr, end.Host, "unknown") + ", path unknown"
	}
	text := p.Device
	if s := cmp.Or(p.Source, end.Addr); s != "" {
		text = s + " on " + text
	}
	var facts []string
	if l := p.Link(); l != nil {
		if l.Kind != "" {
			facts = append(facts, l.Kind)
		}
		if l.Speed > 0 {
			facts = append(facts, report.BitRate(l.Speed).String())
		}
		if l.MTU > 0 {
			facts = append(facts, fmt.Sprintf("MTU %d", l.MTU))
		}
		if len(l.Beneath) > 0 {
			facts = append(facts, "over "+strings.Join(l.Beneath, ","))
		}
	}
	if len(p.Qdiscs) > 0 && p.Qdiscs[0].Kind != "noqueue" {
		facts = append(facts, "queue "+p.Qdiscs[0].Kind)
	}
	if len(facts) > 0 {
		text += " (" + strings.Join(facts, ", ") + ")"
	}
	if p.Gateway != "" {
		text += " via " + p.Gateway
	}
	return text
}

// oneLine returns an error's text without line breaks.
func oneLine(err error) string { return strings.Join(strings.Fields(err.Error()), " ") }
