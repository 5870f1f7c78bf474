package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/portent-cti/portent/internal/correlate"
	"github.com/portent-cti/portent/internal/extract"
	"github.com/portent-cti/portent/internal/intel"
	"github.com/portent-cti/portent/internal/score"
)

// maxText is the most bytes of one text that extract reads.
const maxText = 256 << 20

type extractCmd struct {
	File string `arg:"" optional:"" default:"-" help:"Text file, or - for standard input."`
}

// Run implements the command.
func (c *extractCmd) Run(ctx context.Context, a *app) error {
	text, err := c.text(a)
	if err != nil {
		return err
	}
	ed, err := a.editor(ctx)
	if err != nil {
		return err
	}
	screen, err := ed.Screen(ctx, a.reader(), a.now())
	if err != nil {
		return err
	}
	doc := intel.Document{Text: text}
	observations := extract.New(ed.Reference()).Observations(doc)
	flaws := flawsOf(correlate.Evidence(doc, observations, ed.Reference()))
	for i, o := range observations {
		observations[i] = screened(screen, o)
	}
	if tag, sure := extract.Language(text); tag != "" {
		a.remark("Language: %s (%.2f).", tag, sure)
	}
	if a.colours != nil && !a.cli.JSON {
		return paint(a.colours, text, observations, flaws)
	}
	for _, o := range observations {
		if a.cli.JSON {
			line := map[string]any{"entity": o.Entity, "offset": o.Offset, "length": o.Length, "text": o.Text,
				"snippet": around(text, o.Offset, o.Length), "suppressed": o.Suppressed}
			if flaw := flaws.of(o); flaw != "" {
				line["cve"] = flaw
			}
			err = a.print(line)
		} else {
			_, err = fmt.Fprintln(a.out, described(o, flaws.of(o)))
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// flaws are the vulnerabilities that fragments of attacks belong to, by fragment
// and place.
type flaws map[fragment]string

type fragment struct {
	entity intel.Entity
	offset int
}

// flawsOf returns whose fragments a text mentions, as its evidence has it.
func flawsOf(evidence []intel.Evidence) flaws {
	out := flaws{}
	for _, e := range evidence {
		if e.Link.Relation == intel.Affects && e.Link.To.Kind.Class() == intel.IOA {
			out[fragment{e.Link.To, e.Offset}] = e.Link.From.Name
		}
	}
	return out
}

func (f flaws) of(o intel.Observation) string { return f[fragment{o.Entity, o.Offset}] }

// screened is a mention with the reason for which it is set aside now, be it by a
// list, by an analyst or by how it stands in its text.
func screened(s score.Screen, o intel.Observation) intel.Observation {
	aside := s.Of(o.Entity)
	if aside.Reason != "" || o.Listed {
		o.Suppressed, o.Listed = aside.Reason, aside.Reason != ""
	}
	return o
}

// described is a line for an observation and the vulnerability it belongs to, if
// any.
func described(o intel.Observation, flaw string) string {
	said := fmt.Sprintf("%8d  %s", o.Offset, o.Entity)
	if flaw != "" {
		said += "  (of " + flaw + ")"
	}
	if o.Suppressed != "" {
		said += "  (set aside: " + o.Suppressed + ")"
	}
	return line(said)
}

// colour is how a terminal is told to show a mention (ECMA-48, 8.3.117): names,
// indicators, techniques and fragments apart, what is set aside faint.
func colour(o intel.Observation) string {
	if o.Suppressed != "" {
		return "\x1b[2m"
	}
	switch o.Entity.Kind.Class() {
	case intel.IOC:
		return "\x1b[1;31m"
	case intel.TTP:
		return "\x1b[1;36m"
	case intel.IOA:
		return "\x1b[1;33m"
	}
	return "\x1b[1;32m"
}

const uncoloured = "\x1b[0m"

// paint writes a text with its mentions in colour, and what each is. Lines of
// the text that mention nothing are left out.
func paint(w io.Writer, text string, observations []intel.Observation, flaws flaws) error {
	var b bytes.Buffer
	safe := &plain{Writer: &b}
	raw := func(s string) {
		safe.end() //nolint:errcheck // a buffer takes all
		b.WriteString(s)
	}
	for from := 0; from < len(text); {
		to := from + strings.IndexByte(text[from:], '\n') + 1
		if to <= from {
			to = len(text)
		}
		at, n := from, 0
		for n < len(observations) && observations[n].Offset < to {
			n++
		}
		for _, o := range observations[:n] {
			if o.Offset < at || o.Offset+o.Length > len(text) {
				continue // inside another
			}
			fmt.Fprint(safe, text[at:o.Offset])
			raw(colour(o))
			fmt.Fprint(safe, text[o.Offset:o.Offset+o.Length])
			raw(uncoloured)
			at = o.Offset + o.Length
		}
		if n > 0 {
			to = max(to, at)
			fmt.Fprintln(safe, strings.TrimSuffix(text[at:to], "\n"))
		}
		for _, o := range observations[:n] {
			raw(colour(o))
			fmt.Fprint(safe, described(o, flaws.of(o)))
			raw(uncoloured + "\n")
		}
		observations, from = observations[n:], to
		if _, err := w.Write(b.Bytes()); err != nil {
			return err
		}
		b.Reset()
	}
	return nil
}

func (c *extractCmd) text(a *app) (string, error) {
	in := a.in
	if c.File != "-" {
		f, err := os.Open(c.File)
		if err != nil {
			return "", err
		}
		defer f.Close()
		in = f
	}
	b, err := io.ReadAll(io.LimitReader(in, maxText+1))
	if err != nil {
		return "", fmt.Errorf("read %s: %w", c.File, err)
	}
	if len(b) > maxText {
		return "", fmt.Errorf("%s: more than %d MB of text: %w", c.File, maxText>>20, errors.ErrUnsupported)
	}
	if bytes.IndexByte(b[:min(len(b), 8<<10)], 0) >= 0 {
		return "", fmt.Errorf("%s is not text (in UTF-8); portent import reads reports in other formats", c.File)
	}
	return string(b), nil
}

// around returns the line of text around a mention, at most 80 bytes to each
// side.
func around(text string, offset, length int) string {
	if offset < 0 || offset+length > len(text) {
		return ""
	}
	from, to := max(0, offset-80), min(len(text), offset+length+80)
	if i := strings.LastIndexByte(text[from:offset], '\n'); i >= 0 {
		from += i + 1
	}
	if i := strings.IndexByte(text[offset+length:to], '\n'); i >= 0 {
		to = offset + length + i
	}
	return strings.TrimSpace(strings.ToValidUTF8(text[from:to], ""))
}
