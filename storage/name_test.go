package storage

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestBadNames(t *testing.T) {
	for _, test := range []struct{ name, file, want string }{
		{"empty", "", `file name "": a name is needed`},
		{"absolute", "/etc/passwd", `file name "/etc/passwd": absolute, must be relative to the storage's directory`},
		{"up", "..", `file name "..": an empty part, "." and ".." are not allowed`},
		{"up in front", "../x", `file name "../x": an empty part, "." and ".." are not allowed`},
		{"up inside", "a/../x", `file name "a/../x": an empty part, "." and ".." are not allowed`},
		{"the directory itself", ".", `file name ".": an empty part, "." and ".." are not allowed`},
		{"a directory", "a/", `file name "a/": an empty part, "." and ".." are not allowed`},
		{"two slashes", "a//b", `file name "a//b": an empty part, "." and ".." are not allowed`},
		{"NUL", "a\x00b", `file name "a\x00b": NUL, line ends and other control characters are not allowed`},
		{"line end", "a\nb", `file name "a\nb": NUL, line ends and other control characters are not allowed`},
		{"escape sequence of a terminal", "\x1b[2J", `file name "\x1b[2J": NUL, line ends and other control characters are not allowed`},
		{"backslash", `..\x`, `file name "..\\x": "\" is not allowed, directories are separated by "/"`},
		{"not UTF-8", "\xff", `file name "\xff": not UTF-8`},
		{"long part", strings.Repeat("x", 241),
			`file name "` + strings.Repeat("x", 64) + `…": a part of 241 bytes is too long, at most 240 are allowed between slashes`},
		{"long", strings.Repeat("x/", 512) + "x",
			`file name "` + strings.Repeat("x/", 32) + `…": 1025 bytes are too long, at most 1024 are allowed`},
	} {
		t.Run(test.name, func(t *testing.T) {
			var mem Mem
			_, err := mem.Create(test.file)
			if err == nil || err.Error() != test.want {
				t.Errorf("got  %v\nwant %s", err, test.want)
			}
			if !errors.Is(err, fs.ErrInvalid) {
				t.Error("not fs.ErrInvalid")
			}
			for _, s := range []Storage{Discard, &Writer{W: io.Discard}, Multi{&mem}, Timestamped{Storage: &mem}} {
				if _, got := s.Create(test.file); got == nil || got.Error() != test.want {
					t.Errorf("%T: %v", s, got)
				}
			}
			if _, got := (Multi{&mem}).WriteFile(test.file, nil); got == nil || got.Error() != test.want {
				t.Errorf("Multi.WriteFile: %v", got)
			}
		})
	}
}

