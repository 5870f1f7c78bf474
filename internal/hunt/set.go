package hunt

import (
	"bytes"
	"cmp"
	"hash/maphash"
	"math/bits"
	"slices"
	"strings"

	"github.com/portent-cti/portent/internal/intel"
)

// A code is a kind of indicator in one byte.
type code uint8

// codes are the kinds that rows of a set have, in order of their code.
var codes = [...]intel.Kind{
	intel.IPv4, intel.IPv6, intel.CIDR, intel.Domain, intel.Onion, intel.URL, intel.Email, intel.MD5, intel.SHA1, intel.SHA256, intel.SHA512,
	intel.JARM, intel.JA3, intel.Bitcoin, intel.Ethereum, intel.Monero, intel.Filename,
	intel.UserAgent, intel.Mutex, intel.RegistryKey, intel.Command, intel.Service, intel.ScheduledTask, intel.SSDeep,
}

// A mask is a set of codes.
type mask uint32

func maskOf(kinds ...intel.Kind) mask {
	var m mask
	for _, k := range kinds {
		m |= 1 << slices.Index(codes[:], k)
	}
	return m
}

var (
	suffixes = maskOf(intel.Domain, intel.Onion)
	wholes   = suffixes | maskOf(intel.Filename)
	words    = maskOf(intel.MD5, intel.SHA1, intel.SHA256, intel.SHA512, intel.JARM, intel.JA3, intel.Bitcoin, intel.Ethereum, intel.Monero)
	exact    = maskOf(intel.Bitcoin, intel.Monero)
	urls     = maskOf(intel.URL)
	ipv4s    = maskOf(intel.IPv4)
	ipv6s    = maskOf(intel.IPv6)
	emails   = maskOf(intel.Email)
	cidrs    = maskOf(intel.CIDR)
	// phrases are found by one of their tokens.
	phrases    = maskOf(intel.Filename, intel.UserAgent, intel.Mutex, intel.RegistryKey, intel.Command, intel.Service, intel.ScheduledTask, intel.SSDeep)
	userAgents = maskOf(intel.UserAgent)
	keys       = maskOf(intel.RegistryKey)
)

// A row is one indicator. Its texts are in the arena.
type row struct {
	key         uint32 // arena offset of what is looked for
	probability float32
	actors      uint32 // offset in actors
	length      uint16 // of the key
	token       uint16 // offset of the token in a phrase by which it is found
	code        code
	count       uint8 // of actors
	predicted   bool
	phrase      bool
	shown       uint8 // bytes before the key that are shown too, such as "http://"
	own         bool  // the key is a spelling: the name follows it in the arena, after its length
}

const (
	arenaChunk = 1 << 20
	rowChunk   = 1 << 16
)

// A Builder gathers marks for a Set. The zero value is empty. Grown in pieces,
// it is never copied: what it holds is most of what the set will.
type Builder struct {
	arena     [][]byte
	rows      [][]row
	actors    []uint32
	names     []string
	known     map[string]uint32
	fragments []Mark
	left      int
	scripts   bool // some host has a spelling beyond ASCII
}

// Add adds one mark. What no log could hold, or every log does, is counted and
// left out, as are fragments beyond the most.
func (b *Builder) Add(m Mark) {
	switch {
	case m.Entity.Kind.Class() == intel.IOA:
		if len(b.fragments) >= mostFragments || len(m.Entity.Name) > longest || m.Entity.Name == "" {
			b.left++
			return
		}
		b.fragments = append(b.fragments, m)
	case !usable(m.Entity):
		b.left++
	default:
		b.add(m, m.Entity.Name)
		if other := respelled(m.Entity); other != "" {
			b.add(m, other)
			b.scripts = true
		}
	}
}

// respelled is a domain or URL with the other spelling of its host, "" if that
// has only one.
func respelled(e intel.Entity) string {
	switch e.Kind {
	case intel.Domain:
		return otherSpelling(e.Name)
	case intel.URL:
		scheme, key := splitURL(e.Name)
		host := string(hostOf([]byte(key)))
		if other := otherSpelling(host); other != "" {
			return scheme + other + key[len(host):]
		}
	}
	return ""
}

func isASCII(s string) bool {
	return strings.IndexFunc(s, func(r rune) bool { return r >= 0x80 }) < 0
}

// add keeps one row that is looked for as key.
func (b *Builder) add(m Mark, key string) {
	r := row{probability: float32(m.Probability), predicted: m.Predicted, code: code(slices.Index(codes[:], m.Entity.Kind))}
	before := ""
	if m.Entity.Kind == intel.URL {
		before, key = splitURL(key)
		if key == "" {
			b.left++
			return
		}
	}
	if m.Entity.Kind == intel.RegistryKey {
		_, key = splitHive(key)
	}
	tail := ""
	if before+key != m.Entity.Name {
		r.own = true
		tail = string([]byte{byte(len(m.Entity.Name) >> 8), byte(len(m.Entity.Name))}) + m.Entity.Name
	}
	r.shown, r.length = uint8(min(len(before), 255)), uint16(len(key))
	r.key = b.keep(before+key+tail) + uint32(len(before))
	r.actors, r.count = uint32(len(b.actors)), uint8(min(len(m.Actors), MostActors))
	for _, a := range m.Actors[:r.count] {
		b.actors = append(b.actors, b.name(a))
	}
	if n := len(b.rows); n == 0 || len(b.rows[n-1]) == rowChunk {
		b.rows = append(b.rows, make([]row, 0, rowChunk))
	}
	last := &b.rows[len(b.rows)-1]
	*last = append(*last, r)
}

