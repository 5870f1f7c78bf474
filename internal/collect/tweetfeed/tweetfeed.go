// Package tweetfeed collects indicators that researchers post on X, from files
// in the form of the TweetFeed project: time, user, type, value, tags and post,
// without a header.
//
// The rows of one post are one document. They usually stand together; rows of
// up to Window lines further down are joined all the same. A row without tags
// indicates label:untagged.
package tweetfeed

import (
	"cmp"
	"context"
	"encoding/csv"
	"errors"
	"fmt"
	"hash/maphash"
	"io/fs"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/portent-cti/portent/internal/collect"
	"github.com/portent-cti/portent/internal/intel"
)

// Connector reads TweetFeed's files.
var Connector = collect.Connector{
	Name:        "tweetfeed",
	Proven:      "2021 to 2025 of the feed itself",
	About:       "indicators posted on X, as TweetFeed's CSV files",
	Reliability: 'C',
	Unnamed:     "csv", // anybody can write six columns
	Open:        collect.Files(read),
	Recognise:   recognise,
}

// Window is how many rows after a post's last one another of its rows still
// joins it. In TweetFeed's own files the widest gap is 2,671 rows.
const Window = 8192

// settled is how many rows after a post's last one it counts as whole in a file
// that breaks off: of 740,000 real rows twenty come later. A post is known by
// its address, so that one kept too early would lack its other rows for ever.
const settled = 64

// maxRows bounds the rows of one document; a longer post goes on in another.
const maxRows = 10000

// recognise reports whether one of the first lines is a row: others may be broken.
func recognise(_ fs.FS, _ string, head []byte) bool {
	text := strings.TrimPrefix(string(head), "\uFEFF")
	for range firstLines {
		line, rest, whole := strings.Cut(text, "\n")
		if r, err := parse(strings.TrimRight(line, "\r")); err == nil && r.at.Year() > 2000 {
			return true
		}
		if !whole {
			return false
		}
		text = rest
	}
	return false
}

// firstLines is how many lines of a file tell of which type it is.
const firstLines = 20

// A row is one line of a file.
type row struct {
	at                      time.Time
	user, kind, value, tags string
	post                    string
}

var errFields = errors.New("six fields are wanted: time, user, type, value, tags, post")

// parse reads one line. Quotes are rare, so that the way without them is the
// fast one.
func parse(line string) (row, error) {
	var f [6]string
	if strings.IndexByte(line, '"') >= 0 {
		r := csv.NewReader(strings.NewReader(line))
		r.FieldsPerRecord, r.LazyQuotes = len(f), true
		fields, err := r.Read()
		if err != nil {
			return row{}, errFields
		}
		copy(f[:], fields)
	} else {
		rest := line
		var ok bool
		for i := range len(f) - 1 {
			if f[i], rest, ok = strings.Cut(rest, ","); !ok {
				return row{}, errFields
			}
		}
		if strings.IndexByte(rest, ',') >= 0 {
			return row{}, errFields
		}
		f[len(f)-1] = rest
	}
	at, err := time.Parse(time.DateTime, f[0])
	if err != nil {
		return row{}, fmt.Errorf("time %q: %w", f[0], intel.ErrInvalid)
	}
	if f[1] == "" || !strings.HasPrefix(f[5], "http") {
		return row{}, fmt.Errorf("%w: a user and the URL of the post are wanted", intel.ErrInvalid)
	}
	return row{at, f[1], f[2], f[3], f[4], f[5]}, nil
}

var kinds = map[string]intel.Kind{"url": intel.URL, "domain": intel.Domain, "ip": intel.IPv4, "sha256": intel.SHA256, "md5": intel.MD5, "sha1": intel.SHA1}

// read hands over what one file holds.
func read(ctx context.Context, env collect.Env, file string, keep func(intel.Document) error) error {
	f, err := collect.OpenFile(ctx, env, file)
	if err != nil {
		return err
	}
	defer f.Close()
	lines := collect.NewLines(env, f)
	w := window{source: env.ID, open: map[string]*post{}, keep: keep, seed: maphash.MakeSeed(), tags: map[string][]intel.Entity{}}
	for lines.Next() {
		if len(lines.Bytes()) == 0 {
			continue
		}
		r, err := parse(lines.Text())
		if err == nil {
			err = w.add(lines.Number(), r)
		}
		if err != nil {
			lines.Reject(err)
			continue
		}
		if err := w.flush(lines.Number() - Window); err != nil {
			return err
		}
	}
	if broken := lines.Err(); broken != nil {
		w.queue = slices.DeleteFunc(w.queue, func(p *post) bool { return p.last > lines.Number()-settled })
		return cmp.Or(w.flush(lines.Number()), broken)
	}
	return w.flush(lines.Number() + 1)
}

