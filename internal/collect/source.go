package collect

import (
	"bytes"
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"mime"
	"net/http"
	"net/url"
	"path"
	"strconv"
	"strings"
	"time"

	"github.com/portent-cti/portent/internal/fetch"
	"github.com/portent-cti/portent/internal/intel"
)

// A FileReader reads the file at path in env.Files and hands each document to
// keep, whose error it returns.
type FileReader func(ctx context.Context, env Env, path string, keep func(intel.Document) error) error

// Name is the name of the file at path, whether it is packed or not.
func Name(file string) string { return strings.TrimSuffix(path.Base(file), ".gz") }

// FileSettings are the settings of a connector that reads one file.
type FileSettings struct {
	Path string `json:"path" help:"File of this machine, such as /srv/lists/bad.csv."`
	URL  string `json:"url" help:"Address of the file, which is read again when it has changed."`
}

// Files returns the Open of a connector that reads one file, here or at an address, and has
// no other settings. An address that answers with a page for people, such as one to log in, has
// no file.
func Files(read FileReader) Open {
	return func(env Env, decode func(any) error) (Source, error) {
		var s FileSettings
		if err := decode(&s); err != nil {
			return nil, err
		}
		return s.Source(env, read)
	}
}

// Pages is Files for a type that reads pages for people too.
func Pages(read FileReader) Open {
	open := Files(read)
	return func(env Env, decode func(any) error) (Source, error) {
		s, err := open(env, decode)
		if f, ok := s.(*fetched); ok {
			f.pages = true
		}
		return s, err
	}
}

// Source is the file that settings tell of, for a connector that has others besides.
func (s FileSettings) Source(env Env, read FileReader) (Source, error) {
	switch {
	case s.Path != "" && s.URL != "":
		return nil, errors.New("path and url are two files; give one")
	case s.URL != "":
		return &fetched{Env: env, url: s.URL, read: read}, CheckURL("url", s.URL)
	case s.Path == "":
		return nil, errors.New("path or url is missing")
	}
	file := strings.TrimPrefix(path.Clean(s.Path), "/")
	if !fs.ValidPath(file) {
		return nil, fmt.Errorf("path: %q is no whole path of a file, such as /srv/lists/bad.csv", s.Path)
	}
	return fileSource{env, file, read}, nil
}

// Records reads a file of JSON values, one after the other over however many lines, of at most
// so many bytes each. A document that came before in it is passed over.
func Records(most int64, documents func(Env, []byte) ([]intel.Document, error)) FileReader {
	return func(ctx context.Context, env Env, path string, keep func(intel.Document) error) error {
		f, err := OpenFile(ctx, env, path)
		if err != nil {
			return err
		}
		defer f.Close()
		values, seen := NewValues(Shallow(Encoded(env, f)), most), map[intel.DocumentID]bool{}
		for n := 1; ; n++ {
			raw, err := values.Next()
			if errors.Is(err, io.EOF) {
				return nil
			} else if err != nil {
				return fmt.Errorf("%s: record %d: %w", path, n, err)
			}
			docs, err := documents(env, raw)
			if err != nil {
				env.Reject(fmt.Sprint("record ", n), err)
				continue
			}
			for _, doc := range docs {
				if seen[doc.ID] {
					env.Repeated()
					continue
				}
				seen[doc.ID] = true
				if err := keep(doc); err != nil {
					return err
				}
			}
		}
	}
}

// fileSource is a file or folder here. Its cursor is the number of documents read so far, and
// a digest of which they were.
type fileSource struct {
	env  Env
	path string
	read FileReader
}

// errChanged says that the documents before a cursor are no longer those that it was saved for.
var errChanged = errors.New("changed before where it was read up to")

// Collect implements Source. What is appended is given; of a file that was changed otherwise
// all is, of which the store knows most.
func (s fileSource) Collect(ctx context.Context, from intel.Cursor, emit Emit) error {
	number, known, _ := strings.Cut(string(from), " ")
	skip := 0
	if from != "" {
		n, err := strconv.Atoi(number)
		if err != nil || n < 0 {
			return Permanent(fmt.Errorf("cursor %q: %w", from, intel.ErrInvalid))
		}
		skip = n
	}
	err := s.behind(ctx, skip, known, emit)
	if errors.Is(err, errChanged) {
		return s.behind(ctx, 0, "", emit)
	}
	return err
}

// behind gives what stands behind the first documents, if these have a digest. What of them
// could not be read was told when they were given.
func (s fileSource) behind(ctx context.Context, skip int, known string, emit Emit) error {
	read, sum, env := 0, sha256.New(), s.env
	env.Reject = func(item string, reason error) {
		if read >= skip {
			s.env.Reject(item, reason)
		}
	}
	err := s.read(ctx, env, s.path, func(doc intel.Document) error {
		if err := ctx.Err(); err != nil {
			return err
		}
		read++
		io.WriteString(sum, string(doc.ID)) //nolint:errcheck // a digest takes all
		if read < skip {
			return nil
		}
		digest := hex.EncodeToString(sum.Sum(nil)[:8])
		switch {
		case read > skip:
			return emit(doc, intel.Cursor(fmt.Sprint(read, " ", digest)))
		case digest != known:
			return errChanged
		}
		return nil
	})
	if err == nil && read < skip {
		return errChanged
	}
	return err
}

