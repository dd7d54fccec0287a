package storage

import (
	"cmp"
	"fmt"
	"io"
	"slices"
	"strings"
	"sync"
)

// Multi keeps every file in several storages. A storage that fails gets no more of that file, while the others still
// get everything; what failed is told when the file is closed, with the place and type of the storage. So an error of
// Create or Write means that no storage is left.
//
// The first storage that makes the file chooses its name, and the others are asked for that one. A storage where just
// that name is taken gives its file a number more, so that what lies in several storages is best kept by one Multi only.
// A Multi of no storages keeps nothing.
type Multi []Storage

var _ AtomicWriter = Multi(nil)

// Create makes the file in every storage.
func (m Multi) Create(name string) (io.WriteCloser, error) {
	if err := checkName(name); err != nil {
		return nil, err
	}
	f := &multiFile{multi: m, files: make([]io.WriteCloser, len(m)), errs: make([]error, len(m))}
	for i, s := range m {
		made, err := s.Create(cmp.Or(f.name, name))
		f.files[i], f.errs[i] = made, m.explain(i, err)
		if err == nil && f.name == "" {
			f.name = fileName(made, name)
		}
	}
	if allFailed(f.errs) {
		return nil, joinErrors(f.errs...)
	}
	f.name = cmp.Or(f.name, name) // of no storages
	return f, nil
}

// WriteFile makes the file in every storage, at once where that is possible. See [AtomicWriter]. When it fails in some of
// them, it returns the name that the file has in the others together with the error.
func (m Multi) WriteFile(name string, data []byte) (string, error) {
	if err := checkName(name); err != nil {
		return "", err
	}
	errs := make([]error, len(m))
	chosen := ""
	for i, s := range m {
		final, err := writeFile(s, cmp.Or(chosen, name), data)
		errs[i] = m.explain(i, err)
		if err == nil && chosen == "" {
			chosen = final
		}
	}
	if len(m) == 0 {
		chosen = name
	}
	return chosen, joinErrors(errs...)
}

func (m Multi) explain(i int, err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("storage %d of %d (%T): %w", i+1, len(m), m[i], err)
}

type multiFile struct {
	multi Multi
	name  string

	mu    sync.Mutex
	files []io.WriteCloser
	errs  []error // why the file in the same place gets nothing more
}

func (f *multiFile) Name() string { return f.name }

func (f *multiFile) Write(p []byte) (int, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for i, one := range f.files {
		if f.errs[i] != nil {
			continue
		}
		n, err := one.Write(p)
		if err == nil && n < len(p) {
			err = io.ErrShortWrite
		}
		f.errs[i] = f.multi.explain(i, err)
	}
	if allFailed(f.errs) {
		return 0, joinErrors(f.errs...)
	}
	return len(p), nil
}

func (f *multiFile) Close() error {
	f.mu.Lock()
	defer f.mu.Unlock()
	for i, one := range f.files {
		if one == nil {
			continue
		}
		if err := one.Close(); f.errs[i] == nil {
			f.errs[i] = f.multi.explain(i, err)
		}
	}
	return joinErrors(f.errs...)
}

func allFailed(errs []error) bool { return len(errs) > 0 && !slices.Contains(errs, nil) }

// A joinedError is several errors on one line.
type joinedError []error

func (e joinedError) Error() string {
	texts := make([]string, len(e))
	for i, err := range e {
		texts[i] = err.Error()
	}
	return strings.Join(texts, "; ")
}

func (e joinedError) Unwrap() []error { return e }

// joinErrors is errors.Join for messages of one line. A single error stays what it is.
func joinErrors(errs ...error) error {
	failed := slices.DeleteFunc(slices.Clone(errs), func(err error) bool { return err == nil })
	switch len(failed) {
	case 0:
		return nil
	case 1:
		return failed[0]
	}
	return joinedError(failed)
}
