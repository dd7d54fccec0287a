package sshhost_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/tunaperf/tuna/sshhost"
)

func TestMarks(t *testing.T) {
	for _, test := range []struct {
		name   string
		chunks []string
		output string
		words  []string
	}{
		{"none", []string{"abc"}, "abc", nil},
		{"one", []string{"ab@#0\n"}, "ab", []string{"0"}},
		{"cut everywhere", []string{"a", "b", "@", "#", "1", "2", "\n", "c"}, "abc", []string{"12"}},
		{"half a mark", []string{"a@", "b@", "@#0\n"}, "a@b@", []string{"0"}},
		{"several", []string{"@#+\nx@#0\n@#=setsid\n"}, "x", []string{"+", "0", "=setsid"}},
		{"never ends", []string{"@#" + strings.Repeat("x", 100) + "\n"}, "", []string{strings.Repeat("x", 100)}},
	} {
		t.Run(test.name, func(t *testing.T) {
			output, words := sshhost.Feed("@#", test.chunks...)
			if diff := cmp.Diff(test.output, output); diff != "" {
				t.Errorf("output (-want +got):\n%s", diff)
			}
			if diff := cmp.Diff(test.words, words); diff != "" {
				t.Errorf("words (-want +got):\n%s", diff)
			}
		})
	}
}

func TestNothingIsHeldBackThatIsNoMark(t *testing.T) {
	mark := sshhost.NewMark()
	for _, text := range []string{"a", "ab\n", "A", mark[1:]} {
		if got, _ := sshhost.Feed(mark, text); got != text {
			t.Errorf("after reading %q: got %q", text, got)
		}
	}
}

// FuzzMarks cuts a stream that holds marks at any places.
func FuzzMarks(f *testing.F) {
	f.Add([]byte("abc"), []byte("de"), []byte{1, 2, 3}, uint8(7))
	f.Add([]byte("\x1e\x1eA"), []byte("\x1eAB"), []byte{0, 9}, uint8(255))
	f.Fuzz(func(t *testing.T, before, between, cuts []byte, status uint8) {
		const mark = "\x1eABAB"
		if strings.Contains(string(before)+"\n"+string(between), mark) {
			t.Skip("a mark does not occur by chance")
		}
		word := strings.Repeat("7", int(status%30)+1)
		stream := string(before) + mark + "+\n" + string(between) + mark + word + "\n"
		var chunks []string
		for _, c := range cuts {
			n := min(int(c), len(stream))
			chunks, stream = append(chunks, stream[:n]), stream[n:]
		}
		output, words := sshhost.Feed(mark, append(chunks, stream)...)
		if want := string(before) + string(between); output != want {
			t.Errorf("output: got %q, want %q", output, want)
		}
		if want := []string{"+", word}; !slices.Equal(words, want) {
			t.Errorf("words: got %q, want %q", words, want)
		}
	})
}
