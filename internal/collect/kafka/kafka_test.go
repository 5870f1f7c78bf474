package kafka

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/portent-cti/portent/internal/collect"
	"github.com/portent-cti/portent/internal/collect/collecttest"
	"github.com/portent-cti/portent/internal/fetch"
	"github.com/portent-cti/portent/internal/intel"
)

const plainLogs = `"plain":true,"topics":["logs"]`

func doc(text string) string { return `{"genre":"report","text":"` + text + `"}` }

func TestTopicsAreReadOnFromAnyPlaceWithoutLossOrRepeat(t *testing.T) {
	c := serve(t, kfake.SeedTopics(2, "logs"), kfake.SeedTopics(1, "notes"))
	say(t, c, "logs", 0, doc("one"), doc("two")+"\n"+doc("three")+"\n\n"+doc("four"), "", "{broken\n"+doc("five"))
	say(t, c, "logs", 1, doc("a"), doc("b"), doc("c"))
	say(t, c, "notes", 0, doc("x"), doc("y"))
	src, told := opened(t, c, `"plain":true,"documents":true,"topics":["notes","logs"]`, fetch.Options{})
	docs, cursors := all(t, src, "")
	if len(docs) != 10 || len(told.rejects) != 1 || !strings.Contains(told.rejects[0], " 0 3, line 1") || len(told.notices) > 0 {
		t.Fatalf("%q, told %q", texts(docs), told)
	}
	for _, order := range [][]string{{"one", "two", "three", "four", "five"}, {"a", "b", "c"}, {"x", "y"}} {
		if got := slices.DeleteFunc(texts(docs), func(s string) bool { return !slices.Contains(order, s) }); !slices.Equal(got, order) {
			t.Errorf("out of order: %q, want %q", got, order)
		}
	}
	for i, cursor := range cursors {
		seen := map[intel.DocumentID]bool{}
		for _, doc := range docs[:i+1] {
			seen[doc.ID] = true
		}
		rest, _ := all(t, src, cursor)
		for _, doc := range rest {
			if seen[doc.ID] {
				t.Errorf("after document %d: %s comes again", i+1, doc.Text)
			}
			seen[doc.ID] = true
		}
		if len(seen) != len(docs) {
			t.Errorf("after document %d: %q", i+1, texts(rest))
		}
	}
}

func TestALineOfATopicTellsWhoseItIsAndWhen(t *testing.T) {
	c := serve(t, kfake.SeedTopics(1, "logs"))
	when := collecttest.Now.Add(-time.Hour)
	send(t, c, nil, &kgo.Record{Topic: "logs", Value: []byte("one\n"), Key: []byte("host"), Headers: []kgo.RecordHeader{{Key: "k", Value: []byte("v")}}, Timestamp: when},
		&kgo.Record{Topic: "logs", Value: []byte("tomorrow\n"), Timestamp: collecttest.Now.Add(24 * time.Hour)}, &kgo.Record{Topic: "logs", Key: []byte("deleted"), Timestamp: when})
	src, _ := opened(t, c, plainLogs, fetch.Options{})
	docs, _ := all(t, src, "")
	if len(docs) != 2 {
		t.Fatalf("%q", texts(docs))
	}
	if d := docs[0]; d.Text != "one\n" || d.Genre != intel.Log || d.Channel != "logs" || d.Source != "test" || !d.Published.Equal(when.Add(time.Minute)) || d.Published.Location() != time.UTC || d.ID == docs[1].ID {
		t.Errorf("%+v", d)
	}
	if d := docs[1]; !d.Published.Equal(collecttest.Now.Add(time.Minute)) {
		t.Errorf("of tomorrow: %v", d.Published)
	}
}

