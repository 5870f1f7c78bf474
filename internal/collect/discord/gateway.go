package discord

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/portent-cti/portent/internal/collect"
	"github.com/portent-cti/portent/internal/fetch"
	"github.com/portent-cti/portent/internal/intel"
)

const (
	// silence is how long the gateway may say nothing: it answers each heartbeat, every 41 s.
	silence = 2 * time.Minute
	// quickest and slowest are the pauses between heartbeats that are kept to.
	quickest, slowest = 100 * time.Millisecond, 90 * time.Second
	// betweenIdentifies is how far apart sessions may be asked for.
	betweenIdentifies = 5 * time.Second
	// intents have the gateway tell of servers, of messages in them, and what these say.
	intents = 1<<0 | 1<<9 | 1<<15
	// mostTries is how often it is tried to go on with a session that does not come up.
	mostTries = 3
	// mostWaiting is how many events wait to be read.
	mostWaiting = 64
)

// Why a connection ended that may be followed by another at once, or not.
var (
	errReconnect = errors.New("the gateway wants another connection")
	errEnded     = errors.New("the connection to the gateway ended")
	errNotHeard  = errors.New("the gateway did not answer the heartbeat")
	errInvalid   = errors.New("the gateway does not go on with the session")
	errLater     = errors.New("the gateway does not go on with the session for now")
)

// A line is a connection to the gateway.
type line struct {
	socket *fetch.Socket
	every  time.Duration // between heartbeats
	events chan event    // to be read; closed at the end
	err    error         // why it ended, once events is closed
	seq    atomic.Int64  // of the last event that was read
	heard  atomic.Bool   // whether the last heartbeat was answered
	beats  atomic.Int64  // that were answered
	stuck  atomic.Bool   // whether nothing is read, for too much waits
}

// connect goes on with the session, or begins one, and reads until the connection ends.
func (v *visit) connect(ctx context.Context) error {
	talking, hangUp := context.WithCancelCause(ctx)
	defer hangUp(nil)
	l, err := v.open(talking)
	if err != nil {
		return v.ended(err, false)
	}
	var both sync.WaitGroup
	both.Go(func() { l.listen(talking) })
	both.Go(func() {
		if err := l.beat(talking); err != nil {
			hangUp(err)
		}
	})
	err = v.follow(ctx, l)
	if cause := context.Cause(talking); errors.Is(err, errEnded) && cause != nil {
		err = fmt.Errorf("%w: %w", errEnded, cause)
	}
	hangUp(nil)
	_ = l.socket.Close() // it may be closed already
	both.Wait()
	return v.ended(err, l.beats.Load() > 0)
}

// open opens a connection and says who is there.
func (v *visit) open(ctx context.Context) (*line, error) {
	token, err := v.token()
	if err != nil {
		return nil, err
	}
	if v.name == "" {
		v.seq = 0
		if v.url, err = v.gateway(ctx); err != nil {
			return nil, err
		}
	}
	socket, err := v.client().WebSocket(ctx, fetch.Request{URL: v.url}, silence)
	if err != nil {
		return nil, told(ctx, err)
	}
	l := &line{socket: socket, events: make(chan event, mostWaiting)}
	l.heard.Store(true)
	l.seq.Store(v.seq)
	if err := v.greet(ctx, l, token); err != nil {
		_ = socket.Close() // it may be closed already
		return nil, err
	}
	return l, nil
}

// greet waits to be greeted, and answers with the session to go on with, or asks for one.
func (v *visit) greet(ctx context.Context, l *line, token string) error {
	message, err := l.socket.Read(ctx)
	if err != nil {
		return fmt.Errorf("%w: %w", errEnded, err)
	}
	var e event
	var h hello
	if collect.JSON(message, &e) != nil || e.Op != opHello || json.Unmarshal(e.Data, &h) != nil {
		return fmt.Errorf("%s: what answers is no gateway of Discord: %w", v.url, intel.ErrInvalid)
	}
	if l.every = time.Duration(h.Interval) * time.Millisecond; l.every < quickest || l.every > slowest {
		return fmt.Errorf("%s: heartbeats every %d ms: %w", v.url, h.Interval, intel.ErrInvalid)
	}
	if v.name != "" {
		return l.say(ctx, opResume, map[string]any{"token": token, "session_id": v.name, "seq": v.seq})
	}
	v.identified = v.Now()
	return l.say(ctx, opIdentify, map[string]any{"token": token, "intents": intents,
		"properties": map[string]string{"os": "linux", "browser": "portent", "device": "portent"},
		"presence":   map[string]any{"status": "invisible", "activities": []string{}, "since": nil, "afk": false}})
}

