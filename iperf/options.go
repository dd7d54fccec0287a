package iperf

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/tunaperf/tuna/iperf/report"
)

// A since is the first version of a program that has an option.
type since struct{ major, minor, patch int }

// String gives "2.0.14" or, for iperf 3, whose first releases have two numbers, "3.7".
func (s since) String() string {
	if s.major >= 3 && s.patch == 0 {
		return fmt.Sprintf("%d.%d", s.major, s.minor)
	}
	return fmt.Sprintf("%d.%d.%d", s.major, s.minor, s.patch)
}

// A flag is how a program writes an option from a version on. One that ends in "=" has its value, if any, attached.
type flag struct {
	name string
	from since
}

// An option is a setting of a client or a server in terms of the programs. Of several flags of one program, the last
// that a version has is used; none means that the program has no such option.
type option[S any] struct {
	setting    string // the field's name
	two, three []flag
	value      func(*S) arguments
}

// arguments are the values that follow a flag. Nil means that the option is not given; a flag alone has none.
type arguments []string

func bare(given bool) arguments {
	if !given {
		return nil
	}
	return arguments{}
}

func text(s string) arguments {
	if s == "" {
		return nil
	}
	return arguments{s}
}

func number[N ~int | ~int64](n N) arguments {
	if n == 0 {
		return nil
	}
	return arguments{strconv.FormatInt(int64(n), 10)}
}

func fraction(f float64) arguments {
	if f == 0 {
		return nil
	}
	return arguments{strconv.FormatFloat(f, 'f', -1, 64)}
}

func seconds(d time.Duration) arguments { return fraction(d.Seconds()) }

func milliseconds(d time.Duration) arguments {
	return fraction(float64(d) / float64(time.Millisecond))
}

func rateOf(r report.BitRate) arguments {
	if r == 0 {
		return nil
	}
	return arguments{formatRate(r)}
}

func formatRate(r report.BitRate) string { return strconv.FormatFloat(float64(r), 'f', 0, 64) }

// A commandLine collects the arguments for one version of the program, and what that version lacks.
type commandLine struct {
	version Version
	side    string // "Client" or "Server"
	args    []string
	errs    []error
}

// find is the flag that this version uses for the option, if any.
func (l *commandLine) find(two, three []flag) (name string, ok bool) {
	flags := three
	if l.version.Major < 3 {
		flags = two
	}
	for _, f := range flags {
		if l.version.AtLeast(f.from.major, f.from.minor, f.from.patch) {
			name, ok = f.name, true
		}
	}
	return name, ok
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

// apply writes every option that is given.
func apply[S any](l *commandLine, options []option[S], s *S) {
	for _, o := range options {
		values := o.value(s)
		if values == nil {
			continue
		}
		if name, ok := l.find(o.two, o.three); ok {
			l.write(name, values...)
		} else {
			l.unsupported(o.setting, o.two, o.three)
		}
	}
}

// unsupported notes that the version lacks an option that was asked for, and says which has it.
func (l *commandLine) unsupported(setting string, two, three []flag) {
	mine, others, program, other := three, two, "iperf3", "iperf"
	if l.version.Major < 3 {
		mine, others, program, other = two, three, "iperf", "iperf3"
	}
	has := func(program string, f flag) string {
		return fmt.Sprintf("%s has %s since %v", program, strings.TrimSuffix(f.name, "="), f.from)
	}
	var where string
	switch {
	case len(mine) > 0:
		where = has(program, mine[0])
	case len(others) > 0:
		where = "no version of " + program + " has it, " + has(other, others[0])
	}
	l.errs = append(l.errs, fmt.Errorf("%s.%s: %w by %v: %s", l.side, setting, ErrUnsupported, l.version, where))
}

// bad adds a value that this version does not take, or not with the settings of other fields.
func (l *commandLine) bad(setting string, value any, allowed string, together ...string) {
	l.errs = append(l.errs, &SettingError{
		Field: l.side + "." + setting, Value: fmt.Sprint(value), Allowed: fmt.Sprintf("%s for %v", allowed, l.version), Together: together,
	})
}
