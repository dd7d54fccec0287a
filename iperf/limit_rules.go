package iperf

import (
	"math"
	"slices"
	"strings"
)

// A truth is one of three: evidence that is missing is neither yes nor no.
type truth uint8

const (
	unclear truth = iota
	no
	yes
)

func truthOf(b bool) truth {
	if b {
		return yes
	}
	return no
}

// allOf returns yes if all answers are yes, and no if any of them is no.
func allOf(answers ...truth) truth {
	switch {
	case slices.Contains(answers, no):
		return no
	case slices.Contains(answers, unclear):
		return unclear
	}
	return yes
}

// anyOf returns yes if any answer is yes, and no if all of them are no.
func anyOf(answers ...truth) truth {
	switch {
	case slices.Contains(answers, yes):
		return yes
	case slices.Contains(answers, unclear):
		return unclear
	}
	return no
}

func not(a truth) truth {
	switch a {
	case yes:
		return no
	case no:
		return yes
	}
	return unclear
}

// graded answers a question of a signal with a grey zone: yes and no are the answers on its two
// sides, and a value that is on neither is unclear.
func graded(isYes, isNo truth) truth {
	switch {
	case isYes == yes:
		return yes
	case isNo == yes:
		return no
	}
	return unclear
}

// A signal is a number taken from the evidence. The zero value is unknown. Several streams, or a
// number that is only bounded, make it a range.
type signal struct {
	low, high float64
	known     bool
}

func exactly(v float64) signal {
	if math.IsNaN(v) {
		return signal{}
	}
	return signal{v, v, true}
}

// with widens s to hold v too.
func (s signal) with(v float64) signal {
	if !s.known {
		return exactly(v)
	}
	return signal{min(s.low, v), max(s.high, v), true}
}

func (s signal) atLeast(v float64) truth {
	switch {
	case !s.known:
		return unclear
	case s.low >= v:
		return yes
	case s.high < v:
		return no
	}
	return unclear
}

func (s signal) below(v float64) truth { return not(s.atLeast(v)) }

func (s signal) atMost(v float64) truth {
	switch {
	case !s.known:
		return unclear
	case s.high <= v:
		return yes
	case s.low > v:
		return no
	}
	return unclear
}

func (s signal) above(v float64) truth { return not(s.atMost(v)) }

// plus adds two signals. The sum is unknown if one of them is.
func (s signal) plus(t signal) signal {
	if !s.known || !t.known {
		return signal{}
	}
	return signal{s.low + t.low, s.high + t.high, true}
}

// times multiplies by a factor that is not negative.
func (s signal) times(f float64) signal { return signal{s.low * f, s.high * f, s.known} }

// A rule is one step of the decision. The first one that holds names the limit.
//
// An earlier rule that is unclear could have been the limit. The verdict is therefore
// unknown unless that rule is in despite, which lists the rules that the evidence of this one
// excludes.
type rule struct {
	name    string
	despite string // names, separated by spaces
	holds   func(*signals) truth
	limit   func(*signals) Limit // an unknown limit if the rule cannot tell two apart
}

// decide returns the limit that the rules find.
func decide(rules []rule, s *signals) Limit {
	var open []string
	for _, r := range rules {
		switch r.holds(s) {
		case unclear:
			open = append(open, r.name)
		case yes:
			despite := strings.Fields(r.despite)
			if slices.ContainsFunc(open, func(name string) bool { return !slices.Contains(despite, name) }) {
				return s.unknown()
			}
			return r.limit(s)
		}
	}
	return s.unknown()
}
