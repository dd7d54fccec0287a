// Package storage keeps the raw output of tests: in a directory, in a directory on a remote machine, in memory, on
// standard output, or in several of these at once.
//
// A [Storage] makes files by name. All storages here share these rules:
//
//   - Nothing is overwritten. When a name is taken, the new file gets a number before its extension: after run.txt
//     come run_0001.txt, run_0002.txt and so on. The file's Name method tells the name that it got. This holds between
//     processes as well.
//   - Nothing leaves the storage. A name is a path as in [io/fs]: parts joined by slashes, none of them empty, "." or
//     "..". It is UTF-8 without control characters and backslashes, at most 1024 bytes long, each part at most 240. On
//     Windows it also has nothing that Windows refuses. A name that breaks these rules is an error for which
//     errors.Is(err, fs.ErrInvalid) holds. Symbolic links do not lead out of a storage either.
//   - Missing directories are made, with the rights that the process's umask leaves, as the files are.
//   - Nothing waits in memory. What a Write was given is with the operating system when the Write returns, so it outlives
//     the process, however that ends. Only [Writer] and [LogWriter] hold back the beginning of a line until its end comes.
//   - Everything may be used by many goroutines at once, files too.
//   - The caller closes the files.
//
// [Dir], [SFTP] and [Mem] are file systems too, for reading back what they keep: see [io/fs]. They, [Multi] and
// [Timestamped] also have a method WriteFile, which makes a whole file at once: see [AtomicWriter].
//
// Apart from the storages there is [LogWriter], which sends the lines that match an expression to a logger.
package storage

import (
	"cmp"
	"io"
)

// A Storage makes files. Create never overwrites: when name is taken, it makes a file of another name. A file that has
// a method Name() string tells its final name; the files of this package do.
type Storage interface {
	Create(name string) (io.WriteCloser, error)
}

// An AtomicWriter is a [Storage] that can make a whole file at once: it appears under its name complete, or not at all.
// On a file system that has no hard links, a process that dies at the wrong moment can leave an empty file. Like Create,
// WriteFile never overwrites; it returns the name that the file got.
type AtomicWriter interface {
	Storage
	WriteFile(name string, data []byte) (finalName string, err error)
}

// A file is an open file that knows the name it has in its storage.
type file struct {
	io.WriteCloser
	name string
}

func (f *file) Name() string { return f.name }

// fileName is the name that a file of any storage got when it was asked for under name.
func fileName(f io.WriteCloser, name string) string {
	if n, ok := f.(interface{ Name() string }); ok {
		return n.Name()
	}
	return name
}

// writeFile makes a whole file in any storage, at once if it can.
func writeFile(s Storage, name string, data []byte) (string, error) {
	if a, ok := s.(AtomicWriter); ok {
		return a.WriteFile(name, data)
	}
	f, err := s.Create(name)
	if err != nil {
		return "", err
	}
	n, err := f.Write(data)
	if err == nil && n < len(data) {
		err = io.ErrShortWrite
	}
	return fileName(f, name), cmp.Or(err, f.Close())
}
