package iperf

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/tunaperf/tuna/iperf/report"
)

// Replay returns the Result of a run from its archive: the manifest, which is the file name in fsys, and the raw files
// beside it, which are checked against their SHA-256 and read again. The error is that of the run, if it had one: a
// *ReplayedError. Otherwise the Result is nil: an error that wraps ErrArchive means that the archive is not as a run can
// have left it.
//
// The rates and their sources are those that were recorded. If the raw files, read by this version with the median, yield
// others, a warning names the member and both values: the run had another Aggregator or Parser, or it was changed.
// Members and settings that this version does not have are warnings too.
func Replay(fsys fs.FS, name string) (*Result, error) { return (&Iperf{}).Replay(fsys, name) }

// Replay does what the function Replay does, with the Parser and the Aggregator of x. A panic of theirs is a *PanicError.
func (x *Iperf) Replay(fsys fs.FS, name string) (*Result, error) {
	x, c, _ := x.guarded(context.Background())
	defer c.end(nil)
	res, err := x.replay(fsys, name)
	if c.first != nil {
		return nil, c.result(nil)
	}
	return res, err
}

func (x *Iperf) replay(fsys fs.FS, name string) (*Result, error) {
	m, unknown, err := readManifest(fsys, name)
	if err != nil {
		return nil, fmt.Errorf("replay: %w", err)
	}
	for _, file := range slices.Sorted(maps.Keys(m.Files)) {
		if err := checkFile(fsys, file, m.Files[file]); err != nil {
			return nil, fmt.Errorf("replay: %s: %w: %w", name, ErrArchive, err)
		}
	}
	d, _ := ParseDirection(m.Direction)
	res := &Result{
		Name: m.Name, Direction: d, Bandwidth: m.Bandwidth, Source: m.Source, Reversed: m.Reversed, Opposite: m.Opposite,
		OppositeSource: m.OppositeSource, Limit: m.Limit, Loss: m.Loss, Start: m.Start, Elapsed: m.End.Sub(m.Start), Attempts: 1, ClientEnd: m.Client.end(),
		ServerEnd: m.Server.end(), Manifest: name,
	}
	for i, w := range m.Warnings {
		warning := errors.New(w)
		if i < len(m.WarningKinds) && len(m.WarningKinds[i]) > 0 {
			warning = &ReplayedError{w, m.WarningKinds[i]}
		}
		res.Warnings = append(res.Warnings, warning)
	}
	if res.Client, err = x.replayEnd(fsys, RoleClient, m.Client.File); err != nil {
		return nil, fmt.Errorf("replay: %w", err)
	}
	if res.Server, err = x.replayEnd(fsys, RoleServer, m.Server.File); err != nil {
		return nil, fmt.Errorf("replay: %w", err)
	}
	warn := func(format string, args ...any) {
		res.Warnings = append(res.Warnings, fmt.Errorf("replay: %s: "+format, append([]any{name}, args...)...))
	}
	for _, member := range unknown {
		warn("the member %s is unknown", member)
	}
	if err := m.refused(); err != nil {
		warn("this version refuses the settings: %w", err)
	}
	x.compare(m, res, warn)
	if m.Error != "" {
		return res, &ReplayedError{m.Error, m.ErrorKind}
	}
	return res, nil
}

// compare warns of each number that is recorded and that the reports as they are read now do not yield.
func (x *Iperf) compare(m *Manifest, res *Result, warn func(string, ...any)) {
	if m.Error != "" && m.Source.Role == 0 {
		return // there is no number, whatever the reports have
	}
	again := Result{Client: res.Client, Server: res.Server, Reversed: m.Reversed}
	again.aggregate(m.reading(), x.aggregator())
	for _, n := range []struct {
		member        string
		recorded, now any
	}{
		{"bandwidth_bit_per_second", m.Bandwidth, again.Bandwidth}, {"source", m.Source, again.Source},
		{"opposite_bit_per_second", known(m.Opposite), known(again.Opposite)}, {"opposite_source", m.OppositeSource, again.OppositeSource},
	} {
		if n.recorded != n.now {
			warn("%s was recorded as %v, and would be %v now", n.member, n.recorded, n.now)
		}
	}
	if s := m.Server.ExitStatus; m.Error == "" && s > 0 {
		warn("server.exit_status is %d, though the run has no error: it must have failed while it was ended", s)
	}
}

// known returns a rate, or "none" if it is nil.
func known(r *report.BitRate) any {
	if r == nil {
		return "none"
	}
	return *r
}

// refused returns the error of settings that earlier versions took. A time at which to start is of the run.
func (m *Manifest) refused() error {
	x := Iperf{Client: m.Settings.Client, Server: m.Settings.Server}
	x.Client.TxStartTime = time.Time{}
	return x.Check()
}

// replayEnd reads a raw file again. Oddities of the output are reported again, as in the original run.
func (x *Iperf) replayEnd(fsys fs.FS, role Role, file string) (*report.Report, error) {
	f, err := fsys.Open(file)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	rep, _ := x.parser(role).Parse(f, nil)
	return rep, nil
}

// checkRegular returns an error if the file is there and is none that has an end, such as a FIFO.
func checkRegular(fsys fs.FS, name string) error {
	if info, err := fs.Stat(fsys, name); err == nil && !info.Mode().IsRegular() {
		return fmt.Errorf("%s: it is no regular file (%v)", name, info.Mode().Type())
	}
	return nil
}

// checkFile returns an error unless the file has the SHA-256 that the manifest says.
func checkFile(fsys fs.FS, name, want string) error {
	if err := checkRegular(fsys, name); err != nil {
		return err
	}
	f, err := fsys.Open(name)
	if err != nil {
		return err
	}
	defer f.Close()
	h := sha256.New()
	if _, err := io.Copy(h, f); err != nil {
		return err
	}
	if got := hex.EncodeToString(h.Sum(nil)); !strings.EqualFold(got, want) {
		return fmt.Errorf("%s: its SHA-256 is %s: must be %s, as in files", name, got, want)
	}
	return nil
}

// A ReplayedError is the error of a run that is replayed, or one of its warnings that wrapped kinds. It matches the same kinds
// with errors.Is as the original did.
type ReplayedError struct {
	Text  string
	Kinds []string // the texts of the kinds
}

// Error returns the text of the original error.
func (e *ReplayedError) Error() string { return e.Text }

// Is reports whether the original error wrapped the kind.
func (e *ReplayedError) Is(kind error) bool {
	for _, known := range errorKinds {
		for _, text := range e.Kinds {
			if known == kind && known.Error() == text {
				return true
			}
		}
	}
	return false
}
