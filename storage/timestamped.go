package storage

import (
	"cmp"
	"io"
	"strings"
	"time"
)

// Timestamped is a storage that puts the time in place of each {timestamp} in a name.
type Timestamped struct {
	Storage Storage          // where the files go
	Format  string           // as in package time; empty: 20060102T150405.000Z0700, which has no character that a system refuses
	Now     func() time.Time // when it is, and in which zone; nil: time.Now
}

var _ AtomicWriter = Timestamped{}

// Create makes the file under the name with the time in it.
func (t Timestamped) Create(name string) (io.WriteCloser, error) {
	return t.Storage.Create(t.stamp(name))
}

// WriteFile makes the file under the name with the time in it, at once if the storage can. See [AtomicWriter].
func (t Timestamped) WriteFile(name string, data []byte) (string, error) {
	return writeFile(t.Storage, t.stamp(name), data)
}

func (t Timestamped) stamp(name string) string {
	now := time.Now
	if t.Now != nil {
		now = t.Now
	}
	return strings.ReplaceAll(name, "{timestamp}", now().Format(cmp.Or(t.Format, "20060102T150405.000Z0700")))
}