func TestMessagesAreUnpackedAndWhatNobodyCommittedIsNotRead(t *testing.T) {
	c := serve(t, kfake.SeedTopics(1, "logs"))
	var want []string
	for name, how := range map[string]kgo.CompressionCodec{"gzip": kgo.GzipCompression(), "snappy": kgo.SnappyCompression(), "lz4": kgo.Lz4Compression(), "zstd": kgo.ZstdCompression()} {
		var records []*kgo.Record
		for i := range 200 {
			want = append(want, fmt.Sprintf("%s %d %s", name, i, strings.Repeat("padding ", 100)))
			records = append(records, &kgo.Record{Topic: "logs", Value: []byte(want[len(want)-1])})
		}
		send(t, c, []kgo.Opt{kgo.ProducerBatchCompression(how)}, records...)
	}
	for i, end := range []kgo.TransactionEndTry{kgo.TryAbort, kgo.TryCommit, kgo.TryAbort} {
		talk(t, c, func(cl *kgo.Client) error {
			if err := cl.BeginTransaction(); err != nil {
				return err
			}
			if err := cl.ProduceSync(t.Context(), &kgo.Record{Topic: "logs", Value: fmt.Appendf(nil, "transaction %d", i)}).FirstErr(); err != nil {
				return err
			}
			return cl.EndTransaction(t.Context(), end)
		}, kgo.TransactionalID("t"))
	}
	want = append(want, "transaction 1", "last")
	say(t, c, "logs", 0, "last")
	src, told := opened(t, c, plainLogs, fetch.Options{})
	docs, cursors := all(t, src, "")
	if got := texts(docs); !slices.Equal(got, want) || len(told.rejects) > 0 {
		t.Fatalf("%d, want %d; the last %q; told %q", len(got), len(want), got[max(0, len(got)-3):], told)
	}
	for _, i := range []int{0, 150, 199, 501} {
		if rest, _ := all(t, src, cursors[i]); !slices.Equal(texts(rest), want[i+1:]) {
			t.Errorf("after message %d of a batch %d come, want %d", i, len(rest), len(want)-i-1)
		}
	}
}

func TestWhatATopicForgotIsToldAndACompactedOneHasGaps(t *testing.T) {
	c := serve(t, kfake.SeedTopics(1, "logs"))
	say(t, c, "logs", 0, "one")
	src, told := opened(t, c, plainLogs, fetch.Options{})
	_, cursors := all(t, src, "")
	say(t, c, "logs", 0, "two", "three", "four", "five")
	if err := c.DeleteRecords("logs", 0, 3); err != nil {
		t.Fatal(err)
	}
	docs, now := all(t, src, cursors[0])
	if !slices.Equal(texts(docs), []string{"four", "five"}) || len(told.notices) != 1 || !strings.Contains(told.notices[0], "up to 2 messages were gone") {
		t.Errorf("%q, told %q", texts(docs), told)
	}
	if docs, _ := all(t, src, ""); len(docs) != 2 || len(told.notices) != 1 {
		t.Errorf("at the first visit nothing is lost: %q, told %q", texts(docs), told)
	}
	if err := c.DeleteTopic("logs"); err != nil {
		t.Fatal(err)
	}
	if err := src.Collect(t.Context(), now[1], nil); err == nil || collect.IsPermanent(err) || !strings.Contains(err.Error(), "no topic logs") {
		t.Errorf("without the topic: %v", err)
	}
	if err := c.CreateTopic("logs", 1, nil); err != nil {
		t.Fatal(err)
	}
	say(t, c, "logs", 0, "anew")
	if docs, _ := all(t, src, now[1]); !slices.Equal(texts(docs), []string{"anew"}) || len(told.notices) != 2 || !strings.Contains(told.notices[1], "another one") {
		t.Errorf("%q, told %q", texts(docs), told)
	}
	ahead := intel.Cursor(strings.Split(string(now[1]), "/")[0] + "//0=77")
	if docs, _ := all(t, src, ahead); !slices.Equal(texts(docs), []string{"anew"}) || len(told.notices) != 3 || !strings.Contains(told.notices[2], "set back") {
		t.Errorf("%q, told %q", texts(docs), told)
	}
	compact := "compact"
	if err := c.CreateTopic("state", 1, map[string]string{"cleanup.policy": compact}); err != nil {
		t.Fatal(err)
	}
	for i, key := range []string{"a", "b", "a", "a", "c", "b"} {
		send(t, c, nil, &kgo.Record{Topic: "state", Key: []byte(key), Value: fmt.Appendf(nil, "%s%d", key, i)})
	}
	c.Compact()
	src, told = opened(t, c, `"plain":true,"topics":["state"]`, fetch.Options{})
	docs, cursors = all(t, src, "")
	if got := texts(docs); len(got) > 5 || len(got) < 3 || got[len(got)-1] != "b5" || len(told.notices)+len(told.rejects) > 0 {
		t.Errorf("compacted: %q, told %q", got, told)
	}
	for i, at := range cursors {
		if rest, _ := all(t, src, at); !slices.Equal(texts(rest), texts(docs[i+1:])) {
			t.Errorf("compacted, after %d: %q", i+1, texts(rest))
		}
	}
}

