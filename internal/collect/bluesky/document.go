package bluesky

import (
	"cmp"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/portent-cti/portent/internal/collect"
	"github.com/portent-cti/portent/internal/intel"
)

// document is a post. Its account is named by its DID, which stays when it is called otherwise.
func (f *feed) document(e event) (intel.Document, error) {
	var r record
	if err := json.Unmarshal(e.Commit.Record, &r); err != nil {
		return intel.Document{}, fmt.Errorf("its record: %w: %w", intel.ErrInvalid, err)
	}
	doc := intel.Document{ID: intel.NewDocumentID(f.ID, e.DID, e.Commit.Key, e.Commit.CID), Source: f.ID, Genre: intel.Social,
		URL: link(e), Author: author(e.DID), Text: words(r), Learned: f.Now().UTC(), References: quoted(r.Embed)}
	if len(r.Langs) > 0 {
		doc.Language = collect.OneLine(r.Langs[0], 35)
	}
	doc.Published = e.at()
	if at, err := time.Parse(time.RFC3339, r.Created); err == nil && at.Before(doc.Published) {
		doc.Published = at.UTC()
	}
	if doc.Published.After(doc.Learned) {
		doc.Published = doc.Learned
	}
	return doc, nil
}

// deletion notes that a post is gone. It is a document of its own: what was said stays said.
func (f *feed) deletion(e event) intel.Document {
	doc := intel.Document{ID: intel.NewDocumentID(f.ID, e.DID, e.Commit.Key, "deleted"), Source: f.ID, Genre: intel.Social, URL: link(e), Author: author(e.DID),
		Title: "Deleted", Text: "This post was deleted.", Published: e.at(), Learned: f.Now().UTC()}
	if doc.Published.After(doc.Learned) {
		doc.Published = doc.Learned
	}
	return doc
}

func author(did string) string { return collect.Account("bluesky", did) }

// link is where a post is shown to people.
func link(e event) string {
	return "https://bsky.app/profile/" + collect.OneLine(e.DID, 300) + "/post/" + collect.OneLine(e.Commit.Key, 512)
}

// words are what a post says: its text with links whole, what its card and its pictures say.
func words(r record) string {
	parts := []string{strings.TrimSpace(whole(r))}
	for e := r.Embed; e != nil; e = e.Media {
		if x := e.External; x != nil {
			parts = append(parts, strings.TrimSpace(strings.Join([]string{strings.TrimSpace(x.Title), strings.TrimSpace(x.Description), collect.WebURL(x.URI)}, "\n")))
		}
		for _, i := range e.Images {
			if alt := strings.TrimSpace(i.Alt); alt != "" {
				parts = append(parts, "[image] "+alt)
			}
		}
		if alt := strings.TrimSpace(e.Alt); alt != "" {
			parts = append(parts, "[video] "+alt)
		}
	}
	return strings.ToValidUTF8(strings.TrimSpace(strings.Join(parts, "\n\n")), "\uFFFD")
}

// whole is the text of a post with the whole address of each link, which is shown cut short.
func whole(r record) string {
	facets := slices.Clone(r.Facets)
	slices.SortStableFunc(facets, func(a, b facet) int { return a.Index.Start - b.Index.Start })
	var b strings.Builder
	at := 0
	for _, f := range facets {
		if f.Index.Start < at || f.Index.End <= f.Index.Start || f.Index.End > len(r.Text) {
			continue
		}
		for _, feature := range f.Features {
			to := collect.WebURL(feature.URI)
			if feature.Type != "app.bsky.richtext.facet#link" || to == "" {
				continue
			}
			shown := r.Text[f.Index.Start:f.Index.End]
			b.WriteString(r.Text[at:f.Index.Start])
			if bare := strings.TrimSuffix(strings.TrimSuffix(shown, "..."), "…"); strings.Contains(to, bare) {
				b.WriteString(to)
			} else {
				b.WriteString(shown + " <" + to + ">")
			}
			at = f.Index.End
			break
		}
	}
	return b.String() + r.Text[at:]
}

// quoted is the post that one quotes.
func quoted(e *embed) []string {
	if e == nil || len(e.Record) == 0 {
		return nil
	}
	var r reference
	if err := json.Unmarshal(e.Record, &r); err != nil {
		return nil
	}
	uri := r.URI
	if r.Record != nil {
		uri = cmp.Or(uri, r.Record.URI)
	}
	did, key, ok := strings.Cut(strings.TrimPrefix(uri, "at://"), "/"+posts+"/")
	if !ok || !strings.HasPrefix(uri, "at://did:") {
		return nil
	}
	return []string{link(event{DID: did, Commit: &commit{Key: key}})}
}
