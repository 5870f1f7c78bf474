package characteristics

import "fmt"

// Ways are the single ways to recommend, simple ones first: popularity and the
// model of TIE are what others are measured by.
func Ways() []string { return []string{"popularity", "tie_wals", "rp3", "ease", "knn", "ials"} }

// Baseline returns the scores of one way for each question, question by
// question.
func Baseline(way string, r *Recommender, questions []Question, seed uint64) ([][]float64, error) {
	var score func(s *sheet, q Question, out []float64)
	switch way {
	case "popularity":
		score = func(_ *sheet, _ Question, out []float64) { copy(out, r.popularity) }
	case "tie_wals":
		f := tie(r.matrix, r.columns, seed)
		score = func(s *sheet, q Question, out []float64) { f.scores(q.Row, out, s.work) }
	case "rp3", "ease", "knn", "ials":
		of := map[string]signal{"rp3": sigWalk2, "ease": sigEase, "knn": sigKin, "ials": sigFew}[way]
		score = func(s *sheet, q Question, out []float64) {
			r.fill(s, q)
			copy(out, s.scores[of])
		}
	default:
		return nil, fmt.Errorf("no way to recommend is called %s", way)
	}
	out := make([][]float64, len(questions))
	each(len(questions), func(from, to int) {
		s := r.sheet()
		for k := from; k < to; k++ {
			out[k] = make([]float64, r.matrix.Items)
			score(s, questions[k], out[k])
		}
	})
	return out, nil
}

// Small returns a few signals of each item for a question, for a model that is
// learned from little: popularity, RP3, the surest single item of the row, and
// rows near by. They were chosen one by one, by groups left out at the step of
// ATT&CK from 10.1 to 12.1, which no test is of; all signals together do worse
// there. Lines are width numbers each.
func Small(r *Recommender, questions []Question) (width int, out [][]float64) {
	of := []signal{sigPopularity, sigWalk2, sigConviction, sigKinAll}
	out = make([][]float64, len(questions))
	each(len(questions), func(from, to int) {
		s := r.sheet()
		for k := from; k < to; k++ {
			r.fill(s, questions[k])
			for j := range r.popularity {
				for _, sig := range of {
					out[k] = append(out[k], s.scores[sig][j])
				}
			}
		}
	})
	return len(of), out
}
