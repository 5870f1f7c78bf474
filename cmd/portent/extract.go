package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/portent-cti/portent/internal/extract"
	"github.com/portent-cti/portent/internal/intel"
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
	set, err := a.reference(ctx)
	if err != nil {
		return err
	}
	for _, o := range extract.New(set).Observations(intel.Document{Text: text}) {
		if a.cli.JSON {
			err = a.print(map[string]any{"entity": o.Entity, "offset": o.Offset, "length": o.Length, "text": o.Text,
				"snippet": around(text, o.Offset, o.Length), "suppressed": o.Suppressed})
		} else {
			line := fmt.Sprintf("%8d  %s", o.Offset, o.Entity)
			if o.Suppressed != "" {
				line += "  (set aside: " + o.Suppressed + ")"
			}
			_, err = fmt.Fprintln(a.out, line)
		}
		if err != nil {
			return err
		}
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
