package storage

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/pkg/sftp"
)

func TestSFTPRefused(t *testing.T) {
	folder := t.TempDir()
	writeTo(t, folder+"/file", "text")
	client, _ := sftpPipe(t, sftp.ReadOnly())
	s := newSFTP(t, client, folder)
	_, createErr := s.Create("run.txt")
	_, deepErr := s.Create("sub/run.txt")
	_, wholeErr := s.WriteFile("run.txt", nil)
	_, newErr := NewSFTP(client, folder+"/sub")
	for what, err := range map[string]error{
		"create sftp:" + folder + "/run.txt: ": createErr,
		"mkdir sftp:" + folder + "/sub: ":      deepErr,
		"create sftp:" + folder + "/.tuna-":    wholeErr,
	} {
		if !errors.Is(err, fs.ErrPermission) || !strings.HasPrefix(err.Error(), what) {
			t.Errorf("got %v, want %s…: permission denied", err, what)
		}
	}
	if !errors.Is(newErr, fs.ErrPermission) {
		t.Errorf("NewSFTP: %v", newErr)
	}
	if diff := cmp.Diff(map[string]string{"file": "text"}, files(t, s)); diff != "" {
		t.Errorf("files (-want +got):\n%s", diff)
	}
}

func TestSFTPConnectionLost(t *testing.T) {
	folder := t.TempDir()
	client, conn := sftpPipe(t)
	s := newSFTP(t, client, folder)
	f, err := s.Create("run.txt")
	if err != nil {
		t.Fatal(err)
	}
	io.WriteString(f, "a line\n")
	conn.Close()
	_, writeErr := io.WriteString(f, "another\n")
	closeErr := f.Close()
	_, createErr := s.Create("new.txt")
	_, deepErr := s.Create("sub/new.txt")
	_, wholeErr := s.WriteFile("new.txt", nil)
	_, openErr := s.Open("run.txt")
	for i, err := range []error{writeErr, closeErr, createErr, deepErr, wholeErr, openErr} {
		if pathErr, ok := errors.AsType[*fs.PathError](err); !ok || !strings.HasPrefix(pathErr.Path, "sftp:"+folder+"/") {
			t.Errorf("error %d: %v", i, err)
		}
	}
	if diff := cmp.Diff(map[string]string{"run.txt": "a line\n"}, files(t, os.DirFS(folder))); diff != "" {
		t.Errorf("files (-want +got):\n%s", diff)
	}
}

func TestSFTPDirectory(t *testing.T) {
	home := t.TempDir()
	writeTo(t, home+"/file", "")
	if err := os.Mkdir(home+"/real", 0o700); err != nil {
		t.Fatal(err)
	}
	symlink(t, "real", home+"/link")
	client, _ := sftpPipe(t, sftp.WithServerWorkingDirectory(home))
	for _, test := range []struct{ name, dir, want string }{
		{"the home directory", "", "run.txt"},
		{"relative", "new/raw", "new/raw/run.txt"},
		{"absolute", home + "/abs/raw", "abs/raw/run.txt"},
		{"a link to a directory", home + "/link", "real/run.txt"},
	} {
		t.Run(test.name, func(t *testing.T) {
			s := newSFTP(t, client, test.dir)
			put(t, s, "run.txt", test.name)
			if got := content(t, os.DirFS(home), test.want); got != test.name {
				t.Errorf("%s holds %q", test.want, got)
			}
			if _, err := fs.ReadDir(s, "."); err != nil {
				t.Error(err)
			}
			if b, err := fs.ReadFile(s, "."); err == nil {
				t.Errorf("a directory was read as a file: %q", b)
			}
		})
	}
	if _, err := NewSFTP(client, home+"/file"); err == nil || !strings.Contains(err.Error(), "sftp:"+home+"/file") {
		t.Errorf("a file for a directory: %v", err)
	}
}
