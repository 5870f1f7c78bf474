package main

import (
	"fmt"
	"net"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kgo"
)

// A bus is a server of queues called logs and notes.
type bus struct {
	settings func(queue string) string              // of a source that reads one of them
	say      func(t *testing.T, queue, text string) // has one of them take in a message
}

// rows has serve read what a bus takes in while it runs and while it is gone.
func (b bus) rows(t *testing.T) {
	entry := func(queue, more string) string { return fmt.Sprintf("[%s]\n%s\n%s\n", queue, b.settings(queue), more) }
	sources := file(t, "sources.toml", []byte(entry("logs", "site = 'east'")+entry("notes", "documents = true\nreliability = 'B'")))
	db := manyStore(t, 10)
	note := func(address string) string {
		return `{"genre":"report","author":"lab","published":"` + ago(time.Hour) + `","claims":[{"subject":"ipv4:` + address + `","relation":"indicates","object":"actor:cold-lynx"}]}`
	}
	b.say(t, "logs", ago(time.Hour)+" "+address(1)+" GET /")
	b.say(t, "notes", note("45.135.7.1"))
	p := beginning(t, db, sources)
	sees := func(path, what string) {
		t.Helper()
		until(t, 90*time.Second, func() bool { return strings.Contains(p.page(path), what) })
	}
	sees("/indicator/ipv4/"+address(1), "hunt:east")
	sees("/actor/cold-lynx", "45.135.7.1")
	p.kill()
	b.say(t, "logs", ago(time.Hour)+" "+address(2)+" GET /")
	b.say(t, "notes", note("45.135.7.2"))
	p = beginning(t, db, sources)
	sees("/indicator/ipv4/"+address(2), "hunt:east")
	sees("/actor/cold-lynx", "45.135.7.2")
	p.kill()
	if n := sightingsIn(t, db, "east"); n != 2 {
		t.Errorf("%d sightings of two lines", n)
	}
	if n := documentsOf(t, db, "notes"); n != 2 {
		t.Errorf("%d documents of two notes", n)
	}
	if _, err := readSources([]byte(entry("notes", "documents = true\nsite = 'east'"))); err == nil || !strings.Contains(err.Error(), "hunted") {
		t.Errorf("a site of documents: %v", err)
	}
}

func TestMessagesOfNATSAreRowsAndSightingsAlsoThoseOfWhileServeWasGone(t *testing.T) {
	t.Parallel()
	s, err := server.NewServer(&server.Options{Host: "127.0.0.1", Port: server.RANDOM_PORT, NoLog: true, NoSigs: true, JetStream: true, StoreDir: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	s.Start()
	defer s.WaitForShutdown()
	defer s.Shutdown()
	if !s.ReadyForConnections(10 * time.Second) {
		t.Fatal("the server does not answer")
	}
	c, err := nats.Connect(s.ClientURL())
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	js, err := jetstream.New(c)
	if err == nil {
		_, err = js.CreateStream(t.Context(), jetstream.StreamConfig{Name: "BUS", Subjects: []string{"bus.>"}})
	}
	if err != nil {
		t.Fatal(err)
	}
	bus{func(queue string) string {
		return fmt.Sprintf("connector = 'nats'\nserver = '127.0.0.1'\nport = %[2]d\nports = [%[2]d]\nallow = ['127.0.0.0/8']\nplain = true\nstream = 'BUS'\nsubject = 'bus.%[1]s'", queue, s.Addr().(*net.TCPAddr).Port)
	}, func(t *testing.T, queue, text string) {
		t.Helper()
		if _, err := js.Publish(t.Context(), "bus."+queue, []byte(text)); err != nil {
			t.Fatal(err)
		}
	}}.rows(t)
}

func TestMessagesOfKafkaAreRowsAndSightingsAlsoThoseOfWhileServeWasGone(t *testing.T) {
	t.Parallel()
	cluster, err := kfake.NewCluster(kfake.NumBrokers(2), kfake.SeedTopics(2, "logs", "notes"))
	if err != nil {
		t.Fatal(err)
	}
	defer cluster.Close()
	servers := cluster.ListenAddrs()
	c, err := kgo.NewClient(kgo.SeedBrokers(servers...))
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	var ports []string
	for _, server := range servers {
		_, port, err := net.SplitHostPort(server)
		if err != nil {
			t.Fatal(err)
		}
		ports = append(ports, port)
	}
	bus{func(queue string) string {
		return "connector = 'kafka'\nservers = [" + strconv.Quote(servers[0]) + "]\ntopics = ['" + queue + "']\nports = [" + strings.Join(ports, ",") + "]\nallow = ['127.0.0.0/8']\nplain = true"
	}, func(t *testing.T, queue, text string) {
		t.Helper()
		if err := c.ProduceSync(t.Context(), &kgo.Record{Topic: queue, Value: []byte(text)}).FirstErr(); err != nil {
			t.Fatal(err)
		}
	}}.rows(t)
}
