package discord

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/coder/websocket"

	"github.com/portent-cti/portent/internal/collect"
	"github.com/portent-cti/portent/internal/collect/collecttest"
	"github.com/portent-cti/portent/internal/fetch"
	"github.com/portent-cti/portent/internal/intel"
)

const testToken = "MTAwMDAwMDAwMDAwMDAwMDAx.Gexamp.documentation-example"

// A server is Discord with one guild, 20: its API, and its gateway with sessions that can be gone on with.
type server struct {
	t    *testing.T
	http *httptest.Server

	mu        sync.Mutex
	channels  []channel
	hidden    map[snowflake]bool
	messages  map[snowflake][]string // of a channel, by age
	log       []string               // events of the session, the first has number 1
	session   int                    // 0: none
	end       any                    // what ends the connection: a close code, an event, or nil for nothing
	ends      int
	deaf      bool // heartbeats are not answered
	person    bool // the token is that of a person
	limited   int  // how many requests for messages are refused
	change    chan struct{}
	asked     []string // "identify", "resume", paths
	connected int
	clock     func() time.Time
	free      map[string]time.Time // when a channel may be asked again
	early     int                  // requests before that
	meanwhile string               // said in channel 30 while its past is asked for; "" for nothing
}

func newServer(t *testing.T) *server {
	d := &server{t: t, messages: map[snowflake][]string{}, hidden: map[snowflake]bool{}, free: map[string]time.Time{}, change: make(chan struct{})}
	d.channels = []channel{{ID: 30}, {ID: 31}, {ID: 32, Kind: 15}}
	d.http = httptest.NewServer(d)
	t.Cleanup(d.http.Close)
	return d
}

// number is the snowflake of the n-th second after a beginning before the first visit.
func number(n int) snowflake {
	return since(collecttest.Now.Add(time.Duration(n-1000) * time.Second))
}

func body(channel, n int, text, edited string) string {
	return fmt.Sprintf(`{"id":"%d","channel_id":"%d","type":0,"author":{"id":"501","username":"kelp","discriminator":"0"},"content":%q,"timestamp":%q,"edited_timestamp":%s,"attachments":[],"embeds":[],"mentions":[]}`,
		number(n), channel, text, number(n).at().Format("2006-01-02T15:04:05.000000-07:00"), edited)
}

// toldOf is what the gateway tells of a message, which has its guild besides.
func toldOf(name, body string) string {
	return fmt.Sprintf(`"t":%q,"d":{"guild_id":"20","member":{"roles":[]},%s`, name, body[1:])
}

// locked does something, of which whoever is connected is told.
func (d *server) locked(do func()) {
	d.mu.Lock()
	defer d.mu.Unlock()
	do()
	close(d.change)
	d.change = make(chan struct{})
}

// say has a message said, of which the session is told if there is one.
func (d *server) say(channel, n int, text string) {
	d.locked(func() {
		d.messages[snowflake(channel)] = append(d.messages[snowflake(channel)], body(channel, n, text, "null"))
		if d.session > 0 {
			d.log = append(d.log, toldOf("MESSAGE_CREATE", body(channel, n, text, "null")))
		}
	})
}

func (d *server) tell(event string) { d.locked(func() { d.log = append(d.log, event) }) }

// finish ends the connection.
func (d *server) finish(how any, forget bool) {
	d.locked(func() {
		d.end = how
		d.ends++
		if forget {
			d.session, d.log = 0, nil
		}
	})
}

func (d *server) count(what string) (n int) {
	d.mu.Lock()
	defer d.mu.Unlock()
	for _, a := range d.asked {
		if strings.Contains(a, what) {
			n++
		}
	}
	return n
}