func TestNewPartitionsAreReadFromTheirBeginAndTopicsFromTheirEndIfWanted(t *testing.T) {
	for _, fresh := range []bool{false, true} {
		c := serve(t, kfake.SeedTopics(1, "logs"))
		say(t, c, "logs", 0, "before")
		src, _ := opened(t, c, fmt.Sprintf(`%s,"new":%t`, plainLogs, fresh), fetch.Options{})
		src.Once, src.every = false, 50*time.Millisecond
		var asked atomic.Int32
		c.ControlKey(kmsg.Fetch.Int16(), func(kmsg.Request) (kmsg.Response, error, bool) { c.KeepControl(); asked.Add(1); return nil, nil, false })
		got, at := make(chan string, 10), make(chan intel.Cursor, 10)
		stop, done := begun(t, src, "", func(doc intel.Document, next intel.Cursor) error { got <- doc.Text; at <- next; return nil })
		if !fresh {
			if text := <-got; text != "before" {
				t.Errorf("first %q", text)
			}
			<-at
		}
		for asked.Load() == 0 {
			time.Sleep(time.Millisecond)
		}
		grow(t, c, "logs", 2)
		say(t, c, "logs", 1, "beside")
		if text := <-got; text != "beside" {
			t.Errorf("new %t: then %q", fresh, text)
		}
		stop()
		if err := ends(t, done); !errors.Is(err, context.Canceled) {
			t.Error(err)
		}
		grow(t, c, "logs", 3)
		say(t, c, "logs", 2, "later")
		src.Once = true
		if docs, _ := all(t, src, <-at); !slices.Equal(texts(docs), []string{"later"}) {
			t.Errorf("new %t: after all %q", fresh, texts(docs))
		}
	}
}

func TestASourceGoesOnUntilItsContextEndsAndLeavesNothingRunning(t *testing.T) {
	c := serve(t, kfake.SeedTopics(3, "logs"))
	before := ofClients()
	src, _ := opened(t, c, plainLogs, fetch.Options{})
	src.Once = false
	got := make(chan string, 10)
	stop, done := begun(t, src, "", func(doc intel.Document, _ intel.Cursor) error { got <- doc.Text; return nil })
	for _, text := range []string{"one", "two"} {
		say(t, c, "logs", 2, text)
		select {
		case now := <-got:
			if now != text {
				t.Errorf("%q, want %q", now, text)
			}
		case <-time.After(5 * time.Second):
			t.Fatal("nothing came")
		}
	}
	stop()
	if err := ends(t, done); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: %v", err)
	}
	full := errors.New("full")
	_, done = begun(t, src, "", func(intel.Document, intel.Cursor) error { return full })
	if err := ends(t, done); !errors.Is(err, full) {
		t.Errorf("emit's error: %v", err)
	}
	for deadline := time.Now().Add(5 * time.Second); ofClients() > before && time.Now().Before(deadline); time.Sleep(5 * time.Millisecond) {
	}
	if n := ofClients(); n > before {
		t.Errorf("%d goroutines are left", n-before)
	}
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	if err := src.Collect(ended, "", nil); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled before: %v", err)
	}
}

func TestAServerThatSaysNothingIsLeftWhenItIsToEnd(t *testing.T) {
	l, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	src, _ := openedAt(t, []int{l.Addr().(*net.TCPAddr).Port}, plainLogs, fetch.Options{})
	stop, done := begun(t, src, "", nil)
	time.Sleep(200 * time.Millisecond)
	stop()
	if err := ends(t, done); !errors.Is(err, context.Canceled) {
		t.Errorf("%v", err)
	}
}

func TestAPartitionThatMovesIsReadOnByTheNextVisit(t *testing.T) {
	c := serve(t, kfake.SeedTopics(1, "logs"))
	say(t, c, "logs", 0, "one")
	src, _ := opened(t, c, plainLogs, fetch.Options{})
	src.Once = false
	var at intel.Cursor
	err := src.Collect(t.Context(), "", func(_ intel.Document, next intel.Cursor) error {
		at = next
		return c.MoveTopicPartition("logs", 0, 1-c.LeaderFor("logs", 0))
	})
	if err == nil || collect.IsPermanent(err) {
		t.Fatalf("as it moved: %v", err)
	}
	say(t, c, "logs", 0, "two")
	src.Once = true
	if docs, _ := all(t, src, at); !slices.Equal(texts(docs), []string{"two"}) {
		t.Errorf("%q", texts(docs))
	}
}

