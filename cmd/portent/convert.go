package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"runtime"
	"runtime/debug"
	"strings"
	"time"

	"github.com/portent-cti/portent/internal/collect/report"
	"github.com/portent-cti/portent/internal/intel"
)

const (
	// convertTime, convertMemory and mostConverted bound what one file may cost
	// to convert.
	convertTime   = 60 * time.Second
	convertMemory = 512 << 20
	mostConverted = 64 << 20
)

// convertCmd turns a hostile format on standard input into text. Others run it
// as a process of its own: its parser may loop, or fill the memory, or end the
// process, and a file of a few megabytes can make it.
type convertCmd struct {
	Format string `arg:"" enum:"pdf"`
}

// Run implements the command.
func (c *convertCmd) Run(_ context.Context, a *app) error {
	debug.SetMaxStack(64 << 20)
	go func() {
		var m runtime.MemStats
		for range time.Tick(20 * time.Millisecond) {
			if runtime.ReadMemStats(&m); m.Sys-m.HeapReleased > convertMemory {
				fmt.Fprintf(a.err, "needs more than %d MiB of memory\n", convertMemory>>20)
				os.Exit(exitFailed)
			}
		}
	}()
	body, err := io.ReadAll(a.in)
	if err != nil {
		return err
	}
	text, err := report.PDF(body)
	if err != nil {
		return err
	}
	out := a.out
	if p, ok := out.(*plain); ok {
		out = p.Writer // it is read by a program
	}
	_, err = io.WriteString(out, text)
	return err
}

// convert runs the program at self as convertCmd.
func convert(ctx context.Context, self, format string, body []byte) (string, error) {
	ctx, stop := context.WithTimeout(ctx, convertTime)
	defer stop()
	cmd := exec.CommandContext(ctx, self, "convert", format)
	var said bytes.Buffer
	cmd.Stdin, cmd.Stderr = bytes.NewReader(body), &said
	out, err := cmd.StdoutPipe()
	if err != nil {
		return "", err
	}
	if err := cmd.Start(); err != nil {
		return "", fmt.Errorf("convert %s: %w", format, err)
	}
	text, err := io.ReadAll(io.LimitReader(out, mostConverted+1))
	if len(text) > mostConverted {
		stop() // it is not read on
	}
	ended := cmd.Wait()
	reason, _, _ := strings.Cut(strings.TrimPrefix(strings.TrimSpace(said.String()), "portent: "), "\n")
	switch {
	case len(text) > mostConverted:
		return "", fmt.Errorf("%s: more than %d MiB of text: %w", format, mostConverted>>20, intel.ErrInvalid)
	case errors.Is(ctx.Err(), context.DeadlineExceeded):
		return "", fmt.Errorf("%s: not read after %s: %w", format, convertTime, intel.ErrInvalid)
	case ctx.Err() != nil:
		return "", ctx.Err()
	case ended != nil:
		return "", fmt.Errorf("%s: %s: %w", format, reason, intel.ErrInvalid)
	}
	return string(text), err
}

// converter is what turns hostile formats into text in another process; nil where this one
// is none that could be run again.
func (a *app) converter() func(context.Context, string, []byte) (string, error) {
	if a.self == "" {
		return nil
	}
	return func(ctx context.Context, format string, body []byte) (string, error) {
		return convert(ctx, a.self, format, body)
	}
}
