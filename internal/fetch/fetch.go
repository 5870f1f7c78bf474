// Package fetch is the only way out to the network: it bounds the size and the
// time of every request, keeps to each host's pace and sends each through the
// route its source asked for.
//
// Addresses that are not public cannot be reached, whatever name or redirect
// leads to them, unless Options says so.
package fetch

import (
	"bytes"
	"cmp"
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
)

// MaxBody is the most bytes Get reads from a response, after decompression.
const MaxBody = 16 << 20

// Errors of this package. Test for them with errors.Is.
var (
	ErrTooLarge    = errors.New("response too large")
	ErrNotModified = errors.New("not modified")
	ErrForbidden   = errors.New("address not allowed")
	ErrElsewhere   = errors.New("it leads to another host")
	ErrType        = errors.New("not of a type that is read")
)

// A StatusError is a response whose status was not 200 OK.
type StatusError struct {
	URL    string
	Status int
	// RetryAfter is how long the server asks to wait; zero if it does not.
	RetryAfter time.Duration
	Header     http.Header // what else it says, such as when a quota begins anew
}

func (e *StatusError) Error() string {
	return fmt.Sprintf("get %s: status %d %s", shown(e.URL), e.Status, http.StatusText(e.Status))
}

// Validators are what a server told of a body, to ask whether it has changed.
type Validators struct {
	ETag         string `json:"etag,omitempty"`
	LastModified string `json:"last_modified,omitempty"`
}

// A Request asks for more than what is at an address for anybody.
type Request struct {
	Method string // empty for GET
	URL    string
	// Header is what stands in the request beside the User-Agent. None of it, nor of Body, goes
	// to another host that a redirect leads to.
	Header http.Header
	Body   []byte
	Known  Validators // what is to have changed
	// Stay has a redirect to another host refused with ErrElsewhere, before that is asked.
	Stay bool
	// Types are the media types that are read: of what states another, no byte of the body is,
	// and it is ErrType. Nil: all.
	Types []string
	// Most is the most bytes of the body that Do reads; zero for MaxBody.
	Most int64
}

// A Response is what came of a request.
type Response struct {
	Body   []byte
	Type   string // the media type that the server states, with its charset
	URL    string // where redirects led
	Header http.Header
	Validators
}

// A Client makes requests on behalf of one source. New makes one with all
// guards; one made by hand, as tests do, has only the bounds of its methods.
type Client struct {
	HTTP      *http.Client
	UserAgent string

	dial  dialing // nil: only HTTP
	roots *x509.CertPool
}

// Get returns the body at url. Any status but 200 is a StatusError.
func (c *Client) Get(ctx context.Context, url string) ([]byte, error) {
	r, err := c.GetChanged(ctx, url, Validators{})
	return r.Body, err
}

// GetChanged returns what is at url, or ErrNotModified if it is what the server told
// those validators of. Whoever asks remembers the new ones once what came is kept.
func (c *Client) GetChanged(ctx context.Context, url string, known Validators) (Response, error) {
	return c.Do(ctx, Request{URL: url, Known: known})
}

// Do makes a request. Any status but 200, and 304 to what is known, is a StatusError.
func (c *Client) Do(ctx context.Context, q Request) (Response, error) {
	var body []byte
	most := cmp.Or(q.Most, MaxBody)
	r, err := c.do(ctx, q, func(in io.Reader) (err error) {
		body, err = io.ReadAll(io.LimitReader(in, most+1))
		if err == nil && int64(len(body)) > most {
			err = ErrTooLarge
		}
		return err
	})
	if err != nil {
		return Response{}, err
	}
	r.Body = body
	return r, nil
}

// Stream makes a request whose response goes on for as long as its server speaks, and hands
// it to read as it comes. What bounds it is the silence between two pieces, not its time.
func (c *Client) Stream(ctx context.Context, q Request, silence time.Duration, read func(io.Reader) error) error {
	_, err := c.do(context.WithValue(ctx, streaming{}, silence), q, read)
	return err
}

