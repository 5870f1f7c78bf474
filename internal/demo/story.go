package demo

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/portent-cti/portent/internal/intel"
)

// weekly returns how busy an actor of that cadence is in each week.
func (w *world) weekly(cadence string) []float64 {
	n := int(w.now.Sub(w.start).Hours() / (24 * 7))
	weeks := make([]float64, n)
	silent := n/4 + w.IntN(n/3)
	bursts := []int{w.IntN(n), w.IntN(n), w.IntN(n)}
	for i := range weeks {
		x := float64(i) / float64(n)
		switch cadence {
		case "ramp":
			weeks[i] = 0.15 + 1.9*x
		case "fading":
			weeks[i] = 0.1 + 1.9*(1-x)
		case "newcomer":
			weeks[i] = max(0, x-0.55) * 4
		case "monthly":
			weeks[i] = 0.2
			if i%4 == 1 {
				weeks[i] = 3
			}
		case "quiet":
			weeks[i] = 1
			if i >= silent && i < silent+14 {
				weeks[i] = 0
			}
		case "burst":
			weeks[i] = 0.3
			for _, b := range bursts {
				if d := math.Abs(float64(i - b)); d < 3 {
					weeks[i] += 5 / (1 + d)
				}
			}
		default:
			weeks[i] = 1
		}
	}
	return weeks
}

// moment picks a time by the weights of the weeks, working hours more often.
func (w *world) moment(weeks []float64) time.Time {
	total := 0.0
	for _, x := range weeks {
		total += x
	}
	at, week := w.Float64()*total, 0
	for week < len(weeks)-1 && at >= weeks[week] {
		at -= weeks[week]
		week++
	}
	hour := time.Duration(6+w.IntN(9)+w.IntN(8)) * time.Hour
	t := w.start.AddDate(0, 0, week*7+w.IntN(7)).Truncate(24 * time.Hour)
	t = t.Add(hour%(24*time.Hour) + time.Duration(w.IntN(3600))*time.Second)
	switch {
	case t.Before(w.start):
		t = w.start.Add(w.ago(600))
	case t.After(w.now):
		t = w.now.Add(-w.ago(600))
	}
	return t
}

// ago is a random while of at most that many minutes.
func (w *world) ago(minutes int) time.Duration {
	return time.Duration(1+w.IntN(minutes*60)) * time.Second
}

// tell writes what is heard of every actor: what its behaviour brings, and once
// each what explains its aliases, its peer and its spokesman.
func (w *world) tell() {
	for _, a := range w.actors {
		weeks := w.weekly(a.cadence)
		var moments []time.Time
		for range 30 + w.IntN(8) {
			moments = append(moments, w.moment(weeks))
		}
		slices.SortFunc(moments, time.Time.Compare)
		plan := slices.Clone(a.role.plan)
		for i, at := range moments {
			if i%len(plan) == 0 {
				w.Shuffle(len(plan), func(i, j int) { plan[i], plan[j] = plan[j], plan[i] })
			}
			genre, occasion, _ := strings.Cut(plan[i%len(plan)], "/")
			w.document(a, intel.Genre(genre), occasion, at, "")
		}
		w.introduce(a, moments[:len(moments)/2])
		for range 2 {
			w.document(a, intel.Social, "wants", w.now.Add(-w.ago(60*24*45)), "")
		}
	}
}

// introduce writes the documents that say who is who, at some of the moments.
func (w *world) introduce(a *actor, moments []time.Time) {
	for i := range a.aliases {
		al := &a.aliases[i]
		if al.by != "" {
			w.teaching(a, al, intel.Report, "alias", al.by, pick(w.Rand, moments))
		}
		w.teaching(a, al, intel.Social, "alias", "", pick(w.Rand, moments))
		if al.deniedBy != "" {
			w.teaching(a, al, intel.Report, "denial", al.deniedBy, moments[len(moments)-1])
		}
	}
	w.document(a, intel.Report, "handle", w.about(pick(w.Rand, moments)), "")
	w.document(a, intel.Social, "rumour", w.about(pick(w.Rand, moments)), "")
	if a.peer != nil {
		w.document(a, intel.Report, "overlap", w.about(pick(w.Rand, moments)), "")
		w.document(a, intel.Report, "overlap", w.about(pick(w.Rand, moments)), "")
	}
}

// about is a time within a day before that one.
func (w *world) about(at time.Time) time.Time {
	at = at.Add(-w.ago(60 * 20))
	if at.Before(w.start) {
		return w.start.Add(w.ago(60))
	}
	return at
}

func (w *world) teaching(a *actor, al *alias, genre intel.Genre, occasion string, by intel.SourceID, at time.Time) {
	if s := w.document(a, genre, occasion, w.about(at), by, func(s *scene) { s.alias = al }); s == nil {
		panic(fmt.Sprintf("no text teaches an alias in %s", occasion))
	}
}

// document writes one about a, or by it, into a source of that genre.
func (w *world) document(a *actor, genre intel.Genre, occasion string, at time.Time, by intel.SourceID, with ...func(*scene)) *scene {
	source, t, ok := w.stage(a, genre, occasion, by)
	if !ok {
		return nil
	}
	s := w.scene(t, source, a, at)
	for _, f := range with {
		f(s)
	}
	title, text := s.text()
	s.mean(t)
	doc := intel.Document{Title: title, Text: text}
	switch t.voice {
	case "own", "site":
		doc.Author = a.nicks[source.ID]
	default:
		doc.Author = w.author(source)
	}
	w.publish(s, doc)
	return s
}

