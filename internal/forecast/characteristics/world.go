package characteristics

import (
	"fmt"
	"math"
	"slices"
)

const (
	// MostItems is how many items a world has at most.
	MostItems = 2000
	// MostLearned is how many of them recommenders tell apart: memory grows with the
	// square of it.
	MostLearned = 600
	// MostRows is how many rows a world has at most.
	MostRows = 4000
	// MostSorts is how many sorts of traits items may have.
	MostSorts = 4
)

// A World is who has what since when. The first items are learned by
// recommenders; the rest, that hardly anybody had yet, are known by their
// traits alone.
type World struct {
	Items   int
	Learned int // how many of them recommenders tell apart
	Rows    []Line
	Traits  [][]Trait // of each item; nil: of none
	Born    []int32   // the day since which an item is there, 0: always; nil: all are
	Since   int32     // the day since which rows are watched, 0: always
}

// A Line is a row of a world.
type Line struct {
	Had   []Had // by item, rising
	Asked bool  // forecasts are made of it; of others it is learned alone
}

// Had says that a row has an item since a day, counted from 1970; 0 is that
// nobody knows since when.
type Had struct{ Item, Day int32 }

// A Trait is something that items share, such as the weakness that
// vulnerabilities come of: an item that nobody had yet is like those with its
// traits. Sort says of which kind it is.
type Trait struct {
	Token int32
	Sort  uint8 // below MostSorts
}

// Check reports what keeps a world from being learned from.
func (w *World) Check() error {
	if w.Items > MostItems || w.Learned > min(w.Items, MostLearned) || len(w.Rows) > MostRows {
		return fmt.Errorf("%d items, %d of them learned, %d rows; at most %d, %d and %d", w.Items, w.Learned, len(w.Rows), MostItems, MostLearned, MostRows)
	}
	if w.Traits != nil && len(w.Traits) != w.Items || w.Born != nil && len(w.Born) != w.Items {
		return fmt.Errorf("%d items, traits of %d, days of %d", w.Items, len(w.Traits), len(w.Born))
	}
	for _, traits := range w.Traits {
		if slices.ContainsFunc(traits, func(t Trait) bool { return t.Sort >= MostSorts || t.Token < 0 }) {
			return fmt.Errorf("a trait of %v: there are %d sorts", traits, MostSorts)
		}
	}
	for r, line := range w.Rows {
		for k, h := range line.Had {
			if h.Item < 0 || int(h.Item) >= w.Items || k > 0 && line.Had[k-1].Item >= h.Item {
				return fmt.Errorf("row %d: item %d is out of order", r, h.Item)
			}
		}
	}
	return nil
}

// lately is how many days back something was taken up lately.
const lately = 90

// A moment is a world as it was known before a day: what each row had.
type moment struct {
	world   *World
	day     int32
	rows    [][]int32 // of all items, rising
	learned *Recommender
	popular []float64 // rows that have each item
	recent  []float64 // rows that got it lately
	alike   []float64 // rows that have each token
	paces   [][2]float64
}

// before is the world as it was before a day, without pairs that hide says are
// hidden; undated: nothing is told of when things were taken up.
func (w *World) before(day int32, undated bool, hide func(row, place int) bool) *moment {
	m := &moment{world: w, day: day, rows: make([][]int32, len(w.Rows)), popular: make([]float64, w.Items), recent: make([]float64, w.Items),
		paces: make([][2]float64, len(w.Rows))}
	for r, line := range w.Rows {
		for k, h := range line.Had {
			if h.Day >= day || hide != nil && hide(r, k) {
				continue
			}
			m.rows[r] = append(m.rows[r], h.Item)
			m.popular[h.Item]++
			if undated || h.Day == 0 {
				continue
			}
			if h.Day >= day-lately {
				m.recent[h.Item]++
				m.paces[r][0]++
			}
			if h.Day >= day-365 {
				m.paces[r][1]++
			}
		}
	}
	m.tokens()
	return m
}

// tokens counts the rows that have each token.
func (m *moment) tokens() {
	if m.world.Traits == nil {
		return
	}
	last := map[int32]int{}
	for r, row := range m.rows {
		for _, i := range row {
			for _, t := range m.world.Traits[i] {
				for int(t.Token) >= len(m.alike) {
					m.alike = append(m.alike, 0)
				}
				if seen, ok := last[t.Token]; !ok || seen != r {
					last[t.Token] = r
					m.alike[t.Token]++
				}
			}
		}
	}
}

// learn lets recommenders learn what rows had. Where hardly anything is known
// there are none.
func (m *moment) learn(seed uint64) error {
	x := &Matrix{Items: m.world.Learned, Rows: make([][]int32, len(m.rows))}
	pairs := 0
	for r, row := range m.rows {
		n, _ := slices.BinarySearch(row, int32(m.world.Learned)) //nolint:gosec // at most MostLearned
		x.Rows[r] = row[:n]
		pairs += n
	}
	if pairs == 0 || x.Items < 2 {
		return nil
	}
	var err error
	m.learned, err = learnLean(x, seed)
	return err
}

