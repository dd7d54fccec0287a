package iperf

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"regexp"
	"slices"
	"time"

	"github.com/tunaperf/tuna/iperf/report"
)

// ErrArchive means that what Replay reads is not as a run can have left it. The error names the file, the manifest's
// member, its value and what is allowed.
var ErrArchive = errors.New("the archive is not as the run left it")

// archiveFaults collects what a manifest cannot have.
type archiveFaults struct {
	errs    []error
	unknown []string // members that this version does not write
}

func (f *archiveFaults) bad(member string, value any, allowed string) {
	f.errs = append(f.errs, fmt.Errorf("%w: %s is %v: must be %s", ErrArchive, member, value, allowed))
}

// readManifest returns the manifest that is the file name in fsys, and the members in it that are unknown.
func readManifest(fsys fs.FS, name string) (m *Manifest, unknown []string, err error) {
	if err := checkRegular(fsys, name); err != nil {
		return nil, nil, fmt.Errorf("%w: %w", ErrArchive, err)
	}
	data, err := fs.ReadFile(fsys, name)
	if err != nil {
		return nil, nil, err
	}
	f := &archiveFaults{}
	m, err = f.decode(data)
	if err == nil {
		f.values(m)
		err = errors.Join(f.errs...)
	}
	if err != nil {
		return nil, nil, fmt.Errorf("%s: %w", name, err)
	}
	return m, f.unknown, nil
}

// values finds the values that no run can have written.
func (f *archiveFaults) values(m *Manifest) {
	if m.Direction != Upstream.String() && m.Direction != Downstream.String() {
		f.bad("direction", fmt.Sprintf("%q", m.Direction), "upstream or downstream")
	}
	f.times(m)
	f.rate("bandwidth_bit_per_second", m.Bandwidth, "source", m.Source)
	if m.Opposite != nil {
		f.rate("opposite_bit_per_second", *m.Opposite, "opposite_source", m.OppositeSource)
	}
	if m.Source.Role == 0 && m.Error == "" {
		f.bad("source.Role", 0, "1 (client) or 2 (server) unless there is an error")
	}
	if m.Error == "" && len(m.ErrorKind) > 0 {
		f.bad("error", `""`, "there beside error_kind")
	}
	if n := len(m.WarningKinds); n > 0 && n != len(m.Warnings) {
		f.bad("warning_kinds", fmt.Sprintf("%d lists", n), fmt.Sprintf("%d, one for each of warnings", len(m.Warnings)))
	}
	for _, e := range m.ends() {
		if e.ExitStatus < -1 || e.ExitStatus > 255 {
			f.bad(e.role.String()+".exit_status", e.ExitStatus, "from -1 to 255")
		}
		if len(e.Argv) == 0 {
			f.bad(e.role.String()+".argv", e.Argv, "the program and its arguments")
		}
	}
	if m.Error == "" && m.Client.ExitStatus != 0 {
		f.bad("client.exit_status", m.Client.ExitStatus, "0 unless there is an error")
	}
	if c, s := m.Client.Version, m.Server.Version; c.Major >= 3 != (s.Major >= 3) {
		f.bad("server.version.Major", s.Major, fmt.Sprintf("of the same kind as the client's, %d", c.Major))
	}
	f.settings(m)
	f.files(m)
}

// A roleEnd is one of both ends with its role.
type roleEnd struct {
	*ManifestEnd
	role Role
}

func (m *Manifest) ends() []roleEnd {
	return []roleEnd{{&m.Client, RoleClient}, {&m.Server, RoleServer}}
}

// times compares durations alone, because the wall clock may have been set during the run.
func (f *archiveFaults) times(m *Manifest) {
	took := func(member string, start, end time.Time, most time.Duration, why string) time.Duration {
		d := end.Sub(start)
		switch {
		case start.IsZero():
			f.bad(member+"start", start, "the time of the run")
		case end.Before(start):
			f.bad(member+"end", end, "at or after "+member+"start")
		case d > most:
			f.bad(member+"end", end, fmt.Sprintf("at most %v after %sstart, %s", most, member, why))
		}
		return d
	}
	longest := max(m.Client.End.Sub(m.Client.Start), m.Server.End.Sub(m.Server.Start), 0)
	run := took("", m.Start, m.End, longest+min(day, forever-1-longest), "a day more than both programs took")
	for _, e := range m.ends() {
		took(e.role.String()+".", e.Start, e.End, run, "which the run took")
	}
}

func (f *archiveFaults) rate(member string, r report.BitRate, sourceMember string, s Source) {
	if r > 1e18 {
		f.bad(member, float64(r), "at most 1e18")
	}
	if s.Role > RoleServer {
		f.bad(sourceMember+".Role", uint8(s.Role), "1 (client), 2 (server) or 0 (nothing)")
	}
	if s.Role == 0 && s != (Source{}) {
		f.bad(sourceMember, fmt.Sprintf("%+v", s), "of a Role, or zero")
	}
	if s.Role == 0 && r != 0 {
		f.bad(member, float64(r), fmt.Sprintf("0 because %s is nothing", sourceMember))
	}
}

