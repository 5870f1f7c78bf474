package discord

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/portent-cti/portent/internal/collect"
	"github.com/portent-cti/portent/internal/intel"
)

const network = "discord/"

// mostEmbeds is how many embeds of a message are read, which is what Discord allows.
const mostEmbeds = 10

// said reports whether people, or programs on their behalf, wrote a message of that kind: the
// others tell who came and what was pinned.
func said(kind int) bool { return kind == 0 || kind == 19 || kind == 20 || kind == 23 }

// edition tells versions of a message apart.
func edition(m message) string {
	if m.Edited == nil {
		return ""
	}
	return m.Edited.UTC().Format(time.RFC3339Nano)
}

// document is a message, if it says something.
func (b *bot) document(m message) (doc intel.Document, ok bool) {
	if !said(m.Kind) || m.ID == 0 || m.Channel == 0 {
		return doc, false
	}
	text := words(m)
	if text == "" {
		return doc, false
	}
	doc = intel.Document{ID: b.id(m.Channel, m.ID, edition(m)), Source: b.ID, Genre: intel.Chat, URL: link(m.Guild, m.Channel, m.ID),
		Author: author(m), Channel: room(m.Guild, m.Channel), Text: text, Published: m.At.UTC(), References: forwarded(m)}
	if m.ID == m.Channel { // it begins a thread of a forum
		doc.Title = collect.OneLine(b.threads[m.Channel].Name, 200)
	}
	if m.At.IsZero() {
		doc.Published = m.ID.at()
	}
	if m.Edited != nil {
		doc.Published = m.Edited.UTC()
	}
	return doc, true
}

// deletion notes that a message is gone. It is a document of its own: what was said stays said.
func (b *bot) deletion(d deleted, id snowflake, author string) intel.Document {
	return intel.Document{ID: b.id(d.Channel, id, "deleted"), Source: b.ID, Genre: intel.Chat, URL: link(d.Guild, d.Channel, id), Author: author,
		Channel: room(d.Guild, d.Channel), Title: "Deleted", Text: "This message was deleted.", Published: b.Now().UTC()}
}

func (b *bot) id(channel, message snowflake, edition string) intel.DocumentID {
	return intel.NewDocumentID(b.ID, channel.String(), message.String(), edition)
}

func room(guild, channel snowflake) string {
	return network + guild.String() + "/" + channel.String()
}

// link is where a message is shown to who may read it.
func link(guild, channel, message snowflake) string {
	return fmt.Sprintf("https://discord.com/channels/%d/%d/%d", guild, channel, message)
}

// author is who says it. A webhook says by itself what it is called, each time, so it is named
// by its number.
func author(m message) string {
	if m.Webhook != 0 {
		return network + "webhook-" + m.Webhook.String()
	}
	return network + name(m.Author)
}

// name is the name of an account where only one can have it, else its number.
func name(u user) string {
	if u.Name == "" || (u.Tag != "" && u.Tag != "0" && u.Tag != "0000") || strings.Trim(u.Name, "abcdefghijklmnopqrstuvwxyz0123456789_.") != "" || strings.Trim(u.Name, "0123456789") == "" {
		return u.ID.String()
	}
	return u.Name
}

// forwarded is the message that one passes on.
func forwarded(m message) []string {
	if m.Of == nil || m.Of.Kind != 1 || m.Of.Message == 0 {
		return nil
	}
	return []string{link(m.Of.Guild, m.Of.Channel, m.Of.Message)}
}

// words are what a message says: its text with the names of whom it speaks to, its embeds, and of its files their
// names.
func words(m message) string {
	content := m.Content
	for _, u := range m.Mentions[:min(len(m.Mentions), 100)] {
		content = strings.NewReplacer("<@"+u.ID.String()+">", "@"+name(u), "<@!"+u.ID.String()+">", "@"+name(u)).Replace(content)
	}
	parts := append([]string{content}, beside(m.Embeds, m.Attachments)...)
	if p := m.Poll; p != nil {
		parts = append(parts, p.Question.Text)
		for _, a := range p.Answers {
			parts = append(parts, "- "+strings.TrimSpace(a.Media.Text))
		}
	}
	for _, s := range m.Forwarded {
		parts = append(append(parts, s.Message.Content), beside(s.Message.Embeds, s.Message.Attachments)...)
	}
	return joined(parts)
}

// beside is what stands beside the text. What Discord fetched itself from where a link leads is
// left out: those are the words of others, and come later than the message.
func beside(embeds []embed, files []attachment) (parts []string) {
	for _, e := range embeds[:min(len(embeds), mostEmbeds)] {
		if e.Kind != "rich" && e.Kind != "" {
			continue
		}
		parts = append(parts, e.Author.Name, e.Title, e.Description, collect.WebURL(e.URL))
		for _, f := range e.Fields {
			parts = append(parts, joined([]string{f.Name, f.Value}))
		}
		parts = append(parts, e.Footer.Text)
	}
	for _, f := range files {
		if name := collect.OneLine(f.Name, 300); name != "" {
			parts = append(parts, fmt.Sprintf("Attachment: %s (%s, %d bytes)", name, cmp.Or(collect.OneLine(f.Type, 100), "no type"), f.Size))
		}
	}
	return parts
}

// joined are the parts that say something, a line or more each.
func joined(parts []string) string {
	for i, p := range parts {
		parts[i] = strings.TrimSpace(strings.ToValidUTF8(p, "\uFFFD"))
	}
	return strings.Join(slices.DeleteFunc(parts, func(s string) bool { return s == "" }), "\n")
}