func (d *server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if !strings.HasPrefix(r.UserAgent(), "DiscordBot (https://") {
		d.t.Errorf("it calls itself %q", r.UserAgent())
	}
	if r.URL.Path == "/" {
		d.gateway(w, r)
		return
	}
	if r.Method != http.MethodGet || r.Header.Get("Authorization") != "Bot "+testToken {
		w.WriteHeader(http.StatusUnauthorized)
		return
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	d.asked = append(d.asked, r.URL.String())
	if r.URL.Path == "/api/v10/gateway/bot" {
		fmt.Fprintf(w, `{"url":"ws://%s","shards":1,"session_start_limit":{"total":1000,"remaining":999,"reset_after":0,"max_concurrency":1}}`, r.Host)
		return
	}
	var channel snowflake
	if _, err := fmt.Sscanf(r.URL.Path, "/api/v10/channels/%d/messages", &channel); err != nil {
		w.WriteHeader(http.StatusNotFound)
		return
	}
	switch {
	case d.hidden[channel]:
		w.WriteHeader(http.StatusForbidden)
		fmt.Fprint(w, `{"message": "Missing Access", "code": 50001}`)
	case d.limited > 0:
		d.limited--
		w.Header().Set("Retry-After", "1")
		w.Header().Set("X-RateLimit-Reset-After", "0.3")
		w.WriteHeader(http.StatusTooManyRequests)
	default:
		if d.clock().Before(d.free[r.URL.Path]) {
			d.early++
		}
		d.free[r.URL.Path] = d.clock().Add(1250 * time.Millisecond)
		w.Header().Set("X-RateLimit-Remaining", "0") // each time: the bot is to wait
		w.Header().Set("X-RateLimit-Reset-After", "1.25")
		fmt.Fprint(w, "["+strings.Join(d.page(channel, r.FormValue("after")), ",")+"]")
		if d.meanwhile != "" && channel == 30 {
			d.messages[30] = append(d.messages[30], d.meanwhile)
			d.log, d.meanwhile = append(d.log, toldOf("MESSAGE_CREATE", d.meanwhile)), ""
		}
	}
}

// page are a hundred messages, the newest first: the last, or those that follow one.
func (d *server) page(channel snowflake, after string) (page []string) {
	for _, m := range d.messages[channel] {
		var is message
		if err := json.Unmarshal([]byte(m), &is); err != nil {
			d.t.Error(err)
		}
		var from snowflake
		if after != "" {
			_ = from.UnmarshalJSON([]byte(after))
		}
		if is.ID > from {
			page = append(page, m)
		}
	}
	if len(page) > 100 && after == "" {
		page = page[len(page)-100:]
	}
	page = page[:min(100, len(page))]
	slices.Reverse(page)
	return page
}

func (d *server) gateway(w http.ResponseWriter, r *http.Request) {
	if r.URL.RawQuery != "v=10&encoding=json" {
		d.t.Errorf("asked for %s", r.URL)
	}
	conn, err := websocket.Accept(w, r, nil)
	if err != nil {
		return
	}
	defer conn.CloseNow()
	ctx, cancel := context.WithCancel(r.Context())
	defer cancel()
	write := func(text string) bool { return conn.Write(ctx, websocket.MessageText, []byte(text)) == nil }
	write(`{"t":null,"s":null,"op":10,"d":{"heartbeat_interval":150,"_trace":["a"]}}`)
	sent, ends, ok := d.greeted(ctx, conn, write)
	if !ok {
		return
	}
	go func() { d.beating(ctx, conn, write); cancel() }()
	for {
		d.mu.Lock()
		events, change, end, now := slices.Clone(d.log[min(sent, len(d.log)):]), d.change, d.end, d.ends
		d.mu.Unlock()
		if now != ends {
			switch how := end.(type) {
			case int:
				_ = conn.Close(websocket.StatusCode(how), "")
			case string:
				write(how)
				<-ctx.Done()
			}
			return
		}
		for _, e := range events {
			sent++
			if !write(fmt.Sprintf(`{"op":0,"s":%d,%s}`, sent, e)) {
				return
			}
		}
		select {
		case <-ctx.Done():
			return
		case <-change:
		}
	}
}

// greeted begins a session or goes on with one, and says how many of its events were sent.
func (d *server) greeted(ctx context.Context, conn *websocket.Conn, write func(string) bool) (sent, ends int, ok bool) {
	var said struct {
		Op   int `json:"op"`
		Data struct {
			Token   string `json:"token"`
			Intents int    `json:"intents"`
			Session string `json:"session_id"`
			Seq     int    `json:"seq"`
		} `json:"d"`
	}
	for said.Op != 2 && said.Op != 6 {
		_, text, err := conn.Read(ctx)
		if err != nil || json.Unmarshal(text, &said) != nil {
			return 0, 0, false
		}
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	d.connected++
	if said.Data.Token != testToken {
		_ = conn.Close(4004, "Authentication failed.")
		return 0, 0, false
	}
	if said.Op == 6 {
		d.asked = append(d.asked, "resume")
		if said.Data.Session != fmt.Sprint("session", d.session) || d.session == 0 {
			write(`{"t":null,"s":null,"op":9,"d":false}`)
			return 0, 0, false
		}
		d.log = append(d.log, `"t":"RESUMED","d":{}`)
		return said.Data.Seq, d.ends, true
	}
	d.asked = append(d.asked, "identify")
	if said.Data.Intents != 33281 {
		d.t.Errorf("intents %d", said.Data.Intents)
	}
	d.session = d.connected
	var all []string
	for _, c := range d.channels {
		last := "null"
		if m := d.messages[c.ID]; len(m) > 0 {
			var is message
			_ = json.Unmarshal([]byte(m[len(m)-1]), &is)
			last = `"` + is.ID.String() + `"`
		}
		all = append(all, fmt.Sprintf(`{"id":"%d","type":%d,"parent_id":null,"name":"a","last_message_id":%s}`, c.ID, c.Kind, last))
	}
	d.log = []string{
		fmt.Sprintf(`"t":"READY","d":{"v":10,"user":{"id":"1","username":"reader","bot":%v},"guilds":[{"id":"20","unavailable":true}],"session_id":"session%d","resume_gateway_url":"ws://%s"}`, !d.person, d.session, strings.TrimPrefix(d.http.URL, "http://")),
		fmt.Sprintf(`"t":"GUILD_CREATE","d":{"id":"20","name":"a","channels":[%s],"threads":[{"id":"40","type":11,"parent_id":"32","name":"Access for sale","last_message_id":null}]}`, strings.Join(all, ",")),
	}
	return 0, d.ends, true
}

// beating answers heartbeats.
func (d *server) beating(ctx context.Context, conn *websocket.Conn, write func(string) bool) {
	for {
		if _, _, err := conn.Read(ctx); err != nil {
			return
		}
		d.mu.Lock()
		deaf := d.deaf
		d.mu.Unlock()
		if !deaf {
			write(`{"t":null,"s":null,"op":11,"d":null}`)
		}
	}
}

// A reading keeps a source of a server flowing.
type reading struct {
	t       *testing.T
	kept    chan intel.Document
	stop    func()
	ended   chan error
	mu      sync.Mutex
	now     time.Time
	cursor  intel.Cursor
	failing int  // how many times documents are not kept
	fresh   bool // each connection is made by a new source, as after a crash
	rejects []string
}

func (r *reading) Cursor(context.Context, intel.SourceID) (intel.Cursor, error) {
	return r.cursor, nil
}
func (r *reading) SaveCursor(_ context.Context, _ intel.SourceID, next intel.Cursor) error {
	r.cursor = next
	return nil
}

func follow(t *testing.T, d *server, more string, set func(*reading)) *reading {
	t.Helper()
	r := &reading{t: t, kept: make(chan intel.Document, 4096), ended: make(chan error, 1), now: collecttest.Now}
	if set != nil {
		set(r)
	}
	env := collecttest.Local(t, d.http.URL, fetch.Options{})
	env.Reveal = func(collect.Secret) (string, error) { return testToken, nil }
	env.Now = func() time.Time { r.mu.Lock(); defer r.mu.Unlock(); return r.now }
	d.locked(func() { d.clock = env.Now })
	env.Reject = func(item string, reason error) {
		r.mu.Lock()
		defer r.mu.Unlock()
		r.rejects = append(r.rejects, item+": "+reason.Error())
	}
	open := func() collect.Source {
		src, err := Connector.Open(env, collect.Strict([]byte(`{"token":"env:BOT","server":"`+d.http.URL+`/api/v10"`+more+`}`)))
		if err != nil {
			t.Error(err)
		}
		return src
	}
	ctx, cancel := context.WithCancel(t.Context())
	run := collect.Runner{ID: "test", Source: open(), Cursors: r, Log: slog.New(slog.NewTextHandler(t.Output(), nil)),
		Keep: func(_ context.Context, docs []intel.Document) error {
			r.mu.Lock()
			defer r.mu.Unlock()
			if r.failing > 0 {
				r.failing--
				return errors.New("disk full")
			}
			for _, doc := range docs {
				r.kept <- doc
			}
			return nil
		}}
	run.Wait = func(ctx context.Context, d time.Duration) error {
		r.mu.Lock()
		defer r.mu.Unlock()
		r.now = r.now.Add(d)
		if r.fresh {
			run.Source = open()
		}
		return ctx.Err()
	}
	go func() { r.ended <- run.Run(ctx) }()
	r.stop = func() {
		began := time.Now()
		cancel()
		if err := <-r.ended; !errors.Is(err, context.Canceled) || time.Since(began) > 5*time.Second {
			t.Errorf("it ended with %v after %v", err, time.Since(began))
		}
	}
	return r
}

// next are the texts of what is kept next, in order.
func (r *reading) next(n int) (texts []string) {
	r.t.Helper()
	for range n {
		texts = append(texts, r.doc().Text)
	}
	return texts
}

func (r *reading) doc() intel.Document {
	r.t.Helper()
	select {
	case doc := <-r.kept:
		return doc
	case err := <-r.ended:
		r.t.Fatalf("it ended: %v", err)
	case <-time.After(time.Minute):
		r.t.Fatal("nothing is kept")
	}
	return intel.Document{}
}

func (r *reading) want(texts ...string) {
	r.t.Helper()
	if got := r.next(len(texts)); !slices.Equal(got, texts) {
		r.t.Fatalf("kept %q, want %q", got, texts)
	}
}

// nothing checks that nothing more is kept.
func (r *reading) nothing() {
	r.t.Helper()
	select {
	case doc := <-r.kept:
		r.t.Errorf("kept twice: %+v", doc)
	case <-time.After(500 * time.Millisecond):
	}
}

func TestASessionGoesOnAfterABreakWithoutLossOrRepeat(t *testing.T) {
	before := runtime.NumGoroutine()
	d := newServer(t)
	d.say(30, 1, "long ago")
	d.say(30, 2, "and then")
	r := follow(t, d, "", nil)
	for _, want := range []string{"long ago", "and then"} {
		if doc := r.doc(); doc.Text != want || !doc.Assumed || !doc.Learned.Equal(doc.Published) || doc.Channel != "discord/20/30" || doc.Author != "discord/kelp" {
			t.Errorf("history: %+v", doc)
		}
	}
	d.say(30, 1001, "now")
	if doc := r.doc(); doc.Text != "now" || doc.Assumed {
		t.Errorf("live: %+v", doc)
	}
	rest := d.count("/messages")
	for i, how := range []any{nil, `{"t":null,"s":null,"op":7,"d":null}`, 4000, `{"t":null,"s":null,"op":9,"d":true}`, 1001} {
		d.finish(how, false)
		d.say(31, 1010+i, fmt.Sprint("while away ", i))
		r.want(fmt.Sprint("while away ", i))
	}
	if d.count("identify") != 1 || d.count("resume") != 5 || d.count("/messages") != rest {
		t.Errorf("asked %q", d.asked)
	}
	r.nothing()
	r.stop()
	d.http.CloseClientConnections()
	d.http.Close()
	for deadline := time.Now().Add(2 * time.Second); runtime.NumGoroutine() > before; time.Sleep(5 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("%d goroutines are left", runtime.NumGoroutine()-before)
		}
	}
}

func TestWhatWasSaidBetweenTwoSessionsIsAskedForPageByPage(t *testing.T) {
	for _, fresh := range []bool{false, true} {
		d := newServer(t)
		r := follow(t, d, "", func(r *reading) { r.fresh = fresh })
		waitFor(t, func() bool { return d.count("identify") == 1 })
		d.say(30, 1001, "first")
		r.want("first")
		d.locked(func() { d.session, d.log, d.limited = 0, nil, 1; d.meanwhile = body(30, 1380, "meanwhile", "null") })
		var want []string
		for i := range 250 {
			d.say(30, 1100+i, fmt.Sprint("missed ", i))
			want = append(want, fmt.Sprint("missed ", i))
		}
		d.say(31, 1400, "elsewhere")
		d.finish(4009, true)
		r.want(append(want, "meanwhile", "elsewhere")...)
		waitFor(t, func() bool { d.mu.Lock(); defer d.mu.Unlock(); return d.session > 0 })
		d.say(30, 1500, "and live")
		r.want("and live")
		r.nothing()
		r.stop()
		if d.early > 0 && !fresh { // a new program knows of no limit that was used up
			t.Errorf("%d times it asked before it might", d.early)
		}
	}
}

func waitFor(t *testing.T, ok func() bool) {
	t.Helper()
	for deadline := time.Now().Add(10 * time.Second); !ok(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("it does not come about")
		}
	}
}

