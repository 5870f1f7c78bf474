package demo

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/portent-cti/portent/internal/intel"
)

// A world is the scenario while it is being invented.
type world struct {
	namer
	start, now time.Time
	templates  map[string][]template // by language/genre/occasion
	used       map[string]int        // how often a template's body was used
	sources    []Source
	actors     []*actor
	flaws      []*Flaw
	techniques []Technique
	places     []place
	trades     []trade
	resolvers  []string // usually harmless addresses
	shared     []string // usually harmless domains
	told       []told
	traps      []Trap
}

// A told is a document with what it truly says.
type told struct {
	doc    intel.Document
	rows   []Statement
	scene  *scene // nil for noise and copies
	copyOf intel.DocumentID
}

// An actor is one of the invented ones.
type actor struct {
	name      string
	canon     intel.Entity
	role      role
	cadence   string
	language  string // it speaks when it speaks itself
	aliases   []alias
	campaigns []string
	nicks     map[intel.SourceID]string
	site      intel.SourceID // its leak site, if it has one
	peer      *actor         // it shares infrastructure with
	arsenal
	reach
}

// An arsenal is what an actor attacks with.
type arsenal struct {
	malware    []string
	tools      []string
	techniques []Technique         // preferred first
	flaws      []*Flaw             // exploited from the beginning
	wanted     []*Flaw             // asked for one after the other, then exploited
	pool       map[string][]string // indicators by slot, oldest first
}

// A reach is where an actor comes from and where it goes.
type reach struct {
	sectors []trade // preferred first, as are targets
	targets []place
	origin  *place
	route   *place
}

// An alias is another name of an actor.
type alias struct {
	name     string
	by       intel.SourceID // the only vendor to use it; empty for a common one
	known    bool           // to the reference
	deniedBy intel.SourceID // the vendor that says it is somebody else
}

func newWorld(r *rand.Rand, now time.Time) *world {
	w := &world{
		namer: namer{Rand: r, words: vocabulary(), taken: map[string]bool{}},
		start: now.AddDate(0, -months, 0), now: now,
		templates: map[string][]template{}, used: map[string]int{},
		techniques: techniques(), places: places(), trades: trades(),
	}
	for _, t := range templates() {
		for _, g := range t.genres {
			key := t.language + "/" + g + "/" + t.occasion
			w.templates[key] = append(w.templates[key], t)
		}
	}
	for i := range 4 {
		w.resolvers = append(w.resolvers, pick(r, []string{"192.0.2.", "198.51.100.", "203.0.113."})+strconv.Itoa(1+i*2))
	}
	w.shared = []string{"cdn.example.com", "static.example.net", "mirror.example.org", "docs.example.com"}
	return w
}

// people invents the sources and the actors.
func (w *world) people() {
	w.addSources()
	for range 14 {
		w.flaws = append(w.flaws, w.flaw())
	}
	spoken := []string{"ru", "en", "zh", "es", "de", "fa", "ru", "en", "zh", "ru"}
	w.Shuffle(len(spoken), func(i, j int) { spoken[i], spoken[j] = spoken[j], spoken[i] })
	cadences := []string{"ramp", "quiet", "burst", "steady", "fading", "newcomer", "monthly", "quiet", "burst", "ramp"}
	w.Shuffle(len(cadences), func(i, j int) { cadences[i], cadences[j] = cadences[j], cadences[i] })
	for i, r := range roles() {
		w.actors = append(w.actors, w.actor(r, spoken[i], cadences[i]))
	}
	w.acquaint()
	w.nameAliases()
}

