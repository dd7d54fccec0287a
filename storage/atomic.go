package storage

import (
	"cmp"
	"crypto/rand"
	"errors"
	"io"
	"io/fs"
	"path"
)

// A folder is a directory tree of which every method is atomic.
type folder interface {
	mkdirs(name string) error              // the directories that name is in
	create(name string) (syncFile, error)  // an error that is fs.ErrExist: the name is taken
	link(oldname, newname string) error    // never overwrites, with the same error
	replace(oldname, newname string) error // overwrites
	remove(name string) error
}

type syncFile interface {
	io.WriteCloser
	Sync() error
}

func createIn(f folder, n *numbers, name string) (io.WriteCloser, error) {
	if err := prepare(f, name); err != nil {
		return nil, err
	}
	var made io.WriteCloser
	final, err := n.free(name, func(name string) (err error) {
		made, err = f.create(name)
		return err
	})
	if err != nil {
		return nil, err
	}
	return &file{made, final}, nil
}

// writeFileIn writes under a temporary name, lets the file reach the disk, and then gives it its final name.
func writeFileIn(f folder, n *numbers, name string, data []byte) (string, error) {
	if err := prepare(f, name); err != nil {
		return "", err
	}
	temp := path.Join(path.Dir(name), ".tuna-"+rand.Text()+".tmp")
	made, err := f.create(temp)
	if err != nil {
		return "", err
	}
	defer f.remove(temp)
	_, err = made.Write(data)
	if err == nil {
		err = made.Sync()
	}
	if err := cmp.Or(err, made.Close()); err != nil {
		return "", err
	}
	return n.free(name, func(name string) error {
		err := f.link(temp, name)
		if err == nil || errors.Is(err, fs.ErrExist) {
			return err
		}
		// A file system without hard links has no way to rename without overwriting. Its only safe target is a file of
		// our own.
		reserved, err := f.create(name)
		if err != nil {
			return err
		}
		if err := cmp.Or(reserved.Close(), f.replace(temp, name)); err != nil {
			f.remove(name)
			return err
		}
		return nil
	})
}

func prepare(f folder, name string) error {
	if err := checkName(name); err != nil {
		return err
	}
	if path.Dir(name) == "." {
		return nil
	}
	return f.mkdirs(name)
}
