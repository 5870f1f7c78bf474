package main

import (
	"fmt"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
)

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
	say := func(subject, text string) {
		t.Helper()
		if _, err := js.Publish(t.Context(), subject, []byte(text)); err != nil {
			t.Fatal(err)
		}
	}
	const entry = "[%s]\nconnector = 'nats'\nserver = '127.0.0.1'\nport = %[2]d\nports = [%[2]d]\nallow = ['127.0.0.0/8']\nplain = true\nstream = 'BUS'\nsubject = 'bus.%[1]s'\n%[3]s\n"
	port := s.Addr().(*net.TCPAddr).Port
	sources := file(t, "sources.toml", []byte(fmt.Sprintf(entry, "logs", port, "site = 'east'")+fmt.Sprintf(entry, "notes", port, "documents = true\nreliability = 'B'")))
	db := manyStore(t, 10)
	note := func(address string) string {
		return `{"genre":"report","author":"lab","published":"` + ago(time.Hour) + `","claims":[{"subject":"ipv4:` + address + `","relation":"indicates","object":"actor:cold-lynx"}]}`
	}
	say("bus.logs", ago(time.Hour)+" "+address(1)+" GET /")
	say("bus.notes", note("45.135.7.1"))
	p := beginning(t, db, sources)
	sees := func(path, what string) {
		t.Helper()
		until(t, 30*time.Second, func() bool { return strings.Contains(p.page(path), what) })
	}
	sees("/indicator/ipv4/"+address(1), "hunt:east")
	sees("/actor/cold-lynx", "45.135.7.1")
	p.kill()
	say("bus.logs", ago(time.Hour)+" "+address(2)+" GET /")
	say("bus.notes", note("45.135.7.2"))
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
	wrong := fmt.Appendf(nil, entry, "notes", port, "documents = true\nsite = 'east'")
	if _, err := readSources(wrong); err == nil || !strings.Contains(err.Error(), "hunted") {
		t.Errorf("a site of documents: %v", err)
	}
}
