package collect

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"
	"unicode"

	"github.com/portent-cti/portent/internal/intel"
)

// asDocuments is the connector whose files may say whose their documents are.
const asDocuments = "documents"

// Prepared is documents that another program has prepared, one JSON object a line in the form
// of intel.Document.
//
// It may say whose its documents are, but not speak for a source that others
// bring in, nor raise how far it is believed, nor take up the place of documents
// that it did not bring.
type Prepared struct {
	Env Env
	In  io.Reader
	// Other is handed each line before it is read, and says whether it was none of a document;
	// nil for no such lines.
	Other func(line []byte) (bool, error)
	// Most is how many documents are told apart by what was said before; zero for all, as of
	// what has an end.
	Most int
}

// Each hands each document to keep, whose error it returns.
func (p Prepared) Each(keep func(intel.Document) error) error {
	env, other := p.Env, p.Other
	r := prepared{env: env, most: p.Most, lines: NewLines(env, p.In), seen: map[intel.DocumentID]said{}, sources: map[intel.SourceID]bool{}}
	for r.lines.Next() {
		if strings.TrimSpace(r.lines.Text()) == "" {
			continue
		}
		if other != nil {
			if done, err := other(r.lines.Bytes()); err != nil {
				return err
			} else if done {
				continue
			}
		}
		doc, err := preparedDocument(env, r.lines.Bytes())
		if err == nil {
			err = r.note(&doc)
		}
		switch {
		case errors.Is(err, errSeen):
			env.Repeated()
		case err != nil:
			r.lines.Reject(err)
		default:
			if r.judge(&doc); doc.Text == "" && len(doc.Claims) == 0 {
				continue
			}
			if err := keep(doc); err != nil {
				return err
			}
		}
	}
	return r.lines.Err()
}

// prepared is such lines under way.
type prepared struct {
	env     Env
	most    int
	lines   *Lines
	seen    map[intel.DocumentID]said
	sources map[intel.SourceID]bool // that they name
}

// judge leaves of what a document claims what is of values that can be of their kind,
// as every feed's are judged; the rest is rejected. It changes no ID.
func (r *prepared) judge(doc *intel.Document) {
	doc.Claims = slices.DeleteFunc(doc.Claims, func(c intel.Claim) bool {
		for _, e := range []intel.Entity{c.Subject, c.Object} {
			if _, _, err := valued(e); err != nil {
				r.lines.Reject(fmt.Errorf("claim of %w", err))
				return true
			}
		}
		return false
	})
	for i := range doc.Claims {
		c, port := &doc.Claims[i], ""
		c.Subject, port, _ = valued(c.Subject)
		c.Object, _, _ = valued(c.Object)
		if c.Context.Port == "" {
			c.Context.Port = port
		}
	}
}

// valued is an entity as what it is, with the port that an address came with: a domain
// of numbers may be an address.
func valued(e intel.Entity) (intel.Entity, string, error) {
	if e.Kind.Class() != intel.IOC {
		return e, "", nil
	}
	return Indicator(e.Kind, e.Name)
}

const (
	// mostSources is how many sources one file may name; what it has of others is
	// of the rest.
	mostSources = 100
	rest        = intel.SourceID(asDocuments + "/other")
)

// errSeen means that an earlier line says the same.
var errSeen = errors.New("seen before")

// said is what a line said.
type said struct {
	line int
	what intel.DocumentID
}

// note judges a document by those before it. One that says the same as another
// is errSeen; the same ID with other words is an error. The ID of a document goes
// by the source that the file names, whatever became of that.
func (r *prepared) note(doc *intel.Document) error {
	now := said{r.lines.Number(), contentID(*doc)}
	switch before, ok := r.seen[doc.ID]; {
	case ok && before.what == now.what:
		return errSeen
	case ok:
		return fmt.Errorf("its id is that of line %d, which says something else: %w", before.line, intel.ErrInvalid)
	}
	if len(r.seen) == r.most {
		clear(r.seen)
	}
	r.seen[doc.ID] = now
	switch {
	case doc.Source == r.env.ID || r.sources[doc.Source]:
	case len(r.sources) < mostSources:
		r.sources[doc.Source] = true
	default:
		doc.Source = rest
	}
	return nil
}

