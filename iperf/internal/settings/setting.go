// Package settings has the tables of iperf's settings, one for the client and one for the server: everything that is known
// of a setting by itself, such as its flags, bounds and keys. Package iperf reads the tables to check settings and to write
// command lines, package config to read configurations.
package settings

import (
	"fmt"
	"reflect"
	"slices"
	"strings"
)

// A Setting is a field of iperf's ClientSettings or ServerSettings.
type Setting struct {
	Field string // such as "Time" or "Bounceback.Hold"

	// Two and Three are the flags of iperf 2 and of iperf 3. Of several the last that a version has is used. Nil: the
	// program has none, or only code knows when it is written.
	Two, Three []Flag

	// Is has the values that the field may have, and their form on the command line.
	Is Kind

	// Limits2 and Limits3 are bounds of iperf 2 and of iperf 3. Of several the last that a version has is used.
	Limits2, Limits3 []Limit

	Over  string // the protocols over which the setting has an effect, of TCP, UDP and SCTP, separated by spaces; empty: any
	Needs string // fields of which one must be set too, separated by spaces; empty: none

	Keys string // the keys of a configuration, separated by spaces
	Own  bool   // a key is for one end: the client's unless it begins with server-

	Server     Part // what the client's setting means to the server
	FromClient bool // an iperf 3 server has the client's value
}

// IsOver reports whether the setting has an effect over a protocol.
func (s Setting) IsOver(protocol string) bool {
	return s.Over == "" || slices.Contains(strings.Fields(s.Over), protocol)
}

// Protocols returns the protocols over which the setting has an effect, such as "TCP or SCTP".
func (s Setting) Protocols() string { return strings.ReplaceAll(s.Over, " ", " or ") }

// A Part is how a server takes part in a setting of its client.
type Part uint8

const (
	Alone Part = iota // the server need not know it
	Given             // the server has the same flag
	Known             // the server's version must have the flag, since an older one waits for other connections or reports other numbers
)

// A Since is the first version of a program that has something.
type Since struct{ Major, Minor, Patch int }

// String returns "2.0.14" or, for iperf 3, whose first releases have two numbers, "3.7".
func (s Since) String() string {
	if s.Major >= 3 && s.Patch == 0 {
		return fmt.Sprintf("%d.%d", s.Major, s.Minor)
	}
	return fmt.Sprintf("%d.%d.%d", s.Major, s.Minor, s.Patch)
}

// A Flag is how a program writes an option from a version on. One that ends in "=" has its value, if any, attached.
type Flag struct {
	Name string
	From Since
}

// A Limit is a bound of a program from a version on.
type Limit struct {
	From  Since
	Holds Bound
}

// All2 is every version of iperf 2 that is still met, All3 every version of iperf 3.
var (
	All2 = Since{1, 7, 0}
	All3 = Since{3, 0, 0}
)

// One is the usual list of flags.
func One(name string, major, minor, patch int) []Flag {
	return []Flag{{name, Since{major, minor, patch}}}
}

// two and three are a flag of every version.
func two(name string) []Flag   { return []Flag{{name, All2}} }
func three(name string) []Flag { return []Flag{{name, All3}} }

// Value returns the field of a struct of settings. It is invalid if the struct has no such field.
func Value(s reflect.Value, field string) reflect.Value {
	for name := range strings.SplitSeq(field, ".") {
		if s = s.FieldByName(name); !s.IsValid() {
			break
		}
	}
	return s
}

// Find returns the setting of a field.
func Find(table []Setting, field string) *Setting {
	return &table[slices.IndexFunc(table, func(s Setting) bool { return s.Field == field })]
}
