package characteristics

import "math"

const (
	// commonest is the share of rows from which on a word says nothing of what a row is about.
	commonest  = 0.1
	toldShrink = 30  // of how alike rows speak: one rare word is little
	toldPrior  = 0.3 // of what all rows have, beside those that speak alike
)

// spoken is which rows speak of which words.
type spoken struct {
	rows    [][]int32 // of each word, those that do
	telling []float64 // of each word, the square of how rare it is
	loud    []float64 // of each row, the sum of these
}

// speak finds which rows of a matrix speak of which words.
func speak(m *Matrix) spoken {
	s := spoken{loud: make([]float64, len(m.Rows))}
	for k, words := range m.Words {
		for _, w := range words {
			for int(w) >= len(s.rows) {
				s.rows = append(s.rows, nil)
			}
			s.rows[w] = append(s.rows[w], int32(k)) //nolint:gosec // far fewer rows than that
		}
	}
	s.telling = make([]float64, len(s.rows))
	for w, rows := range s.rows {
		if n := float64(len(rows)); n > max(1, commonest*float64(len(m.Rows))) {
			s.rows[w] = nil
		} else if n > 0 {
			rare := math.Log(float64(len(m.Rows)) / n)
			s.telling[w] = rare * rare
		}
		for _, k := range s.rows[w] {
			s.loud[k] += s.telling[w]
		}
	}
	return s
}

// told says what rows have that speak of the same as a question's: at which rate, by how
// much more often than all rows, and how alike the likest row speaks.
func (r *Recommender) told(s *sheet, q Question) {
	rate, more := s.scores[sigTold], s.scores[sigToldMore]
	clear(rate)
	own := 0.0
	s.touched = s.touched[:0]
	for _, w := range q.Words {
		if int(w) >= len(r.spoken.rows) {
			continue
		}
		t := r.spoken.telling[w]
		own += t
		for _, o := range r.spoken.rows[w] {
			if int(o) == q.Self || t == 0 {
				continue
			}
			if s.rare[o] == 0 {
				s.touched = append(s.touched, o)
			}
			s.rare[o] += t
		}
	}
	all, most := 0.0, 0.0
	for _, o := range s.touched {
		alike := s.rare[o] / (math.Sqrt(own*r.spoken.loud[o]) + toldShrink)
		s.rare[o] = 0
		most = max(most, alike)
		alike *= alike
		all += alike
		for _, j := range r.matrix.Rows[o] {
			rate[j] += alike
		}
	}
	for j, n := range r.popularity {
		usual := n / float64(len(r.matrix.Rows))
		rate[j] = (rate[j] + toldPrior*usual) / (all + toldPrior)
		more[j] = math.Log((rate[j] + 1e-3) / (usual + 1e-3))
		rate[j] = math.Log(rate[j] + 1e-3)
	}
	fillAll(s.scores[sigToldNearest], most)
}