// addSources invents the places documents come from. Vendors of six languages,
// two social networks and so on.
func (w *world) addSources() {
	add := func(genre intel.Genre, letter intel.Reliability, language, name string) {
		id := intel.Slug(name)
		w.sources = append(w.sources, Source{intel.SourceID(id), name, genre, letter, language, id + ".example"})
	}
	for i, language := range append(languages(), "en", "en") {
		letter := intel.Reliability("ABBCBCBD"[i])
		add(intel.Report, letter, language, w.unique(w.syllables)+" "+w.word("vendor"))
	}
	one := func() string { return w.unique(func() string { return title(w.word("noun")) + w.word("suffix") }) }
	add(intel.Social, 'C', "", one())
	add(intel.Social, 'D', "", one())
	add(intel.Forum, 'D', "", one())
	add(intel.Forum, 'E', "", one())
	add(intel.Chat, 'D', "", one())
	add(intel.Chat, 'E', "", one())
	add(intel.Market, 'E', "", one())
	add(intel.Market, 'D', "", one())
	add(intel.Mail, 'B', "", w.unique(w.syllables)+" List")
	add(intel.Log, 'A', "en", w.unique(w.syllables)+" Sensor")
}

// flaw invents a vulnerability with the product it is in.
func (w *world) flaw() *Flaw {
	maker, kind := w.unique(w.syllables), w.word("product")
	page := w.word("noun")
	type shape struct{ weakness, path, argument, input string }
	s := pick(w.Rand, []shape{
		{"CWE-22", "/" + page + "/download.php", "file", "../../../../etc/passwd"},
		{"CWE-22", "/api/v1/" + page + "/export", "template", "..%2f..%2f..%2fetc%2fshadow"},
		{"CWE-78", "/cgi-bin/" + page + ".cgi", "host", ";id;uname -a"},
		{"CWE-89", "/" + page + "/report.aspx", "order_by", "1' OR '1'='1"},
		{"CWE-79", "/" + page + "/search.jsp", "q", "<svg/onload=alert(1)>"},
		{"CWE-502", "/" + page + "/invoke", "state", "rO0ABXNyABFqYXZh"},
		{"CWE-287", "/admin/" + page + "/setup.do", "step", "finish"},
		{"CWE-434", "/" + page + "/upload.jsp", "avatar", "x.jsp%00.png"},
		{"CWE-918", "/proxy/" + page, "target_url", "gopher://127.0.0.1:6379/_INFO"},
	})
	return &Flaw{
		ID: w.cve(), Title: maker + " " + kind,
		Product:  intel.NewEntity(intel.Product, intel.Slug(maker)+"/"+intel.Slug(kind)),
		Weakness: s.weakness, Path: s.path, Argument: s.argument, Input: s.input,
		Version:  fmt.Sprintf("%d.%d.%d", 1+w.IntN(12), w.IntN(20), w.IntN(10)),
		Port:     pick(w.Rand, []string{"443", "8443", "4443", "9443", "10443", "8080", "7001", "8089"}) + "/tcp",
		Function: pick(w.Rand, []string{"parse", "render", "load", "decode"}) + "_" + page,
		Library:  "lib" + page + pick(w.Rand, []string{".so", ".so.2", "core.dll", "-util.dll"}),
	}
}

// actor invents one of that role.
func (w *world) actor(r role, language, cadence string) *actor {
	a := &actor{name: w.group(), role: r, language: language, cadence: cadence, nicks: map[intel.SourceID]string{}}
	a.canon = intel.NewEntity(intel.Actor, a.name)
	for range 2 + w.IntN(2) {
		a.malware = append(a.malware, w.program("rat", "loader", "lock", "stealer", "wipe", "bot", "door", "shell"))
	}
	for range 1 + w.IntN(2) {
		a.tools = append(a.tools, w.program("scan", "dump", "tunnel", "spray", "kit"))
	}
	a.techniques = w.habits()
	a.sectors = sample(w.Rand, w.trades, 2+w.IntN(3))
	where := sample(w.Rand, w.places, 7)
	a.targets = where[:3+w.IntN(3)]
	a.origin, a.route = &where[5], &where[6]
	for range 1 + w.IntN(3) {
		a.campaigns = append(a.campaigns, w.unique(func() string {
			return title(w.word("adjective")) + " " + title(w.word("noun"))
		}))
	}
	f := sample(w.Rand, w.flaws, 5)
	a.flaws, a.wanted = f[:2], f[2:]
	for _, s := range w.sources {
		a.nicks[s.ID] = w.nick()
	}
	if r.name == "extortion" {
		a.site = intel.SourceID(intel.Slug(a.name + " blog"))
		w.sources = append(w.sources, Source{a.site, a.name + " blog", intel.LeakSite, 'E', "", string(a.site) + ".example"})
		a.nicks[a.site] = a.name
	}
	a.pool = w.infrastructure(a)
	return a
}

