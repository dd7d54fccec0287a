package iperf

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"time"

	"github.com/tunaperf/tuna/iperf/report"
)

// ErrArchive means that what Replay reads is not as a run can have left it.
var ErrArchive = errors.New("the archive is not as the run left it")

// check finds what a run's manifest cannot have.
func (m *Manifest) check() error {
	var errs []error
	bad := func(field string, value any, why string) {
		errs = append(errs, fmt.Errorf("%w: %s is %v: %s", ErrArchive, field, value, why))
	}
	rate := func(field string, r report.BitRate) {
		if !(r >= 0) || r > 1e18 {
			bad(field, float64(r), "no bandwidth")
		}
	}
	source := func(field string, s Source) {
		if s.Role > RoleServer || s.Intervals < 0 {
			bad(field, fmt.Sprintf("%+v", s), "no end of a run")
		}
	}
	if m.Direction != Upstream.String() && m.Direction != Downstream.String() {
		bad("direction", fmt.Sprintf("%q", m.Direction), "must be upstream or downstream")
	}
	if m.End.Before(m.Start) {
		bad("end", m.End, "before start")
	}
	rate("bandwidth_bit_per_second", m.Bandwidth)
	rate("opposite_bit_per_second", m.Opposite)
	source("source", m.Source)
	source("opposite_source", m.OppositeSource)
	for name, e := range map[string]ManifestEnd{"client": m.Client, "server": m.Server} {
		if e.End.Before(e.Start) {
			bad(name+".end", e.End, "before start")
		}
		if e.ExitStatus < -1 {
			bad(name+".exit_status", e.ExitStatus, "no exit status")
		}
		for _, file := range []string{e.File, e.ErrFile, e.IntervalsFile} {
			if file != "" && m.Files[file] == "" {
				bad("files", fmt.Sprintf("without %q", file), "the SHA-256 of every raw file must be there")
			}
		}
	}
	c, s := m.Settings.Client, m.Settings.Server
	for field, port := range map[string]int{"client.Port": c.Port, "client.ClientPort": c.ClientPort, "client.ListenPort": c.ListenPort, "server.Port": s.Port} {
		if port < 0 || port > 65535 {
			bad("settings."+field, port, "no port")
		}
	}
	for field, d := range map[string]time.Duration{"client.Time": c.Time, "client.Omit": c.Omit, "client.Interval": c.Interval, "server.Interval": s.Interval} {
		if d < 0 {
			bad("settings."+field, d, "less than nothing")
		}
	}
	return errors.Join(errs...)
}

// Replay gives the Result of a run again from what was kept of it: its manifest, which is the file name in fsys, and the
// raw files beside it, which are checked against their SHA-256 and read anew. The error is that of the run, if it had
// one: a *ReplayedError. Any other error means that the archive is not as the run left it; the Result is then nil.
//
// The bandwidth is the one that was recorded. Where the reports as they are read today, with the median, give another
// one, a warning says so: the run had another Aggregator, or Parser.
func Replay(fsys fs.FS, name string) (*Result, error) { return (&Iperf{}).Replay(fsys, name) }

// Replay is like the function Replay, with the Parser and the Aggregator of x.
func (x *Iperf) Replay(fsys fs.FS, name string) (*Result, error) {
	data, err := fs.ReadFile(fsys, name)
	if err != nil {
		return nil, fmt.Errorf("replay: %w", err)
	}
	var m Manifest
	if err := json.Unmarshal(data, &m); err != nil {
		return nil, fmt.Errorf("replay: %s: %w", name, err)
	}
	if m.Schema < 1 || m.Schema > ManifestSchema {
		return nil, fmt.Errorf("replay: %s: schema is %d: must be from 1 to %d", name, m.Schema, ManifestSchema)
	}
	if err := m.check(); err != nil {
		return nil, fmt.Errorf("replay: %s: %w", name, err)
	}
	d, err := ParseDirection(m.Direction)
	if err != nil {
		return nil, fmt.Errorf("replay: %s: %w", name, err)
	}
	res := &Result{
		Name: m.Name, Direction: d, Bandwidth: m.Bandwidth, Source: m.Source, Reversed: m.Reversed, Opposite: m.Opposite, OppositeSource: m.OppositeSource, Start: m.Start, Elapsed: m.End.Sub(m.Start), Attempts: 1,
		ClientEnd: m.Client.end(), ServerEnd: m.Server.end(), Manifest: name,
	}
	for _, w := range m.Warnings {
		res.Warnings = append(res.Warnings, errors.New(w))
	}
	for file, sum := range m.Files {
		if err := checkFile(fsys, file, sum); err != nil {
			return nil, fmt.Errorf("replay: %w", err)
		}
	}
	if res.Client, err = x.replayEnd(fsys, RoleClient, m.Client.File); err != nil {
		return nil, fmt.Errorf("replay: %w", err)
	}
	if res.Server, err = x.replayEnd(fsys, RoleServer, m.Server.File); err != nil {
		return nil, fmt.Errorf("replay: %w", err)
	}
	again := Result{Client: res.Client, Server: res.Server, Reversed: m.Reversed}
	if again.aggregate(m.reading(), x.aggregator()); again.Bandwidth != m.Bandwidth {
		res.Warnings = append(res.Warnings, fmt.Errorf("replay: the bandwidth was recorded as %v, and would be %v now", m.Bandwidth, again.Bandwidth))
	}
	if m.Error != "" {
		return res, &ReplayedError{m.Error, m.ErrorKind}
	}
	return res, nil
}

// replayEnd reads a raw file again. That the output is odd is part of what is replayed.
func (x *Iperf) replayEnd(fsys fs.FS, role Role, file string) (*report.Report, error) {
	if file == "" {
		return nil, nil
	}
	f, err := fsys.Open(file)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	rep, _ := x.parser(role).Parse(f, nil)
	return rep, nil
}

func checkFile(fsys fs.FS, name, want string) error {
	f, err := fsys.Open(name)
	if err != nil {
		return err
	}
	defer f.Close()
	h := sha256.New()
	if _, err := io.Copy(h, f); err != nil {
		return err
	}
	if got := hex.EncodeToString(h.Sum(nil)); got != want {
		return fmt.Errorf("%w: %s: its SHA-256 is %s: the manifest has %s", ErrArchive, name, got, want)
	}
	return nil
}

// A ReplayedError is the error of a run that is replayed. It matches the same kinds with errors.Is as the run's did.
type ReplayedError struct {
	Text  string
	Kinds []string // the texts of the kinds
}

// Error gives the text that the run's error had.
func (e *ReplayedError) Error() string { return e.Text }

// Is reports whether the run's error wrapped the kind.
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