// stage picks where something is said and in which words.
func (w *world) stage(a *actor, genre intel.Genre, occasion string, by intel.SourceID) (Source, template, bool) {
	var sources []Source
	for _, s := range w.of(genre) {
		if (by == "" || s.ID == by) && (genre != intel.LeakSite || s.ID == a.site) {
			sources = append(sources, s)
		}
	}
	for range 20 {
		source := pick(w.Rand, sources)
		language := source.Language
		if language == "" {
			language = pick(w.Rand, languages())
			// Who speaks of itself speaks its own language or English.
			own := genre != intel.Social && genre != intel.Mail
			if a != nil && (own || w.IntN(3) == 0) {
				language = pick(w.Rand, []string{a.language, a.language, "en"})
			}
		}
		if from := w.templates[language+"/"+string(genre)+"/"+occasion]; len(from) > 0 {
			return source, w.fresh(from), true
		}
	}
	return Source{}, template{}, false
}

// author names a stranger where a genre has accounts, else the source itself.
func (w *world) author(source Source) string {
	switch source.Genre {
	case intel.Report:
		return source.Name
	case intel.Log:
		return ""
	case intel.Mail:
		return w.nick() + "@" + source.Host
	}
	return w.nick()
}

// publish adds what a collector would, and keeps the document.
func (w *world) publish(s *scene, doc intel.Document) {
	src := s.source
	doc.Source, doc.Genre, doc.Reliability, doc.Graded = src.ID, src.Genre, src.Reliability, true
	doc.Published = s.at
	doc.Learned, doc.Assumed = s.at.Add(w.ago(55)), true
	if doc.Learned.After(w.now) {
		doc.Learned = w.now
	}
	doc.URL = fmt.Sprintf("https://%s/%s", src.Host, w.digest(5))
	switch src.Genre {
	case intel.Report, intel.Social, intel.Mail:
		doc.Language = s.language
	case intel.Forum, intel.Chat, intel.Market, intel.LeakSite:
		doc.Channel = string(src.ID) + "/" + w.board(s)
	}
	if src.Genre == intel.Mail && w.IntN(3) == 0 {
		doc.Marking = pick(w.Rand, []intel.Marking{intel.Green, intel.Amber})
	}
	doc.ID = intel.NewDocumentID(src.ID, doc.URL)
	w.told = append(w.told, told{doc: doc, rows: s.rows, scene: s})
	for _, t := range s.traps {
		t.Document = doc.ID
		w.traps = append(w.traps, t)
	}
}

// board is the room or board a document stands in. Its name gives nothing away:
// people post wherever they like.
func (w *world) board(s *scene) string {
	switch {
	case s.source.Genre == intel.LeakSite:
		return "claims"
	case s.source.Genre == intel.Chat && s.t.voice == "own":
		return s.actor.nicks[s.source.ID]
	}
	return pick(w.Rand, []string{"talk", "trade", "lounge", "general", "misc"})
}

// chatter writes what has nothing to do with anybody: small talk, offers of
// other things, and values that look like indicators and are none.
func (w *world) chatter() {
	steady := w.weekly("steady")
	for _, genre := range []intel.Genre{intel.Social, intel.Forum, intel.Chat, intel.Market, intel.Mail, intel.Report, intel.Log} {
		for range 9 + w.IntN(3) {
			w.document(nil, genre, "noise", w.moment(steady), "")
		}
	}
	for range 12 {
		w.document(nil, intel.Report, "advisory", w.moment(steady), "")
	}
}

// relay repeats some documents elsewhere, more or less word for word.
func (w *world) relay() {
	originals := slices.Clone(w.told)
	w.Shuffle(len(originals), func(i, j int) { originals[i], originals[j] = originals[j], originals[i] })
	copies := 0
	for _, o := range originals {
		about := o.scene.t.voice == "about" && o.scene.actor != nil
		if o.doc.Genre == intel.Log || !about || o.scene.alias != nil || o.scene.at.After(w.now.Add(-8*24*time.Hour)) {
			continue
		}
		w.repeat(o)
		if copies++; copies == 36 {
			return
		}
	}
}

// repeat writes a copy of a document under another voice some hours later. A
// reader finds the same in it as in the original.
func (w *world) repeat(o told) {
	genre := intel.Social
	if o.doc.Genre == intel.Report && w.IntN(2) == 0 {
		genre = intel.Mail
	}
	source := pick(w.Rand, w.of(genre))
	s := &scene{w: w, t: o.scene.t, source: source, language: o.scene.language, cast: o.scene.cast}
	s.at = o.scene.at.Add(w.ago(60 * 70))
	from := w.source(o.doc.Source)
	text := o.doc.Text
	if o.doc.Title != "" {
		text = o.doc.Title + "\n\n" + text
	}
	doc := intel.Document{Author: w.author(source)}
	switch w.IntN(4) {
	case 0:
		doc.Text = "RT @" + o.doc.Author + ": " + text
	case 1:
		doc.Text = text + "\n\nvia " + from.Name + " " + o.doc.URL
		s.trap(intel.URL, o.doc.URL, "where it was published first")
		s.trap(intel.Domain, from.Host, "where it was published first")
		doc.References = []string{o.doc.URL}
	case 2:
		doc.Text = mended(text)
		doc.References = []string{o.doc.URL}
	default:
		doc.Text = "> " + strings.ReplaceAll(text, "\n", "\n> ") + "\n\n" + pick(w.Rand, []string{"^ fyi", "+1", "👀", "seen this?", "cc " + w.nick()})
	}
	for _, row := range o.rows {
		row.At = s.at
		s.rows = append(s.rows, row)
	}
	w.publish(s, doc)
	last := &w.told[len(w.told)-1]
	last.copyOf = o.doc.ID
}

// mended undoes the ways in which indicators are broken, as some relays do.
func mended(text string) string {
	return strings.NewReplacer("[.]", ".", "(.)", ".", "[dot]", ".", "hxxp", "http", "hXXp", "http").Replace(text)
}
