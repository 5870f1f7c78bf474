package matrixchat

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/portent-cti/portent/internal/collect"
	"github.com/portent-cti/portent/internal/collect/collecttest"
	"github.com/portent-cti/portent/internal/fetch"
	"github.com/portent-cti/portent/internal/intel"
)

func TestContract(t *testing.T) { collecttest.Run(t, Connector, "testdata/*.txtar") }

func TestSettingsAreChecked(t *testing.T) {
	for settings, want := range map[string]string{
		`{}`:                              "server is missing",
		`{"server":"matrix.example.org"}`: "server:",
		`{"server":"https://matrix.example.org"}`:                                                   "token is missing",
		`{"server":"https://matrix.example.org","token":"syt_a"}`:                                   "secret does not stand here",
		`{"server":"https://matrix.example.org","token":"env:T","rooms":["malware"]}`:               "rooms:",
		`{"server":"https://me:pw@matrix.example.org","token":"env:T"}`:                             "password",
		`{"server":"https://matrix.example.org/","token":"env:T","rooms":["#malware:example.org"]}`: "",
	} {
		_, err := Connector.Open(collect.Env{ID: "test"}, collect.Strict([]byte(settings)))
		if (err == nil) != (want == "") || err != nil && !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %q", settings, err, want)
		}
	}
	h := &homeserver{Env: collect.Env{ID: "test"}}
	for _, bad := range []string{"%zz ", "s1 short"} {
		if err := (&visit{homeserver: h}).place(intel.Cursor(bad)); !collect.IsPermanent(err) {
			t.Errorf("cursor %q: %v", bad, err)
		}
	}
}

func TestAnAnswerThatTricklesForeverIsGivenUp(t *testing.T) {
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		for r.Context().Err() == nil {
			_, _ = w.Write([]byte(" "))
			_ = http.NewResponseController(w).Flush()
			time.Sleep(5 * time.Millisecond)
		}
	}))
	defer srv.Close()
	src, err := Connector.Open(collecttest.Local(t, srv.URL, fetch.Options{}), collect.Strict([]byte(`{"server":"`+srv.URL+`","token":"env:T"}`)))
	if err != nil {
		t.Fatal(err)
	}
	src.(*homeserver).within = 100 * time.Millisecond
	ctx, cancel := context.WithTimeout(t.Context(), 60*time.Second)
	defer cancel()
	if err := src.Collect(ctx, "", func(intel.Document, intel.Cursor) error { return nil }); !errors.Is(err, context.DeadlineExceeded) || ctx.Err() != nil {
		t.Errorf("got %v, want that the answer is given up", err)
	}
}

func TestThePastOfManyRoomsIsBoundedTogether(t *testing.T) {
	served := 0
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		served++
		_, _ = fmt.Fprintf(w, `{"chunk":[{"type":"%s"}],"end":"t%d"}`, strings.Repeat("x", 1<<20), served)
	}))
	defer srv.Close()
	env, told := collecttest.Local(t, srv.URL, fetch.Options{Pace: &fetch.Pace{PerSecond: 1000}}), 0
	env.Reject = func(item string, _ error) { told += strings.Count(item, "room ") }
	v := &visit{homeserver: &homeserver{Env: env, settings: settings{Server: srv.URL, Token: "env:T"}, within: within}, since: "t", left: 4 << 20}
	var s synced
	s.Rooms.Join = map[string]room{}
	for n := range 50 {
		var behind room
		behind.Timeline.Limited = true
		s.Rooms.Join[fmt.Sprintf("!%d:example.org", n)] = behind
	}
	if docs, err := v.documents(t.Context(), s); err != nil || len(docs) != 0 || served != 4 || told != 50 {
		t.Errorf("%d MiB were asked for, %d rooms told of, err %v; want 4 and 50", served, told, err)
	}
}

func FuzzEvent(f *testing.F) {
	f.Add([]byte(`{"event_id":"$a","type":"m.room.message","sender":"@kelp:example.org","origin_server_ts":1775037600000,"content":{"msgtype":"m.text","body":"> <@a:b> c\n\nd","m.relates_to":{"m.in_reply_to":{"event_id":"$b"}},"format":"org.matrix.custom.html","formatted_body":"<mx-reply>c</mx-reply><a href=\"https://x.example/\">d</a>"}}`))
	f.Add([]byte(`{"event_id":"$a","type":"m.room.message","sender":"@kelp:example.org","content":{"m.new_content":{"m.new_content":{}},"m.relates_to":{"rel_type":"m.replace"}}}`))
	f.Add([]byte(`{"event_id":7}`))
	f.Fuzz(func(t *testing.T, raw []byte) {
		if len(raw) > 1<<16 || !json.Valid(raw) {
			return
		}
		v := &visit{homeserver: &homeserver{Env: collect.Env{ID: "test", Reject: func(string, error) {}, Log: slog.New(slog.DiscardHandler), Now: time.Now}}, encrypted: map[string]bool{}}
		if doc := v.read("!a:example.org", raw); doc != nil && (doc.Text == "" || doc.Author == "" || doc.Published.Location() != time.UTC) {
			t.Errorf("%+v", doc)
		}
	})
}
