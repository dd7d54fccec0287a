package iperf

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"

	"github.com/tunaperf/tuna/iperf/report"
)

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
		return fmt.Errorf("%s: its SHA-256 is %s: the manifest has %s", name, got, want)
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
