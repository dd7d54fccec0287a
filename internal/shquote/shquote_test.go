package shquote_test

import (
	"fmt"
	"os/exec"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/tunaperf/tuna/internal/shquote"
)

func ExampleJoin() {
	fmt.Println(shquote.Join([]string{"iperf3", "-c", "192.0.2.1", "--title", "it's 5 o'clock", ""}))
	// Output: iperf3 -c 192.0.2.1 --title 'it'\''s 5 o'\''clock' ''
}

func TestQuote(t *testing.T) {
	for _, test := range []struct{ name, arg, want string }{
		{"plain", "/usr/bin/iperf3", "/usr/bin/iperf3"},
		{"option", "--bind-dev=eth0", "'--bind-dev=eth0'"},
		{"empty", "", "''"},
		{"space", "a b", "'a b'"},
		{"single quote", "'", `''\'''`},
		{"assignment", "A=1", "'A=1'"},
		{"reserved word", "if", "'if'"},
		{"home", "~root", "'~root'"},
		{"newline", "a\nb", "'a\nb'"},
		{"not ASCII", "é", "'é'"},
	} {
		t.Run(test.name, func(t *testing.T) {
			if got := shquote.Quote(test.arg); got != test.want {
				t.Errorf("Quote(%q) = %s, want %s", test.arg, got, test.want)
			}
		})
	}
}

// FuzzJoin lets each shell there is read the words back.
func FuzzJoin(f *testing.F) {
	for _, seed := range []string{"", "a", "it's", "a b\x01c", "$HOME\x01`id`\x01$(id)", "*\x01~\x01{a,b}\x01!x\x01#\x01\\", "\n\r\t", "\xff\xfe"} {
		f.Add(seed)
	}
	var shells [][]string
	for _, s := range [][]string{{"sh"}, {"dash"}, {"bash"}, {"busybox", "ash"}} {
		if _, err := exec.LookPath(s[0]); err == nil {
			shells = append(shells, s)
		}
	}
	f.Fuzz(func(t *testing.T, s string) {
		if strings.Contains(s, "\x00") || len(s) > 4096 {
			t.Skip("no shell can pass on a zero byte")
		}
		args := strings.Split(s, "\x01")
		for _, shell := range shells {
			text := `printf '%s\0' ` + shquote.Join(args)
			out, err := exec.Command(shell[0], append(shell[1:], "-c", text)...).Output()
			if err != nil {
				t.Fatalf("%s: %v", shell, err)
			}
			got := strings.Split(strings.TrimSuffix(string(out), "\x00"), "\x00")
			if diff := cmp.Diff(args, got); diff != "" {
				t.Errorf("%s read %s otherwise (-want +got):\n%s", shell, text, diff)
			}
		}
	})
}

// TestJoinFirstWord runs programs whose names a shell would read as something else.
func TestJoinFirstWord(t *testing.T) {
	for _, name := range []string{"A=1", "if", "{", "!", "while", "#x"} {
		err := exec.Command("sh", "-c", shquote.Join([]string{name})).Run()
		if e, ok := err.(*exec.ExitError); !ok || e.ExitCode() != 127 {
			t.Errorf("running %q: got %v, want exit status 127 (not found)", name, err)
		}
	}
}