func TestLongestNamesFitWithANumber(t *testing.T) {
	dir := openDir(t, t.TempDir())
	part := strings.Repeat("é", 120)
	name := strings.Join([]string{part, part, part, part, "x"}, "/")
	for _, want := range []string{name, name + "_0001"} {
		if got := put(t, dir, name, ""); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
	for _, want := range []string{part, numbered(part, 1)} {
		if got, err := dir.WriteFile("y/"+part, nil); err != nil || got != "y/"+want {
			t.Errorf("got %q (%v), want %q", got, err, want)
		}
	}
}

func TestNumbered(t *testing.T) {
	for _, test := range []struct {
		name   string
		number int
		want   string
	}{
		{"run.txt", 1, "run_0001.txt"},
		{"run", 12, "run_0012"},
		{"run.tar.gz", 1, "run.tar_0001.gz"},
		{"a.b/run", 1, "a.b/run_0001"},
		{".hidden", 1, ".hidden_0001"},
		{"a/.hidden", 1, "a/.hidden_0001"},
		{"a/.hidden.txt", 1, "a/.hidden_0001.txt"},
		{"run.", 1, "run_0001."},
		{"run.txt", 12345, "run_12345.txt"},
	} {
		if got := numbered(test.name, test.number); got != test.want {
			t.Errorf("numbered(%q, %d) = %q, want %q", test.name, test.number, got, test.want)
		}
	}
}

func TestNumbersEnd(t *testing.T) {
	var n numbers
	tried := 0
	_, err := n.free("run.txt", func(string) error { tried++; return fs.ErrExist })
	if !errors.Is(err, fs.ErrExist) || !strings.Contains(err.Error(), "all numbers up to 999999 are taken") || tried != maxNumber+1 {
		t.Errorf("after %d names: %v", tried, err)
	}
}

// FuzzNames tries to get out of a directory full of links, and holds the storages against each other.
func FuzzNames(f *testing.F) {
	outer := f.TempDir()
	secret := filepath.Join(outer, "secret")
	writeTo(f, secret, "secret")
	links := map[string]string{ // name to target
		"out": "..", "abs": outer, "secret": "../secret", "dangling": "../new", "loop": "loop", "root": "/", "self": ".",
	}
	inside := map[string]string{}
	for _, which := range []string{"dir", "sftp"} {
		inside[which] = filepath.Join(outer, which)
		if err := os.Mkdir(inside[which], 0o700); err != nil {
			f.Fatal(err)
		}
		for link, target := range links {
			symlink(f, target, filepath.Join(inside[which], link))
		}
	}
	dir, remote := openDir(f, inside["dir"]), openSFTP(f, inside["sftp"])
	for _, name := range []string{
		"", ".", "..", "a", "a/b.txt", "../a", "a/../../b", "/a", "//a", "a\x00", `..\a`, "out/a", "abs/a", "secret", "dangling",
		"loop", "loop/a", "root/tmp/a", "self/a", "self/out/a", "self", "out/../a", "secret/a", "a/./b", "…/a", "\xff", "~", "-rf",
		strings.Repeat("a/", 500), strings.Repeat("a", 300), "a:b", "CON", "a ", "a.", ".tuna-x.tmp", "\u202ea",
	} {
		f.Add(name)
	}
	f.Fuzz(func(t *testing.T, name string) {
		first, _, _ := strings.Cut(name, "/")
		_, viaLink := links[first]
		made := map[string]bool{}
		for which, s := range map[string]Storage{"dir": dir, "sftp": remote, "mem": new(Mem)} {
			file, err := s.Create(name)
			if made[which] = err == nil; !made[which] {
				continue
			}
			if _, err := io.WriteString(file, "text"); err != nil {
				t.Errorf("%s: %v", which, err)
			}
			if err := file.Close(); err != nil {
				t.Errorf("%s: %v", which, err)
			}
			if root, ok := inside[which]; ok {
				path, err := filepath.EvalSymlinks(filepath.Join(root, fileName(file, name)))
				if rel, relErr := filepath.Rel(root, path); err != nil || relErr != nil || !filepath.IsLocal(rel) {
					t.Errorf("%s: %q is at %q (%v)", which, name, path, err)
				}
			}
		}
		if valid := checkName(name) == nil; made["mem"] != valid || !viaLink && (made["dir"] != valid || made["sftp"] != valid) {
			t.Errorf("%q, which is allowed: %v, was made: %v", name, valid, made)
		}
		entries, err := os.ReadDir(outer)
		if err != nil {
			t.Fatal(err)
		}
		names := make([]string, len(entries))
		for i, e := range entries {
			names[i] = e.Name()
		}
		if diff := cmp.Diff([]string{"dir", "secret", "sftp"}, names); diff != "" {
			t.Fatalf("%q changed what is outside (-want +got):\n%s", name, diff)
		}
		if got, err := os.ReadFile(secret); string(got) != "secret" {
			t.Fatalf("%q changed the file outside: %q (%v)", name, got, err)
		}
		for _, root := range inside {
			entries, err := os.ReadDir(root)
			if err != nil {
				t.Fatal(err)
			}
			for _, e := range entries {
				if _, ok := links[e.Name()]; !ok {
					os.RemoveAll(filepath.Join(root, e.Name()))
				}
			}
		}
	})
}
