package config

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"
	"time"

	"github.com/tunaperf/tuna/iperf"
	"github.com/tunaperf/tuna/iperf/internal/settings"
	"github.com/tunaperf/tuna/iperf/report"
)

// An option is what a key sets: a setting of the client, of the server, or of both. The type of the field says how its value
// is read.
type option struct{ client, server *settings.Setting }

// options returns what the keys set.
func options() map[string]option {
	all := map[string]option{}
	each := func(table []settings.Setting, add func(*option, *settings.Setting)) {
		for i := range table {
			for key := range strings.FieldsSeq(table[i].Keys) {
				o := all[key]
				add(&o, &table[i])
				all[key] = o
			}
		}
	}
	each(settings.Client, func(o *option, s *settings.Setting) { o.client = s })
	each(settings.Server, func(o *option, s *settings.Setting) { o.server = s })
	return all
}

// Options that a run has no use for, and what to do instead. As long as they are off they do no harm.
var refused = map[string]string{
	"daemon":      "a server is started beside its client, and ended after the test, without it",
	"stdin":       "a run has no standard input to give: put the data into a file on the client's host and use fileinput",
	"stdin-input": "a run has no standard input to give: put the data into a file on the client's host and use fileinput",
	"output":      "the run has to read the output: use store_output and a FileStorage",
	"logfile":     "the run has to read the output: use store_output and a FileStorage",
	"version":     "the program would print its version and end: use Iperf.Version",
	"help":        "the program would print its options and end",
	"server":      "the run tells the program which end it is",
	"client":      "the run tells the program which end it is",
}

// The keys of a test's section that are no options of iperf.
const (
	keyComponent     = "component"
	keyClientSection = "client_section"
	keyServerSection = "server_section"
)

var ownKeys = []string{
	keyComponent, keyClientSection, keyServerSection, "program", "direction", "iperf_repetitions", "aggregator", "use_sums", "store_output", "sleep",
}

// optionKeys are the keys of iperf's options, in order. testKeys are those of a test's section, but for those with client_
// or server_ in front.
var (
	optionKeys = slices.Sorted(maps.Keys(options()))
	testKeys   = slices.Concat(ownKeys, optionKeys)
)

// A parser sets what the keys of a section say.
type parser struct {
	*Configuration
	options   map[string]option
	claimed   map[string]string // the key that sets a field, for both ends or for one
	origin    map[string]string // the key that has set a field such as Client.Port
	unlimited bool              // the client's rate is 0, which is no limit
}

// claim notes that key sets fields. It is an error if another key has set one of them, unless one of the keys is for one
// end and the other is not.
func (p *parser) claim(key string, forOneEnd bool, fields ...string) error {
	for _, field := range fields {
		p.origin[field] = key
		claim := fmt.Sprint(field, forOneEnd)
		if other, ok := p.claimed[claim]; ok {
			return fmt.Errorf("%w: sets what %s sets: only one of them may be given", iperf.ErrSettings, other)
		}
		p.claimed[claim] = key
	}
	return nil
}

// endFields returns the names of a field of the client, of the server, or of both.
func endFields(field string, client, server bool) (names []string) {
	if client {
		names = append(names, "Client."+field)
	}
	if server {
		names = append(names, "Server."+field)
	}
	return names
}

// set sets what a key says, and reports whether it knows it.
func (p *parser) set(key, value string) (known bool, err error) {
	name := strings.ReplaceAll(key, "_", "-")
	if known, err := p.setOwn(key, name, value); known {
		return true, err
	}
	option, client, server := name, true, true
	if _, isOption := p.options[name]; !isOption && refused[name] == "" {
		if rest, ok := strings.CutPrefix(name, "client-"); ok {
			option, server = rest, false
		} else if rest, ok := strings.CutPrefix(name, "server-"); ok {
			option, client = rest, false
		}
	}
	if why, ok := refused[option]; ok {
		if on, err := parseFlag(value); err == nil && !on {
			return true, nil
		}
		return true, fmt.Errorf("%w: is not supported: %s", iperf.ErrSettings, why)
	}
	return p.setOption(key, option, value, client, server)
}

// setOwn sets what is no option of iperf.
func (p *parser) setOwn(key, name, value string) (known bool, err error) {
	switch name {
	case "component", "client-section", "server-section":
	case "program":
		p.Program = value
	case "direction":
		p.Direction, err = parseDirection(value)
	case "iperf-repetitions":
		if p.Repetitions, err = parseCount(value); err == nil && p.Repetitions < 1 {
			err = bad(value, "1 or more")
		}
	case "aggregator":
		p.AggregatorName = cmp.Or(value, defaultAggregator)
		if p.Aggregator, err = iperf.ParseAggregator(p.AggregatorName); err != nil {
			err = bad(value, "median, mean, min, max, sum, or p0 to p100", "median", "mean", "min", "max", "sum")
		}
	case "use-sums":
		var sums bool
		sums, err = parseFlag(value)
		p.Parser = &report.IperfParser{}
		if sums {
			p.Parser = &report.SumParser{}
		}
	case "store-output":
		p.StoreOutput, err = parseFlag(value)
	case "sleep":
		p.Sleep, err = parseTime(value, time.Second)
	default:
		return false, nil
	}
	return true, errors.Join(p.claim(key, false, name), err)
}

// setOption sets an option of the client, of the server, or of both.
func (p *parser) setOption(key, option, value string, client, server bool) (known bool, err error) {
	forOneEnd := !client || !server
	if s := specials[option]; s.set != nil {
		client, server = client && s.client, server && s.server
		if !client && !server {
			return false, nil
		}
		fields, err := s.set(p, value, client, server)
		if err != nil {
			return true, err
		}
		return true, p.claim(key, forOneEnd, fields...)
	}
	o := p.options[option]
	if !client {
		o.client = nil
	}
	if !server || o.client != nil && o.client.Own {
		o.server = nil
	}
	var set []string
	for _, end := range []struct {
		side    string
		setting *settings.Setting
		fields  any
	}{{"Client", o.client, &p.ClientSettings}, {"Server", o.server, &p.ServerSettings}} {
		if end.setting == nil {
			continue
		}
		unit := time.Second
		if d, ok := end.setting.Is.(settings.Duration); ok && d.Unit > 0 {
			unit = d.Unit
		}
		if err := p.setField(settings.Value(reflect.ValueOf(end.fields).Elem(), end.setting.Field), value, unit); err != nil {
			return true, err
		}
		set = append(set, end.side+"."+end.setting.Field)
	}
	if set == nil {
		return false, nil
	}
	return true, p.claim(key, forOneEnd, set...)
}

// setField sets a field by its type.
func (p *parser) setField(f reflect.Value, value string, unit time.Duration) error {
	var v any
	var err error
	switch f.Interface().(type) {
	case string:
		v = value
	case bool:
		v, err = parseFlag(value)
	case int:
		v, err = parseCount(value)
	case int64:
		v, err = iperf.ParseSize(p.Program, value)
	case time.Duration:
		v, err = parseTime(value, unit)
	case report.BitRate:
		v, err = iperf.ParseRate(p.Program, value)
	case float64:
		v, err = parseFloat(value)
	default:
		panic(fmt.Sprintf("config: a key for a field of type %v", f.Type()))
	}
	if err != nil {
		return err
	}
	f.Set(reflect.ValueOf(v))
	return nil
}
