package config

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/tunaperf/tuna/iperf"
)

// A Fault is one thing that is wrong in a configuration. The errors of Load, Read and FromMap wrap one for each, which
// an Unwrap() []error returns. Every Fault wraps iperf.ErrSettings.
type Fault struct {
	File    string // empty: not read from a file
	Line    int    // from 1; zero: unknown, as that of a map is
	Section string // empty: it is not about a section
	Key     string // as it was read; empty: it is not about a key
	Value   string // as it was read; empty if the key itself is wrong, or if it could be a secret
	Meant   string // what was probably meant, of a key or of a value; empty: nothing is near
	Err     error  // what is wrong, with the value and what is allowed
}

// Error returns one line, such as
// "tune.ini:5: [iperf] paralel: there is no such key: did you mean parallel?".
func (f *Fault) Error() string {
	var b strings.Builder
	switch {
	case f.File != "" && f.Line > 0:
		fmt.Fprintf(&b, "%s:%d: ", f.File, f.Line)
	case f.File != "":
		fmt.Fprintf(&b, "%s: ", f.File)
	case f.Line > 0:
		fmt.Fprintf(&b, "line %d: ", f.Line)
	}
	if f.Section != "" {
		fmt.Fprintf(&b, "[%s] ", short(f.Section))
	}
	switch {
	case f.Key == "" && f.Section == "" && f.Line == 0:
		b.WriteString(iperf.ErrSettings.Error() + ": ")
	case len(f.Key) > longestKey: // a piece of something else, which may be a secret
		fmt.Fprintf(&b, "a key of %d characters: ", len(f.Key))
	case f.Key != "":
		b.WriteString(f.Key + ": ")
	}
	b.WriteString(short(strings.ReplaceAll(f.Err.Error(), iperf.ErrSettings.Error()+": ", "")))
	if f.Meant != "" {
		fmt.Fprintf(&b, ": did you mean %s?", f.Meant)
	}
	return b.String()
}

// Unwrap returns what is wrong, and iperf.ErrSettings.
func (f *Fault) Unwrap() []error { return []error{iperf.ErrSettings, f.Err} }

// longestKey is more than the length of every key that there is.
const longestKey = 48

// short cuts a text that is too long for a message.
func short(s string) string {
	const most = 400
	if len(s) <= most {
		return s
	}
	return strings.ToValidUTF8(s[:most/2], "") + "…" + strings.ToValidUTF8(s[len(s)-most/2:], "")
}

// maxFaults bounds how many faults an error lists.
const maxFaults = 100

// faults collects what is wrong.
type faults struct {
	list []*Fault
	more int // that were not kept
}

func (f *faults) add(fault *Fault) {
	if len(f.list) < maxFaults {
		f.list = append(f.list, fault)
	} else {
		f.more++
	}
}

// addNew adds the fault that f returns, which is called only if the fault is listed.
func (f *faults) addNew(fault func() *Fault) {
	if len(f.list) < maxFaults {
		f.add(fault())
	} else {
		f.more++
	}
}

// syntax adds a line that cannot be understood.
func (f *faults) syntax(line int, what string) {
	f.add(&Fault{Line: line, Err: errors.New(what)})
}

// err joins the faults in the order of their lines. It is nil if there is none.
func (f *faults) err(file string) error {
	slices.SortStableFunc(f.list, func(a, b *Fault) int { return cmp.Compare(a.Line, b.Line) })
	var errs []error
	for _, fault := range f.list {
		fault.File = file
		errs = append(errs, fault)
	}
	if f.more > 0 {
		errs = append(errs, fmt.Errorf("%w: %d faults more", iperf.ErrSettings, f.more))
	}
	return errors.Join(errs...)
}

// A badValue is a value that cannot be read.
type badValue struct {
	value, allowed string
	meant          string // empty: nothing is near
}

func (e *badValue) Error() string { return fmt.Sprintf("%q: must be %s", e.value, e.allowed) }
func (e *badValue) Unwrap() error { return iperf.ErrSettings }

// bad returns the error of a value, of which something near may be meant.
func bad(value, allowed string, near ...string) error {
	if strings.TrimSpace(value) == "" {
		return fmt.Errorf("%w: is empty: must be %s", iperf.ErrSettings, allowed)
	}
	return badPart(value, value, allowed, near...)
}

// badPart returns the error of a value a part of which cannot be understood.
func badPart(value, part, allowed string, near ...string) error {
	return &badValue{value: value, allowed: allowed, meant: nearest(part, near)}
}

