// Package maltrail collects the trails of the Maltrail project: one text file
// per actor, with domains, addresses, URLs and paths below the references they
// are taken from, and a line of aliases.
//
// Each block of references and the trails under it is one document, since the
// reference is who says so; so is the line of aliases. An alias is a label:
// some are malware, and only the reference can tell.
package maltrail

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io/fs"
	"path"
	"strings"

	"github.com/portent-cti/portent/internal/collect"
	"github.com/portent-cti/portent/internal/intel"
)

// Connector reads Maltrail's files of actors.
var Connector = collect.Connector{
	Name:        "maltrail",
	Proven:      "the 331 lists of actors",
	About:       "trails of actors from Maltrail's apt_*.txt files",
	Reliability: 'C',
	Open:        collect.Files(read),
	Recognise:   recognise,
}

// maxTrails bounds one document; a longer block goes on in another.
const maxTrails = 5000

func recognise(_ fs.FS, name string, head []byte) bool {
	text := string(head[:min(len(head), 4096)])
	named := strings.HasPrefix(path.Base(name), "apt_") && strings.HasSuffix(strings.TrimSuffix(name, ".gz"), ".txt")
	return head != nil && strings.HasPrefix(text, "#") &&
		(strings.Contains(text, "Maltrail developers") || named && (strings.Contains(text, "# Reference:") || strings.Contains(text, "# Aliases:")))
}

// actor returns the actor a file is named after: apt_lazarus.txt after
// Lazarus, apt_28.txt after APT28.
func actor(file string) (e intel.Entity, wording string) {
	name := strings.TrimSuffix(strings.TrimSuffix(path.Base(file), ".gz"), ".txt")
	name = strings.TrimPrefix(name, "apt_")
	if strings.Trim(name, "0123456789") == "" && name != "" {
		name = "APT" + name
	}
	if name == "unclassified" { // nobody is meant by it
		return intel.Untagged(), ""
	}
	if e = intel.NewEntity(intel.Actor, name); e.Name == "" {
		e = intel.NewEntity(intel.Actor, "unnamed")
	}
	if e.Name == name {
		return e, ""
	}
	return e, name
}

// A block is references and what stands below them.
type block struct {
	references []string
	note       string
	claims     []intel.Claim
	said       map[intel.Entity]bool
}

// A reader turns the lines of one file into documents.
type reader struct {
	source  intel.SourceID
	file    string
	actor   intel.Entity
	wording string
	block   block
	seen    map[intel.DocumentID]bool
	keep    func(intel.Document) error
}

// read hands over what one file holds.
func read(ctx context.Context, env collect.Env, file string, keep func(intel.Document) error) error {
	f, err := collect.OpenFile(ctx, env, file)
	if err != nil {
		return err
	}
	defer f.Close()
	lines := collect.NewLines(env, f)
	r := newReader(env.ID, file, keep)
	for lines.Next() {
		reason, err := r.line(strings.TrimSpace(lines.Text()))
		if err != nil {
			return err
		}
		if reason != nil {
			lines.Reject(reason)
		}
	}
	if err := lines.Err(); err != nil {
		return err // the last block may lack trails
	}
	return r.flush()
}

func newReader(source intel.SourceID, file string, keep func(intel.Document) error) *reader {
	r := &reader{source: source, file: collect.Name(file), seen: map[intel.DocumentID]bool{}, keep: keep}
	r.actor, r.wording = actor(file)
	return r
}

// line reads one line; reason says why it cannot be read, err why to stop.
func (r *reader) line(s string) (reason, err error) {
	switch comment, ok := strings.CutPrefix(s, "#"); {
	case s == "":
		return nil, nil
	case ok:
		return nil, r.comment(strings.TrimSpace(comment))
	}
	if len(r.block.claims) >= maxTrails {
		references := r.block.references
		if err := r.flush(); err != nil {
			return nil, err
		}
		r.block.references = references
	}
	trail, note, _ := strings.Cut(s, "#")
	return r.trail(strings.TrimSpace(trail), strings.TrimSpace(note)), nil
}