// contentID tells documents apart by who says what, where and when. Of one that
// tells neither who, where nor when it is what it always was.
func contentID(doc intel.Document) intel.DocumentID {
	parts := []string{doc.URL, doc.Title}
	if doc.Author != "" || doc.Channel != "" || !doc.Published.IsZero() {
		parts = append(parts, doc.Author, doc.Channel, doc.Published.UTC().Format(time.RFC3339Nano))
	}
	return intel.NewContentID(doc, parts...)
}

// source is whose a document is that a file says is of claimed: the one that
// reads it if the user named that, and else one below the connector's own, since
// names such as "nvd" are those of others.
func source(reader, claimed intel.SourceID) (intel.SourceID, error) {
	const own = asDocuments + "/"
	switch {
	case claimed.Reserved():
		return "", fmt.Errorf("source %q speaks for this installation: %w", claimed, intel.ErrInvalid)
	case len(claimed) > intel.MostSource || strings.ContainsFunc(string(claimed), unicode.IsControl):
		return "", fmt.Errorf("source of %d bytes, want a name of at most %d without control characters: %w", len(claimed), intel.MostSource, intel.ErrInvalid)
	case reader != asDocuments || claimed == "" || claimed == asDocuments:
		return reader, nil
	case strings.HasPrefix(string(claimed), own):
		return claimed, nil
	}
	return own + claimed, nil
}

// document reads one line. What it does not say is filled in: the source that
// reads it, and an ID from who says what, where and when. An ID that it
// says tells documents of one source apart.
func preparedDocument(env Env, line []byte) (intel.Document, error) {
	var doc intel.Document
	if err := CheckDepth(line); err != nil {
		return doc, err
	}
	dec := json.NewDecoder(bytes.NewReader(line))
	dec.DisallowUnknownFields()
	if err := dec.Decode(&doc); err != nil {
		return doc, err
	}
	if doc.Text == "" && len(doc.Claims) == 0 {
		return doc, fmt.Errorf("a text or claims are wanted: %w", intel.ErrInvalid)
	}
	if doc.Genre == "" {
		doc.Genre = intel.Report
	}
	if !doc.Genre.Known() {
		return doc, fmt.Errorf("genre %q, want one of %s: %w", doc.Genre, strings.Trim(fmt.Sprint(intel.Genres()), "[]"), intel.ErrInvalid)
	}
	for _, c := range doc.Claims {
		if c.Stance != intel.Supports && c.Stance != intel.Disputes {
			return doc, fmt.Errorf("stance %d, want \"supports\" or \"disputes\": %w", c.Stance, intel.ErrInvalid)
		}
	}
	if doc.Reliability != 'D' && doc.Reliability != 'E' { // what is above unjudged
		doc.Reliability = 0
	}
	var err error
	if doc.Source, err = source(env.ID, doc.Source); err != nil {
		return doc, err
	}
	switch {
	case doc.ID == "":
		doc.ID = contentID(doc)
	case !hex32(string(doc.ID)):
		return doc, fmt.Errorf("id %q, want 32 hexadecimal digits: %w", doc.ID, intel.ErrInvalid)
	default:
		doc.ID = intel.NewDocumentID(doc.Source, asDocuments, string(doc.ID))
	}
	doc.Published, doc.Learned = doc.Published.UTC(), doc.Learned.UTC()
	doc.Assumed = !doc.Learned.IsZero() // whatever it says: we did not see it then
	return doc, nil
}

func hex32(s string) bool { return len(s) == 32 && strings.Trim(s, "0123456789abcdef") == "" }