// habits picks two ways in and some techniques for what follows.
func (w *world) habits() []Technique {
	var entries, others []Technique
	for _, t := range w.techniques {
		if t.Tactic == "initial-access" {
			entries = append(entries, t)
		} else {
			others = append(others, t)
		}
	}
	all := slices.Concat(sample(w.Rand, entries, 2), sample(w.Rand, others, 6+w.IntN(4)))
	w.Shuffle(len(all), func(i, j int) { all[i], all[j] = all[j], all[i] })
	return all
}

// infrastructure invents the indicators an actor uses in the course of time.
func (w *world) infrastructure(a *actor) map[string][]string {
	pool := map[string][]string{}
	fill := func(slot string, n int, next func() string) {
		for range n {
			pool[slot] = append(pool[slot], next())
		}
	}
	fill("ip", 12+w.IntN(8), w.address)
	fill("six", 3, w.address6)
	fill("domain", 8+w.IntN(5), w.domain)
	fill("hash", 8, func() string { return w.digest(32) })
	fill("md", 5, func() string { return w.digest(16) })
	fill("sha", 5, func() string { return w.digest(20) })
	fill("email", 4, func() string {
		return strings.ToLower(w.syllables()) + "@" + pick(w.Rand, pool["domain"])
	})
	fill("url", 8, func() string {
		file := pick(w.Rand, []string{"in.php", "gate", "a/b.bin", "inv.zip", "load", "api/v2/beacon", "u.ps1", "stat.gif"})
		return pick(w.Rand, []string{"http", "https"}) + "://" + pick(w.Rand, pool["domain"]) + "/" + w.word("noun") + "/" + file
	})
	fill("filename", 5, func() string {
		return w.unique(func() string {
			return strings.ToLower(w.syllables()) + pick(w.Rand, []string{".exe", ".dll", ".ps1", ".bat", ".lnk", "64.dll"})
		})
	})
	fill("mutex", 2, func() string { return `Global\` + w.syllables() + strconv.Itoa(w.IntN(90000)+1000) })
	return pool
}

// acquaint makes pairs of actors that share infrastructure: the two groups of
// spies, and a broker with an extortionist.
func (w *world) acquaint() {
	for _, pair := range [][2]int{{2, 9}, {0, 1}} {
		a, b := w.actors[pair[0]], w.actors[pair[1]]
		a.peer, b.peer = b, a
		for _, slot := range []string{"ip", "domain"} {
			b.pool[slot] = slices.Concat(b.pool[slot][:len(b.pool[slot])-3], a.pool[slot][2:5])
		}
		if pair[0] == 2 {
			b.malware[len(b.malware)-1] = a.malware[0]
		}
	}
}

// nameAliases gives each actor one to three other names: some common, some used
// by one vendor only, one of them disputed.
func (w *world) nameAliases() {
	vendors := w.of(intel.Report)
	for i, a := range w.actors {
		first := i % len(vendors)
		for j := range 1 + w.IntN(3) {
			v := vendors[(first+j*3)%len(vendors)]
			al := alias{name: w.alias(v.Language), by: v.ID}
			if j == 1 {
				al = alias{name: w.alias("en"), known: true}
			}
			a.aliases = append(a.aliases, al)
		}
	}
	a := w.actors[w.IntN(len(w.actors))]
	a.aliases = append(a.aliases[:min(2, len(a.aliases))],
		alias{name: w.alias("en"), by: vendors[0].ID, deniedBy: vendors[6].ID})
}

// of returns the sources of a genre.
func (w *world) of(genre intel.Genre) []Source {
	var all []Source
	for _, s := range w.sources {
		if s.Genre == genre {
			all = append(all, s)
		}
	}
	return all
}

func (w *world) source(id intel.SourceID) Source {
	i := slices.IndexFunc(w.sources, func(s Source) bool { return s.ID == id })
	return w.sources[i]
}
