package main

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/portent-cti/portent/internal/collect"
	"github.com/portent-cti/portent/internal/correlate"
	"github.com/portent-cti/portent/internal/forecast"
	"github.com/portent-cti/portent/internal/intel"
	"github.com/portent-cti/portent/internal/pipeline"
	"github.com/portent-cti/portent/internal/store"
)

type importCmd struct {
	Source      string   `help:"Name the documents' source (default: the type that is given or recognised; csv for what looks like TweetFeed's and stands in no folder of that name)." placeholder:"NAME"`
	As          string   `help:"Type of the files (default: recognised), such as report for HTML, PDF, DOCX and RTF, or mail for EML and MBOX; portent connectors lists them." placeholder:"TYPE"`
	Reliability string   `help:"Admiralty letter of the source, A to F. C or better vouches for the accounts that it tells of, which count as one voice else." placeholder:"A..F"`
	Marking     string   `help:"TLP marking of the documents." placeholder:"TLP"`
	Settings    string   `help:"Settings of the type as JSON, such as a header mapping." placeholder:"JSON"`
	Path        []string `arg:"" help:"Files or folders." type:"path"`
}

// mostListed is how many rejected items of one path are listed; the rest are
// counted.
const mostListed = 100_000

const (
	// mostCopies is how many files are named for being copies; all are counted.
	mostCopies = 20
	// mostWhole is how many files are remembered to know their copies by.
	mostWhole = 100_000
)

// A rejection is an item that could not be read.
type rejection struct {
	Path   string `json:"path"`
	Item   string `json:"item"`
	Reason string `json:"reason"`
}

// importing is one import under way.
type importing struct {
	*importCmd
	app         *app
	pipe        *pipeline.Pipeline
	reliability intel.Reliability
	marking     *intel.Marking
	connector   *collect.Connector // nil: recognise
	folder      string             // the one that the user gave, or gave a file of

	mu         sync.Mutex
	rejected   []rejection
	rejections int
	listing    string // path of the latest rejection
	listed     int    // of it
	missing    int    // paths that are not there
	batch      []intel.Document
	size       int
	seen       int
	repeated   int // passed over by connectors for saying what was said
	added      int
	progress   func(int)
	sources    map[intel.SourceID]string      // read with which connector
	types      map[string]bool                // of files that had a document
	unnamed    map[string]intel.SourceID      // types of files that are nobody's, as what they are kept
	failures   map[intel.SourceID]error       // the last file of it that broke
	foretold   time.Time                      // forecasts of the day were written before; zero: they were not
	whole      map[intel.DocumentID]wholeFile // the first file with one document, by what that says
	copies     []string
	copied     int
}

// Run implements the command.
func (c *importCmd) Run(ctx context.Context, a *app) error {
	started := time.Now()
	im, err := c.prepare(ctx, a)
	if err != nil {
		return err
	}
	before, err := a.db.Counts(ctx)
	if err != nil {
		return err
	}
	parked, err := a.db.Parked(ctx, mostListed)
	if err != nil {
		return err
	}
	if made, at, err := a.db.Written(ctx); err != nil {
		return err
	} else if made.Equal(forecast.Today(a.now())) {
		im.foretold = at
	}
	bar := a.progress(-1, "importing documents")
	im.progress = func(n int) { bar.Add(n) } //nolint:errcheck // a bar that cannot be drawn is no reason to stop
	err = im.run(ctx)
	bar.Finish() //nolint:errcheck // as above
	if err != nil {
		return errors.Join(err, im.report(context.WithoutCancel(ctx), before, started))
	}
	if err := im.noteParked(ctx, parked); err != nil {
		return err
	}
	if err := im.pipe.Forecast(ctx); err != nil {
		return err
	}
	if err := im.report(ctx, before, started); err != nil {
		return err
	}
	switch {
	case len(im.rejected) > 0 && im.missing == len(c.Path):
		return errors.New("nothing was imported: no such file")
	case len(im.rejected) > 0:
		return errPartial
	}
	return nil
}

// noteParked rejects the documents that were given up since before.
func (im *importing) noteParked(ctx context.Context, before []store.Parked) error {
	now, err := im.app.db.Parked(ctx, mostListed)
	if err != nil {
		return err
	}
	was := make(map[intel.DocumentID]bool, len(before))
	for _, p := range before {
		was[p.Document] = true
	}
	for _, p := range now {
		if !was[p.Document] {
			im.reject(string(p.Source), "document "+string(p.Document), fmt.Errorf("kept, but nothing could be made of it: %s (portent reprocess tries it again)", p.Reason))
		}
	}
	return nil
}