// in returns the fault in the section of a test. A combination is the fault of the last of its keys.
func (m misfit) in(section string, entries map[string]entry) *Fault {
	last := slices.MaxFunc(m.keys, func(a, b string) int { return cmp.Compare(entries[a].line, entries[b].line) })
	e := entries[last]
	if len(m.keys) == 1 {
		return valueFault(section, e, rangeError(e, m.fault))
	}
	var others []string
	for _, key := range m.keys {
		if key != last {
			others = append(others, entries[key].key)
		}
	}
	return valueFault(section, e, fmt.Errorf("does not go with %s: %w", strings.Join(others, " and "), m.fault))
}

// rangeError returns the error of a value that is understood, but out of range.
func rangeError(e entry, fault *iperf.SettingError) error {
	var text string
	switch {
	case secret(e.key):
		text = fmt.Sprintf("is %s", fault.Value)
	case e.value != fault.Value:
		text = fmt.Sprintf("%q is %s", e.value, fault.Value)
	default:
		text = fmt.Sprintf("%q", e.value)
	}
	return &outOfRange{text + ": must be " + fault.Allowed, fault}
}

// An outOfRange is a setting's fault in the words of its key.
type outOfRange struct {
	text  string
	fault *iperf.SettingError
}

func (e *outOfRange) Error() string { return e.text }
func (e *outOfRange) Unwrap() error { return e.fault }

// secret reports whether the value of a key must not be in a message.
func secret(key string) bool {
	key = strings.ToLower(key)
	return strings.Contains(key, "pass") || strings.Contains(key, "secret") || strings.Contains(key, "permit-key") || strings.Contains(key, "permit_key")
}

// valueFault returns the fault of a value.
func valueFault(section string, e entry, err error) *Fault {
	f := &Fault{Line: e.line, Section: section, Key: e.key, Value: e.value, Err: err}
	if secret(e.key) {
		f.Value = ""
	}
	if v, ok := errors.AsType[*badValue](err); ok {
		f.Meant = v.meant
	}
	return f
}

// twice adds the keys that a section has more than once, of those that are known.
func (f *faults) twice(s *section, known func(key string) bool) {
	for _, e := range s.twice {
		if key := strings.ToLower(e.key); known(key) {
			f.add(&Fault{Line: e.line, Section: s.name, Key: e.key, Err: errors.New("the section has this key already: must be given once")})
		}
	}
}

// unknown returns the fault of a key in the section of a test.
func (d *document) unknown(s *section, e entry) *Fault {
	f := &Fault{Line: e.line, Section: s.name, Key: e.key}
	if _, own := s.keys[strings.ToLower(e.key)]; !own {
		f.Section = defaultSection
	}
	name := spelling(e.key)
	rest, end := strings.CutPrefix(name, "client-")
	if !end {
		rest, end = strings.CutPrefix(name, "server-")
	}
	switch {
	case slices.Contains(hostKeys, strings.ToLower(e.key)):
		f.Err = errors.New("is a key of a host's section, not of a test's")
	case end && slices.Contains(optionKeys, rest):
		f.Err = fmt.Errorf("the %s has no option %s", name[:len("client")], rest)
	default:
		f.Err = errors.New("there is no such key")
		f.Meant = meantTestKey(e.key)
	}
	return f
}

// unknownHostKey returns the fault of a key in the section of a host.
func unknownHostKey(s *section, e entry) *Fault {
	f := &Fault{Line: e.line, Section: s.name, Key: e.key, Err: errors.New("there is no such key of a host")}
	if slices.Contains(testKeys, spelling(e.key)) {
		f.Err = errors.New("is a key of a test's section, not of a host's")
	} else {
		f.Meant = meantHostKey(e.key)
	}
	return f
}

// noHost returns the fault of a key that names a section which is no host's.
func (d *document) noHost(test string, e entry) *Fault {
	f := &Fault{Line: e.line, Section: test, Key: e.key, Value: e.value}
	s, ok := d.sections[e.value]
	if !ok {
		f.Err = fmt.Errorf("there is no section [%s]", short(e.value))
		f.Meant = nearest(e.value, d.names())
		return f
	}
	f.Err = fmt.Errorf("section [%s] has no control_ip: a host needs one", short(e.value))
	for _, key := range slices.Sorted(maps.Keys(s.keys)) {
		if meantHostKey(key) == "control_ip" {
			f.Err = fmt.Errorf("section [%s] has no control_ip but %s", short(e.value), short(key))
			f.Meant = "control_ip"
		}
	}
	return f
}
