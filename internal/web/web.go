package web

import (
	"bytes"
	"context"
	"crypto/rand"
	"embed"
	"errors"
	"html/template"
	"io/fs"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"slices"
	"strings"
	"time"

	"github.com/portent-cti/portent/internal/intel"
)

//go:embed static
var static embed.FS

//go:embed templates/*.html
var sources embed.FS

// A Site is what the pages are made of.
type Site struct {
	Views   Views
	Reader  intel.Reader
	Notice  string       // printed on every page, such as that all of it is invented
	Hosts   []string     // names the server may be asked for, beside loopback
	Formats []Format     // downloads offered on a profile
	Metrics http.Handler // answers /metrics, behind the same guard; nil: there are none
	Log     *slog.Logger
	Now     func() time.Time
	// Rule keeps what a reader says of a post; nil: pages are read only.
	Rule func(ctx context.Context, post intel.DocumentID, ruling intel.Ruling, intent intel.Purpose) error
}

// Handler serves the pages of s. It answers GET and HEAD, and where s can keep them
// POST of words on posts.
func Handler(s Site) http.Handler {
	h := &handler{Site: s, pages: template.Must(template.New("").Funcs(functions(s.Now)).ParseFS(sources, "templates/*.html"))}
	files, err := fs.Sub(static, "static")
	if err != nil {
		panic(err) // the embedded folder has another name
	}
	mux := http.NewServeMux()
	mux.Handle("GET /static/", http.StripPrefix("/static/", cached(http.FileServerFS(files))))
	if s.Metrics != nil {
		mux.Handle("GET /metrics", s.Metrics)
	}
	mux.HandleFunc("GET /{$}", h.page(h.start))
	mux.HandleFunc("GET /search", h.page(h.search))
	mux.HandleFunc("GET /sources", h.page(h.sources))
	mux.HandleFunc("GET /scoreboard", h.page(h.scoreboard))
	mux.HandleFunc("GET /document/{id}", h.page(h.document))
	if s.Rule != nil {
		mux.HandleFunc("POST /document/{id}/gist", h.rule)
	}
	mux.HandleFunc("GET /indicator/{kind}/{value...}", h.page(h.indicator))
	mux.HandleFunc("GET /evidence/{row}", h.evidence)
	mux.HandleFunc("GET /{kind}", h.page(h.list))
	mux.HandleFunc("GET /{kind}/{name...}", h.entity)
	mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodGet || r.Method == http.MethodHead {
			h.fail(w, r, intel.ErrNotFound)
			return
		}
		w.Header().Set("Allow", "GET, HEAD")
		http.Error(w, "nothing can be sent to this page", http.StatusMethodNotAllowed)
	})
	return h.guard(mux)
}

type handler struct {
	Site
	pages *template.Template
}

// A view is a page ready to render: the name of its template and its data.
// Path, if set, is where the page is instead.
type view struct {
	Template string
	Title    string
	Nav      string // path of the entry in the main menu
	Notice   string
	Query    string // in the search box
	Print    string // marking to print on every sheet
	Data     any
	Path     string
}

// page turns a function that reads a view into a handler that renders it.
func (h *handler) page(read func(*http.Request) (view, error)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		v, err := read(r)
		switch {
		case err != nil:
			h.fail(w, r, err)
		case v.Path != "":
			http.Redirect(w, r, v.Path, http.StatusFound)
		default:
			h.render(w, r, http.StatusOK, v)
		}
	}
}

// render writes a page, or a message that it failed; never half of it.
func (h *handler) render(w http.ResponseWriter, r *http.Request, status int, v view) {
	v.Notice = h.Notice
	if v.Print == "" {
		v.Print = "clear"
	}
	var b bytes.Buffer
	if err := h.pages.ExecuteTemplate(&b, v.Template, v); err != nil {
		h.fail(w, r, err)
		return
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	if r.Method != http.MethodHead {
		w.Write(b.Bytes()) //nolint:errcheck // the reader has gone; there is nobody to tell
	}
}

// A message is a page that says what happened, what did not, and what next.
type message struct {
	Heading, Text, Code string
	Bad                 bool
}

// fail tells the reader of an error. It is the one table from errors to status.
func (h *handler) fail(w http.ResponseWriter, r *http.Request, err error) {
	status, m := http.StatusInternalServerError, message{Heading: "This page failed, your data did not", Bad: true}
	switch {
	case errors.Is(err, context.Canceled):
		return
	case errors.Is(err, intel.ErrNotFound):
		status, m = http.StatusNotFound, message{Heading: "No page here", Text: "It may not exist, or be marked above what you may see. Search finds names in any spelling."}
	case errors.Is(err, intel.ErrInvalid):
		status, m = http.StatusBadRequest, message{Heading: "Not an address of ours", Text: "The address names something that cannot exist, such as a number where a name belongs, or a page behind the hundredth: downloads have all rows."}
	case errors.Is(err, context.DeadlineExceeded):
		status, m = http.StatusServiceUnavailable, message{Heading: "This took too long", Text: "Nothing was changed. The machine is busy; try again in a moment.", Bad: true}
	default:
		m.Code = strings.ToLower(rand.Text()[:8])
		m.Text = "Nothing was changed. The fault is in the log under the number above; give it to whoever runs this."
		h.Log.Error("page", "path", r.URL.Path, "code", m.Code, "err", err)
	}
	var b bytes.Buffer
	if err := h.pages.ExecuteTemplate(&b, "message", view{Title: m.Heading, Notice: h.Notice, Print: "clear", Data: m}); err != nil {
		http.Error(w, m.Heading, status)
		return
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	w.Write(b.Bytes()) //nolint:errcheck // the reader has gone; there is nobody to tell
}

const policy = "default-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'; object-src 'none'"

// guard sets the security headers and refuses requests for hosts that are not
// ours, so that no other site's name can be pointed at a loopback server.
func (h *handler) guard(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		head := w.Header()
		head.Set("Content-Security-Policy", policy)
		head.Set("X-Content-Type-Options", "nosniff")
		head.Set("Referrer-Policy", "no-referrer")
		head.Set("Cross-Origin-Opener-Policy", "same-origin")
		head.Set("Cross-Origin-Resource-Policy", "same-origin")
		head.Set("Permissions-Policy", "camera=(), geolocation=(), microphone=()")
		if !h.ours(r.Host) {
			http.Error(w, "this server does not answer to that name", http.StatusMisdirectedRequest)
			return
		}
		// Another site may link to a page, and not make it work behind the reader's back.
		if r.Header.Get("Sec-Fetch-Site") == "cross-site" && r.Header.Get("Sec-Fetch-Mode") != "navigate" {
			http.Error(w, "these pages answer to other sites' links alone", http.StatusForbidden)
			return
		}
		next.ServeHTTP(w, r)
	})
}

func (h *handler) ours(host string) bool {
	name, _, err := net.SplitHostPort(host)
	if err != nil {
		name = host
	}
	name = strings.ToLower(strings.TrimSuffix(strings.Trim(name, "[]"), "."))
	if a, err := netip.ParseAddr(name); err == nil && a.IsLoopback() {
		return true
	}
	return name == "localhost" || slices.Contains(h.Hosts, name)
}

func cached(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Cache-Control", "max-age=600")
		next.ServeHTTP(w, r)
	})
}
