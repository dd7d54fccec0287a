package storage

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"path"
	"strings"

	"github.com/pkg/sftp"
)

// An SFTP keeps files in a directory of a remote machine. A Write returns when the remote machine has answered, so each
// costs a round trip. Its errors say "sftp:" before the path.
//
// SFTP has no way to open a file only inside a directory. So symbolic links below the directory are refused, wherever
// they lead. Somebody who can put a link there in the moment between the look and the opening can lead a file astray. A
// file is never overwritten, as long as the server keeps to the protocol's exclusive opening, as OpenSSH's does.
type SFTP struct {
	client  *sftp.Client
	dir     string
	numbers numbers
}

var (
	_ AtomicWriter = (*SFTP)(nil)
	_ fs.FS        = (*SFTP)(nil)
)

// NewSFTP makes dir on the machine that client is connected to, unless it is there, with all directories above it. A
// relative dir, or an empty one, starts at the user's home directory. The caller closes the client, after the files.
func NewSFTP(client *sftp.Client, dir string) (*SFTP, error) {
	s := &SFTP{client: client, dir: path.Clean(dir)}
	err := client.MkdirAll(s.dir)
	if err == nil {
		s.dir, err = client.RealPath(s.dir)
	}
	if err != nil {
		return nil, &fs.PathError{Op: "mkdir", Path: "sftp:" + path.Clean(dir), Err: err}
	}
	return s, nil
}

// Create makes a new file for writing. Its Name method tells its path inside the directory.
func (s *SFTP) Create(name string) (io.WriteCloser, error) { return createIn(s, &s.numbers, name) }

// WriteFile makes a file that holds data, whole from the first moment that its name is there, also after a power failure
// of the remote machine if its server can sync, as OpenSSH's can. See [AtomicWriter].
func (s *SFTP) WriteFile(name string, data []byte) (string, error) {
	return writeFileIn(s, &s.numbers, name, data)
}

func (s *SFTP) path(name string) string { return path.Join(s.dir, name) }

func (s *SFTP) explain(op, name string, err error) error {
	if err == nil {
		return nil
	}
	return &fs.PathError{Op: op, Path: "sftp:" + s.path(name), Err: err}
}

// taken returns err, which came of making name, as fs.ErrExist if there is something of that name: the protocol has no
// code for that.
func (s *SFTP) taken(name string, err error) error {
	if err != nil {
		if _, statErr := s.client.Lstat(s.path(name)); statErr == nil {
			err = fs.ErrExist
		}
	}
	return s.explain("create", name, err)
}

func (s *SFTP) mkdirs(name string) error {
	for i, c := range name {
		if c != '/' {
			continue
		}
		dir := name[:i]
		info, err := s.client.Lstat(s.path(dir))
		if errors.Is(err, fs.ErrNotExist) {
			mkdirErr := s.client.Mkdir(s.path(dir)) // somebody else may make it first
			if info, err = s.client.Lstat(s.path(dir)); err != nil {
				err = mkdirErr
			}
		}
		if err == nil {
			err = realDir(info)
		}
		if err != nil {
			return s.explain("mkdir", dir, err)
		}
	}
	return nil
}

func realDir(info fs.FileInfo) error {
	if !info.IsDir() {
		return errors.New("not a directory (symbolic links are not followed)")
	}
	return nil
}

func (s *SFTP) create(name string) (syncFile, error) {
	f, err := s.client.OpenFile(s.path(name), os.O_WRONLY|os.O_CREATE|os.O_EXCL)
	if err != nil {
		return nil, s.taken(name, err)
	}
	return &sftpFile{s, name, f}, nil
}

func (s *SFTP) link(oldname, newname string) error {
	return s.taken(newname, s.client.Link(s.path(oldname), s.path(newname)))
}

func (s *SFTP) replace(oldname, newname string) error {
	return s.explain("create", newname, s.client.PosixRename(s.path(oldname), s.path(newname)))
}

func (s *SFTP) remove(name string) error { return s.client.Remove(s.path(name)) }

// An sftpFile is a file whose errors tell its name.
type sftpFile struct {
	sftp *SFTP
	name string
	file *sftp.File
}

func (f *sftpFile) Write(p []byte) (int, error) {
	n, err := f.file.Write(p)
	return n, f.sftp.explain("write", f.name, err)
}

func (f *sftpFile) Close() error { return f.sftp.explain("close", f.name, f.file.Close()) }

func (f *sftpFile) Sync() error {
	if _, ok := f.sftp.client.HasExtension("fsync@openssh.com"); !ok {
		return nil
	}
	return f.sftp.explain("sync", f.name, f.file.Sync())
}

// Open opens a file or directory for reading, as [fs.FS] wants it.
func (s *SFTP) Open(name string) (fs.File, error) {
	if !fs.ValidPath(name) || strings.Contains(name, `\`) {
		return nil, &fs.PathError{Op: "open", Path: name, Err: fs.ErrInvalid}
	}
	info, err := s.lstat(name)
	if err != nil {
		return nil, s.explain("open", name, err)
	}
	if info.IsDir() {
		return &sftpDir{sftp: s, name: name, info: info}, nil
	}
	f, err := s.client.Open(s.path(name))
	if err != nil {
		return nil, s.explain("open", name, err)
	}
	return f, nil
}

// lstat tells what name is, if no symbolic link is on the way.
func (s *SFTP) lstat(name string) (fs.FileInfo, error) {
	for i, c := range name {
		if c == '/' {
			info, err := s.client.Lstat(s.path(name[:i]))
			if err == nil {
				err = realDir(info)
			}
			if err != nil {
				return nil, err
			}
		}
	}
	if name == "." {
		return s.client.Stat(s.dir) // the directory itself may be reached by a link
	}
	info, err := s.client.Lstat(s.path(name))
	if err == nil && !info.IsDir() && !info.Mode().IsRegular() {
		err = errors.New("neither a file nor a directory (symbolic links are not followed)")
	}
	return info, err
}
