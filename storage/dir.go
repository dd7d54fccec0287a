package storage

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
)

// A Dir keeps files in a directory of this machine. Neither names nor symbolic links lead out of it, also when somebody
// changes it meanwhile; links that stay inside are followed. When the directory is renamed, the Dir goes with it. Its
// errors name the file and what the operating system said: errors.Is(err, syscall.ENOSPC) tells a full disk, for one.
type Dir struct {
	root    *os.Root
	numbers numbers
}

var (
	_ AtomicWriter = (*Dir)(nil)
	_ fs.FS        = (*Dir)(nil)
)

// Open makes dir, unless it is there, with all directories above it, and opens it. The caller closes the Dir.
func Open(dir string) (*Dir, error) {
	if err := os.MkdirAll(dir, 0o777); err != nil {
		return nil, err
	}
	root, err := os.OpenRoot(dir)
	if err != nil {
		return nil, err
	}
	return &Dir{root: root}, nil
}

// Create makes a new file for writing. Its Name method tells its path inside the directory, with slashes.
func (d *Dir) Create(name string) (io.WriteCloser, error) { return createIn(d, &d.numbers, name) }

// WriteFile makes a file that holds data, whole from the first moment that its name is there, also after a power failure.
// See [AtomicWriter].
func (d *Dir) WriteFile(name string, data []byte) (string, error) {
	return writeFileIn(d, &d.numbers, name, data)
}

// Open opens a file or directory for reading, as [fs.FS] wants it.
func (d *Dir) Open(name string) (fs.File, error) { return d.root.FS().Open(name) }

// Close lets go of the directory. Open files stay usable; everything else fails with fs.ErrClosed from then on.
func (d *Dir) Close() error { return d.root.Close() }

func (d *Dir) mkdirs(name string) error {
	name = path.Dir(name)
	return d.explain("mkdir", name, d.root.MkdirAll(name, 0o777))
}

func (d *Dir) create(name string) (syncFile, error) {
	f, err := d.root.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o666)
	if err != nil {
		return nil, d.explain("create", name, err)
	}
	return f, nil
}

func (d *Dir) link(oldname, newname string) error {
	return d.explain("create", newname, d.root.Link(oldname, newname))
}

func (d *Dir) replace(oldname, newname string) error {
	return d.explain("create", newname, d.root.Rename(oldname, newname))
}

func (d *Dir) remove(name string) error { return d.root.Remove(name) }

// explain tells which file is meant. Errors of os.Root leave out the directory.
func (d *Dir) explain(op, name string, err error) error {
	if err == nil {
		return nil
	}
	if e, ok := errors.AsType[*fs.PathError](err); ok {
		err = e.Err
	} else if e, ok := errors.AsType[*os.LinkError](err); ok {
		err = e.Err
	}
	return &fs.PathError{Op: op, Path: filepath.Join(d.root.Name(), name), Err: err}
}
