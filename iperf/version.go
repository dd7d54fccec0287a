package iperf

import (
	"context"
	"fmt"
	"regexp"
	"strconv"
	"strings"

	"github.com/tunaperf/tuna/iperf/report"
)

// Version is what a host's iperf says about itself.
type Version struct {
	Program             string // "iperf3", or "iperf" for iperf 2
	Number              string // as printed, such as "3.12", "2.0.14a" or "3.17.1+"
	Major, Minor, Patch int    // Patch is 0 when it is not printed
	Text                string // all that was printed
}

// String gives the program and its number, "iperf3 3.12".
func (v Version) String() string { return v.Program + " " + v.Number }

// AtLeast reports whether the version is major.minor.patch or a later one.
func (v Version) AtLeast(major, minor, patch int) bool {
	if v.Major != major {
		return v.Major > major
	}
	if v.Minor != minor {
		return v.Minor > minor
	}
	return v.Patch >= patch
}

// iperf 2 says "iperf version 2.1.8 (12 August 2022) pthreads", iperf 3 "iperf 3.12 (cJSON 1.7.15)"; iperf3 3.0 says
// "iperf version 3.0.7".
var versionLine = regexp.MustCompile(`(?m)^iperf3? (?:version )?((\d+)\.(\d+)(?:\.(\d+))?[^\s(]*)`)

// ParseVersion reads what `iperf --version` or `iperf3 --version` printed. Lines around it, such as a login banner, are
// passed over.
func ParseVersion(text string) (Version, error) {
	m := versionLine.FindStringSubmatch(text)
	if m == nil {
		return Version{}, fmt.Errorf("version: %w: %s", report.ErrNotUnderstood, firstLine(text))
	}
	v := Version{Program: "iperf", Number: m[1], Text: text}
	for i, n := range []*int{&v.Major, &v.Minor, &v.Patch} {
		if m[2+i] == "" {
			continue
		}
		var err error
		if *n, err = strconv.Atoi(m[2+i]); err != nil {
			return Version{}, fmt.Errorf("version: %w: %s", report.ErrNotUnderstood, m[0])
		}
	}
	if v.Major >= 3 {
		v.Program = "iperf3"
	}
	return v, nil
}

// Version asks h which version of Program it has. Errors are *RunError; one that wraps ErrNotInstalled means that the
// host has no such program, or may not execute it.
func (x *Iperf) Version(ctx context.Context, h HostSSH) (Version, error) {
	x, c, ctx := x.guarded(ctx)
	defer c.end(nil)
	host, err := c.host(h, "", "the host")
	if err != nil {
		return Version{}, err
	}
	v, err := askVersion(ctx, host, x.program())
	return v, c.result(err)
}

func askVersion(ctx context.Context, h HostSSH, program string) (Version, error) {
	// Old versions of iperf 2 print it on stderr, and exit with 1.
	var out, errs buffer
	cmd := command{host: h, argv: []string{program, "--version"}}
	err := h.Run(ctx, cmd.text(), &out, &errs)
	if v, parseErr := ParseVersion(out.String() + "\n" + errs.String()); parseErr == nil {
		v.Text = strings.TrimSpace(out.String() + errs.String())
		return v, nil
	} else if err == nil {
		err = parseErr
	}
	return Version{}, cmd.fail(ctx, err, errs.String())
}

// longestLine is how much of a line an error shows.
const longestLine = 200

func firstLine(s string) string {
	for line := range strings.Lines(s) {
		if line = strings.TrimSpace(line); len(line) > longestLine {
			line = strings.ToValidUTF8(line[:longestLine], "") + "…"
		}
		if line != "" {
			return strconv.Quote(line)
		}
	}
	return "nothing was printed"
}