// keep puts text into the arena, in one piece.
func (b *Builder) keep(text string) uint32 {
	n := len(b.arena)
	if n == 0 || len(b.arena[n-1])+len(text) > arenaChunk {
		b.arena = append(b.arena, make([]byte, 0, arenaChunk))
		n++
	}
	chunk := &b.arena[n-1]
	at := uint32((n-1)*arenaChunk + len(*chunk))
	*chunk = append(*chunk, text...)
	return at
}

func (b *Builder) name(s string) uint32 {
	if b.known == nil {
		b.known = map[string]uint32{}
	}
	id, ok := b.known[s]
	if !ok {
		id = uint32(len(b.names))
		s = strings.Clone(s)
		b.names, b.known[s] = append(b.names, s), id
	}
	return id
}

// splitURL divides a URL into its scheme and what is looked for: neither the
// scheme nor its usual port nor a fragment nor a slash at the end tell two apart.
func splitURL(s string) (scheme, key string) {
	if i := strings.Index(s, "://"); i >= 0 && i < 32 {
		scheme, s = s[:i+3], s[i+3:]
	}
	s, _, _ = strings.Cut(s, "#")
	host := len(hostOf([]byte(s)))
	if port := usualPort([]byte(s[host:])); scheme == "http://" && port == len(":80") || scheme == "https://" && port == len(":443") {
		s = s[:host] + s[host+port:]
	}
	return scheme, strings.TrimRight(s, "/")
}

// A Set is what is looked for. It does not change and may be used by many
// scanners at once.
type Set struct {
	Builder
	seed    uint64
	table   []uint32 // open addressing; the row's number + 1
	bloom   []uint64
	shift   uint   // of a hash, to its word of bloom
	anchors bitmap // first and last bytes of tokens by which phrases are found
	ends    bitmap // what names may end with after their last dot
	halfs   bitmap // first halves of IPv4 addresses
	present mask
	ranges  ranges
	attack  *fragments
	size    int
}

// Set returns the marks gathered, ready to be looked for. The builder must not
// be used afterwards.
func (b *Builder) Set() *Set {
	s := &Set{Builder: *b, seed: maphash.Bytes(maphash.MakeSeed(), nil) | 1}
	b.known, s.known = nil, nil
	for _, c := range s.rows {
		s.size += len(c)
	}
	width := max(10, bits.Len(uint(2*s.size)))
	s.table = make([]uint32, 1<<width)
	words := max(6, width-4)
	s.bloom, s.shift = make([]uint64, 1<<words), uint(64-words)
	var anchored []uint32
	for n := range uint32(s.size) {
		if s.phrase(s.row(n)) {
			anchored = append(anchored, n)
			continue
		}
		s.insert(n)
	}
	s.anchorAll(anchored)
	s.ranges.sort()
	s.attack = newFragments(s.fragments, s.seed)
	return s
}

// Len returns how many marks the set holds, and Left how many it left out.
func (s *Set) Len() int { return s.size + len(s.fragments) }

// Left returns how many marks were left out.
func (s *Set) Left() int { return s.left }

func (s *Set) row(n uint32) *row { return &s.rows[n/rowChunk][n%rowChunk] }

// key is what is looked for of a row.
func (s *Set) key(r *row) []byte {
	at := int(r.key % arenaChunk)
	return s.arena[r.key/arenaChunk][at : at+int(r.length)]
}

func (s *Set) entity(r *row) intel.Entity {
	chunk, at := s.arena[r.key/arenaChunk], int(r.key%arenaChunk)
	end := at + int(r.length)
	text := chunk[at-int(r.shown) : end]
	if r.own {
		n := int(chunk[end])<<8 | int(chunk[end+1])
		text = chunk[end+2 : end+2+n]
	}
	return intel.Entity{Kind: codes[r.code], Name: string(text)}
}

func (s *Set) actorsOf(r *row) []string {
	out := make([]string, r.count)
	for i := range out {
		out[i] = s.names[s.actors[int(r.actors)+i]]
	}
	return out
}

// hash is that of a whole text; the scanner computes the same byte by byte,
// from the right, so that a domain's parents are found on the way.
func (s *Set) hash(text []byte) uint64 {
	h := s.seed
	for i := len(text) - 1; i >= 0; i-- {
		h = (h ^ uint64(lower[text[i]])) * prime
	}
	return h
}

const prime = 0x9E3779B97F4A7C15

// mix spreads a hash over all bits.
func mix(h uint64) uint64 {
	h ^= h >> 29
	h *= 0xBF58476D1CE4E5B9
	return h ^ h>>32
}

