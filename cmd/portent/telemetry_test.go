package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/portent-cti/portent/internal/collect"
	"github.com/portent-cti/portent/internal/intel"
)

// A process serves a store.
type process struct {
	t       *testing.T
	cmd     *exec.Cmd
	address string
}

const pushToken = "a token of 26 characters.."

// beginning starts a process that serves a store with the sources of a file.
func beginning(t *testing.T, db, sources string) *process {
	t.Helper()
	s := &process{t: t}
	var errs *bytes.Buffer
	s.cmd, errs = asProgram(t, "--db", db, "--json", "--sources-file", sources, "serve", "--addr", "127.0.0.1:0")
	s.cmd.Env = append(s.cmd.Env, "PORTENT_TEST_PUSH="+pushToken)
	s.cmd.Stdout = nil
	out, err := s.cmd.StdoutPipe()
	if err == nil {
		err = s.cmd.Start()
	}
	if err != nil {
		t.Fatal(err)
	}
	var ready struct{ Address string }
	if err := json.NewDecoder(bufio.NewReader(out)).Decode(&ready); err != nil {
		s.cmd.Wait()
		t.Fatalf("serve: %v\n%s", err, errs)
	}
	s.address = ready.Address
	t.Cleanup(s.kill)
	return s
}

// kill ends it at once, as a machine without power does.
func (s *process) kill() {
	s.cmd.Process.Kill()
	s.cmd.Wait()
}

// page is what stands at a path.
func (s *process) page(path string) string {
	s.t.Helper()
	resp, err := http.Get(s.address + path)
	if err != nil {
		s.t.Fatal(err)
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		s.t.Fatal(err)
	}
	return string(text)
}

