// Package collect brings documents in from the outside world.
//
// A connector is a folder below this one that exports a single value named
// Connector. To add one: write the folder, add one line to the table in
// cmd/portent/connectors.go, and let collecttest.Run prove it keeps the
// contract.
package collect

import (
	"context"
	"errors"
	"io/fs"
	"log/slog"
	"time"

	"github.com/portent-cti/portent/internal/fetch"
	"github.com/portent-cti/portent/internal/intel"
)

// Emit keeps a document and the cursor to resume from after it.
type Emit func(intel.Document, intel.Cursor) error

// A Source yields documents.
type Source interface {
	// Collect emits every document after from, oldest first; of a server that tells the newest
	// first, page by page, each page so.
	//
	// A polled source returns nil once it has caught up; a live one returns
	// only when ctx ends. Collect returns the first error, its own or emit's,
	// and leaves retrying, pausing and reporting to the caller. An item that
	// cannot be read is handed to Env.Reject and passed over.
	Collect(ctx context.Context, from intel.Cursor, emit Emit) error
}

// A Stream is a source that its settings make live, though not all of its type are.
type Stream interface {
	Source
	// Streams reports whether Collect goes on for as long as the source speaks.
	Streams() bool
}

// A Connector opens one type of source, such as "rss" or "tweetfeed".
type Connector struct {
	Name  string        // the key in the configuration, the type of "import --as" and the name of the folder
	About string        // one line for "portent connectors"
	Every time.Duration // the usual pause between polls; zero for a live source, and an hour for files
	// Reliability is the Admiralty letter that a source of this type is given
	// unless the user says otherwise: a prior, moved by what it gets right. What
	// anybody may have written is 'F'.
	Reliability intel.Reliability
	// Unnamed is what the source of files of this type is called where nobody names
	// it, and their form, which anybody's may have, does not tell whose they are: the
	// name of this type, or of a wider one whose letter counts then. All sources so
	// called are one speaker. Empty: such files are the feed's that the type is called
	// after.
	Unnamed intel.SourceID
	Open    Open
	// Settings is a zero value of the struct that Open decodes: its tags json and help tell
	// what can be set. Nil for files, whose only setting is their path.
	Settings any
	// Proven tells which implementations that are not ours made what it was tried on; empty
	// means that it was tried on nothing but what was written for it.
	Proven string
	// Ports are those that sources of this type speak on besides 80 and 443.
	Ports []uint16
	// Live says that Collect goes on for as long as the source speaks.
	Live bool
	// Telemetry says that the documents of this type are pieces of logs of one's own, whose
	// lines are hunted for what is known and neither kept nor extracted: or every address
	// that visits would be an indicator.
	Telemetry bool
	// Crawls says that pages for people are read, so that robots.txt is honoured.
	Crawls bool
	// Proxied says that sources of this type are reached through a proxy such as Tor alone: one
	// whose entry names none is refused.
	Proxied bool
	// Recognise reports whether the file or folder at name in fsys is of this
	// type; head is the first 64 KB of the file after decompression, nil for a
	// folder. Connectors that do not read files leave it nil.
	Recognise func(fsys fs.FS, name string, head []byte) bool
}

// Open makes a source from its settings. It checks them fully but does no I/O.
// Decode fills a pointer to the connector's own settings struct and rejects
// unknown keys.
type Open func(env Env, decode func(any) error) (Source, error)

// Env is all a source may use of the world around it.
type Env struct {
	ID     intel.SourceID
	Fetch  *fetch.Client
	Files  fs.FS                           // local files the source may read; nil for none
	Reject func(item string, reason error) // notes an item that cannot be read
	Repeat func()                          // notes an item that says what an earlier one did, and is passed over; nil for no one
	// Once says that the source is visited this one time: one that could go on ends when it
	// has caught up.
	Once bool
	// Notice is told of what is wrong while the source goes on, such as messages that were
	// lost: it is part of how the source fares. A nil error says that all is well again; nil
	// for no one.
	Notice func(error)
	Log    *slog.Logger
	Now    func() time.Time
	// Convert turns a format whose parser cannot be trusted, such as "pdf", into
	// text apart from this process, within bounds; nil: not available.
	Convert func(ctx context.Context, format string, body []byte) (string, error)
	// Reveal returns what is secret, whole, for one request after another: what is changed
	// where it stands counts from then on. It is not to be kept, printed or made part of an error.
	Reveal func(Secret) (string, error)
	// Refresh brings a reference pack in from its publisher; nil: not available.
	Refresh func(ctx context.Context, pack string) error
}

// Repeated notes an item that is passed over for saying what an earlier one of
// the same source did.
func (env Env) Repeated() {
	if env.Repeat != nil {
		env.Repeat()
	}
}

// Noticed tells of what is wrong while the source goes on, or by nil that all is well again.
func (env Env) Noticed(problem error) {
	if env.Notice != nil {
		env.Notice(problem)
	}
}

// Permanent marks an error that trying again will not cure, such as a bad
// password.
func Permanent(err error) error { return permanent{err} }

// IsPermanent reports whether err was marked so.
func IsPermanent(err error) bool { return errors.As(err, &permanent{}) }

type permanent struct{ error }

func (p permanent) Unwrap() error { return p.error }