// history begins the cursor of the version of a file that was there at the first visit.
const history = "history "

// fetched is a file at an address. Its cursor is which version of the file was read, and how
// many documents of it: of another version all are read, of which the store knows most.
type fetched struct {
	Env
	url   string
	read  FileReader
	pages bool             // a page for people is read
	known fetch.Validators // of a version all of which was given, up to
	at    intel.Cursor     // where the next visit begins if it is kept
}

// Collect implements Source.
func (f *fetched) Collect(ctx context.Context, from intel.Cursor, emit Emit) error {
	known := f.known
	if from == "" || from != f.at {
		known = fetch.Validators{}
	}
	r, err := f.Fetch.GetChanged(ctx, f.url, known)
	if errors.Is(err, fetch.ErrNotModified) {
		return nil
	}
	if err != nil {
		return err
	}
	switch {
	case !f.pages && IsPage(r):
		return fmt.Errorf("%s: %w", f.url, ErrPage)
	case from != "" && Blank(r.Body):
		return fmt.Errorf("%s: %w, though there was before", f.url, ErrBlank)
	}
	sum := sha256.Sum256(r.Body)
	version := hex.EncodeToString(sum[:8])
	was, number, _ := strings.Cut(strings.TrimPrefix(string(from), history), " ")
	first := from == ""
	if was == version {
		first = strings.HasPrefix(string(from), history)
	} else {
		number = ""
	}
	if first {
		version = history + version
	}
	at := from
	keep, err := Numbered(ctx, intel.Cursor(number), func(doc intel.Document, next intel.Cursor) error {
		if !first && doc.Assumed { // new since the last visit
			doc.Learned, doc.Assumed = f.Now().UTC(), false
		}
		at = intel.Cursor(version+" ") + next
		return emit(doc, at)
	})
	if err != nil {
		return err
	}
	name := fileName(f.url)
	env := f.Env
	env.Files = Memory(name, r.Body)
	if err := f.read(ctx, env, name, keep); err != nil {
		return fmt.Errorf("%s: %w", f.url, err)
	}
	f.known, f.at = r.Validators, at
	return nil
}

// Errors of what an address answers with in place of what is to be there.
var (
	ErrPage  = errors.New("a page for people came, such as one to log in or of an error, and not what is read there")
	ErrBlank = errors.New("nothing is in it")
)

// IsPage reports whether a response is a page for people, by what its server states or by how
// it begins.
func IsPage(r fetch.Response) bool {
	stated, _, _ := mime.ParseMediaType(r.Type)
	text := bytes.TrimLeft(r.Body[:min(len(r.Body), 1024)], "\uFEFF \t\r\n")
	if bytes.HasPrefix(text, []byte("<?xml")) { // as pages in XHTML begin
		_, text, _ = bytes.Cut(text, []byte("?>"))
	}
	return stated == "text/html" || stated == "application/xhtml+xml" || strings.HasPrefix(http.DetectContentType(text), "text/html")
}

// Blank reports whether a text has nothing in it.
func Blank(text []byte) bool { return len(bytes.TrimSpace(text)) == 0 }

// fileName is what a file at an address is called.
func fileName(address string) string {
	u, err := url.Parse(address)
	if err != nil {
		return "file"
	}
	name := path.Base(path.Clean("/" + u.Path))
	if !fs.ValidPath(name) || name == "." || name == "/" {
		return "file"
	}
	return cmp.Or(name, "file")
}

// Memory is a file system of one file.
func Memory(name string, body []byte) fs.FS { return memory{name, body} }

// memory is a file system of one file.
type memory struct {
	name string
	body []byte
}

// Open implements fs.FS.
func (m memory) Open(name string) (fs.File, error) {
	if name != m.name {
		return nil, &fs.PathError{Op: "open", Path: name, Err: fs.ErrNotExist}
	}
	return &openMemory{m, bytes.NewReader(m.body)}, nil
}

type openMemory struct {
	memory
	*bytes.Reader
}

// Stat implements fs.File.
func (m *openMemory) Stat() (fs.FileInfo, error) { return m, nil }

// Close implements fs.File.
func (m *openMemory) Close() error { return nil }

// Name, Size and what follows implement fs.FileInfo.
func (m *openMemory) Name() string       { return m.name }
func (m *openMemory) Size() int64        { return int64(len(m.body)) }
func (m *openMemory) Mode() fs.FileMode  { return 0o444 }
func (m *openMemory) ModTime() time.Time { return time.Time{} }
func (m *openMemory) IsDir() bool        { return false }
func (m *openMemory) Sys() any           { return nil }
