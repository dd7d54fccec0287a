package settings

import (
	"fmt"
	"slices"
	"strings"
)

// Markdown returns the documentation of both tables.
func Markdown() string {
	var b strings.Builder
	b.WriteString(`# Settings

Written by go generate from the tables of package iperf/internal/settings; not to be edited. What a setting does stands at
its field of ClientSettings or ServerSettings in package iperf. Flags have the first version behind them. Times on command
lines are in seconds unless the bounds say otherwise, and so are those of a configuration. "≥" is the first version of a
bound. A key of both ends sets both; with client_ or server_ in front of it, it sets one. A key marked * is the client's
without that. Bounds across fields are left out, such as settings of which only one may be set: Iperf.Check has them, and for
a program's version the error of a run.
`)
	for _, end := range []struct {
		name, about string
		table       []Setting
	}{
		{"ClientSettings", "", Client},
		{"ServerSettings", "Fields marked = are the client's for a server of iperf 3.\n\n", Server},
	} {
		fmt.Fprintf(&b, "\n## %s\n\n%s| field | iperf 2 | iperf 3 | bounds | needs | keys |\n|---|---|---|---|---|---|\n", end.name, end.about)
		for _, s := range end.table {
			b.WriteString(s.row())
		}
	}
	return b.String()
}

// row returns the setting's row of a Markdown table.
func (s Setting) row() string {
	field := "`" + s.Field + "`"
	if s.FromClient {
		field += " ="
	}
	var needs []string
	if s.Over != "" {
		needs = append(needs, s.Protocols())
	}
	if s.Needs != "" {
		needs = append(needs, "`"+strings.ReplaceAll(s.Needs, " ", "` or `")+"`")
	}
	var bounds []string
	if s.Is != nil && s.Is.String() != "" {
		bounds = append(bounds, s.Is.String())
	}
	if d, ok := s.Is.(Duration); ok && d.Unit > 0 {
		bounds = append(bounds, fmt.Sprintf("written in units of %v", d.Unit))
	}
	bounds = append(append(bounds, limits("iperf", s.Limits2)...), limits("iperf3", s.Limits3)...)
	keys := ""
	for key := range strings.FieldsSeq(s.Keys) {
		keys += ", `" + key + "`"
		if s.Own {
			keys += "*"
		}
	}
	three := s.Three
	if s.Field == "Protocol" {
		three = slices.Concat(three, SCTP.Three)
	}
	cells := []string{field, flags(s.Two), flags(three), strings.Join(bounds, "; "), strings.Join(needs, ", "), strings.TrimPrefix(keys, ", ")}
	return "| " + strings.Join(cells, " | ") + " |\n"
}

// flags returns flags with their first versions; the first version of a program is left out.
func flags(all []Flag) string {
	var list []string
	for _, f := range all {
		text := "`" + strings.TrimSuffix(f.Name, "=") + "`"
		switch {
		case f.Name == "":
			text = "as it is"
		case f.From != All2 && f.From != All3:
			text += " " + f.From.String()
		}
		list = append(list, text)
	}
	return strings.Join(list, ", ")
}

func limits(program string, all []Limit) (list []string) {
	for _, l := range all {
		version := ""
		if l.From != All2 && l.From != All3 {
			version = " ≥ " + l.From.String()
		}
		list = append(list, fmt.Sprintf("%s%s: %s", program, version, l.Holds.Text))
	}
	return list
}
