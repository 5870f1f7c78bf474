// Package ransomchat collects negotiations of ransomware groups with those
// they extort: JSON files of one chat each, with party, content and timestamp
// of every message, in a folder named after the group.
package ransomchat

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io/fs"
	"path"
	"strings"
	"time"

	"github.com/portent-cti/portent/internal/collect"
	"github.com/portent-cti/portent/internal/intel"
)

// Connector reads chats in the form of the Ransomchats project.
var Connector = collect.Connector{
	Name:        "ransomchat",
	Proven:      "the chats of Casualtek/Ransomchats",
	About:       "negotiation chats of ransomware groups (Ransomchats JSON)",
	Reliability: 'C',
	Open:        collect.Files(read),
	Recognise:   recognise,
}

const maxFile = 32 << 20

type source struct {
	env  collect.Env
	path string
}

func recognise(_ fs.FS, _ string, head []byte) bool {
	return bytes.HasPrefix(bytes.TrimLeft(head, " \t\r\n\uFEFF"), []byte("{")) && bytes.Contains(head, []byte(`"messages"`)) && bytes.Contains(head, []byte(`"party"`))
}

type chat struct {
	ID       any       `json:"chat_id"`
	Messages []message `json:"messages"`
}

type message struct {
	Party     string `json:"party"`
	Content   string `json:"content"`
	Timestamp string `json:"timestamp"`
}

// read hands over what one file holds.
func read(ctx context.Context, env collect.Env, file string, keep func(intel.Document) error) error {
	s := &source{env, file}
	text, err := collect.ReadText(ctx, s.env, s.path, maxFile)
	if err != nil {
		return err
	}
	if len(bytes.TrimSpace(text)) == 0 {
		return nil
	}
	if err := collect.CheckDepth(text); err != nil {
		return fmt.Errorf("%s: %w", s.path, err)
	}
	var c chat
	if err := json.Unmarshal(bytes.TrimPrefix(text, []byte("\uFEFF")), &c); err != nil {
		return fmt.Errorf("%s: %w", s.path, err)
	}
	if doc, ok := s.document(c); ok {
		return keep(doc)
	}
	return nil
}

// document is the chat as one text of "party: content", each message a
// paragraph.
func (s *source) document(c chat) (intel.Document, bool) {
	group := s.group(c)
	actor := intel.NewEntity(intel.Actor, group)
	var text strings.Builder
	var first time.Time
	for _, m := range c.Messages {
		if strings.TrimSpace(m.Content) == "" {
			continue
		}
		at := when(m.Timestamp)
		if !at.IsZero() && (first.IsZero() || at.Before(first)) {
			first = at
		}
		if text.Len() > 0 {
			text.WriteString("\n\n")
		}
		if !at.IsZero() {
			m.Timestamp = at.Format(time.DateTime)
		}
		if m.Timestamp != "" {
			fmt.Fprintf(&text, "[%s] ", m.Timestamp)
		}
		fmt.Fprintf(&text, "%s: %s", m.Party, strings.TrimSpace(m.Content))
	}
	if day, err := time.Parse("20060102", strings.TrimSuffix(collect.Name(s.path), ".json")); err == nil && first.IsZero() {
		first = day // files are named after the day the chat began
	}
	if actor.Name == "" || text.Len() == 0 {
		return intel.Document{}, false
	}
	id := fmt.Sprint(c.ID)
	if c.ID == nil {
		id = strings.TrimSuffix(collect.Name(s.path), ".json")
	}
	claim := intel.Claim{Subject: actor, Relation: intel.Intends, Object: intel.NewEntity(intel.Intent, "extortion")}
	if actor.Name != group {
		claim.SubjectText = group
	}
	doc := intel.Document{
		Source: s.env.ID, Genre: intel.Chat,
		Author: "ransomchat/" + actor.Name, Channel: "ransomchat/" + actor.Name + "-" + strings.ToLower(id),
		Title: "Negotiation " + id + " of " + group, Text: text.String(), Claims: []intel.Claim{claim},
		Published: first, Learned: first, Assumed: !first.IsZero(),
	}
	doc.ID = intel.NewContentID(doc, actor.Name, id)
	return doc, true
}

// group is the name of the folder, or of the party that is not the victim
// where the path has none.
func (s *source) group(c chat) string {
	if dir := path.Base(path.Dir(s.path)); dir != "." && dir != "/" {
		return dir
	}
	for _, m := range c.Messages {
		if !strings.EqualFold(m.Party, "victim") && intel.Slug(m.Party) != "" {
			return m.Party
		}
	}
	return ""
}

// when reads a time in UTC. Chats also show times without a year, or such as
// "5 days ago": those are unknown.
func when(s string) time.Time {
	s = strings.TrimSpace(s)
	for _, layout := range []string{time.DateTime, time.RFC3339, "2006-01-02T15:04:05", "2006-01-02 15:04", time.DateOnly, "Monday, 2 January 2006 15:04:05"} {
		if at, err := time.Parse(layout, s); err == nil && at.Year() > 1990 {
			return at.UTC()
		}
	}
	return time.Time{}
}