// A post is a document that may still gain rows.
type post struct {
	doc  intel.Document
	url  string
	last int // line of the latest row
	rows int
}

// window holds the posts whose rows may not all have been read, in the order
// of their first rows.
type window struct {
	source intel.SourceID
	open   map[string]*post
	queue  []*post
	keep   func(intel.Document) error
	tags   map[string][]intel.Entity // what a field of tags stands for
	// recent and older hold hashes of posts that were let go, so that a late
	// row never repeats an ID.
	seed          maphash.Seed
	recent, older map[uint64]struct{}
}

func (w *window) add(line int, r row) error {
	kind, ok := kinds[r.kind]
	if !ok {
		return fmt.Errorf("type %q: %w", r.kind, intel.ErrInvalid)
	}
	indicator, port, err := collect.Indicator(kind, r.value)
	if err != nil {
		return err
	}
	claim := intel.Claim{Subject: indicator, Relation: intel.Indicates}
	if indicator.Name != r.value {
		claim.SubjectText = r.value
	}
	claim.Context.Port = port
	p := w.post(line, r)
	p.last = line
	p.rows++
	for _, tag := range w.labels(r.tags) {
		claim.Object = tag
		p.doc.Claims = append(p.doc.Claims, claim)
	}
	return nil
}

// post returns the open document of a row's post.
func (w *window) post(line int, r row) *post {
	if p := w.open[r.post]; p != nil && p.rows < maxRows {
		return p
	}
	parts := []string{r.post}
	if w.open[r.post] != nil || w.known(r.post) {
		parts = append(parts, fmt.Sprint("line ", line))
	}
	p := &post{url: r.post, doc: intel.Document{
		ID: intel.NewDocumentID(w.source, parts...), Source: w.source, Genre: intel.Social, URL: r.post,
		Author: "x/" + strings.ToLower(r.user), Published: r.at, Learned: r.at, Assumed: true,
	}}
	w.open[r.post] = p
	w.queue = append(w.queue, p)
	return p
}

// labels returns the entities of a field such as "#phishing #Qakbot".
func (w *window) labels(tags string) []intel.Entity {
	if l, ok := w.tags[tags]; ok {
		return l
	}
	var labels []intel.Entity
	seen := map[intel.Entity]bool{}
	for tag := range strings.FieldsSeq(tags) {
		e := intel.NewEntity(intel.Label, strings.TrimLeft(tag, "#"))
		if e.Name != "" && !seen[e] && utf8.RuneCountInString(e.Name) <= 100 {
			seen[e] = true
			labels = append(labels, e)
		}
	}
	if len(labels) == 0 {
		labels = []intel.Entity{intel.Untagged()}
	}
	if len(w.tags) > 1<<14 {
		clear(w.tags)
	}
	w.tags[strings.Clone(tags)] = labels
	return labels
}

// flush lets go of the posts at the front whose last row is before line.
func (w *window) flush(line int) error {
	for len(w.queue) > 0 && w.queue[0].last < line {
		p := w.queue[0]
		w.queue[0], w.queue = nil, w.queue[1:]
		if w.open[p.url] == p {
			delete(w.open, p.url)
		}
		w.remember(p.url)
		if err := w.keep(p.doc); err != nil {
			return err
		}
	}
	return nil
}

const remembered = 1 << 19

func (w *window) remember(url string) {
	if w.recent == nil || len(w.recent) >= remembered {
		w.older, w.recent = w.recent, map[uint64]struct{}{}
	}
	w.recent[maphash.String(w.seed, url)] = struct{}{}
}

func (w *window) known(url string) bool {
	h := maphash.String(w.seed, url)
	_, a := w.recent[h]
	_, b := w.older[h]
	return a || b
}
