package sshhost_test

import (
	"strings"
	"testing"

	"github.com/tunaperf/tuna/internal/testbed"
	"github.com/tunaperf/tuna/sshhost"
)

// TestLongCommand runs texts that no argument of a program can hold, and some that are too long for that.
func TestLongCommand(t *testing.T) {
	text := func(size int) string {
		line := strings.Repeat("é", 40) + "x\n" // so that the text is cut within a character
		const end = "; echo $0 $# ${#x}; false; exit 3"
		return "x='" + strings.Repeat(line, (size-len("x=''"+end))/len(line)) + "'" + end
	}
	var g group
	defer g.Wait()
	for _, shell := range shellNames {
		if shell == "zsh" {
			continue // its read takes more than ten seconds for such a line
		}
		g.Run(t, shell, func(t *testing.T) {
			s := startShell(t, shell, "LC_ALL=C.UTF-8")
			for _, size := range []int{1000, 130 << 10} {
				var out, short strings.Builder
				command := text(size)
				err := s.Run(t.Context(), command, &out, nil)
				s.Run(t.Context(), "echo $0", &short, nil)
				name, rest, _ := strings.Cut(out.String(), " ")
				if exitStatus(err) != 3 || name != strings.TrimSpace(short.String()) || !strings.HasPrefix(rest, "0 ") {
					t.Errorf("%d bytes: got %q (%v)", size, &out, err)
				}
			}
			if err := s.Run(t.Context(), text(2<<20), nil, nil); err == nil || !strings.Contains(err.Error(), "at most 1048576 bytes") {
				t.Errorf("2 MiB: got %v", err)
			}
			if err := s.Run(t.Context(), "exit 4", nil, nil); exitStatus(err) != 4 {
				t.Errorf("the next command: got %v", err)
			}
		})
	}
	for _, test := range []struct{ prefix, command, want string }{
		{"sudo -n", text(200 << 10), "a command of 204"},
		{"cd / &&", text(200 << 10), ""},
		{"ssh host", "true " + strings.Repeat("x", 200<<10), "at most 131071 bytes can be passed behind a prefix"},
	} {
		if _, err := sshhost.WithPrefix(test.prefix, test.command); (err == nil) != (test.want == "") ||
			err != nil && !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s: got %v, want %q", test.prefix, err, test.want)
		}
	}
	t.Run("without a supervisor", func(t *testing.T) {
		c := config(testbed.StartSSHD(t, testbed.SSHDConfig{}))
		c.Plain = true
		if err := dial(t, c).Run(t.Context(), text(200<<10), nil, nil); err == nil || !strings.Contains(err.Error(), "at most 131071 bytes") {
			t.Errorf("got %v", err)
		}
	})
}