func TestATopicThatIsNotThereIsToldWhileOthersAreRead(t *testing.T) {
	c := serve(t, kfake.SeedTopics(1, "logs"), kfake.AllowAutoTopicCreation())
	say(t, c, "logs", 0, "one")
	src, told := opened(t, c, `"plain":true,"topics":["logs","lgos"]`, fetch.Options{})
	for range 2 {
		docs, _ := all(t, src, "")
		if !slices.Equal(texts(docs), []string{"one"}) || !strings.Contains(fmt.Sprint(told.notices), "no topic lgos") {
			t.Errorf("%q, told %q", texts(docs), told)
		}
	}
	if c.TopicInfo("lgos") != nil {
		t.Error("asking for it made it")
	}
	_, cursors := all(t, src, "")
	src.Once, src.New, src.every = false, true, 50*time.Millisecond
	got := make(chan intel.Cursor, 10)
	emit := func(_ intel.Document, next intel.Cursor) error { got <- next; return nil }
	looks := func(n int32) { // until it was asked so often what there is, and read of it
		var asked, read atomic.Int32
		c.ControlKey(kmsg.Metadata.Int16(), func(kmsg.Request) (kmsg.Response, error, bool) { c.KeepControl(); asked.Add(1); return nil, nil, false })
		c.ControlKey(kmsg.Fetch.Int16(), func(kmsg.Request) (kmsg.Response, error, bool) { c.KeepControl(); read.Add(1); return nil, nil, false })
		for asked.Load() < n || read.Load() == 0 {
			time.Sleep(time.Millisecond)
		}
	}
	stop, done := begun(t, src, cursors[0], emit)
	looks(1)
	if err := c.CreateTopic("lgos", 1, nil); err != nil {
		t.Fatal(err)
	}
	say(t, c, "lgos", 0, "two")
	at := <-got // though what is there at the first visit would be left alone
	stop()
	_ = ends(t, done)
	if told.notices[len(told.notices)-1] != "well" {
		t.Errorf("told %q", told)
	}
	if err := c.DeleteTopic("logs"); err != nil {
		t.Fatal(err)
	}
	begun(t, src, at, emit)
	say(t, c, "lgos", 0, "three")
	if at = <-got; !strings.Contains(string(at), string(cursors[0])) {
		t.Errorf("%q was forgotten in %q", cursors[0], at)
	}
}

func TestNothingIsAskedButWhatReadingTakes(t *testing.T) {
	c := serve(t, kfake.SeedTopics(2, "logs"), kfake.EnableSASL(), kfake.Superuser(scram512, "reader", password))
	var asked [100]atomic.Int32
	c.Control(func(req kmsg.Request) (kmsg.Response, error, bool) {
		c.KeepControl()
		asked[req.Key()].Add(1)
		return nil, nil, false
	})
	src, _ := opened(t, c, plainLogs+`,"user":"reader","password":"env:`+password+`"`, fetch.Options{})
	all(t, src, "")
	for key := range asked {
		reads := slices.Contains([]int{1, 2, 3, 17, 18, 36}, key)
		if n := asked[key].Load(); n > 0 != reads {
			t.Errorf("%s was asked %d times", kmsg.NameForKey(int16(key)), n)
		}
	}
}