func (l *line) say(ctx context.Context, op int, data any) error {
	text, err := json.Marshal(map[string]any{"op": op, "d": data})
	if err != nil {
		return err
	}
	if err := l.socket.Write(ctx, text); err != nil {
		return fmt.Errorf("%w: %w", errEnded, err)
	}
	return nil
}

// beat sends heartbeats. That one is not answered by the time of the next ends the connection.
func (l *line) beat(ctx context.Context) error {
	timer := time.NewTimer(time.Duration(time.Now().UnixNano()) % l.every) // not all at once after a break
	defer timer.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-timer.C:
		}
		if !l.heard.Swap(false) && !l.stuck.Load() {
			return errNotHeard
		}
		if err := l.heartbeat(ctx); err != nil {
			return err
		}
		timer.Reset(l.every)
	}
}

// heartbeat tells up to which event all was read: what follows, Discord keeps for the next connection.
func (l *line) heartbeat(ctx context.Context) error {
	if seq := l.seq.Load(); seq > 0 {
		return l.say(ctx, opHeartbeat, seq)
	}
	return l.say(ctx, opHeartbeat, nil)
}

// listen hands over events until the connection ends.
func (l *line) listen(ctx context.Context) {
	defer close(l.events)
	for l.err == nil {
		message, err := l.socket.Read(ctx)
		if err != nil {
			l.err = fmt.Errorf("%w: %w", errEnded, err)
			return
		}
		l.err = l.hear(ctx, message)
	}
}

// hear takes in what the gateway says.
func (l *line) hear(ctx context.Context, message []byte) error {
	e, err := parse(message)
	if err != nil {
		return fmt.Errorf("%w: %w", errEnded, err)
	}
	switch e.Op {
	case opDispatch:
		return l.queue(ctx, e)
	case opHeartbeat:
		return l.heartbeat(ctx)
	case opHeardIt:
		l.heard.Store(true)
		l.beats.Add(1)
	case opReconnect:
		return errReconnect
	case opInvalidSession:
		if string(e.Data) == "true" {
			return errLater
		}
		return errInvalid
	}
	return nil
}

// queue has an event wait to be read. While there is no room nothing is heard.
func (l *line) queue(ctx context.Context, e event) error {
	select {
	case l.events <- e:
		return nil
	default:
	}
	l.stuck.Store(true)
	defer l.stuck.Store(false)
	select {
	case l.events <- e:
	case <-ctx.Done():
		return fmt.Errorf("%w: %w", errEnded, context.Cause(ctx))
	}
	l.heard.Store(true) // what answers the heartbeat may stand behind it
	return nil
}

// parse reads an event.
func parse(message []byte) (e event, err error) {
	if err := collect.JSON(message, &e); err != nil {
		return e, fmt.Errorf("what came is no event: %w", err)
	}
	return e, nil
}

// follow reads events to their end, one after another, and first what is missing.
func (v *visit) follow(ctx context.Context, l *line) error {
	for {
		if v.up {
			if err := v.fill(ctx); err != nil {
				return err
			}
			if len(v.missing) == 0 {
				v.place.filled()
			}
		}
		e, ok := <-l.events
		if !ok {
			return l.err
		}
		if err := v.take(ctx, e); err != nil {
			return err
		}
		v.seq, v.tries = e.Seq, 0
		l.seq.Store(e.Seq)
	}
}

// ended is how a connection ended, with what to do about it: nil where another may follow, for it
// was good until then.
func (v *visit) ended(err error, good bool) error {
	code, ok := fetch.CloseCode(err)
	if ok {
		if why := refusal(code); why != "" {
			return collect.Permanent(fmt.Errorf("the gateway refuses the bot (%d): %s", code, why))
		}
	}
	if !v.up {
		v.tries++
	}
	switch {
	case errors.Is(err, errInvalid), code == 4003, code == 4007, code == 4009, v.tries >= mostTries:
		v.name = ""
	case v.up && (errors.Is(err, errReconnect) || good && errors.Is(err, errEnded) && !errors.Is(err, errNotHeard)):
		return nil
	}
	return err
}

// refusal is why a connection was closed for good, in plain words; "" where another may follow.
func refusal(code int) string {
	switch code {
	case 4004:
		return "its token is not accepted; copy it anew from the page Bot of the application, or reset it there"
	case 4010, 4012, 4013:
		return "it does not speak as this version of Portent does; a newer one may"
	case 4011:
		return "it is in too many servers for one connection; have it leave some, or make another bot for those to read"
	case 4014:
		return "it may not read what messages say; switch on Message Content Intent at https://discord.com/developers/applications, on the page Bot of the application, below Privileged Gateway Intents"
	}
	return ""
}
