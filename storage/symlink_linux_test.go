package storage

import (
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"

	"golang.org/x/sys/unix"
)

// While files are made in a directory, it is exchanged for a link that leads out, and back, over and over.
func TestLinkInAMoment(t *testing.T) {
	top := t.TempDir()
	inside, outside := filepath.Join(top, "inside"), filepath.Join(top, "outside")
	d := openDir(t, inside)
	for _, dir := range []string{outside, inside + "/sub"} {
		if err := os.Mkdir(dir, 0o700); err != nil {
			t.Fatal(err)
		}
	}
	symlink(t, outside, inside+"/link")
	var stop atomic.Bool
	var exchanging sync.WaitGroup
	exchanging.Go(func() {
		for !stop.Load() {
			err := unix.Renameat2(unix.AT_FDCWD, inside+"/sub", unix.AT_FDCWD, inside+"/link", unix.RENAME_EXCHANGE)
			if err != nil {
				t.Error(err)
				return
			}
		}
	})
	made, refused := 0, 0
	for !t.Failed() && (made < 500 || refused < 500) {
		if f, err := d.Create("sub/run.txt"); err == nil {
			f.Close()
			made++
		} else {
			refused++
		}
		if _, err := d.WriteFile("sub/whole.txt", nil); err == nil {
			made++
		} else {
			refused++
		}
	}
	stop.Store(true)
	exchanging.Wait()
	if got := files(t, os.DirFS(outside)); len(got) > 0 {
		t.Errorf("%d files are outside", len(got))
	}
}