// appended adds a text to a file.
func appended(t *testing.T, path, text string) {
	t.Helper()
	f, err := os.OpenFile(path, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if _, err := f.WriteString(text); err != nil {
		t.Fatal(err)
	}
}

// curl sends a body and returns the status and what was answered.
func curl(t *testing.T, args ...string) (status, body string) {
	t.Helper()
	out, err := exec.CommandContext(t.Context(), programOf(t, "curl"), append([]string{"--silent", "--write-out", "\n%{http_code}"}, args...)...).Output()
	if err != nil {
		t.Fatal(err)
	}
	text := string(out)
	i := strings.LastIndex(text, "\n")
	return text[i+1:], text[:i]
}

// programOf finds a program, without which a test is skipped, but not by CI.
func programOf(t *testing.T, name string) string {
	t.Helper()
	path, err := exec.LookPath(name)
	if err == nil {
		return path
	}
	if os.Getenv("CI") == "true" {
		t.Fatalf("%s is absent", name)
	}
	t.Skipf("%s is absent", name)
	return ""
}

// freePort is a port of UDP that nobody listens on.
func freePort(t *testing.T) string {
	t.Helper()
	c, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	_, port, err := net.SplitHostPort(c.LocalAddr().String())
	if err != nil {
		t.Fatal(err)
	}
	return port
}

func TestWhatStandsInTelemetryIsASightingOnAnIndicatorsPageWhileServeRuns(t *testing.T) {
	t.Parallel()
	db, dir, port := manyStore(t, 10), t.TempDir(), freePort(t)
	sources := file(t, "sources.toml", fmt.Appendf(nil, `
[proxy]
connector = "logs"
path = "%[1]s/access.log*"
site = "east"
live = true
[ids]
connector = "suricata"
path = "%[1]s/eve.json*"
site = "west"
live = true
[net]
connector = "zeek"
path = "%[1]s/dns.log*"
site = "north"
live = true
[relay]
connector = "syslog"
udp = "127.0.0.1:%[2]s"
site = "south"
[door]
connector = "push"
token = "env:PORTENT_TEST_PUSH"
site = "gate"
[pot]
connector = "cowrie"
path = "%[1]s/cowrie.json*"
live = true
`, dir, port))
	s := beginning(t, db, sources)
	sighted := func(n int, site string) {
		t.Helper()
		until(t, 90*time.Second, func() bool { return strings.Contains(s.page("/indicator/ipv4/"+address(n)), "hunt:"+site) })
	}
	log := filepath.Join(dir, "access.log")
	appended(t, log, ago(time.Hour)+" "+address(1)+" GET /\n")
	sighted(1, "east")
	if err := os.Rename(log, log+".1"); err != nil {
		t.Fatal(err)
	}
	appended(t, log, ago(time.Hour)+" "+address(2)+" GET /\n")
	sighted(2, "east")
	appended(t, filepath.Join(dir, "eve.json"), fmt.Sprintf(`{"timestamp":"%s","event_type":"flow","src_ip":"10.0.0.5","dest_ip":"%s"}`+"\n", ago(time.Hour), address(3)))
	sighted(3, "west")
	appended(t, filepath.Join(dir, "dns.log"), fmt.Sprintf("#separator \\x09\n#fields\tts\tid.orig_h\tid.resp_h\n%d.1\t10.0.0.5\t%s\n", time.Now().Add(-time.Hour).Unix(), address(4)))
	sighted(4, "north")
	logger := exec.CommandContext(t.Context(), programOf(t, "logger"), "--udp", "-n", "127.0.0.1", "-P", port, "blocked "+address(5))
	if out, err := logger.CombinedOutput(); err != nil {
		t.Fatalf("%v %s", err, out)
	}
	sighted(5, "south")
	pushed := ago(2*time.Hour) + " host app: " + address(6) + "\n"
	if status, body := curl(t, "-H", "Authorization: Bearer "+pushToken, "-H", "Content-Type: text/plain", "--data-binary", pushed, s.address+"api/push/door"); status != "202" || !strings.Contains(body, fmt.Sprintf(`"bytes_hunted":%d`, len(pushed))) {
		t.Errorf("pushed: %s %s", status, body)
	}
	sighted(6, "gate")
	for _, event := range []string{`"eventid":"cowrie.session.connect","dst_port":22,"protocol":"ssh"`, `"eventid":"cowrie.login.failed","username":"root"`, `"eventid":"cowrie.session.closed","duration":"2.0"`} {
		appended(t, filepath.Join(dir, "cowrie.json"), fmt.Sprintf(`{%s,"session":"1786199c6f01","src_ip":"45.135.99.7","timestamp":"%s"}`+"\n", event, ago(time.Minute)))
	}
	until(t, 90*time.Second, func() bool { return strings.Contains(s.page("/indicator/ipv4/45.135.99.7"), "Brute Force") })
	until(t, 90*time.Second, func() bool {
		return !strings.Contains(printed(t, exitDone, "--db", db, "--sources-file", sources, "sources"), "failing") // for want of files
	})
	s.kill()
	var found struct {
		Last   string `json:"last_seen"`
		Actors []string
	}
	if err := json.Unmarshal([]byte(printed(t, exitDone, "--db", db, "--json", "lookup", address(6))), &found); err != nil || found.Last != pushed[:len(found.Last)] || len(found.Actors) != 1 {
		t.Errorf("looked up: %+v, %v; pushed was %s", found, err, pushed)
	}
	if out := lookedUp(t, db, "10.0.0.5"); strings.Contains(out, `"known":true`) {
		t.Errorf("an address of a line became an indicator: %s", out)
	}
}

// many is documents of n indicators of one actor, of yesterday.
func many(n int) []byte {
	var b bytes.Buffer
	for i := range n {
		fmt.Fprintf(&b, `{"genre":"report","author":"lab","title":"Note %d","published":"%s","claims":[{"subject":"ipv4:%s","relation":"indicates","object":"actor:cold-lynx"}]}`+"\n",
			i, ago(24*time.Hour), address(i))
	}
	return b.Bytes()
}

// address is the n-th of the indicators.
func address(n int) string { return fmt.Sprintf("45.134.%d.%d", n/200, n%200+1) }

// ago is a time in the past.
func ago(d time.Duration) string { return time.Now().Add(-d).UTC().Format(time.RFC3339) }

// manyStore is a store of n indicators.
func manyStore(t *testing.T, n int) string {
	t.Helper()
	db := newStore(t)
	printed(t, exitDone, "--db", db, "import", file(t, "many.jsonl", many(n)))
	return db
}

// sightingsIn is how many documents a site has.
func sightingsIn(t *testing.T, db, site string) int {
	t.Helper()
	return documentsOf(t, db, "hunt:"+site)
}

// documentsOf is how many documents a source has.
func documentsOf(t *testing.T, db, source string) (n int) {
	t.Helper()
	for line := range strings.Lines(printed(t, exitDone, "--db", db, "--json", "sources", "list")) {
		var s struct {
			Name      string
			Documents int
		}
		if err := json.Unmarshal([]byte(line), &s); err != nil {
			t.Fatal(err)
		}
		if s.Name == source {
			n = s.Documents
		}
	}
	return n
}

// TestKilledBetweenLinesEachIsSeenOnce has a log grow, be rotated and packed while what
// reads it is killed again and again.
func TestKilledBetweenLinesEachIsSeenOnce(t *testing.T) {
	t.Parallel()
	const lines = 300
	db, dir, random := manyStore(t, lines), t.TempDir(), rand.New(rand.NewPCG(5, 6))
	log, began := filepath.Join(dir, "access.log"), ago(time.Hour)
	sources := file(t, "sources.toml", fmt.Appendf(nil, "[proxy]\nconnector = 'logs'\npath = '%s*'\nsite = 'east'\nlive = true\n", log))
	s := beginning(t, db, sources)
	for i := range lines {
		appended(t, log, fmt.Sprintf("%s %s GET /\n", began, address(i)))
		time.Sleep(time.Duration(random.IntN(20)) * time.Millisecond)
		if i%50 == 30 {
			s.kill()
			s = beginning(t, db, sources)
		}
		if i%100 == 60 {
			if err := os.Rename(log, fmt.Sprintf("%s.%d", log, i)); err != nil {
				t.Fatal(err)
			}
			if out, err := exec.CommandContext(t.Context(), programOf(t, "gzip"), fmt.Sprintf("%s.%d", log, i)).CombinedOutput(); err != nil {
				t.Fatalf("%v %s", err, out)
			}
		}
	}
	until(t, 90*time.Second, func() bool { return sightingsIn(t, db, "east") >= lines })
	s.kill()
	if n := sightingsIn(t, db, "east"); n != lines {
		t.Errorf("%d sightings of %d lines", n, lines)
	}
}

func TestWhatIsPushedIsKeptBeforeItIsAnswered(t *testing.T) {
	t.Parallel()
	db := manyStore(t, 1)
	sources := file(t, "sources.toml", []byte("[door]\nconnector = 'push'\ntoken = 'env:PORTENT_TEST_PUSH'\nsite = 'gate'\n"))
	s := beginning(t, db, sources)
	bearer, door := "Authorization: Bearer "+pushToken, s.address+"api/push/door"
	ndjson := "Content-Type: application/x-ndjson"
	doc := `{"genre":"report","author":"lab","title":"Pushed","published":"` + ago(time.Hour) + `","claims":[{"subject":"ipv4:45.134.77.7","relation":"indicates","object":"actor:cold-lynx"}]}` + "\n"
	large := file(t, "large", bytes.Repeat([]byte("x"), 17<<20))
	for _, test := range []struct {
		status, body string
		args         []string
	}{
		{"401", "token", []string{"-H", ndjson, "--data-binary", doc, door}},
		{"401", "token", []string{"-H", "Authorization: Bearer wrong", "-H", ndjson, "--data-binary", doc, door}},
		{"401", "token", []string{"-H", bearer, "-H", ndjson, "--data-binary", doc, s.address + "api/push/other"}},
		{"400", "Content-Type", []string{"-H", bearer, "-H", "Content-Type: text/html", "--data-binary", doc, door}},
		{"400", "nothing of it", []string{"-H", bearer, "-H", ndjson, "--data-binary", "{}", door}},
		{"413", "in parts", []string{"-H", bearer, "-H", "Content-Type: text/plain", "-H", "Expect:", "--data-binary", "@" + large, door}},
		{"202", `"documents":1`, []string{"-H", bearer, "-H", ndjson, "--data-binary", doc + "nonsense\n", door}},
	} {
		if status, body := curl(t, test.args...); status != test.status || !strings.Contains(body, test.body) {
			t.Errorf("%v: %s %s, want %s %s", test.args[:2], status, body, test.status, test.body)
		}
	}
	until(t, 90*time.Second, func() bool { return strings.Contains(s.page("/indicator/ipv4/45.134.77.7"), "cold-lynx") })
	if status, body := curl(t, "-H", bearer, "-H", ndjson, "--data-binary", strings.ReplaceAll(doc, "77", "78"), door); status != "202" {
		t.Errorf("pushed: %s %s", status, body)
	}
	s.kill()
	if n := documentsOf(t, db, "door"); n != 2 {
		t.Errorf("%d documents are kept", n)
	}
}

func TestWhatIsHuntedForFollowsTheStore(t *testing.T) {
	t.Parallel()
	db := manyStore(t, 1)
	log := filepath.Join(t.TempDir(), "access.log")
	sources := file(t, "sources.toml", fmt.Appendf(nil, "[proxy]\nconnector = 'logs'\npath = '%s'\nsite = 'east'\nlive = true\n", log))
	line := ago(time.Hour) + " " + address(0) + " " + address(1) + "\n"
	appended(t, log, line)
	s := beginning(t, db, sources)
	until(t, 90*time.Second, func() bool { return sightingsIn(t, db, "east") == 1 })
	printed(t, exitDone, "--db", db, "import", file(t, "many.jsonl", many(2)))
	until(t, 90*time.Second, func() bool {
		appended(t, log, line)
		return sightingsIn(t, db, "east") == 2
	})
	s.kill()
}

func TestSettingsOfHuntsAreOfTelemetryAlone(t *testing.T) {
	for entry, want := range map[string]string{
		"connector = 'rss'\nurl = 'https://blog.example/feed'\nsite = 'east'": "of sources whose lines are hunted",
		"connector = 'logs'\npath = '/var/log/a.log'\nsite = 'a b'":           "site:",
		"connector = 'logs'\npath = '/var/log/a.log'\nmin-probability = 2":    "min-probability",
		"connector = 'logs'\npath = '../[a'":                                  "path:",
		"connector = 'logs'":                                                  "path is missing",
		"connector = 'logs'\npath = '/var/log/a.log'\nrate = 5":               "rate is of sources whose documents are kept",
		"connector = 'rss'\nurl = 'https://blog.example/feed'\nrate = 0":      "rate: 0",
	} {
		var out, errs bytes.Buffer
		code := run(t.Context(), []string{"--sources-file", file(t, "sources.toml", []byte("[a]\n"+entry+"\n")), "--db", newStore(t), "sources", "list"}, strings.NewReader(""), &out, &errs)
		if code != exitUsage || !strings.Contains(errs.String(), want) {
			t.Errorf("%q: exit %d, said %q, want %q", entry, code, errs.String(), want)
		}
	}
}

func TestSourcesThatGoOnAreVisitedOnce(t *testing.T) {
	db := manyStore(t, 3)
	log := file(t, "access.log", []byte(ago(time.Hour)+" "+address(1)+"\n"))
	sources := file(t, "sources.toml", fmt.Appendf(nil, "[a]\nconnector = 'logs'\npath = '%s'\nsite = 'east'\nlive = true\n[b]\nconnector = 'syslog'\nudp = '127.0.0.1:0'\n[c]\nconnector = 'push'\ntoken = 'file:%s'\n", log, file(t, "token", []byte(pushToken))))
	for range 2 {
		var out, errs bytes.Buffer
		if code := run(t.Context(), []string{"--db", db, "--sources-file", sources, "sources", "run", "--for", "1s"}, strings.NewReader(""), &out, &errs); code != exitDone {
			t.Errorf("exit %d: %s", code, errs.String())
		}
		if n := sightingsIn(t, db, "east"); n != 1 {
			t.Errorf("%d sightings", n)
		}
	}
	var out, errs bytes.Buffer
	if code := run(t.Context(), []string{"--db", db, "import", "--as", "logs", log}, strings.NewReader(""), &out, &errs); code != exitUsage || !strings.Contains(errs.String(), "portent hunt") {
		t.Errorf("imported: exit %d: %s", code, errs.String())
	}
}

// TestWhoPushesWhileTooMuchWaitsIsAskedToComeBack fills the seats, and then what may wait.
func TestWhoPushesWhileTooMuchWaitsIsAskedToComeBack(t *testing.T) {
	var out bytes.Buffer
	a := newApp(&cli{DB: newStore(t), Quiet: true}, nil, &out, &out)
	defer a.close()
	d := newDoors(a)
	full := error(nil)
	d.open("door", receiving{}, func(ctx context.Context, _ []intel.Document) error { return full }, nil, nil)
	srv := httptest.NewServer(d.before(http.NotFoundHandler()))
	defer srv.Close()
	for _, test := range []struct {
		status     int
		after      string
		seats      int
		full       error
		wantToKeep string
	}{
		{http.StatusAccepted, "", 0, nil, "kept"},
		{http.StatusTooManyRequests, "30", 0, fmt.Errorf("keep: %w", context.DeadlineExceeded), "full"},
		{http.StatusServiceUnavailable, "30", 0, errors.New("disk full"), "broken"},
		{http.StatusTooManyRequests, "1", atDoor, nil, "no seat"},
	} {
		full = test.full
		for range test.seats {
			d.turn <- struct{}{}
		}
		resp, err := http.Post(srv.URL+"/api/push/door", "application/x-ndjson", strings.NewReader("{}"))
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
		if resp.StatusCode != test.status || resp.Header.Get("Retry-After") != test.after {
			t.Errorf("%s: %d, Retry-After %q", test.wantToKeep, resp.StatusCode, resp.Header.Get("Retry-After"))
		}
	}
	if strings.Contains(out.String(), "{}") {
		t.Errorf("a body is in the log: %s", out.String())
	}
}

// receiving takes any request for a document.
type receiving struct{ collect.Receiver }

// Receive implements collect.Receiver.
func (receiving) Receive(*http.Request, func(string, error)) (collect.Received, error) {
	return collect.Received{Documents: []intel.Document{{}}}, nil
}

// BenchmarkTelemetry tells how many lines a second of a log are read, hunted for 100,000
// indicators and accounted for, one of 1,000 of them a match.
func BenchmarkTelemetry(b *testing.B) {
	const indicators, lines = 100_000, 2_000_000
	dir := b.TempDir()
	db := "sqlite:" + filepath.Join(dir, "portent.db")
	must := func(args ...string) {
		b.Helper()
		var out, errs bytes.Buffer
		if code := run(b.Context(), append([]string{"--db", db, "--quiet"}, args...), strings.NewReader(""), &out, &errs); code != exitDone {
			b.Fatalf("%v: exit %d: %s", args, code, errs.String())
		}
	}
	var csv strings.Builder
	csv.WriteString("{\"genre\":\"list\",\"author\":\"lab\",\"published\":\"" + ago(24*time.Hour) + "\",\"claims\":[")
	for i := range indicators {
		if i%5000 == 0 && i > 0 {
			csv.WriteString("]}\n{\"genre\":\"list\",\"author\":\"lab\",\"published\":\"" + ago(24*time.Hour) + "\",\"claims\":[")
		} else if i > 0 {
			csv.WriteString(",")
		}
		fmt.Fprintf(&csv, `{"subject":"ipv4:%d.%d.%d.7","relation":"indicates","object":"actor:cold-lynx"}`, 40+i/50_000, i/250%200, i%250)
	}
	csv.WriteString("]}\n")
	list, log := filepath.Join(dir, "list.jsonl"), filepath.Join(dir, "access.log")
	if err := os.WriteFile(list, []byte(csv.String()), 0o600); err != nil {
		b.Fatal(err)
	}
	must("import", list)
	f, err := os.Create(log)
	if err != nil {
		b.Fatal(err)
	}
	w := bufio.NewWriterSize(f, 1<<20)
	at := time.Now().Add(-time.Hour).UTC()
	for i := range lines {
		from := fmt.Sprintf("198.51.%d.%d", i/250%250, i%250)
		if i%1000 == 999 {
			from = fmt.Sprintf("%d.%d.%d.7", 40+i%2, i/1000%200, i/7%250)
		}
		fmt.Fprintf(w, "%s - - [%s] \"GET /shop/item/%d.html HTTP/1.1\" 200 %d \"https://www.example.com/\" \"Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0\"\n",
			from, at.Format("02/Jan/2006:15:04:05 -0700"), i, i%100_000)
	}
	if err := errors.Join(w.Flush(), f.Close()); err != nil {
		b.Fatal(err)
	}
	sources := filepath.Join(dir, "sources.toml")
	if err := os.WriteFile(sources, fmt.Appendf(nil, "[proxy]\nconnector = 'logs'\npath = '%s'\nsite = 'east'\n", log), 0o600); err != nil {
		b.Fatal(err)
	}
	a := newApp(&cli{DB: db, Quiet: true, SourcesFile: sources}, nil, io.Discard, io.Discard)
	defer a.close()
	p, err := a.pipeline(b.Context())
	if err != nil {
		b.Fatal(err)
	}
	all, err := a.watched()
	if err != nil {
		b.Fatal(err)
	}
	reading := a.reading(p)
	r, err := reading.runner(all[0])
	if err != nil {
		b.Fatal(err)
	}
	loading := time.Now()
	for _, q := range reading.quarries {
		set, err := q.current(b.Context())
		if err != nil {
			b.Fatal(err)
		}
		b.Logf("%d indicators loaded in %.1f s", set.Len(), time.Since(loading).Seconds())
	}
	for b.Loop() {
		if err := a.db.SaveCursor(b.Context(), "proxy", ""); err != nil {
			b.Fatal(err)
		}
		started := time.Now()
		if err := r.Once(b.Context()); err != nil {
			b.Fatal(err)
		}
		b.ReportMetric(lines/time.Since(started).Seconds(), "lines/s")
	}
}
