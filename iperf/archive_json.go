package iperf

import (
	"encoding/json"
	"fmt"
	"maps"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
)

var (
	manifestType = reflect.TypeFor[Manifest]()
	settingsType = reflect.TypeFor[ManifestSettings]()
	timeType     = reflect.TypeFor[time.Time]()

	unmarshalerType = reflect.TypeFor[json.Unmarshaler]()
)

// tree reads one valid JSON value, and finds members that an object has twice.
func (f *archiveFaults) tree(d *json.Decoder, path string) any {
	t, _ := d.Token()
	switch t {
	case json.Delim('{'):
		object := map[string]any{}
		for d.More() {
			key, _ := d.Token()
			name := key.(string)
			member := join(path, name)
			if _, twice := object[name]; twice {
				f.bad(member, "there twice", "there once")
			}
			object[name] = f.tree(d, member)
		}
		d.Token()
		return object
	case json.Delim('['):
		list := []any{}
		for d.More() {
			list = append(list, f.tree(d, path))
		}
		d.Token()
		return list
	}
	return t
}

func join(path, name string) string {
	if path == "" {
		return name
	}
	return path + "." + name
}

// shown is a JSON value as an error shows it.
func shown(v any) string {
	if v == nil {
		return "missing"
	}
	data, _ := json.Marshal(v)
	if len(data) > 80 {
		return string(data[:80]) + "…"
	}
	return string(data)
}

// object checks a value of a struct type. Members that are always written must be there if all is true. It is false for
// settings, since the settings of an earlier version are fewer.
func (f *archiveFaults) object(path string, t reflect.Type, v any, all bool) {
	object, ok := v.(map[string]any)
	if !ok {
		f.bad(path, shown(v), "a JSON object")
		return
	}
	known, folded := map[string]bool{}, map[string]string{}
	for i := range t.NumField() {
		name, options, _ := strings.Cut(t.Field(i).Tag.Get("json"), ",")
		if name == "" {
			name = t.Field(i).Name
		}
		known[name], folded[strings.ToLower(name)] = true, name
		value := object[name]
		switch required := all && options == ""; {
		case value != nil:
			f.value(join(path, name), t.Field(i).Type, value, all && t != settingsType)
		case required:
			f.bad(join(path, name), "missing", "there")
		}
	}
	for _, name := range slices.Sorted(maps.Keys(object)) {
		switch other := folded[strings.ToLower(name)]; {
		case known[name]:
		case other != "": // which package json takes for the other
			f.bad(join(path, name), shown(object[name]), "written "+other)
		default:
			f.unknown = append(f.unknown, join(path, name))
		}
	}
}

// mayBeNegative matches the numbers that may be less than 0. net.KeepAliveConfig takes these for the system's default.
var mayBeNegative = regexp.MustCompile(`\.(exit_status|signal_dbm|ControlKeepAlive\.(Idle|Interval|Count))$`)

// value checks a value that is not null.
func (f *archiveFaults) value(path string, t reflect.Type, v any, all bool) {
	bad := func(allowed string) { f.bad(path, shown(v), allowed) }
	number, isNumber := v.(json.Number)
	switch kind := t.Kind(); {
	case kind == reflect.Pointer:
		f.value(path, t.Elem(), v, all)
	case t == timeType:
		text, _ := v.(string)
		if _, err := time.Parse(time.RFC3339Nano, text); err != nil {
			bad("a time as in RFC 3339")
		}
	case reflect.PointerTo(t).Implements(unmarshalerType): // which checks it itself
	case kind == reflect.Struct:
		f.object(path, t, v, all)
	case kind == reflect.String:
		if _, ok := v.(string); !ok {
			bad("a string")
		}
	case kind == reflect.Bool:
		if _, ok := v.(bool); !ok {
			bad("true or false")
		}
	case kind == reflect.Slice:
		list, ok := v.([]any)
		if !ok {
			bad("a list")
		}
		for i, v := range list {
			f.value(fmt.Sprintf("%s[%d]", path, i), t.Elem(), v, all)
		}
	case kind == reflect.Map:
		object, ok := v.(map[string]any)
		if !ok {
			bad("a JSON object")
		}
		for _, name := range slices.Sorted(maps.Keys(object)) {
			f.value(fmt.Sprintf("%s[%q]", path, name), t.Elem(), object[name], all)
		}
	case !isNumber:
		bad("a number")
	case kind == reflect.Float64:
		if n, err := strconv.ParseFloat(string(number), 64); err != nil || n < 0 {
			bad("0 or more")
		}
	case t.Size() == 1: // such as a Role
		if _, err := strconv.ParseUint(string(number), 10, 8); err != nil {
			bad("from 0 to 255")
		}
	default:
		if n, err := strconv.ParseInt(string(number), 10, t.Bits()); err != nil || n < 0 && !mayBeNegative.MatchString(path) {
			bad("a whole number, 0 or more")
		}
	}
}