func (f *archiveFaults) settings(m *Manifest) {
	c, s := &m.Settings.Client, &m.Settings.Server
	for _, p := range []struct {
		member string
		port   int
	}{{"client.Port", c.Port}, {"client.ClientPort", c.ClientPort}, {"client.ListenPort", c.ListenPort}, {"server.Port", s.Port}} {
		if p.port > 65535 {
			f.bad("settings."+p.member, p.port, "at most 65535")
		}
	}
	if c.Protocol > report.ProtocolSCTP {
		f.bad("settings.client.Protocol", uint8(c.Protocol), "1 (TCP), 2 (UDP), 3 (SCTP) or 0 (TCP)")
	}
	if m.Reversed != c.Reverse && !c.bothWays() {
		f.bad("reversed", m.Reversed, fmt.Sprintf("%v, as settings.client.Reverse is", c.Reverse))
	}
}

// rawName matches the names that a run asks its storage for. The storage may have put something before or behind it.
var rawName = regexp.MustCompile(`(?:^|[^A-Za-z0-9])(client|server)_(upstream|downstream)_\d{8}T\d{6}\.\d{3}Z_(tcp|udp|sctp)`)

var sumPattern = regexp.MustCompile(`^[0-9A-Fa-f]{64}$`)

// files finds raw files that are not named, or of which the sum is missing.
func (f *archiveFaults) files(m *Manifest) {
	owner := map[string]string{} // members by the file that they name
	for _, e := range m.ends() {
		for _, file := range []struct{ member, name string }{{"file", e.File}, {"err_file", e.ErrFile}, {"intervals_file", e.IntervalsFile}} {
			member := e.role.String() + "." + file.member
			other := owner[file.name]
			switch {
			case file.name == "" && file.member == "file":
				f.bad(member, `""`, "the name of a raw file")
			case file.name == "":
			case !fs.ValidPath(file.name) || file.name == ".":
				f.bad(member, fmt.Sprintf("%q", file.name), "a path inside the archive's folder")
			case other != "":
				f.bad(member, fmt.Sprintf("%q", file.name), "another file than "+other)
			case m.Files[file.name] == "":
				f.bad("files", fmt.Sprintf("without %q", file.name), "the SHA-256 of every raw file")
			}
			owner[file.name] = member
			if got := rawName.FindStringSubmatch(file.name); got != nil {
				if got[1] != e.role.String() {
					f.bad(member, fmt.Sprintf("%q", file.name), "a file of the "+e.role.String())
				}
				if got[2] != m.Direction {
					f.bad("direction", fmt.Sprintf("%q", m.Direction), fmt.Sprintf("%s, as %s %q has", got[2], member, file.name))
				}
			}
		}
	}
	for _, name := range slices.Sorted(maps.Keys(m.Files)) {
		if !sumPattern.MatchString(m.Files[name]) {
			f.bad(fmt.Sprintf("files[%q]", name), fmt.Sprintf("%q", m.Files[name]), "a SHA-256 of 64 hexadecimal digits")
		}
		if owner[name] == "" {
			f.bad("files", fmt.Sprintf("with %q", name), "of the files that client and server name")
		}
	}
}

// decode reads a manifest's JSON, each member of which must be there once and of its type.
func (f *archiveFaults) decode(data []byte) (*Manifest, error) {
	if err := json.Unmarshal(data, new(json.RawMessage)); err != nil {
		return nil, fmt.Errorf("%w: must be one JSON object: %w", ErrArchive, err)
	}
	d := json.NewDecoder(bytes.NewReader(data))
	d.UseNumber()
	tree := f.tree(d, "")
	top, ok := tree.(map[string]any)
	if !ok {
		return nil, fmt.Errorf("%w: must be one JSON object", ErrArchive)
	}
	if n, ok := top["schema"].(json.Number); !ok || n != "1" {
		f.bad("schema", shown(top["schema"]), fmt.Sprintf("from 1 to %d", ManifestSchema))
		return nil, errors.Join(f.errs...)
	}
	if old, ok := top["reverse"]; ok && top["reversed"] == nil { // as it was called in the beginning
		delete(top, "reverse")
		top["reversed"] = old
	}
	f.object("", manifestType, top, true)
	if len(f.errs) > 0 {
		return nil, errors.Join(f.errs...)
	}
	m := &Manifest{}
	if err := json.Unmarshal(data, m); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrArchive, err)
	}
	m.Reversed = top["reversed"].(bool)
	if m.Opposite == nil && m.OppositeSource != (Source{}) {
		m.Opposite = new(report.BitRate) // a 0 was left out once
	}
	return m, nil
}