func (c *importCmd) prepare(ctx context.Context, a *app) (*importing, error) {
	im := &importing{importCmd: c, app: a, sources: map[intel.SourceID]string{}, types: map[string]bool{}, unnamed: map[string]intel.SourceID{}, failures: map[intel.SourceID]error{}, whole: map[intel.DocumentID]wholeFile{}}
	if c.Reliability != "" {
		r, err := intel.ParseReliability(c.Reliability)
		if err != nil {
			return nil, usageError{err}
		}
		im.reliability = r
	}
	if c.Marking != "" {
		m, err := intel.ParseMarking(c.Marking)
		if err != nil {
			return nil, usageError{err}
		}
		im.marking = &m
	}
	if intel.SourceID(c.Source).Reserved() {
		return nil, usageError{fmt.Errorf("the source %q speaks for this installation; name another", c.Source)}
	}
	if len(c.Source) > intel.MostSource || intel.Line(c.Source) != c.Source {
		return nil, usageError{fmt.Errorf("--source: a name of at most %d bytes in one line is wanted", intel.MostSource)}
	}
	if c.As != "" {
		con, ok := connector(c.As)
		if !ok {
			return nil, usageError{fmt.Errorf("no type %q; portent connectors lists them", c.As)}
		}
		if con.Telemetry {
			return nil, usageError{fmt.Errorf("%s: lines of logs are no documents; portent hunt --record looks for what is known in them", c.As)}
		}
		im.connector = &con
	}
	var err error
	im.pipe, err = a.pipeline(ctx)
	return im, err
}

// run reads all paths while what they yield is derived.
func (im *importing) run(ctx context.Context) error {
	err := beside(ctx, im.pipe, func() error {
		if err := im.paths(ctx); err != nil {
			return err
		}
		if err := im.flush(ctx); err != nil {
			return err
		}
		if err := im.pipe.Finish(ctx); err != nil {
			return fmt.Errorf("while deriving what %s held: %w", strings.Join(im.Path, ", "), err)
		}
		return nil
	})
	if err != nil {
		return err
	}
	for _, source := range slices.Sorted(maps.Keys(im.sources)) {
		if err := im.app.db.SaveVisit(ctx, store.Visit{Source: source, Connector: im.sources[source], At: im.app.now(), Failure: im.failures[source]}); err != nil {
			return err
		}
	}
	return nil
}

func (im *importing) paths(ctx context.Context) error {
	for _, path := range im.Path {
		info, err := os.Stat(path)
		if err != nil {
			im.reject(path, "", err)
			im.missing++
			continue
		}
		if !info.IsDir() && !info.Mode().IsRegular() {
			im.reject(path, "", errors.New("not a regular file"))
			continue
		}
		if im.folder = filepath.Clean(path); !info.IsDir() {
			im.folder = filepath.Dir(path)
		}
		root, name := split(path, info.IsDir())
		if err := im.walk(ctx, os.DirFS(root), root, name, info.IsDir()); err != nil {
			return err
		}
	}
	return nil
}

// split divides a path into the folder that connectors see and the name in it.
// A file keeps the name of its folder, which tells some of them whose it is.
func split(path string, dir bool) (root, name string) {
	root, name = filepath.Split(filepath.Clean(path))
	if parent := filepath.Base(root); !dir && root != "" && fs.ValidPath(parent) && parent != "." {
		return filepath.Join(root, ".."), parent + "/" + name
	}
	return cmp.Or(root, "."), name
}

// walk imports a file, a folder that a connector reads whole, or what is in a
// folder.
func (im *importing) walk(ctx context.Context, fsys fs.FS, root, name string, dir bool) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	if name == "" || name == "." || name == ".." || !fs.ValidPath(name) {
		fsys, root, name = os.DirFS(filepath.Join(root, name)), filepath.Join(root, name), "."
	}
	if !dir {
		return im.file(ctx, fsys, root, name)
	}
	if con := im.recognise(fsys, name, nil); con != nil {
		return im.read(ctx, *con, fsys, root, name)
	}
	entries, err := fs.ReadDir(fsys, name)
	if err != nil {
		im.reject(filepath.Join(root, name), "", err)
		return nil
	}
	for _, e := range entries {
		child := e.Name()
		if name != "." {
			child = name + "/" + child
		}
		switch {
		case strings.HasPrefix(e.Name(), "."):
		case e.IsDir():
			if err := im.walk(ctx, fsys, root, child, true); err != nil {
				return err
			}
		case e.Type().IsRegular():
			if err := im.file(ctx, fsys, root, child); err != nil {
				return err
			}
		default:
			im.reject(filepath.Join(root, child), "", errors.New("not a regular file"))
		}
	}
	return nil
}

