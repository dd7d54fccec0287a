package storage

import (
	"errors"
	"io/fs"
	"regexp"
	"testing"
	"time"
)

func TestTimestamped(t *testing.T) {
	now := func() time.Time {
		return time.Date(2026, 2, 3, 4, 5, 6, 7_000_000, time.FixedZone("", 3600))
	}
	for _, test := range []struct{ name, format, file, want string }{
		{"default", "", "run_{timestamp}.txt", "run_20260203T040506.007+0100.txt"},
		{"own", "2006-01-02", "run_{timestamp}.txt", "run_2026-02-03.txt"},
		{"directories", "2006/01/02/", "{timestamp}run.txt", "2026/02/03/run.txt"},
		{"twice", "2006", "{timestamp}/{timestamp}", "2026/2026"},
		{"none", "", "run.txt", "run.txt"},
		{"other braces", "2006", "{time}{timestamp}{}", "{time}2026{}"},
	} {
		t.Run(test.name, func(t *testing.T) {
			s := Timestamped{Storage: new(Mem), Format: test.format, Now: now}
			if got := put(t, s, test.file, ""); got != test.want {
				t.Errorf("Create made %q, want %q", got, test.want)
			}
			if got, err := s.WriteFile(test.file, nil); got != numbered(test.want, 1) || err != nil {
				t.Errorf("WriteFile made %q (%v), want %q", got, err, numbered(test.want, 1))
			}
		})
	}
	if _, err := (Timestamped{Storage: new(Mem), Format: "/2006"}).Create("{timestamp}"); !errors.Is(err, fs.ErrInvalid) {
		t.Errorf("a format that leads out: %v", err)
	}
}

func TestTimestampedIsNow(t *testing.T) {
	before := time.Now().Truncate(time.Millisecond)
	got := put(t, Timestamped{Storage: new(Mem)}, "{timestamp}", "")
	at, err := time.Parse("20060102T150405.000Z0700", got)
	if err != nil || at.Before(before) || at.After(time.Now()) {
		t.Errorf("%q is not now (%v)", got, err)
	}
	if !regexp.MustCompile(`^[0-9TZ.+-]+$`).MatchString(got) {
		t.Errorf("%q has characters that some system refuses", got)
	}
}
