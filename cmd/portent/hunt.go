package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"runtime/debug"
	"strings"
	"time"

	"github.com/schollz/progressbar/v3"

	"github.com/portent-cti/portent/internal/hunt"
	"github.com/portent-cti/portent/internal/intel"
	"github.com/portent-cti/portent/internal/pipeline"
)

type huntCmd struct {
	Profile []string `help:"Match the attack fragments of this actor too, in requests and ports; may be repeated." placeholder:"NAME"`
	Least   float64  `name:"min-probability" help:"Look for no indicator, nor observed fragment, that is believed less, from 0 to 1. What one source of reliability E says alone is less (default: 0.2)." default:"0.2" placeholder:"P"`
	Record  bool     `help:"Keep matches as sightings."`
	Site    string   `help:"Whose log it is, for sightings (default: the name of this host)." placeholder:"NAME"`
	From    int64    `help:"Go on from this byte of the decompressed log." placeholder:"OFFSET"`
	Log     []string `arg:"" help:"Logs: any text in UTF-8, UTF-16 or what is like ASCII, plain or packed with gzip, zstd or bzip2; - is standard input."`
}

// hunting is one hunt under way.
type hunting struct {
	*huntCmd
	app     *app
	scanner *hunt.Scanner
	out     *finds
	record  *sightings // nil: none are kept
	bar     *progressbar.ProgressBar

	bytes, matches int64
	broken, unread int // logs that broke off; that gave nothing
	stopped        bool
}

// Run implements the command.
func (c *huntCmd) Run(ctx context.Context, a *app) error {
	if c.From < 0 || c.From > 0 && len(c.Log) > 1 {
		return usageError{errors.New("--from takes a byte of one log, 0 or more")}
	}
	if !(c.Least >= 0 && c.Least <= 1) {
		return usageError{errors.New("--min-probability takes a number from 0 to 1")}
	}
	// Most of the memory is the set, which stays: collect early what does not.
	defer debug.SetGCPercent(debug.SetGCPercent(20))
	ed, err := a.today(ctx)
	if err != nil {
		return err
	}
	set, err := c.set(ctx, a, ed)
	if err != nil {
		return err
	}
	h := &hunting{huntCmd: c, app: a, scanner: hunt.NewScanner(set), out: a.finds()}
	if c.Record {
		if h.record, err = a.sightings(ctx, c.Site); err != nil {
			return err
		}
	}
	started := time.Now()
	err = h.logs(ctx)
	if h.record != nil {
		err = errors.Join(err, h.record.close(ctx))
	}
	if err = errors.Join(err, h.out.Flush()); err != nil {
		if h.stopped && errors.Is(err, context.Canceled) {
			return errPartial // where to go on has been told
		}
		return err
	}
	return h.summary(time.Since(started).Seconds())
}

// set is what is hunted for: see [wanted].
func (c *huntCmd) set(ctx context.Context, a *app, ed *pipeline.Editor) (*hunt.Set, error) {
	bar := a.progress(-1, "loading indicators")
	wanted := wanted{app: a, ed: ed, least: c.Least}
	err := wanted.indicators(ctx, func() { bar.Add(1) }) //nolint:errcheck // a bar that cannot be drawn is no reason to stop
	bar.Finish()                                         //nolint:errcheck // as above
	if err != nil {
		return nil, err
	}
	for _, name := range c.Profile {
		if err := wanted.fragments(ctx, name); err != nil {
			return nil, err
		}
	}
	set := wanted.builder.Set()
	c.remark(a, set, wanted.doubtful)
	return set, nil
}

// remark tells what is not hunted for.
func (c *huntCmd) remark(a *app, set *hunt.Set, doubtful int) {
	if set.Len() == 0 && doubtful == 0 {
		a.remark("nothing to hunt for: the store links no indicator with anybody; portent import brings some in")
	}
	if doubtful > 0 {
		a.remark("%d indicators left out that are believed less than %s; --min-probability 0 takes all", doubtful, intel.Decimal(c.Least))
	}
	if n := set.Left(); n > 0 {
		a.remark("%d indicators left out that no log could hold, that every log holds or that begin like very many others", n)
	}
}

// logs hunts through all logs. What is wrong with one is told, and the others
// go on.
func (h *hunting) logs(ctx context.Context) error {
	h.bar = h.app.progress(h.size(), "hunting")
	defer h.bar.Finish() //nolint:errcheck // a bar that cannot be drawn is no reason to stop
	for i, name := range h.Log {
		var kept keepError
		n, err := h.log(ctx, name)
		switch {
		case errors.As(err, &kept):
			return kept.error
		case ctx.Err() != nil:
			h.stopped = true
			h.app.remark("%s: looked at up to byte %d; --from %d goes on from there", name, n, n)
			if left := h.Log[i+1:]; len(left) > 0 {
				h.app.remark("not looked at: %s", strings.Join(left, " "))
			}
			return ctx.Err()
		case err != nil:
			h.broken++
			if n == 0 {
				h.unread++
				fmt.Fprintf(h.app.err, "%s: not read: %v\n", line(name), err)
			} else {
				fmt.Fprintf(h.app.err, "%s: broke off after %d bytes: %v\n", line(name), n, err)
			}
		}
	}
	return nil
}

