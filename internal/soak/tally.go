package main

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"

	"github.com/tunaperf/tuna/iperf"
	"github.com/tunaperf/tuna/iperf/report"
)

// A tally is what was counted.
type tally struct {
	mu         sync.Mutex
	runs       int
	good       int
	attempts   int
	faults     map[string]int // by what was broken
	kinds      map[string]int // errors
	unexpected []string
	left       []string // processes on the hosts
	goroutines int      // more than there were at first
	stacks     string   // of all goroutines, when some were left
	files      int      // more open than there were at first
}

func newTally() *tally { return &tally{faults: map[string]int{}, kinds: map[string]int{}} }

// kinds are those of package iperf that a broken host or link, or the caller, can lead to.
var kinds = []error{
	iperf.ErrHostLost, iperf.ErrCanceled, iperf.ErrTimeout, iperf.ErrInterrupted, iperf.ErrPeerLost, iperf.ErrUnreachable, iperf.ErrRefused,
	iperf.ErrPortInUse, iperf.ErrServerBusy, iperf.ErrIncomplete, iperf.ErrNoBandwidth,
}

// kindOf names the first kind that the error is of; empty: none.
func kindOf(err error) string {
	for _, k := range kinds {
		if errors.Is(err, k) {
			return k.Error()
		}
	}
	return ""
}

// result counts a run. wanted tells by which errors it may have ended, when not by none, and least and most what it may
// have measured.
func (t *tally) result(what string, res *iperf.Result, err error, wanted []error, least, most report.BitRate) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.runs++
	if res != nil {
		t.attempts += res.Attempts
	}
	if err == nil {
		t.good++
		if res.Bandwidth < least || res.Bandwidth > most {
			t.unexpected = append(t.unexpected, fmt.Sprintf("%s: %v on a link of %v, from %v", what, res.Bandwidth, linkRate, res.Source))
		}
		return
	}
	kind := kindOf(err)
	t.kinds[kind]++
	if kind == "" || strings.Contains(err.Error(), "\n") || !slices.ContainsFunc(wanted, func(w error) bool { return errors.Is(err, w) }) {
		t.unexpected = append(t.unexpected, fmt.Sprintf("%s: %v", what, err))
	}
}

func (t *tally) broke(what string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.faults[what]++
}

func (t *tally) problem(text string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.unexpected = append(t.unexpected, text)
}

func (t *tally) bad() bool {
	return len(t.unexpected) > 0 || len(t.left) > 0 || t.goroutines > 0 || t.files > 0
}

// String prints the counts, a line each.
func (t *tally) String() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	var b strings.Builder
	fmt.Fprintf(&b, "runs: %d, without an error: %d\n", t.runs, t.good)
	list := func(title string, counts map[string]int) {
		sum := 0
		for _, n := range counts {
			sum += n
		}
		fmt.Fprintf(&b, "%s: %d\n", title, sum)
		for _, k := range slices.Sorted(maps.Keys(counts)) {
			fmt.Fprintf(&b, "  %5d %s\n", counts[k], k)
		}
	}
	list("faults", t.faults)
	list("errors", t.kinds)
	lines := func(title string, all []string) {
		fmt.Fprintf(&b, "%s: %d\n", title, len(all))
		for _, line := range all {
			fmt.Fprintf(&b, "  %s\n", line)
		}
	}
	lines("unexpected", t.unexpected)
	lines("processes left", t.left)
	fmt.Fprintf(&b, "goroutines left: %d\nfiles and connections left: %d\n", t.goroutines, t.files)
	b.WriteString(t.stacks)
	return b.String()
}
