package matrixchat

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"strings"
	"time"

	"github.com/portent-cti/portent/internal/collect"
	"github.com/portent-cti/portent/internal/intel"
	"github.com/portent-cti/portent/internal/page"
)

// errEncrypted is told once of a room.
var errEncrypted = errors.New("it is encrypted: what is said there cannot be read")

// mostName bounds names that a server gives, in bytes.
const mostName = 255

// read reads an event of a room; nil where it says nothing.
func (v *visit) read(id string, raw json.RawMessage) *intel.Document {
	item := "event in " + v.name(id)
	var e event
	if err := json.Unmarshal(raw, &e); err != nil {
		v.Reject(item, errors.New("it has not the form of an event of Matrix"))
		return nil
	}
	if e.Type == "m.room.encrypted" {
		if !v.encrypted[id] {
			v.encrypted[id] = true
			v.Reject("room "+v.name(id), errEncrypted)
		}
		return nil
	}
	if e.ID == "" || e.Sender == "" || len(e.ID) > mostName || len(e.Sender) > mostName {
		v.Reject(item, errors.New("it has no name or no sender, or one too long"))
		return nil
	}
	var c content
	if len(e.Content) > 0 {
		if err := json.Unmarshal(e.Content, &c); err != nil {
			v.Reject(item+": "+e.ID, errors.New("its content has not the form that it has in Matrix"))
			return nil
		}
	}
	doc := v.document(id, e)
	doc.Title, doc.Text = words(e, c)
	if doc.Text = strings.TrimSpace(strings.ToValidUTF8(doc.Text, "\uFFFD")); doc.Text == "" {
		return nil // as of what was removed
	}
	return &doc
}

// document is an event but for what it says.
func (v *visit) document(id string, e event) intel.Document {
	doc := intel.Document{ID: intel.NewDocumentID(v.ID, id, e.ID), Source: v.ID, Genre: intel.Chat, URL: link(id, e.ID),
		Author: collect.Account(network, strings.TrimPrefix(e.Sender, "@")), Channel: network + "/" + v.name(id), Learned: v.Now().UTC()}
	if e.At > 0 && e.At < 1<<43 {
		doc.Published = time.UnixMilli(int64(e.At)).UTC()
	}
	if v.since == "" && !doc.Published.IsZero() { // it was there before we came
		doc.Learned, doc.Assumed = doc.Published, true
	}
	return doc
}

// link leads to an event.
func link(room, event string) string {
	return "https://matrix.to/#/" + url.PathEscape(room) + "/" + url.PathEscape(event)
}

// words is what an event says.
func words(e event, c content) (title, text string) {
	switch e.Type {
	case "m.room.topic":
		return "Topic of the room", c.Topic
	case "m.room.redaction":
		text = "Removed the message " + cmp.Or(c.Redacts, e.Redacts)
		if c.Reason != "" {
			text += ": " + c.Reason
		}
		return "Removal", text
	case "m.room.message":
		if c.Relates.Kind == "m.replace" {
			if c.New == nil {
				return "", ""
			}
			c.New.Relates.Reply.ID = ""
			return "", said(e, *c.New)
		}
		return "", said(e, c)
	}
	return "", ""
}

// said is the text of a message, without what it answers to.
func said(e event, c content) string {
	switch c.Kind {
	case "m.image", "m.file", "m.audio", "m.video":
		return attached(c)
	}
	text := c.Body
	if c.Relates.Reply.ID != "" {
		text = withoutQuote(text)
	}
	if c.Format == "org.matrix.custom.html" && c.Formatted != "" {
		if shown, err := page.Text([]byte(withoutReply(c.Formatted)), "text/html; charset=utf-8"); err == nil && strings.TrimSpace(shown) != "" {
			text = shown
		}
	}
	if c.Kind == "m.emote" && text != "" {
		name, _, _ := strings.Cut(strings.TrimPrefix(e.Sender, "@"), ":")
		text = name + " " + text
	}
	return text
}

// attached is a file as text: its name, type and size, and what is written below.
func attached(c content) string {
	name, below := c.Body, ""
	if c.File != "" && c.File != c.Body {
		name, below = c.File, c.Body
	}
	if name == "" {
		return below
	}
	text := "Attachment: " + name
	if c.Info.Type != "" {
		text += fmt.Sprintf(" (%s, %.0f bytes)", c.Info.Type, c.Info.Size)
	}
	return strings.TrimSpace(below + "\n" + text)
}

// withoutQuote is an answer without the lines before it that say what it answers.
func withoutQuote(text string) string {
	rest := text
	for strings.HasPrefix(rest, "> ") {
		_, rest, _ = strings.Cut(rest, "\n")
	}
	return strings.TrimLeft(rest, "\n")
}

// withoutReply is the same in HTML.
func withoutReply(html string) string {
	const begin, end = "<mx-reply>", "</mx-reply>"
	if !strings.HasPrefix(html, begin) {
		return html
	}
	_, rest, _ := strings.Cut(html, end)
	return rest
}
