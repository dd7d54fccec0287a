package iperf

import (
	"errors"
	"fmt"
	"reflect"
	"strings"

	"github.com/tunaperf/tuna/iperf/internal/settings"
)

// A commandLine collects the arguments for one version of the program, and what that version lacks.
type commandLine struct {
	version Version
	side    string // "Client" or "Server"
	addr    string // of the server
	args    []string
	errs    []error
}

// since reports whether the version is a program's that has something, and late enough.
func (v Version) since(from settings.Since) bool {
	return v.AtLeast(from.Major, from.Minor, from.Patch)
}

// find returns the flag that this version uses for a setting, if any.
func (l *commandLine) find(s settings.Setting) (name string, ok bool) {
	for _, f := range l.flags(s) {
		if l.version.since(f.From) {
			name, ok = f.Name, true
		}
	}
	return name, ok
}

// flags returns those of this version's program.
func (l *commandLine) flags(s settings.Setting) []settings.Flag {
	if l.version.Major < 3 {
		return s.Two
	}
	return s.Three
}

// write adds a flag and its values.
func (l *commandLine) write(name string, values ...string) {
	if flag, ok := strings.CutSuffix(name, "="); ok {
		if len(values) > 0 {
			flag += "=" + strings.Join(values, ",")
		}
		l.args = append(l.args, flag)
		return
	}
	l.args = append(append(l.args, name), values...)
}

// add writes a setting that the caller asked for; a version that lacks it is an error.
func (l *commandLine) add(s settings.Setting, values ...string) {
	if name, ok := l.find(s); ok {
		l.write(name, values...)
		return
	}
	l.unsupported(s)
}

// addIfKnown writes an option that is only a help, if the version has it.
func (l *commandLine) addIfKnown(s settings.Setting, values ...string) {
	if name, ok := l.find(s); ok {
		l.write(name, values...)
	}
}

// addAll writes the settings of a table that are set. own has those that need more than their flag and value; others may
// write what theirs lack.
func (l *commandLine) addAll(table []settings.Setting, s reflect.Value, own map[string]func(settings.Setting)) {
	for _, setting := range table {
		if write, ok := own[setting.Field]; ok {
			write(setting)
		} else if values, ok := given(setting, s); ok && len(setting.Two)+len(setting.Three) > 0 {
			l.add(setting, values...)
		}
	}
}

// given returns what follows a setting's flag. ok is false if the setting is not set.
func given(setting settings.Setting, s reflect.Value) (values []string, ok bool) {
	if setting.Is == nil {
		return nil, false
	}
	values = setting.Is.Args(settings.Value(s, setting.Field))
	return values, values != nil
}

// unsupported adds the error of an option that was asked for and that the version lacks. It names a version that has it.
func (l *commandLine) unsupported(s settings.Setting) {
	mine, others, program, other := s.Three, s.Two, "iperf3", "iperf"
	if l.version.Major < 3 {
		mine, others, program, other = s.Two, s.Three, "iperf", "iperf3"
	}
	has := func(program string, f settings.Flag) string {
		return fmt.Sprintf("%s has %s since %v", program, strings.TrimSuffix(f.Name, "="), f.From)
	}
	var where string
	switch {
	case len(mine) > 0:
		where = has(program, mine[0])
	case len(others) > 0:
		where = "no version of " + program + " has it, " + has(other, others[0])
	}
	l.errs = append(l.errs, fmt.Errorf("%s.%s: %w by %v: %s", l.side, s.Field, ErrUnsupported, l.version, where))
}

// bad adds a value that this version does not take, or not with the settings of other fields.
func (l *commandLine) bad(setting string, value any, allowed string, together ...string) {
	l.errs = append(l.errs, &SettingError{
		Field: l.side + "." + setting, Value: fmt.Sprint(value), Allowed: fmt.Sprintf("%s for %v", allowed, l.version), Together: together,
	})
}

// limit finds values that this version does not take.
func (l *commandLine) limit(table []settings.Setting, s reflect.Value) {
	for _, setting := range table {
		limits := setting.Limits3
		if l.version.Major < 3 {
			limits = setting.Limits2
		}
		var bound settings.Bound
		for _, limit := range limits {
			if l.version.since(limit.From) {
				bound = limit.Holds
			}
		}
		if v := settings.Value(s, setting.Field); bound.Check != nil && !v.IsZero() {
			if value, allowed := bound.Check(v); allowed != "" {
				l.bad(setting.Field, value, allowed)
			}
		}
	}
}

// done adds the caller's own arguments, and makes what was collected a line.
func (l *commandLine) done(extra []string, made line) (line, error) {
	l.checkExtra(extra)
	made.args = append(l.args, extra...)
	return made, errors.Join(l.errs...)
}