func (r *reader) comment(s string) error {
	head, rest, _ := strings.Cut(s, ":")
	switch strings.ToLower(head) {
	case "reference", "referemce", "referecne", "references":
		if len(r.block.claims) > 0 {
			if err := r.flush(); err != nil {
				return err
			}
		}
		link := strings.TrimSpace(rest)
		if l, ok := collect.Link(link); ok && !strings.Contains(l, " ") {
			r.block.references = append(r.block.references, l)
		} else if l, ok := collect.Link("https://" + link); ok && strings.ContainsRune(link, '/') && !strings.Contains(link, " ") {
			r.block.references = append(r.block.references, l)
		}
	case "aliases", "alias":
		return r.aliases(rest)
	case "copyright (c) 2014-2026 maltrail developers (https", "see the file 'license' for copying permission":
	default:
		if r.block.note = ""; len(s) <= 200 && !strings.Contains(head, "=") && !strings.HasPrefix(s, "Copyright") {
			r.block.note = s
		}
	}
	return nil
}

func (r *reader) trail(value, note string) error {
	if note == "" {
		note = r.block.note
	}
	claim := intel.Claim{Context: intel.Context{Note: note}}
	if strings.HasPrefix(value, "/") {
		e := intel.NewEntity(intel.File, value)
		claim.Subject, claim.SubjectText, claim.Relation, claim.Object = r.actor, r.wording, intel.Uses, e
		return r.add(e, claim)
	}
	e, port, err := collect.Indicator("", strings.TrimPrefix(value, "."))
	if err != nil {
		return err
	}
	claim.Context.Port = port
	claim.Subject, claim.Relation, claim.Object, claim.ObjectText = e, intel.Indicates, r.actor, r.wording
	if e.Name != value {
		claim.SubjectText = value
	}
	return r.add(e, claim)
}

func (r *reader) add(e intel.Entity, c intel.Claim) error {
	if r.block.said == nil {
		r.block.said = map[intel.Entity]bool{}
	}
	key := intel.Entity{Kind: e.Kind, Name: e.Name + " " + c.Context.Port}
	if !r.block.said[key] {
		r.block.said[key] = true
		r.block.claims = append(r.block.claims, c)
	}
	return nil
}

// aliases emits a document of what a line calls the actor.
func (r *reader) aliases(list string) error {
	var claims []intel.Claim
	said := map[intel.Entity]bool{r.actor: true}
	for name := range strings.SplitSeq(list, ",") {
		name, _, _ = strings.Cut(name, "(") // a remark, or whence the name is
		name = strings.TrimSpace(name)
		e := intel.NewEntity(intel.Label, name)
		if e.Name == "" || len(e.Name) > 100 || said[e] || e.Name == r.actor.Name {
			continue
		}
		said[e] = true
		c := intel.Claim{Subject: e, Relation: intel.AliasOf, Object: r.actor, ObjectText: r.wording}
		if e.Name != name {
			c.SubjectText = name
		}
		claims = append(claims, c)
	}
	return r.emit(claims, nil)
}

// flush emits the block, if it holds trails, and begins another.
func (r *reader) flush() error {
	b := r.block
	r.block = block{}
	return r.emit(b.claims, b.references)
}

// emit keeps a document. Its ID covers what it says, so that a block that has
// grown is another document.
func (r *reader) emit(claims []intel.Claim, references []string) error {
	if len(claims) == 0 {
		return nil
	}
	h := sha256.New()
	for _, c := range claims {
		fmt.Fprintln(h, c.Subject, c.Relation, c.Object, c.Context.Port)
	}
	parts := append([]string{r.file, hex.EncodeToString(h.Sum(nil))}, references...)
	doc := intel.Document{
		ID: intel.NewDocumentID(r.source, parts...), Source: r.source, Genre: intel.List, Title: r.actor.Title() + ": trails",
		URL:    "https://github.com/stamparm/maltrail/blob/master/trails/static/malware/" + r.file,
		Claims: claims, References: references,
	}
	if r.seen[doc.ID] {
		return nil
	}
	r.seen[doc.ID] = true
	return r.keep(doc)
}
