package main

import (
	"context"
	"io"
	"os"

	"golang.org/x/term"
)

// A heeding reader reads from what may never say anything, such as a terminal, until its
// context ends: who interrupts a question is not kept waiting for the answer.
type heeding struct {
	ctx context.Context //nolint:containedctx // an io.Reader cannot be handed one
	io.Reader

	own []byte // what is read into: who was interrupted no longer has a buffer to give
}

// heard is what came of a read.
type heard struct {
	n   int
	err error
}

// Read implements io.Reader.
func (h *heeding) Read(p []byte) (int, error) {
	if err := h.ctx.Err(); err != nil {
		return 0, err
	}
	if len(h.own) < len(p) {
		h.own = make([]byte, len(p))
	}
	into, got := h.own[:len(p)], make(chan heard, 1)
	go func() {
		n, err := h.Reader.Read(into)
		got <- heard{n, err}
	}()
	select {
	case <-h.ctx.Done():
		return 0, h.ctx.Err()
	case s := <-got:
		return copy(p, into[:s.n]), s.err
	}
}

// keyboard is the terminal that a reader reads from, if it is one.
func keyboard(r io.Reader) (fd int, ok bool) {
	if h, heeds := r.(*heeding); heeds {
		r = h.Reader
	}
	f, ok := r.(*os.File)
	if !ok || !term.IsTerminal(int(f.Fd())) {
		return 0, false
	}
	return int(f.Fd()), true
}

// password reads a line of a terminal without showing it. Once ctx ends, what is typed there is
// shown as before.
func password(ctx context.Context, fd int) (text string, err error) {
	before, err := term.GetState(fd)
	if err != nil {
		return "", err
	}
	done := make(chan error, 1)
	var typed []byte
	go func() {
		var err error
		typed, err = term.ReadPassword(fd)
		done <- err
	}()
	select {
	case <-ctx.Done():
		_ = term.Restore(fd, before)
		return "", ctx.Err()
	case err := <-done:
		return string(typed), err
	}
}
