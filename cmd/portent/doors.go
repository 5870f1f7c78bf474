package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"sync"
	"time"

	"github.com/portent-cti/portent/internal/collect"
	"github.com/portent-cti/portent/internal/intel"
)

const (
	// atDoor is how many requests that push are read at once, of 16 MiB each at most.
	atDoor = 4
	// patience is how long one waits while too much is to be derived, and later when it is
	// asked to come back.
	patience, later = 5 * time.Second, 30 * time.Second
	// mostTold is how many items of a request that cannot be read are told to who sent it.
	mostTold = 20
)

// A keeping keeps documents, or what is seen in them.
type keeping func(context.Context, []intel.Document) error

// doors are where sources are sent what they yield: /api/push/NAME.
type doors struct {
	app  *app
	turn chan struct{}

	mu sync.Mutex
	by map[string]door
}

// A door is that of one source.
type door struct {
	collect.Receiver
	keep, hunt keeping
	reject     func(item string, reason error)
}

func newDoors(a *app) *doors {
	return &doors{app: a, turn: make(chan struct{}, atDoor), by: map[string]door{}}
}

// open lets a source be sent to, if it is one that is.
func (d *doors) open(name intel.SourceID, source collect.Source, keep, hunt keeping, reject func(item string, reason error)) {
	r, ok := source.(collect.Receiver)
	if d == nil || !ok {
		return
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	d.by[string(name)] = door{r, keep, hunt, reject}
}

// before answers what is pushed and leaves the rest to next.
func (d *doors) before(next http.Handler) http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("POST /api/push/{name}", d.push)
	mux.Handle("/", next)
	return mux
}

// push answers once what a request brought is kept.
func (d *doors) push(w http.ResponseWriter, r *http.Request) {
	select {
	case d.turn <- struct{}{}:
		defer func() { <-d.turn }()
	default:
		refuse(w, http.StatusTooManyRequests, time.Second, "too many send at once; come back in a moment")
		return
	}
	d.mu.Lock()
	at, ok := d.by[r.PathValue("name")]
	d.mu.Unlock()
	if !ok {
		d.refuse(w, r, collect.ErrStranger)
		return
	}
	said := answer{Rejected: []refusal{}}
	got, err := at.Receive(r, func(item string, reason error) {
		said.reject(item, reason)
		at.reject(item, reason)
	})
	if err == nil && len(got.Documents)+len(got.Lines) == 0 && len(said.Rejected) > 0 {
		err = fmt.Errorf("nothing of it can be read: %s: %s: %w", said.Rejected[0].Item, said.Rejected[0].Reason, intel.ErrInvalid)
	}
	if err != nil {
		d.refuse(w, r, err)
		return
	}
	within, cancel := context.WithTimeout(r.Context(), patience)
	defer cancel()
	if len(got.Documents) > 0 {
		err = at.keep(within, got.Documents)
	}
	if err == nil && len(got.Lines) > 0 {
		err = at.hunt(within, got.Lines)
	}
	if err != nil {
		d.refuse(w, r, err)
		return
	}
	for _, piece := range got.Lines {
		said.Bytes += len(piece.Text)
	}
	said.Documents = len(got.Documents)
	said.write(w)
}

// An answer tells who sent something what became of it.
type answer struct {
	Documents int       `json:"documents"`
	Bytes     int       `json:"bytes_hunted"`
	Rejected  []refusal `json:"rejected"`
}

type refusal struct {
	Item   string `json:"item"`
	Reason string `json:"reason"`
}

func (a *answer) reject(item string, reason error) {
	if len(a.Rejected) < mostTold {
		a.Rejected = append(a.Rejected, refusal{item, oneLine(reason)})
	}
}

func (a *answer) write(w http.ResponseWriter) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(http.StatusAccepted)
	json.NewEncoder(w).Encode(a) //nolint:errcheck // who sent it has gone; it is kept all the same
}

// refuse is the one table from errors to status.
func (d *doors) refuse(w http.ResponseWriter, r *http.Request, err error) {
	switch {
	case errors.Is(err, collect.ErrStranger):
		w.Header().Set("WWW-Authenticate", "Bearer")
		refuse(w, http.StatusUnauthorized, 0, "no source of that name takes this token")
	case errors.Is(err, collect.ErrTooLarge):
		refuse(w, http.StatusRequestEntityTooLarge, 0, oneLine(err))
	case errors.Is(err, intel.ErrInvalid), errors.Is(err, io.ErrUnexpectedEOF):
		refuse(w, http.StatusBadRequest, 0, oneLine(err))
	case errors.Is(err, context.DeadlineExceeded):
		refuse(w, http.StatusTooManyRequests, later, "too much waits to be derived; send it again later")
	case r.Context().Err() == nil:
		d.app.log.Error("push failed", "source", r.PathValue("name"), "err", err)
		refuse(w, http.StatusServiceUnavailable, later, "it could not be kept; the log of the server says why")
	}
}

func refuse(w http.ResponseWriter, status int, after time.Duration, why string) {
	if after > 0 {
		w.Header().Set("Retry-After", strconv.Itoa(int(after/time.Second)))
	}
	w.Header().Set("Connection", "close") // what is left of the body is not read
	http.Error(w, why, status)
}
