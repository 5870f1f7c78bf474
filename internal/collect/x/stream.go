package x

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"time"

	"github.com/portent-cti/portent/internal/collect"
	"github.com/portent-cti/portent/internal/fetch"
	"github.com/portent-cti/portent/internal/intel"
)

const (
	// silence is how long a stream may say nothing: X sends an empty line every 20 s.
	silence = 90 * time.Second
	// mostLine is how long a line may be.
	mostLine = 1 << 20
	// overlap is how long before the last post a search begins again: posts come out of order.
	overlap = time.Minute
)

// A told post is a line of the stream, or that it ends.
type told struct {
	Data     *post    `json:"data"`
	Includes includes `json:"includes"`
	Errors   []struct {
		Title  string `json:"title"`
		Detail string `json:"detail"`
	} `json:"errors"`
}

// Streams implements collect.Stream.
func (s *search) Streams() bool { return s.Stream }

// Fleeting implements collect.Fleeting: without a query nothing finds what a stream told meanwhile.
func (s *search) Fleeting() bool { return s.Stream && s.Query == "" }

// follow reads the filtered stream, by the rules that stand there for the application. What was
// said before it began is searched for, if there is a query.
func (s *search) follow(ctx context.Context, p *collect.Place, emit collect.Emit) error {
	token, err := s.Reveal(s.Token)
	if err != nil {
		return err
	}
	request := fetch.Request{URL: s.API + "/2/tweets/search/stream?" + fields().Encode(), Header: http.Header{"Authorization": {"Bearer " + token}}}
	err = s.Fetch.Stream(ctx, request, silence, func(r io.Reader) error {
		if s.Query != "" {
			if err := s.find(ctx, p, emit); err != nil {
				return err
			}
		}
		return s.lines(r, p, emit)
	})
	if ctx.Err() != nil {
		return ctx.Err()
	}
	if err == nil {
		return errors.New("the stream of X ended")
	}
	if e := (*fetch.StatusError)(nil); errors.As(err, &e) {
		return s.told(e)
	}
	return err
}

// lines reads a stream until it ends.
func (s *search) lines(r io.Reader, p *collect.Place, emit collect.Emit) error {
	lines := bufio.NewScanner(r)
	lines.Buffer(make([]byte, 0, 64<<10), mostLine)
	for lines.Scan() {
		line := bytes.TrimSpace(lines.Bytes())
		if len(line) == 0 {
			continue
		}
		var one told
		if err := collect.JSON(line, &one); err != nil {
			s.Reject("line of the stream", fmt.Errorf("no post: %.100q: %w", line, intel.ErrInvalid))
			continue
		}
		if one.Data == nil && len(one.Errors) > 0 {
			return fmt.Errorf("the stream of X ended: %s: %s", collect.OneLine(one.Errors[0].Title, 100), collect.OneLine(one.Errors[0].Detail, 300))
		}
		if err := s.heard(one, p, emit); err != nil {
			return err
		}
	}
	return lines.Err()
}

// heard keeps a post of the stream.
func (s *search) heard(one told, p *collect.Place, emit collect.Emit) error {
	if one.Data == nil {
		s.Reject("line of the stream", fmt.Errorf("no post: %w", intel.ErrInvalid))
		return nil
	}
	key, doc := s.take(*one.Data, answer{Includes: one.Includes})
	if key == "" || p.Has(key) {
		return nil
	}
	if before := earlier(one.Data.ID); newer(before, p.Last) && !s.ahead(one.Data.ID) {
		p.Last = before
	}
	next, err := p.Add([]string{key})
	if err != nil {
		return err
	}
	return emit(p.Dated(doc, s.Now()), next)
}

// earlier is the number of a post that was written so long before another; empty if that one has
// none, which tells when it was.
func earlier(number string) string {
	n, err := strconv.ParseInt(number, 10, 64)
	if err != nil || n>>22 <= overlap.Milliseconds() {
		return ""
	}
	return strconv.FormatInt((n>>22-overlap.Milliseconds())<<22, 10)
}