func (im *importing) file(ctx context.Context, fsys fs.FS, root, name string) error {
	if im.connector != nil {
		return im.read(ctx, *im.connector, fsys, root, name)
	}
	head, err := im.head(ctx, fsys, name)
	if err != nil {
		im.reject(filepath.Join(root, name), "", err)
		return nil
	}
	con := im.recognise(fsys, name, head)
	if con == nil {
		reason := errors.New("type not recognised; name it with --as")
		if what, ok := nothing(head); ok {
			reason = errors.New("it is empty" + what)
		}
		im.reject(filepath.Join(root, name), "", reason)
		return nil
	}
	return im.read(ctx, *con, fsys, root, name)
}

// headSize is how many bytes of a file it is recognised by.
const headSize = 64 << 10

// head is the beginning of a file, decompressed.
func (im *importing) head(ctx context.Context, fsys fs.FS, name string) ([]byte, error) {
	f, err := collect.OpenFile(ctx, im.env(fsys, name, ""), name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	head, err := io.ReadAll(io.LimitReader(f, headSize))
	if len(head) > 0 {
		return head, nil // damage further on is the connector's to report
	}
	return head, err
}

// nothing reports whether a file holds nothing, whatever type it may be of, by its
// beginning, and as what but no bytes.
func nothing(head []byte) (as string, ok bool) {
	text := string(bytes.Join(bytes.Fields(bytes.TrimPrefix(head, []byte("\uFEFF"))), nil))
	switch {
	case len(head) >= headSize:
		return "", false // it goes on
	case text == "[]" || text == "{}" || text == "null":
		return ": " + text, true
	}
	return "", text == ""
}

func (im *importing) recognise(fsys fs.FS, name string, head []byte) *collect.Connector {
	if im.connector != nil {
		if head == nil && im.connector.Recognise != nil && im.connector.Recognise(fsys, name, nil) {
			return im.connector
		}
		return nil
	}
	for _, c := range connectors() {
		if c.Recognise != nil && c.Recognise(fsys, name, head) {
			return &c
		}
	}
	return nil
}

func (im *importing) env(fsys fs.FS, path string, source intel.SourceID) collect.Env {
	return collect.Env{ID: source, Files: fsys, Log: im.app.log, Now: im.app.now,
		Reject: func(item string, reason error) { im.reject(path, item, reason) }, Repeat: func() { im.repeated++ }, Convert: im.app.converter()}
}

// read imports one file or folder with one connector. What is wrong with the
// file is a rejection; what is wrong with the store is an error.
func (im *importing) read(ctx context.Context, con collect.Connector, fsys fs.FS, root, name string) error {
	path := filepath.Join(root, name)
	source := im.whose(&con, path)
	settings, err := im.settings(name)
	if err != nil {
		return usageError{err}
	}
	src, err := con.Open(im.env(fsys, path, source), collect.Strict(settings))
	if err != nil {
		im.reject(path, "", err)
		return nil
	}
	var kept keepError
	read, rejections := 0, im.rejections
	var only intel.Document
	err = src.Collect(ctx, "", func(doc intel.Document, _ intel.Cursor) error {
		read++
		only = doc
		im.sources[doc.Source], im.types[con.Name] = con.Name, true
		doc, overlong := doc.Bounded()
		for _, reason := range overlong {
			im.reject(path, fmt.Sprint("document ", read), reason)
		}
		if err := im.keep(ctx, con, doc); err != nil {
			return keepError{err}
		}
		if n := correlate.Unheard(doc); n > 0 {
			im.reject(path, fmt.Sprintf("%d claims", n), fmt.Errorf("left out: one document has %d, and %d at most are heard; divide it", len(doc.Claims), len(doc.Claims)-n))
		}
		return nil
	})
	switch {
	case errors.As(err, &kept):
		return fmt.Errorf("%s: %d of its documents were read: %w", path, read, kept.error)
	case ctx.Err() != nil:
		return fmt.Errorf("while reading %s, after %d of its documents: %w", path, read, ctx.Err())
	case err != nil:
		im.reject(path, "", err)
		im.sources[source], im.types[con.Name], im.failures[source] = con.Name, true, err
	case read == 1:
		im.noteCopy(only, path)
	case read == 0 && im.rejections == rejections:
		im.reject(path, "", fmt.Errorf("nothing in it is what the type %s reads; portent connectors lists the others", con.Name))
	}
	return nil
}

// whose is the source that a file of a type is of: as it is named, by --source, by a
// type that has one, or by the folder that the user gave or gave a file of, whatever
// folders there are below it; one that was merely recognised is nobody's, and as
// reliable.
func (im *importing) whose(con *collect.Connector, path string) intel.SourceID {
	given := filepath.Base(im.folder) == con.Name && filepath.Dir(path) == im.folder
	switch {
	case im.Source != "":
		return intel.SourceID(im.Source)
	case im.connector != nil || con.Unnamed == "" || given:
		return intel.SourceID(con.Name)
	}
	if form, ok := connector(string(con.Unnamed)); ok && form.Name != con.Name {
		con.Reliability = form.Reliability
		im.unnamed[con.Name] = con.Unnamed
	}
	return con.Unnamed
}

// A wholeFile has one document.
type wholeFile struct {
	path string
	id   intel.DocumentID
}

// noteCopy notes a file that says the same as an earlier one. A list has the name
// of its file too, so it is another document, but no other voice.
func (im *importing) noteCopy(doc intel.Document, path string) {
	says := intel.Document{Source: doc.Source, Text: doc.Text, Claims: doc.Claims}
	key := intel.NewContentID(says, doc.Title, doc.Author)
	if doc.Genre == intel.List {
		key = intel.NewContentID(says)
	}
	first, ok := im.whole[key]
	if !ok {
		if len(im.whole) < mostWhole {
			im.whole[key] = wholeFile{path, doc.ID}
		}
		return
	}
	how := "says the same as %s, one voice under two names"
	if first.id == doc.ID {
		how = "the same as %s, kept once"
	}
	switch im.copied++; {
	case im.copied <= mostCopies:
		im.copies = append(im.copies, fmt.Sprintf("copy %s: "+how, path, first.path))
	case im.copied == mostCopies+1:
		im.copies = append(im.copies, "1 more copy")
	default:
		im.copies[mostCopies] = fmt.Sprintf("%d more copies", im.copied-mostCopies)
	}
}

// A keepError came from keeping a document, not from reading it.
type keepError struct{ error }

func (im *importing) settings(path string) ([]byte, error) {
	m := map[string]any{}
	if im.Settings != "" {
		if err := json.Unmarshal([]byte(im.Settings), &m); err != nil {
			return nil, fmt.Errorf("--settings: %w", err)
		}
	}
	m["path"] = path
	return json.Marshal(m)
}

func (im *importing) reject(path, item string, reason error) {
	im.mu.Lock()
	defer im.mu.Unlock()
	im.rejections++
	if im.listing != path {
		im.listing, im.listed = path, 0
	}
	switch im.listed++; {
	case im.listed <= mostListed:
		im.rejected = append(im.rejected, rejection{path, item, oneLine(reason)})
	case im.listed == mostListed+1:
		im.rejected = append(im.rejected, rejection{path, "", "1 more item"})
	default:
		im.rejected[len(im.rejected)-1].Reason = fmt.Sprintf("%d more items", im.listed-mostListed)
	}
}

// keep gathers documents into batches, one transaction each.
func (im *importing) keep(ctx context.Context, con collect.Connector, doc intel.Document) error {
	switch {
	case im.reliability != 0:
		doc.Reliability = im.reliability
	case doc.Reliability == 0:
		doc.Reliability = con.Reliability
	}
	doc.Graded = im.reliability != 0
	if im.marking != nil {
		doc.Marking = *im.marking
	}
	im.batch = append(im.batch, doc)
	im.size += len(doc.Text) + 200*len(doc.Claims)
	if len(im.batch) < 500 && im.size < 4<<20 {
		return nil
	}
	return im.flush(ctx)
}

func (im *importing) flush(ctx context.Context) error {
	if len(im.batch) == 0 {
		return nil
	}
	added, err := im.pipe.Keep(ctx, im.batch)
	if err != nil {
		return err
	}
	im.seen += len(im.batch)
	im.added += len(added)
	im.progress(len(im.batch))
	im.batch, im.size = im.batch[:0], 0
	return nil
}

// skipped is how many items were there already, or twice.
func (im *importing) skipped() int { return im.seen - im.added + im.repeated }
