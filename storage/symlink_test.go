package storage

import (
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestSymbolicLinks(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("making symbolic links needs a right of its own there")
	}
	for _, test := range []struct {
		name, target, link string // the link is made in the storage's directory
		create             string
		want               string // in Dir; empty: refused
		wantSFTP           string
	}{
		{"to a file outside", "../outside/secret", "run.txt", "run.txt", "run_0001.txt", "run_0001.txt"},
		{"to nothing outside", "../outside/new", "run.txt", "run.txt", "run_0001.txt", "run_0001.txt"},
		{"to a directory outside", "../outside", "sub", "sub/run.txt", "", ""},
		{"to a directory outside, file there", "../outside", "sub", "sub/secret", "", ""},
		{"to a directory outside, deep", "../outside", "sub", "sub/deeper/run.txt", "", ""},
		{"to a directory outside, absolute", "OUTSIDE", "sub", "sub/run.txt", "", ""},
		{"to the directory above", "..", "sub", "sub/outside/run.txt", "", ""},
		{"to a missing directory", "../missing", "sub", "sub/run.txt", "", ""},
		{"to itself", "sub", "sub", "sub/run.txt", "", ""},
		{"to a directory inside", "real", "sub", "sub/run.txt", "sub/run.txt", ""},
		{"to the directory itself", ".", "sub", "sub/run.txt", "sub/run.txt", ""},
	} {
		for _, k := range keepers {
			want := test.want
			if strings.HasPrefix(k.name, "SFTP") {
				want = test.wantSFTP
			}
			t.Run(test.name+"/"+k.name, func(t *testing.T) {
				t.Parallel()
				top := t.TempDir()
				inside, outside := filepath.Join(top, "inside"), filepath.Join(top, "outside")
				for _, dir := range []string{inside + "/real", outside} {
					if err := os.MkdirAll(dir, 0o700); err != nil {
						t.Fatal(err)
					}
				}
				writeTo(t, outside+"/secret", "secret")
				symlink(t, strings.ReplaceAll(test.target, "OUTSIDE", outside), filepath.Join(inside, test.link))
				s := k.open(t, inside)
				if _, ok := s.(*Mem); ok {
					t.Skip("has no links")
				}
				for i, create := range []func(string) (string, error){
					func(name string) (string, error) {
						f, err := s.Create(name)
						if err != nil {
							return "", err
						}
						return fileName(f, name), f.Close()
					},
					func(name string) (string, error) { return s.WriteFile(name, nil) },
				} {
					want := want
					if want != "" && i > 0 {
						want = strings.NewReplacer("run.txt", "run_0001.txt", "_0001", "_0002").Replace(want)
					}
					got, err := create(test.create)
					if got != want || (err == nil) != (want != "") {
						t.Errorf("made %q (%v), want %q", got, err, want)
					}
				}
				if _, err := s.Open(test.create); err == nil && want != test.create {
					t.Errorf("%s was opened for reading", test.create)
				}
				if diff := cmp.Diff(map[string]string{"secret": "secret"}, files(t, os.DirFS(outside))); diff != "" {
					t.Errorf("outside (-want +got):\n%s", diff)
				}
			})
		}
	}
}
