// Package config reads what to test, and between which hosts, from an INI file, or from a map that came out of YAML or
// TOML.
//
// One section says what to test. Its name is iperf, or traffic, or anything when it has component = Iperf. Its keys
// are the long names of the programs' options, of iperf 2 and of iperf 3, with - or _ between words and in either case,
// and the few more that Example shows. A key of an option that both ends have sets it for both; in front of it, client_
// or server_ sets it for one. The options that are about one machine (bind, bind_dev, file, affinity, rcv_timeout) are
// the client's without that. Values are what the programs take: numbers with the letters that ParseSize and ParseRate of package
// iperf know, seconds, and for flags on, yes, true or off, no, false. Times may also be written "1 minute 30 seconds".
//
// A value in double quotes is taken without them. A comment begins with # or ; at the start of a line or after a space.
//
// Other sections are hosts. They are given as plain values, which a caller connects to with any package; with sshhost:
//
//	dut, err := sshhost.Dial(ctx, sshhost.Config{
//		Addr: conf.DUT.Addr(), User: conf.DUT.Username, Password: conf.DUT.Password, Timeout: conf.DUT.Timeout,
//		TestAddr: conf.DUT.TestIP, Prefix: conf.DUT.Prefix})
//
// [Configuration.Iperf] and [Configuration.Metric] then make what runs the test. The keys of the section that mean
// nothing are in Unused, and are worth a warning: a misspelt option is among them.
package config

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"regexp"
	"slices"
	"strings"
	"time"

	"gopkg.in/ini.v1"

	"github.com/tunaperf/tuna/iperf"
)

// A Configuration is what a file says about a test. Fields may be changed; Reset sets them back to what was read.
type Configuration struct {
	Section string            // the name of the section that it is from
	Values  map[string]string // the section as it was read, with keys in lower case
	Unused  []string          // the section's keys that mean nothing here, in order: check them for misspellings

	Program        string               // the key program; empty: iperf3, as for iperf.Iperf
	Direction      iperf.Direction      // the key direction, of which the first letter counts; without it, Both
	ClientSettings iperf.ClientSettings // what the options say about the client
	ServerSettings iperf.ServerSettings // what the options say about the server
	Repetitions    int                  // of each direction: the key iperf_repetitions; without it, 1
	AggregatorName string               // the key aggregator; without it, "median"
	Aggregator     iperf.Aggregator     // the aggregator of that name: of a run's intervals, and of the repetitions
	StoreOutput    bool                 // whether raw output is kept: the key store_output; without it, true
	Sleep          time.Duration        // how long a client is held back at most for its server: the key sleep; zero: as iperf.EventTimer

	// Parser is what the key use_sums chooses: a report.SumParser, which takes the programs' own sums of parallel streams,
	// for yes, and a report.IperfParser, which adds the streams up itself, for no. Without the key it is nil, so that the
	// run has a report.Parser: it takes the sums that were printed, and adds up where none were. With a SumParser
	// intervals do not count whose sums are missing, as some of iperf 2 are; a run without any sum has no bandwidth.
	Parser iperf.Parser

	DUT, TrafficServer *Host            // the sections that client_section and server_section name; nil: not named
	Hosts              map[string]*Host // every section that has control_ip, by its name
}

// The keys of the section that are no options of iperf.
const (
	keyComponent = "component"
	component    = "iperf" // its value, in any case
)

// The names of the section when none has component = Iperf, the first that is there.
var sectionNames = []string{"iperf", "traffic"}

// Load reads an INI file. The section is the one of that name, or if it is empty, the one that has component = Iperf,
// or is named iperf, or else traffic. It is an error when there is none, or more than one has component = Iperf.
//
// All faults of the values are found at once; each of them is a line of the error, which wraps iperf.ErrSettings. A
// password is never in an error.
func Load(file, section string) (*Configuration, error) {
	f, err := os.Open(file)
	if err != nil {
		return nil, fmt.Errorf("configuration: %w", err)
	}
	defer f.Close()
	c, err := Read(f, section)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", file, err)
	}
	return c, nil
}