// Download writes the body at url to w, as it comes, and returns its length. A
// body of more than limit bytes is ErrTooLarge.
func (c *Client) Download(ctx context.Context, url string, w io.Writer, limit int64) (n int64, err error) {
	_, err = c.do(ctx, Request{URL: url}, func(r io.Reader) (err error) {
		n, err = io.Copy(w, io.LimitReader(r, limit))
		if err != nil || n < limit {
			return err
		}
		if more, _ := io.ReadFull(r, make([]byte, 1)); more > 0 {
			return ErrTooLarge
		}
		return nil
	})
	return n, err
}

// do makes one request and hands the body of its response to read, which it returns the
// rest of.
func (c *Client) do(ctx context.Context, q Request, read func(io.Reader) error) (r Response, err error) {
	req, err := c.request(ctx, q)
	if err != nil {
		return r, err
	}
	resp, err := c.HTTP.Do(req)
	if err != nil {
		return r, told(q.URL, err)
	}
	defer resp.Body.Close()
	switch {
	case resp.StatusCode == http.StatusNotModified && q.Known != Validators{}:
		return r, fmt.Errorf("get %s: %w", shown(q.URL), ErrNotModified)
	case resp.StatusCode != http.StatusOK:
		return r, &StatusError{URL: q.URL, Status: resp.StatusCode, RetryAfter: retryAfter(resp), Header: resp.Header}
	case !q.reads(resp.Header.Get("Content-Type")):
		return r, fmt.Errorf("get %s: %w: %s", shown(q.URL), ErrType, resp.Header.Get("Content-Type"))
	}
	if err := read(resp.Body); err != nil {
		return r, fmt.Errorf("get %s: %w", shown(q.URL), err)
	}
	return Response{Type: resp.Header.Get("Content-Type"), URL: resp.Request.URL.String(), Header: resp.Header,
		Validators: Validators{resp.Header.Get("ETag"), resp.Header.Get("Last-Modified")}}, nil
}

// told is an error of a request with where it was made: the address, or that to which
// redirects led.
func told(address string, err error) error {
	of := (*url.Error)(nil)
	if !errors.As(err, &of) {
		return fmt.Errorf("get %s: %w", shown(address), err)
	}
	if led, err := url.Parse(of.URL); err == nil && led.Host != "" {
		address = of.URL
	}
	return &url.Error{Op: of.Op, URL: shown(address), Err: of.Err}
}

// shown is an address as errors tell it: a long query is made by programs, and stands between
// a reader and what happened.
func shown(address string) string {
	const most = 30
	if at, query, _ := strings.Cut(address, "?"); len(query) > most {
		return at + "?…"
	}
	return address
}

// reads reports whether a body of that content type is read. What states none may be anything.
func (q Request) reads(kind string) bool {
	kind, _, _ = strings.Cut(kind, ";")
	kind = strings.ToLower(strings.TrimSpace(kind))
	return q.Types == nil || kind == "" || slices.Contains(q.Types, kind)
}

// staying marks the requests that no redirect leads to another host.
type staying struct{}

func (c *Client) request(ctx context.Context, q Request) (*http.Request, error) {
	if q.Stay {
		ctx = context.WithValue(ctx, staying{}, true)
	}
	req, err := http.NewRequestWithContext(ctx, cmp.Or(q.Method, http.MethodGet), q.URL, bytes.NewReader(q.Body))
	if err != nil {
		return nil, fmt.Errorf("get %s: %w", q.URL, err)
	}
	for name, values := range q.Header {
		req.Header[http.CanonicalHeaderKey(name)] = values
	}
	if c.UserAgent != "" {
		req.Header.Set("User-Agent", c.UserAgent)
	}
	if q.Known.ETag != "" {
		req.Header.Set("If-None-Match", q.Known.ETag)
	}
	if q.Known.LastModified != "" {
		req.Header.Set("If-Modified-Since", q.Known.LastModified)
	}
	return req, nil
}

// retryAfter reads the header in seconds or as a date, counted from the
// server's own clock.
func retryAfter(resp *http.Response) time.Duration {
	const most = 24 * time.Hour
	s := resp.Header.Get("Retry-After")
	if n, err := strconv.ParseUint(s, 10, 31); err == nil {
		return min(time.Duration(n)*time.Second, most)
	}
	at, err := http.ParseTime(s)
	if err != nil {
		return 0
	}
	now, err := http.ParseTime(resp.Header.Get("Date"))
	if err != nil {
		return 0
	}
	return min(max(at.Sub(now), 0), most)
}
