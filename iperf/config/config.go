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
// A line ends with a line feed, a carriage return, or both. A value in double quotes is taken without them. A comment
// begins with # or ; at the start of a line or after a space. Any other text behind a [section], or behind a key or a
// value in quotes, is an error. A value between three double quotes, or between backticks, may have several lines and
// any character. Keys before the first section, or in a section DEFAULT, are those of every section that does not
// have them itself.
//
// Other sections are hosts if they have control_ip. They are plain values, which a caller connects to with any package;
// with sshhost:
//
//	dut, err := sshhost.Dial(ctx, sshhost.Config{
//		Addr: conf.DUT.Addr(), User: conf.DUT.Username, Password: conf.DUT.Password, Timeout: conf.DUT.Timeout,
//		TestAddr: conf.DUT.TestIP, Prefix: conf.DUT.Prefix})
//
// [Configuration.Iperf] and [Configuration.Metric] then make what runs the test.
//
// An unknown key of these sections is an error, as it may be a misspelt option, and so is a key that is given twice.
// A [Reader] allows keys that another program has in them. Sections that are neither the test's nor a host's are
// ignored.
package config

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/tunaperf/tuna/iperf"
	"github.com/tunaperf/tuna/iperf/report"
)

// A Configuration is what a file says about a test. Fields may be changed; Reset sets them back to what was read.
type Configuration struct {
	Section string            // the name of the section that it is from
	Values  map[string]string // the section as it was read, with keys in lower case
	Unused  []string          // the section's keys that mean nothing here, in order; only a Reader with AllowUnused leaves any

	Program        string               // the key program; empty: iperf3, as for iperf.Iperf
	Direction      iperf.Direction      // the key direction, of which one letter is enough; without it, Both
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

const defaultAggregator = "median"

// Reset sets everything back to what was read.
func (c *Configuration) Reset() {
	c.parse() // which found no fault when c was made
}

// Check finds what is wrong with the settings together, as iperf.Iperf does before it starts anything. It wraps an
// *iperf.SettingError for each setting. After Load, a setting may lack another one that it needs.
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

// inOrder returns the keys sorted, those for one end after those for both, which they override.
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

// parse makes everything of Values. errs has the keys whose values are wrong.
func (c *Configuration) parse() (p *parser, errs map[string]error) {
	p = &parser{Configuration: c, options: options(), claimed: map[string]string{}, origin: map[string]string{}}
	c.Program = c.Values["program"]
	c.Direction, c.Repetitions, c.AggregatorName, c.Aggregator = iperf.Both, 1, defaultAggregator, iperf.Median
	c.StoreOutput, c.Parser, c.Sleep = true, nil, 0
	c.ClientSettings, c.ServerSettings = iperf.ClientSettings{}, iperf.ServerSettings{}
	c.Unused = nil
	errs = map[string]error{}
	for _, key := range inOrder(c.Values) {
		known, err := p.set(key, strings.TrimSpace(c.Values[key]))
		switch {
		case err != nil:
			errs[key] = err
		case !known:
			c.Unused = append(c.Unused, key)
		}
	}
	// TCP has no limit without it.
	c.ClientSettings.Unlimited = p.unlimited && c.ClientSettings.Protocol == report.ProtocolUDP
	return p, errs
}

// A misfit is a fault of Iperf.Check whose settings all have keys.
type misfit struct {
	keys  []string // each once; the first is that of the fault's Field
	fault *iperf.SettingError
}

// outOfRange returns what iperf.Iperf.Check finds to be wrong with the settings that keys have set. A combination that
// lacks a setting is not among it because the caller may add that.
func (p *parser) outOfRange() (found []misfit) {
	x := iperf.Iperf{Program: p.Program, Client: p.ClientSettings, Server: p.ServerSettings}
	joined, _ := x.Check().(interface{ Unwrap() []error })
	if joined == nil {
		return nil
	}
	for _, err := range joined.Unwrap() {
		fault, ok := errors.AsType[*iperf.SettingError](err)
		if !ok {
			continue
		}
		m := misfit{fault: fault}
		for _, field := range append([]string{fault.Field}, fault.Together...) {
			key, ok := p.keyOf(field)
			if !ok {
				m.keys = nil
				break
			}
			if !slices.Contains(m.keys, key) {
				m.keys = append(m.keys, key)
			}
		}
		same := func(other misfit) bool { return slices.Equal(m.keys, other.keys) }
		if m.keys != nil && !slices.ContainsFunc(found, same) { // both ends may have the fault
			found = append(found, m)
		}
	}
	return found
}

// keyOf returns the key that has set a field. Client.Bounceback.Writes may be the work of a key for Client.Bounceback.
func (p *parser) keyOf(field string) (string, bool) {
	for ; field != ""; field = field[:max(0, strings.LastIndexByte(field, '.'))] {
		if key, ok := p.origin[field]; ok {
			return key, true
		}
	}
	return "", false
}
