// Package mail collects messages: single ones (EML, as in a Maildir) and whole
// archives of mailing lists (MBOX). Each message is a document of its own.
//
// What is kept is what its author wrote: plain text, else HTML as text. Quoted
// lines keep their "> ", by which extraction knows that they are not the author's
// words. Attachments are named, with type, size and digest, and not read but for text.
package mail

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path"
	"regexp"
	"strings"

	"github.com/portent-cti/portent/internal/collect"
	"github.com/portent-cti/portent/internal/intel"
)

// Connector reads messages.
var Connector = collect.Connector{
	Name:        "mail",
	About:       "messages (EML) and archives of mailing lists (MBOX)",
	Reliability: 'C',
	Unnamed:     "mail",
	Open:        collect.Files(read),
	Recognise:   recognise,
}

// maxMessage is the longest message that is read, with its attachments.
const maxMessage = 32 << 20

// mostMended is how many messages are named for not being in their encoding.
const mostMended = 20

func recognise(_ fs.FS, name string, head []byte) bool {
	if head == nil {
		return false
	}
	head = bytes.TrimPrefix(head, []byte("\uFEFF"))
	if first, rest, _ := bytes.Cut(head, []byte("\n")); separates(first) {
		return heads(rest)
	}
	switch strings.ToLower(path.Ext(collect.Name(name))) {
	case ".eml", ".mbox", ".mbx":
		return heads(head)
	case ".md", ".adoc", ".html", ".htm":
		return false
	}
	h, _, whole := parse(head)
	has := func(name string) bool { return len(h[name]) > 0 }
	return (whole || len(h) > 8) && has("from") && (has("message-id") || has("received") || has("date") && has("subject") && has("to"))
}

// separator is the line that begins a message of an archive.
var separator = regexp.MustCompile(`^From \S.*\d{1,2}:\d{2}\b.*\b\d{4}\b`)

func separates(line []byte) bool {
	return bytes.HasPrefix(line, []byte("From ")) && len(line) < 1000 && separator.Match(line)
}

var header = regexp.MustCompile(`^>?[A-Za-z][A-Za-z0-9_-]*(?:[ \t]*:|$)`)

// heads reports whether text begins with the header of a message, or ends
// before that can be told.
func heads(text []byte) bool {
	line, _, _ := bytes.Cut(text[:min(len(text), 1000)], []byte("\n"))
	return len(text) == 0 || header.Match(bytes.TrimRight(line, "\r"))
}

func read(ctx context.Context, env collect.Env, file string, keep func(intel.Document) error) error {
	f, err := collect.OpenFile(ctx, env, file)
	if err != nil {
		return err
	}
	defer f.Close()
	return Read(ctx, env, file, f, keep)
}

// Read reads the messages of what is called name, an archive or a single one. Those that
// cannot be read are noted through env, and one that it has twice is handed out once.
func Read(ctx context.Context, env collect.Env, name string, in io.Reader, keep func(intel.Document) error) error {
	seen, mended := map[intel.DocumentID]bool{}, 0
	box := &box{in: bufio.NewReaderSize(in, 64<<10)}
	for box.next() {
		if err := ctx.Err(); err != nil {
			return err
		}
		doc, bad, err := box.document(env)
		if bad {
			if mended++; mended <= mostMended && env.Reject != nil {
				env.Reject(fmt.Sprintf("message at line %d", box.line), collect.ErrEncoding)
			}
		}
		switch {
		case err != nil && (!box.archive || errors.Is(err, errCut)):
			return fmt.Errorf("%s: %w", name, err)
		case err != nil:
			if env.Reject != nil {
				env.Reject(fmt.Sprintf("message at line %d", box.line), err)
			}
		case seen[doc.ID]:
			env.Repeated()
		case doc.Text != "":
			seen[doc.ID] = true
			if err := keep(doc); err != nil {
				return err
			}
		}
	}
	return box.err
}

// A box is the messages of a file.
type box struct {
	in      *bufio.Reader
	archive bool   // of several
	body    []byte // of the message
	line    int    // where the message begins
	large   bool   // it is too large
	last    bool   // nothing follows it
	lines   int    // read so far
	begun   bool
	err     error
}

// next reads the next message. One that an error cut off is not handed out.
func (b *box) next() bool {
	if b.err != nil || b.last {
		return false
	}
	if !b.begun {
		b.begin()
	}
	b.body, b.large, b.line = nil, false, b.lines+1
	empty, fresh := false, true // the line before was empty; a line begins
	for {
		piece, err := b.in.ReadSlice('\n')
		if fresh && empty && b.archive && separates(piece) {
			line := bytes.Clone(piece) // it is gone once the next is looked at
			if following, _ := b.in.Peek(256); heads(following) {
				b.lines++
				return true
			}
			piece = line
		}
		if err != nil && !errors.Is(err, bufio.ErrBufferFull) && !errors.Is(err, io.EOF) {
			b.err = err
			return false
		}
		if fresh {
			b.lines++
			if b.archive && escaped(piece) {
				piece = piece[1:]
			}
		}
		empty = fresh && len(bytes.TrimRight(piece, "\r\n")) == 0
		fresh = len(piece) > 0 && piece[len(piece)-1] == '\n'
		b.add(piece)
		if errors.Is(err, io.EOF) {
			b.last = true
			return len(b.body) > 0 || b.large
		}
	}
}

// begin looks whether the file is an archive, and passes over what stands
// before its first message.
func (b *box) begin() {
	b.begun = true
	if bom, err := b.in.Peek(3); err == nil && string(bom) == "\uFEFF" {
		b.in.Discard(3) //nolint:errcheck // they were just peeked at
	}
	head, _ := b.in.Peek(1000)
	line, _, whole := bytes.Cut(head, []byte("\n"))
	if b.archive = whole && separates(line); b.archive {
		b.in.Discard(len(line) + 1) //nolint:errcheck // as above
		b.lines++
	}
}

// escaped reports whether a line of an archive had "From " at its beginning.
func escaped(line []byte) bool {
	rest := bytes.TrimLeft(line[:min(len(line), 100)], ">")
	return len(line) > 0 && line[0] == '>' && bytes.HasPrefix(rest, []byte("From "))
}

func (b *box) add(piece []byte) {
	if b.large = b.large || len(b.body)+len(piece) > maxMessage; b.large {
		b.body = nil
		return
	}
	b.body = append(b.body, piece...)
}

// document makes a document of the message.
func (b *box) document(env collect.Env) (doc intel.Document, mended bool, err error) {
	if b.large {
		return doc, false, fmt.Errorf("%w: longer than %d MiB", collect.ErrTooLarge, maxMessage>>20)
	}
	return document(env, b.body, b.last)
}