func TestALoginIsLetInByAnyOfItsWaysAndAWrongOneStops(t *testing.T) {
	for _, way := range []string{openly, scram256, scram512} {
		t.Run(way, func(t *testing.T) {
			t.Parallel()
			c := serve(t, kfake.SeedTopics(1, "logs"), kfake.EnableSASL(), kfake.Superuser(way, "reader", password))
			login := func(secret, way string) string {
				return fmt.Sprintf(`%s,"user":"reader","password":"env:%s","mechanism":"%s"`, plainLogs, secret, way)
			}
			src, _ := opened(t, c, login(password, way), fetch.Options{})
			all(t, src, "")
			src, _ = opened(t, c, login(password+"2", way), fetch.Options{})
			if err := src.Collect(t.Context(), "", nil); err == nil || strings.Contains(err.Error(), password) || !strings.Contains(err.Error(), "login") {
				t.Errorf("a wrong password, and it hangs up: %v", err)
			}
			c.ControlKey(kmsg.SASLAuthenticate.Int16(), func(req kmsg.Request) (kmsg.Response, error, bool) {
				resp := req.ResponseKind().(*kmsg.SASLAuthenticateResponse) // as Kafka answers
				resp.ErrorCode, resp.ErrorMessage = kerr.SaslAuthenticationFailed.Code, kmsg.StringPtr("Authentication failed")
				return resp, nil, true
			})
			if err := src.Collect(t.Context(), "", nil); !collect.IsPermanent(err) || strings.Contains(err.Error(), password) || !strings.Contains(err.Error(), "login") {
				t.Errorf("a wrong password: %v", err)
			}
			src, _ = opened(t, c, plainLogs, fetch.Options{})
			if err := src.Collect(t.Context(), "", nil); err == nil || !strings.Contains(err.Error(), "login") {
				t.Errorf("without one: %v", err)
			}
			src, _ = opened(t, c, login(password, way), fetch.Options{})
			src.Reveal = func(collect.Secret) (string, error) { return "", errors.New("there is no such secret") }
			if err := src.Collect(t.Context(), "", nil); !collect.IsPermanent(err) || !strings.Contains(err.Error(), "no such secret") {
				t.Errorf("without its password: %v", err)
			}
		})
	}
	c := serve(t, kfake.SeedTopics(1, "logs"))
	c.ControlKey(kmsg.SASLHandshake.Int16(), func(req kmsg.Request) (kmsg.Response, error, bool) {
		resp := req.ResponseKind().(*kmsg.SASLHandshakeResponse)
		resp.ErrorCode, resp.SupportedMechanisms = kerr.UnsupportedSaslMechanism.Code, []string{openly}
		return resp, nil, true
	})
	src, _ := opened(t, c, plainLogs+`,"user":"reader","password":"env:`+password+`"`, fetch.Options{})
	if err := src.Collect(t.Context(), "", nil); !collect.IsPermanent(err) || !strings.Contains(err.Error(), "mechanism") {
		t.Errorf("another way: %v", err)
	}
}

func TestNothingSecretIsToldButToTheServerThatIsMeant(t *testing.T) {
	authority := collecttest.NewAuthority(t)
	certificate, err := tls.LoadX509KeyPair(authority.Cert, authority.Key)
	if err != nil {
		t.Fatal(err)
	}
	secure := kfake.TLS(&tls.Config{Certificates: []tls.Certificate{certificate}})
	for name, one := range map[string]struct {
		secure, plain, trusted bool
		want                   string // part of the error; "": it is read
	}{
		"TLS":                                {true, false, true, ""},
		"a certificate of anybody":           {true, false, false, "certificate"},
		"a server that wants TLS, and plain": {true, true, true, "TLS"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			o, how := fetch.Options{}, []kfake.Opt{kfake.SeedTopics(1, "logs"), kfake.EnableSASL(), kfake.Superuser(openly, "reader", password)}
			if one.trusted {
				o.Roots = authority.Roots
			}
			if one.secure {
				how = append(how, secure)
			}
			src, _ := opened(t, serve(t, how...), fmt.Sprintf(`"plain":%t,"topics":["logs"],"user":"reader","password":"env:%s","mechanism":"PLAIN"`, one.plain, password), o)
			err := src.Collect(t.Context(), "", nil)
			if one.want == "" && err != nil || one.want != "" && (err == nil || !strings.Contains(err.Error(), one.want) || strings.Contains(err.Error(), password)) {
				t.Errorf("%v, want %q", err, one.want)
			}
		})
	}
}

