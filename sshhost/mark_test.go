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
		torn   string
	}{
		{"none", []string{"abc"}, "abc", nil, ""},
		{"one", []string{"ab@#0;\n"}, "ab", []string{"0"}, ""},
		{"cut everywhere", []string{"a", "b", "@", "#", "1", "2", ";", "\n", "c"}, "abc", []string{"12"}, ""},
		{"half a mark", []string{"a@", "b@", "@#0;\n"}, "a@b@", []string{"0"}, ""},
		{"half a mark at the end", []string{"a@"}, "a@", nil, ""},
		{"several", []string{"@#1+;\nx@#1:0!~;\n@#=setsid any;\n"}, "x", []string{"1+", "1:0!~", "=setsid any"}, ""},
		{"never ends", []string{"@#" + strings.Repeat("x", 100) + ";\n"}, "", nil, "@#" + strings.Repeat("x", 100) + ";\n"},
		{"output after the mark", []string{"a@#", "15\n16:0;\n"}, "a", nil, "@#15\n16:0;\n"},
		{"output before the end", []string{"a@#1:0", "9\n", ";\n"}, "a", nil, "@#1:09\n"},
		{"no newline", []string{"@#1:0;x\n"}, "", nil, "@#1:0;x\n"},
		{"not ASCII", []string{"@#1:\xff;\n"}, "", nil, "@#1:\xff;\n"},
		{"the stream ends in a mark", []string{"a@#1:"}, "a", nil, "@#1:"},
	} {
		t.Run(test.name, func(t *testing.T) {
			output, words, torn := sshhost.Feed("@#", test.chunks...)
			if diff := cmp.Diff(test.torn, torn); diff != "" {
				t.Errorf("torn (-want +got):\n%s", diff)
			}
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
		if got := sshhost.FeedOpen(mark, text); got != text {
			t.Errorf("after reading %q: got %q", text, got)
		}
	}
}

// TestTornMark has something else follow the beginning of a mark: what is that long is no output.
func TestTornMark(t *testing.T) {
	mark := sshhost.NewMark()
	for n := range len(mark) {
		output, words, torn := sshhost.Feed(mark, mark[:n], "x\n"+mark+"1:0;\n")
		if n < 8 && (output != mark[:n]+"x\n" || torn != "" || len(words) != 1) || n >= 8 && (output != "" || torn == "" || words != nil) {
			t.Errorf("the first %d bytes of a mark: got output %q, words %q, torn %q", n, output, words, torn)
		}
	}
}

// FuzzMarks cuts a stream that holds marks at any places.
func FuzzMarks(f *testing.F) {
	f.Add([]byte("abc"), []byte("de"), []byte{1, 2, 3}, uint8(7))
	f.Add([]byte("\x1e\x1eA"), []byte("\x1eABABAB"), []byte{0, 9}, uint8(255))
	f.Fuzz(func(t *testing.T, before, between, cuts []byte, status uint8) {
		const mark = "\x1eABABABAB"
		if strings.Contains(string(before)+"\n"+string(between), mark[:8]) {
			t.Skip("a mark does not occur by chance")
		}
		word := strings.Repeat("7", int(status%30)+1)
		stream := string(before) + mark + "+;\n" + string(between) + mark + word + ";\n"
		var chunks []string
		for _, c := range cuts {
			n := min(int(c), len(stream))
			chunks, stream = append(chunks, stream[:n]), stream[n:]
		}
		output, words, torn := sshhost.Feed(mark, append(chunks, stream)...)
		if torn != "" {
			t.Errorf("torn: got %q", torn)
		}
		if want := string(before) + string(between); output != want {
			t.Errorf("output: got %q, want %q", output, want)
		}
		if want := []string{"+", word}; !slices.Equal(words, want) {
			t.Errorf("words: got %q, want %q", words, want)
		}
	})
}