// In one word of the filter a row sets three bits by its key, and a URL three
// others by its host.
func keyBits(m uint64) uint64  { return 1<<(m&63) | 1<<(m>>6&63) | 1<<(m>>12&63) }
func hostBits(m uint64) uint64 { return 1<<(m>>18&63) | 1<<(m>>24&63) | 1<<(m>>30&63) }

// mostAnchored is how many phrases may be found by one token. Of more, the
// less probable are left out: a line with the token would be compared with all.
const mostAnchored = 64

// phrase reports whether a row is found by one of its tokens.
func (s *Set) phrase(r *row) bool {
	return 1<<r.code&phrases != 0 && (codes[r.code] != intel.Filename || !oneToken(s.key(r)))
}

// anchorAll inserts phrases, the most probable first: a stranger's many must
// not take the place of what is well founded.
func (s *Set) anchorAll(rows []uint32) {
	slices.SortFunc(rows, func(a, b uint32) int {
		x, y := s.row(a), s.row(b)
		return cmp.Or(cmp.Compare(y.probability, x.probability), cmp.Compare(x.code, y.code), bytes.Compare(s.key(x), s.key(y)), cmp.Compare(a, b))
	})
	anchored := map[uint64]int{}
	for _, n := range rows {
		r := s.row(n)
		token, ok := s.anchor(s.key(r), anchored)
		if !ok {
			s.left++
			continue
		}
		r.phrase, r.token = true, uint16(token)
		s.insert(n)
	}
}

func (s *Set) insert(n uint32) {
	r := s.row(n)
	key := s.key(r)
	switch {
	case 1<<r.code&cidrs != 0:
		if !s.ranges.add(string(key), n, &s.halfs) {
			s.left++
		}
		return
	case r.phrase:
		key = tokenAt(key, int(r.token))
		pair := uint16(lower[key[0]])<<8 | uint16(lower[key[len(key)-1]])
		s.anchors.set(pair)
	case 1<<r.code&urls != 0:
		host := hostOf(key)
		m := mix(s.hash(host))
		s.bloom[m>>s.shift] |= hostBits(m)
		s.gate(host)
	case 1<<r.code&(wholes|ipv4s|emails) != 0:
		s.gate(key)
	}
	s.present |= 1 << r.code
	m := mix(s.hash(key))
	s.bloom[m>>s.shift] |= keyBits(m)
	for at := m & uint64(len(s.table)-1); ; at = (at + 1) & uint64(len(s.table)-1) {
		if s.table[at] == 0 {
			s.table[at] = n + 1
			return
		}
		if old := s.row(s.table[at] - 1); !r.phrase && !old.phrase && old.code == r.code && string(s.key(old)) == string(key) {
			if old.predicted && !r.predicted { // what was seen tells more than what is guessed
				s.table[at] = n + 1
			}
			return
		}
	}
}

// gate lets tokens pass that end like a key, or that are addresses and begin
// like it.
func (s *Set) gate(key []byte) {
	if addr, ok := fourOf(key); ok {
		s.halfs.set(uint16(addr >> 16))
		return
	}
	s.ends.set(s.end(key))
}

// end tells by 16 bits what a text ends with after its last dot.
func (s *Set) end(text []byte) uint16 {
	return uint16(s.hash(text[bytes.LastIndexByte(text, '.')+1:]) >> 48)
}

// A bitmap has one bit for each number of 16 bits: it stays in the nearest
// cache.
type bitmap [1 << 16 / 64]uint64

func (b *bitmap) set(n uint16)      { b[n/64] |= 1 << (n % 64) }
func (b *bitmap) has(n uint16) bool { return b[n/64]&(1<<(n%64)) != 0 }

// anchor picks the token of a phrase by which it is found: the one that finds
// fewest others, and of those the longest.
func (s *Set) anchor(phrase []byte, anchored map[uint64]int) (at int, ok bool) {
	best, count, length := -1, mostAnchored, 0
	for i := 0; i < len(phrase); i++ {
		if class[phrase[i]] == 0 || i > 0 && class[phrase[i-1]] != 0 {
			continue
		}
		token := tokenAt(phrase, i)
		if len(token) < 2 {
			continue
		}
		n := anchored[s.hash(token)]
		if n < count || n == count && best >= 0 && len(token) > length {
			best, count, length = i, n, len(token)
		}
	}
	if best < 0 {
		return 0, false
	}
	anchored[s.hash(tokenAt(phrase, best))]++
	return best, true
}

// tokenAt returns the token of text that begins at i, without what is cut off
// its ends.
func tokenAt(text []byte, i int) []byte {
	end := i
	for end < len(text) && class[text[end]] != 0 {
		end++
	}
	from, to := trim(text, i, end)
	return text[from:to]
}

func oneToken(text []byte) bool {
	for _, c := range text {
		if class[c] == 0 {
			return false
		}
	}
	from, to := trim(text, 0, len(text))
	return from == 0 && to == len(text) && slices.Contains(text, '.')
}

// hostOf returns the host that a URL without scheme begins with.
func hostOf(key []byte) []byte {
	end := 0
	for end < len(key) && class[key[end]] != 0 {
		end++
	}
	return key[:end]
}
