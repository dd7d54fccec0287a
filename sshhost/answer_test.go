package sshhost_test

import (
	"bytes"
	"errors"
	"os"
	"strings"
	"testing"

	"github.com/tunaperf/tuna/sshhost"
)

// TestAnswers has a command print what a supervisor might, after one command that has ended. What was told before may come again.
func TestAnswers(t *testing.T) {
	for _, test := range []struct {
		name, says string // says is without the mark
		lost       bool
	}{
		{"the status of the command before", "1:0", false},
		{"another status of it", "1:137~", false},
		{"its process", "1+1", false},
		{"its own process again", "2+$$", false},
		{"another process", "2+1", true},
		{"a status of a command to come", "3:0", true},
		{"a status that is no number", "2:x", true},
		{"a status that no program has", "2:1000", true},
		{"no command's number", "x:0", true},
		{"nothing", "", true},
	} {
		t.Run(test.name, func(t *testing.T) {
			s := sshhost.StartSupervisor(t, "", os.Environ(), "dash")
			if err := s.Run(t.Context(), "true", nil, nil); err != nil {
				t.Fatal(err)
			}
			var out, errs bytes.Buffer
			err := s.Run(t.Context(), "echo before; echo \""+s.Mark()+test.says+";\"; echo after; exit 3", &out, &errs)
			if errors.Is(err, sshhost.ErrLost) != test.lost || s.Reusable() == test.lost {
				t.Fatalf("got %v, reusable %v; want ErrLost %v", err, s.Reusable(), test.lost)
			}
			if got, want := out.String(), "before\nafter\n"; !test.lost && (got != want || exitStatus(err) != 3) {
				t.Errorf("got %q and %v, want %q and exit status 3", got, err, want)
			}
		})
	}
}

// TestToldOnce ends commands at the moment in which they have ended by themselves.
func TestToldOnce(t *testing.T) {
	var g group
	defer g.Wait()
	for _, shell := range shellNames {
		g.Run(t, shell, func(t *testing.T) {
			var told []string
			commands := 15
			if shell == "zsh" { // of those that are interrupted while they write, one in thirty would tell twice
				commands = 100
			}
			sh := linkShell(t, shell)
			s := sshhost.StartEager(t, &told, shellEnv(sh), sh)
			for n := range commands {
				if err := s.Run(t.Context(), "true", nil, nil); err != nil {
					t.Fatalf("command %d: %v", n+1, err)
				}
			}
			if got, want := strings.Join(told, ""), strings.Repeat("0;\n", commands); got != want {
				t.Errorf("told %d times, want %d: %q", len(told), commands, told)
			}
		})
	}
}
