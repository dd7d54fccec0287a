package config

import (
	"fmt"
	"io"
	"maps"
	"os"
	"slices"
	"strings"
)

const component = "iperf" // the value of the key component, in any case

// The names of the section when none has component = Iperf, the first that is there.
var sectionNames = []string{"iperf", "traffic"}

// A Reader reads configurations. Its zero value is what Load, Read and FromMap use.
type Reader struct {
	// Section is the name of the section of the test. Empty: the one that has component = Iperf, or is named iperf, or
	// else traffic, in any case. It is an error if there is none, or if several would do.
	Section string

	// AllowUnused allows keys that mean nothing here, such as those of another program in the same section. They are
	// listed in Configuration.Unused and Host.Unused. False: each of them is an error.
	AllowUnused bool
}

// Load reads an INI file. Its section is as in Reader.
//
// All faults are found at once. Each of them is a line of the error and a *Fault that it wraps, with the file and the
// line, what is allowed and what was probably meant. Every error but those of opening and reading the file wraps
// iperf.ErrSettings. A password is never in an error.
func Load(file, section string) (*Configuration, error) {
	return Reader{Section: section}.Load(file)
}

// Read is Load for anything that can be read. It does not close r.
func Read(r io.Reader, section string) (*Configuration, error) {
	return Reader{Section: section}.Read(r)
}

// Load is the function Load with the settings of the Reader.
func (o Reader) Load(file string) (*Configuration, error) {
	f, err := os.Open(file)
	if err != nil {
		return nil, fmt.Errorf("configuration: %w", err)
	}
	defer f.Close()
	return o.readINI(f, file)
}

// Read is the function Read with the settings of the Reader.
func (o Reader) Read(r io.Reader) (*Configuration, error) { return o.readINI(r, "") }

func (o Reader) readINI(r io.Reader, file string) (*Configuration, error) {
	d, bad, err := readINI(r)
	if err != nil && file != "" {
		err = fmt.Errorf("%s: %w", file, err)
	}
	if err != nil {
		return nil, err
	}
	return o.read(d, bad, file)
}

// FromMap is Load for a map of sections, such as comes out of a YAML or TOML file. Values are strings, booleans or
// numbers; nil is an empty string.
func FromMap(sections map[string]map[string]any, section string) (*Configuration, error) {
	return Reader{Section: section}.FromMap(sections)
}

// FromMap is the function FromMap with the settings of the Reader.
func (o Reader) FromMap(sections map[string]map[string]any) (*Configuration, error) {
	d, bad := &document{sections: map[string]*section{}, defaults: newSection(defaultSection, 0)}, faults{}
	for _, name := range slices.Sorted(maps.Keys(sections)) {
		s := d.section(name, 0)
		for _, key := range slices.Sorted(maps.Keys(sections[name])) {
			v, err := plainValue(sections[name][key])
			if err != nil {
				bad.add(&Fault{Section: name, Key: key, Err: err})
				continue
			}
			s.add(entry{key: key, value: v})
		}
	}
	return o.read(d, bad, "")
}

// read makes a Configuration of a document, and an error of all that is wrong.
func (o Reader) read(d *document, bad faults, file string) (*Configuration, error) {
	test, err := d.find(o.Section)
	if err != nil {
		if len(bad.list) == 0 { // or the section may be among what was not understood
			bad.add(&Fault{Err: err})
		}
		return nil, bad.err(file)
	}
	c := &Configuration{Section: test.name, Values: map[string]string{}, Hosts: map[string]*Host{}}
	for _, name := range d.names() {
		if _, ok := d.get(d.sections[name], "control_ip"); ok && name != test.name {
			c.Hosts[name] = newHost(d, d.sections[name], &bad, o.AllowUnused)
		}
	}
	entries := maps.Clone(test.keys)
	for key, e := range d.defaults.keys {
		ofHosts := slices.Contains(hostKeys, key) && !slices.Contains(testKeys, key)
		if _, own := entries[key]; !own && !ofHosts {
			entries[key] = e
		}
	}
	for key, e := range entries {
		c.Values[key] = e.value
	}
	for key, host := range map[string]**Host{keyClientSection: &c.DUT, keyServerSection: &c.TrafficServer} {
		if e := entries[key]; e.value != "" {
			if *host = c.Hosts[e.value]; *host == nil {
				bad.add(d.noHost(test.name, e))
			}
		}
	}
	p, errs := c.parse()
	for key, err := range errs {
		bad.add(valueFault(test.name, entries[key], err))
	}
	for _, m := range p.outOfRange() {
		bad.add(m.in(test.name, entries))
	}
	unused := map[string]bool{}
	for _, key := range c.Unused {
		unused[key] = true
		if !o.AllowUnused {
			bad.addNew(func() *Fault { return d.unknown(test, entries[key]) })
		}
	}
	bad.twice(test, func(key string) bool { return !unused[key] })
	bad.twice(d.defaults, func(key string) bool { return !unused[key] || slices.Contains(hostKeys, key) })
	if err := bad.err(file); err != nil {
		return nil, err
	}
	return c, nil
}

// find returns the section that says what to test.
func (d *document) find(name string) (*section, error) {
	if name != "" {
		if s, ok := d.sections[name]; ok {
			return s, nil
		}
		return nil, fmt.Errorf("there is no section [%s], but %s", short(name), d.list(name))
	}
	names := d.names()
	var marked []string
	for _, n := range names {
		if e, _ := d.get(d.sections[n], keyComponent); strings.EqualFold(strings.TrimSpace(e.value), component) {
			marked = append(marked, n)
		}
	}
	switch {
	case len(marked) == 1:
		return d.sections[marked[0]], nil
	case len(marked) > 1:
		return nil, fmt.Errorf("%s have component = Iperf: one of them must be chosen", quoted(marked))
	}
	for _, want := range sectionNames {
		named := slices.DeleteFunc(slices.Clone(names), func(n string) bool { return !strings.EqualFold(n, want) })
		switch {
		case len(named) == 1:
			return d.sections[named[0]], nil
		case len(named) > 1:
			return nil, fmt.Errorf("%s differ in case only: one of them must be chosen", quoted(named))
		}
	}
	return nil, fmt.Errorf("there is no section [iperf], nor one with component = Iperf, but %s", d.list(sectionNames...))
}

// list lists the sections that there are, and one that was probably meant by one of the names.
func (d *document) list(names ...string) string {
	all := d.names()
	if len(all) == 0 {
		return "no section at all"
	}
	list := quoted(all)
	for _, name := range names {
		if near := nearest(name, all); near != "" {
			return fmt.Sprintf("%s: is [%s] meant to be [%s]?", list, near, name)
		}
	}
	for _, n := range all {
		if e, ok := d.get(d.sections[n], keyComponent); ok && nearest(e.value, []string{component}) != "" {
			return fmt.Sprintf("%s: [%s] has component = %s, is Iperf meant?", list, n, e.value)
		}
	}
	return list
}

// quoted lists names, the first ones of many.
func quoted(names []string) string {
	const most = 20
	if len(names) <= most {
		return fmt.Sprintf("%q", names)
	}
	return fmt.Sprintf("%q and %d more", names[:most], len(names)-most)
}