// Read is Load for anything that can be read. It does not close r.
func Read(r io.Reader, section string) (*Configuration, error) {
	text, err := io.ReadAll(r)
	if err != nil {
		return nil, fmt.Errorf("configuration: %w", err)
	}
	file, err := ini.LoadSources(ini.LoadOptions{
		InsensitiveKeys:         true,
		IgnoreContinuation:      true,
		IgnoreInlineComment:     true, // uncomment does that, and knows quotes
		PreserveSurroundedQuote: true,
	}, text)
	if err != nil {
		return nil, syntaxError(text, err)
	}
	sections := map[string]map[string]string{}
	for _, s := range file.Sections() {
		values := map[string]string{}
		for _, k := range s.Keys() {
			values[strings.ToLower(k.Name())] = uncomment(k.Value())
		}
		sections[s.Name()] = values
	}
	// Keys of [DEFAULT], or before any section, are those of every section that does not have them itself.
	defaults := sections[ini.DefaultSection]
	delete(sections, ini.DefaultSection)
	for _, values := range sections {
		for key, v := range defaults {
			if _, ok := values[key]; !ok {
				values[key] = v
			}
		}
	}
	return read(sections, section)
}

// A comment at the end of a value needs a space, as a semicolon may end a prefix such as PATH=/opt/wifi:$PATH; and a
// password may have any character.
var inlineComment = regexp.MustCompile(`[ \t][;#].*$`)

// uncomment takes the quotes, or the comment at its end, off a value.
func uncomment(value string) string {
	if rest, ok := strings.CutPrefix(value, `"`); ok {
		if quoted, after, ok := strings.Cut(rest, `"`); ok && strings.TrimSpace(inlineComment.ReplaceAllString(after, "")) == "" {
			return quoted
		}
	}
	return strings.TrimSpace(inlineComment.ReplaceAllString(value, ""))
}

// syntaxError says which line is wrong, and not what it holds: that may be a secret.
func syntaxError(text []byte, err error) error {
	var line string
	if e, ok := errors.AsType[ini.ErrDelimiterNotFound](err); ok {
		line = e.Line
	} else if e, ok := errors.AsType[ini.ErrEmptyKeyName](err); ok {
		line = e.Line
	}
	number := 0
	for l := range bytes.Lines(text) {
		number++
		if line = strings.TrimSpace(line); line != "" && string(bytes.TrimSpace(l)) == line {
			return fmt.Errorf("%w: line %d is neither a [section], a key = value nor a comment", iperf.ErrSettings, number)
		}
	}
	return fmt.Errorf("%w: this is no INI file", iperf.ErrSettings)
}

// FromMap is Load for a map of sections, such as comes out of a YAML or TOML file. Values are strings, booleans or
// numbers; nil is an empty string.
func FromMap(sections map[string]map[string]any, section string) (*Configuration, error) {
	plain := map[string]map[string]string{}
	var errs []error
	for name, values := range sections {
		plain[name] = map[string]string{}
		for key, v := range values {
			s, err := plainValue(v)
			if err != nil {
				errs = append(errs, fmt.Errorf("%w: [%s] %s: %w", iperf.ErrSettings, name, key, err))
			}
			plain[name][strings.ToLower(key)] = s
		}
	}
	if err := errors.Join(errs...); err != nil {
		return nil, err
	}
	return read(plain, section)
}

func read(sections map[string]map[string]string, section string) (*Configuration, error) {
	name, err := find(sections, section)
	if err != nil {
		return nil, err
	}
	c := &Configuration{Section: name, Values: sections[name], Hosts: map[string]*Host{}}
	var errs []error
	for _, other := range slices.Sorted(maps.Keys(sections)) {
		values := sections[other]
		if _, ok := values["control_ip"]; other == name || !ok {
			continue
		}
		h, err := newHost(other, values)
		errs = append(errs, err)
		c.Hosts[other] = h
	}
	for key, host := range map[string]**Host{"client_section": &c.DUT, "server_section": &c.TrafficServer} {
		if other := c.Values[key]; other != "" {
			if *host = c.Hosts[other]; *host == nil {
				errs = append(errs, fmt.Errorf("%w: [%s] %s = %s: there is no such section with control_ip", iperf.ErrSettings, name, key, other))
			}
		}
	}
	if err := errors.Join(append(errs, c.parse())...); err != nil {
		return nil, err
	}
	return c, nil
}

// find is the name of the section that says what to test.
func find(sections map[string]map[string]string, section string) (string, error) {
	names := slices.Sorted(maps.Keys(sections))
	if section != "" {
		if _, ok := sections[section]; !ok {
			return "", fmt.Errorf("%w: there is no section [%s], but %q", iperf.ErrSettings, section, names)
		}
		return section, nil
	}
	marked := slices.DeleteFunc(slices.Clone(names), func(n string) bool {
		return !strings.EqualFold(strings.TrimSpace(sections[n][keyComponent]), component)
	})
	switch {
	case len(marked) == 1:
		return marked[0], nil
	case len(marked) > 1:
		return "", fmt.Errorf("%w: %q have component = Iperf: one of them must be chosen", iperf.ErrSettings, marked)
	}
	for _, want := range sectionNames {
		for _, n := range names {
			if strings.EqualFold(n, want) {
				return n, nil
			}
		}
	}
	return "", fmt.Errorf("%w: there is no section [iperf], nor one with component = Iperf, but %q", iperf.ErrSettings, names)
}