// size is how many bytes the logs have on disk, -1 if that cannot be known.
func (h *hunting) size() (n int64) {
	for _, name := range h.Log {
		info, err := os.Stat(name)
		if err != nil || !info.Mode().IsRegular() {
			return -1
		}
		n += info.Size()
	}
	return n
}

// log hunts through one log and returns how many bytes of it were looked at.
func (h *hunting) log(ctx context.Context, name string) (int64, error) {
	in := h.app.in
	h.scanner.Until = h.app.now()
	if name != "-" {
		f, err := os.Open(name)
		if err != nil {
			return 0, err
		}
		defer f.Close()
		in = f
		if info, err := f.Stat(); err == nil && info.ModTime().Before(h.scanner.Until) {
			h.scanner.Until = info.ModTime()
		}
	}
	r, err := hunt.Open(io.TeeReader(in, h.bar))
	if err != nil {
		return 0, err
	}
	defer r.Close()
	read := int64(0)
	h.scanner.Progress = func(n int) { read += int64(n) }
	err = h.scanner.Scan(ctx, r, h.From, func(m hunt.Match) error {
		h.matches++
		if err := h.found(ctx, name, m); err != nil {
			return keepError{err}
		}
		return nil
	})
	h.bytes += read
	if at := h.scanner.Offset(); err == nil && at < h.From {
		h.app.remark("%s: ends at byte %d, before --from %d: nothing was looked at", name, at, h.From)
	}
	if ctx.Err() != nil {
		return h.scanner.Offset(), err
	}
	return read, err
}

func (h *hunting) found(ctx context.Context, name string, m hunt.Match) error {
	if h.out.colour {
		h.bar.Clear() //nolint:errcheck // a bar that cannot be wiped is no reason to stop
	}
	if err := h.out.match(h.app.cli.JSON, name, m); err != nil {
		return err
	}
	if h.record == nil {
		return nil
	}
	return h.record.add(ctx, m)
}

func (h *hunting) summary(seconds float64) error {
	if h.app.cli.JSON {
		if err := h.app.print(map[string]any{"bytes": h.bytes, "seconds": seconds, "matches": h.matches}); err != nil {
			return err
		}
	} else {
		h.app.remark("%d matches in %d bytes, %.1f s", h.matches, h.bytes, seconds)
	}
	switch {
	case h.unread == len(h.Log):
		return errors.New("no log could be read")
	case h.broken > 0:
		return errPartial
	}
	return nil
}

// finds prints matches.
type finds struct {
	*bufio.Writer
	text   *plain // of strangers; colours go around it
	colour bool
}

func (a *app) finds() *finds {
	raw := a.out
	if p, ok := raw.(*plain); ok {
		raw = p.Writer
	}
	w := bufio.NewWriterSize(raw, 64<<10)
	return &finds{Writer: w, text: &plain{Writer: w}, colour: a.colours != nil && !a.cli.JSON}
}

func (f *finds) match(asJSON bool, name string, m hunt.Match) error {
	if asJSON {
		enc := json.NewEncoder(f.text)
		enc.SetEscapeHTML(false)
		if m.Actors == nil {
			m.Actors = []string{}
		}
		return enc.Encode(map[string]any{"file": name, "line": m.Line, "offset": m.Offset, "entity": m.Entity, "probability": m.Probability,
			"actors": m.Actors, "predicted": m.Predicted, "field": m.Field})
	}
	seen := "observed"
	if m.Predicted {
		seen = "predicted"
	}
	f.put("35", line(name))
	f.put("", ":")
	f.put("32", fmt.Sprint(m.Line))
	f.put("", ": ")
	f.put("1", line(m.Entity.String()))
	f.put("", " "+intel.Decimal(m.Probability)+" "+seen)
	if m.Field != "" {
		f.put("36", " "+m.Field)
	}
	f.put("", " "+line(strings.Join(m.Actors, ", "))+"\n")
	if !f.colour {
		return nil
	}
	f.put("", "    "+m.Before)
	f.put("1;31", m.Text)
	f.put("", m.After+"\n")
	return f.Flush() // a person waits
}

// put writes text in a colour of ANSI, or in none.
func (f *finds) put(colour, text string) {
	if !f.colour || colour == "" {
		fmt.Fprint(f.text, text)
		return
	}
	f.text.end() //nolint:errcheck // an error of a bufio.Writer stays until it is flushed
	f.WriteString("\x1b[" + colour + "m")
	fmt.Fprint(f.text, text)
	f.text.end() //nolint:errcheck // as above
	f.WriteString(uncoloured)
}

// Flush writes out what is held and buffered.
func (f *finds) Flush() error { return errors.Join(f.text.end(), f.Writer.Flush()) }
