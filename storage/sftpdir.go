package storage

import (
	"errors"
	"io"
	"io/fs"
)

// An sftpDir is a remote directory that is open for reading.
type sftpDir struct {
	sftp *SFTP
	name string
	info fs.FileInfo
	read bool
	rest []fs.DirEntry // what ReadDir has not given yet
}

var _ fs.ReadDirFile = (*sftpDir)(nil)

func (d *sftpDir) Stat() (fs.FileInfo, error) { return d.info, nil }
func (d *sftpDir) Close() error               { return nil }

func (d *sftpDir) Read([]byte) (int, error) {
	return 0, d.sftp.explain("read", d.name, errors.New("is a directory"))
}

func (d *sftpDir) ReadDir(n int) ([]fs.DirEntry, error) {
	if !d.read {
		infos, err := d.sftp.client.ReadDir(d.sftp.path(d.name))
		if err != nil {
			return nil, d.sftp.explain("read", d.name, err)
		}
		for _, info := range infos {
			d.rest = append(d.rest, fs.FileInfoToDirEntry(info))
		}
		d.read = true
	}
	if n <= 0 {
		n = len(d.rest)
	} else if len(d.rest) == 0 {
		return nil, io.EOF
	}
	n = min(n, len(d.rest))
	entries := d.rest[:n]
	d.rest = d.rest[n:]
	return entries, nil
}
