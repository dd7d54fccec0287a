package lines

import (
	"strings"
	"testing"
	"testing/iotest"

	"github.com/google/go-cmp/cmp"
)

func TestNext(t *testing.T) {
	tests := []struct {
		name, text string
		want       []string
	}{
		{"nothing", "", nil},
		{"no line end", "a\nb", []string{"a", "b"}},
		{"CRLF", "a\r\nb\r\n", []string{"a", "b"}},
		{"LFCR", "a\n\rb\n", []string{"a", "b"}},
		{"CRCRLF", "a\r\r\nb\r\r\n", []string{"a", "b"}},
		{"CR alone", "a\rb\r", []string{"a", "b"}},
		{"empty lines", "a\n\n\nb\n", []string{"a", "", "", "b"}},
		{"zeros", "\x00a\x00\n\x00", []string{"a"}},
		{"zeros within a line", "50\x001 M\n\x00\x00[\x00 5]\x00\x00\x00 2\x00\r\nab\x00\x00c", []string{"50\x1a1 M", "[ 5]\x1a 2", "ab\x1ac"}},
		{"zeros beside each character, and then not", "\x00ab\x00c\x00d\n\x00\x00a\x00\x00b\x00\x00c", []string{"ab\x1ac\x1ad", "abc"}},
		{"colours", "\x1b[1;32ma\x1b[0m\n", []string{"a"}},
		{"window title", "\x1b]0;t\aa\n", []string{"a"}},
		{"spaces that do not break", "a\u00a0b\n", []string{"a b"}},
		{"UTF-8 mark", "\uFEFFa\n\uFEFFb\n", []string{"a", "b"}},
		{"UTF-16", "\xff\xfea\x00\n\x00\xe9\x00\n\x00", []string{"a", "é"}},
		{"UTF-16, big end first", "\xfe\xff\x00a\x00\n\x00\xe9\x00\n", []string{"a", "é"}},
		{"UTF-16, a surrogate pair", "\xff\xfe\x3d\xd8\x00\xde\n\x00", []string{"😀"}},
		{"UTF-16, half a pair", "\xff\xfe\x3d\xd8a\x00\n\x00", []string{"\uFFFDa"}},
		{"UTF-16, then ASCII", "\xff\xfea\x00\n\x00 32 bytes of text are no UTF-16\nb\n", []string{"a", " 32 bytes of text are no UTF-16", "b"}},
		{"UTF-16 without a mark", "a\x00\n\x00b\x00\n\x00", []string{"a", "b"}},
		{"a long line", strings.Repeat("a", maxLine+9) + "\nb\n", []string{strings.Repeat("a", maxLine), "b"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			for reader, s := range map[string]*Source{
				"whole":     New(strings.NewReader(tt.text)),
				"in pieces": New(iotest.OneByteReader(strings.NewReader(tt.text))),
			} {
				var got []string
				for b, ok := s.Next(); ok; b, ok = s.Next() {
					got = append(got, string(b))
				}
				if diff := cmp.Diff(tt.want, got); diff != "" {
					t.Errorf("%s (-want +got)\n%s", reader, diff)
				}
				if s.Lines != len(tt.want) {
					t.Errorf("%s: counted %d lines, want %d", reader, s.Lines, len(tt.want))
				}
			}
		})
	}
}