func TestEditsAreVersionsAndDeletionsAreNoted(t *testing.T) {
	d := newServer(t)
	r := follow(t, d, "", nil)
	waitFor(t, func() bool { return d.count("identify") == 1 })
	for i := range 3 {
		d.say(30, 1001+i, fmt.Sprint("said ", i))
	}
	r.want("said 0", "said 1", "said 2")
	edit := toldOf("MESSAGE_UPDATE", body(30, 1001, "said otherwise", `"2026-04-01T11:59:00.000000+00:00"`))
	d.tell(toldOf("MESSAGE_UPDATE", body(30, 1001, "said 0", "null"))) // a preview of a link came
	d.tell(edit)
	d.tell(edit)
	d.tell(fmt.Sprintf(`"t":"MESSAGE_DELETE","d":{"id":"%d","channel_id":"30","guild_id":"20"}`, number(1001)))
	d.tell(fmt.Sprintf(`"t":"MESSAGE_DELETE_BULK","d":{"ids":["%d","%d","%d"],"channel_id":"30","guild_id":"20"}`, number(1002), number(1003), number(7)))
	d.tell(fmt.Sprintf(`"t":"MESSAGE_DELETE","d":{"id":"%d","channel_id":"30","guild_id":"20"}`, number(1001)))
	ids := map[intel.DocumentID]bool{}
	for i, want := range []string{"said otherwise", "This message was deleted.", "This message was deleted.", "This message was deleted."} {
		doc := r.doc()
		if doc.Text != want || doc.Author != "discord/kelp" || ids[doc.ID] || (doc.Title == "Deleted") != (i > 0) {
			t.Errorf("%+v", doc)
		}
		ids[doc.ID] = true
	}
	r.nothing()
	r.stop()
}