func TestAServerThatAClusterNamesIsReachedOnlyWhereAnyMayBe(t *testing.T) {
	elsewhere, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer elsewhere.Close()
	closed := elsewhere.Addr().(*net.TCPAddr).Port // that of no source
	for name, one := range map[string]struct {
		host, settings string
		port           int
		want           string
	}{
		"metadata of a cloud": {"169.254.169.254", "", 0, "prohibited"},
		"a private host":      {"10.0.0.1", "", 0, "prohibited"},
		"IPv6 of this host":   {"::1", "", 0, "prohibited"},
		"another port":        {"127.0.0.1", "", closed, "not allowed"},
		"no host":             {"a b/c", "", 0, "no server"},
		"none":                {"", "", 0, "no server"},
		"where others listen": {"203.0.113.7", `,"user":"reader","password":"env:` + password + `"`, 0, "use TLS"},
	} {
		t.Run(name, func(t *testing.T) {
			c := serve(t, kfake.NumBrokers(1), kfake.SeedTopics(1, "logs"), kfake.EnableSASL(), kfake.Superuser(scram512, "reader", password))
			if one.settings == "" {
				c = serve(t, kfake.NumBrokers(1), kfake.SeedTopics(1, "logs"))
			}
			src, _ := opened(t, c, plainLogs+one.settings, fetch.Options{})
			_, port, _ := address(c.ListenAddrs()[0])
			if one.port != 0 {
				port = uint16(one.port)
			}
			c.ControlKey(kmsg.Metadata.Int16(), func(req kmsg.Request) (kmsg.Response, error, bool) {
				c.KeepControl()
				return oneLed(req, one.host, port, "logs", 1), nil, true
			})
			if err := src.Collect(t.Context(), "", nil); err == nil || !strings.Contains(err.Error(), one.want) {
				t.Errorf("%v, want %q", err, one.want)
			}
		})
	}
}

// oneLed is a topic of so many partitions as a server tells of it, which another leads.
func oneLed(req kmsg.Request, host string, port uint16, topic string, partitions int) *kmsg.MetadataResponse {
	resp := req.ResponseKind().(*kmsg.MetadataResponse)
	b := kmsg.NewMetadataResponseBroker()
	b.NodeID, b.Host, b.Port = 7, host, int32(port)
	resp.Brokers = append(resp.Brokers, b)
	made := kmsg.NewMetadataResponseTopic()
	made.Topic, made.TopicID = &topic, [16]byte{1}
	for i := range partitions {
		p := kmsg.NewMetadataResponseTopicPartition()
		p.Partition, p.Leader = int32(i), 7
		made.Partitions = append(made.Partitions, p)
	}
	resp.Topics = append(resp.Topics, made, made, kmsg.NewMetadataResponseTopic())
	return resp
}

func TestWhatIsTooMuchIsToldAndNotTakenIn(t *testing.T) {
	c := serve(t, kfake.NumBrokers(1))
	if err := c.CreateTopic("logs", 1, map[string]string{"max.message.bytes": "100000000"}); err != nil {
		t.Fatal(err)
	}
	big := strings.Repeat("x", 9<<20)
	how := []kgo.Opt{kgo.ProducerBatchMaxBytes(99 << 20), kgo.BrokerMaxWriteBytes(100 << 20), kgo.ProducerBatchCompression(kgo.GzipCompression())}
	send(t, c, how, &kgo.Record{Topic: "logs", Value: []byte(big + big)})
	var bomb []*kgo.Record
	for range 9 {
		bomb = append(bomb, &kgo.Record{Topic: "logs", Value: []byte(big)})
	}
	send(t, c, how, bomb...)
	say(t, c, "logs", 0, "after all")
	src, told := opened(t, c, plainLogs, fetch.Options{})
	docs, _ := all(t, src, "")
	if got := texts(docs); len(got) == 0 || got[len(got)-1] != "after all" || len(got) > 8 || len(told.rejects) < 1 || !strings.Contains(told.rejects[0], "messages 0 to 0 of partition 0") {
		t.Errorf("%d came, told %q", len(got), told)
	}
	c.ControlKey(kmsg.Metadata.Int16(), func(req kmsg.Request) (kmsg.Response, error, bool) {
		c.KeepControl()
		return oneLed(req, "127.0.0.1", 1, "logs", mostPartitions+1), nil, true
	})
	if err := src.Collect(t.Context(), "", nil); !collect.IsPermanent(err) || !strings.Contains(err.Error(), "partitions") {
		t.Errorf("too many partitions: %v", err)
	}
}

func TestABatchThatIsTooLargeIsPassedOverAndOthersAreRead(t *testing.T) {
	c := serve(t, kfake.NumBrokers(1))
	if err := c.CreateTopic("logs", 2, map[string]string{"max.message.bytes": "100000000"}); err != nil {
		t.Fatal(err)
	}
	how := []kgo.Opt{kgo.ProducerBatchMaxBytes(99 << 20), kgo.BrokerMaxWriteBytes(100 << 20)}
	big := &kgo.Record{Topic: "logs", Value: bytes.Repeat([]byte("x"), 9<<20)}
	say(t, c, "logs", 0, "before")
	send(t, c, how, big, big) // two of a batch
	say(t, c, "logs", 0, "after")
	send(t, c, how, big, big)
	say(t, c, "logs", 1, "beside")
	src, told := opened(t, c, plainLogs, fetch.Options{})
	docs, _ := all(t, src, "")
	got := texts(docs)
	slices.Sort(got)
	if !slices.Equal(got, []string{"after", "before", "beside"}) {
		t.Errorf("%q came", got)
	}
	if len(told.rejects) != 4 || !strings.Contains(told.rejects[0], "message 1 of partition 0 of the topic logs") || !strings.Contains(told.rejects[3], "message 5") {
		t.Errorf("told %q", told.rejects)
	}
}

