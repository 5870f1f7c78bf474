package collect

import (
	"bytes"
	"fmt"
	"strings"
	"time"

	"github.com/portent-cti/portent/internal/intel"
)

// A Documented is a source of a type of telemetry that its settings make one of documents,
// which are kept and extracted as those of others are.
type Documented interface {
	Source
	// Documents reports whether what Collect yields are documents, and no lines to be hunted.
	Documents() bool
}

// A Message is what a queue has handed over.
type Message struct {
	Queue string    // it is from
	Key   []string  // tells it from every other message of its source
	Sent  time.Time // when the queue took it in
	Body  []byte
}

// Lines is a message of lines to be hunted. They were written by the end of the minute in
// which it was sent: those of a minute are hunted as one log.
func (m Message) Lines(env Env) intel.Document {
	return intel.Document{ID: intel.NewDocumentID(env.ID, m.Key...), Source: env.ID, Genre: intel.Log, Channel: m.Queue,
		Title: m.Queue, Text: string(m.Body), Published: m.Sent.UTC().Truncate(time.Minute).Add(time.Minute)}
}

// Documents are the documents of a message that holds them, one JSON object a line.
func (m Message) Documents(env Env) (docs []intel.Document, err error) {
	if reject := env.Reject; reject != nil {
		env.Reject = func(item string, reason error) {
			reject(fmt.Sprintf("message %s, %s", strings.Join(m.Key, " "), item), reason)
		}
	}
	err = Prepared{Env: env, In: bytes.NewReader(m.Body)}.Each(func(doc intel.Document) error {
		docs = append(docs, doc)
		return nil
	})
	return docs, err
}

// Of is what a message of a source holds: documents or lines to be hunted, or nothing.
func (m Message) Of(s Documented, env Env) ([]intel.Document, error) {
	switch {
	case s.Documents():
		return m.Documents(env)
	case len(m.Body) == 0:
		return nil, nil
	}
	return []intel.Document{m.Lines(env)}, nil
}

// EmitRest emits the documents of a message of which so many are done. The cursor behind each is
// that at so many, and behind the last that at none: of the next message.
func EmitRest(docs []intel.Document, done int, emit Emit, at func(done int) intel.Cursor) error {
	for i := min(done, len(docs)); i < len(docs); i++ {
		if err := emit(docs[i], at((i+1)%len(docs))); err != nil {
			return err
		}
	}
	return nil
}
