package collect

import (
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"io"
	"io/fs"
	"log/slog"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/portent-cti/portent/internal/fetch"
	"github.com/portent-cti/portent/internal/intel"
)

func env(files fstest.MapFS, rejects *[]string) Env {
	return Env{ID: "test", Files: files, Log: slog.New(slog.DiscardHandler), Reject: func(item string, reason error) { *rejects = append(*rejects, item+": "+reason.Error()) }}
}

func packed(t *testing.T, text []byte) []byte {
	t.Helper()
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	if _, err := w.Write(text); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func TestGzipIsToldByContent(t *testing.T) {
	e := env(fstest.MapFS{"a.csv": {Data: packed(t, []byte("text"))}, "b.gz": {Data: []byte("text")}, "c": {}}, nil)
	for name, want := range map[string]string{"a.csv": "text", "b.gz": "text", "c": ""} {
		if got, err := ReadFile(t.Context(), e, name, 100); err != nil || string(got) != want {
			t.Errorf("%s: got %q, %v", name, got, err)
		}
	}
}

func TestTruncatedGzipYieldsWhatIsCompleteThenAnError(t *testing.T) {
	var text bytes.Buffer
	for i := range 5000 {
		text.WriteString(strings.Repeat(string(rune('a'+i%26)), i%40) + "\n")
	}
	whole := packed(t, text.Bytes())
	e := env(fstest.MapFS{"a.gz": {Data: whole[:len(whole)/2]}}, new([]string))
	f, err := OpenFile(t.Context(), e, "a.gz")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	lines, n := NewLines(e, f), 0
	want := strings.Split(text.String(), "\n")
	for lines.Next() {
		if lines.Text() != want[n] {
			t.Fatalf("line %d is %q, want %q", n+1, lines.Text(), want[n])
		}
		n++
	}
	if err := lines.Err(); n == 0 || !errors.Is(err, io.ErrUnexpectedEOF) || !strings.Contains(err.Error(), "a.gz") || !strings.Contains(err.Error(), "line") {
		t.Errorf("got %d lines and error %v, want some and one that names file and line", n, err)
	}
}

func TestBombsAndPathsOutsideAreRefused(t *testing.T) {
	e := env(fstest.MapFS{"bomb": {Data: packed(t, make([]byte, 4<<20))}}, nil)
	f, err := openFile(t.Context(), e, "bomb", bounds{size: 1 << 30, ratio: 200, after: 1 << 20})
	if err != nil {
		t.Fatal(err)
	}
	if n, err := io.Copy(io.Discard, f); !errors.Is(err, ErrTooLarge) || n > 2<<20 {
		t.Errorf("got %d bytes and error %v, want ErrTooLarge early", n, err)
	}
	if _, err := ReadFile(t.Context(), e, "bomb", 1000); !errors.Is(err, ErrTooLarge) {
		t.Errorf("got error %v, want ErrTooLarge", err)
	}
	for _, name := range []string{"../bomb", "/bomb", "a/../bomb", ""} {
		if _, err := OpenFile(t.Context(), e, name); !IsPermanent(err) || !errors.Is(err, intel.ErrInvalid) {
			t.Errorf("open %q: got error %v, want a permanent one", name, err)
		}
	}
	if _, err := OpenFile(t.Context(), e, "absent"); !errors.Is(err, fs.ErrNotExist) || !strings.Contains(err.Error(), "absent") {
		t.Errorf("got error %v, want one that names the file", err)
	}
}

// endless repeats a byte n times.
type endless struct{ n int64 }

func (e *endless) Read(p []byte) (int, error) {
	if e.n <= 0 {
		return 0, io.EOF
	}
	n := int(min(int64(len(p)), e.n))
	for i := range p[:n] {
		p[i] = 'x'
	}
	e.n -= int64(n)
	return n, nil
}

func TestLongLinesAreRejectedInConstantMemory(t *testing.T) {
	var rejects []string
	r := io.MultiReader(strings.NewReader("\uFEFFone\r\n"), &endless{256 << 20}, strings.NewReader("\nthr\xffee\n"), &endless{MaxLine}, strings.NewReader("\nlast"))
	lines := NewLines(env(nil, &rejects), r)
	var got []string
	for lines.Next() {
		got = append(got, lines.Text()[:min(8, len(lines.Text()))])
	}
	if cap(lines.long) > 4*MaxLine {
		t.Errorf("a buffer grew to %d bytes", cap(lines.long))
	}
	if want := []string{"one", "thr\uFFFDee", "xxxxxxxx", "last"}; lines.Err() != nil || !slices.Equal(got, want) {
		t.Errorf("got %q, %v, want %q", got, lines.Err(), want)
	}
	if len(rejects) != 2 || !strings.HasPrefix(rejects[0], "line 2: too large") || !strings.HasPrefix(rejects[1], "line 3: not valid UTF-8") {
		t.Errorf("got rejects %q, want lines 2 and 3", rejects)
	}
}

func TestDeepJSONIsRefused(t *testing.T) {
	deep := strings.Repeat("[", MaxDepth)
	for text, bad := range map[string]bool{deep: false, deep + "[": true, `"` + deep + `[\"[": {`: false, deep + `"\\"` + "{": true} {
		if err := CheckDepth([]byte(text)); errors.Is(err, ErrTooDeep) != bad {
			t.Errorf("%.70s…: got error %v", text, err)
		}
		if _, err := io.ReadAll(Shallow(byteWise{strings.NewReader(text)})); errors.Is(err, ErrTooDeep) != bad {
			t.Errorf("%.70s… as a stream: got error %v", text, err)
		}
	}
}

type byteWise struct{ r io.Reader }

func (o byteWise) Read(p []byte) (int, error) { return o.r.Read(p[:min(1, len(p))]) }

func TestIndicatorsAreWhatTheyAreNotWhatTheyAreCalled(t *testing.T) {
	for _, c := range []struct {
		kind        intel.Kind
		value, want string
	}{
		{intel.Domain, " 192.0.2.1 ", "ipv4:192.0.2.1"}, {intel.IPv4, "a[.]example", "domain:a.example"}, {"", "192.0.2.1:80", "ipv4:192.0.2.1"},
		{intel.URL, "hxxps://a[.]example/X", "url:https://a.example/X"}, {intel.SHA256, strings.Repeat("A", 40), "sha1:" + strings.Repeat("a", 40)},
		{"", "2001:db8::1", "ipv6:2001:db8::1"}, {"", "192.0.2.0/24", "cidr:192.0.2.0/24"}, {"", "x.onion", "onion:x.onion"}, {"", "a.example/x", "url:http://a.example/x"},
		{intel.IPv4, "1.2.3.400", ""}, {"", "no", ""}, {intel.Domain, "a b.example", ""}, {intel.MD5, "zz", ""}, {"", "", ""},
	} {
		e, _, err := Indicator(c.kind, c.value)
		if got := e.String(); err == nil && got != c.want || err != nil && (c.want != "" || !errors.Is(err, intel.ErrInvalid)) {
			t.Errorf("Indicator(%q, %q) = %s, %v, want %s", c.kind, c.value, got, err, c.want)
		}
	}
}

func FuzzIndicator(f *testing.F) {
	f.Add("ipv4", "192.0.2.1:80")
	f.Add("url", "hxxp://[::1]/a")
	f.Fuzz(func(t *testing.T, kind, value string) {
		e, _, err := Indicator(intel.Kind(kind), value)
		if err == nil && (e.Name == "" || e != intel.NewEntity(e.Kind, e.Name)) {
			t.Errorf("Indicator(%q, %q) = %q, which is not canonical", kind, value, e)
		}
	})
}

type script func(from intel.Cursor, emit Emit) error

func (s script) Collect(_ context.Context, from intel.Cursor, emit Emit) error { return s(from, emit) }

type cursors map[intel.SourceID]intel.Cursor

func (c cursors) Cursor(_ context.Context, id intel.SourceID) (intel.Cursor, error) {
	return c[id], nil
}

func (c cursors) SaveCursor(_ context.Context, id intel.SourceID, next intel.Cursor) error {
	c[id] = next
	return nil
}

func TestWhatALiveSourceGaveIsKeptAMomentLaterAndAtItsEnd(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	kept, saved := make(chan int, 10), cursors{}
	source := script(func(_ intel.Cursor, emit Emit) error {
		for i := range 300 { // as many at once as are kept together, and some more
			if err := emit(intel.Document{ID: "a"}, intel.Cursor(rune('a'+i%26))); err != nil {
				return err
			}
		}
		if n := <-kept; n != mostGathered {
			t.Errorf("%d documents are kept at once, want %d", n, mostGathered)
		}
		if n := <-kept; n != 300-mostGathered {
			t.Errorf("%d documents are kept after a moment, want %d", n, 300-mostGathered)
		}
		if err := emit(intel.Document{ID: "b"}, "last"); err != nil {
			return err
		}
		cancel()
		return ctx.Err()
	})
	r := Runner{ID: "s", Source: source, Cursors: saved, Log: slog.New(slog.DiscardHandler),
		Keep: func(ctx context.Context, docs []intel.Document) error { kept <- len(docs); return ctx.Err() }}
	if err := r.Once(ctx); !errors.Is(err, context.Canceled) {
		t.Errorf("err %v", err)
	}
	if n := <-kept; n != 1 || saved["s"] != "last" {
		t.Errorf("%d documents are kept at the end, up to %q", n, saved["s"])
	}
}

func TestWhatCannotBeKeptEndsAVisitAndMovesNoCursor(t *testing.T) {
	full, given, saved := errors.New("disk full"), 0, cursors{}
	source := script(func(_ intel.Cursor, emit Emit) error {
		for {
			if err := emit(intel.Document{ID: "a"}, "1"); err != nil {
				return err
			}
			given++
		}
	})
	r := Runner{ID: "s", Source: source, Cursors: saved, Log: slog.New(slog.DiscardHandler), Keep: func(context.Context, []intel.Document) error { return full }}
	if err := r.Once(t.Context()); !errors.Is(err, full) || err.Error() != full.Error() || given >= mostGathered || saved["s"] != "" {
		t.Errorf("err %v after %d documents, cursor %q", err, given, saved["s"])
	}
}

func TestRunnerBacksOffResumesAndStopsForGood(t *testing.T) {
	var pauses []time.Duration
	var froms []intel.Cursor
	polls := 0
	source := script(func(from intel.Cursor, emit Emit) error {
		froms = append(froms, from)
		switch polls++; polls {
		case 1:
			if err := emit(intel.Document{ID: "a"}, "1"); err != nil {
				return err
			}
			return errors.New("no route")
		case 2:
			return &fetch.StatusError{Status: 429, RetryAfter: time.Minute}
		case 3:
			panic("hostile input")
		case 4:
			return nil
		}
		return Permanent(errors.New("bad password"))
	})
	r := Runner{ID: "s", Source: source, Every: time.Hour, Cursors: cursors{}, Log: slog.New(slog.DiscardHandler),
		Keep: func(context.Context, []intel.Document) error { return nil },
		Wait: func(_ context.Context, d time.Duration) error { pauses = append(pauses, d); return nil }}
	if err := r.Run(t.Context()); !IsPermanent(err) {
		t.Errorf("got error %v, want the permanent one", err)
	}
	if want := []time.Duration{time.Second, time.Minute, 4 * time.Second, time.Hour}; !slices.Equal(pauses, want) {
		t.Errorf("paused %v, want %v", pauses, want)
	}
	if want := []intel.Cursor{"", "1", "1", "1", "1"}; !slices.Equal(froms, want) {
		t.Errorf("read from %q, want %q", froms, want)
	}
}

func TestAStreamThatBreaksOffAgainAndAgainIsTakenUpAtOnce(t *testing.T) {
	var pauses []time.Duration
	runs := 0
	source := script(func(_ intel.Cursor, emit Emit) error {
		if runs++; runs == 5 {
			return Permanent(errors.New("enough"))
		}
		if runs == 3 {
			return errors.New("no route") // and nothing came
		}
		if err := emit(intel.Document{ID: "a"}, "1"); err != nil {
			return err
		}
		return errors.New("the stream ended")
	})
	r := Runner{ID: "s", Source: source, Cursors: cursors{}, Log: slog.New(slog.DiscardHandler), Keep: func(context.Context, []intel.Document) error { return nil },
		Wait: func(_ context.Context, d time.Duration) error { pauses = append(pauses, d); return nil }}
	if err := r.Run(t.Context()); !IsPermanent(err) {
		t.Errorf("got error %v, want the permanent one", err)
	}
	if want := []time.Duration{time.Second, time.Second, 2 * time.Second, time.Second}; !slices.Equal(pauses, want) {
		t.Errorf("paused %v, want %v", pauses, want)
	}
}