func TestWhatIsNoServerOfKafkaIsTold(t *testing.T) {
	for name, says := range map[string]string{
		"nothing": "", "another protocol": "220 mail.example.net ESMTP\r\n", "a page": "HTTP/1.1 200 OK\r\n\r\n", "no end": "\x00\x0f\xff\xff\x00\x00\x00\x00", "too much": "\x00\x20\x00\x00", "a wrong number": "\x00\x00\x00\x06\x00\x00\x00\x63\x00\x00",
		"an error": "\x00\x00\x00\x0a\x00\x00\x00\x00\x00\x23\x00\x00\x00\x00", "no versions": "\x00\x00\x00\x0c\x00\x00\x00\x00\x00\x00\x01\x00\x00\x00\x00\x00",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			l, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
			if err != nil {
				t.Fatal(err)
			}
			defer l.Close()
			go func() {
				for {
					c, err := l.Accept()
					if err != nil {
						return
					}
					_, _ = c.Read(make([]byte, 1000))
					_, _ = c.Write([]byte(says))
					_ = c.Close()
				}
			}()
			src, _ := openedAt(t, []int{l.Addr().(*net.TCPAddr).Port}, plainLogs, fetch.Options{})
			if err := src.Collect(t.Context(), "", nil); err == nil || collect.IsPermanent(err) || name == "too much" && !strings.Contains(err.Error(), "limit") {
				t.Errorf("%v", err)
			}
		})
	}
}

func TestSettingsThatCannotBeMeantAreRefused(t *testing.T) {
	const meant = `"servers":["a"],"topics":["b"]`
	for _, settings := range []string{
		`{}`, `{"servers":["a"]}`, `{"topics":["b"]}`, `{"servers":["kafka://a"],"topics":["b"]}`, `{"servers":["a:0"],"topics":["b"]}`, `{"servers":["a:70000"],"topics":["b"]}`, `{"servers":[""],"topics":["b"]}`,
		`{"servers":["a"],"topics":["b c"]}`, `{"servers":["a"],"topics":[".."]}`, `{"servers":["a"],"topics":["b","b"]}`, `{"servers":["a"],"topics":["` + strings.Repeat("b", 250) + `"]}`,
		`{` + meant + `,"user":"c"}`, `{` + meant + `,"password":"env:C"}`, `{` + meant + `,"mechanism":"PLAIN"}`, `{` + meant + `,"user":"c","password":"env:D","mechanism":"plain"}`, `{` + meant + `,"user":"c\u0000d","password":"env:D"}`,
		`{` + meant + `,"plain":true,"user":"c","password":"env:D"}`, `{` + meant + `,"user":"c","password":"s3cr3t"}`, `{` + meant + `,"colour":1}`,
	} {
		if _, err := open(collect.Env{}, collect.Strict([]byte(settings))); err == nil || strings.Contains(err.Error(), "s3cr3t") {
			t.Errorf("%s: %v", settings, err)
		}
	}
	src, err := open(collect.Env{}, collect.Strict([]byte(`{"servers":["a","[2001:db8::1]:9093"],"topics":["b"],"user":"c","password":"env:D"}`)))
	if err != nil {
		t.Fatal(err)
	}
	if s := src.(*source); s.Servers[0] != "a:9092" || s.Mechanism != scram512 {
		t.Errorf("%+v", s.settings)
	}
	for _, cursor := range []intel.Cursor{"here", "b/", "b/x", "b//", "b//1=x", "b//-1=3", "b//1=-3", "b//1=3,1=4", "b//1=3."} {
		if err := src.Collect(t.Context(), cursor, nil); !errors.Is(err, intel.ErrInvalid) {
			t.Errorf("the cursor %q: %v", cursor, err)
		}
	}
}