// learnLean is Learn of what lean asks alone.
func learnLean(m *Matrix, seed uint64) (*Recommender, error) {
	if err := m.Check(); err != nil {
		return nil, err
	}
	r := &Recommender{matrix: m, columns: m.Columns(), popularity: m.Popularity()}
	r.rarity = inverseFrequency(len(m.Rows), r.popularity)
	r.rare, r.rar2 = make([]float64, len(m.Rows)), make([]float64, len(m.Rows))
	for k, row := range m.Rows {
		for _, i := range row {
			r.rare[k] += r.rarity[i]
			r.rar2[k] += r.rarity[i] * r.rarity[i]
		}
	}
	r.walk, r.pairs = walk(m, r.popularity), gram(m, one)
	var err error
	if r.ease[0], err = ease(m, one, easeLambda, easeDrop); err != nil {
		return nil, err
	}
	r.few[0] = implicit(m, r.columns, factorsFew, alphaFew, ridgeFew, roundsFew, seed)
	return r, nil
}

// lean is fill of a few signals: RP3, EASE, factors, rows near by, and the surest
// item of the row.
func (r *Recommender) lean(s *sheet, q Question) {
	r.walk.apply(q.Row, s.scores[sigWalk2])
	r.ease[0].apply(q.Row, s.scores[sigEase])
	r.few[0].scores(q.Row, s.scores[sigFew], s.work)
	for j, v := range s.scores[sigWalk2] {
		s.scores[sigWalk2][j] = v / math.Pow(max(1, r.popularity[j]), walkDiscount2)
	}
	r.kin(s, q.Row, q.Self)
	r.convictions(s, q.Row)
	for _, k := range leanSignals() {
		if k == sigConviction {
			continue
		}
		for j, v := range s.scores[k] {
			s.scores[k][j] = math.Log(max(v, 0) + 1e-3)
		}
	}
}

// leanSignals are those that lean fills.
func leanSignals() []signal {
	return []signal{sigWalk2, sigEase, sigFew, sigKin, sigKinAll, sigConviction}
}

// What is told of an item besides what recommenders say.
const (
	toldPopular = iota
	toldRecent
	toldPace
	toldYear
	toldSize
	toldAlike
	toldTraits // MostSorts of them
	toldAll    = toldTraits + MostSorts
)

// width is how many numbers are told of an item.
func width() int { return len(leanSignals()) + toldAll }

// A desk is room to work out what is told of the items of a row.
type desk struct {
	sheet *sheet
	x     []float64 // of each item, width numbers
	with  map[int32]float64
}

func (m *moment) desk() *desk {
	d := &desk{x: make([]float64, m.world.Items*width()), with: map[int32]float64{}}
	if m.learned != nil {
		d.sheet = m.learned.sheet()
	}
	return d
}

// tell works out what is told of each item for a row.
func (m *moment) tell(d *desk, row int) {
	known, n := m.rows[row], len(leanSignals())
	learned, _ := slices.BinarySearch(known, int32(m.world.Learned)) //nolint:gosec // at most MostLearned
	if m.learned != nil {
		m.learned.lean(d.sheet, Question{Row: known[:learned], Self: row})
	}
	clear(d.with)
	if m.world.Traits != nil {
		for _, i := range known {
			for _, t := range m.world.Traits[i] {
				d.with[t.Token]++
			}
		}
	}
	for j := range m.world.Items {
		x := d.x[j*width() : (j+1)*width()]
		clear(x)
		for k, sig := range leanSignals() {
			switch {
			case m.learned != nil && j < m.world.Learned:
				x[k] = d.sheet.scores[sig][j]
			case sig != sigConviction:
				x[k] = math.Log(1e-3)
			}
		}
		m.tellBesides(x[n:], d, row, j)
	}
}

// tellBesides fills in what recommenders do not say of an item.
func (m *moment) tellBesides(x []float64, d *desk, row, item int) {
	x[toldPopular], x[toldRecent] = math.Log1p(m.popular[item]), math.Log1p(m.recent[item])
	x[toldPace], x[toldYear], x[toldSize] = math.Log1p(m.paces[row][0]), math.Log1p(m.paces[row][1]), math.Log1p(float64(len(m.rows[row])))
	if m.world.Traits == nil {
		return
	}
	for _, t := range m.world.Traits[item] {
		if int(t.Token) < len(m.alike) {
			x[toldAlike] = max(x[toldAlike], math.Log1p(m.alike[t.Token]))
		}
		x[toldTraits+int(t.Sort)] = max(x[toldTraits+int(t.Sort)], math.Log1p(d.with[t.Token]))
	}
}

// there reports whether an item was there at the moment.
func (m *moment) there(item int) bool {
	return m.world.Born == nil || m.world.Born[item] < m.day
}