// Reset sets everything back to what was read.
func (c *Configuration) Reset() {
	_ = c.parse() // it was parsed without a fault when c was made
}

// Check finds what is wrong with the settings together, as iperf.Iperf does before it starts anything. What was read
// has no values that could not be understood, but they may be out of range, or not go together.
func (c *Configuration) Check() error {
	var errs []error
	if c.Direction < iperf.Upstream || c.Direction > iperf.Both {
		errs = append(errs, fmt.Errorf("%w: Direction is %v: must be Upstream, Downstream or Both", iperf.ErrSettings, c.Direction))
	}
	if c.Repetitions < 1 {
		errs = append(errs, fmt.Errorf("%w: Repetitions is %d: must be 1 or more", iperf.ErrSettings, c.Repetitions))
	}
	if c.Sleep < 0 {
		errs = append(errs, fmt.Errorf("%w: Sleep is %v: must be 0 or more", iperf.ErrSettings, c.Sleep))
	}
	x := iperf.Iperf{Client: c.ClientSettings, Server: c.ServerSettings}
	if err := errors.Join(append(errs, x.Check())...); err != nil {
		return fmt.Errorf("[%s]: %w", c.Section, err)
	}
	return nil
}

// Iperf makes an iperf.Iperf of the configuration, for the hosts that the caller has connected to. Raw output goes to
// the storage, which may be nil, unless StoreOutput is false.
func (c *Configuration) Iperf(hosts iperf.ClientServer, raw iperf.FileStorage) *iperf.Iperf {
	x := &iperf.Iperf{
		ClientServer: hosts, Program: c.Program, Parser: c.Parser,
		Client: c.ClientSettings, Server: c.ServerSettings, Aggregator: c.Aggregator,
	}
	if c.StoreOutput {
		x.FileStorage = raw
	}
	if c.Sleep > 0 {
		x.EventTimer = &iperf.EventTimer{Time: c.Sleep}
	}
	return x
}

// Metric makes an iperf.Metric that repeats such an Iperf, for the Direction and Repetitions of the configuration.
func (c *Configuration) Metric(hosts iperf.ClientServer, raw iperf.FileStorage) *iperf.Metric {
	return &iperf.Metric{
		Iperf: c.Iperf(hosts, raw), Directions: c.Direction, Repetitions: c.Repetitions, Aggregator: c.Aggregator,
	}
}

// inOrder gives the keys sorted, those for one end after those for both, which they override.
func inOrder(values map[string]string) []string {
	end := func(key string) int {
		if strings.HasPrefix(key, "client_") || strings.HasPrefix(key, "server_") || strings.HasPrefix(key, "client-") || strings.HasPrefix(key, "server-") {
			return 1
		}
		return 0
	}
	return slices.SortedFunc(maps.Keys(values), func(a, b string) int {
		return cmp.Or(cmp.Compare(end(a), end(b)), cmp.Compare(a, b))
	})
}

// parse makes everything of Values.
func (c *Configuration) parse() error {
	p := parser{Configuration: c}
	c.Program = c.Values["program"]
	c.Direction, c.Repetitions, c.AggregatorName, c.StoreOutput, c.Parser, c.Sleep = iperf.Both, 1, "", true, nil, 0
	c.ClientSettings, c.ServerSettings = iperf.ClientSettings{}, iperf.ServerSettings{}
	c.Unused = nil
	for _, key := range inOrder(c.Values) {
		known, err := p.set(key, strings.TrimSpace(c.Values[key]))
		switch {
		case err != nil:
			p.errs = append(p.errs, fmt.Errorf("[%s] %s: %w", c.Section, key, err))
		case !known:
			c.Unused = append(c.Unused, key)
		}
	}
	c.AggregatorName = cmp.Or(c.AggregatorName, "median")
	var err error
	if c.Aggregator, err = iperf.ParseAggregator(c.AggregatorName); err != nil {
		p.errs = append(p.errs, fmt.Errorf("[%s] aggregator: %w: %w", c.Section, iperf.ErrSettings, err))
	}
	return errors.Join(p.errs...)
}
