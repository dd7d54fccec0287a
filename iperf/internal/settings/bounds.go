package settings

import (
	"fmt"
	"reflect"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// A Bound is what a value must be. Check returns the value and what it must be instead, as messages have them.
type Bound struct {
	Text  string // for the documentation
	Check func(v reflect.Value) (value, allowed string)
}

// bound makes a Bound of values that ok reports.
func bound[T any](allowed string, ok func(T) bool) Bound {
	return Bound{Text: strings.TrimPrefix(allowed, "from "), Check: func(v reflect.Value) (string, string) {
		t := reflect.TypeFor[T]()
		if value := v.Convert(t).Interface().(T); !ok(value) {
			return fmt.Sprint(v.Interface()), allowed
		}
		return "", ""
	}}
}

// both is the first of two bounds that a value is out of.
func both(a, b Bound) Bound {
	return Bound{Text: a.Text + ", " + b.Text, Check: func(v reflect.Value) (value, allowed string) {
		if value, allowed = a.Check(v); allowed == "" {
			value, allowed = b.Check(v)
		}
		return value, allowed
	}}
}

var wholeSeconds = bound("whole seconds", func(d time.Duration) bool { return d%time.Second == 0 })

func noLonger(most time.Duration) Bound {
	return bound(fmt.Sprintf("%v or less", most), func(d time.Duration) bool { return d <= most })
}

func noMore(most int64, what string) Bound {
	return bound(strings.TrimSpace(fmt.Sprintf("%d %s", most, what))+" or less", func(n int64) bool { return n <= most })
}

// unset is the bound of a setting whose flag versions still have, and no longer use or take.
func unset(why string) Bound {
	allowed := "unset, as " + why
	return Bound{Text: allowed, Check: func(v reflect.Value) (string, string) { return fmt.Sprint(v.Interface()), allowed }}
}

// anyValue ends the bound of earlier versions.
var anyValue = Bound{Text: "any", Check: func(reflect.Value) (value, allowed string) { return "", "" }}

func interval(shortest, longest time.Duration) Bound {
	return bound(fmt.Sprintf("from %v to %v", shortest, longest), func(d time.Duration) bool { return d == 0 || d >= shortest && d <= longest })
}

func letter(letters string) Bound {
	return bound("one of "+letters, func(s string) bool { return strings.Contains(letters, s) })
}

// AtMost is a bound of numbers that may have fractions.
func AtMost(most float64) Bound {
	return bound(fmt.Sprintf("%v or less", most), func(f float64) bool { return f <= most })
}

func matching(pattern, allowed string) Bound {
	r := regexp.MustCompile(pattern)
	return bound(allowed, r.MatchString)
}

// processors is a bound for the numbers of processors.
func processors(allowed string) Bound {
	return both(matching(`^([0-9]+(,[0-9]+)?)?$`, allowed), bound(fmt.Sprintf("of processors from 0 to %d", lastCPU), func(s string) bool {
		for n := range strings.SplitSeq(s, ",") {
			if cpu, err := strconv.Atoi(n); s != "" && (err != nil || cpu > lastCPU) {
				return false
			}
		}
		return true
	}))
}

// reportExclude is a bound for the letters of iperf 2's reports.
var reportExclude = both(
	bound("without D, as the data are what is measured", func(s string) bool { return !strings.ContainsAny(s, "dD") }),
	matching(`^[CMSVcmsv]*$`, "of the letters C, M, S and V"),
)

// permitKey is a bound for a secret, whose value no message has.
var permitKey = Bound{Text: "4 to 128 characters", Check: func(v reflect.Value) (value, allowed string) {
	if n := v.Len(); n > 0 && (n < 4 || n > 128) {
		return fmt.Sprintf("of %d characters", n), "empty, or of 4 to 128 characters"
	}
	return "", ""
}}
