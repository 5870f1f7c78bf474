// Package leaksites collects the posts of extortion groups on their leak
// sites, from files in the form of the ransomwatch project: a JSON array of
// post_title, group_name and discovered. RansomLook writes them so too; what
// ransomware.live answers names the same things otherwise.
//
// The day of discovery stands for the day of the post. It is flagged as
// assumed, because a crawler's first visit finds what is years old.
package leaksites

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"strings"

	"github.com/portent-cti/portent/internal/collect"
	"github.com/portent-cti/portent/internal/intel"
)

// Connector reads ransomwatch's posts.json.
var Connector = collect.Connector{
	Name:        "leaksites",
	Proven:      "posts.json of ransomwatch",
	About:       "posts of ransomware leak sites (JSON of ransomwatch, RansomLook or ransomware.live)",
	Reliability: 'C',
	Open:        collect.Files(read),
	Recognise:   recognise,
}

const maxPost = 1 << 20

type source struct {
	env  collect.Env
	path string
}

func recognise(_ fs.FS, _ string, head []byte) bool {
	head = bytes.TrimLeft(head, " \t\r\n\uFEFF")
	first, _, _ := bytes.Cut(head, []byte("}"))
	return bytes.HasPrefix(head, []byte("[")) && (bytes.Contains(first, []byte(`"post_title"`)) && bytes.Contains(first, []byte(`"group_name"`)) ||
		bytes.Contains(head, []byte(`"victim"`)) && bytes.Contains(head, []byte(`"claim_url"`)) && bytes.Contains(head, []byte(`"discovered"`)))
}

// A post is one element of the array.
type post struct {
	Title       string `json:"post_title"`
	Group       string `json:"group_name"`
	Discovered  string `json:"discovered"`
	URL         string `json:"post_url"`
	Description string `json:"description"`

	// As ransomware.live writes it.
	Victim   string `json:"victim"`
	By       string `json:"group"`
	ClaimURL string `json:"claim_url"`
	Country  string `json:"country"` // ISO 3166-1
}

// read hands over what one file holds.
func read(ctx context.Context, env collect.Env, file string, keep func(intel.Document) error) error {
	s := &source{env, file}
	f, err := collect.OpenFile(ctx, s.env, s.path)
	if err != nil {
		return err
	}
	defer f.Close()
	dec := collect.NewValues(collect.Shallow(collect.Encoded(env, f)), 4*maxPost)
	if t, err := dec.Token(); errors.Is(err, io.EOF) {
		return fmt.Errorf("%s: %w", s.path, collect.ErrBlank)
	} else if err != nil || t != json.Delim('[') {
		return fmt.Errorf("%s: a JSON array is wanted: %w", s.path, errors.Join(err, intel.ErrInvalid))
	}
	seen := map[intel.DocumentID]bool{}
	for n := 1; dec.More(); n++ {
		raw, err := dec.Next()
		if err != nil {
			return fmt.Errorf("%s: post %d: %w", s.path, n, err)
		}
		doc, err := s.document(raw)
		if err == nil && seen[doc.ID] {
			env.Repeated()
			continue // the very same post twice
		}
		if err != nil {
			s.env.Reject(fmt.Sprint("post ", n), err)
			continue
		}
		seen[doc.ID] = true
		if err := keep(doc); err != nil {
			return err
		}
	}
	if t, err := dec.Token(); err != nil || t != json.Delim(']') {
		return fmt.Errorf("%s: the array does not end: %w", s.path, errors.Join(err, intel.ErrInvalid))
	}
	if _, err := dec.Token(); !errors.Is(err, io.EOF) {
		return fmt.Errorf("%s: after the array: %w", s.path, cmp.Or(err, intel.ErrInvalid))
	}
	return nil
}

func (s *source) document(raw []byte) (intel.Document, error) {
	var p post
	if len(raw) > maxPost {
		return intel.Document{}, collect.ErrTooLarge
	}
	if err := json.Unmarshal(raw, &p); err != nil {
		return intel.Document{}, err
	}
	p.Title, p.Group, p.URL = cmp.Or(p.Title, p.Victim), cmp.Or(p.Group, p.By), cmp.Or(p.URL, p.ClaimURL)
	title := strings.TrimSpace(p.Title)
	group := intel.NewEntity(intel.Actor, p.Group)
	if title == "" || group.Name == "" {
		return intel.Document{}, fmt.Errorf("%w: a title and a group are wanted", intel.ErrInvalid)
	}
	at, err := collect.Time(p.Discovered)
	if err != nil {
		return intel.Document{}, err
	}
	doc := intel.Document{
		ID: intel.NewDocumentID(s.env.ID, p.Group, p.Title, p.Discovered), Source: s.env.ID, Genre: intel.LeakSite, URL: p.URL,
		Author: "leaksite/" + group.Name, Channel: "leaksite/" + group.Name,
		Title: title, Text: title, Published: at, Learned: at, Assumed: !at.IsZero(),
	}
	if p.Description != "" {
		doc.Text += "\n\n" + p.Description
	}
	if victim := intel.NewEntity(intel.Organization, title); victim.Name != "" {
		c := intel.Claim{Subject: group, Relation: intel.ClaimsAttack, Object: victim, ObjectText: title}
		if p.Group != group.Name {
			c.SubjectText = p.Group
		}
		doc.Claims = []intel.Claim{c}
		if p.Victim != "" && len(p.Country) == 2 {
			c.Object, c.ObjectText = intel.NewEntity(intel.Country, p.Country), ""
			doc.Claims = append(doc.Claims, c)
		}
	}
	return doc, nil
}