func TestAGatewayThatAnswersNoHeartbeatIsLeftAndTheSessionGoesOn(t *testing.T) {
	d := newServer(t)
	r := follow(t, d, "", nil)
	waitFor(t, func() bool { return d.count("identify") == 1 })
	d.say(30, 1001, "before")
	r.want("before")
	d.locked(func() { d.deaf = true })
	waitFor(t, func() bool { return d.count("resume") > 0 })
	d.locked(func() { d.deaf = false })
	d.say(30, 1002, "after")
	r.want("after")
	if d.count("identify") != 1 {
		t.Errorf("asked %q", d.asked)
	}
	r.stop()
}

func TestWhatIsNotKeptIsToldAgain(t *testing.T) {
	d := newServer(t)
	r := follow(t, d, "", nil)
	waitFor(t, func() bool { return d.count("identify") == 1 })
	d.say(30, 1001, "kept")
	r.want("kept")
	r.mu.Lock()
	r.failing = 1
	r.mu.Unlock()
	d.say(30, 1002, "lost")
	time.Sleep(300 * time.Millisecond) // until it is not kept
	d.say(30, 1003, "and found")
	r.want("lost", "and found")
	r.nothing()
	r.stop()
}

func TestARefusalEndsForGoodWithWhatToDo(t *testing.T) {
	for code, want := range map[int]string{4004: "token", 4011: "too many servers", 4014: "Message Content Intent"} {
		d := newServer(t)
		r := follow(t, d, "", nil)
		waitFor(t, func() bool { return d.count("identify") == 1 })
		d.finish(code, true)
		if err := <-r.ended; !collect.IsPermanent(err) || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), testToken) {
			t.Errorf("%d: %v", code, err)
		}
	}
	d := newServer(t)
	d.person = true
	if err := <-follow(t, d, "", nil).ended; !collect.IsPermanent(err) || !strings.Contains(err.Error(), "token of a person") {
		t.Errorf("a person: %v", err)
	}
}

func TestOnlyTheChannelsInTheSettingsAreReadWithTheirThreads(t *testing.T) {
	d := newServer(t)
	d.hidden[31] = true
	d.say(30, 1, "not wanted")
	d.say(31, 2, "hidden")
	r := follow(t, d, `,"channels":["31","32"]`, nil)
	waitFor(t, func() bool { return d.count("identify") == 1 })
	d.say(30, 1001, "not wanted")
	d.say(40, 1002, "in a thread of a forum")
	d.say(31, 1003, "live in what has no history")
	r.want("in a thread of a forum", "live in what has no history")
	r.nothing()
	r.stop()
	if len(r.rejects) != 1 || !strings.Contains(r.rejects[0], "channel 31: the bot may not read") {
		t.Errorf("rejects %q", r.rejects)
	}
}
