package storage

import (
	"errors"
	"io/fs"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// noLinks is a file system such as FAT, or a shared folder of a virtual machine.
type noLinks struct {
	folder
	replaceErr error
}

func (noLinks) link(oldname, newname string) error { return errors.ErrUnsupported }

func (f noLinks) replace(oldname, newname string) error {
	if f.replaceErr != nil {
		return f.replaceErr
	}
	return f.folder.replace(oldname, newname)
}

func TestWriteFileWithoutHardLinks(t *testing.T) {
	for _, test := range []struct {
		name string
		in   interface {
			folder
			fs.FS
		}
	}{
		{"Dir", openDir(t, t.TempDir())},
		{"SFTP", openSFTP(t, t.TempDir())},
	} {
		t.Run(test.name, func(t *testing.T) {
			var n numbers
			for _, want := range []string{"a/m.json", "a/m_0001.json", "a/m_0002.json"} {
				if got, err := writeFileIn(noLinks{folder: test.in}, &n, "a/m.json", []byte(want)); err != nil || got != want {
					t.Errorf("got %q (%v), want %q", got, err, want)
				}
			}
			broken := errors.New("broken")
			if got, err := writeFileIn(noLinks{test.in, broken}, &n, "a/m.json", nil); !errors.Is(err, broken) {
				t.Errorf("got %q (%v), want an error", got, err)
			}
			var names []string
			entries, err := fs.ReadDir(test.in, "a")
			for _, e := range entries {
				b, err := fs.ReadFile(test.in, "a/"+e.Name())
				if err != nil || string(b) != "a/"+e.Name() {
					t.Errorf("%s holds %q (%v)", e.Name(), b, err)
				}
				names = append(names, e.Name())
			}
			if diff := cmp.Diff([]string{"m.json", "m_0001.json", "m_0002.json"}, names); diff != "" || err != nil {
				t.Errorf("%v, files (-want +got):\n%s", err, diff)
			}
		})
	}
}
