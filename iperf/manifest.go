package iperf

import (
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/tunaperf/tuna/iperf/report"
)

// ManifestSchema is the version of the manifest's layout that this package writes. It reads this one and earlier ones.
const ManifestSchema = 1

// A Manifest tells how a run was made and what came of it. Run writes one as JSON beside the raw files of every attempt
// whose client started, under the name manifest_<direction>_<timestamp>_<protocol>_<name>.json, when the FileStorage can
// write whole files at once: when it has the method WriteFile(name string, data []byte) (string, error), which gives
// the file's final name. Replay reads it. Its JSON Schema is examples/manifest/schema.json.
type Manifest struct {
	Schema         int               `json:"schema"` // ManifestSchema
	Name           string            `json:"name"`
	Direction      string            `json:"direction"`
	Start          time.Time         `json:"start"`
	End            time.Time         `json:"end"`
	Bandwidth      report.BitRate    `json:"bandwidth_bit_per_second"`
	Source         Source            `json:"source"`
	Reversed       bool              `json:"reversed"`
	Opposite       *report.BitRate   `json:"opposite_bit_per_second,omitempty"`
	OppositeSource Source            `json:"opposite_source,omitzero"`
	Limit          Limit             `json:"limit,omitzero"`
	Loss           *Loss             `json:"loss,omitempty"`
	Client         ManifestEnd       `json:"client"`
	Server         ManifestEnd       `json:"server"`
	Settings       ManifestSettings  `json:"settings"`
	Warnings       []string          `json:"warnings,omitempty"`
	WarningKinds   [][]string        `json:"warning_kinds,omitempty"` // of each warning the texts of the kinds that it wraps; missing: none has any
	Error          string            `json:"error,omitempty"`         // what Run returned; empty: nothing
	ErrorKind      []string          `json:"error_kind,omitempty"`    // the texts of the kinds that it wraps
	Files          map[string]string `json:"files"`                   // each raw file's SHA-256, in hexadecimal digits, by its name
}

// ManifestEnd is how one end was run.
type ManifestEnd struct {
	Host          string    `json:"host"`
	Addr          string    `json:"test_addr"`
	System        string    `json:"system,omitempty"` // what uname -a printed: kernel, release, machine; empty: nothing
	Version       Version   `json:"version"`
	Argv          []string  `json:"argv"`
	Command       string    `json:"command"`
	ExitStatus    int       `json:"exit_status"` // -1: it did not exit by itself
	Start         time.Time `json:"start"`
	End           time.Time `json:"end"`
	File          string    `json:"file,omitempty"`
	ErrFile       string    `json:"err_file,omitempty"`
	IntervalsFile string    `json:"intervals_file,omitempty"`

	Phases ManifestPhases `json:"phases,omitzero"` // where its time went; missing: written by an earlier version
	Path   *Path          `json:"path,omitempty"`  // missing: unknown, or written by an earlier version
}

// ManifestSettings are the settings of both ends as the caller gave them.
type ManifestSettings struct {
	Client ClientSettings `json:"client"`
	Server ServerSettings `json:"server"`
}

// A fileWriter is a FileStorage that can write a whole file so that nobody sees a part of it.
type fileWriter interface {
	WriteFile(name string, data []byte) (finalName string, err error)
}

// writeManifest keeps the manifest of an attempt where the storage can do that, and gives its name.
func (x *Iperf) writeManifest(res *Result, name string, runErr error, sums map[string]string) (string, error) {
	storage, ok := x.FileStorage.(fileWriter)
	if !ok {
		return "", nil
	}
	m := Manifest{
		Schema: ManifestSchema, Name: res.Name, Direction: res.Direction.String(), Start: res.Start, End: res.Start.Add(res.Elapsed),
		Bandwidth: res.Bandwidth, Source: res.Source, Reversed: res.Reversed, Opposite: res.Opposite, OppositeSource: res.OppositeSource,
		Limit: res.Limit, Loss: res.Loss,
		Client: manifestEnd(res.ClientEnd), Server: manifestEnd(res.ServerEnd),
		Settings: ManifestSettings{x.Client, x.Server}, Files: sums,
	}
	typed := false
	for _, w := range res.Warnings {
		kinds := kindsOf(w)
		m.Warnings, m.WarningKinds = append(m.Warnings, w.Error()), append(m.WarningKinds, kinds)
		typed = typed || len(kinds) > 0
	}
	if !typed {
		m.WarningKinds = nil
	}
	if runErr != nil {
		m.Error, m.ErrorKind = runErr.Error(), kindsOf(runErr)
	}
	data, err := json.MarshalIndent(m, "", "  ")
	if err != nil {
		return "", fmt.Errorf("manifest: %w", err)
	}
	final, err := storage.WriteFile("manifest_"+name+".json", append(data, '\n'))
	if err != nil { // where there are several storages, it may be in another
		return final, storageError{fmt.Errorf("manifest: %w", err)}
	}
	return final, nil
}

// kindsOf returns the texts of the kinds that an error wraps.
func kindsOf(err error) []string {
	kinds := []string{}
	for _, kind := range errorKinds {
		if errors.Is(err, kind) {
			kinds = append(kinds, kind.Error())
		}
	}
	return kinds
}

func manifestEnd(e End) ManifestEnd {
	return ManifestEnd{
		Host: e.Host, Addr: e.Addr, System: e.System, Version: e.Version, Argv: e.Argv, Command: e.Command, ExitStatus: e.ExitStatus,
		Start: e.Start, End: e.Start.Add(e.Elapsed), File: e.File, ErrFile: e.ErrFile, IntervalsFile: e.IntervalsFile,
		Phases: e.Phases.manifest(), Path: e.Path,
	}
}

func (m ManifestEnd) end() End {
	return End{
		Host: m.Host, Addr: m.Addr, System: m.System, Version: m.Version, Argv: m.Argv, Command: m.Command, ExitStatus: m.ExitStatus,
		Start: m.Start, Elapsed: m.End.Sub(m.Start), File: m.File, ErrFile: m.ErrFile, IntervalsFile: m.IntervalsFile,
		Phases: m.Phases.phases(), Path: m.Path,
	}
}

// reading returns how the reports of the run are read.
func (m *Manifest) reading() reading {
	x := Iperf{Client: m.Settings.Client, Server: m.Settings.Server}
	return x.reading(m.Client.Version)
}
