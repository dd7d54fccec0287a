package storage

import (
	"bytes"
	"errors"
	"io/fs"
	"os"
	"strings"
	"syscall"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/tunaperf/tuna/internal/testbed"
)

// smallDisk mounts a file system of 64 KiB.
func smallDisk(t *testing.T, flags uintptr) string {
	t.Helper()
	testbed.NeedRoot(t)
	folder := t.TempDir()
	if err := syscall.Mount("tuna-test", folder, "tmpfs", flags, "size=64k"); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := syscall.Unmount(folder, syscall.MNT_DETACH); err != nil {
			t.Error(err)
		}
	})
	return folder
}

func TestDiskFull(t *testing.T) {
	folder := smallDisk(t, 0)
	dir, mem := openDir(t, folder), new(Mem)
	f, err := dir.Create("run.txt")
	if err != nil {
		t.Fatal(err)
	}
	text := []byte(strings.Repeat("0123456789abcde\n", 5000))
	n, err := f.Write(text)
	if !errors.Is(err, syscall.ENOSPC) || !strings.Contains(err.Error(), folder+"/run.txt") {
		t.Errorf("got %v, want that %s/run.txt has no space", err, folder)
	}
	if err := f.Close(); err != nil {
		t.Error(err)
	}
	if got := content(t, dir, "run.txt"); n < 32<<10 || got != string(text[:n]) {
		t.Errorf("%d bytes were said to be written, %d are there", n, len(got))
	}

	if name, err := dir.WriteFile("manifest.json", text); !errors.Is(err, syscall.ENOSPC) {
		t.Errorf("WriteFile made %q (%v)", name, err)
	}
	entries, err := os.ReadDir(folder)
	if err != nil || len(entries) != 1 {
		t.Errorf("WriteFile left something: %v (%v)", entries, err)
	}

	both, err := (Multi{dir, mem}).Create("both.txt")
	if err != nil {
		t.Fatal(err)
	}
	for line := range bytes.Lines(text) {
		if _, err := both.Write(line); err != nil {
			t.Fatal(err)
		}
	}
	err = both.Close()
	if want := "storage 1 of 2 (*storage.Dir): write " + folder + "/both.txt: no space left on device"; err == nil ||
		err.Error() != want || !errors.Is(err, syscall.ENOSPC) {
		t.Errorf("got  %v\nwant %s", err, want)
	}
	if got := content(t, mem, "both.txt"); got != string(text) {
		t.Errorf("the other storage has %d bytes, want %d", len(got), len(text))
	}
}

func TestReadOnlyDirectory(t *testing.T) {
	folder := smallDisk(t, syscall.MS_RDONLY)
	dir := openDir(t, folder)
	_, createErr := dir.Create("run.txt")
	_, deepErr := dir.Create("sub/run.txt")
	_, wholeErr := dir.WriteFile("run.txt", nil)
	_, openErr := Open(folder + "/sub")
	got := map[string]string{}
	for what, err := range map[string]error{"Create": createErr, "Create deep": deepErr, "Open": openErr} {
		if !errors.Is(err, syscall.EROFS) {
			t.Errorf("%s: %v", what, err)
		} else {
			got[what] = strings.ReplaceAll(err.Error(), folder, "DIR")
		}
	}
	if !errors.Is(wholeErr, syscall.EROFS) {
		t.Errorf("WriteFile: %v", wholeErr)
	}
	if diff := cmp.Diff(map[string]string{
		"Create":      "create DIR/run.txt: read-only file system",
		"Create deep": "mkdir DIR/sub: read-only file system",
		"Open":        "mkdir DIR/sub: read-only file system",
	}, got); diff != "" {
		t.Errorf("errors (-want +got):\n%s", diff)
	}
}

func TestForbiddenDirectory(t *testing.T) {
	if os.Geteuid() == 0 {
		t.Skip("root may write everywhere")
	}
	folder := t.TempDir()
	dir := openDir(t, folder)
	if err := os.Chmod(folder, 0o500); err != nil {
		t.Fatal(err)
	}
	if _, err := dir.Create("run.txt"); !errors.Is(err, fs.ErrPermission) {
		t.Errorf("got %v", err)
	}
}
